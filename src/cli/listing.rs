//! Whole lists of the API as tables or lines of JSON, and single things of them.

use serde_json::Value;

use super::api_client::ApiClient;
use super::exit::Failure;
use super::output::{self, shown};
use super::pages::Pages;

/// Prints every item of the list at `path`: these columns, or one line of JSON each. A page is printed as soon as it is there.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn print(
    client: &ApiClient,
    path: &str,
    filters: Vec<(&str, String)>,
    columns: &[&str],
    json: bool,
) -> Result<(), Failure> {
    let mut pages = Pages::new(client, path, filters);
    let mut headings = columns;
    while let Some(items) = pages.next(u64::MAX).await? {
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
