//! The state of a domain, and how checks change it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::check::{Answered, DomainCheck};
use crate::domain::time::Timestamp;

/// How many checks in a row must have found that a domain does not point here before it is quarantined.
const FAILURES_MIN: i64 = 3;
/// How much sooner than usual a domain is looked at whose last check failed, or said nothing.
const HURRY: u32 = 6;
/// How often a domain is looked at that waits for its records: at first, and after an hour.
const EAGER: Duration = Duration::from_secs(60);
const PATIENT: Duration = Duration::from_secs(10 * 60);
/// A claim is eager for so long, and patient for so long.
const EAGER_FOR: Duration = Duration::from_secs(60 * 60);
const PATIENT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// After so long nobody looks by himself any more at a claim whose records were never set.
const WAITS_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Whether a domain is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DomainState {
    /// It waits for its DNS records. It serves nothing, and other workspaces may claim the same name.
    Pending,
    /// Its links redirect, and no other workspace can have it.
    Active,
    /// It was active and stopped pointing here. It serves nothing until it is back, or shows to be another workspace's.
    Quarantined,
}

/// Why a domain is in its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateReason {
    /// It is the instance's own.
    DefaultDomain,
    /// Its records have not been seen yet.
    AwaitingRecords,
    /// Its records were seen.
    RecordsFound,
    /// It no longer points here.
    StoppedPointingHere,
    /// Another workspace has shown that the name is its own.
    ClaimedByAnother,
}

/// How often domains are looked at, and how patient that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckPolicy {
    /// How often an active domain is looked at.
    pub interval: Duration,
    /// For how long checks must have failed before a domain is quarantined.
    pub quarantine_after: Duration,
}

/// The state of a domain and what checks remember of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DomainStatus {
    /// The state.
    pub state: DomainState,
    /// Why.
    pub reason: StateReason,
    /// Since when.
    pub since: Timestamp,
    /// How many checks in a row found that an active domain does not point here.
    pub failures: i64,
    /// Since when.
    pub failing_since: Option<Timestamp>,
    /// When it is looked at next; never by itself if absent.
    pub next_check_at: Option<Timestamp>,
}

impl DomainStatus {
    /// That of a new claim.
    #[must_use]
    pub fn claimed(now: Timestamp) -> Self {
        Self {
            state: DomainState::Pending,
            reason: StateReason::AwaitingRecords,
            since: now,
            failures: 0,
            failing_since: None,
            next_check_at: Some(now.plus(EAGER)),
        }
    }

    /// That of the instance's own domain.
    #[must_use]
    pub const fn of_default_domain(now: Timestamp) -> Self {
        let (state, reason) = (DomainState::Active, StateReason::DefaultDomain);
        Self { state, reason, since: now, failures: 0, failing_since: None, next_check_at: None }
    }

    /// Whether a check shows that a domain which is not in use may be.
    #[must_use]
    pub fn is_proven_by(&self, check: &DomainCheck) -> bool {
        let is_proof = (check.points_here, check.is_owned) == (Answered::Yes, Answered::Yes);
        self.state != DomainState::Active && is_proof
    }

    /// The status after a check.
    #[must_use]
    pub fn after(self, check: &DomainCheck, policy: CheckPolicy) -> Self {
        if self.is_proven_by(check) {
            return Self::new(DomainState::Active, StateReason::RecordsFound, check.at, policy.interval);
        }
        match (self.state, check.points_here) {
            (DomainState::Active, Answered::Yes) => {
                Self { failures: 0, failing_since: None, next_check_at: Some(check.at.plus(policy.interval)), ..self }
            }
            (DomainState::Active, Answered::No) => self.after_failure(check.at, policy),
            (DomainState::Active, Answered::Unknown) => {
                Self { next_check_at: Some(check.at.plus(policy.interval / HURRY)), ..self }
            }
            (DomainState::Pending | DomainState::Quarantined, _) => {
                Self { next_check_at: self.next_look(check.at, policy), ..self }
            }
        }
    }

    /// The status of a domain that another workspace has shown to be its own.
    #[must_use]
    pub fn lost(self, now: Timestamp) -> Self {
        Self { next_check_at: None, ..Self::new(DomainState::Pending, StateReason::ClaimedByAnother, now, WAITS_FOR) }
    }

    fn after_failure(self, now: Timestamp, policy: CheckPolicy) -> Self {
        let failing_since = self.failing_since.unwrap_or(now);
        let failures = self.failures.saturating_add(1);
        if failures >= FAILURES_MIN && now.since(failing_since) >= policy.quarantine_after {
            return Self::new(DomainState::Quarantined, StateReason::StoppedPointingHere, now, policy.interval);
        }
        let next_check_at = Some(now.plus(policy.interval / HURRY));
        Self { failures, failing_since: Some(failing_since), next_check_at, ..self }
    }

    fn new(state: DomainState, reason: StateReason, now: Timestamp, next: Duration) -> Self {
        Self { state, reason, since: now, failures: 0, failing_since: None, next_check_at: Some(now.plus(next)) }
    }

    /// When a domain that is not in use is looked at next.
    fn next_look(&self, now: Timestamp, policy: CheckPolicy) -> Option<Timestamp> {
        let age = now.since(self.since);
        let pause = match self.state {
            DomainState::Pending if age >= WAITS_FOR => return None,
            DomainState::Pending if age < EAGER_FOR => EAGER,
            DomainState::Pending if age < PATIENT_FOR => PATIENT,
            _ if age >= WAITS_FOR => policy.interval.max(PATIENT_FOR),
            _ => policy.interval,
        };
        Some(now.plus(pause))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BEGIN: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);
    const HOUR: Duration = Duration::from_secs(60 * 60);
    const POLICY: CheckPolicy = CheckPolicy { interval: HOUR, quarantine_after: HOUR };

    fn check(at: Timestamp, points_here: Answered, is_owned: Answered) -> DomainCheck {
        let (challenges, names, addresses) = (Vec::new(), Vec::new(), Vec::new());
        DomainCheck { at, points_here, is_owned, challenges, names, addresses, trouble: None }
    }

    fn answers() -> impl Strategy<Value = Answered> {
        prop_oneof![Just(Answered::Yes), Just(Answered::No), Just(Answered::Unknown)]
    }

    #[test]
    fn a_domain_is_quarantined_after_several_failures_over_some_time() {
        let active = DomainStatus::claimed(BEGIN).after(&check(BEGIN, Answered::Yes, Answered::Yes), POLICY);
        assert_eq!((active.state, active.next_check_at), (DomainState::Active, Some(BEGIN.plus(HOUR))));
        let no = |minutes: u64| check(BEGIN.plus(Duration::from_secs(minutes * 60)), Answered::No, Answered::Yes);
        let impatient = (0..20).fold(active, |status, minute| status.after(&no(minute), POLICY));
        assert_eq!(impatient.state, DomainState::Active, "twenty failures within minutes are not enough");
        let late = active.after(&no(0), POLICY).after(&no(90), POLICY);
        assert_eq!(late.state, DomainState::Active, "neither are two, however long between them");
        let gone = late.after(&no(91), POLICY);
        assert_eq!((gone.state, gone.reason), (DomainState::Quarantined, StateReason::StoppedPointingHere));
        let back = gone.after(&check(BEGIN.plus(3 * HOUR), Answered::Yes, Answered::Yes), POLICY);
        assert_eq!(back.state, DomainState::Active);
    }

    #[test]
    fn a_domain_that_came_back_without_its_own_record_stays_in_quarantine() {
        let gone = DomainStatus { state: DomainState::Quarantined, ..DomainStatus::claimed(BEGIN) };
        let after = gone.after(&check(BEGIN.plus(HOUR), Answered::Yes, Answered::No), POLICY);
        assert_eq!(after.state, DomainState::Quarantined);
    }

    #[test]
    fn a_claim_is_looked_at_less_and_less_and_then_no_more() {
        let claimed = DomainStatus::claimed(BEGIN);
        let pause = |age: Duration| {
            let now = BEGIN.plus(age);
            let next = claimed.after(&check(now, Answered::No, Answered::No), POLICY).next_check_at;
            next.map(|next| next.since(now))
        };
        assert_eq!(pause(Duration::from_secs(5)), Some(EAGER));
        assert_eq!(pause(2 * HOUR), Some(PATIENT));
        assert_eq!(pause(48 * HOUR), Some(HOUR));
        assert_eq!(pause(31 * 24 * HOUR), None);
    }

    proptest! {
        #[test]
        fn trouble_never_quarantines_and_nothing_but_proof_activates(
            answers in proptest::collection::vec((answers(), answers(), 1_u64..100_000), 1..60),
        ) {
            let mut status = DomainStatus::claimed(BEGIN);
            let mut now = BEGIN;
            let mut real_failures = 0;
            for (points_here, is_owned, seconds) in answers {
                now = now.plus(Duration::from_secs(seconds));
                let check = check(now, points_here, is_owned);
                let next = status.after(&check, POLICY);
                real_failures = match (next.state, points_here) {
                    (DomainState::Active, Answered::Yes) => 0,
                    (_, Answered::No) => real_failures + 1,
                    _ => real_failures,
                };
                if next.state == DomainState::Active && status.state != DomainState::Active {
                    prop_assert_eq!((points_here, is_owned), (Answered::Yes, Answered::Yes));
                }
                if next.state == DomainState::Quarantined && status.state == DomainState::Active {
                    prop_assert!(points_here == Answered::No && real_failures >= FAILURES_MIN);
                }
                status = next;
            }
        }
    }
}
