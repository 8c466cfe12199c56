//! Settings in `ELIDO_…` variables: `ELIDO_EDGE__LISTEN` is `edge.listen`.

use std::ffi::OsString;

use figment::value::{Dict, Num, Tag, Value};

use super::config_error::{ConfigError, quoted};
use super::layer::{Layer, insert};

/// What every variable of ours begins with.
const PREFIX: &str = "ELIDO_";
/// Variables of ours that are no settings: the command line and the tests read them.
const NOT_SETTINGS: [&str; 6] =
    ["ELIDO_CONFIG", "ELIDO_ROLE", "ELIDO_API_URL", "ELIDO_TOKEN", "ELIDO_WORKSPACE", "ELIDO_TEST_"];

/// Deeper keys than any that exist; what follows stays one name.
const LEVELS_MAX: usize = 4;

/// The variables that are settings, one layer each, so that each value remembers its variable.
pub(super) fn layers(
    variables: impl Iterator<Item = (OsString, OsString)>,
    defaults: &Dict,
    errors: &mut Vec<ConfigError>,
) -> Vec<Layer> {
    let mut settings: Vec<(String, OsString)> = variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, value)| is_setting(name, &value.to_string_lossy()))
        .collect();
    settings.sort();
    settings.into_iter().filter_map(|(name, value)| layer(name, value, defaults, errors)).collect()
}

fn layer(name: String, value: OsString, defaults: &Dict, errors: &mut Vec<ConfigError>) -> Option<Layer> {
    let path = path_of(&name);
    let Ok(text) = value.into_string() else {
        errors.push(ConfigError::new(path.join("."), name, "the value is not UTF-8 text", "Write it as UTF-8"));
        return None;
    };
    let mut dict = Dict::new();
    insert(&mut dict, &path, value_like(find(defaults, &path), text));
    Some(Layer { source: name, dict })
}

fn is_setting(name: &str, value: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else { return false };
    let ours = NOT_SETTINGS.iter().any(|known| match known.strip_suffix('_') {
        Some(_) => name.starts_with(known),
        None => name == *known,
    });
    !rest.is_empty() && !ours && !is_service_link(rest, value)
}

/// Whether Kubernetes made it up: a Service named `elido-api` puts `ELIDO_API_PORT=tcp://…` and the like into every pod.
fn is_service_link(rest: &str, value: &str) -> bool {
    let protocol = ["_TCP", "_UDP", "_SCTP"].iter().any(|name| rest.contains(name));
    !rest.contains("__")
        && (rest.ends_with("SERVICE_HOST")
            || rest.contains("SERVICE_PORT")
            || (rest.ends_with("PORT") && value.contains("://"))
            || (rest.contains("PORT_") && protocol))
}

/// The key that a variable sets, level by level.
fn path_of(name: &str) -> Vec<String> {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    rest.to_lowercase().splitn(LEVELS_MAX, "__").map(str::to_owned).collect()
}

fn find<'a>(defaults: &'a Dict, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = defaults.get(first)?;
    match (rest.is_empty(), value) {
        (true, value) => Some(value),
        (false, Value::Dict(_, inner)) => find(inner, rest),
        (false, _) => None,
    }
}

/// A variable is text; what it means depends on the key. Text stays text, so that a name may be `123`.
fn value_like(default: Option<&Value>, text: String) -> Value {
    let trimmed = text.trim();
    let number = |number: Num| Value::Num(Tag::Default, number);
    match default {
        Some(Value::Num(..)) => match (trimmed.parse::<i64>(), trimmed.parse::<u64>()) {
            (Ok(signed), _) => number(Num::I64(signed)),
            (_, Ok(unsigned)) => number(Num::U64(unsigned)),
            _ => Value::String(Tag::Default, text),
        },
        Some(Value::Bool(..)) => match trimmed {
            "true" => Value::Bool(Tag::Default, true),
            "false" => Value::Bool(Tag::Default, false),
            _ => Value::String(Tag::Default, text),
        },
        _ => Value::String(Tag::Default, text),
    }
}

/// What a key is called as a variable.
pub(super) fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// A variable's name or key without what people confuse: case, and how levels are separated.
pub(super) fn flattened(name: &str) -> String {
    name.to_lowercase().trim_start_matches(&PREFIX.to_lowercase()).replace("__", "_").replace(['.', '-'], "_")
}

/// Whether a source is a variable.
pub(super) fn is_variable(source: &str) -> bool {
    source.starts_with(PREFIX)
}

/// For a message: the wrong value, unless it is secret.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(_, text) => quoted(text),
        Value::Char(_, character) => quoted(&character.to_string()),
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, number) => number_text(*number),
        Value::Empty(..) => "nothing".to_owned(),
        Value::Dict(..) => "a table".to_owned(),
        Value::Array(..) => "a list".to_owned(),
    }
}

fn number_text(number: Num) -> String {
    match (number.to_i128(), number.to_u128(), number.to_f64()) {
        (Some(integer), ..) => integer.to_string(),
        (None, Some(integer), _) => integer.to_string(),
        (None, None, Some(float)) => float.to_string(),
        (None, None, None) => "a number".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_setting;

    #[test]
    fn what_kubernetes_adds_is_no_setting() {
        for name in [
            "ELIDO_API_SERVICE_HOST",
            "ELIDO_API_SERVICE_PORT",
            "ELIDO_API_SERVICE_PORT_HTTP",
            "ELIDO_API_PORT",
            "ELIDO_API_PORT_8090_TCP",
            "ELIDO_API_PORT_8090_TCP_ADDR",
            "ELIDO_PORT",
        ] {
            assert!(!is_setting(name, "tcp://10.0.0.1:8090"), "{name}");
        }
        assert!(is_setting("ELIDO_EDGE__LISTEN", "0.0.0.0:80"));
        assert!(is_setting("ELIDO_EDGE_LISTEN", "0.0.0.0:80"), "an error that is worth a message");
        assert!(is_setting("ELIDO_EDGE_PORT", "80"), "an error that is worth a message");
    }
}
