//! `elido link bulk-edit`: one edit of all links that a filter finds.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};

use super::Context;
use crate::cli::api_client::Call;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{self, shown};
use crate::cli::utm_fields::UtmFields;
use crate::domain::time::Timestamp;

/// How often a long edit is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Changes all links that a filter finds, after showing what would change.
#[derive(Debug, Args)]
#[command(
    long_about = "Changes all links that a filter finds. Without --yes it only shows how many there are, and some of them before and \
after. With --yes, what was found at that moment is changed; links that somebody else changes meanwhile are left as they are."
)]
#[command(after_long_help = "Examples:
  elido link bulk-edit --tag spring --archive true
  elido link bulk-edit --search old.example.com --replace http://old.example.com/ --with https://new.example.com/ --yes
  elido link bulk-edit --folder none --move-to fld_0190b8f20000700080000000000000aa --add-tag filed --yes
  elido link bulk-edit --tag spring --utm-campaign summer --yes
  elido link bulk-edit --created-until 2020-01-01T00:00:00Z --delete --yes")]
pub struct BulkEditArguments {
    /// Only links on this domain.
    #[arg(long, value_name = "HOST")]
    domain: Option<String>,
    /// Only links with this tag.
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Only links in this folder, by its id; none for links in no folder.
    #[arg(long, value_name = "ID")]
    folder: Option<String>,
    /// Only links that are archived, or only those that are not.
    #[arg(long, value_name = "BOOL")]
    archived: Option<bool>,
    /// Only links whose slug, destination or title contains this text.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only links that this person made, by their id.
    #[arg(long, value_name = "USER")]
    created_by: Option<String>,
    /// Only links made at this moment or later.
    #[arg(long, value_name = "TIME")]
    created_from: Option<Timestamp>,
    /// Only links made before this moment.
    #[arg(long, value_name = "TIME")]
    created_until: Option<Timestamp>,
    /// Whether they shall be archived.
    #[arg(long, value_name = "BOOL")]
    archive: Option<bool>,
    /// A tag that they get; may be repeated.
    #[arg(long = "add-tag", value_name = "TAG")]
    add_tags: Vec<String>,
    /// A tag that is taken off them; may be repeated.
    #[arg(long = "remove-tag", value_name = "TAG")]
    remove_tags: Vec<String>,
    /// The folder that they are put into, by its id; none for no folder.
    #[arg(long, value_name = "ID")]
    move_to: Option<String>,
    /// A text within the destination that is replaced.
    #[arg(long, value_name = "TEXT", requires = "with")]
    replace: Option<String>,
    /// What comes in its place.
    #[arg(long, value_name = "TEXT", requires = "replace")]
    with: Option<String>,
    /// When they expire.
    #[arg(long, value_name = "TIME")]
    expires_at: Option<Timestamp>,
    /// Have them expire no more.
    #[arg(long, conflicts_with = "expires_at")]
    clear_expiry: bool,
    /// The status that they redirect with.
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16))]
    redirect_status: Option<u16>,
    /// Delete them, and change nothing else; the bin has them as it has others.
    #[arg(long)]
    delete: bool,
    /// Delete them, or change where they lead, although their QR codes may be in print.
    #[arg(long)]
    confirm_printed: bool,
    /// Change them, and do not only show what would change.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    utm: UtmFields,
}

pub(super) async fn run(context: &Context, arguments: BulkEditArguments) -> Result<(), Failure> {
    let path = format!("{}/links/bulk-edit", context.workspace);
    let (filter, changes) = (filter(&arguments), changes(&arguments));
    let draft = json!({ "filter": filter, "changes": changes, "dry_run": true });
    let preview = context.client.call(&Call::post(&path, &draft)?).await?.body;
    if !arguments.yes {
        return show(context, &preview);
    }
    let draft = json!({ "filter": filter, "changes": changes, "dry_run": false, "token": preview.get("token") });
    let mut edit = context.client.call(&Call::post(&path, &draft)?).await?.body;
    let report = format!("{}/bulk-edits/{}", context.workspace, shown(edit.get("id")));
    while edit.get("state").and_then(Value::as_str) == Some("running") {
        tokio::time::sleep(LOOK_EVERY).await;
        edit = context.client.call(&Call::get(&report, &[])).await?.body;
    }
    finish(context, &edit)
}

fn show(context: &Context, preview: &Value) -> Result<(), Failure> {
    if context.output.json {
        return output::json(preview);
    }
    output::line(&format!("{} links; with --yes they are changed, such as", shown(preview.get("links"))))?;
    if preview.get("refused").and_then(Value::as_u64) != Some(0) {
        let (refused, checked) = (shown(preview.get("refused")), shown(preview.get("checked")));
        output::note(&format!("of {checked} that were checked, {refused} would be left as they are"));
    }
    for item in preview.get("sample").and_then(Value::as_array).into_iter().flatten() {
        let problem = item.get("problem").and_then(Value::as_str).map(|problem| format!("left as it is: {problem}"));
        let changes = item.get("changes").and_then(Value::as_array).into_iter().flatten();
        let told: Vec<String> = changes.map(told).collect();
        let what =
            problem.unwrap_or_else(|| if told.is_empty() { "is so already".to_owned() } else { told.join(", ") });
        output::line(&format!("  {}: {what}", shown(item.get("slug"))))?;
    }
    Ok(())
}

fn told(change: &Value) -> String {
    let value = |name| shown(change.get(name));
    format!("{} {} -> {}", value("field"), value("before"), value("after"))
}

fn finish(context: &Context, edit: &Value) -> Result<(), Failure> {
    if context.output.json {
        output::json(edit)?;
    } else {
        let count = |name| shown(edit.get(name));
        let (changed, unchanged, failed) = (count("changed"), count("unchanged"), count("failed"));
        output::line(&format!("{changed} changed, {unchanged} so already, {failed} left as they are"))?;
        output::line(&format!("elido link undo --change {} undoes it", shown(edit.get("change_id"))))?;
        for failure in edit.get("failures").and_then(Value::as_array).into_iter().flatten() {
            output::note(&format!("{}: {}", shown(failure.get("link_id")), shown(failure.get("detail"))));
        }
    }
    let is_whole = edit.get("failed").and_then(Value::as_i64) == Some(0);
    if is_whole { Ok(()) } else { Err(Failure::new(Exit::Failure, "some links were left as they are")) }
}

fn filter(arguments: &BulkEditArguments) -> Map<String, Value> {
    kept([
        ("domain", arguments.domain.clone().map(Value::from)),
        ("tag", arguments.tag.clone().map(Value::from)),
        ("folder", arguments.folder.clone().map(Value::from)),
        ("archived", arguments.archived.map(Value::from)),
        ("search", arguments.search.clone().map(Value::from)),
        ("created_by", arguments.created_by.clone().map(Value::from)),
        ("created_from", arguments.created_from.map(|time| json!(time))),
        ("created_until", arguments.created_until.map(|time| json!(time))),
    ])
}

fn changes(arguments: &BulkEditArguments) -> Map<String, Value> {
    let folder = arguments.move_to.as_ref().map(|id| if id == "none" { Value::Null } else { id.clone().into() });
    let replacement = arguments.replace.as_ref().zip(arguments.with.as_ref());
    let expiry = arguments.expires_at.map(|time| json!(time)).or(arguments.clear_expiry.then_some(Value::Null));
    let list = |names: &[String]| (!names.is_empty()).then(|| json!(names));
    kept([
        ("archived", arguments.archive.map(Value::from)),
        ("add_tags", list(&arguments.add_tags)),
        ("remove_tags", list(&arguments.remove_tags)),
        ("folder_id", folder),
        ("replace_in_destination", replacement.map(|(find, with)| json!({ "find": find, "replace_with": with }))),
        ("utm", arguments.utm.to_json()),
        ("expires_at", expiry),
        ("redirect_status", arguments.redirect_status.map(Value::from)),
        ("deleted", arguments.delete.then(|| true.into())),
        ("confirm_printed", arguments.confirm_printed.then(|| true.into())),
    ])
}

fn kept<const N: usize>(fields: [(&str, Option<Value>); N]) -> Map<String, Value> {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
