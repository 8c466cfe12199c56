//! Campaign parameters (UTM) that a link adds to its destinations.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::url::{Destination, DestinationError};

/// The longest value of one parameter, in characters.
pub const UTM_LENGTH_MAX: usize = 255;

/// Campaign parameters; what is absent is not added.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Utm {
    /// `utm_source`: where visitors come from, such as `newsletter`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 255)]
    pub source: Option<String>,
    /// `utm_medium`: by which means, such as `email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 255)]
    pub medium: Option<String>,
    /// `utm_campaign`: because of which campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 255)]
    pub campaign: Option<String>,
    /// `utm_term`: which search term was paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 255)]
    pub term: Option<String>,
    /// `utm_content`: which of several links or pictures was clicked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 255)]
    pub content: Option<String>,
}

impl Utm {
    /// Each parameter by the name of its field, its name in a query string, and its value.
    pub fn parameters(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        [
            ("source", "utm_source", &self.source),
            ("medium", "utm_medium", &self.medium),
            ("campaign", "utm_campaign", &self.campaign),
            ("term", "utm_term", &self.term),
            ("content", "utm_content", &self.content),
        ]
        .into_iter()
        .filter_map(|(field, name, value)| value.as_deref().map(|value| (field, name, value)))
    }

    /// These parameters, and those of `other` in place of the ones that are absent here.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            source: self.source.or(other.source),
            medium: self.medium.or(other.medium),
            campaign: self.campaign.or(other.campaign),
            term: self.term.or(other.term),
            content: self.content.or(other.content),
        }
    }

    /// The destination with these parameters. One that it carries already stays as it is; app schemes are left alone.
    ///
    /// # Errors
    /// [`DestinationError::TooLong`] if the result would be longer than a destination may be.
    pub fn apply(&self, destination: &Destination) -> Result<Destination, DestinationError> {
        let Some(mut url) = destination.to_url().filter(|url| matches!(url.scheme(), "http" | "https")) else {
            return Ok(destination.clone());
        };
        let missing: Vec<_> =
            self.parameters().filter(|(_, name, _)| !url.query_pairs().any(|(key, _)| key == *name)).collect();
        if missing.is_empty() {
            return Ok(destination.clone());
        }
        url.query_pairs_mut().extend_pairs(missing.iter().map(|(_, name, value)| (name, value)));
        Destination::from_url(&url)
    }
}

/// The campaign parameters of a destination's query, as they are written there; empty if there are none.
#[must_use]
pub fn campaign_of(destination: &Destination) -> Box<str> {
    let text = destination.as_str();
    let without_fragment = text.split_once('#').map_or(text, |(before, _)| before);
    let query = without_fragment.split_once('?').map_or("", |(_, query)| query);
    let pairs: Vec<&str> = query.split('&').filter(|pair| pair.starts_with("utm_")).collect();
    pairs.join("&").into_boxed_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(text: &str) -> Destination {
        Destination::parse(text).expect("a valid destination")
    }

    #[test]
    fn parameters_are_added_where_the_destination_has_none() {
        let utm = Utm { source: Some("news letter".into()), medium: Some("email".into()), ..Utm::default() };
        assert_eq!(
            utm.apply(&destination("https://example.com/?utm_medium=print#top")),
            Ok(destination("https://example.com/?utm_medium=print&utm_source=news+letter#top"))
        );
        assert_eq!(utm.apply(&destination("tel:+4930123456")), Ok(destination("tel:+4930123456")));
    }

    #[test]
    fn campaign_parameters_are_found_in_a_destination() {
        let campaign = |text| campaign_of(&destination(text));
        assert_eq!(
            &*campaign("https://example.com/?a=1&utm_source=news+letter&b&utm_term=%C3%A9#?utm_medium=x"),
            "utm_source=news+letter&utm_term=%C3%A9"
        );
        for text in [
            "https://example.com/utm_source=x",
            "https://example.com/#?utm_source=x",
            "https://example.com/?xutm_source=x",
        ] {
            assert_eq!(&*campaign(text), "", "{text}");
        }
    }

    #[test]
    fn a_destination_that_would_grow_too_long_is_refused() {
        let utm = Utm { source: Some("x".repeat(UTM_LENGTH_MAX)), ..Utm::default() };
        let long = destination(&format!("https://example.com/{}", "a".repeat(8000)));
        assert_eq!(utm.apply(&long), Err(DestinationError::TooLong));
    }
}
