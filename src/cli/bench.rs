//! `elido bench`: a redirect load, and what became of its clicks.

mod histogram;
mod load;
mod pace;
mod reconcile;
mod targets;
mod visitors;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use url::Url;

use self::load::{Load, Tally};
use self::pace::End;
use self::reconcile::Reconciliation;
use self::targets::{Selection, Targets};
use self::visitors::Visitors;
use super::api_client::ApiArguments;
use super::exit::{Exit, Failure};
use super::output::{self, OutputArguments};

/// The most connections of one run.
const CONNECTIONS_MAX: usize = 10_000;

/// Sends redirect requests and measures the responses.
#[derive(Debug, Args)]
#[command(
    long_about = "Sends redirect requests over keep-alive connections, for a time or a number of requests, and prints how \
many were answered, how fast, and what failed. With a token it also compares the redirects that were answered with the clicks \
that the workspace has stored since.\n\nThe last line is RESULT and one flat JSON object, for scripts. A run that measured \
nothing ends with 1. Redirects are not followed. Only plain HTTP: this measures Elido and not a proxy in front of it."
)]
#[command(after_long_help = "Examples:
  elido bench http://localhost:8080/sale
  elido bench --file slugs.txt --connections 128 --duration 30
  elido bench --file slugs.txt --rate 2000 --duration 60
  elido bench --file urls.txt --requests 200000 --zipf 1.1 --visitors visitors.ndjson --reconcile")]
pub struct BenchArguments {
    /// Short URLs.
    #[arg(value_name = "URL", required_unless_present = "file")]
    urls: Vec<Url>,
    /// A file with one short URL or slug a line.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// What slugs are appended to.
    #[arg(long, value_name = "URL", default_value = "http://localhost:8080")]
    base_url: Url,
    /// How many connections.
    #[arg(long, value_name = "COUNT", default_value_t = 64, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=CONNECTIONS_MAX as u64))]
    connections: usize,
    /// How many threads they are spread over.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=256))]
    threads: usize,
    /// How long, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    duration: u64,
    /// How many requests in all, however long they take.
    #[arg(long, value_name = "COUNT", conflicts_with = "duration", value_parser = clap::value_parser!(u64).range(1..))]
    requests: Option<u64>,
    /// How many requests per second, however fast they are answered; the time of each counts from when it was due. Without a
    /// rate, each connection asks again as soon as it was answered.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    rate: Option<u32>,
    /// Choose URLs by Zipf's law with this exponent, the first of the file most often; 0 chooses all alike.
    #[arg(long, value_name = "EXPONENT", default_value_t = 0.0)]
    zipf: f64,
    /// Ask for a new random slug each time, on the hosts of the URLs; that it is not found is then no failure.
    #[arg(long)]
    random_slugs: bool,
    /// A file with one JSON object a line: the headers of one visitor. Each request takes one of them.
    #[arg(long, value_name = "FILE")]
    visitors: Option<PathBuf>,
    /// Makes two runs choose alike.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Write how many redirects of each URL were answered into a CSV file.
    #[arg(long, value_name = "FILE")]
    counts: Option<PathBuf>,
    /// Compare the redirects answered with the clicks stored; fail if they differ.
    #[arg(long)]
    reconcile: bool,
    /// How long to wait for the clicks to be stored, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "reconcile")]
    settle: u64,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// What a run prints for scripts.
#[derive(Debug, Serialize)]
struct Figures {
    bench: &'static str,
    urls: usize,
    connections: usize,
    seconds: f64,
    requests: u64,
    redirects_answered: u64,
    other_responses: u64,
    errors: u64,
    requests_per_s: f64,
    p50_us: f64,
    p99_us: f64,
    p999_us: f64,
    max_us: f64,
    #[serde(flatten)]
    reconciled: Option<Reconciled>,
}

#[derive(Debug, Serialize)]
struct Reconciled {
    clicks_stored: u64,
    clicks_difference: i64,
}

/// Runs the command.
///
/// # Errors
/// When nothing could be measured, or the clicks do not add up.
pub async fn run(arguments: BenchArguments) -> Result<(), Failure> {
    let selection = Selection { zipf: arguments.zipf, random_slugs: arguments.random_slugs };
    let targets = Targets::read(&arguments.urls, arguments.file.as_deref(), &arguments.base_url, selection)?;
    let visitors = Visitors::read(arguments.visitors.as_deref())?;
    let reconciliation = if arguments.reconcile { Some(Reconciliation::begin(&arguments.api).await?) } else { None };
    let end = match arguments.requests {
        Some(requests) => End::Requests(requests),
        None => End::After(Duration::from_secs(arguments.duration)),
    };
    let load = Load {
        targets,
        visitors,
        connections: arguments.connections,
        threads: arguments.threads,
        end,
        rate: arguments.rate.map(f64::from),
        seed: arguments.seed,
    };
    let urls = load.targets.len();
    if !arguments.output.json {
        output::line(&format!("{urls} URLs, {} connections", arguments.connections))?;
    }
    let (tally, targets) = load.run().await?;
    if let Some(path) = &arguments.counts {
        write_counts(path, &targets, &tally).map_err(|error| Failure::file(path, &error))?;
    }
    let stored = match reconciliation {
        Some(reconciliation) => Some(reconciliation.end(tally.redirects, Duration::from_secs(arguments.settle)).await?),
        None => None,
    };
    let figures = figures(&arguments, urls, &tally, stored);
    print(&figures, &tally, arguments.output)?;
    judge(&figures, arguments.random_slugs)
}

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
fn figures(arguments: &BenchArguments, urls: usize, tally: &Tally, stored: Option<u64>) -> Figures {
    let microseconds = |quantile| rounded(tally.latencies.quantile(quantile) as f64 / 1000.0);
    let seconds = tally.elapsed.as_secs_f64();
    let requests = tally.requests();
    let rate = if seconds > 0.0 { requests as f64 / seconds } else { 0.0 };
    Figures {
        bench: "redirect_load",
        urls,
        connections: arguments.connections,
        seconds: rounded(seconds),
        requests,
        redirects_answered: tally.redirects,
        other_responses: tally.others.values().sum(),
        errors: tally.errors.values().sum(),
        requests_per_s: rounded(rate),
        p50_us: microseconds(0.5),
        p99_us: microseconds(0.99),
        p999_us: microseconds(0.999),
        max_us: microseconds(1.0),
        reconciled: stored.map(|clicks_stored| Reconciled {
            clicks_stored,
            clicks_difference: tally.redirects.cast_signed().saturating_sub(clicks_stored.cast_signed()),
        }),
    }
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

fn print(figures: &Figures, tally: &Tally, arguments: OutputArguments) -> Result<(), Failure> {
    if !arguments.json {
        output::record(&[
            ("requests", figures.requests.to_string()),
            ("requests/s", format!("{:.0}", figures.requests_per_s)),
            ("redirects", figures.redirects_answered.to_string()),
            ("p50", format!("{:.0} µs", figures.p50_us)),
            ("p99", format!("{:.0} µs", figures.p99_us)),
            ("p99.9", format!("{:.0} µs", figures.p999_us)),
            ("longest", format!("{:.0} µs", figures.max_us)),
        ])?;
        for (status, count) in &tally.others {
            output::line(&format!("answered {status}: {count}"))?;
        }
        for (error, count) in &tally.errors {
            output::line(&format!("{error}: {count}"))?;
        }
        if let Some(reconciled) = &figures.reconciled {
            output::line(&format!(
                "clicks stored: {} (difference {})",
                reconciled.clicks_stored, reconciled.clicks_difference
            ))?;
        }
    }
    output::result_line(figures)
}

/// A run that measured nothing, or whose clicks do not add up, is a failure.
fn judge(figures: &Figures, random_slugs: bool) -> Result<(), Failure> {
    let measured = figures.redirects_answered > 0 || (random_slugs && figures.other_responses > 0);
    if !measured {
        return Err(Failure::new(Exit::Failure, "no redirect was answered"));
    }
    match &figures.reconciled {
        Some(reconciled) if reconciled.clicks_difference != 0 => {
            Err(Failure::new(Exit::Failure, "redirects answered and clicks stored differ"))
        }
        _ => Ok(()),
    }
}

fn write_counts(path: &Path, targets: &Targets, tally: &Tally) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record(["url", "redirects"])?;
    for (url, count) in targets.urls().zip(&tally.by_target) {
        writer.write_record([url.as_str(), &count.to_string()])?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)?.flush()
}
