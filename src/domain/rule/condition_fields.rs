//! How a condition is read: field by field and without buffering, so that a
//! reader that tracks where it is can name the place of an error.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Condition, Device, Test, TimeWindow};

/// The kinds of test that a condition can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "they are the variants of Test")]
pub enum TestKind {
    Countries,
    Regions,
    Devices,
    Os,
    Browsers,
    Languages,
    TimeWindows,
    ReferrerHosts,
    UserAgent,
    Query,
    Bots,
}

impl TestKind {
    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Countries => "countries",
            Self::Regions => "regions",
            Self::Devices => "devices",
            Self::Os => "os",
            Self::Browsers => "browsers",
            Self::Languages => "languages",
            Self::TimeWindows => "time_windows",
            Self::ReferrerHosts => "referrer_hosts",
            Self::UserAgent => "user_agent",
            Self::Query => "query",
            Self::Bots => "bots",
        }
    }
}

/// All fields that some kind of condition has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionFields {
    #[serde(rename = "type")]
    kind: TestKind,
    #[serde(default)]
    negate: bool,
    any_of: Option<Vec<Value>>,
    time_zone: Option<String>,
    pattern: Option<String>,
}

/// One entry of `any_of`, whose sort depends on the kind of condition.
enum Value {
    Text(String),
    Window(TimeWindow),
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text or a time window")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        TimeWindow::deserialize(MapAccessDeserializer::new(map)).map(Value::Window)
    }
}

impl TryFrom<ConditionFields> for Condition {
    type Error = String;

    fn try_from(mut fields: ConditionFields) -> Result<Self, String> {
        let test = fields.take_test()?;
        fields.refuse_rest()?;
        Ok(Self { test, negate: fields.negate })
    }
}

impl ConditionFields {
    fn take_test(&mut self) -> Result<Test, String> {
        Ok(match self.kind {
            TestKind::Countries => Test::Countries { any_of: self.take_texts()? },
            TestKind::Regions => Test::Regions { any_of: self.take_texts()? },
            TestKind::Devices => Test::Devices { any_of: self.take_devices()? },
            TestKind::Os => Test::Os { any_of: self.take_texts()? },
            TestKind::Browsers => Test::Browsers { any_of: self.take_texts()? },
            TestKind::Languages => Test::Languages { any_of: self.take_texts()? },
            TestKind::TimeWindows => Test::TimeWindows {
                time_zone: self.time_zone.take().ok_or_else(|| self.missing("time_zone"))?,
                any_of: self.take_windows()?,
            },
            TestKind::ReferrerHosts => Test::ReferrerHosts { any_of: self.take_texts()? },
            TestKind::UserAgent => {
                Test::UserAgent { pattern: self.pattern.take().ok_or_else(|| self.missing("pattern"))? }
            }
            TestKind::Query => Test::Query { any_of: self.take_texts()? },
            TestKind::Bots => Test::Bots,
        })
    }

    fn take_values(&mut self) -> Result<Vec<Value>, String> {
        self.any_of.take().ok_or_else(|| self.missing("any_of"))
    }

    fn take_texts(&mut self) -> Result<Vec<String>, String> {
        let text = |(index, value)| match value {
            Value::Text(text) => Ok(text),
            Value::Window(_) => Err(format!("`any_of` at {index}: expected a text")),
        };
        self.take_values()?.into_iter().enumerate().map(text).collect()
    }

    fn take_devices(&mut self) -> Result<Vec<Device>, String> {
        let device = |(index, text): (usize, String)| {
            let parsed: Result<Device, de::value::Error> = Device::deserialize(text.into_deserializer());
            parsed.map_err(|error| format!("`any_of` at {index}: {error}"))
        };
        self.take_texts()?.into_iter().enumerate().map(device).collect()
    }

    fn take_windows(&mut self) -> Result<Vec<TimeWindow>, String> {
        let window = |(index, value)| match value {
            Value::Window(window) => Ok(window),
            Value::Text(_) => Err(format!("`any_of` at {index}: expected a time window")),
        };
        self.take_values()?.into_iter().enumerate().map(window).collect()
    }

    fn missing(&self, field: &str) -> String {
        format!("missing field `{field}` of a `{}` condition", self.kind.as_str())
    }

    /// What is left belongs to another kind of condition.
    fn refuse_rest(&self) -> Result<(), String> {
        let rest = [
            ("any_of", self.any_of.is_some()),
            ("time_zone", self.time_zone.is_some()),
            ("pattern", self.pattern.is_some()),
        ];
        match rest.iter().find(|(_, present)| *present) {
            Some((field, _)) => Err(format!("unknown field `{field}` of a `{}` condition", self.kind.as_str())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Condition, String> {
        let mut reader = serde_json::Deserializer::from_str(json);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| error.to_string())
    }

    #[test]
    fn a_condition_is_flat_in_json() {
        let json = r#"{"type":"countries","any_of":["DE"],"negate":true}"#;
        let condition = read(json).expect("a condition");
        let test = Test::Countries { any_of: vec!["DE".to_owned()] };
        assert_eq!(condition, Condition { test, negate: true });
        assert_eq!(serde_json::to_string(&condition).expect("json"), json);
    }

    #[test]
    fn the_type_may_stand_anywhere() {
        let condition = read(r#"{"any_of":["mobile"],"type":"devices"}"#).expect("a condition");
        assert_eq!(condition, Condition { test: Test::Devices { any_of: vec![Device::Mobile] }, negate: false });
    }

    #[test]
    fn fields_of_no_or_another_kind_are_refused() {
        assert!(read(r#"{"type":"bots","anyof":[]}"#).is_err_and(|error| error.contains("`anyof`")));
        assert_eq!(
            read(r#"{"type":"bots","any_of":[]}"#),
            Err("unknown field `any_of` of a `bots` condition".to_owned())
        );
        assert_eq!(
            read(r#"{"type":"user_agent"}"#),
            Err("missing field `pattern` of a `user_agent` condition".to_owned())
        );
    }

    #[test]
    fn errors_name_their_place() {
        let unknown = read(r#"{"type":"time_windows","time_zone":"UTC","any_of":[{"days":["monday"]},{"form":"1"}]}"#);
        assert!(unknown.is_err_and(|error| error.starts_with("any_of[1].form: unknown field")));
        let device = read(r#"{"type":"devices","any_of":["mobile","fridge"]}"#);
        assert!(device.is_err_and(|error| error.contains("`any_of` at 1: unknown variant `fridge`")));
    }
}
