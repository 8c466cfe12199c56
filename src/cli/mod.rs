//! The way in from the terminal: one file a subcommand.
//!
//! Invariants: nothing here knows what the API does beyond its documented
//! answers; a command ends with one of the documented exit codes.

pub mod arguments;
pub mod exit;

mod account;
mod admin;
mod analytics;
mod api_client;
mod audit;
mod backup;
mod bench;
mod clicks;
mod completions;
mod config;
mod domain;
mod events;
mod export;
mod folder;
mod freeze;
mod health;
mod import;
mod jobs;
mod journal;
mod key;
mod link;
mod listing;
mod member;
mod migrate;
mod oauth_client;
mod openapi;
mod output;
mod pages;
mod plain_http;
mod privacy;
mod progress;
mod report;
mod restore;
mod retry_policy;
mod rows;
mod run;
mod selftest;
mod settings;
mod utm_fields;
mod utm_template;
mod workspace;
mod written_file;

use std::process::ExitCode;

use self::arguments::{Arguments, Command};
use self::exit::{Exit, Failure};

/// Does what the command line asks for.
#[must_use]
pub fn start(arguments: Arguments) -> ExitCode {
    match dispatch(arguments.into_command()) {
        Ok(code) => code,
        Err(failure) => {
            if !failure.message.is_empty() {
                failure.message.lines().for_each(|line| output::note(&format!("elido: {line}")));
            }
            failure.into()
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Run(arguments) => return run::run(arguments),
        Command::Migrate(command) => block_on(migrate::run(command)),
        Command::Config(command) => config::run(command),
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Account(command) => block_on(account::run(command)),
        Command::Admin(command) => block_on(admin::run(command)),
        Command::Health(arguments) => block_on(health::run(arguments)),
        Command::Selftest(arguments) => block_on(selftest::run(arguments)),
        Command::Link(command) => block_on(link::run(*command)),
        Command::Folder(command) => block_on(folder::run(command)),
        Command::UtmTemplate(command) => block_on(utm_template::run(command)),
        Command::Freeze(command) => block_on(freeze::run(command)),
        Command::Domain(command) => block_on(domain::run(*command)),
        Command::Workspace(command) => block_on(workspace::run(command)),
        Command::Member(command) => block_on(member::run(command)),
        Command::Key(command) => block_on(key::run(command)),
        Command::OauthClient(command) => block_on(oauth_client::run(command)),
        Command::Analytics(command) => block_on(analytics::run(command)),
        Command::Audit(command) => block_on(audit::run(*command)),
        Command::Events(command) => block_on(events::run(command)),
        Command::Jobs(command) => block_on(jobs::run(command)),
        Command::Clicks(command) => block_on(clicks::run(command)),
        Command::Report(command) => block_on(report::run(command)),
        Command::Privacy(command) => block_on(privacy::run(command)),
        Command::Journal(command) => block_on(journal::run(command)),
        Command::Backup(arguments) => block_on(backup::run(arguments)),
        Command::Restore(arguments) => block_on(restore::run(arguments)),
        Command::Import(arguments) => block_on(import::run(arguments)),
        Command::Export(arguments) => block_on(export::run(arguments)),
        Command::Bench(arguments) => block_on(bench::run(*arguments)),
    }
    .map(|()| ExitCode::SUCCESS)
}

/// Runs a command that talks to servers. One thread is enough for that.
fn block_on(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failure, error.to_string()))?
        .block_on(command)
}
