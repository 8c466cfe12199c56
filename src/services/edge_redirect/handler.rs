//! The request handler: from a request to its response, step by step.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use secrecy::SecretString;

use super::associations;
use super::capture::{self, Subject};
use super::certificates::EdgeCertificates;
use super::channel::Channel;
use super::compiled_link::{CompiledLink, Lifetime, Target};
use super::decide::{Decision, Facts, decide};
use super::destination::{self, Forwarded};
use super::journal_health::JournalHealth;
use super::link_cache::{Cached, Found, Known, LinkCache};
use super::link_path::{Candidate, LinkPath, SlugRules};
use super::metrics::{CacheMetrics, EdgeMetrics, LinkSource};
use super::near_slugs;
use super::origin::{Origin, OriginError};
use super::pages;
use super::password::{Attempt, Form, PasswordGate};
use super::request::RequestView;
use super::respond::{self, EdgeResponse};
use crate::config::sections::{EdgeConfig, UnknownHost};
use crate::domain::click::ClickKind;
use crate::domain::client_address::{TrustedProxies, UNKNOWN, network};
use crate::domain::link::{DomainRecord, RedirectStatus};
use crate::domain::rule::AgentClass;
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;
use crate::infra::cache::shared_buckets::SharedBuckets;
use crate::infra::cache::shared_links::SharedLinks;
use crate::infra::geo::{GeoDatabase, Location};
use crate::infra::journal::{FileSystem, GroupCommit};
use crate::infra::passwords::Passwords;
use crate::infra::user_agent::UserAgents;
use crate::runtime::clock::{self, MonotonicTime};
use crate::runtime::tasks::Tasks;
use crate::runtime::token_bucket::{Decision as Admission, Rate};

/// How many links a visitor of a missing one is told of at most, and how often a minute whoever comes from one network.
const SUGGESTIONS_MAX: usize = 3;
const SUGGESTIONS_PER_MINUTE: u32 = 10;
/// How many addresses have a rate limit bucket of their own.
const ADDRESSES_MAX: usize = 200_000;

/// What an edge needs.
pub struct EdgeParts {
    /// Where links come from.
    pub origin: Arc<dyn Origin>,
    /// What edges share, if they share anything.
    pub shared: Option<SharedLinks>,
    /// Where addresses are.
    pub geo: GeoDatabase,
    /// What user agents are.
    pub agents: UserAgents,
    /// Verifies the passwords of links.
    pub passwords: Passwords,
    /// What visitors of a host name get that no domain has.
    pub unknown_host: UnknownHost,
    /// What is shown to those who come over TLS.
    pub certificates: EdgeCertificates,
    /// Runs the fetches from the origin.
    pub tasks: Tasks,
}

/// Everything that the workers of one edge share.
pub struct Edge {
    pub(super) cache: LinkCache,
    pub(super) certificates: EdgeCertificates,
    geo: GeoDatabase,
    agents: UserAgents,
    passwords: PasswordGate,
    limiter: Option<SharedBuckets<IpAddr>>,
    suggesting: Option<SharedBuckets<IpAddr>>,
    pub(super) trusted_proxies: TrustedProxies,
    pub(super) journals: JournalHealth,
    pub(super) metrics: &'static EdgeMetrics,
    cache_metrics: &'static CacheMetrics,
}

/// A response, and where its link was found.
pub(super) struct Responded(pub(super) EdgeResponse, pub(super) LinkSource);

/// One request on its way.
pub(super) struct Exchange<'a, F: FileSystem> {
    pub(super) request: &'a RequestView<'a>,
    pub(super) journal: &'a GroupCommit<F>,
    /// When it came by the wall clock, which says what links and rules allow.
    pub(super) now: Timestamp,
    /// When it came by the clock that nobody sets, which says what is still fresh.
    pub(super) started: MonotonicTime,
}

/// The link that a path leads to.
pub(super) struct Hit<'a> {
    pub(super) link: Arc<Cached<CompiledLink>>,
    pub(super) suffix: &'a str,
    /// Whether the visitor asked for a preview of the destination (`+`).
    pub(super) preview: bool,
}

impl Hit<'_> {
    /// Whether the link accepts the rest of the path after its slug.
    pub(super) fn is_meant(&self) -> bool {
        matches!(self.suffix, "" | "/") || self.link.value.record().forward_path
    }
}

impl Edge {
    /// An edge with an empty cache.
    #[must_use]
    pub fn new(config: &EdgeConfig, parts: EdgeParts) -> Self {
        let rate = Rate::new(config.rate_limit_per_second, Duration::from_secs(1), config.rate_limit_burst);
        let suggestions = Rate::new(SUGGESTIONS_PER_MINUTE, Duration::from_secs(60), SUGGESTIONS_PER_MINUTE);
        let redis = parts.shared.as_ref().map(|shared| shared.redis().clone());
        Self {
            cache: LinkCache::new(
                &config.cache,
                parts.origin,
                parts.shared,
                parts.agents.clone(),
                parts.unknown_host,
                &parts.tasks,
            ),
            certificates: parts.certificates,
            geo: parts.geo,
            agents: parts.agents,
            passwords: PasswordGate::new(parts.passwords),
            limiter: rate.map(|rate| SharedBuckets::new("edge", rate, ADDRESSES_MAX, redis)),
            suggesting: suggestions.map(|rate| SharedBuckets::new("suggestions", rate, ADDRESSES_MAX, None)),
            trusted_proxies: config.trusted_proxies(),
            journals: JournalHealth::default(),
            metrics: EdgeMetrics::global(),
            cache_metrics: CacheMetrics::global(),
        }
    }

    /// Whether a domain that is in use has a host name, in any case and without a port. Answered from memory, whatever is unavailable.
    #[must_use]
    pub fn serves(&self, host: &str) -> Known {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        self.cache.hosts().serves(&host)
    }

    /// Whether the origin counts as unavailable. Cached links are still served.
    #[must_use]
    pub fn is_origin_unavailable(&self) -> bool {
        self.cache.is_origin_unavailable(clock::monotonic())
    }

    /// Whether some worker's journal cannot be written, synced or continued at the moment.
    #[must_use]
    pub fn is_journal_sick(&self) -> bool {
        self.journals.is_sick()
    }

    /// Whether that is because a journal, or its disk, is full.
    #[must_use]
    pub fn is_journal_full(&self) -> bool {
        self.journals.is_full()
    }

    /// Answers one request. Its click is with the kernel when this returns.
    pub async fn handle<B, F>(&self, journal: &GroupCommit<F>, channel: &Channel, request: Request<B>) -> EdgeResponse
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        F: FileSystem,
    {
        let started = clock::monotonic();
        let (parts, body) = request.into_parts();
        let view = RequestView::new(&parts, channel.peer, self.trusted_proxies);
        let form = Form { content_type: parts.headers.get(header::CONTENT_TYPE), body };
        let Responded(response, source) = match self.refuses(view.address).await {
            Some(retry_after) => Responded(respond::too_many_requests(&view, retry_after), LinkSource::None),
            None if !view.names_one_host(&parts) => Responded(respond::bad_host(&view), LinkSource::None),
            None => {
                let exchange = Exchange { request: &view, journal, now: clock::now(), started };
                self.answer_over(channel, &exchange, Some(form)).await
            }
        };
        self.metrics.answered(response.status().as_u16(), source, started.elapsed());
        response
    }

    /// Answers a request that the rate limiter allowed. `form` is its body.
    pub(super) async fn answer<B, F>(&self, exchange: &Exchange<'_, F>, form: Option<Form<'_, B>>) -> Responded
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        F: FileSystem,
    {
        if let Some(response) = reserved(exchange.request.path) {
            return Responded(response, LinkSource::None);
        }
        let unavailable = |OriginError(_)| Responded(respond::unavailable(exchange.request), LinkSource::Origin);
        self.look_up(exchange, form).await.unwrap_or_else(unavailable)
    }

    /// How long a visitor over the rate limit must wait. Asks Redis, if there is one, within the timeout of one call.
    pub(super) async fn refuses(&self, address: IpAddr) -> Option<Duration> {
        // All those who are not known would be limited as if they were one.
        let limiter = self.limiter.as_ref().filter(|_| address != UNKNOWN)?;
        match Box::pin(limiter.take(&network(address))).await {
            Admission::Allowed { .. } => None,
            Admission::Refused { retry_after } => Some(retry_after),
        }
    }

    async fn look_up<B, F>(
        &self,
        exchange: &Exchange<'_, F>,
        form: Option<Form<'_, B>>,
    ) -> Result<Responded, OriginError>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        F: FileSystem,
    {
        let request = exchange.request;
        let domain = self.cache.domain(&request.host, exchange.started).await?;
        let Some(cached_domain) = &domain.value else {
            return Ok(Responded(respond::missing(request, None), domain.source));
        };
        let domain_record = &cached_domain.value;
        if !domain_record.enabled {
            let subject = Subject::domain(domain_record, request.path);
            return Ok(Responded(gone(exchange, domain_record, subject, Over::default()).await, domain.source));
        }
        if let Some(association) = associations::document(request.path, domain_record) {
            return Ok(Responded(associations::respond(request, association), domain.source));
        }
        if request.path == "/" {
            return Ok(Responded(root(exchange, domain_record).await, domain.source));
        }
        let Some(path) = LinkPath::parse(request.path, SlugRules::from(domain_record)) else {
            return Ok(Responded(missing(exchange, domain_record, request.path, None).await, domain.source));
        };
        let (hit, source) = match self.find(domain_record, &path, exchange.started).await? {
            (None, source) => {
                self.find_without_trailing_punctuation(domain_record, &path, exchange.started, source).await?
            }
            found => found,
        };
        let response = match hit {
            None if domain_record.suggests_slugs && domain_record.not_found_url.is_none() => {
                let suggested = Box::pin(self.suggest(exchange, domain_record, &path)).await;
                missing_beside(exchange, domain_record, &suggested).await
            }
            None => missing(exchange, domain_record, request.path, None).await,
            Some(hit) => {
                let password = password_sent(request, &hit.link.value, form).await;
                self.answer_link(exchange, domain_record, &hit, password).await?
            }
        };
        Ok(Responded(response, source))
    }

    /// The link that a path leads to; of several, the one with the longest slug.
    async fn find<'a>(
        &self,
        domain: &DomainRecord,
        path: &LinkPath<'a>,
        now: MonotonicTime,
    ) -> Result<(Option<Hit<'a>>, LinkSource), OriginError> {
        let mut source = LinkSource::L1;
        for Candidate { slug, rest: suffix, preview } in path.candidates() {
            let found: Found<CompiledLink> = self.cache.link(domain.id, &slug, now).await?;
            if found.stale {
                self.cache_metrics.stale_serves.increment(1);
            }
            source = source.max(found.source);
            let hit = found.value.map(|link| Hit { link, suffix, preview });
            if let Some(hit) = hit.filter(Hit::is_meant) {
                return Ok((Some(hit), source));
            }
        }
        Ok((None, source))
    }

    /// The link for a path that ends in punctuation of the text around it, if there is one without.
    async fn find_without_trailing_punctuation<'a>(
        &self,
        domain: &DomainRecord,
        path: &LinkPath<'a>,
        now: MonotonicTime,
        source: LinkSource,
    ) -> Result<(Option<Hit<'a>>, LinkSource), OriginError> {
        let Some(path) = path.without_trailing_punctuation() else { return Ok((None, source)) };
        let (hit, source_of_hit) = self.find(domain, &path, now).await?;
        Ok((hit, source.max(source_of_hit)))
    }

    /// The slugs of links that a visitor may have meant. Nobody gets many, so that nobody looks for links by them.
    async fn suggest<F: FileSystem>(
        &self,
        exchange: &Exchange<'_, F>,
        domain: &DomainRecord,
        path: &LinkPath<'_>,
    ) -> Vec<String> {
        let request = exchange.request;
        let Some(Candidate { slug, .. }) = path.candidates().next() else { return Vec::new() };
        if request.wants_json || request.address == UNKNOWN || !self.may_suggest(request.address).await {
            return Vec::new();
        }
        let near = near_slugs::near(&slug, SUGGESTIONS_MAX, |slug| self.cache.may_have(domain.id, slug));
        let mut open = Vec::new();
        for slug in near {
            let found = self.cache.link(domain.id, &slug, exchange.started).await;
            let link = found.ok().and_then(|found| found.value);
            if link.is_some_and(|link| near_slugs::is_open(link.value.record(), exchange.now)) {
                open.push(slug);
            }
        }
        open
    }

    async fn may_suggest(&self, address: IpAddr) -> bool {
        let Some(buckets) = &self.suggesting else { return false };
        matches!(buckets.take(&network(address)).await, Admission::Allowed { .. })
    }

    async fn answer_link<F: FileSystem>(
        &self,
        exchange: &Exchange<'_, F>,
        domain: &DomainRecord,
        hit: &Hit<'_>,
        password: Option<SecretString>,
    ) -> Result<EdgeResponse, OriginError> {
        let (request, link) = (exchange.request, &hit.link.value);
        let attempt = self.try_password(link, request, password).await;
        let password_given = attempt == Some(Attempt::Right);
        match self.decide(link, request, password_given, hit.preview, exchange.now) {
            Decision::Redirect(_) | Decision::Preview
                if link.record().is_limited() && self.is_only_looking(request, hit.preview) =>
            {
                self.answer_onlooker(exchange, domain, link, hit.preview).await
            }
            Decision::Redirect(_) if self.is_for_a_card(request, link) => {
                let response = respond::page(StatusCode::OK, onlookers_page(link));
                let response = respond::with_robots(response, link.robots(domain));
                Ok(exchange.capture(Subject::link(link.record()), ClickKind::Redirect, response).await)
            }
            Decision::Redirect(target) => self.redirect(exchange, domain, hit, target, password_given).await,
            Decision::Missing => Ok(missing(exchange, domain, request.path, link.not_found_text()).await),
            Decision::Gone(fallback) => {
                let over = Over { fallback, text: link.expired_text() };
                Ok(gone(exchange, domain, Subject::link(link.record()), over).await)
            }
            Decision::AskPassword => Ok(ask_password(request, attempt)),
            Decision::Preview => Ok(respond::page(StatusCode::OK, pages::preview(link))),
            Decision::MethodNotAllowed => Ok(respond::method_not_allowed(request)),
        }
    }

    /// Decides, after looking up only the facts that the link's rules need.
    pub(super) fn decide<'a>(
        &self,
        link: &'a CompiledLink,
        request: &RequestView<'_>,
        password_given: bool,
        preview: bool,
        now: Timestamp,
    ) -> Decision<'a> {
        let needs = link.rules().needs();
        let location = if needs.location { self.geo.locate(request.address) } else { Location::default() };
        let agent = needs.agent.then(|| self.agents.classify(&request.user_agent));
        let Location { country, subdivision, .. } = location;
        decide(link, request, Facts { country, subdivision, agent: agent.as_deref(), password_given, preview }, now)
    }

    async fn try_password(
        &self,
        link: &CompiledLink,
        request: &RequestView<'_>,
        password: Option<SecretString>,
    ) -> Option<Attempt> {
        let hash = link.record().password_hash.as_deref()?;
        Some(self.passwords.check(link.record().id, request.address, password?, hash).await)
    }

    async fn redirect<F: FileSystem>(
        &self,
        exchange: &Exchange<'_, F>,
        domain: &DomainRecord,
        hit: &Hit<'_>,
        target: Target<'_>,
        after_form: bool,
    ) -> Result<EdgeResponse, OriginError> {
        let (request, record) = (exchange.request, hit.link.value.record());
        let subject = Subject::link(record);
        let forwarded = match forwarded(request, hit, target) {
            Forwarded::TooLong => return Ok(respond::too_long(request)),
            Forwarded::Unchanged => None,
            Forwarded::To(location) => Some(location),
        };
        let link = &hit.link.value;
        if record.is_limited() && !self.claim_click(link, exchange.now).await? {
            return Ok(gone(exchange, domain, subject, Over::used_up(link)).await);
        }
        let lifetime = if after_form { Lifetime::None } else { link.lifetime(exchange.now) };
        let status = if after_form { RedirectStatus::SeeOther } else { record.redirect_status };
        let response = respond::redirect(status, lifetime, forwarded.as_ref().unwrap_or(target.location));
        let response = respond::with_robots(response, link.robots(domain));
        Ok(exchange.capture(subject.leading_to(target), ClickKind::Redirect, response).await)
    }
}

impl Edge {
    /// Uses up one of the link's clicks. False if none is left, which is remembered.
    async fn claim_click(&self, link: &CompiledLink, now: Timestamp) -> Result<bool, OriginError> {
        let claimed = !link.is_used_up(now) && self.cache.claim_click(link.record().id).await?;
        if !claimed {
            link.set_used_up(now);
        }
        Ok(claimed)
    }

    /// Whether the request sends nobody anywhere: a preview, HEAD or prefetch.
    fn is_only_looking(&self, request: &RequestView<'_>, preview: bool) -> bool {
        preview
            || request.signals.head
            || request.signals.prefetch
            || self.agents.classify(&request.user_agent).class == AgentClass::Preview
    }

    /// Whether a program that previews links asks for one that has something to show it.
    fn is_for_a_card(&self, request: &RequestView<'_>, link: &CompiledLink) -> bool {
        link.preview().is_some() && self.agents.classify(&request.user_agent).class == AgentClass::Preview
    }

    /// Answers a preview, HEAD or prefetch of a link with `max_clicks`: whether it still works, but not where it leads.
    async fn answer_onlooker<F: FileSystem>(
        &self,
        exchange: &Exchange<'_, F>,
        domain: &DomainRecord,
        link: &CompiledLink,
        preview: bool,
    ) -> Result<EdgeResponse, OriginError> {
        let (request, record) = (exchange.request, link.record());
        if link.is_used_up(exchange.now) || !self.cache.has_click_left(record.id).await? {
            link.set_used_up(exchange.now);
            return Ok(gone(exchange, domain, Subject::link(record), Over::used_up(link)).await);
        }
        let is_program = request.signals.head || request.signals.prefetch;
        let response = if is_program { respond::silent() } else { respond::page(StatusCode::OK, onlookers_page(link)) };
        if preview {
            return Ok(response);
        }
        Ok(exchange.capture(Subject::link(record), ClickKind::Redirect, response).await)
    }
}

impl<F: FileSystem> Exchange<'_, F> {
    /// Writes the click to the journal. When this returns, the response may be sent.
    async fn capture(&self, subject: Subject<'_>, kind: ClickKind, response: EdgeResponse) -> EdgeResponse {
        let click = capture::click(self.request, subject, kind, response.status(), self.now);
        self.journal.append(|buffer| click.encode(buffer)).await;
        response
    }
}

async fn root<F: FileSystem>(exchange: &Exchange<'_, F>, domain: &DomainRecord) -> EdgeResponse {
    let response = fallback(domain.root_url.as_ref()).unwrap_or_else(|| respond::missing(exchange.request, None));
    exchange.capture(Subject::domain(domain, ""), ClickKind::Root, response).await
}

/// What a link that is over has for its visitors.
#[derive(Clone, Copy, Default)]
struct Over<'a> {
    fallback: Option<&'a Destination>,
    text: Option<&'a str>,
}

impl<'a> Over<'a> {
    fn used_up(link: &'a CompiledLink) -> Self {
        Self { fallback: link.record().expired_url.as_ref(), text: link.expired_text() }
    }
}

/// What onlookers are shown of a link that they do not use: its card, or that it is there.
fn onlookers_page(link: &CompiledLink) -> String {
    link.preview().map_or_else(|| pages::limited(link), pages::card)
}

/// A link's own text comes before the domain's address for missing links.
async fn missing<F: FileSystem>(
    exchange: &Exchange<'_, F>,
    domain: &DomainRecord,
    path: &str,
    own_text: Option<&str>,
) -> EdgeResponse {
    let elsewhere = domain.not_found_url.as_ref().filter(|_| own_text.is_none());
    let response = fallback(elsewhere).unwrap_or_else(|| respond::missing(exchange.request, own_text));
    let slug = path.strip_prefix('/').unwrap_or(path);
    exchange.capture(Subject::domain(domain, slug), ClickKind::Missing, response).await
}

/// The page of a missing link that names others.
async fn missing_beside<F: FileSystem>(
    exchange: &Exchange<'_, F>,
    domain: &DomainRecord,
    suggested: &[String],
) -> EdgeResponse {
    let path = exchange.request.path;
    if suggested.is_empty() {
        return missing(exchange, domain, path, None).await;
    }
    let response = respond::page(StatusCode::NOT_FOUND, pages::did_you_mean(&domain.hostname, suggested));
    let slug = path.strip_prefix('/').unwrap_or(path);
    exchange.capture(Subject::domain(domain, slug), ClickKind::Missing, response).await
}

async fn gone<F: FileSystem>(
    exchange: &Exchange<'_, F>,
    domain: &DomainRecord,
    subject: Subject<'_>,
    over: Over<'_>,
) -> EdgeResponse {
    let of_domain = domain.expired_url.as_ref().filter(|_| over.text.is_none());
    let response = fallback(over.fallback.or(of_domain));
    let response = response.unwrap_or_else(|| respond::gone(exchange.request, over.text));
    exchange.capture(subject, ClickKind::Gone, response).await
}

/// A redirect to the fallback, if there is one.
fn fallback(destination: Option<&Destination>) -> Option<EdgeResponse> {
    let location = HeaderValue::from_str(destination?.as_str()).ok()?;
    Some(respond::redirect(RedirectStatus::Found, Lifetime::None, &location))
}

/// The destination with the visitor's path and query, if the link forwards them.
pub(super) fn forwarded(request: &RequestView<'_>, hit: &Hit<'_>, target: Target<'_>) -> Forwarded {
    let (link, record) = (&hit.link.value, hit.link.value.record());
    let suffix = if record.forward_path { hit.suffix } else { "" };
    if !link.forwards() || (suffix.is_empty() && request.query.is_empty()) {
        return Forwarded::Unchanged;
    }
    destination::forward(target.destination, suffix, request.query, record.forward_query)
}

/// Responses that need no domain and no link.
fn reserved(path: &str) -> Option<EdgeResponse> {
    match path {
        "/healthz" => Some(respond::text(StatusCode::OK, "ok\n")),
        "/robots.txt" => Some(respond::text(StatusCode::OK, "User-agent: *\nAllow: /\n")),
        "/favicon.ico" => Some(respond::empty(StatusCode::NO_CONTENT)),
        path if path.starts_with("/.well-known/") && !associations::is_one(path) => {
            Some(respond::empty(StatusCode::NOT_FOUND))
        }
        _ => None,
    }
}

/// The password that came with the request, where the link wants one.
async fn password_sent<B>(
    request: &RequestView<'_>,
    link: &CompiledLink,
    form: Option<Form<'_, B>>,
) -> Option<SecretString>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if link.record().password_hash.is_none() || *request.method != Method::POST {
        return None;
    }
    form?.read().await
}

fn ask_password(request: &RequestView<'_>, attempt: Option<Attempt>) -> EdgeResponse {
    let problem = match attempt {
        Some(Attempt::TooMany(retry_after)) => return respond::too_many_requests(request, retry_after),
        Some(Attempt::Wrong | Attempt::Right) => Some("That is not the password of this link."),
        None if *request.method == Method::POST => Some("Enter the password of this link."),
        None => None,
    };
    if request.wants_json {
        let text = "This link asks for a password. Open it in a browser.";
        return respond::refusal(request, StatusCode::FORBIDDEN, "password_required", "Password required", text);
    }
    let status = if problem.is_some() { StatusCode::FORBIDDEN } else { StatusCode::OK };
    respond::page(status, pages::password_form(problem))
}
