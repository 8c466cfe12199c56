//! What few links have. It lies behind one pointer, so that the others carry no weight of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::click_budget::ClickBudget;
use super::url::Destination;

/// What programs that preview links are shown, in the terms of Open Graph. People are led on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct LinkPreview {
    /// The title of the card.
    pub title: Option<String>,
    /// The text below it.
    pub description: Option<String>,
    /// An http or https URL of its picture.
    pub image_url: Option<Destination>,
}

/// What few links have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkExtras {
    /// What programs that preview links are shown instead of the redirect.
    pub preview: Option<LinkPreview>,
    /// The `X-Robots-Tag` header of its redirects, instead of the domain's.
    pub robots: Option<Box<str>>,
    /// What visitors read once it is over.
    pub expired_text: Option<Box<str>>,
    /// What visitors read before it begins.
    pub not_found_text: Option<Box<str>>,
    /// How many redirects there may be in a period.
    pub budget: Option<ClickBudget>,
    /// Whether two people change it. Visitors who came for another link are not told of it.
    pub needs_approval: bool,
}

impl LinkExtras {
    /// Behind a pointer; none where the link has none of them.
    #[must_use]
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}
