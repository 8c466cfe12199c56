//! Watches over the open connections of one worker: ends those that keep
//! silent too long, and asks all of them to end when the worker stops.
//!
//! A connection notes at each response in which round of the watch that was.
//! This costs a request next to nothing, whereas a timer for each request
//! wakes the runtime by a system call of its own.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;
use std::time::Duration;

use futures_util::task::AtomicWaker;

/// So many rounds make up the time that a connection may keep silent; it is ended at most one round late.
const ROUNDS: u32 = 4;
/// Stands in place of a round while a request is being answered.
const ANSWERING: u32 = u32::MAX;

/// The watch of one worker.
#[derive(Default)]
pub(super) struct IdleConnections {
    round: AtomicU32,
    stopping: AtomicBool,
    connections: Mutex<Vec<Weak<WatchedConnection>>>,
}

/// A connection that is watched.
pub(super) struct WatchedConnection {
    watch: Arc<IdleConnections>,
    silent_since: AtomicU32,
    too_long: AtomicBool,
    waker: AtomicWaker,
}

/// What a connection shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Go on.
    GoOn,
    /// EdgeResponse what is being answered, and end.
    Finish,
    /// End at once.
    End,
}

impl IdleConnections {
    /// Takes a new connection under watch for as long as it lasts.
    pub(super) fn enter(self: &Arc<Self>) -> Arc<WatchedConnection> {
        let watched = Arc::new(WatchedConnection {
            watch: Arc::clone(self),
            silent_since: AtomicU32::new(self.round.load(Ordering::Relaxed)),
            too_long: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        });
        self.connections().push(Arc::downgrade(&watched));
        watched
    }

    /// Ends connections that keep silent for longer than `silence_max`, for ever.
    pub(super) async fn run(&self, silence_max: Duration) {
        loop {
            tokio::time::sleep(silence_max / ROUNDS).await;
            self.pass_round();
        }
    }

    /// Asks every connection to finish, also those that enter later.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.connections().iter().filter_map(Weak::upgrade).for_each(|watched| watched.waker.wake());
    }

    fn pass_round(&self) {
        let round = self.round.fetch_add(1, Ordering::Relaxed) + 1;
        self.connections().retain(|watched| {
            let watched = watched.upgrade();
            watched.inspect(|watched| watched.judge(round)).is_some()
        });
    }

    fn connections(&self) -> MutexGuard<'_, Vec<Weak<WatchedConnection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WatchedConnection {
    /// What the connection shall do. When that changes, `waker` is woken.
    pub(super) fn order(&self, waker: &Waker) -> Order {
        self.waker.register(waker);
        if self.too_long.load(Ordering::Relaxed) {
            Order::End
        } else if self.is_finishing() {
            Order::Finish
        } else {
            Order::GoOn
        }
    }

    /// Whether the worker stops, so that the next answer of this connection is its last.
    pub(super) fn is_finishing(&self) -> bool {
        self.watch.stopping.load(Ordering::Relaxed)
    }

    /// A request has arrived.
    pub(super) fn starts_response(&self) {
        self.silent_since.store(ANSWERING, Ordering::Relaxed);
    }

    /// It is answered, and the next one may come.
    pub(super) fn ends_response(&self) {
        self.silent_since.store(self.watch.round.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    fn judge(&self, round: u32) {
        // The round in which it fell silent had begun before.
        if round.saturating_sub(self.silent_since.load(Ordering::Relaxed)) > ROUNDS {
            self.too_long.store(true, Ordering::Relaxed);
            self.waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_silence_that_lasts_ends_a_connection() {
        let watch = Arc::new(IdleConnections::default());
        let (silent, answering, lively) = (watch.enter(), watch.enter(), watch.enter());
        answering.starts_response();
        for _ in 0..=ROUNDS {
            lively.starts_response();
            lively.ends_response();
            assert_eq!(silent.order(Waker::noop()), Order::GoOn);
            watch.pass_round();
        }
        assert_eq!(silent.order(Waker::noop()), Order::End);
        assert_eq!(answering.order(Waker::noop()), Order::GoOn);
        assert_eq!(lively.order(Waker::noop()), Order::GoOn);
        answering.ends_response();
        (0..=ROUNDS).for_each(|_| watch.pass_round());
        assert_eq!(answering.order(Waker::noop()), Order::End);
    }

    #[test]
    fn whoever_ends_is_forgotten_and_whoever_enters_while_the_worker_stops_finishes() {
        let watch = Arc::new(IdleConnections::default());
        let stays = watch.enter();
        drop(watch.enter());
        watch.pass_round();
        assert_eq!(watch.connections().len(), 1);
        watch.stop();
        assert_eq!(stays.order(Waker::noop()), Order::Finish);
        assert_eq!(watch.enter().order(Waker::noop()), Order::Finish);
    }
}
