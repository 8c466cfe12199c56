//! A link ready to be answered: rules compiled, `Location` values built, once, when it is loaded.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http::HeaderValue;

use crate::domain::link::{DomainRecord, ForwardQuery, LinkRecord, LinkState};
use crate::domain::link_extras::{LinkExtras, LinkPreview};
use crate::domain::rule::{Choice, CompiledRules, Outcome};
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;
use crate::domain::utm::campaign_of;

/// How long browsers may cache a permanent redirect.
const SHORT: Duration = Duration::from_secs(90);

/// How long a redirect may be cached by the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Not at all.
    None,
    /// 90 seconds.
    Short,
}

/// A link with everything that can be computed ahead of a request.
#[derive(Debug)]
pub struct CompiledLink {
    record: LinkRecord,
    rules: CompiledRules,
    rules_left_out: usize,
    place: Place,
    outcomes: Box<[CompiledOutcome]>,
    /// Until when the origin has said that no click is left, in microseconds. An edit of the link loads a new `CompiledLink`.
    used_up_until: AtomicI64,
}

#[derive(Debug)]
enum CompiledOutcome {
    Destination(Place),
    Split(Box<[Place]>),
}

/// A destination, prepared.
#[derive(Debug)]
struct Place {
    location: HeaderValue,
    campaign: Box<str>,
}

/// Where a visitor goes and by which rule.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The value of `Location`, before anything of the visitor's is added.
    pub location: &'a HeaderValue,
    /// The destination that it was built from.
    pub destination: &'a Destination,
    /// The campaign parameters of the destination.
    pub campaign: &'a str,
    /// The name of the rule that matched.
    pub rule: Option<&'a str>,
    /// The name of the variant that the visitor got.
    pub variant: Option<&'a str>,
}

impl CompiledLink {
    /// Prepares a link. Rules that do not compile, which an earlier release may have accepted, are left out.
    #[must_use]
    pub fn new(mut record: LinkRecord) -> Self {
        let rule_count = record.rules.len();
        let rules = CompiledRules::compile_sound(&mut record.rules);
        let rules_left_out = rule_count.saturating_sub(record.rules.len());
        let outcomes = record.rules.iter().map(|rule| CompiledOutcome::new(&rule.outcome)).collect();
        let place = Place::new(&record.destination);
        Self { rules, rules_left_out, record, place, outcomes, used_up_until: AtomicI64::new(i64::MIN) }
    }

    /// The link itself.
    #[must_use]
    pub fn record(&self) -> &LinkRecord {
        &self.record
    }

    /// Its rules.
    #[must_use]
    pub fn rules(&self) -> &CompiledRules {
        &self.rules
    }

    /// How many of its rules do not compile and are left out.
    #[must_use]
    pub const fn rules_left_out(&self) -> usize {
        self.rules_left_out
    }

    /// How long a redirect of this link may be cached: never beyond its expiry, and not at all if the next visit may lead
    /// elsewhere.
    #[must_use]
    pub fn lifetime(&self, now: Timestamp) -> Lifetime {
        let record = &self.record;
        let is_the_same_for_a_while = record.redirect_status.is_permanent()
            && !record.is_limited()
            && self.rules.is_empty()
            && record.expires_at.is_none_or(|end| now.plus(SHORT) <= end);
        if is_the_same_for_a_while { Lifetime::Short } else { Lifetime::None }
    }

    /// Whether no click is left, as far as is known here.
    #[must_use]
    pub fn is_used_up(&self, now: Timestamp) -> bool {
        now.as_micros() < self.used_up_until.load(Ordering::Relaxed)
    }

    /// The origin says that no click is left: until the next period begins, if the link has some in each.
    pub fn set_used_up(&self, now: Timestamp) {
        let until = self.record.budget().map_or(i64::MAX, |budget| budget.period_at(now).end.as_micros());
        self.used_up_until.store(until, Ordering::Relaxed);
    }

    /// What programs that preview links are shown instead of the redirect.
    #[must_use]
    pub fn preview(&self) -> Option<&LinkPreview> {
        self.record.extras.as_ref()?.preview.as_ref()
    }

    /// The `X-Robots-Tag` header of its redirects: its own, or that of its domain.
    #[must_use]
    pub fn robots<'a>(&'a self, domain: &'a DomainRecord) -> Option<&'a str> {
        let own = self.record.extras.as_ref().and_then(|extras| extras.robots.as_deref());
        own.or(domain.robots.as_deref())
    }

    /// What visitors read once it is over; not where the platform switched it off.
    #[must_use]
    pub fn expired_text(&self) -> Option<&str> {
        let extras = self.record.extras.as_ref().filter(|_| self.record.state != LinkState::Disabled);
        extras?.expired_text.as_deref()
    }

    /// What visitors read before it begins.
    #[must_use]
    pub fn not_found_text(&self) -> Option<&str> {
        self.record.extras.as_ref()?.not_found_text.as_deref()
    }

    /// Whether the visitor's own path or query can become part of the destination.
    #[must_use]
    pub fn forwards(&self) -> bool {
        self.record.forward_path || self.record.forward_query != ForwardQuery::Off
    }

    /// The destination for this choice of the rules.
    #[must_use]
    pub fn target(&self, choice: Option<Choice>) -> Target<'_> {
        let own = || self.place.target(&self.record.destination, None, None);
        choice.and_then(|choice| self.chosen(choice)).unwrap_or_else(own)
    }

    fn chosen(&self, choice: Choice) -> Option<Target<'_>> {
        let rule = self.record.rules.get(choice.rule)?;
        let name = Some(&*rule.name);
        match (&rule.outcome, self.outcomes.get(choice.rule)?) {
            (Outcome::Destination { destination_url }, CompiledOutcome::Destination(place)) => {
                Some(place.target(destination_url, name, None))
            }
            (Outcome::Split { variants }, CompiledOutcome::Split(places)) => {
                let index = choice.variant?;
                let variant = variants.get(index)?;
                Some(places.get(index)?.target(&variant.destination_url, name, Some(&variant.name)))
            }
            _ => None,
        }
    }

    /// About how much memory it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        // The destination, its header value, and perhaps its campaign.
        let texts = self.record.slug.len() + self.record.destination.as_str().len() * 3;
        let rules: usize = self.record.rules.iter().map(|rule| 3 * outcome_bytes(&rule.outcome)).sum();
        let extras = self.record.extras.as_deref().map_or(0, extras_bytes);
        size_of::<Self>() + texts + rules + extras + self.rules.heap_bytes()
    }
}

impl Place {
    fn new(destination: &Destination) -> Self {
        Self { location: header_value(destination), campaign: campaign_of(destination) }
    }

    fn target<'a>(
        &'a self,
        destination: &'a Destination,
        rule: Option<&'a str>,
        variant: Option<&'a str>,
    ) -> Target<'a> {
        Target { location: &self.location, destination, campaign: &self.campaign, rule, variant }
    }
}

impl CompiledOutcome {
    fn new(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Destination { destination_url } => Self::Destination(Place::new(destination_url)),
            Outcome::Split { variants } => {
                Self::Split(variants.iter().map(|variant| Place::new(&variant.destination_url)).collect())
            }
        }
    }
}

fn outcome_bytes(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Destination { destination_url } => destination_url.as_str().len(),
        Outcome::Split { variants } => variants.iter().map(|variant| variant.destination_url.as_str().len()).sum(),
    }
}

fn extras_bytes(extras: &LinkExtras) -> usize {
    let texts = [&extras.robots, &extras.expired_text, &extras.not_found_text];
    let preview = extras.preview.as_ref().map_or(0, |preview| {
        let texts = [&preview.title, &preview.description];
        let image = preview.image_url.as_ref().map_or(0, |url| url.as_str().len());
        image + texts.into_iter().flatten().map(String::len).sum::<usize>()
    });
    size_of::<LinkExtras>() + preview + texts.into_iter().flatten().map(|text| text.len()).sum::<usize>()
}

/// A destination is printable ASCII, so it is always a header value.
fn header_value(destination: &Destination) -> HeaderValue {
    let value = HeaderValue::from_str(destination.as_str()).unwrap_or(HeaderValue::from_static("/"));
    // The first clone of a value moves its bytes behind a counter, which allocates; later ones do not.
    drop(value.clone());
    value
}
