//! One batch on its way to the server.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Repetition;
use super::batch::BatchRow;
use super::report::Refusal;
use crate::cli::api_client::{ApiClient, Call};
use crate::cli::exit::{Exit, Failure};
use crate::http::problem::ProblemDocument;

/// What became of a batch.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outcome {
    /// How many rows are links now.
    pub(super) created: u64,
    /// Why the others are not.
    pub(super) refusals: Vec<Refusal>,
}

/// What the server answers: one result for each link, in their order.
#[derive(Debug, Deserialize)]
struct BulkResponse {
    results: Vec<BulkResult>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum BulkResult {
    Created {},
    Existing {},
    Failed { problem: ProblemDocument },
}

/// Creates the links of a batch.
///
/// # Errors
/// When the server cannot be reached, or refuses the batch as a whole.
pub(super) async fn create(
    client: &ApiClient,
    workspace: &str,
    rows: &[BatchRow],
    repetition: &Repetition,
) -> Result<Outcome, Failure> {
    let path = format!("{workspace}/links/bulk");
    let (key, if_exists) = match repetition {
        Repetition::ByKey(key) => (key, None),
        Repetition::ByContent(key) => (key, Some("return")),
    };
    let links: Vec<Map<String, Value>> = rows.iter().map(|row| with_if_exists(&row.fields, if_exists)).collect();
    let call = Call::post(&path, &json!({ "links": links }))?.under_key(key.clone());
    let response = client.call(&call).await?;
    let response: BulkResponse =
        serde_json::from_value(response.body).map_err(|error| unexpected(&error.to_string()))?;
    if response.results.len() != rows.len() {
        return Err(unexpected("it does not have one result for each row"));
    }
    Ok(sorted_out(rows, response.results))
}

fn with_if_exists(fields: &Map<String, Value>, if_exists: Option<&str>) -> Map<String, Value> {
    let mut fields = fields.clone();
    if let Some(choice) = if_exists {
        fields.insert("if_exists".to_owned(), choice.into());
    }
    fields
}

fn sorted_out(rows: &[BatchRow], results: Vec<BulkResult>) -> Outcome {
    let mut outcome = Outcome::default();
    for (row, result) in rows.iter().zip(results) {
        match result {
            BulkResult::Created {} | BulkResult::Existing {} => outcome.created = outcome.created.saturating_add(1),
            BulkResult::Failed { problem } => outcome.refusals.push(refusal(row, problem)),
        }
    }
    outcome
}

fn refusal(row: &BatchRow, problem: ProblemDocument) -> Refusal {
    let field = problem.errors.into_iter().next();
    Refusal {
        row: row.number,
        line: row.line,
        code: field.as_ref().map_or(problem.code, |field| field.code.clone()),
        detail: field.as_ref().map_or(problem.detail, |field| field.detail.clone()),
        pointer: field.map(|field| within_item(&field.pointer)).unwrap_or_default(),
        fields: Some(row.fields.clone()),
    }
}

/// `/links/12/slug` points into the batch; people look for `/slug` in their row.
fn within_item(pointer: &str) -> String {
    let rest = pointer.strip_prefix("/links/").and_then(|rest| rest.split_once('/'));
    rest.map_or_else(|| pointer.to_owned(), |(_, within)| format!("/{within}"))
}

fn unexpected(what: &str) -> Failure {
    Failure::new(Exit::Failure, format!("the server answered a batch with something unexpected: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_its_result() {
        let row = |number| BatchRow { number, line: number + 1, fields: Map::new() };
        let response: BulkResponse = serde_json::from_value(json!({"results": [
            {"status": "created", "link": {"id": "lnk_1"}},
            {"status": "failed", "problem": {"type": "t", "title": "T", "status": 400, "code": "invalid_request",
                "detail": "d", "errors": [{"pointer": "/links/1/slug", "code": "taken", "detail": "it is taken"}]}},
            {"status": "existing", "link": {"id": "lnk_2"}},
        ]}))
        .expect("a response");
        let outcome = sorted_out(&[row(5), row(6), row(7)], response.results);
        assert_eq!(outcome.created, 2);
        let [refusal] = outcome.refusals.as_slice() else { panic!("one refusal") };
        assert_eq!((refusal.row, refusal.code.as_str(), refusal.pointer.as_str()), (6, "taken", "/slug"));
    }

    #[test]
    fn pointers_into_a_batch_become_pointers_into_a_row() {
        assert_eq!(within_item("/links/12/rules/0/name"), "/rules/0/name");
        assert_eq!(within_item("/slug"), "/slug");
        assert_eq!(within_item("/links/12"), "/links/12");
    }
}
