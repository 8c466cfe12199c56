//! The files by which an app and a host name know each other, as owners write them.

use serde_json::Value;

use crate::services::api_core::field_errors::FieldErrors;

/// The longest file, in bytes. Apple reads 128 KiB.
const BYTES_MAX: usize = 64 * 1024;
/// What Apple's file may be about.
const APPLE_PARTS: [&str; 4] = ["applinks", "webcredentials", "appclips", "activitycontinuation"];

/// Apple's file: an object of the parts that systems know.
pub(super) fn apple(errors: &mut FieldErrors, document: &Value) -> Option<String> {
    let is_known = |(name, part): (&String, &Value)| APPLE_PARTS.contains(&name.as_str()) && part.is_object();
    let is_right = document.as_object().is_some_and(|parts| !parts.is_empty() && parts.iter().all(is_known));
    let message = format!("expected an object with some of {}, each an object", APPLE_PARTS.join(", "));
    checked(errors, "/apple_app_site_association", document, is_right.then_some(()).ok_or(message))
}

/// Android's file: a list of statements, each of relations and a target.
pub(super) fn android(errors: &mut FieldErrors, document: &Value) -> Option<String> {
    let is_text_list =
        |list: &Value| list.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_string));
    let is_statement = |statement: &Value| {
        let target = statement.get("target").and_then(|target| target.get("namespace"));
        statement.get("relation").is_some_and(is_text_list) && target.is_some_and(Value::is_string)
    };
    let is_right = document.as_array().is_some_and(|list| list.iter().all(is_statement));
    let message = "expected a list of statements, each with a list relation of texts and a target with a namespace";
    checked(errors, "/asset_links", document, is_right.then_some(()).ok_or(message.to_owned()))
}

/// What a column holds.
pub(super) fn read(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

fn checked(errors: &mut FieldErrors, pointer: &str, document: &Value, form: Result<(), String>) -> Option<String> {
    let text = document.to_string();
    if text.len() > BYTES_MAX {
        errors.add(pointer, "too_large", format!("a file has at most {BYTES_MAX} bytes"));
        return None;
    }
    errors.check(pointer, "invalid_association", form).map(|()| text)
}
