//! Folders, histories, the bin, comments, templates and edits of many links on the command line.

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

#[tokio::test(flavor = "multi_thread")]
async fn campaigns_come_from_flags_and_templates_and_are_changed_on_many_links() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let run = async |arguments: &[&str]| prints(&platform, Some(&account), arguments).await;
    let create =
        ["utm-template", "create", "Newsletter", "--utm-source", "newsletter", "--utm-medium", "email", "--json"];
    let template = json(&run(&create).await);
    let template = template["id"].as_str().expect("an id");
    assert!(run(&["utm-template", "list"]).await.contains("Newsletter"));
    let renamed = json(&run(&["utm-template", "update", template, "--name", "Letter", "--json"]).await);
    assert_eq!((&renamed["name"], &renamed["utm"]["source"]), (&"Letter".into(), &"newsletter".into()));
    let nothing = elido(&platform, Some(&account), &["utm-template", "update", template]).await;
    assert_eq!(nothing.status.code(), Some(2));

    let create =
        ["link", "create", "https://example.com/", "--utm-template-id", template, "--utm-source", "print", "--json"];
    let link = json(&run(&create).await);
    assert_eq!((&link["utm"]["source"], &link["utm"]["medium"]), (&"print".into(), &"email".into()));
    let link = link["id"].as_str().expect("an id");
    let utm = async || json(&run(&["link", "get", link, "--json"]).await)["utm"].clone();
    // Those given replace all that it has.
    run(&["link", "update", link, "--utm-campaign", "spring", "--utm-term", "shoes", "--utm-content", "top"]).await;
    assert_eq!(utm().await, serde_json::json!({ "campaign": "spring", "term": "shoes", "content": "top" }));
    let edit =
        ["link", "bulk-edit", "--search", "example.com", "--utm-campaign", "summer", "--utm-source", "mail", "--yes"];
    assert!(run(&edit).await.starts_with("1 changed"));
    let expected = serde_json::json!({ "source": "mail", "campaign": "summer", "term": "shoes", "content": "top" });
    assert_eq!(utm().await, expected);
    run(&["link", "update", link, "--clear", "utm", "--tag", "a"]).await;
    assert_eq!(utm().await, serde_json::json!({}));
    run(&["link", "update", link, "--clear", "tags"]).await;
    assert_eq!(json(&run(&["link", "get", link, "--json"]).await)["tags"], serde_json::json!([]));
    run(&["utm-template", "delete", template]).await;
    let gone = elido(&platform, Some(&account), &["utm-template", "show", template]).await;
    assert!(!gone.status.success() && String::from_utf8_lossy(&gone.stderr).contains("not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_commented_on_known_by_another_name_compared_and_said_to_be_printed() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let run = async |arguments: &[&str]| prints(&platform, Some(&account), arguments).await;
    let put = |to| ["link", "put", "crm/7 ü", to, "--slug", "sale", "--json"];
    let link = json(&run(&put("https://example.com/")).await);
    let same = json(&run(&put("https://example.com/")).await);
    let changed = json(&run(&put("https://example.com/new")).await);
    assert_eq!((&same["id"], &same["version"]), (&link["id"], &link["version"]));
    assert_eq!((&changed["id"], &changed["destination_url"]), (&link["id"], &"https://example.com/new".into()));
    let found = json(&run(&["link", "get", "--external-id", "crm/7 ü", "--json"]).await);
    assert_eq!((&found["id"], &found["external_id"]), (&link["id"], &"crm/7 ü".into()));
    let nothing = elido(&platform, Some(&account), &["link", "get"]).await;
    assert_eq!(nothing.status.code(), Some(2));

    let link = link["id"].as_str().expect("an id");
    let comment = json(&run(&["link", "comment", "add", link, "Ends on Friday", "--json"]).await);
    let comment = comment["id"].as_str().expect("an id");
    assert!(run(&["link", "comment", "list", link]).await.contains("Ends on Friday"));
    assert!(run(&["link", "comment", "update", link, comment, "Ends on Monday"]).await.contains("Ends on Monday"));
    assert_eq!(run(&["link", "comment", "delete", link, comment]).await, format!("deleted {comment}\n"));
    assert_eq!(run(&["link", "comment", "list", link, "--json"]).await, "");

    assert_eq!(run(&["link", "duplicates", "--json"]).await, "");
    let other = json(&run(&["link", "create", "https://example.com/new", "--json"]).await);
    let duplicates = json(&run(&["link", "duplicates", "--json"]).await);
    assert_eq!(duplicates["link_ids"], serde_json::json!([link, other["id"]]));
    assert!(run(&["link", "duplicates"]).await.contains("https://example.com/new"));

    assert!(run(&["link", "mark-printed", link]).await.contains("may be in print since 2"));
    let refused = elido(&platform, Some(&account), &["link", "delete", link]).await;
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("may be in print"));
    assert!(run(&["link", "unmark-printed", link]).await.contains("is not in print"));
    let shown = run(&["link", "bulk-edit", "--search", "example.com/new", "--delete"]).await;
    assert!(shown.starts_with("2 links"), "{shown}");
    let until = ["link", "bulk-edit", "--created-until", "2020-01-01T00:00:00Z", "--delete"];
    assert!(run(&until).await.starts_with("0 links"));
    assert!(
        run(&["link", "bulk-edit", "--search", "example.com/new", "--delete", "--yes"]).await.starts_with("2 changed")
    );
    assert_eq!(run(&["link", "list", "--json"]).await, "");
}
