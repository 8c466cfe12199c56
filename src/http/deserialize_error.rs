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
    if let Some(rest) = message.strip_prefix("invalid type: ") {
        return ("invalid_type", None, wrong_sort(rest));
    }
    ("invalid_value", None, wrong_value(message))
}

/// `expected …, not …` of what the deserializer found and wanted. What a text says stays out: it may be a password.
fn wrong_sort(found_and_wanted: &str) -> String {
    let (found, wanted) = found_and_wanted.rsplit_once(", expected ").unwrap_or((found_and_wanted, "another value"));
    let wanted = plain_wanted(wanted);
    match sort_of(found) {
        "a number with a fraction" if wanted.starts_with("a whole number") => {
            format!("expected {wanted}; this has a fraction or is too large")
        }
        found => format!("expected {wanted}, not {found}"),
    }
}

/// What JSON calls the value that a deserializer found.
fn sort_of(found: &str) -> &'static str {
    const SORTS: [(&str, &str); 8] = [
        ("boolean", "true or false"),
        ("integer", "a number"),
        ("floating point", "a number with a fraction"),
        ("string", "a text"),
        ("sequence", "a list"),
        ("map", "an object"),
        ("null", "null"),
        ("unit value", "null"),
    ];
    SORTS.iter().find(|(serde, _)| found.starts_with(serde)).map_or("another value", |(_, json)| json)
}

fn wrong_value(message: &str) -> String {
    const PARSERS: [(&str, &str); 5] = [
        ("invalid digit found in string", "expected a whole number, in digits alone"),
        ("cannot parse integer from empty string", "expected a whole number, not nothing"),
        ("number too large to fit in target type", "this number is too large"),
        ("number too small to fit in target type", "this number is too small"),
        ("provided string was not `true` or `false`", "expected true or false"),
    ];
    if let Some((_, plain)) = PARSERS.iter().find(|(parser, _)| message == *parser) {
        return (*plain).to_owned();
    }
    let is_serde = message.starts_with("invalid value: ") || message.starts_with("invalid length ");
    match message.rsplit_once(", expected ") {
        Some((_, wanted)) if is_serde => format!("expected {}", plain_wanted(wanted)),
        _ => message.to_owned(),
    }
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

/// What deserializers call what they want, and plain words for it.
const WANTED: [(&str, &str); 16] = [
    ("a string", "a text"),
    ("a borrowed string", "a text"),
    ("a boolean", "true or false"),
    ("a sequence", "a list"),
    ("a map", "an object"),
    ("unit", "null"),
    ("u8", "a whole number from 0 to 255"),
    ("u16", "a whole number from 0 to 65535"),
    ("u32", "a whole number from 0 to 4294967295"),
    ("u64", "a whole number that is not negative"),
    ("usize", "a whole number that is not negative"),
    ("i32", "a whole number from -2147483648 to 2147483647"),
    ("i64", "a whole number"),
    ("f64", "a number"),
    ("variant identifier", "one of the documented names"),
    ("field identifier", "the name of a field"),
];

/// How the names of Rust types begin in messages, and what JSON has in their place.
const TYPE_NAMES: [(&str, &str); 6] = [
    ("struct ", "an object"),
    ("internally tagged enum ", "an object with a known \"type\""),
    ("adjacently tagged enum ", "an object with a known \"type\""),
    ("enum ", "one of the documented names"),
    ("tuple ", "a list"),
    ("an array ", "a list of the documented length"),
];

/// What is wanted, without a name of Rust's.
fn plain_wanted(wanted: &str) -> String {
    let known = WANTED.iter().find(|(rust, _)| wanted == *rust);
    let kind = || TYPE_NAMES.iter().find(|(rust, _)| wanted.starts_with(rust));
    known.or_else(kind).map_or_else(|| wanted.to_owned(), |(_, plain)| (*plain).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::documented_forms::DocumentedForms;
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
        let reader = DocumentedForms(&mut reader);
        let error = serde_path_to_error::deserialize::<_, SecretName>(reader).expect_err("an error");
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

    #[test]
    fn a_wrong_sort_of_value_is_told_in_plain_words() {
        for (json, message) in [
            ("[]", "expected an object, not a list"),
            (r#"{"number":"x"}"#, "expected a whole number from 0 to 255, not a text"),
            (r#"{"number":256}"#, "expected a whole number from 0 to 255"),
            (
                r#"{"number":18446744073709551616}"#,
                "expected a whole number from 0 to 255; this has a fraction or is too large",
            ),
            (r#"{"number":1,"inner":{}}"#, "expected a list, not an object"),
            (r#"{"number":1,"inner":[7]}"#, "expected an object with a known \"type\", not a number"),
            (r#"{"number":1,"inner":null}"#, "expected a list, not null"),
            (r#"{"number":1,"inner":[{"type":"countries","any_of":"x, expected y"}]}"#, "expected a list, not a text"),
            (r#"{"number":1,"free":true}"#, "expected an object, not true or false"),
        ] {
            assert_eq!(error(json).2, message, "{json}");
        }
    }
}
