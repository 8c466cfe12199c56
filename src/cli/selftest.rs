//! `elido selftest`: whether an installation works, tried as its users use it.
//!
//! Invariant: what it makes it deletes again, whatever fails in between.

use std::time::{Duration, Instant};

use clap::Args;
use http::header::{HOST, LOCATION};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::api_client::{ApiArguments, ApiClient, Call};
use super::exit::{Exit, Failure};
use super::output::{self, shown};

/// How long one visit may take.
const VISIT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often an edge or the analytics are asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// Makes a link, follows it, sees its click and deletes it.
#[derive(Debug, Args)]
#[command(
    long_about = "Makes a link over the API, follows it at the edge, waits for its click in the analytics, and deletes the link. It tells how \
long each of that took. The token needs to read and write links, and to read analytics."
)]
#[command(after_long_help = "Examples:
  elido selftest
  elido selftest --api-url http://api-core:8090 --edge-url http://edge-redirect")]
pub struct SelftestArguments {
    /// An edge to ask in place of the one that the link's own address leads to. The link's host is sent along.
    #[arg(long, value_name = "URL")]
    edge_url: Option<Url>,
    /// How long the redirect may take to work, and the click to be seen, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    #[command(flatten)]
    api: ApiArguments,
}

/// Runs the command.
///
/// # Errors
/// Says which step failed, and why.
pub async fn run(arguments: SelftestArguments) -> Result<(), Failure> {
    let client = ApiClient::new(&arguments.api)?;
    let workspace = client.workspace_path(&arguments.api).await?;
    let started = Instant::now();
    let slug = format!("selftest-{}", Uuid::now_v7().simple());
    let destination = format!("https://example.com/{slug}");
    let body = json!({"destination_url": destination, "slug": slug, "title": "elido selftest"});
    let link = client.call(&Call::post(&format!("{workspace}/links"), &body)?).await.map_err(during("the link"))?.body;
    let path = format!("{workspace}/links/{}", shown(link.get("id")));
    let made = started.elapsed();
    let used = use_it(&client, &arguments, &workspace, &link, &destination).await;
    let deleted = client.call(&Call::delete(&path)).await.map_err(during("deleting the link"));
    let (redirected, counted) = used?;
    deleted?;
    output::result_line(&json!({
        "link_ms": made.as_millis(), "redirect_ms": redirected.as_millis(), "click_ms": counted.as_millis(),
    }))
}

/// Follows the link and sees the click: how long each took.
async fn use_it(
    client: &ApiClient,
    arguments: &SelftestArguments,
    workspace: &str,
    link: &Value,
    destination: &str,
) -> Result<(Duration, Duration), Failure> {
    let limit = Duration::from_secs(arguments.timeout);
    let visitor = Visitor::of(link, arguments.edge_url.as_ref())?;
    let redirected = redirect(&visitor, destination, limit).await?;
    let query = [("link", shown(link.get("id"))), ("include", "bots,previews,prefetches,heads".to_owned())];
    let counted = click(client, &Call::get(&format!("{workspace}/analytics/summary"), &query), limit).await?;
    Ok((redirected, counted))
}

/// Visits until the link leads where it should: an edge hears of a new link within a second.
async fn redirect(visitor: &Visitor, destination: &str, limit: Duration) -> Result<Duration, Failure> {
    let started = Instant::now();
    loop {
        let seen = visitor.visit().await;
        if seen.as_deref() == Ok(destination) {
            return Ok(started.elapsed());
        }
        if started.elapsed() > limit {
            let what = seen.map_or_else(|why| why, |location| format!("leads to {location}, not to {destination}"));
            let message = format!("the redirect: after {limit:?}, {} {what}", visitor.url);
            return Err(Failure::new(Exit::Failure, message));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Asks until the click is counted.
async fn click(client: &ApiClient, summary: &Call<'_>, limit: Duration) -> Result<Duration, Failure> {
    let started = Instant::now();
    loop {
        let answer = client.call(summary).await.map_err(during("the click"))?;
        if answer.body.get("clicks").and_then(Value::as_u64).is_some_and(|clicks| clicks > 0) {
            return Ok(started.elapsed());
        }
        if started.elapsed() > limit {
            let message = format!("the click: it is not in the analytics after {limit:?}");
            return Err(Failure::new(Exit::Failure, message));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Who follows the link.
struct Visitor {
    http: reqwest::Client,
    url: Url,
    host: String,
}

impl Visitor {
    /// A visitor of the link at its own address, or at this edge.
    fn of(link: &Value, edge: Option<&Url>) -> Result<Self, Failure> {
        let address = shown(link.get("short_url"));
        let unusable = |error: &dyn std::fmt::Display| {
            Failure::new(Exit::Failure, format!("the address {address:?} of the link: {error}"))
        };
        let mut url = Url::parse(&address).map_err(|error| unusable(&error))?;
        let host = url[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
        if let Some(edge) = edge {
            let path = url.path().to_owned();
            url = edge.clone();
            url.set_path(&path);
        }
        let http =
            reqwest::Client::builder().timeout(VISIT_TIMEOUT).redirect(reqwest::redirect::Policy::none()).build();
        Ok(Self { http: http.map_err(|error| unusable(&error))?, url, host })
    }

    /// Where the link leads; or what came in place of a redirect.
    async fn visit(&self) -> Result<String, String> {
        let asked = self.http.get(self.url.clone()).header(HOST, &self.host).send().await;
        let answer = asked.map_err(|error| format!("did not answer ({error})"))?;
        let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        location.map(str::to_owned).ok_or_else(|| format!("answered {}", answer.status()))
    }
}

/// Says at which step a call failed.
fn during(step: &str) -> impl Fn(Failure) -> Failure {
    move |failure| Failure { message: format!("{step}: {}", failure.message), ..failure }
}
