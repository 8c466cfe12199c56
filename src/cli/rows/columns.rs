//! The columns of a CSV file: which fields of a link they are, and how their cells become JSON and back.

use serde_json::{Map, Value};

use super::RowError;

/// What separates the items of a list in a cell.
const LIST_SEPARATOR: char = ',';

/// A field of a link that a file may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The field's name, which is the heading.
    pub name: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The cell is the value.
    Text,
    /// A whole number that is not negative.
    Number,
    /// `true` or `false`.
    Flag,
    /// Items with commas between them.
    List,
    /// A JSON document.
    Json,
    /// Written by an export and known to the server alone: passed over.
    ReadOnly,
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

/// Every column, in the order that an export writes.
pub const COLUMNS: [Column; 31] = [
    column("short_url", Kind::ReadOnly),
    column("destination_url", Kind::Text),
    column("domain", Kind::Text),
    column("slug", Kind::Text),
    column("title", Kind::Text),
    column("description", Kind::Text),
    column("image_url", Kind::Text),
    column("comment", Kind::Text),
    column("tags", Kind::List),
    column("external_id", Kind::Text),
    column("redirect_status", Kind::Number),
    column("starts_at", Kind::Text),
    column("expires_at", Kind::Text),
    column("expired_url", Kind::Text),
    column("max_clicks", Kind::Number),
    column("password", Kind::Text),
    column("password_protected", Kind::ReadOnly),
    column("forward_query", Kind::Text),
    column("forward_path", Kind::Flag),
    column("utm", Kind::Json),
    column("rules", Kind::Json),
    column("archived", Kind::Flag),
    column("disabled_reason", Kind::ReadOnly),
    column("clicks", Kind::ReadOnly),
    column("last_click_at", Kind::ReadOnly),
    column("used_clicks", Kind::ReadOnly),
    column("version", Kind::ReadOnly),
    column("id", Kind::ReadOnly),
    column("created_by", Kind::ReadOnly),
    column("created_at", Kind::ReadOnly),
    column("updated_at", Kind::ReadOnly),
];

impl Column {
    /// The column with this heading.
    #[must_use]
    pub fn named(heading: &str) -> Option<Self> {
        COLUMNS.into_iter().find(|column| column.name == heading)
    }

    /// Adds the value of a cell; an empty cell adds nothing.
    ///
    /// # Errors
    /// Says what a cell of this column holds.
    pub fn read(self, cell: &str, fields: &mut Map<String, Value>) -> Result<(), RowError> {
        if cell.is_empty() {
            return Ok(());
        }
        let error = |detail: &str| RowError {
            pointer: format!("/{}", self.name),
            code: "invalid_value",
            detail: detail.to_owned(),
        };
        let value = match self.kind {
            Kind::ReadOnly => return Ok(()),
            Kind::Text => Value::from(cell),
            Kind::Number => cell.parse::<u64>().map(Value::from).map_err(|_| error("expected a whole number"))?,
            Kind::Flag => cell.parse::<bool>().map(Value::from).map_err(|_| error("expected true or false"))?,
            Kind::List => cell.split(LIST_SEPARATOR).map(str::trim).filter(|item| !item.is_empty()).collect(),
            Kind::Json => serde_json::from_str(cell).map_err(|_| error("expected a JSON document"))?,
        };
        fields.insert(self.name.to_owned(), value);
        Ok(())
    }

    /// The cell that holds the field's value.
    #[must_use]
    pub fn write(self, link: &Map<String, Value>) -> String {
        match link.get(self.name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(items)) if self.kind == Kind::List => {
                let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                items.join(&LIST_SEPARATOR.to_string())
            }
            Some(Value::Array(items)) if items.is_empty() => String::new(),
            Some(Value::Object(members)) if members.is_empty() => String::new(),
            Some(value) => value.to_string(),
        }
    }
}

/// Leaves out what an export holds and only the server may set, and what has no value.
pub fn keep_writable(fields: &mut Map<String, Value>) {
    fields.retain(|name, value| {
        !value.is_null() && Column::named(name).is_none_or(|column| column.kind != Kind::ReadOnly)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn what_an_export_writes_an_import_reads() {
        let link = object(&json!({
            "destination_url": "https://example.com/,\"", "slug": "a", "tags": ["x", "y z"], "max_clicks": 7,
            "forward_path": true, "rules": [{"name": "r"}], "utm": {}, "title": null, "id": "lnk_1", "clicks": 12
        }));
        let mut fields = Map::new();
        for column in COLUMNS {
            column.read(&column.write(&link), &mut fields).expect("a readable cell");
        }
        let mut expected = link;
        keep_writable(&mut expected);
        expected.remove("utm");
        assert_eq!(fields, expected);
    }

    #[test]
    fn cells_of_the_wrong_form_name_their_column() {
        for (name, cell) in [("max_clicks", "-1"), ("forward_path", "yes"), ("rules", "{")] {
            let column = Column::named(name).expect("a column");
            let error = column.read(cell, &mut Map::new()).expect_err("an error");
            assert_eq!(error.pointer, format!("/{name}"));
        }
    }
}
