//! Group commit: the records of all requests that are ready together reach the
//! kernel in one write, and only then is any of those requests answered.
//!
//! One request appends and waits; the flusher, a task on the same thread, wakes
//! on the first record, lets every other ready request have its turn, writes
//! once and releases all of them. A sick disk releases them too.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::file_system::FileSystem;
use super::writer::{Flushed, Writer};

/// What waits when nothing grows: more than the connections that are ready in one round.
const WAITERS_READY: usize = 1024;

/// A writer that many requests of one thread share.
pub struct GroupCommit<F: FileSystem> {
    state: Mutex<State<F>>,
}

struct State<F: FileSystem> {
    writer: Writer<F>,
    appended: u64,
    released: u64,
    waiters: Vec<Waker>,
    woken: Vec<Waker>,
    flusher: Option<Waker>,
}

/// Resolves when the record is with the kernel, or the disk has refused it.
#[must_use = "a request is answered only after its record is with the kernel"]
pub struct Committed<'a, F: FileSystem> {
    group: &'a GroupCommit<F>,
    ticket: u64,
}

impl<F: FileSystem> GroupCommit<F> {
    /// Shares `writer`.
    #[must_use]
    pub fn new(writer: Writer<F>) -> Self {
        let state = State {
            writer,
            appended: 0,
            released: 0,
            waiters: Vec::with_capacity(WAITERS_READY),
            woken: Vec::with_capacity(WAITERS_READY),
            flusher: None,
        };
        Self { state: Mutex::new(state) }
    }

    /// Adds one record, whose payload `fill` writes.
    pub fn append(&self, fill: impl FnOnce(&mut Vec<u8>)) -> Committed<'_, F> {
        let mut state = self.lock();
        state.writer.append(fill);
        state.appended += 1;
        let ticket = state.appended;
        let flusher = state.flusher.take();
        drop(state);
        if let Some(flusher) = flusher {
            flusher.wake();
        }
        Committed { group: self, ticket }
    }

    /// Runs the flusher for ever; `report` hears of every flush. Run it on the thread whose requests append.
    pub async fn run(&self, mut report: impl FnMut(Flushed)) {
        loop {
            self.wait_for_records().await;
            tokio::task::yield_now().await;
            report(self.flush());
        }
    }

    /// Writes what is there and releases those who wait for it.
    pub fn flush(&self) -> Flushed {
        let mut state = self.lock();
        let flushed = state.writer.flush();
        state.released = state.appended;
        let mut woken = std::mem::take(&mut state.woken);
        std::mem::swap(&mut woken, &mut state.waiters);
        drop(state);
        woken.drain(..).for_each(Waker::wake);
        self.lock().woken = woken;
        flushed
    }

    async fn wait_for_records(&self) {
        poll_fn(|context| {
            let mut state = self.lock();
            if state.appended > state.released {
                return Poll::Ready(());
            }
            state.flusher = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, State<F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F: FileSystem> Future for Committed<'_, F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.group.lock();
        if state.released >= self.ticket {
            return Poll::Ready(());
        }
        state.waiters.push(context.waker().clone());
        Poll::Pending
    }
}
