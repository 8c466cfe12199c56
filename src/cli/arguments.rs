//! The command line as a whole.

use clap::{Parser, Subcommand};

use super::exit::EXIT_CODES;
use super::{
    account, admin, analytics, audit, backup, bench, clicks, completions, config, domain, events, export, folder,
    freeze, health, import, jobs, journal, key, link, member, migrate, oauth_client, openapi, privacy, report, restore,
    run, selftest, utm_template, workspace,
};

/// Short links, smart-link rules and click analytics, self-hosted in one executable.
#[derive(Debug, Parser)]
#[command(name = "elido", version, propagate_version = true, after_long_help = EXIT_CODES)]
#[command(
    long_about = "Short links, smart-link rules and click analytics, self-hosted in one executable.\n\n`elido run`, or `elido` alone, \
starts the platform; link, folder, utm-template, freeze, domain, workspace, member, key, oauth-client, analytics, report, audit, events, jobs, import and export are a client of its API; the rest helps whoever operates it."
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Run(run::RunArguments),
    Migrate(migrate::MigrateCommand),
    Config(config::ConfigCommand),
    Account(account::AccountCommand),
    Admin(admin::AdminCommand),
    Health(health::HealthArguments),
    Selftest(selftest::SelftestArguments),
    Openapi(openapi::OpenapiArguments),
    Completions(completions::CompletionsArguments),
    Link(Box<link::LinkCommand>),
    Folder(folder::FolderCommand),
    UtmTemplate(utm_template::UtmTemplateCommand),
    Freeze(freeze::FreezeCommand),
    Domain(Box<domain::DomainCommand>),
    Workspace(workspace::WorkspaceCommand),
    Member(member::MemberCommand),
    Key(key::KeyCommand),
    OauthClient(oauth_client::OAuthClientCommand),
    Analytics(analytics::AnalyticsCommand),
    Audit(Box<audit::AuditCommand>),
    Events(events::EventsCommand),
    Jobs(jobs::JobsCommand),
    Clicks(clicks::ClicksCommand),
    Report(report::ReportCommand),
    Privacy(privacy::PrivacyCommand),
    Journal(journal::JournalCommand),
    Backup(backup::BackupArguments),
    Restore(restore::RestoreArguments),
    Import(import::ImportArguments),
    Export(export::ExportArguments),
    Bench(Box<bench::BenchArguments>),
}

impl Arguments {
    /// Without a command the platform starts, as the variables that `elido run` reads say.
    pub(super) fn into_command(self) -> Command {
        match self.command {
            Some(command) => command,
            None => Self::parse_from(["elido", "run"]).into_command(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound_and_every_command_explains_itself() {
        let mut command = Arguments::command();
        command.build();
        command.clone().debug_assert();
        let mut open = vec![command];
        while let Some(command) = open.pop() {
            assert!(command.get_about().is_some(), "{} has no description", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {} has no help", command.get_name(), argument.get_id());
            }
            open.extend(command.get_subcommands().filter(|command| command.get_name() != "help").cloned());
        }
    }
}
