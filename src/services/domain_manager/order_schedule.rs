//! When certificates are ordered again: a pure function of what became of the last order.

use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::infra::certificates::OrderFailure;

/// The pause after the first failure of an order; it doubles with each.
const UNAVAILABLE_FIRST: Duration = Duration::from_secs(5);
/// The same where the authority says no: it counts such orders, and wants few of them.
const REFUSED_FIRST: Duration = Duration::from_secs(60);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// By how much a pause may be longer, as a share of it.
const JITTER: f64 = 0.2;
/// The longest that an order comes after the end of a pause.
const AFTER_PAUSE_MAX: Duration = Duration::from_secs(10 * 60);
/// The share of its life after which a certificate is renewed, and by how much earlier that may be.
const RENEWED_AT: f64 = 2.0 / 3.0;
const EARLIER_BY: f64 = 0.05;

/// How long no order is made for a domain of which so many orders have failed, this being the last. `random` is from 0 to 1.
pub(super) fn pause(failure: &OrderFailure, failures: i64, random: f64) -> Duration {
    let first = match failure {
        OrderFailure::RateLimited { pause, .. } => return stretched(*pause, random),
        OrderFailure::Refused(_) => REFUSED_FIRST,
        // All that wait for the end of one pause would otherwise come at once.
        OrderFailure::Paused { left } => return *left + AFTER_PAUSE_MAX.mul_f64(random.clamp(0.0, 1.0)),
        OrderFailure::NoAccount => return Duration::ZERO,
        OrderFailure::Unavailable(_) => UNAVAILABLE_FIRST,
    };
    let doublings = u32::try_from(failures - 1).unwrap_or(0).min(u32::BITS - 1);
    stretched(first.saturating_mul(1 << doublings).min(PAUSE_MAX), random)
}

/// When a certificate is renewed: after two thirds of its life, or up to a twentieth of it earlier. `random` is from 0 to 1.
pub(super) fn renewal(not_before: Timestamp, not_after: Timestamp, random: f64) -> Timestamp {
    let share = RENEWED_AT - EARLIER_BY * random.clamp(0.0, 1.0);
    not_before.plus(not_after.since(not_before).mul_f64(share))
}

fn stretched(pause: Duration, random: f64) -> Duration {
    pause.mul_f64(1.0 + JITTER * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pauses_grow_to_a_day_and_are_never_shorter_than_the_authority_asks(
            failures in 1_i64..100, random in 0.0..=1.0, seconds in 1_u64..1_000_000,
        ) {
            let refused = OrderFailure::Refused(String::new());
            let one = pause(&refused, failures, random);
            prop_assert!(one >= REFUSED_FIRST && one <= PAUSE_MAX.mul_f64(1.2));
            prop_assert!(pause(&refused, failures + 1, random) >= one);
            prop_assert!(pause(&OrderFailure::Unavailable(String::new()), failures, random) <= one);
            let asked = Duration::from_secs(seconds);
            let limited = OrderFailure::RateLimited { reason: String::new(), pause: asked };
            prop_assert!(pause(&limited, failures, random) >= asked);
            let next = pause(&OrderFailure::Paused { left: asked }, failures, random);
            prop_assert!(next >= asked && next <= asked + AFTER_PAUSE_MAX);
        }

        #[test]
        fn certificates_are_renewed_at_two_thirds_of_their_life_at_the_latest(days in 1_u64..400, random in 0.0..=1.0) {
            let begin = Timestamp::from_micros(1_780_000_000_000_000);
            let life = Duration::from_secs(days * 24 * 60 * 60);
            let age = renewal(begin, begin.plus(life), random).since(begin);
            prop_assert!(age <= life.mul_f64(0.667) && age >= life.mul_f64(0.61));
        }
    }
}
