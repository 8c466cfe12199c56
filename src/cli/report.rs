//! `elido report`: reports that come by mail or to a webhook, over the API.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::api_client::{ApiArguments, ApiClient, Call};
use super::exit::Failure;
use super::listing;
use super::output::{self, OutputArguments};
use super::pages::Pages;

/// The columns of the table.
const COLUMNS: [&str; 6] = ["id", "name", "every", "time_zone", "paused", "next_at"];

/// Has reports about clicks come by mail or to a webhook.
#[derive(Debug, Args)]
pub struct ReportCommand {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the reports, newest first.
    #[command(after_long_help = "Examples:\n  elido report list")]
    List,
    /// Has a report of every week or month sent to members of the workspace, or to a webhook.
    #[command(after_long_help = "Examples:
  elido report create 'All clicks' --every week --time-zone Europe/Berlin
  elido report create Spring --every month --filters 'tag=spring' --recipient usr_0190b8f20000700080000000000000aa
  elido report create 'For the warehouse' --every week --webhook https://hooks.example.com/elido")]
    Create {
        /// The heading of the report.
        name: String,
        /// How often it comes.
        #[arg(long, value_parser = ["week", "month"])]
        every: String,
        /// Whose weeks and months they are, such as Europe/Berlin.
        #[arg(long, value_name = "NAME", default_value = "UTC")]
        time_zone: String,
        /// Which clicks it is about, such as tag=spring&country=DE; all if absent.
        #[arg(long, value_name = "QUERY", default_value = "")]
        filters: String,
        /// The folder of whose links it is; all if absent.
        #[arg(long, value_name = "ID")]
        folder_id: Option<String>,
        /// A member who gets it, by the id; may be repeated. Oneself if absent.
        #[arg(long = "recipient", value_name = "ID", conflicts_with = "webhook")]
        recipients: Vec<String>,
        /// The webhook that it goes to in place of mail. The answer has the secret that its messages are signed with.
        #[arg(long, value_name = "URL")]
        webhook: Option<String>,
    },
    /// Shows a report, and what came of the last message to its webhook.
    #[command(after_long_help = "Examples:\n  elido report show rps_0190b8f20000700080000000000000aa")]
    Show {
        /// The report, by its id.
        report: String,
    },
    /// Lets a report rest.
    #[command(after_long_help = "Examples:\n  elido report pause rps_0190b8f20000700080000000000000aa")]
    Pause {
        /// The report, by its id.
        report: String,
    },
    /// Has a report come again, after the period that runs now.
    #[command(after_long_help = "Examples:\n  elido report resume rps_0190b8f20000700080000000000000aa")]
    Resume {
        /// The report, by its id.
        report: String,
    },
    /// Has the report of the last period sent now: to oneself by mail, or to its webhook.
    #[command(after_long_help = "Examples:\n  elido report test rps_0190b8f20000700080000000000000aa")]
    Test {
        /// The report, by its id.
        report: String,
    },
    /// Calls a report off.
    #[command(after_long_help = "Examples:\n  elido report delete rps_0190b8f20000700080000000000000aa")]
    Delete {
        /// The report, by its id.
        report: String,
    },
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: ReportCommand) -> Result<(), Failure> {
    let client = ApiClient::new(&command.api)?;
    let reports = format!("{}/report-schedules", client.workspace_path(&command.api).await?);
    let json = command.output.json;
    match command.what {
        What::List => listing::print(Pages::new(&client, &reports, Vec::new()), u64::MAX, &COLUMNS, json).await,
        What::Create { name, every, time_zone, filters, folder_id, recipients, webhook } => {
            let mut body = json!({
                "name": name, "every": every, "time_zone": time_zone, "filters": filters,
            });
            let recipients = (!recipients.is_empty()).then(|| Value::from(recipients));
            let chosen = [
                ("folder_id", folder_id.map(Value::from)),
                ("recipients", recipients),
                ("webhook_url", webhook.map(Value::from)),
            ];
            if let Some(fields) = body.as_object_mut() {
                fields.extend(chosen.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
            }
            listing::print_one(&client.call(&Call::post(&reports, &body)?).await?.body, json)
        }
        What::Show { report } => {
            listing::print_one(&client.call(&Call::get(&format!("{reports}/{report}"), &[])).await?.body, json)
        }
        What::Pause { report } => set_paused(&client, &format!("{reports}/{report}"), true, json).await,
        What::Resume { report } => set_paused(&client, &format!("{reports}/{report}"), false, json).await,
        What::Test { report } => {
            client.call(&Call::post(&format!("{reports}/{report}/test"), &json!({}))?).await?;
            if json { output::json(&json!({ "sent": report })) } else { output::line("it is going to be sent") }
        }
        What::Delete { report } => {
            client.call(&Call::delete(&format!("{reports}/{report}"))).await?;
            if json { output::json(&json!({ "deleted": report })) } else { output::line(&format!("deleted {report}")) }
        }
    }
}

async fn set_paused(client: &ApiClient, path: &str, paused: bool, json: bool) -> Result<(), Failure> {
    let body = json!({ "paused": paused });
    listing::print_one(&client.call(&Call::patch(path, &body)?).await?.body, json)
}
