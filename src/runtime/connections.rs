//! The open connections of one accept loop: who gets a place, who has to give it up, and who is asked to end.
//!
//! Invariants: as long as one connection keeps silent, a newcomer gets a place; a connection that is being answered keeps its own.
//!
//! A connection notes at each response in which round of the watch that was. This costs a request next to nothing, whereas a
//! timer for each request wakes the runtime by a system call of its own.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::client_address::network;

/// How many rounds make up the time that a connection may keep silent; it is ended at most one round late.
const ROUNDS: u32 = 4;
/// Stands in place of a round while a request is being answered.
const ANSWERING: u32 = u32::MAX;
/// Marks the round in which a response was begun to be sent that has not been taken.
const SENDING: u32 = 1;
/// Where there is no room, this part of all places is made free at once, so that looking for them costs each newcomer little.
const FREED_PART: usize = 32;
/// How often a newcomer looks again for somebody who may give way, while all others are being answered.
const ROOM_RETRY: Duration = Duration::from_millis(50);

/// The limits of one accept loop.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Connections at once.
    pub connections_max: usize,
    /// Connections at once of one address, or of one /64 of IPv6; 0 means no such limit.
    pub per_address_max: usize,
    /// How long a connection may take to send a head or to take a response, and may idle between requests.
    pub silence_max: Duration,
}

/// Why a connection was ended before its client wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    /// It sent no whole head in time.
    Silent,
    /// It did not take its response in time.
    Unread,
    /// It had been silent for longest when a newcomer needed its place.
    Room,
    /// Its address had as many connections as it may have, and this was silent for longest or came last.
    Address,
}

/// Told of every eviction.
type Report = Box<dyn Fn(Eviction) + Send + Sync>;

/// The connections of one accept loop.
pub struct Connections {
    limits: ConnectionLimits,
    report: Report,
    places: Arc<Semaphore>,
    round: AtomicU32,
    stopping: AtomicBool,
    open: Mutex<Vec<Weak<OpenConnection>>>,
    /// Locked alone, or within `open`.
    by_network: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection that has a place.
pub struct OpenConnection {
    all: Arc<Connections>,
    network: IpAddr,
    silent_since: AtomicU32,
    evicted: AtomicBool,
    uncounted: AtomicBool,
    waker: AtomicWaker,
    _place: OwnedSemaphorePermit,
}

/// What a connection shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Go on.
    GoOn,
    /// Answer what is being answered, and end.
    Finish,
    /// End at once.
    End,
}

impl Connections {
    /// An accept loop without connections. `report` is told of every eviction.
    #[must_use]
    pub fn new(limits: ConnectionLimits, report: impl Fn(Eviction) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            limits,
            report: Box::new(report),
            places: Arc::new(Semaphore::new(limits.connections_max.min(Semaphore::MAX_PERMITS))),
            round: AtomicU32::new(0),
            stopping: AtomicBool::new(false),
            open: Mutex::default(),
            by_network: Mutex::default(),
        })
    }

    /// Gives a newcomer a place, for which another may have to go. `None` if its address has too many that are all being answered.
    /// Waits while every connection is being answered.
    pub async fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Arc<OpenConnection>> {
        let network = network(peer);
        if self.is_crowded(network) {
            let of_address = freed(self.limits.per_address_max);
            if self.evict_longest_silent(of_address, Eviction::Address, |open| open.network == network) == 0 {
                (self.report)(Eviction::Address);
                return None;
            }
        }
        let place = self.place().await?;
        self.count(network);
        let open = Arc::new(OpenConnection {
            all: Arc::clone(self),
            network,
            silent_since: AtomicU32::new(self.now()),
            evicted: AtomicBool::new(false),
            uncounted: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            _place: place,
        });
        lock(&self.open).push(Arc::downgrade(&open));
        Some(open)
    }

    /// Ends connections that keep silent for too long, for ever.
    pub async fn watch(&self) {
        loop {
            tokio::time::sleep(self.limits.silence_max / ROUNDS).await;
            self.pass_round();
        }
    }

    /// Asks every connection to finish, also those that enter later.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        lock(&self.open).iter().filter_map(Weak::upgrade).for_each(|open| open.waker.wake());
    }

    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                return Some(place);
            }
            self.evict_longest_silent(freed(self.limits.connections_max), Eviction::Room, |_| true);
            let waiting = tokio::time::timeout(ROOM_RETRY, Arc::clone(&self.places).acquire_owned());
            if let Ok(place) = waiting.await {
                return place.ok();
            }
        }
    }

    fn is_crowded(&self, network: IpAddr) -> bool {
        let limit = self.limits.per_address_max;
        limit > 0 && lock(&self.by_network).get(&network).is_some_and(|count| *count >= limit)
    }

    fn count(&self, network: IpAddr) {
        if self.limits.per_address_max > 0 {
            *lock(&self.by_network).entry(network).or_default() += 1;
        }
    }

    /// Ends so many of those that keep silent, the longest silent first, and after them those that leave their response unread.
    fn evict_longest_silent(&self, most: usize, reason: Eviction, is_meant: impl Fn(&OpenConnection) -> bool) -> usize {
        let now = self.now();
        let open: Vec<_> = lock(&self.open).iter().filter_map(Weak::upgrade).filter(|open| is_meant(open)).collect();
        let mut silent: Vec<_> = open.iter().filter_map(|open| Some((open.silence(now)?, open))).collect();
        silent.sort_by_key(|(silence, _)| *silence);
        silent.iter().take(most).for_each(|(_, open)| open.evict(reason));
        silent.len().min(most)
    }

    fn pass_round(&self) {
        let now = self.round.fetch_add(1, Ordering::Relaxed).wrapping_add(1) << 1;
        lock(&self.open).retain(|open| {
            let open = open.upgrade();
            open.inspect(|open| open.judge(now)).is_some()
        });
    }

    /// The round, with room for a mark.
    fn now(&self) -> u32 {
        self.round.load(Ordering::Relaxed) << 1
    }
}

/// How many places are made free at once.
fn freed(limit: usize) -> usize {
    (limit / FREED_PART).max(1)
}

impl OpenConnection {
    /// What the connection shall do. When that changes, `waker` is woken.
    pub fn order(&self, waker: &Waker) -> Order {
        self.waker.register(waker);
        if self.evicted.load(Ordering::Relaxed) && self.silent_since.load(Ordering::Relaxed) != ANSWERING {
            Order::End
        } else if self.is_finishing() {
            Order::Finish
        } else {
            Order::GoOn
        }
    }

    /// Whether the accept loop stops, so that the next response of this connection is its last.
    #[must_use]
    pub fn is_finishing(&self) -> bool {
        self.all.stopping.load(Ordering::Relaxed)
    }

    /// A request has arrived.
    pub fn starts_response(&self) {
        self.silent_since.store(ANSWERING, Ordering::Relaxed);
    }

    /// The response is there, and the client may take it.
    pub fn sends_response(&self) {
        self.silent_since.store(self.all.now() | SENDING, Ordering::Relaxed);
    }

    /// Nothing is to be done until more of a request comes.
    pub fn awaits_request(&self) {
        self.silent_since.store(self.all.now(), Ordering::Relaxed);
    }

    /// What decides who goes first; `None` for those that stay.
    fn silence(&self, now: u32) -> Option<(bool, u32)> {
        let since = self.silent_since.load(Ordering::Relaxed);
        let is_sending = since & SENDING != 0;
        // A response that has only just been begun is no sign of a client that does not read.
        let stays = since == ANSWERING || self.evicted.load(Ordering::Relaxed) || (is_sending && age(since, now) < 2);
        (!stays).then_some((is_sending, since))
    }

    fn judge(&self, now: u32) {
        let since = self.silent_since.load(Ordering::Relaxed);
        // The round in which it fell silent had begun before.
        if since != ANSWERING && age(since, now) > ROUNDS && !self.evicted.load(Ordering::Relaxed) {
            self.evict(if since & SENDING == 0 { Eviction::Silent } else { Eviction::Unread });
        }
    }

    fn evict(&self, reason: Eviction) {
        self.evicted.store(true, Ordering::Relaxed);
        self.uncount();
        self.waker.wake();
        (self.all.report)(reason);
    }

    /// Its address may have another one.
    fn uncount(&self) {
        if self.all.limits.per_address_max == 0 || self.uncounted.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut by_network = lock(&self.all.by_network);
        if let Some(count) = by_network.get_mut(&self.network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                by_network.remove(&self.network);
            }
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.uncount();
    }
}

/// How many rounds lie between.
fn age(since: u32, now: u32) -> u32 {
    (now >> 1).saturating_sub(since >> 1)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
