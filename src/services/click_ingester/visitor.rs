//! Telling visitors apart for a day, and not for longer.
//!
//! Invariant: a key is random, lives in memory alone, and is forgotten when
//! its day has passed; nobody can say later whose hash it was. A process that
//! starts again starts a new key, so a visitor of that day may count twice.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ring::hmac;

use crate::domain::click::Click;
use crate::domain::time::Timestamp;

const MICROS_PER_DAY: i64 = 24 * 60 * 60 * 1_000_000;
/// Days that keys are held for while a backlog is worked off; the earliest gives way.
const DAYS_MAX: usize = 32;

/// The key of one UTC day.
pub struct VisitorKey(hmac::Key);

/// The keys of the days that clicks still come from.
#[derive(Default)]
pub struct VisitorKeys {
    by_day: BTreeMap<i64, VisitorKey>,
}

impl VisitorKey {
    /// A key that nobody has seen before.
    #[must_use]
    pub fn random() -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &rand::random::<[u8; 32]>()))
    }

    /// Equal for the same workspace, address and user agent. None for a click of no workspace, and for visitors who ask not
    /// to be tracked.
    #[must_use]
    pub fn hash(&self, click: &Click<'_>) -> Option<u64> {
        let workspace_id = click.workspace_id.filter(|_| !click.signals.do_not_track)?;
        let mut context = hmac::Context::with_key(&self.0);
        context.update(workspace_id.as_uuid().as_bytes());
        context.update(&sixteen_bytes(click.address));
        context.update(click.user_agent.as_bytes());
        context.sign().as_ref().first_chunk().copied().map(u64::from_be_bytes)
    }
}

impl VisitorKeys {
    /// The key of the UTC day of `moment`; the same until it is forgotten.
    pub fn of_day(&mut self, moment: Timestamp) -> &VisitorKey {
        let day = day_of(moment);
        if self.by_day.len() >= DAYS_MAX && !self.by_day.contains_key(&day) {
            self.by_day.pop_first();
        }
        self.by_day.entry(day).or_insert_with(VisitorKey::random)
    }

    /// Forgets the keys of the days before the one before `now`, whose last clicks may still be on their way.
    pub fn forget_past(&mut self, now: Timestamp) {
        self.by_day = self.by_day.split_off(&(day_of(now) - 1));
    }
}

const fn day_of(moment: Timestamp) -> i64 {
    moment.as_micros().div_euclid(MICROS_PER_DAY)
}

fn sixteen_bytes(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::WorkspaceId;
    use crate::services::click_ingester::test_click;

    #[test]
    fn one_visitor_is_one_hash_and_every_difference_another() {
        let key = VisitorKey::random();
        let click = test_click::click();
        let hash = key.hash(&click);
        assert!(hash.is_some());
        assert_eq!(key.hash(&Click { slug: "other", referrer: "https://x.example/", ..click }), hash);
        let mapped = "::ffff:192.0.2.7".parse().expect("an address");
        assert_eq!(key.hash(&Click { address: mapped, ..click }), hash);
        for other in [
            Click { workspace_id: Some(WorkspaceId::new()), ..click },
            Click { address: "192.0.2.8".parse().expect("an address"), ..click },
            Click { user_agent: "curl/8", ..click },
        ] {
            assert_ne!(key.hash(&other), hash);
        }
        assert_ne!(VisitorKey::random().hash(&click), hash);
    }

    #[test]
    fn who_asks_not_to_be_tracked_has_no_hash() {
        let mut click = test_click::click();
        click.signals.do_not_track = true;
        assert_eq!(VisitorKey::random().hash(&click), None);
    }

    #[test]
    fn a_key_holds_for_a_utc_day_and_is_forgotten_after_it() {
        let day = |number: i64| Timestamp::from_micros(number * MICROS_PER_DAY);
        let late = Timestamp::from_micros(101 * MICROS_PER_DAY - 1);
        let click = test_click::click();
        let mut keys = VisitorKeys::default();
        let hash = keys.of_day(day(100)).hash(&click);
        assert_eq!(keys.of_day(late).hash(&click), hash);
        assert_ne!(keys.of_day(day(101)).hash(&click), hash);
        keys.forget_past(day(101));
        assert_eq!(keys.of_day(late).hash(&click), hash);
        keys.forget_past(day(102));
        assert_ne!(keys.of_day(late).hash(&click), hash);
    }

    #[test]
    fn a_backlog_of_many_days_holds_a_bounded_number_of_keys() {
        let mut keys = VisitorKeys::default();
        for day in 0..1000 {
            keys.of_day(Timestamp::from_micros(day * MICROS_PER_DAY));
        }
        assert_eq!(keys.by_day.len(), DAYS_MAX);
    }
}
