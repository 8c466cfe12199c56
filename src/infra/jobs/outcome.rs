//! What an attempt makes of its job: a pure function.

use std::time::Duration;

use super::failure::{JobFailure, NextAttempt};
use super::kind::{Kind, Repeat};
use crate::domain::job::JobState;
use crate::domain::time::Timestamp;
use crate::infra::store::jobs::Ending;

/// The pause after the first attempt; it doubles with each.
const BACKOFF_FIRST: Duration = Duration::from_secs(5);
/// The longest pause.
const BACKOFF_MAX: Duration = Duration::from_secs(6 * 60 * 60);
/// By how much a pause may be shorter or longer, as a share of it.
const JITTER: f64 = 0.2;
/// The longest error that is kept, in characters.
const ERROR_CHARACTERS_MAX: usize = 2_000;

/// How an attempt ended, unless it did what it should.
#[derive(Debug)]
pub(super) enum Fault {
    /// It said why.
    Failed(JobFailure),
    /// It took longer than it may.
    TimedOut,
    /// It panicked.
    Panicked,
    /// The process ended in the middle of it.
    CutOff,
    /// Its worker was not heard of until the lease was over.
    LeaseOver,
}

impl Fault {
    /// What operators read.
    pub(super) fn message(&self, kind: &Kind) -> String {
        let message = match self {
            Self::Failed(failure) => failure.message.chars().take(ERROR_CHARACTERS_MAX).collect(),
            Self::TimedOut => format!("it took longer than {} s", kind.timeout.as_secs()),
            Self::Panicked => "it panicked; the log of the worker says where".to_owned(),
            Self::CutOff => "the worker ended in the middle of it".to_owned(),
            Self::LeaseOver => "the worker was not heard of any more".to_owned(),
        };
        match kind.repeat {
            Repeat::Never => format!("{message}; it may have been done, and is not tried again by itself"),
            Repeat::UpTo(_) => message,
        }
    }

    fn next_attempt(&self) -> NextAttempt {
        match self {
            Self::Failed(failure) => failure.next,
            _ => NextAttempt::Later,
        }
    }
}

/// What becomes of a job whose attempt number `attempt` of `attempts_max` ended like this. `random` is from 0 to 1.
pub(super) fn after(
    fault: &Fault,
    kind: &Kind,
    (attempt, attempts_max): (i64, i64),
    now: Timestamp,
    random: f64,
) -> Ending {
    let may_repeat = kind.repeat != Repeat::Never;
    if may_repeat && matches!(fault, Fault::CutOff) {
        // The end of a process is nothing that the job can do anything about.
        return Ending {
            state: JobState::Ready,
            run_at: now,
            attempts: attempt - 1,
            last_error: None,
            finished_at: None,
        };
    }
    let last_error = Some(fault.message(kind));
    let pause = match fault.next_attempt() {
        NextAttempt::Later => Some(backoff(attempt, random)),
        NextAttempt::After(pause) => Some(pause),
        NextAttempt::Never => None,
    };
    match pause.filter(|_| may_repeat && attempt < attempts_max) {
        Some(pause) => {
            Ending { state: JobState::Ready, run_at: now.plus(pause), attempts: attempt, last_error, finished_at: None }
        }
        None => Ending { state: JobState::Dead, run_at: now, attempts: attempt, last_error, finished_at: Some(now) },
    }
}

/// 5 s after the first attempt, doubled with each up to 6 h, and up to a fifth less or more.
fn backoff(attempt: i64, random: f64) -> Duration {
    let doublings = u32::try_from(attempt - 1).unwrap_or(0).min(u32::BITS - 1);
    let pause = BACKOFF_FIRST.saturating_mul(1 << doublings).min(BACKOFF_MAX);
    pause.mul_f64(1.0 - JITTER + 2.0 * JITTER * random.clamp(0.0, 1.0)).min(BACKOFF_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KIND: Kind = Kind::new("test", Duration::from_secs(1));
    const ONCE: Kind = KIND.repeat(Repeat::Never);
    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    fn failed() -> Fault {
        Fault::Failed(JobFailure::new("no"))
    }

    proptest! {
        #[test]
        fn pauses_double_from_five_seconds_to_six_hours(attempt in 1_i64..100, random in 0.0..=1.0) {
            let pause = backoff(attempt, random);
            let plain = Duration::from_secs(5 << (attempt - 1).min(20)).min(BACKOFF_MAX);
            prop_assert!(pause >= plain.mul_f64(0.799) && pause <= plain.mul_f64(1.201) && pause <= BACKOFF_MAX, "{:?}", pause);
        }

        #[test]
        fn a_job_is_ready_again_or_given_up_and_never_tried_more_often_than_it_may(
            attempt in 1_i64..30, attempts_max in 1_i64..30, random in 0.0..=1.0,
        ) {
            for fault in [failed(), Fault::TimedOut, Fault::Panicked, Fault::LeaseOver] {
                let ending = after(&fault, &KIND, (attempt, attempts_max), NOW, random);
                let expected = if attempt < attempts_max { JobState::Ready } else { JobState::Dead };
                prop_assert_eq!(ending.state, expected);
                prop_assert_eq!(ending.finished_at.is_some(), expected == JobState::Dead);
                prop_assert!(ending.last_error.is_some());
                let once = after(&fault, &ONCE, (attempt, attempts_max), NOW, random);
                prop_assert_eq!(once.state, JobState::Dead);
            }
        }
    }

    #[test]
    fn an_attempt_that_the_end_of_the_process_breaks_off_does_not_count() {
        let ending = after(&Fault::CutOff, &KIND, (3, 3), NOW, 0.5);
        assert_eq!((ending.state, ending.attempts, ending.run_at), (JobState::Ready, 2, NOW));
        let once = after(&Fault::CutOff, &ONCE, (1, 1), NOW, 0.5);
        assert_eq!(once.state, JobState::Dead, "it may have been done");
    }

    #[test]
    fn a_failure_says_when_to_try_again() {
        let later = Fault::Failed(JobFailure::new("busy").try_again_after(Duration::from_secs(90)));
        assert_eq!(after(&later, &KIND, (1, 5), NOW, 0.5).run_at, NOW.plus(Duration::from_secs(90)));
        let never = Fault::Failed(JobFailure::for_good("gone"));
        assert_eq!(after(&never, &KIND, (1, 5), NOW, 0.5).state, JobState::Dead);
        let long = Fault::Failed(JobFailure::new("ä".repeat(5_000)));
        assert_eq!(after(&long, &KIND, (1, 5), NOW, 0.5).last_error.map(|error| error.chars().count()), Some(2_000));
    }
}
