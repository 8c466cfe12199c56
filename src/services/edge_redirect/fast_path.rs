//! The redirects that most visitors come for: nobody has to be asked and
//! nothing waited for, except for the journal.

use bytes::Bytes;
use http_body_util::Empty;

use super::capture::{self, Subject};
use super::channel::Channel;
use super::compiled_link::CompiledLink;
use super::decide::Decision;
use super::destination::Forwarded;
use super::handler::{Edge, Exchange, Hit, Responded, forwarded};
use super::link_path::{Candidate, LinkPath, SlugRules};
use super::metrics::LinkSource;
use super::password::Form;
use super::request::RequestView;
use super::respond;
use super::response_writer::{self, Framing, RedirectNotes};
use crate::domain::click::ClickKind;
use crate::domain::link::RedirectStatus;
use crate::infra::journal::{Committed, FileSystem, GroupCommit};
use crate::runtime::clock;

/// A redirect whose click is on its way to the kernel.
struct FastRedirect<'a, F: FileSystem> {
    status: RedirectStatus,
    committed: Committed<'a, F>,
}

impl Edge {
    /// Writes the response to a request without a body into `room`. Its click is with the kernel when this returns.
    pub(super) async fn write_response<F: FileSystem>(
        &self,
        journal: &GroupCommit<F>,
        channel: &Channel,
        request: &RequestView<'_>,
        last: bool,
        room: &mut Vec<u8>,
    ) {
        let started = clock::monotonic();
        let exchange = Exchange { request, journal, now: clock::now(), started };
        let framing = Framing {
            now: exchange.now,
            head: request.signals.head,
            last,
            secured: channel.is_secured() || request.is_secured_before,
        };
        let refused = self.refuses(request.address).await;
        if refused.is_none()
            && channel.lets_through(&request.host)
            && let Some(redirect) = self.redirect_fast(&exchange, framing, room)
        {
            redirect.committed.await;
            self.metrics.answered(redirect.status.as_u16(), LinkSource::L1, started.elapsed());
            return;
        }
        let Responded(response, source) = match refused {
            Some(retry_after) => Responded(respond::too_many_requests(request, retry_after), LinkSource::None),
            // What takes its time may as well be kept apart, so that the future of a redirect that does not stays small.
            None => Box::pin(self.answer_over(channel, &exchange, None::<Form<'_, Empty<Bytes>>>)).await,
        };
        self.metrics.answered(response.status().as_u16(), source, started.elapsed());
        response_writer::write(room, Framing { now: clock::now(), ..framing }, &response);
    }

    /// Writes the redirect of a link that is fresh in the cache. `None` is no response: the full path has to answer.
    fn redirect_fast<'a, F: FileSystem>(
        &self,
        exchange: &Exchange<'a, F>,
        framing: Framing,
        room: &mut Vec<u8>,
    ) -> Option<FastRedirect<'a, F>> {
        let &Exchange { request, journal, now, started } = exchange;
        let domain = self.cache.fresh_domain(&request.host, started)?;
        if request.path == "/" || !domain.value.enabled {
            return None;
        }
        let path = LinkPath::parse(request.path, SlugRules::from(&domain.value))?;
        let Candidate { slug, rest: suffix, preview } = path.candidates().next()?;
        let hit = Hit { link: self.cache.fresh_link(domain.value.id, &slug, started)?, suffix, preview };
        let (link, record) = (&hit.link.value, hit.link.value.record());
        if !hit.is_meant() || asks_elsewhere(link) {
            return None;
        }
        let Decision::Redirect(target) = self.decide(link, request, false, preview, now) else { return None };
        let forwarded = match forwarded(request, &hit, target) {
            Forwarded::Unchanged => None,
            Forwarded::To(location) => Some(location),
            Forwarded::TooLong => return None,
        };
        let status = record.redirect_status;
        let subject = Subject::link(record).named(&slug).leading_to(target);
        let click = capture::click(request, subject, ClickKind::Redirect, respond::status_code(status), now);
        let committed = journal.append(|buffer| click.encode(buffer));
        let location = forwarded.as_ref().unwrap_or(target.location);
        response_writer::write_redirect(
            room,
            framing,
            (status, link.lifetime(now)),
            location,
            RedirectNotes { hsts: domain.value.hsts.as_deref(), robots: link.robots(&domain.value) },
        );
        Some(FastRedirect { status, committed })
    }
}

/// Whether something of the link has to be asked elsewhere, or some are shown a page of its.
fn asks_elsewhere(link: &CompiledLink) -> bool {
    link.record().password_hash.is_some() || link.record().is_limited() || link.preview().is_some()
}
