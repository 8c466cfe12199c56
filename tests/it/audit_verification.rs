//! What `elido audit verify` finds in the live database, whatever somebody did to the trail behind the back of the platform.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::audit::{elido, text};
use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements::{do_again, execute};

/// The chain of the only workspace, and that of the instance.
const WORKSPACE: &str = "chain = (SELECT id FROM workspaces)";
const INSTANCE: &str = "chain <> (SELECT id FROM workspaces)";
/// Everything but chain and number.
const REST: &str = "id, actor, action, target, before, after, address, request_id, created_at, hash";
const TABLES: [&str; 2] = ["audit_events", "audit_heads"];

/// What is done, and what has to be told of it.
struct Attack {
    statements: Vec<String>,
    told: &'static str,
}

fn attack(statements: &[String], told: &'static str) -> Attack {
    Attack { statements: statements.to_vec(), told }
}

fn delete(table: &str, rows: &str) -> String {
    format!("DELETE FROM {table} WHERE {rows}")
}

fn renumber(rows: &str, number: &str) -> String {
    format!("UPDATE audit_events SET sequence = {number} WHERE {WORKSPACE} AND {rows}")
}

fn insert(chain: &str, number: &str, rows: &str) -> String {
    format!(
        "INSERT INTO audit_events (chain, sequence, {REST}) SELECT {chain}, {number}, {REST} FROM audit_events WHERE {WORKSPACE}{rows}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_is_written_meanwhile_is_whole() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let writing = async {
        loop {
            platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
        }
    };
    let verifying = async {
        for _ in 0..12 {
            let output = elido(&platform, &account, &["audit", "verify"]).await;
            assert!(output.status.success(), "{}", text(&output));
        }
    };
    tokio::select! {
        () = writing => {}
        () = verifying => {}
    }
}

fn attacks() -> Vec<Attack> {
    let edited = format!("UPDATE audit_events SET target = 'lnk_x' WHERE {WORKSPACE} AND sequence = 3");
    let earlier = format!("UPDATE audit_events SET created_at = created_at - 1 WHERE {WORKSPACE} AND sequence = 6");
    let removed = delete("audit_events", &format!("{WORKSPACE} AND sequence = 3"));
    let first = delete("audit_events", &format!("{WORKSPACE} AND sequence = 1"));
    let swapped = [("sequence = 3", "99"), ("sequence = 4", "3"), ("sequence = 99", "4")];
    let swapped = swapped.map(|(rows, number)| renumber(rows, number));
    let in_between = [
        renumber("sequence > 3", "sequence + 100"),
        renumber("sequence > 100", "sequence - 99"),
        insert("chain", "4", " AND sequence = 3"),
    ];
    let last_edited = format!("UPDATE audit_events SET action = 'link.read' WHERE {WORKSPACE} AND sequence = 6");
    let last_removed = delete("audit_events", &format!("{WORKSPACE} AND sequence = 6"));
    let last_two_swapped = [("sequence = 6", "99"), ("sequence = 5", "6"), ("sequence = 99", "5")];
    let last_two_swapped = last_two_swapped.map(|(rows, number)| renumber(rows, number));
    let last_replaced = [last_removed.clone(), insert("chain", "6", " AND sequence = 5")];
    let head = |what: &str| format!("UPDATE audit_heads SET {what} WHERE {WORKSPACE}");
    let other_hash =
        "(SELECT hash FROM audit_events AS other WHERE other.chain = audit_heads.chain AND other.sequence = 5)";
    let behind = insert("chain", "7", " AND sequence = 6");
    let rows_alone = insert("(SELECT id FROM users)", "sequence", "");
    let [rows, heads] = TABLES;
    vec![
        attack(&[edited], "row 3 does not fit its hash"),
        attack(&[earlier], "row 6 does not fit its hash"),
        attack(&[removed], "row 4 stands where row 3 should"),
        attack(&[first], "row 2 stands where row 1 should"),
        attack(&swapped, "row 3 does not fit its hash"),
        attack(&in_between, "row 4 does not fit its hash"),
        attack(&[last_edited], "row 6 does not fit its hash"),
        attack(&[last_removed], "the end was cut off"),
        attack(&last_two_swapped, "row 5 does not fit its hash"),
        attack(&last_replaced, "row 6 does not fit its hash"),
        attack(&[head("sequence = 5")], "the end was cut off or replaced"),
        attack(&[head("sequence = 7")], "the end was cut off or replaced"),
        attack(&[head(&format!("hash = {other_hash}"))], "the end was cut off or replaced"),
        attack(&[head(&format!("sequence = 5, hash = {other_hash}"))], "there are rows behind its head"),
        attack(&[behind], "there are rows behind its head"),
        attack(&[delete(heads, WORKSPACE)], "its head is missing"),
        attack(&[delete(heads, INSTANCE)], "its head is missing"),
        attack(&[rows_alone], "NOT whole"),
        attack(&TABLES.map(|table| delete(table, WORKSPACE)), "it is missing altogether"),
        attack(&TABLES.map(|table| delete(table, INSTANCE)), "instance is NOT whole: it is missing altogether"),
        attack(&[delete(rows, WORKSPACE)], "the end was cut off"),
    ]
}

/// The exit code of the command, and what it said.
async fn verify(platform: &Platform) -> (Option<i32>, String) {
    let account = Account { token: "none".to_owned(), workspace: String::new() };
    let output = elido(platform, &account, &["audit", "verify"]).await;
    (output.status.code(), text(&output))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_to_the_trail_in_the_database_is_found() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    for number in 0..5 {
        platform.create_link(&account, &json!({ "destination_url": format!("https://example.com/{number}") })).await;
    }
    for table in TABLES {
        execute(&platform.config, &format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
    }
    for Attack { statements, told } in attacks() {
        for statement in &statements {
            let changed = execute(&platform.config, statement).await;
            assert!(changed > 0, "{statement}");
        }
        let (code, said) = verify(&platform).await;
        assert!(code == Some(1) && said.contains(told), "{statements:#?}: {code:?} {said}");
        for table in TABLES {
            execute(&platform.config, &delete(table, "true")).await;
            execute(&platform.config, &format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
        }
        let (code, said) = verify(&platform).await;
        assert!(code == Some(0), "put back after {statements:#?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_of_a_workspace_that_is_gone_has_to_be_there_too() {
    let platform = Platform::start_with(|config| config.api.workspace_deletion_days = 0).await;
    let account = platform.account().await;
    body(platform.of(&account, Method::DELETE, ""), StatusCode::NO_CONTENT).await;
    do_again(&platform.config, "purge_workspaces", "attempts = 0").await;
    eventually("the workspace is purged", || async {
        execute(&platform.config, "UPDATE workspaces SET name = name").await == 0
    })
    .await;
    assert_eq!(verify(&platform).await.0, Some(0));
    let gone = "chain <> (SELECT chain FROM audit_events WHERE action = 'workspace.purged')";
    for table in TABLES {
        execute(&platform.config, &delete(table, gone)).await;
    }
    let (code, said) = verify(&platform).await;
    assert!(code == Some(1) && said.contains("it is missing altogether"), "{said}");
}
