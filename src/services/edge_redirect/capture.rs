//! From a request to the click that goes into the worker's journal before the response.

use http::StatusCode;

use super::compiled_link::Target;
use super::request::RequestView;
use crate::domain::click::{Click, ClickKind};
use crate::domain::id::{DomainId, LinkId, WorkspaceId};
use crate::domain::link::{DomainRecord, LinkRecord};
use crate::domain::time::Timestamp;

/// What a click is about: a link, or a path without one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Subject<'a> {
    workspace_id: Option<WorkspaceId>,
    domain_id: Option<DomainId>,
    link_id: Option<LinkId>,
    slug: &'a str,
    rule: Option<&'a str>,
    variant: Option<&'a str>,
    campaign: &'a str,
}

impl<'a> Subject<'a> {
    /// A path of a domain on which there is no link.
    pub(super) fn domain(domain: &DomainRecord, slug: &'a str) -> Self {
        Self { workspace_id: domain.workspace_id, domain_id: Some(domain.id), slug, ..Self::default() }
    }

    /// A link.
    pub(super) fn link(link: &'a LinkRecord) -> Self {
        Self {
            workspace_id: Some(link.workspace_id),
            domain_id: Some(link.domain_id),
            link_id: Some(link.id),
            slug: &link.slug,
            ..Self::default()
        }
    }

    /// The same link with the slug taken from the request, which saves reading it from the link's memory.
    pub(super) fn named(self, slug: &'a str) -> Self {
        Self { slug, ..self }
    }

    /// The same link with the destination that was chosen.
    pub(super) fn leading_to(self, target: Target<'a>) -> Self {
        Self { rule: target.rule, variant: target.variant, campaign: target.campaign, ..self }
    }
}

/// The click for this request.
pub(super) fn click<'a>(
    request: &'a RequestView<'_>,
    subject: Subject<'a>,
    kind: ClickKind,
    status: StatusCode,
    at: Timestamp,
) -> Click<'a> {
    Click {
        at,
        kind,
        status: status.as_u16(),
        workspace_id: subject.workspace_id,
        domain_id: subject.domain_id,
        link_id: subject.link_id,
        rule: subject.rule,
        variant: subject.variant,
        address: request.address,
        signals: request.signals,
        host: &request.host,
        slug: subject.slug,
        user_agent: &request.user_agent,
        referrer: &request.referrer,
        accept_language: &request.accept_language,
        query: request.query,
        campaign: subject.campaign,
    }
}
