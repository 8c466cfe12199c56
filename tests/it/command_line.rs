//! The command line against a running platform.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::people::{is_signed_in, newcomer};
use crate::support::platform::{Account, Platform, eventually};

/// `elido` as a test calls it: with a platform, an account and a folder of its own.
pub struct CommandLine<'a> {
    platform: &'a Platform,
    account: &'a Account,
    folder: tempfile::TempDir,
}

impl<'a> CommandLine<'a> {
    pub fn new(platform: &'a Platform, account: &'a Account) -> Self {
        Self { platform, account, folder: tempfile::tempdir().expect("a folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("a file");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_elido"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("ELIDO_API_URL", self.platform.api(""))
            .env("ELIDO_TOKEN", &self.account.token)
            .env("ELIDO_WORKSPACE", &self.account.workspace)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end, while the platform goes on in this process.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        let ended = tokio::task::spawn_blocking(move || command.output());
        ended.await.expect("a thread").expect("elido runs")
    }

    /// Runs a command that has to succeed, and returns what it printed.
    pub async fn prints(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs a command for a moment and kills it; `None` if it was.
    async fn interrupted(&self, arguments: &[&str], after: Duration) -> Option<ExitStatus> {
        let mut child =
            self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("elido runs");
        let started = Instant::now();
        while started.elapsed() < after {
            if let Some(ended) = child.try_wait().expect("its end") {
                return Some(ended);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        child.kill().expect("it is killed");
        child.wait().expect("its end");
        None
    }
}

/// Every line of NDJSON.
pub fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a file")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_made_read_changed_listed_and_deleted() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let elido = CommandLine::new(&platform, &account);
    let short_url = elido
        .prints(&["link", "create", "https://example.com/a", "--slug", "sale", "--tag", "spring", "--max-clicks", "9"])
        .await;
    assert!(short_url.trim_end().ends_with("/sale"), "{short_url}");
    let link: Value =
        serde_json::from_str(&elido.prints(&["link", "get", "--json", "localhost/sale"]).await).expect("JSON");
    assert_eq!((&link["tags"][0], &link["max_clicks"]), (&"spring".into(), &9.into()));
    let id = link["id"].as_str().expect("an id");
    elido.prints(&["link", "update", id, "--destination-url", "https://example.com/b", "--clear", "max_clicks"]).await;
    let shown = elido.prints(&["link", "get", short_url.trim_end()]).await;
    assert!(shown.contains("https://example.com/b") && !shown.contains("max_clicks"), "{shown}");
    assert_eq!(elido.prints(&["link", "list", "--tag", "spring"]).await.lines().count(), 2);
    assert_eq!(lines(&elido.prints(&["link", "list", "--json", "--search", "nothing"]).await).len(), 0);
    elido.prints(&["link", "delete", id]).await;
    assert_eq!(elido.run(&["link", "get", id]).await.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_end_with_the_documented_codes() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let elido = CommandLine::new(&platform, &account);
    let code = async |arguments: &[&str]| elido.run(arguments).await.status.code();
    assert_eq!(code(&["link", "create"]).await, Some(2));
    assert_eq!(code(&["link", "get", "nonsense"]).await, Some(2));
    assert_eq!(code(&["config", "check", "--config", "absent.toml"]).await, Some(64));
    assert_eq!(code(&["link", "list", "--api-url", "http://127.0.0.1:1"]).await, Some(69));
    assert_eq!(code(&["link", "list", "--token", "elido_wrong"]).await, Some(77));
    assert_eq!(code(&["health", "--url", &platform.internal("")]).await, Some(0));
    assert_eq!(code(&["completions", "bash"]).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_again_and_again_makes_every_row_once() {
    const ROWS: usize = 3000;
    let platform = Platform::start().await;
    let account = platform.account().await;
    let elido = CommandLine::new(&platform, &account);
    let rows: Vec<String> = (0..ROWS).map(|row| format!("https://example.com/{row},{}", row % 7)).collect();
    elido.write("links.csv", &format!("destination_url,title\n{}\n", rows.join("\n")));
    let arguments = ["import", "--batch-rows", "50", "--json", "links.csv"];
    let mut kills = 0;
    // Later and later, so that it comes to its end on any machine.
    let ended = loop {
        match elido.interrupted(&arguments, Duration::from_millis(60 * (kills + 1))).await {
            Some(status) => break status,
            None => kills += 1,
        }
    };
    assert!(ended.success());
    assert!(kills > 2, "it was interrupted {kills} times");
    let summary = lines(&elido.prints(&arguments).await);
    assert_eq!((&summary[0]["rows"], &summary[0]["created"]), (&ROWS.into(), &ROWS.into()));

    elido.prints(&["export", "all.ndjson"]).await;
    let mut destinations: Vec<String> = lines(&read(&elido.path("all.ndjson")))
        .iter()
        .map(|link| link["destination_url"].as_str().expect("a URL").to_owned())
        .collect();
    assert_eq!(destinations.len(), ROWS);
    destinations.sort_unstable();
    destinations.dedup();
    assert_eq!(destinations.len(), ROWS);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_rows_are_reported_and_do_not_stop_the_others() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let elido = CommandLine::new(&platform, &account);
    elido.write(
        "links.csv",
        "destination_url,slug,max_clicks\n\
         https://example.com/1,one,\n\
         javascript:alert(1),two,\n\
         https://example.com/3,one,\n\
         https://example.com/4,four,many\n\
         https://example.com/5,five,5\n",
    );
    let output = elido.run(&["import", "links.csv", "--report", "refused.ndjson"]).await;
    assert_eq!(output.status.code(), Some(65), "{}", String::from_utf8_lossy(&output.stderr));
    let report = lines(&read(&elido.path("refused.ndjson")));
    let told: Vec<(u64, &str)> = report
        .iter()
        .map(|refusal| (refusal["row"].as_u64().expect("a row"), refusal["code"].as_str().expect("a code")))
        .collect();
    assert_eq!(told, [(2, "invalid_url"), (3, "slug_taken"), (4, "invalid_value")]);
    assert_eq!(report[0]["fields"]["slug"], "two");
    assert_eq!(lines(&elido.prints(&["link", "list", "--json"]).await).len(), 2);
    // The same file once more changes nothing; asked for again, it makes what is not there yet.
    assert_eq!(elido.run(&["import", "links.csv", "--report", "refused.ndjson"]).await.status.code(), Some(65));
    assert_eq!(lines(&elido.prints(&["link", "list", "--json"]).await).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_that_is_left_open_in_a_file_costs_one_row() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let elido = CommandLine::new(&platform, &account);
    elido.write(
        "links.csv",
        "destination_url,slug,comment\n\
         https://example.com/1,one,\"open\n\
         https://example.com/2,two,\n\
         https://example.com/3,three,\"closed\"\n\
         https://example.com/4,four,\n",
    );
    assert_eq!(elido.run(&["import", "links.csv", "--report", "refused.ndjson"]).await.status.code(), Some(65));
    let report = lines(&read(&elido.path("refused.ndjson")));
    assert_eq!((report.len(), &report[0]["line"], &report[0]["code"]), (1, &2.into(), &"open_quote".into()));
    let detail = report[0]["detail"].as_str().expect("a text");
    assert!(detail.starts_with("the quote that opens in line 2 is closed in line 4,"), "{detail}");
    assert_eq!(lines(&elido.prints(&["link", "list", "--json"]).await).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_can_be_imported_elsewhere() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let elido = CommandLine::new(&platform, &account);
    elido.write(
        "rules.json",
        r#"[{"name":"de","conditions":[{"type":"countries","any_of":["DE"]}],
            "outcome":{"type":"destination","destination_url":"https://example.com/de"}}]"#,
    );
    elido
        .prints(&[
            "link",
            "create",
            "https://example.com/a,\"b\"",
            "--tag",
            "x",
            "--tag",
            "y z",
            "--rules-file",
            "rules.json",
        ])
        .await;
    elido.prints(&["link", "create", "https://example.com/c", "--title", "A \"title\", with commas"]).await;
    let elsewhere = platform.sign_in().await;
    let other = CommandLine::new(&platform, &elsewhere);
    for name in ["links.csv", "links.ndjson"] {
        elido.prints(&["export", name]).await;
        // The slugs are taken in the first workspace, and a new link gets a new one.
        let text = read(&elido.path(name));
        let links = if name == "links.csv" { without_slugs(&text) } else { lines(&text) };
        let file: Vec<String> = links.iter().map(|link| without(link, &["slug"]).to_string()).collect();
        other.write("again.ndjson", &file.join("\n"));
        other.prints(&["import", "again.ndjson", "--report", name]).await;
    }
    let list = lines(&other.prints(&["link", "list", "--json"]).await);
    let own = ["id", "slug", "short_url", "created_by", "created_at", "updated_at"];
    let kept: Vec<Value> = list.iter().map(|link| without(link, &own)).collect();
    assert_eq!(kept.len(), 4);
    assert_eq!((&kept[0], &kept[1]), (&kept[2], &kept[3]));
    assert_eq!(kept[1]["rules"][0]["name"], "de");
    assert_eq!(kept[1]["tags"], serde_json::json!(["x", "y z"]));
    assert_eq!(kept[0]["title"], "A \"title\", with commas");
}

/// The rows of an exported CSV file, as an import would send them.
fn without_slugs(text: &str) -> Vec<Value> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headings = reader.headers().expect("headings").clone();
    let value = |name: &str, cell: &str| match name {
        "tags" => cell.split(',').filter(|tag| !tag.is_empty()).collect(),
        "rules" if !cell.is_empty() => serde_json::from_str(cell).expect("rules"),
        "redirect_status" => cell.parse::<u64>().expect("a status").into(),
        "forward_path" | "archived" | "needs_approval" => cell.parse::<bool>().expect("a flag").into(),
        _ if cell.is_empty() => Value::Null,
        _ => Value::from(cell),
    };
    let link = |record: csv::StringRecord| {
        headings.iter().zip(&record).map(|(name, cell)| (name.to_owned(), value(name, cell))).collect()
    };
    reader.records().map(|record| link(record.expect("a row"))).collect()
}

fn without(link: &Value, names: &[&str]) -> Value {
    let mut link = link.as_object().expect("a link").clone();
    link.retain(|name, _| !names.contains(&name.as_str()));
    Value::Object(link)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_of_redirects_is_stored_click_by_click() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let elido = CommandLine::new(&platform, &account);
    let mut urls = String::new();
    for number in 0..20 {
        let slug = format!("s{number}");
        elido.prints(&["link", "create", &format!("https://example.com/{number}"), "--slug", &slug]).await;
        urls.push_str(&platform.edge(&format!("/{slug}\n")));
    }
    elido.write("urls.txt", &urls);
    elido.write(
        "visitors.ndjson",
        "{\"user-agent\":\"curl/8\"}\n{\"user-agent\":\"Mozilla/5.0\",\"accept-language\":\"de\"}\n",
    );
    let printed = elido
        .prints(&[
            "bench",
            "--file",
            "urls.txt",
            "--requests",
            "5000",
            "--zipf",
            "1",
            "--visitors",
            "visitors.ndjson",
            "--reconcile",
            "--counts",
            "counts.csv",
            "--connections",
            "16",
        ])
        .await;
    let result = printed.lines().last().expect("a last line").strip_prefix("RESULT ").expect("figures");
    let figures: Value = serde_json::from_str(result).expect("JSON");
    assert_eq!(figures["redirects_answered"], 5000);
    assert_eq!((&figures["clicks_stored"], &figures["clicks_difference"]), (&5000.into(), &0.into()));
    let counts = read(&elido.path("counts.csv"));
    let sum: u64 = counts
        .lines()
        .skip(1)
        .map(|line| line.rsplit(',').next().expect("a count").parse::<u64>().expect("a number"))
        .sum();
    assert_eq!(sum, 5000);

    let all = ["--include", "bots,previews,prefetches,heads"];
    let summary = elido.prints(&[&["analytics", "summary", "--json"], &all[..]].concat()).await;
    assert_eq!(serde_json::from_str::<Value>(&summary).expect("JSON")["clicks"], 5000);
    let table = elido.prints(&[&["analytics", "breakdown", "slug"], &all[..]].concat()).await;
    assert_eq!(table.lines().count(), 21, "{table}");
    let hours = elido.prints(&["analytics", "timeseries", "--interval", "hour"]).await;
    assert!(hours.contains("visitors") && hours.contains("\nleft out  bots "), "{hours}");
    let events = elido
        .prints(&[&["analytics", "events", "--json", "--all", "--filter", "language=de"], &all[..]].concat())
        .await;
    assert!(lines(&events).iter().all(|event| event["language"] == "de"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_looks_after_jobs_from_the_terminal() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let elido = CommandLine::new(&platform, &account);
    let done = ["jobs", "list", "--kind", "forget_sessions", "--state", "done", "--json"];
    eventually("a job is done", || async { !elido.prints(&done).await.is_empty() }).await;
    let job = lines(&elido.prints(&done).await)[0].clone();
    let id = job["id"].as_str().expect("an id");
    let shown = elido.prints(&["jobs", "show", id]).await;
    assert!(shown.contains("forget_sessions") && shown.contains("done"), "{shown}");
    assert!(elido.prints(&["jobs", "list"]).await.starts_with("id "));
    let refused = elido.run(&["jobs", "retry", id]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("job_not_dead"));
    assert_eq!(elido.prints(&["jobs", "discard", id]).await, format!("{id} is discarded\n"));
    assert_eq!(elido.run(&["jobs", "show", id]).await.status.code(), Some(1));
    assert_eq!(elido.run(&["jobs", "show", "job_1"]).await.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_look_after_accounts() {
    let platform = Platform::start_with(|config| config.identity.open_registration = true).await;
    let account = platform.account().await;
    let other = newcomer(&platform, "ada@example.com").await;
    let terminal = CommandLine::new(&platform, &account);
    let listed = terminal.prints(&["account", "list", "--email", "ADA@", "--json"]).await;
    let found: Value = serde_json::from_str(&listed).expect("one line");
    assert_eq!((&found["email"], &found["disabled_at"]), (&"ada@example.com".into(), &Value::Null));
    let id = found["id"].as_str().expect("an id");
    terminal.prints(&["account", "disable", id]).await;
    assert!(!is_signed_in(&platform, &other).await);
    assert!(terminal.prints(&["account", "list"]).await.contains("owner@example.com"));
    let enabled = terminal.prints(&["account", "enable", id, "--json"]).await;
    assert!(enabled.contains("\"disabled_at\":null"), "{enabled}");
}
