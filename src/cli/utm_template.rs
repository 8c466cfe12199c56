//! `elido utm-template`: campaign parameters under names, over the API.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::api_client::{ApiArguments, ApiClient, Call};
use super::exit::Failure;
use super::listing;
use super::output::{self, OutputArguments};
use super::pages::Pages;
use super::utm_fields::UtmFields;

/// The columns of the table.
const COLUMNS: [&str; 3] = ["id", "name", "utm"];

/// Keeps campaign parameters under names, for links to be made with.
#[derive(Debug, Args)]
pub struct UtmTemplateCommand {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists templates, newest first.
    #[command(after_long_help = "Examples:\n  elido utm-template list")]
    List,
    /// Creates a template.
    #[command(after_long_help = "Examples:
  elido utm-template create Newsletter --utm-source newsletter --utm-medium email
  elido link create https://example.com/ --utm-template-id utm_0190b8f20000700080000000000000aa")]
    Create {
        /// Its name.
        name: String,
        #[command(flatten)]
        utm: UtmFields,
    },
    /// Shows a template.
    #[command(after_long_help = "Examples:\n  elido utm-template show utm_0190b8f20000700080000000000000aa")]
    Show {
        /// The template, by its id.
        template: String,
    },
    /// Changes a template. Links that were made with it stay as they are.
    #[command(after_long_help = "Examples:
  elido utm-template update utm_0190b8f20000700080000000000000aa --name Letter
  elido utm-template update utm_0190b8f20000700080000000000000aa --utm-source letter --utm-medium email")]
    Update {
        /// The template, by its id.
        template: String,
        /// Its new name.
        #[arg(long)]
        name: Option<String>,
        // Those given replace all that it has.
        #[command(flatten)]
        utm: UtmFields,
    },
    /// Deletes a template. Links that were made with it stay as they are.
    #[command(after_long_help = "Examples:\n  elido utm-template delete utm_0190b8f20000700080000000000000aa")]
    Delete {
        /// The template, by its id.
        template: String,
    },
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: UtmTemplateCommand) -> Result<(), Failure> {
    let client = ApiClient::new(&command.api)?;
    let templates = format!("{}/utm-templates", client.workspace_path(&command.api).await?);
    let path = |id: &str| format!("{templates}/{id}");
    let json = command.output.json;
    match command.what {
        What::List => listing::print(Pages::new(&client, &templates, Vec::new()), u64::MAX, &COLUMNS, json).await,
        What::Create { name, utm } => {
            let body = json!({ "name": name, "utm": utm.to_json().unwrap_or_else(|| json!({})) });
            listing::print_one(&client.call(&Call::post(&templates, &body)?).await?.body, json)
        }
        What::Show { template } => {
            listing::print_one(&client.call(&Call::get(&path(&template), &[])).await?.body, json)
        }
        What::Update { template, name, utm } => {
            let fields = [("name", name.map(Value::from)), ("utm", utm.to_json())];
            let given = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            let body: Map<String, Value> = given.collect();
            if body.is_empty() {
                return Err(Failure::usage("nothing to change: give --name, or campaign parameters"));
            }
            listing::print_one(&client.call(&Call::patch(&path(&template), &body)?).await?.body, json)
        }
        What::Delete { template } => {
            client.call(&Call::delete(&path(&template))).await?;
            let deleted = format!("deleted {template}");
            if json { output::json(&json!({ "deleted": template })) } else { output::line(&deleted) }
        }
    }
}
