//! `elido domain`: the host names of a workspace over the API.

use std::io::Read;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::api_client::{ApiArguments, ApiClient, Call};
use super::exit::Failure;
use super::listing;
use super::output::{self, OutputArguments};
use super::pages::Pages;
use super::utm_fields::UtmFields;

/// The most that is read of a file; a server takes less.
const DOCUMENT_BYTES_MAX: u64 = 1024 * 1024;
/// The columns of the table.
const COLUMNS: [&str; 5] = ["id", "display_name", "state", "state_reason", "url"];

/// Lists, adds, verifies, changes and deletes the domains of a workspace.
#[derive(Debug, Args)]
pub struct DomainCommand {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the domains that the workspace may use, newest first.
    #[command(after_long_help = "Examples:\n  elido domain list\n  elido domain list --json | jq -r .hostname")]
    List,
    /// Adds a domain and prints the DNS records to set.
    #[command(after_long_help = "Examples:
  elido domain add go.example.com
  elido domain add go.example.com --root-url https://example.com/ --redirect-status 301
  elido domain add go.example.com --robots noindex --hsts-max-age 31536000 --utm-source print")]
    Add {
        /// The host name.
        hostname: String,
        #[command(flatten)]
        content: Content,
    },
    /// Prints a domain and its DNS records, beside what the last check found.
    #[command(after_long_help = "Examples:\n  elido domain show dom_0190b8f20000700080000000000000aa")]
    Show {
        /// The domain, by its id.
        domain: String,
    },
    /// Looks at the DNS records of a domain at once, and prints what was found.
    #[command(after_long_help = "Examples:\n  elido domain verify dom_0190b8f20000700080000000000000aa")]
    Verify {
        /// The domain, by its id.
        domain: String,
    },
    /// Changes the settings of a domain.
    #[command(after_long_help = "Examples:
  elido domain update dom_0190b8f20000700080000000000000aa --case-sensitive false
  elido domain update dom_0190b8f20000700080000000000000aa --robots noindex --asset-links assetlinks.json")]
    Update {
        /// The domain, by its id.
        domain: String,
        /// Another way to write the same host name.
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        #[command(flatten)]
        content: Content,
    },
    /// Deletes a domain. Its name is free then, for whoever shows that it is theirs.
    #[command(after_long_help = "Examples:
  elido domain delete dom_0190b8f20000700080000000000000aa
  elido domain delete dom_0190b8f20000700080000000000000aa --delete-links")]
    Delete {
        /// The domain, by its id.
        domain: String,
        /// Delete the links that are on it too.
        #[arg(long)]
        delete_links: bool,
        /// Delete them although their QR codes may be in print.
        #[arg(long, requires = "delete_links")]
        confirm_printed: bool,
    },
}

#[derive(Debug, Args)]
struct Content {
    /// Whether /Sale and /sale are two links.
    #[arg(long, value_name = "BOOL")]
    case_sensitive: Option<bool>,
    /// Whether slugs may have letters of other scripts and emoji.
    #[arg(long, value_name = "BOOL")]
    unicode_slugs: Option<bool>,
    /// Whether visitors of missing links are told of one that is nearly written so.
    #[arg(long, value_name = "BOOL")]
    suggests_slugs: Option<bool>,
    /// The status of new links that say nothing of theirs.
    #[arg(long, value_name = "STATUS")]
    redirect_status: Option<u16>,
    /// Where / goes; an empty text clears it.
    #[arg(long, value_name = "URL")]
    root_url: Option<String>,
    /// Where missing links go; an empty text clears it.
    #[arg(long, value_name = "URL")]
    not_found_url: Option<String>,
    /// Where expired links go; an empty text clears it.
    #[arg(long, value_name = "URL")]
    expired_url: Option<String>,
    #[command(flatten)]
    programs: Programs,
    #[command(flatten)]
    utm: UtmFields,
}

impl Content {
    fn into_fields(self) -> Map<String, Value> {
        let fields = [
            ("case_sensitive", self.case_sensitive.map(Value::from)),
            ("unicode_slugs", self.unicode_slugs.map(Value::from)),
            ("suggests_slugs", self.suggests_slugs.map(Value::from)),
            ("default_redirect_status", self.redirect_status.map(Value::from)),
            ("root_url", self.root_url.map(or_null)),
            ("not_found_url", self.not_found_url.map(or_null)),
            ("expired_url", self.expired_url.map(or_null)),
            ("utm", self.utm.to_json()),
        ];
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        fields.chain(self.programs.into_fields()).collect()
    }
}

/// What a domain tells programs.
#[derive(Debug, Args)]
struct Programs {
    /// What search engines are asked to do, such as "noindex, nofollow"; an empty text asks nothing.
    #[arg(long, value_name = "DIRECTIVES")]
    robots: Option<String>,
    /// The file that lets links open in apps of iOS; an empty text takes it away.
    #[arg(long, value_name = "FILE", value_parser = document)]
    apple_app_site_association: Option<Value>,
    /// The file that lets links open in apps of Android; an empty text takes it away.
    #[arg(long, value_name = "FILE", value_parser = document)]
    asset_links: Option<Value>,
    /// How many seconds browsers remember to come over TLS alone; an empty text tells them nothing any more.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    hsts_max_age: Option<Value>,
    /// Whether that holds for every name below the host name too.
    #[arg(long, value_name = "BOOL")]
    hsts_include_subdomains: Option<bool>,
}

impl Programs {
    fn into_fields(self) -> impl Iterator<Item = (String, Value)> {
        let fields = [
            ("robots", self.robots.map(or_null)),
            ("apple_app_site_association", self.apple_app_site_association),
            ("asset_links", self.asset_links),
            ("hsts_max_age", self.hsts_max_age),
            ("hsts_include_subdomains", self.hsts_include_subdomains.map(Value::from)),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)))
    }
}

/// A text, or null for an empty one.
fn or_null(text: String) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

/// The JSON of a file, or null where no file is named.
fn document(path: &str) -> Result<Value, String> {
    if path.is_empty() {
        return Ok(Value::Null);
    }
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let document = serde_json::from_reader(std::io::BufReader::new(file.take(DOCUMENT_BYTES_MAX)));
    document.map_err(|error| format!("the file is no JSON of {DOCUMENT_BYTES_MAX} bytes at most: {error}"))
}

/// A number of seconds, or null for an empty text.
fn seconds(text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    text.parse::<u32>().map(Value::from).map_err(|error| error.to_string())
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: DomainCommand) -> Result<(), Failure> {
    let client = ApiClient::new(&command.api)?;
    let domains = format!("{}/domains", client.workspace_path(&command.api).await?);
    let path = |id: &str| format!("{domains}/{id}");
    let json = command.output.json;
    match command.what {
        What::List => listing::print(Pages::new(&client, &domains, Vec::new()), u64::MAX, &COLUMNS, json).await,
        What::Add { hostname, content } => {
            let mut fields = content.into_fields();
            fields.insert("hostname".to_owned(), hostname.into());
            print(&client.call(&Call::post(&domains, &Value::Object(fields))?).await?.body, json)
        }
        What::Show { domain } => print(&client.call(&Call::get(&path(&domain), &[])).await?.body, json),
        What::Verify { domain } => {
            let path = format!("{}/verify", path(&domain));
            print(&client.call(&Call::post(&path, &json!({}))?).await?.body, json)
        }
        What::Update { domain, display_name, content } => {
            let mut fields = content.into_fields();
            fields.extend(display_name.map(|name| ("display_name".to_owned(), name.into())));
            print(&client.call(&Call::patch(&path(&domain), &Value::Object(fields))?).await?.body, json)
        }
        What::Delete { domain, delete_links, confirm_printed } => {
            let query = match (delete_links, confirm_printed) {
                (false, _) => "",
                (true, false) => "?delete_links=true",
                (true, true) => "?delete_links=true&confirm_printed=true",
            };
            client.call(&Call::delete(&format!("{}{query}", path(&domain)))).await?;
            if json { output::json(&json!({ "deleted": domain })) } else { output::line(&format!("deleted {domain}")) }
        }
    }
}

/// The domain in a line, and each of its records in one; with `--json` all that the API answered.
fn print(domain: &Value, json: bool) -> Result<(), Failure> {
    if json {
        return output::json(domain);
    }
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    output::line(&format!("{} {} {}", text(domain, "id"), text(domain, "display_name"), text(domain, "state")))?;
    for record in domain.get("records").and_then(Value::as_array).into_iter().flatten() {
        let [name, kind, value, status] = ["name", "type", "value", "status"].map(|field| text(record, field));
        output::line(&format!("  {name} {kind} {value} ({status})"))?;
    }
    if let Some(certificate) = domain.get("certificate").filter(|certificate| !certificate.is_null()) {
        let [state, not_after, error] = ["state", "not_after", "error"].map(|field| text(certificate, field));
        output::line(format!("  certificate {state} {not_after} {error}").trim_end())?;
    }
    domain
        .get("findings")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .try_for_each(|finding| output::line(&format!("  {}", text(finding, "detail"))))
}
