//! The redirects that most visitors come for: nobody has to be asked and
//! nothing waited for, except for the journal.

use http::{HeaderMap, HeaderValue};

use super::capture::{self, Subject};
use super::decide::Decision;
use super::handler::{Edge, Hit, location};
use super::link_path::LinkPath;
use super::request::RequestView;
use super::respond::{self, Answer};
use crate::domain::click::ClickKind;
use crate::domain::link::{LinkRecord, RedirectStatus};
use crate::domain::time::Timestamp;
use crate::infra::journal::{Committed, FileSystem, GroupCommit};

/// A redirect whose click is on its way to the kernel.
pub(super) struct AtOnce<'a, F: FileSystem> {
    status: RedirectStatus,
    location: HeaderValue,
    committed: Committed<'a, F>,
}

impl Edge {
    /// The redirect of a link that is at hand. `None` is no answer: then the long way has to be gone.
    pub(super) fn redirect_at_once<'a, F: FileSystem>(
        &self,
        journal: &'a GroupCommit<F>,
        request: &RequestView<'_>,
        now: Timestamp,
    ) -> Option<AtOnce<'a, F>> {
        let domain = self.cache.domain_at_hand(&request.host, now)?;
        if request.path == "/" || !domain.value.enabled {
            return None;
        }
        let path = LinkPath::parse(request.path, domain.value.case_sensitive)?;
        let (slug, suffix) = path.candidates().next()?;
        let hit = Hit { link: self.cache.link_at_hand(domain.value.id, slug, now)?, suffix };
        let (link, record) = (&hit.link.value, hit.link.value.record());
        if !hit.is_meant() || asks_elsewhere(record) {
            return None;
        }
        let Decision::Redirect(target) = self.decide(link, request, false, path.preview, now) else { return None };
        let status = record.redirect_status;
        let subject = Subject::link(record).decided_by(target.rule, target.variant);
        let click = capture::click(request, subject, ClickKind::Redirect, respond::status_code(status), now);
        let committed = journal.append(|buffer| click.encode(buffer));
        Some(AtOnce { status, location: location(request, &hit, target), committed })
    }
}

/// Whether something of the link has to be checked that is not at hand.
fn asks_elsewhere(record: &LinkRecord) -> bool {
    record.password_hash.is_some() || record.max_clicks.is_some()
}

impl<F: FileSystem> AtOnce<'_, F> {
    /// Waits until the click is with the kernel. The answer takes the room of the request's `headers`.
    pub(super) async fn answer(self, headers: HeaderMap) -> Answer {
        self.committed.await;
        respond::redirect_within(headers, self.status, self.location)
    }
}
