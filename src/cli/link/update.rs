//! `elido link update`.

use clap::Args;
use serde_json::{Value, json};

use super::Context;
use super::fields::LinkFields;
use crate::cli::api_client::Call;
use crate::cli::exit::Failure;
use crate::cli::output::{self, shown};

/// Changes a link. Edges follow within a second.
#[derive(Debug, Args)]
#[command(
    long_about = "Changes the given fields of a link and leaves the others as they are. Edges follow within a second.\n\n\
The edit is refused if somebody else changed the link between reading and writing it."
)]
#[command(after_long_help = "Examples:
  elido link update https://go.example.com/sale --destination-url https://example.com/summer-sale
  elido link update lnk_0190b8f20000700080000000000000aa --title Sale --clear expires_at --clear max_clicks
  elido link update go.example.com/sale --archived true
  elido link update go.example.com/sale --destination-url https://example.com/new --ask 'The page moved'")]
pub struct UpdateArguments {
    /// The link's id or its short URL.
    link: String,
    /// Where the link leads.
    #[arg(long, value_name = "URL")]
    destination_url: Option<String>,
    /// Another domain of the workspace, to which the link moves.
    #[arg(long, value_name = "HOST")]
    domain: Option<String>,
    /// Whether the link is put away, so that it answers 410.
    #[arg(long, value_name = "BOOL")]
    archived: Option<bool>,
    /// A field that shall have no value any more; may be repeated.
    #[arg(long, value_name = "FIELD")]
    clear: Vec<String>,
    /// Change where the link leads, or whether it does, although its QR code may be in print.
    #[arg(long)]
    confirm_printed: bool,
    /// Ask a second person for the change, of a link that needs that, and say why.
    #[arg(long, value_name = "NOTE", conflicts_with = "confirm_printed")]
    ask: Option<String>,
    #[command(flatten)]
    fields: LinkFields,
}

pub(super) async fn run(context: &Context, arguments: UpdateArguments) -> Result<(), Failure> {
    let mut body = arguments.fields.to_json()?;
    if let Some(url) = arguments.destination_url {
        body.insert("destination_url".to_owned(), url.into());
    }
    if let Some(domain) = arguments.domain {
        body.insert("domain".to_owned(), domain.into());
    }
    if let Some(archived) = arguments.archived {
        body.insert("archived".to_owned(), archived.into());
    }
    for field in arguments.clear {
        if body.insert(field.clone(), nothing(&field)).is_some() {
            return Err(Failure::usage(format!("{field} is given a value and cleared at once")));
        }
    }
    if body.is_empty() {
        return Err(Failure::usage("nothing to change: name at least one field"));
    }
    if arguments.confirm_printed {
        body.insert("confirm_printed".to_owned(), true.into());
    }
    let path = context.link_path(&arguments.link).await?;
    if let Some(note) = arguments.ask {
        return context.ask(&path, &json!({ "changes": body, "note": note })).await;
    }
    let current = context.client.call(&Call::get(&path, &[])).await?;
    let call = Call::patch(&path, &Value::Object(body))?.if_match(current.etag);
    let response = context.client.call(&call).await?;
    if context.output.json {
        return context.print(&response.body);
    }
    output::line(&format!("changed {}", shown(response.body.get("short_url"))))
}

/// What a field has when it has nothing.
fn nothing(field: &str) -> Value {
    match field {
        "tags" | "rules" => json!([]),
        "utm" => json!({}),
        _ => Value::Null,
    }
}
