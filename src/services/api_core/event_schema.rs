//! The JSON Schema (2020-12) of what events say, made from the types that they are written from.

use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::recorded_action::EventData;
use crate::domain::error::{Error, Result};

/// Where the OpenAPI document keeps schemas, and where a schema on its own does.
const REFERENCES: (&str, &str) = ("#/components/schemas/", "#/$defs/");

/// The schema of the `data` of events about `T`, with all that it refers to.
pub(super) fn of<T: ToSchema>() -> Result<Value> {
    let mut named: Vec<(String, RefOr<Schema>)> = Vec::new();
    EventData::<T>::schemas(&mut named);
    named.push((T::name().into_owned(), T::schema()));
    let mut definitions = Map::new();
    for (name, schema) in named {
        definitions.insert(name, rewritten(serde_json::to_value(schema).map_err(Error::internal)?));
    }
    let mut schema = rewritten(serde_json::to_value(EventData::<T>::schema()).map_err(Error::internal)?);
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        fields.insert("$defs".to_owned(), Value::Object(definitions));
    }
    Ok(schema)
}

/// The same, with references into itself.
fn rewritten(schema: Value) -> Value {
    match schema {
        Value::String(text) => match text.strip_prefix(REFERENCES.0) {
            Some(name) => Value::String(format!("{}{name}", REFERENCES.1)),
            None => Value::String(text),
        },
        Value::Array(items) => Value::Array(items.into_iter().map(rewritten).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, rewritten(value))).collect())
        }
        other => other,
    }
}
