//! Campaign parameters, as flags.

use clap::Args;
use serde_json::{Map, Value};

/// Campaign parameters of links.
#[derive(Debug, Args)]
#[command(next_help_heading = "Campaign parameters")]
pub struct UtmFields {
    /// Where visitors come from, such as newsletter.
    #[arg(long = "utm-source", value_name = "TEXT")]
    source: Option<String>,
    /// By which means, such as email.
    #[arg(long = "utm-medium", value_name = "TEXT")]
    medium: Option<String>,
    /// Because of which campaign.
    #[arg(long = "utm-campaign", value_name = "TEXT")]
    campaign: Option<String>,
    /// Which search term was paid for.
    #[arg(long = "utm-term", value_name = "TEXT")]
    term: Option<String>,
    /// Which of several links or pictures was clicked.
    #[arg(long = "utm-content", value_name = "TEXT")]
    content: Option<String>,
}

impl UtmFields {
    /// Those that were given, as the API takes them; none if there are none.
    pub fn to_json(&self) -> Option<Value> {
        let parts = [
            ("source", &self.source),
            ("medium", &self.medium),
            ("campaign", &self.campaign),
            ("term", &self.term),
            ("content", &self.content),
        ];
        let given = parts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::from(text.clone()?))));
        let given: Map<String, Value> = given.collect();
        (!given.is_empty()).then_some(Value::Object(given))
    }
}
