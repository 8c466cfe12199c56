//! Log lines of a whole process: this binary starts itself and reads what the child writes to standard error.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may fail loudly"
)]

use std::process::Command;

use elido::config::sections::LogFormat;
use elido::{config, telemetry};
use serde_json::Value;

/// Names the part that a child plays.
const PART: &str = "ELIDO_TEST_PART";

fn act(format: LogFormat) {
    let mut config = config::defaults().unwrap();
    config.log.format = format;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.block_on(async { telemetry::start(&config) }).unwrap();
    tracing::info_span!("request", request_id = "req_1")
        .in_scope(|| tracing::warn!(links = 3, "imported \"some\" links"));
    tracing::debug!("too quiet to be told");
    assert!(std::thread::Builder::new().name("till".into()).spawn(|| panic!("on purpose")).unwrap().join().is_err());
}

fn lines_of(part: &str) -> Vec<String> {
    let child =
        Command::new(std::env::current_exe().unwrap()).env(PART, part).env("RUST_BACKTRACE", "0").output().unwrap();
    assert!(child.status.success(), "{child:?}");
    String::from_utf8(child.stderr).unwrap().lines().map(str::to_owned).collect()
}

/// No test harness: a child must not print anything of its own.
fn main() {
    match std::env::var(PART).as_deref() {
        Ok("json") => act(LogFormat::Json),
        Ok(_) => act(LogFormat::Pretty),
        Err(_) => {
            json_lines_are_objects_with_the_request_they_belong_to();
            pretty_lines_are_for_people();
        }
    }
}

fn json_lines_are_objects_with_the_request_they_belong_to() {
    let lines = lines_of("json");
    let parsed: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect(line)).collect();
    let [warning, panic] = parsed.as_slice() else { panic!("{lines:#?}") };
    assert_eq!(warning["level"], "WARN");
    assert_eq!(warning["message"], "imported \"some\" links");
    assert_eq!(warning["links"], 3);
    assert_eq!(warning["span"]["request_id"], "req_1");
    assert_eq!(panic["message"], "panic: on purpose");
    assert_eq!(panic["thread"], "till");
    assert!(panic["location"].as_str().unwrap().starts_with("tests/logs.rs:"));
}

fn pretty_lines_are_for_people() {
    let text = lines_of("pretty").join("\n");
    assert!(text.contains("WARN request{request_id=\"req_1\"}: imported \"some\" links links=3"), "{text}");
    assert!(text.contains("on purpose"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours into a file: {text}");
}
