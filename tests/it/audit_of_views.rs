//! How operations on saved views, shared pages and reports by mail are done, so that their audit rows are looked for.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::members::user_id;
use crate::support::platform::{Account, Platform, body};

async fn make(platform: &Platform, account: &Account, path: &str, form: &Value) -> String {
    let made = body(platform.of(account, Method::POST, path).json(form), StatusCode::CREATED).await;
    format!("{path}/{}", made["id"].as_str().expect("an id"))
}

async fn report(platform: &Platform, account: &Account) -> Value {
    json!({ "name": "T", "every": "month", "recipients": [user_id(platform, account).await] })
}

async fn make_report(platform: &Platform, account: &Account) -> String {
    make(platform, account, "/report-schedules", &report(platform, account).await).await
}

/// The method, the path below the workspace and the body that do an operation.
pub async fn request(platform: &Platform, account: &Account, operation: &str) -> Option<(Method, String, Value)> {
    let view = json!({ "name": "T", "page": "links", "query": "tag=a" });
    let share = json!({ "name": "T" });
    Some(match operation {
        "create_view" => (Method::POST, "/views".to_owned(), view),
        "update_view" => (Method::PATCH, make(platform, account, "/views", &view).await, json!({ "name": "U" })),
        "delete_view" => (Method::DELETE, make(platform, account, "/views", &view).await, Value::Null),
        "createReportSchedule" => (Method::POST, "/report-schedules".to_owned(), report(platform, account).await),
        "updateReportSchedule" => (Method::PATCH, make_report(platform, account).await, json!({ "paused": true })),
        "deleteReportSchedule" => (Method::DELETE, make_report(platform, account).await, Value::Null),
        "createShare" => (Method::POST, "/shares".to_owned(), share),
        "updateShare" => (Method::PATCH, make(platform, account, "/shares", &share).await, json!({ "name": "U" })),
        "revokeShare" => (Method::DELETE, make(platform, account, "/shares", &share).await, Value::Null),
        _ => return None,
    })
}
