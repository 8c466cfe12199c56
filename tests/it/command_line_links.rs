//! Folders, histories, the bin and edits of many links on the command line.

use serde_json::Value;

use crate::command_line_people::{elido, prints};
use crate::support::platform::Platform;

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_filed_gone_back_to_restored_and_edited_together() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let run = async |arguments: &[&str]| prints(&platform, Some(&account), arguments).await;
    let folder = json(&run(&["folder", "create", "Spring", "--json"]).await);
    let folder = folder["id"].as_str().expect("an id");
    let made = run(&["link", "create", "https://example.com/", "--slug", "one", "--folder-id", folder, "--json"]).await;
    let link = json(&made)["id"].as_str().expect("an id").to_owned();
    assert!(run(&["folder", "list"]).await.contains("Spring"));
    assert!(run(&["link", "list", "--folder", folder]).await.contains(&link));
    assert!(!run(&["link", "list", "--folder", "none"]).await.contains(&link));
    assert!(run(&["folder", "access", folder, "--everybody", "view"]).await.contains("view"));
    assert!(run(&["folder", "rename", folder, "Summer"]).await.contains("Summer"));
    let refused = elido(&platform, Some(&account), &["folder", "delete", folder]).await;
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("Move them out"));

    run(&["link", "update", &link, "--title", "T"]).await;
    let history = run(&["link", "history", &link, "--json"]).await;
    assert_eq!(history.lines().count(), 2, "{history}");
    assert!(run(&["link", "revert", &link, "1"]).await.contains("version 3"));
    assert!(run(&["link", "undo"]).await.starts_with("1 links"));
    assert_eq!(json(&run(&["link", "get", &link, "--json"]).await)["title"], "T");
    run(&["link", "delete", &link]).await;
    assert!(run(&["link", "deleted"]).await.contains(&link));
    assert!(run(&["link", "restore", &link, "--slug", "again"]).await.contains("/again"));

    let shown = run(&["link", "bulk-edit", "--search", "example.com", "--add-tag", "filed", "--move-to", "none"]).await;
    assert!(shown.contains("1 links") && shown.contains("folder_id") && shown.contains("tags"), "{shown}");
    let edit = ["link", "bulk-edit", "--search", "example.com", "--add-tag", "filed", "--move-to", "none", "--yes"];
    assert!(run(&edit).await.starts_with("1 changed"));
    assert!(run(&["link", "list", "--tag", "filed", "--folder", "none"]).await.contains(&link));
    run(&["folder", "delete", folder]).await;
    run(&["link", "delete", &link]).await;
    run(&["link", "purge", &link]).await;
    assert!(!run(&["link", "deleted"]).await.contains(&link));
}
