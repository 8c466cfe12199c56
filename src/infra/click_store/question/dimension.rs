//! What clicks can be told apart by.

use uuid::Uuid;

use super::labels::{AGENTS, DEVICES, KINDS, agent_label, device_label, kind_label, parse};
use crate::domain::click::TEXT_BYTES_MAX;
use crate::domain::id::{DomainId, LinkId, ParseIdError};
use crate::domain::rule::site;

/// A property of clicks that reports filter and group by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the fields of an enriched click say what each is")]
pub enum Dimension {
    Link,
    Domain,
    Slug,
    Kind,
    Status,
    Country,
    Region,
    City,
    Asn,
    Device,
    Os,
    Browser,
    Agent,
    Referrer,
    Language,
    UtmSource,
    UtmMedium,
    UtmCampaign,
    UtmTerm,
    UtmContent,
    Rule,
    Variant,
    Qr,
}

/// A value of a dimension. Absence is `None` outside. The order is that of answers with as many clicks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Free or closed text.
    Text(Box<str>),
    /// The id of a link, a domain or a tag.
    Id(Uuid),
    /// A number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
}

/// Why a text is no value of a dimension.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseValueError(String);

/// What sort of values a dimension has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::infra::click_store) enum Storage {
    Text,
    Id,
    Number,
    Flag,
}

impl Dimension {
    /// Every dimension, in the order that documents list them.
    pub const ALL: [Self; 23] = [
        Self::Link,
        Self::Domain,
        Self::Slug,
        Self::Kind,
        Self::Status,
        Self::Country,
        Self::Region,
        Self::City,
        Self::Asn,
        Self::Device,
        Self::Os,
        Self::Browser,
        Self::Agent,
        Self::Referrer,
        Self::Language,
        Self::UtmSource,
        Self::UtmMedium,
        Self::UtmCampaign,
        Self::UtmTerm,
        Self::UtmContent,
        Self::Rule,
        Self::Variant,
        Self::Qr,
    ];

    /// Its name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Domain => "domain",
            Self::Slug => "slug",
            Self::Kind => "kind",
            Self::Status => "status",
            Self::Country => "country",
            Self::Region => "region",
            Self::City => "city",
            Self::Asn => "asn",
            Self::Device => "device",
            Self::Os => "os",
            Self::Browser => "browser",
            Self::Agent => "agent",
            Self::Referrer => "referrer",
            Self::Language => "language",
            Self::UtmSource => "utm_source",
            Self::UtmMedium => "utm_medium",
            Self::UtmCampaign => "utm_campaign",
            Self::UtmTerm => "utm_term",
            Self::UtmContent => "utm_content",
            Self::Rule => "rule",
            Self::Variant => "variant",
            Self::Qr => "qr",
        }
    }

    /// Finds a dimension by its name in the API.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.as_str() == name)
    }

    /// Whether its values are free text, of which a part can be asked for.
    #[must_use]
    pub const fn is_free_text(self) -> bool {
        let closed = matches!(self, Self::Kind | Self::Device | Self::Agent | Self::Country);
        !closed && matches!(self.storage(), Storage::Text)
    }

    /// Reads a value as the API writes it.
    ///
    /// # Errors
    /// Says what would be right.
    pub fn parse_value(self, text: &str) -> Result<Value, ParseValueError> {
        match self {
            Self::Link => Ok(Value::Id(text.parse::<LinkId>()?.as_uuid())),
            Self::Domain => Ok(Value::Id(text.parse::<DomainId>()?.as_uuid())),
            Self::Kind => one_of(&KINDS, kind_label, text),
            Self::Device => one_of(&DEVICES, device_label, text),
            Self::Agent => one_of(&AGENTS, agent_label, text),
            Self::Country => country(text),
            Self::Status => number(text, 100, 599),
            Self::Asn => number(text, 0, i64::from(u32::MAX)),
            Self::Qr => text.parse().map(Value::Flag).map_err(|_| refuse("expected true or false")),
            _ if text.len() > TEXT_BYTES_MAX => Err(refuse(format!("a value has at most {TEXT_BYTES_MAX} bytes"))),
            Self::Referrer => Ok(Value::Text(site(text).into())),
            _ => Ok(Value::Text(text.into())),
        }
    }

    /// Writes a value as the API does.
    #[must_use]
    pub fn format_value(self, value: &Value) -> String {
        match value {
            Value::Text(text) => text.to_string(),
            Value::Id(id) if self == Self::Domain => DomainId::from_uuid(*id).to_string(),
            Value::Id(id) => LinkId::from_uuid(*id).to_string(),
            Value::Number(number) => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
        }
    }

    pub(in crate::infra::click_store) const fn storage(self) -> Storage {
        match self {
            Self::Link | Self::Domain => Storage::Id,
            Self::Status | Self::Asn => Storage::Number,
            Self::Qr => Storage::Flag,
            _ => Storage::Text,
        }
    }
}

fn refuse(message: impl Into<String>) -> ParseValueError {
    ParseValueError(message.into())
}

impl From<ParseIdError> for ParseValueError {
    fn from(error: ParseIdError) -> Self {
        refuse(error.to_string())
    }
}

fn one_of<T: Copy>(all: &[T], label_of: fn(T) -> &'static str, text: &str) -> Result<Value, ParseValueError> {
    parse(all, label_of, text).map(|item| Value::Text(label_of(item).into())).ok_or_else(|| {
        let labels: Vec<_> = all.iter().map(|item| label_of(*item)).collect();
        refuse(format!("expected one of {}", labels.join(", ")))
    })
}

fn country(text: &str) -> Result<Value, ParseValueError> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Ok(Value::Text(text.to_ascii_uppercase().into()));
    }
    Err(refuse("expected a code of two letters such as DE (ISO 3166-1)"))
}

fn number(text: &str, lowest: i64, highest: i64) -> Result<Value, ParseValueError> {
    text.parse()
        .ok()
        .filter(|number| (lowest..=highest).contains(number))
        .map(Value::Number)
        .ok_or_else(|| refuse(format!("expected a number from {lowest} to {highest}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dimension_is_found_by_its_name() {
        for dimension in Dimension::ALL {
            assert_eq!(Dimension::from_name(dimension.as_str()), Some(dimension));
        }
        assert_eq!(Dimension::from_name("visitor"), None);
    }

    #[test]
    fn values_are_checked_and_survive_their_text() {
        let link = LinkId::new().to_string();
        for (dimension, text) in [
            (Dimension::Link, link.as_str()),
            (Dimension::Country, "DE"),
            (Dimension::Device, "tablet"),
            (Dimension::Kind, "gone"),
            (Dimension::Asn, "3320"),
            (Dimension::Qr, "true"),
            (Dimension::City, "São Paulo"),
        ] {
            let value = dimension.parse_value(text).expect("a valid value");
            assert_eq!(dimension.format_value(&value), text);
        }
        assert_eq!(Dimension::Country.parse_value("de"), Ok(Value::Text("DE".into())));
    }

    #[test]
    fn values_of_the_wrong_sort_are_refused() {
        for (dimension, text) in [
            (Dimension::Link, "dom_0190b8f20000700080000000000000aa"),
            (Dimension::Country, "Germany"),
            (Dimension::Device, "phone"),
            (Dimension::Agent, "Bot"),
            (Dimension::Status, "99"),
            (Dimension::Asn, "-1"),
            (Dimension::Qr, "1"),
        ] {
            assert!(dimension.parse_value(text).is_err(), "{} took {text}", dimension.as_str());
        }
    }
}
