//! How an outcome is read: field by field and without buffering, so that a
//! reader that tracks where it is can name the place of an error.

use serde::Deserialize;

use super::{Outcome, Variant};
use crate::domain::url::Destination;

/// All fields that some kind of outcome has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutcomeFields {
    #[serde(rename = "type")]
    kind: OutcomeKind,
    destination_url: Option<Destination>,
    variants: Option<Vec<Variant>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeKind {
    Destination,
    Split,
}

impl TryFrom<OutcomeFields> for Outcome {
    type Error = &'static str;

    fn try_from(fields: OutcomeFields) -> Result<Self, &'static str> {
        match (fields.kind, fields.destination_url, fields.variants) {
            (OutcomeKind::Destination, Some(destination_url), None) => Ok(Self::Destination { destination_url }),
            (OutcomeKind::Split, None, Some(variants)) => Ok(Self::Split { variants }),
            (OutcomeKind::Destination, ..) => Err("a `destination` outcome has exactly the field `destination_url`"),
            (OutcomeKind::Split, ..) => Err("a `split` outcome has exactly the field `variants`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Outcome, String> {
        let mut reader = serde_json::Deserializer::from_str(json);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| error.to_string())
    }

    #[test]
    fn an_outcome_survives_json() {
        for json in [
            r#"{"type":"destination","destination_url":"https://example.com/a"}"#,
            r#"{"type":"split","variants":[{"name":"A","weight":1,"destination_url":"https://example.com/a"}]}"#,
        ] {
            let outcome = read(json).expect("an outcome");
            assert_eq!(serde_json::to_string(&outcome).expect("json"), json);
        }
    }

    #[test]
    fn errors_name_their_place() {
        let variant =
            read(r#"{"type":"split","variants":[{"name":"A","weight":1,"destination_url":"javascript:alert(1)"}]}"#);
        assert!(variant.is_err_and(|error| error.starts_with("variants[0].destination_url: the scheme")));
        assert!(read(r#"{"type":"destination","variants":[]}"#).is_err());
        assert!(read(r#"{"type":"destination","url":"https://example.com"}"#).is_err());
    }
}
