//! `elido analytics`: click analytics over the API.

mod export;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::api_client::{ApiArguments, ApiClient, Call};
use super::exit::Failure;
use super::listing;
use super::output::{self, OutputArguments, shown};
use super::pages::Pages;
use crate::domain::time::Timestamp;

/// What the table of events shows.
const EVENT_COLUMNS: [&str; 7] = ["at", "slug", "country", "device", "browser", "referrer", "agent"];

/// Reads click analytics.
#[derive(Debug, Args)]
#[command(
    long_about = "Reads click analytics of a workspace over the API.\n\nClicks of people are counted; --include adds bots, \
link previews, prefetches and HEAD requests. A filter is DIMENSION=VALUE; several values of one dimension are alternatives, \
several dimensions hold together, and an empty value stands for clicks without the property. ! in front of a value means all \
clicks but those, ~ those that have the text within: country=!DE, referrer=~news. Dimensions are link, domain, tag, \
slug, kind, status, country, region, city, asn, device, os, browser, agent, referrer, language, utm_source, utm_medium, \
utm_campaign, utm_term, utm_content, rule, variant and qr."
)]
pub struct AnalyticsCommand {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Counts clicks and visitors in total.
    #[command(
        after_long_help = "Examples:\n  elido analytics summary\n  elido analytics summary --filter country=DE --compare"
    )]
    Summary {
        /// Count the period before, too.
        #[arg(long)]
        compare: bool,
    },
    /// Counts clicks and visitors over time.
    #[command(after_long_help = "Examples:
  elido analytics timeseries --interval day --time-zone Europe/Berlin
  elido analytics timeseries --interval minute --from 2026-05-01T09:00:00Z --to 2026-05-01T10:00:00Z")]
    Timeseries {
        /// How long each point is.
        #[arg(long, default_value = "day", value_parser = ["minute", "hour", "day", "week", "month"])]
        interval: String,
        /// Whose hours and days they are, such as Europe/Berlin.
        #[arg(long, value_name = "NAME", default_value = "UTC")]
        time_zone: String,
        /// Count the period before, too.
        #[arg(long)]
        compare: bool,
    },
    /// Counts clicks and visitors by the hour of the week.
    #[command(after_long_help = "Examples:\n  elido analytics hours-of-week --time-zone Europe/Berlin")]
    HoursOfWeek {
        /// Whose hours and days they are, such as Europe/Berlin.
        #[arg(long, value_name = "NAME", default_value = "UTC")]
        time_zone: String,
    },
    /// Counts scans of QR codes, those by people, and those that were sent on to a page.
    #[command(after_long_help = "Examples:\n  elido analytics funnel\n  elido analytics funnel --filter slug=menu")]
    Funnel,
    /// Counts clicks and visitors by a dimension, most clicks first.
    #[command(
        after_long_help = "Examples:\n  elido analytics breakdown country\n  elido analytics breakdown browser --filter device=mobile --limit 5"
    )]
    Breakdown {
        /// What clicks are told apart by.
        dimension: String,
        /// At most so many values.
        #[arg(long, value_name = "COUNT", default_value_t = 20)]
        limit: u32,
        /// Count the period before, too.
        #[arg(long)]
        compare: bool,
    },
    /// Has raw clicks written into a file, waits until it is ready, and fetches it.
    #[command(
        after_long_help = "Examples:\n  elido analytics export clicks.csv\n  elido analytics export --format ndjson --from 2026-01-01T00:00:00Z clicks.ndjson"
    )]
    Export(export::ExportArguments),
    /// Lists single clicks, newest first. With --json each is one line.
    #[command(
        after_long_help = "Examples:\n  elido analytics events --limit 20\n  elido analytics events --all --json --from 2026-05-01T00:00:00Z > clicks.ndjson"
    )]
    Events {
        /// At most so many.
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: u64,
        /// All of them, however many there are.
        #[arg(long, conflicts_with = "limit")]
        all: bool,
    },
}

/// Which clicks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which clicks")]
struct Selection {
    /// The first moment, such as 2026-05-01T00:00:00Z; by default thirty days before --to.
    #[arg(long, value_name = "TIME", global = true)]
    from: Option<Timestamp>,
    /// The first moment after the period; by default now.
    #[arg(long, value_name = "TIME", global = true)]
    to: Option<Timestamp>,
    /// Only clicks with this value of a dimension; may be repeated.
    #[arg(long = "filter", value_name = "DIMENSION=VALUE", value_parser = dimension_and_value, global = true)]
    filters: Vec<(String, String)>,
    /// Count these too.
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = ["bots", "previews", "prefetches", "heads", "opted_out"], global = true)]
    include: Vec<String>,
}

type Query<'a> = Vec<(&'a str, String)>;

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: AnalyticsCommand) -> Result<(), Failure> {
    let client = ApiClient::new(&command.api)?;
    let base = format!("{}/analytics", client.workspace_path(&command.api).await?);
    let mut query = command.selection.to_query();
    let json = command.output.json;
    match command.what {
        What::Summary { compare } => {
            query.extend(comparison(compare));
            let response = ask(&client, &format!("{base}/summary"), &query).await?;
            if json { output::json(&response) } else { print_summary(&response) }
        }
        What::Timeseries { interval, time_zone, compare } => {
            query.extend([("interval", interval), ("time_zone", time_zone)]);
            query.extend(comparison(compare));
            let response = ask(&client, &format!("{base}/timeseries"), &query).await?;
            if json { output::json(&response) } else { print_rows(&["start", "clicks", "visitors"], &[], &response) }
        }
        What::HoursOfWeek { time_zone } => {
            query.push(("time_zone", time_zone));
            let response = ask(&client, &format!("{base}/hours-of-week"), &query).await?;
            let columns = ["weekday", "hour", "clicks", "visitors"];
            if json { output::json(&response) } else { print_rows(&columns, &[], &response) }
        }
        What::Export(arguments) => export::run(&client, &base, &query, arguments, json).await,
        What::Funnel => {
            let response = ask(&client, &format!("{base}/funnel"), &query).await?;
            let names = ["from", "to", "scans", "by_people", "redirected", "visitors"];
            if json {
                output::json(&response)
            } else {
                output::record(&names.map(|name| (name, shown(response.get(name)))))
            }
        }
        What::Breakdown { dimension, limit, compare } => {
            query.extend([("dimension", dimension), ("limit", limit.to_string())]);
            query.extend(comparison(compare));
            let response = ask(&client, &format!("{base}/breakdown"), &query).await?;
            let compared: &[&str] = if compare { &["previous"] } else { &[] };
            if json {
                output::json(&response)
            } else {
                print_rows(&["value", "clicks", "visitors"], compared, &response)
            }
        }
        What::Events { limit, all } => {
            let path = format!("{base}/events");
            let wanted = if all { u64::MAX } else { limit };
            listing::print(Pages::new(&client, &path, query), wanted, &EVENT_COLUMNS, json).await
        }
    }
}

impl Selection {
    fn to_query(&self) -> Query<'_> {
        let mut query = Vec::new();
        query.extend(self.from.map(|time| ("from", time.to_string())));
        query.extend(self.to.map(|time| ("to", time.to_string())));
        query.extend((!self.include.is_empty()).then(|| ("include", self.include.join(","))));
        query.extend(self.filters.iter().map(|(dimension, value)| (dimension.as_str(), value.clone())));
        query
    }
}

fn dimension_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((dimension, value)) if !dimension.is_empty() => Ok((dimension.to_owned(), value.to_owned())),
        _ => Err("expected DIMENSION=VALUE, such as country=DE".to_owned()),
    }
}

fn comparison(compare: bool) -> Option<(&'static str, String)> {
    compare.then(|| ("compare", "previous".to_owned()))
}

async fn ask(client: &ApiClient, path: &str, query: &Query<'_>) -> Result<Value, Failure> {
    Ok(client.call(&Call::get(path, query)).await?.body)
}

fn print_summary(response: &Value) -> Result<(), Failure> {
    let names = ["from", "to", "clicks", "visitors"];
    output::record(&names.map(|name| (name, shown(response.get(name)))))?;
    print_left_out(response)?;
    match response.get("previous") {
        None | Some(Value::Null) => Ok(()),
        Some(previous) => {
            output::line("\nthe period before")?;
            output::record(&names.map(|name| (name, shown(previous.get(name)))))
        }
    }
}

fn print_left_out(response: &Value) -> Result<(), Failure> {
    left_out(response).map_or(Ok(()), |left_out| output::line(&format!("left out  {left_out}")))
}

/// What is kept and not counted, such as `bots 2, heads 1`; none where that is nothing.
fn left_out(response: &Value) -> Option<String> {
    let reasons = response.get("left_out")?.as_object()?.iter();
    let told: Vec<String> = reasons
        .filter(|(_, count)| count.as_u64().is_some_and(|count| count > 0))
        .map(|(reason, count)| format!("{reason} {count}"))
        .collect();
    (!told.is_empty()).then(|| format!("{} (--include counts them)", told.join(", ")))
}

/// Prints the items of `data`, and what they do not count; those of `compared` are counts of the period before.
fn print_rows(columns: &[&str], compared: &[&str], response: &Value) -> Result<(), Failure> {
    let items = response.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let headings: Vec<&str> = columns.iter().chain(compared).copied().collect();
    let row = |item: &Value| {
        let cells = columns.iter().map(|column| shown(item.get(column)));
        let before = compared.iter().map(|name| shown(item.get(name).and_then(|counts| counts.get("clicks"))));
        cells.chain(before).collect()
    };
    output::table(&headings, &items.iter().map(row).collect::<Vec<_>>())?;
    print_left_out(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_dimension_and_a_value() {
        assert_eq!(dimension_and_value("utm_source=a=b"), Ok(("utm_source".to_owned(), "a=b".to_owned())));
        assert_eq!(dimension_and_value("country="), Ok(("country".to_owned(), String::new())));
        assert!(dimension_and_value("country").is_err() && dimension_and_value("=DE").is_err());
    }
}
