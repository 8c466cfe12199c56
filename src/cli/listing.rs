//! Whole lists of the API as tables or lines of JSON, and single things of them.

use std::fmt::Display;

use serde_json::{Value, json};

use super::api_client::{ApiClient, Call};
use super::exit::Failure;
use super::output::{self, shown};
use super::pages::Pages;

/// Prints at most `wanted` items of a list: these columns, or one line of JSON each. A page is printed as soon as it is there, so
/// that a long list takes no memory.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn print(mut pages: Pages<'_>, mut wanted: u64, columns: &[&str], json: bool) -> Result<(), Failure> {
    let mut headings = columns;
    while let Some(items) = pages.next(wanted).await? {
        wanted = wanted.saturating_sub(u64::try_from(items.len()).unwrap_or(u64::MAX));
        if json {
            items.iter().try_for_each(output::json_line)?;
            continue;
        }
        let row = |item: &Value| columns.iter().map(|column| shown(item.get(column))).collect();
        output::table(headings, &items.iter().map(row).collect::<Vec<_>>())?;
        headings = &[];
    }
    Ok(())
}

/// Does `what` to these items of the list, one after another, and says of each that it is done: in these words, or with what the API
/// answered.
///
/// # Errors
/// When the server cannot be reached or refuses; what came before is done.
pub async fn do_each<T: Display>(
    client: &ApiClient,
    list: &str,
    ids: &[T],
    what: &str,
    done: &str,
    json: bool,
) -> Result<(), Failure> {
    for id in ids {
        let response = client.call(&Call::post(&format!("{list}/{id}/{what}"), &json!({}))?).await?;
        match (json, response.body) {
            (false, _) => output::line(&format!("{id} {done}"))?,
            (true, Value::Null) => output::json_line(&json!({ "id": id.to_string() }))?,
            (true, item) => output::json_line(&item)?,
        }
    }
    Ok(())
}

/// Prints one thing: what there is to know of it, or what the API answered.
///
/// # Errors
/// When standard output is closed.
pub fn print_one(item: &Value, json: bool) -> Result<(), Failure> {
    if json {
        return output::json(item);
    }
    let fields: Vec<(&str, String)> =
        item.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), shown(Some(value)))).collect();
    output::record(&fields)
}
