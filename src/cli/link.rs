//! `elido link`: short links over the API.

mod approvals;
mod bulk_edit;
mod comments;
mod create;
mod delete;
mod deleted;
mod duplicates;
mod fields;
mod get;
mod history;
mod list;
mod move_to;
mod printed;
mod put;
mod qr;
mod update;

use clap::{Args, Subcommand};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use url::Url;

use super::api_client::{ApiArguments, ApiClient, Call};
use super::exit::{Exit, Failure};
use super::output::{self, OutputArguments, shown};

/// Creates, reads, changes and deletes short links.
#[derive(Debug, Args)]
#[command(
    long_about = "Creates, reads, changes and deletes short links of a workspace over the API.\n\nA link is named by its \
id (lnk_…) or by its short URL. With --json every command prints what the API answered."
)]
pub struct LinkCommand {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum What {
    Create(create::CreateArguments),
    Get(get::GetArguments),
    List(list::ListArguments),
    Update(update::UpdateArguments),
    Put(Box<put::PutArguments>),
    Move(move_to::MoveArguments),
    Delete(delete::DeleteArguments),
    History(history::HistoryArguments),
    Revert(history::RevertArguments),
    Undo(history::UndoArguments),
    Deleted(deleted::DeletedArguments),
    Restore(deleted::RestoreArguments),
    Purge(deleted::PurgeArguments),
    Requests(approvals::RequestsArguments),
    Approve(approvals::ApproveArguments),
    Refuse(approvals::RefuseArguments),
    Withdraw(approvals::WithdrawArguments),
    Comment(comments::CommentCommand),
    Duplicates(duplicates::DuplicatesArguments),
    MarkPrinted(printed::MarkArguments),
    UnmarkPrinted(printed::UnmarkArguments),
    Qr(Box<qr::QrArguments>),
    BulkEdit(Box<bulk_edit::BulkEditArguments>),
}

/// What every subcommand works with.
struct Context {
    client: ApiClient,
    workspace: String,
    output: OutputArguments,
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: LinkCommand) -> Result<(), Failure> {
    let client = ApiClient::new(&command.api)?;
    let workspace = client.workspace_path(&command.api).await?;
    let context = Context { client, workspace, output: command.output };
    match command.what {
        What::Create(arguments) => create::run(&context, arguments).await,
        What::Get(arguments) => get::run(&context, arguments).await,
        What::List(arguments) => list::run(&context, arguments).await,
        What::Update(arguments) => update::run(&context, arguments).await,
        What::Put(arguments) => put::run(&context, *arguments).await,
        What::Move(arguments) => move_to::run(&context, arguments).await,
        What::Delete(arguments) => delete::run(&context, arguments).await,
        What::History(arguments) => history::list(&context, arguments).await,
        What::Revert(arguments) => history::revert(&context, arguments).await,
        What::Undo(arguments) => history::undo(&context, arguments).await,
        What::Deleted(arguments) => deleted::list(&context, arguments).await,
        What::Restore(arguments) => deleted::restore(&context, arguments).await,
        What::Purge(arguments) => deleted::purge(&context, arguments).await,
        What::Requests(arguments) => approvals::list(&context, arguments).await,
        What::Approve(arguments) => approvals::approve(&context, arguments).await,
        What::Refuse(arguments) => approvals::refuse(&context, arguments).await,
        What::Withdraw(arguments) => approvals::withdraw(&context, arguments).await,
        What::Comment(command) => comments::run(&context, command).await,
        What::Duplicates(_) => duplicates::run(&context).await,
        What::MarkPrinted(arguments) => printed::mark(&context, arguments).await,
        What::UnmarkPrinted(arguments) => printed::unmark(&context, arguments).await,
        What::Qr(arguments) => qr::run(&context, *arguments).await,
        What::BulkEdit(arguments) => bulk_edit::run(&context, *arguments).await,
    }
}

impl Context {
    /// The path of a link that is named by its id or by its short URL.
    async fn link_path(&self, name: &str) -> Result<String, Failure> {
        if name.parse::<crate::domain::id::LinkId>().is_ok() {
            return Ok(format!("{}/links/{name}", self.workspace));
        }
        let (host, slug) = host_and_slug(name)?;
        let path = format!("{}/links/lookup", self.workspace);
        let query = [("domain", host), ("slug", slug)];
        let found = self.client.call(&Call::get(&path, &query)).await?;
        match found.body.get("id").and_then(Value::as_str) {
            Some(id) => Ok(format!("{}/links/{id}", self.workspace)),
            None => Err(Failure::new(Exit::Failure, "the server answered a link without an id")),
        }
    }

    /// The path of the link that another system names so.
    fn external_id_path(&self, id: &str) -> String {
        format!("{}/links-by-external-id/{}", self.workspace, utf8_percent_encode(id, NON_ALPHANUMERIC))
    }

    /// Asks a second person for a change of the link at this path.
    async fn ask(&self, link_path: &str, body: &Value) -> Result<(), Failure> {
        let path = format!("{link_path}/change-requests");
        let response = self.client.call(&Call::post(&path, body)?).await?;
        if self.output.json {
            return output::json(&response.body);
        }
        output::line(&format!("asked for {}", shown(response.body.get("id"))))
    }

    /// Prints a link: all that people look for, or what the API answered.
    fn print(&self, link: &Value) -> Result<(), Failure> {
        if self.output.json {
            return output::json(link);
        }
        let fields: Vec<(&str, String)> =
            link.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), shown(Some(value)))).collect();
        output::record(&fields)
    }
}

/// The host and slug of a short URL, with or without its scheme.
fn host_and_slug(name: &str) -> Result<(String, String), Failure> {
    let text = if name.contains("://") { name.to_owned() } else { format!("https://{name}") };
    let url = Url::parse(&text).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let slug = url.as_ref().map_or("", |url| url.path().trim_matches('/'));
    if host.is_empty() || slug.is_empty() {
        return Err(Failure::usage(format!("{name:?} is neither a link's id (lnk_…) nor a short URL")));
    }
    // What is no UTF-8 is no slug either way.
    let slug = percent_decode_str(slug).decode_utf8_lossy().into_owned();
    Ok((host.to_owned(), slug))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_urls_name_a_host_and_a_slug() {
        for name in ["https://go.example.com/sale", "go.example.com/sale", "http://go.example.com:8080/sale?x=1"] {
            assert_eq!(host_and_slug(name), Ok(("go.example.com".to_owned(), "sale".to_owned())));
        }
        assert_eq!(host_and_slug("localhost/a/b").expect("a short URL").1, "a/b");
        for name in ["localhost/gr\u{f6}\u{df}e", "localhost/gr%C3%B6%C3%9Fe"] {
            assert_eq!(host_and_slug(name).expect("a short URL").1, "gr\u{f6}\u{df}e");
        }
        for name in ["", "sale", "https://go.example.com/", "lnk_12"] {
            assert_eq!(host_and_slug(name).expect_err("no short URL").exit, Exit::Usage);
        }
    }
}
