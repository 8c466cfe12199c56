//! What to answer: a pure function of a link, a request and a moment.
//!
//! Invariant: [`decide`] allocates nothing, waits for nothing and asks nobody.

use http::Method;

use super::compiled_link::{CompiledLink, Target};
use super::request::RequestView;
use crate::domain::link::LinkState;
use crate::domain::rule::{Agent, Visitor};
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;

/// Facts about a visitor that cost a look-up, for links whose rules ask for them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// ISO 3166-1 alpha-2 code.
    pub country: Option<&'a str>,
    /// The second half of the ISO 3166-2 code.
    pub subdivision: Option<&'a str>,
    /// What the user agent was found to be.
    pub agent: Option<&'a Agent>,
    /// Whether the visitor has given the link's password.
    pub password_given: bool,
    /// Whether the visitor asked to see where the link goes (`+`).
    pub preview: bool,
}

/// What to answer.
#[derive(Debug, Clone, Copy)]
pub enum Decision<'a> {
    /// Send the visitor there.
    Redirect(Target<'a>),
    /// There is no such link (yet).
    Missing,
    /// The link is over; its own fallback, if it has one.
    Gone(Option<&'a Destination>),
    /// Ask for the password first.
    AskPassword,
    /// Show where the link goes.
    Preview,
    /// Only GET and HEAD are answered.
    MethodNotAllowed,
}

/// Decides. A link with `max_clicks` that comes out as a redirect still has to claim its click.
#[must_use]
pub fn decide<'a>(link: &'a CompiledLink, request: &RequestView<'_>, facts: Facts<'_>, now: Timestamp) -> Decision<'a> {
    let record = link.record();
    if record.state != LinkState::Active {
        return Decision::Gone(None);
    }
    if record.starts_at.is_some_and(|starts_at| now < starts_at) {
        return Decision::Missing;
    }
    if record.expires_at.is_some_and(|expires_at| now >= expires_at) {
        return Decision::Gone(record.expired_url.as_ref());
    }
    let needs_password = record.password_hash.is_some() && !facts.password_given;
    if needs_password && matches!(*request.method, Method::GET | Method::HEAD | Method::POST) {
        return Decision::AskPassword;
    }
    if facts.preview {
        return Decision::Preview;
    }
    let is_read = matches!(*request.method, Method::GET | Method::HEAD);
    if needs_password || (!is_read && !record.redirect_status.keeps_method() && !facts.password_given) {
        return Decision::MethodNotAllowed;
    }
    Decision::Redirect(link.target(choose(link, request, facts, now)))
}

fn choose(
    link: &CompiledLink,
    request: &RequestView<'_>,
    facts: Facts<'_>,
    now: Timestamp,
) -> Option<crate::domain::rule::Choice> {
    if link.rules().is_empty() {
        return None;
    }
    let visitor = Visitor {
        country: facts.country,
        subdivision: facts.subdivision,
        user_agent: &request.user_agent,
        agent: facts.agent,
        accept_language: &request.accept_language,
        referrer: &request.referrer,
        query: request.query,
        prefetch: request.signals.prefetch,
        visitor_hash: request.visitor_hash(link.record().id),
    };
    link.rules().choose(&visitor, now)
}
