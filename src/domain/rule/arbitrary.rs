//! Generated rules and visitors for property tests.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Agent, AgentClass, Condition, Device, Outcome, Rule, Test, TimeWindow, Variant, Visitor, Weekday};
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;

/// Rules that compile, over few values, so that many of them fit many visitors.
pub(super) fn rules() -> impl Strategy<Value = Vec<Rule>> {
    vec((vec(condition(&VALID), 0..4), outcome(1..5)), 0..8).prop_map(|parts| {
        let numbered = parts.into_iter().enumerate();
        numbered
            .map(|(index, (conditions, outcome))| Rule { name: format!("rule {index}"), conditions, outcome })
            .collect()
    })
}

/// Rules in which every text and every number may be wrong.
pub(super) fn wild_rules() -> impl Strategy<Value = Vec<Rule>> {
    let name = prop_oneof!["[a-z]", "\\PC{0,70}"];
    let rule = (name, vec(condition(&WILD), 0..4), outcome(0..20_000));
    vec(rule.prop_map(|(name, conditions, outcome)| Rule { name, conditions, outcome }), 0..8)
}

/// A condition that compiles.
pub(super) fn valid_condition() -> impl Strategy<Value = Condition> {
    condition(&VALID)
}

/// Where the texts of conditions come from.
struct Source {
    texts: fn(&'static [&'static str]) -> BoxedStrategy<String>,
    at_least: usize,
}

const VALID: Source = Source { texts: |pool| select(pool).prop_map(str::to_owned).boxed(), at_least: 1 };
const WILD: Source = Source {
    texts: |pool| {
        prop_oneof![select(pool).prop_map(str::to_owned), "\\PC{0,20}", "[A-Za-z0-9:.%(){}*+-]{0,12}"].boxed()
    },
    at_least: 0,
};

fn condition(source: &Source) -> impl Strategy<Value = Condition> + use<> {
    (test(source), any::<bool>()).prop_map(|(test, negate)| Condition { test, negate })
}

fn test(source: &Source) -> impl Strategy<Value = Test> + use<> {
    let at_least = source.at_least;
    let listed = |pool| vec((source.texts)(pool), at_least..4);
    let windows = vec(window(source), at_least..3);
    prop_oneof![
        listed(&["DE", "AT", "US", "FR"]).prop_map(|any_of| Test::Countries { any_of }),
        listed(&["DE-BY", "US-CA", "AT-9"]).prop_map(|any_of| Test::Regions { any_of }),
        vec(device(), at_least..3).prop_map(|any_of| Test::Devices { any_of }),
        listed(&["iOS", "android", "Mac OS X", "Windows"]).prop_map(|any_of| Test::Os { any_of }),
        listed(&["Chrome", "Mobile Safari", "firefox"]).prop_map(|any_of| Test::Browsers { any_of }),
        listed(&["en", "de-DE", "fr"]).prop_map(|any_of| Test::Languages { any_of }),
        ((source.texts)(&["UTC", "Europe/Berlin", "America/St_Johns"]), windows)
            .prop_map(|(time_zone, any_of)| Test::TimeWindows { time_zone, any_of }),
        listed(&["example.com", "news.example.com", "t.co"]).prop_map(|any_of| Test::ReferrerHosts { any_of }),
        (source.texts)(&["iphone", "chrome/[0-9]+", "^$"]).prop_map(|pattern| Test::UserAgent { pattern }),
        listed(&["utm_source", "utm_source=news", "a=b c"]).prop_map(|any_of| Test::Query { any_of }),
        Just(Test::Bots),
    ]
}

fn window(source: &Source) -> impl Strategy<Value = TimeWindow> + use<> {
    let days = vec(select(&[Weekday::Monday, Weekday::Friday, Weekday::Saturday, Weekday::Sunday][..]), 0..3);
    let from = option::of((source.texts)(&["00:00", "09:00", "22:30"]));
    let until = option::of((source.texts)(&["02:15", "17:00", "23:59"]));
    let first_date = option::of((source.texts)(&["2026-01-01", "2026-03-29"]));
    let last_date = option::of((source.texts)(&["2026-03-29", "2026-12-31"]));
    (days, from, until, first_date, last_date).prop_map(|(days, from, until, first_date, last_date)| TimeWindow {
        days,
        from,
        until,
        first_date,
        last_date,
    })
}

fn device() -> impl Strategy<Value = Device> {
    select(&[Device::Desktop, Device::Mobile, Device::Tablet, Device::Tv, Device::Other][..])
}

fn outcome(weights: std::ops::Range<u32>) -> impl Strategy<Value = Outcome> {
    let destination_url = Destination::parse("https://example.com/").expect("a destination");
    let whole = Outcome::Destination { destination_url: destination_url.clone() };
    let split = vec(weights, 1..5).prop_map(move |weights| {
        let variant = |(index, weight)| Variant {
            name: format!("variant {index}"),
            weight,
            destination_url: destination_url.clone(),
        };
        Outcome::Split { variants: weights.into_iter().enumerate().map(variant).collect() }
    });
    prop_oneof![Just(whole), split]
}

/// A visitor that owns what [`Visitor`] borrows.
#[derive(Debug)]
pub(super) struct OwnedVisitor {
    country: Option<String>,
    subdivision: Option<String>,
    agent: Option<Agent>,
    texts: [String; 4],
    prefetch: bool,
    visitor_hash: u64,
}

impl OwnedVisitor {
    pub fn borrow(&self) -> Visitor<'_> {
        let [user_agent, accept_language, referrer, query] = &self.texts;
        Visitor {
            country: self.country.as_deref(),
            subdivision: self.subdivision.as_deref(),
            user_agent,
            agent: self.agent.as_ref(),
            accept_language,
            referrer,
            query,
            prefetch: self.prefetch,
            visitor_hash: self.visitor_hash,
        }
    }
}

/// Visitors of whom some are known well, some little, and some send rubbish.
pub(super) fn visitor() -> impl Strategy<Value = OwnedVisitor> {
    let texts =
        |pool: &'static [&'static str]| prop_oneof![3 => select(pool).prop_map(str::to_owned), 1 => "\\PC{0,30}"];
    let class = select(&[AgentClass::Human, AgentClass::Bot, AgentClass::Preview][..]);
    let agent = (device(), texts(&["iOS", "Android", "macOS"]), texts(&["Chrome", "Safari"]), class)
        .prop_map(|(device, os, browser, class)| Agent { device, os: os.into(), browser: browser.into(), class });
    let headers = (
        texts(&["Mozilla/5.0 (iPhone)", "Chrome/120", ""]),
        texts(&["en-GB,en;q=0.9", "de;q=0.5,fr", ""]),
        texts(&["https://www.example.com/page", "https://t.co/x", ""]),
        texts(&["utm_source=news&a=b+c", "utm%5Fsource=other", ""]),
    );
    (
        option::of(texts(&["DE", "US", "FR"])),
        option::of(texts(&["BY", "CA"])),
        option::of(agent),
        headers,
        any::<bool>(),
        any::<u64>(),
    )
        .prop_map(|(country, subdivision, agent, headers, prefetch, visitor_hash)| OwnedVisitor {
            country,
            subdivision,
            agent,
            texts: headers.into(),
            prefetch,
            visitor_hash,
        })
}

/// Moments of the year 2026, and now and then the ends of time.
pub(super) fn moment() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        10 => 1_767_225_600_000_000_i64..1_798_761_600_000_000,
        1 => any::<i64>(),
    ]
    .prop_map(Timestamp::from_micros)
}
