//! `elido selftest` against a running platform.

use serde_json::Value;

use crate::command_line::CommandLine;
use crate::support::platform::Platform;

#[tokio::test(flavor = "multi_thread")]
async fn a_selftest_makes_follows_counts_and_deletes_a_link() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let elido = CommandLine::new(&platform, &account);
    let edge = platform.edge("");
    let scopes = ["--scope", "links:read", "--scope", "links:write", "--scope", "analytics:read"];
    let key = elido.prints(&[&["key", "create", "selftest"][..], &scopes].concat()).await;
    let told = elido.prints(&["selftest", "--edge-url", &edge, "--token", key.trim_end()]).await;
    let figures: Value = serde_json::from_str(told.strip_prefix("RESULT ").expect("figures")).expect("JSON");
    assert!(["link_ms", "redirect_ms", "click_ms"].iter().all(|name| figures[name].is_u64()), "{figures}");
    assert_eq!(elido.prints(&["link", "list", "--json"]).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selftest_says_which_step_failed_and_deletes_its_link_all_the_same() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let elido = CommandLine::new(&platform, &account);
    // The API is no edge.
    let api = platform.api("");
    let output = elido.run(&["selftest", "--edge-url", &api, "--timeout", "1"]).await;
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("the redirect: after 1s") && told.contains("404"), "{told}");
    assert_eq!(elido.prints(&["link", "list", "--json"]).await, "");
    let output = elido.run(&["selftest", "--token", "elido_wrong"]).await;
    assert_eq!(output.status.code(), Some(77));
}
