//! Group commit: the records of all requests that are ready together reach the
//! kernel in one write, and only then is any of those requests answered.
//!
//! One request appends and waits; the flusher, a task on the same thread, wakes
//! on the first record, lets every other ready request have its turn, writes
//! once and releases all of them. A sick disk releases them too.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use tokio::time::timeout;

use super::file_system::FileSystem;
use super::writer::{Flushed, RETRY_AFTER, Writer};
use crate::runtime::sync::{Mutex, MutexGuard};

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

    /// Runs the flusher for ever; `report` is told of every flush. Run it on the thread whose requests append.
    pub async fn run(&self, mut report: impl FnMut(Flushed)) {
        let mut waiting = 0;
        loop {
            if waiting == 0 {
                self.wait_for_records().await;
            } else {
                // The time may pass without another record: what a sick disk has refused is tried again all the same.
                drop(timeout(RETRY_AFTER, self.wait_for_records()).await);
            }
            tokio::task::yield_now().await;
            let flushed = self.flush();
            waiting = flushed.waiting;
            report(flushed);
        }
    }

    /// Has the next flush say how many records there should be.
    pub fn append_tally(&self) {
        self.lock().writer.append_tally();
    }

    /// Gives up what waits in memory, at the end of the process. Says how many records that were.
    pub fn give_up(&self) -> u64 {
        self.lock().writer.give_up()
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

#[cfg(all(test, shuttle))]
mod model {
    use std::path::Path;
    use std::sync::Arc;

    use shuttle::future::{block_on, spawn};

    use super::*;
    use crate::infra::journal::{DiskFileSystem, JournalLimits, JournalReader};
    use crate::runtime::sync::atomic::{AtomicU64, Ordering};

    const REQUESTS: u8 = 4;

    /// What stands in the journals of this folder, in no order.
    fn read_back(folder: &Path) -> Vec<u8> {
        let mut reader = JournalReader::open(folder);
        let mut read = Vec::new();
        while let Some(batch) = reader.next(usize::MAX).expect("the folder can be read") {
            read.extend(batch.records().flat_map(|(_, payload)| payload));
            reader.acknowledge(&batch).expect("it is acknowledged");
        }
        read.sort_unstable();
        read
    }

    /// Shuttle reports a deadlock when a request waits for a flush that nobody is woken for.
    #[test]
    fn however_tasks_take_turns_no_request_waits_for_ever_and_every_record_is_written_once() {
        let check = || {
            let folder = tempfile::tempdir().expect("a folder");
            let limits = JournalLimits { segment_bytes: 64 * 1024, bytes_max: 1 << 30 };
            let group = Arc::new(GroupCommit::new(Writer::new(DiskFileSystem, folder.path(), limits)));
            let written = Arc::new(AtomicU64::new(0));
            let (flusher, counted) = (Arc::clone(&group), Arc::clone(&written));
            let running = spawn(async move {
                let report = |flushed: Flushed| _ = counted.fetch_add(flushed.records, Ordering::SeqCst);
                flusher.run(report).await;
            });
            block_on(async {
                let append = |group: Arc<GroupCommit<_>>, number: u8| async move {
                    group.append(|buffer| buffer.push(number)).await;
                };
                let requests: Vec<_> = (0..REQUESTS).map(|number| spawn(append(Arc::clone(&group), number))).collect();
                for request in requests {
                    request.await.expect("no panic");
                }
                // It ends where it waits, and has told of all that it wrote by then.
                running.abort();
                drop(running.await);
            });
            assert_eq!(written.load(Ordering::SeqCst), u64::from(REQUESTS));
            assert_eq!(group.flush().records, 0, "nothing is left to write");
            assert_eq!(read_back(folder.path()), (0..REQUESTS).collect::<Vec<_>>(), "each is in the journal once");
        };
        shuttle::check_random(check, 1_000);
    }
}
