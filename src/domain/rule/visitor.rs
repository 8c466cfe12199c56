//! What is known of a visitor when rules are asked.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Device;

/// What a rule may ask about a visitor. Facts that no rule of a link asks for may be left out.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a> {
    /// ISO 3166-1 alpha-2 code, such as `DE`.
    pub country: Option<&'a str>,
    /// The second half of the ISO 3166-2 code, such as `BY` for `DE-BY`.
    pub subdivision: Option<&'a str>,
    /// The `User-Agent` header, empty if absent.
    pub user_agent: &'a str,
    /// What the user agent was found to be.
    pub agent: Option<&'a Agent>,
    /// The `Accept-Language` header, empty if absent.
    pub accept_language: &'a str,
    /// The `Referer` header, empty if absent.
    pub referrer: &'a str,
    /// The raw query string without `?`, empty if absent.
    pub query: &'a str,
    /// Whether the request says that it is a prefetch (`Sec-Purpose`, `Purpose`).
    pub prefetch: bool,
    /// Equal for the same visitor of the same link; chooses the variant of a split.
    pub visitor_hash: u64,
}

/// What a user agent was found to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Agent {
    /// Kind of device.
    pub device: Device,
    /// Operating system by its canonical name, such as `iOS`; empty if unknown.
    #[schema(value_type = String)]
    pub os: Box<str>,
    /// Browser or program by its canonical name, such as `Safari`; empty if unknown.
    #[schema(value_type = String)]
    pub browser: Box<str>,
    /// What sort of program it is.
    pub class: AgentClass,
}

impl Agent {
    /// What is said of a user agent of which nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        Self { device: Device::Other, os: "".into(), browser: "".into(), class: AgentClass::Human }
    }
}

/// What sort of program sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentClass {
    /// A person's browser or app.
    Human,
    /// A crawler, a monitor or a script.
    Bot,
    /// A messenger or a social network that makes a preview of the link.
    Preview,
}
