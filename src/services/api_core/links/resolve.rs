//! Explains where a described visitor would go, by the same rules that the edge asks.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::draft::LinkDraft;
use super::reach::seen;
use crate::domain::error::{Error, Result};
use crate::domain::id::LinkId;
use crate::domain::link::{LinkRecord, LinkState};
use crate::domain::rule::{Agent, CompiledRules, Explanation, Outcome, Visitor, Winner, visitor_hash};
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;
use crate::infra::store::links::Link as Row;
use crate::infra::store::{link_clicks, links};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::edge::link_record;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::principal::Access;

/// The longest header or query string of a described visitor, in bytes.
const TEXT_BYTES_MAX: usize = 8 * 1024;

/// A visitor, described. What is absent is unknown.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitorDraft {
    /// The visitor's address. It decides about the variant of a split and, unless `region` or `country` do, about the place.
    #[serde(default)]
    #[schema(max_length = 45, example = "203.0.113.7")]
    pub address: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    #[serde(default)]
    #[schema(pattern = "^[A-Z]{2}$", example = "DE")]
    pub country: Option<String>,
    /// ISO 3166-2 code, which implies the country.
    #[serde(default)]
    #[schema(pattern = "^[A-Z]{2}-[A-Z0-9]{1,3}$", example = "DE-BY")]
    pub region: Option<String>,
    /// The `User-Agent` header.
    #[serde(default)]
    #[schema(max_length = 8192)]
    pub user_agent: String,
    /// The `Accept-Language` header.
    #[serde(default)]
    #[schema(max_length = 8192, example = "de-DE,de;q=0.9")]
    pub accept_language: String,
    /// The `Referer` header.
    #[serde(default)]
    #[schema(max_length = 8192)]
    pub referrer: String,
    /// The query string, without `?`.
    #[serde(default)]
    #[schema(max_length = 8192, example = "ref=mail")]
    pub query: String,
    /// Whether the request says that it is a prefetch.
    #[serde(default)]
    pub prefetch: bool,
    /// When the visitor comes; now if absent.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub at: Option<String>,
}

/// A link that need not be there yet, and a visitor of it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolutionDraft {
    /// The link. Its domain, slug, tags, folder and password do not matter.
    pub link: LinkDraft,
    /// The link that it is an edit of. Which variant of a split a visitor gets depends on it.
    #[serde(default)]
    pub link_id: Option<LinkId>,
    /// The visitor.
    #[serde(default)]
    pub visitor: VisitorDraft,
}

/// What a link answers at a moment, before any rule is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResolutionState {
    /// It redirects.
    Redirects,
    /// 404: its time has not come.
    NotStarted,
    /// 410, or a redirect to where expired links go.
    Expired,
    /// 410: put away.
    Archived,
    /// 410: switched off by the platform.
    Disabled,
    /// 410: as many redirects as allowed were answered, of all or in the period of that moment.
    UsedUp,
}

/// Where a described visitor would go, and why.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Resolution {
    /// What the link answers at that moment.
    pub state: ResolutionState,
    /// Where the rules lead, with campaign parameters, before the visitor's own query and path are added.
    pub destination_url: Destination,
    /// The moment that was asked about.
    pub at: Timestamp,
    /// What was found out about the visitor's program.
    pub agent: Agent,
    /// The country that was assumed; `null` if unknown.
    pub country: Option<String>,
    /// The second half of the ISO 3166-2 code that was assumed; `null` if unknown.
    pub subdivision: Option<String>,
    /// What every rule and every condition said.
    pub explanation: Explanation,
}

/// A description whose fields were checked.
struct Described {
    address: IpAddr,
    country: Option<String>,
    subdivision: Option<String>,
    at: Timestamp,
}

impl ApiCore {
    /// Explains where the visitor would go.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such link; `Invalid` with every field that is wrong.
    pub async fn resolve(&self, access: &Access, id: LinkId, visitor: VisitorDraft) -> Result<Resolution> {
        let described = self.describe(&visitor, "")?;
        let link = links::find(self.store.reader(), access.workspace_id(), id).await?;
        self.answer(seen(access, link)?, described, visitor).await
    }

    /// Explains where the visitor would go by a link that need not be there yet.
    ///
    /// # Errors
    /// `Invalid` with every field that is wrong.
    pub async fn resolve_draft(&self, access: &Access, draft: ResolutionDraft) -> Result<Resolution> {
        let described = self.describe(&draft.visitor, "/visitor")?;
        let mut link = self.sketch(access, draft.link).await?;
        link.id = draft.link_id.unwrap_or(link.id);
        self.answer(link, described, draft.visitor).await
    }

    async fn answer(&self, link: Row, described: Described, visitor: VisitorDraft) -> Result<Resolution> {
        let has_click_left = link_clicks::is_left(&link, described.at);
        let mut record = link_record(link);
        let rules = CompiledRules::compile_sound(&mut record.rules);
        let agent = self.classify(visitor.user_agent.clone()).await?;
        let facts = Visitor {
            country: described.country.as_deref(),
            subdivision: described.subdivision.as_deref(),
            user_agent: &visitor.user_agent,
            agent: Some(&agent),
            accept_language: &visitor.accept_language,
            referrer: &visitor.referrer,
            query: &visitor.query,
            prefetch: visitor.prefetch,
            visitor_hash: visitor_hash(record.id, described.address, &visitor.user_agent),
        };
        let explanation = rules.explain(&facts, described.at);
        Ok(Resolution {
            state: state(&record, has_click_left, described.at),
            destination_url: destination(&record, explanation.winner.as_ref()),
            at: described.at,
            agent: Agent::clone(&agent),
            country: described.country,
            subdivision: described.subdivision,
            explanation,
        })
    }

    /// Checks a description, whose fields errors name below `base`.
    fn describe(&self, visitor: &VisitorDraft, base: &str) -> Result<Described> {
        let mut errors = FieldErrors::under(base);
        let texts = [
            ("/user_agent", &visitor.user_agent),
            ("/accept_language", &visitor.accept_language),
            ("/referrer", &visitor.referrer),
            ("/query", &visitor.query),
        ];
        for (pointer, text) in texts {
            if text.len() > TEXT_BYTES_MAX {
                errors.add(pointer, "invalid_length", format!("at most {TEXT_BYTES_MAX} bytes"));
            }
        }
        let address = visitor.address.as_deref().map(str::parse::<IpAddr>);
        let address = address.and_then(|address| errors.check("/address", "invalid_address", address));
        let (country, subdivision) = self.place(&mut errors, visitor, address);
        let at = visitor.at.as_deref().map(str::parse::<Timestamp>);
        let at = at.and_then(|at| errors.check("/at", "invalid_time", at)).unwrap_or_else(clock::now);
        errors.into_result()?;
        let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical();
        Ok(Described { address, country, subdivision, at })
    }

    /// Country and subdivision: as described, or else where the address is.
    fn place(
        &self,
        errors: &mut FieldErrors,
        visitor: &VisitorDraft,
        address: Option<IpAddr>,
    ) -> (Option<String>, Option<String>) {
        if let Some(region) = &visitor.region {
            let halves = region.split_once('-').filter(|(country, part)| is_country(country) && is_part(part));
            if halves.is_none() {
                errors.add("/region", "invalid_region", "expected an ISO 3166-2 code such as DE-BY");
            }
            return (halves.map(|(country, _)| country.to_owned()), halves.map(|(_, part)| part.to_owned()));
        }
        if let Some(country) = &visitor.country {
            if !is_country(country) {
                errors.add("/country", "invalid_country", "expected an ISO 3166-1 alpha-2 code such as DE");
            }
            return (Some(country.clone()), None);
        }
        let location = address.map(|address| self.settings.geo.locate(address)).unwrap_or_default();
        (location.country.map(ToOwned::to_owned), location.subdivision.map(ToOwned::to_owned))
    }

    /// Off the asynchronous threads, because the first header loads tables.
    async fn classify(&self, user_agent: String) -> Result<Arc<Agent>> {
        let user_agents = self.settings.user_agents.clone();
        tokio::task::spawn_blocking(move || user_agents.classify(&user_agent)).await.map_err(Error::internal)
    }
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_part(text: &str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn state(record: &LinkRecord, has_click_left: bool, at: Timestamp) -> ResolutionState {
    match record.state {
        LinkState::Archived => return ResolutionState::Archived,
        LinkState::Disabled => return ResolutionState::Disabled,
        LinkState::Active => {}
    }
    if record.starts_at.is_some_and(|start| at < start) {
        return ResolutionState::NotStarted;
    }
    if record.expires_at.is_some_and(|end| at >= end) {
        return ResolutionState::Expired;
    }
    if !has_click_left {
        return ResolutionState::UsedUp;
    }
    ResolutionState::Redirects
}

fn destination(record: &LinkRecord, winner: Option<&Winner>) -> Destination {
    let outcome = winner.and_then(|winner| record.rules.get(winner.rule_index)).map(|rule| &rule.outcome);
    let chosen = match outcome {
        None => None,
        Some(Outcome::Destination { destination_url }) => Some(destination_url),
        Some(Outcome::Split { variants }) => winner
            .and_then(|winner| winner.variant_index)
            .and_then(|index| variants.get(index))
            .map(|variant| &variant.destination_url),
    };
    chosen.unwrap_or(&record.destination).clone()
}
