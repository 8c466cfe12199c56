//! Destination URLs: what a redirect may send a visitor to.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat};
use utoipa::openapi::{RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

/// The longest destination, in bytes of its normalised form.
pub const DESTINATION_BYTES_MAX: usize = 8 * 1024;

/// Schemes that run a script, show a document of the link's maker under another name, or read the visitor's files.
pub const FORBIDDEN_SCHEMES: [&str; 8] =
    ["about", "blob", "data", "file", "filesystem", "javascript", "vbscript", "view-source"];

/// An absolute URL with a scheme that carries no script, normalised, printable as a header value. What a link may be given
/// besides is said by [`super::destination_policy::DestinationPolicy`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination(Box<str>);

/// Why a text is not a destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// It does not parse as an absolute URL.
    #[error("expected an absolute URL such as https://example.com/page")]
    NotAbsolute,
    /// Its scheme could run a script.
    #[error("the scheme {0}: is never allowed; write an address such as https://example.com/page")]
    ForbiddenScheme(String),
    /// Its scheme is not known here.
    #[error("the scheme must be http, https or one of {0}")]
    Scheme(String),
    /// It has spaces where the standard leaves them as they are.
    #[error("spaces are not allowed here; write {0}")]
    Spaces(String),
    /// Its host name is none.
    #[error("there can be no host {0:?}; expected a name such as example.com")]
    Host(String),
    /// Its port is none.
    #[error("there is no port 0")]
    Port,
    /// It carries a user name or a password.
    #[error("a destination must not carry a user name or a password")]
    Credentials,
    /// It is longer than 8 KiB.
    #[error("a destination has at most {DESTINATION_BYTES_MAX} bytes")]
    TooLong,
}

impl Destination {
    /// Parses and normalises; the result is pure printable ASCII (WHATWG URL).
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, DestinationError> {
        if text.len() > DESTINATION_BYTES_MAX {
            return Err(DestinationError::TooLong);
        }
        let url = Url::parse(text.trim()).map_err(|_| DestinationError::NotAbsolute)?;
        let is_web = matches!(url.scheme(), "http" | "https");
        if FORBIDDEN_SCHEMES.contains(&url.scheme()) {
            return Err(DestinationError::ForbiddenScheme(url.scheme().to_owned()));
        }
        if url.path().contains(' ') {
            return Err(DestinationError::Spaces(without_spaces(&url)));
        }
        if is_web && (!url.username().is_empty() || url.password().is_some()) {
            return Err(DestinationError::Credentials);
        }
        Self::from_url(&url)
    }

    /// Takes a URL that was derived from a destination, such as one with a visitor's query added.
    ///
    /// # Errors
    /// Refuses what grew too long or would not fit into a header.
    pub fn from_url(url: &Url) -> Result<Self, DestinationError> {
        let text = url.as_str();
        if text.len() > DESTINATION_BYTES_MAX {
            return Err(DestinationError::TooLong);
        }
        if !text.bytes().all(|byte| matches!(byte, b'!'..=b'~')) {
            return Err(DestinationError::NotAbsolute);
        }
        Ok(Self(text.into()))
    }

    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parsed form.
    #[must_use]
    pub fn to_url(&self) -> Option<Url> {
        Url::parse(&self.0).ok()
    }
}

/// The same without spaces: left out of numbers, encoded elsewhere.
fn without_spaces(url: &Url) -> String {
    let is_number = matches!(url.scheme(), "tel" | "sms" | "facetime");
    url.as_str().replace(' ', if is_number { "" } else { "%20" })
}

impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

impl Serialize for Destination {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Destination {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Destination {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("uri".to_owned())))
            .max_length(Some(DESTINATION_BYTES_MAX))
            .description(Some("An absolute URL, at most 8 KiB."))
            .examples(["https://example.com/page"])
            .into()
    }
}

impl ToSchema for Destination {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_addresses_are_normalised() {
        let destination = Destination::parse(" https://EXAMPLE.com/ü?q=a b ").expect("a valid destination");
        assert_eq!(destination.as_str(), "https://example.com/%C3%BC?q=a%20b");
    }

    #[test]
    fn scripts_credentials_and_relative_texts_are_refused() {
        for scheme in FORBIDDEN_SCHEMES {
            let refused = Destination::parse(&format!(" {}:alert(1)", scheme.to_uppercase()));
            assert_eq!(refused, Err(DestinationError::ForbiddenScheme(scheme.to_owned())));
        }
        assert_eq!(Destination::parse("https://me:secret@example.com"), Err(DestinationError::Credentials));
        assert_eq!(Destination::parse("/relative"), Err(DestinationError::NotAbsolute));
        for (spaced, right) in
            [("tel:+49 30 1234", "tel:+49301234"), ("mailto:a b@example.com", "mailto:a%20b@example.com")]
        {
            assert_eq!(Destination::parse(spaced), Err(DestinationError::Spaces(right.to_owned())));
        }
        assert_eq!(
            Destination::parse(&format!("https://example.com/{}", "a".repeat(9000))),
            Err(DestinationError::TooLong)
        );
    }
}
