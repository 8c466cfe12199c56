//! `elido link create`.

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::Context;
use super::fields::LinkFields;
use crate::cli::api_client::Call;
use crate::cli::exit::Failure;
use crate::cli::output::{self, shown};

/// Creates a short link and prints its short URL.
#[derive(Debug, Args)]
#[command(long_about = "Creates a short link and prints its short URL, or with --json the whole link.")]
#[command(after_long_help = "Examples:
  elido link create https://example.com/spring-sale
  elido link create https://example.com/spring-sale --slug sale --tag spring --expires-at 2026-06-01T00:00:00Z
  elido link create https://example.com/app --rules-file rules.json --json")]
pub struct CreateArguments {
    /// Where the link leads.
    destination_url: String,
    /// The domain that the link lives on; by default the one of the installation.
    #[arg(long, value_name = "HOST")]
    domain: Option<String>,
    /// What to do where the workspace has an identical link.
    #[arg(long, value_enum)]
    if_exists: Option<IfExists>,
    /// What to do where the workspace has a link with the same destination.
    #[arg(long, value_enum)]
    on_duplicate: Option<IfExists>,
    /// A template of campaign parameters, by its id.
    #[arg(long, value_name = "ID")]
    utm_template_id: Option<String>,
    #[command(flatten)]
    fields: LinkFields,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum IfExists {
    /// Print the link that is there.
    Return,
    /// Fail.
    Fail,
}

impl IfExists {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Return => "return",
            Self::Fail => "fail",
        }
    }
}

pub(super) async fn run(context: &Context, arguments: CreateArguments) -> Result<(), Failure> {
    let mut body = arguments.fields.to_json()?;
    body.insert("destination_url".to_owned(), arguments.destination_url.into());
    if let Some(domain) = arguments.domain {
        body.insert("domain".to_owned(), domain.into());
    }
    for (name, choice) in [("if_exists", arguments.if_exists), ("on_duplicate", arguments.on_duplicate)] {
        if let Some(choice) = choice {
            body.insert(name.to_owned(), choice.as_str().into());
        }
    }
    if let Some(template) = arguments.utm_template_id {
        body.insert("utm_template_id".to_owned(), template.into());
    }
    let path = format!("{}/links", context.workspace);
    let response = context.client.call(&Call::post(&path, &Value::Object(body))?).await?;
    if context.output.json {
        return context.print(&response.body);
    }
    output::line(&shown(response.body.get("short_url")))
}
