//! Turns what a deserializer says into what a client may read.
//!
//! Invariant: no name of a Rust type leaves the process.

use serde_path_to_error::{Path, Segment};

use crate::domain::error::FieldError;

/// The error at `path`, as an RFC 6901 pointer and a sentence.
pub(super) fn at_pointer(path: &Path, message: &str) -> FieldError {
    let (code, field, message) = described(message);
    let mut pointer: String = path.iter().map(pointer_segment).collect();
    add_field(&mut pointer, field, &|name| format!("/{}", escape(name)));
    FieldError { pointer, code, message }
}

/// The error in the parameter at `path`, by the parameter's name.
pub(super) fn in_parameter(path: &Path, message: &str) -> FieldError {
    let (code, field, message) = described(message);
    let mut pointer = match path.iter().next() {
        Some(Segment::Map { key }) => key.clone(),
        _ => String::new(),
    };
    add_field(&mut pointer, field, &str::to_owned);
    FieldError { pointer, code, message }
}

/// A missing or unknown field is not always part of the path that led there.
fn add_field(pointer: &mut String, field: Option<&str>, written: &dyn Fn(&str) -> String) {
    let Some(name) = field else { return };
    let segment = written(name);
    if !pointer.ends_with(&segment) {
        pointer.push_str(&segment);
    }
}

fn pointer_segment(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", escape(key)),
        // A variant is how the value was read and no step into it; what is unknown has no name.
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    }
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The code, the field that the message names, and a message without type names.
fn described(message: &str) -> (&'static str, Option<&str>, String) {
    if let Some(field) = quoted_after(message, "missing field `") {
        return ("missing", Some(field), "this field is required".to_owned());
    }
    if let Some(field) = quoted_after(message, "unknown field `") {
        return ("unknown_field", Some(field), format!("there is no such field{}", expected_list(message)));
    }
    if let Some(field) = quoted_after(message, "duplicate field `") {
        return ("duplicate", Some(field), "this field is given twice".to_owned());
    }
    if message.starts_with("unknown variant `") {
        return ("unknown_value", None, format!("this value is not known{}", expected_list(message)));
    }
    let code = if message.starts_with("invalid type") { "invalid_type" } else { "invalid_value" };
    (code, None, without_type_names(message))
}

fn quoted_after<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    message.strip_prefix(start)?.split('`').next()
}

/// `; expected …`, as the deserializer lists the names that it knows.
fn expected_list(message: &str) -> String {
    match message.split_once(", expected ") {
        Some((_, list)) => format!("; expected {}", list.replace('`', "\"")),
        None => String::new(),
    }
}

/// What deserializers call Rust's types, and what JSON calls them.
const TYPE_NAMES: [(&str, &str); 12] = [
    ("struct variant ", "an object"),
    ("tuple variant ", "an array"),
    ("newtype variant ", "a value"),
    ("unit variant ", "a name"),
    ("tuple struct ", "an array"),
    ("unit struct ", "null"),
    ("newtype struct ", "a value"),
    ("struct ", "an object"),
    ("internally tagged enum ", "an object with a known \"type\""),
    ("adjacently tagged enum ", "an object with a known \"type\""),
    ("untagged enum ", "a value of one of the documented forms"),
    ("enum ", "one of the documented names"),
];

fn without_type_names(message: &str) -> String {
    if message.starts_with("data did not match any variant of untagged enum") {
        return "the value has none of the documented forms".to_owned();
    }
    for (rust, json) in TYPE_NAMES {
        if let Some((before, after)) = message.split_once(&format!("expected {rust}")) {
            let rest = after.split_once(' ').map_or("", |(_, rest)| rest);
            let space = if rest.is_empty() { "" } else { " " };
            return format!("{before}expected {json}{space}{rest}");
        }
    }
    message.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "read by the deserializer alone")]
    struct SecretName {
        number: u8,
        #[serde(default)]
        inner: Vec<InnerName>,
        #[serde(default)]
        free: BTreeMap<String, u8>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
    #[allow(dead_code, reason = "read by the deserializer alone")]
    enum InnerName {
        Countries { any_of: Vec<String> },
    }

    fn error(json: &str) -> (String, &'static str, String) {
        let mut reader = serde_json::Deserializer::from_str(json);
        let error = serde_path_to_error::deserialize::<_, SecretName>(&mut reader).expect_err("an error");
        let message = error.inner().to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        let field = at_pointer(error.path(), message);
        (field.pointer, field.code, field.message)
    }

    #[test]
    fn errors_point_at_the_field() {
        assert_eq!(error("{}"), ("/number".into(), "missing", "this field is required".into()));
        assert_eq!(error(r#"{"number":"x"}"#).0, "/number");
        assert_eq!(error(r#"{"number":1,"free":{"a/b~c":-1}}"#).0, "/free/a~1b~0c");
        let (pointer, code, message) = error(r#"{"number":1,"extra":2}"#);
        assert_eq!((pointer.as_str(), code), ("/extra", "unknown_field"));
        assert!(message.contains("\"number\""), "{message}");
        assert_eq!(error(r#"{"number":1,"inner":[{"type":"planets"}]}"#).1, "unknown_value");
    }

    #[test]
    fn type_names_stay_inside() {
        for json in [
            "[]",
            "7",
            r#"{"number":1,"inner":[7]}"#,
            r#"{"number":1,"inner":[{}]}"#,
            r#"{"number":1,"inner":{}}"#,
            r#"{"number":1,"inner":[{"type":"countries","any_of":{}}]}"#,
            r#"{"number":1,"inner":[{"type":"countries","any":[]}]}"#,
        ] {
            let (pointer, code, message) = error(json);
            assert!(!message.contains("Name") && !message.contains("enum"), "{json}: {pointer} {code} {message}");
        }
    }
}
