//! `elido link put`.

use clap::Args;
use serde_json::Value;

use super::Context;
use super::fields::LinkFields;
use crate::cli::api_client::Call;
use crate::cli::exit::Failure;
use crate::cli::output::{self, shown};

/// Makes the link with an external id what the flags say: it is made if there is none, and changed if it differs.
#[derive(Debug, Args)]
#[command(
    long_about = "Makes the link with an external id what the flags say: it is made if there is none, and changed if it differs. What is \
not given gets the value that new links have, apart from the slug, the domain, the password and whether a second person has to approve, \
which stay. Prints the short URL, or with --json the whole link."
)]
#[command(after_long_help = "Examples:
  elido link put crm-7 https://example.com/spring-sale --title Sale
  elido link put crm-7 https://example.com/summer-sale --title Sale --confirm-printed")]
pub struct PutArguments {
    /// How another system names the link.
    #[arg(value_name = "EXTERNAL_ID")]
    id: String,
    /// Where the link leads.
    destination_url: String,
    /// The domain to put a new link on, which a link that is there has to be on.
    #[arg(long, value_name = "HOST")]
    domain: Option<String>,
    /// A template of campaign parameters, by its id.
    #[arg(long, value_name = "ID")]
    utm_template_id: Option<String>,
    /// Whether the link is put away, so that it answers 410.
    #[arg(long, value_name = "BOOL")]
    archived: Option<bool>,
    /// Take the password away.
    #[arg(long, conflicts_with = "password_file")]
    clear_password: bool,
    /// Change where the link leads, or whether it does, although its QR code may be in print.
    #[arg(long)]
    confirm_printed: bool,
    #[command(flatten)]
    fields: LinkFields,
}

pub(super) async fn run(context: &Context, arguments: PutArguments) -> Result<(), Failure> {
    let mut body = arguments.fields.to_json()?;
    let given = [
        ("destination_url", Some(arguments.destination_url.into())),
        ("domain", arguments.domain.map(Value::from)),
        ("utm_template_id", arguments.utm_template_id.map(Value::from)),
        ("archived", arguments.archived.map(Value::from)),
        ("password", arguments.clear_password.then_some(Value::Null)),
        ("confirm_printed", arguments.confirm_printed.then(|| true.into())),
    ];
    body.extend(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    let path = context.external_id_path(&arguments.id);
    let response = context.client.call(&Call::put(&path, Some(&Value::Object(body)))).await?;
    if context.output.json {
        return context.print(&response.body);
    }
    output::line(&shown(response.body.get("short_url")))
}
