//! The cache between an editor, fetches and visitors, in the orders that shuttle tries.

use shuttle::thread::{self, JoinHandle};

use super::*;
use crate::runtime::sync::atomic::{AtomicI64 as Number, Ordering as Order};

const KEY: u8 = 1;
const EDITS: i64 = 2;

/// One edge, the source of truth behind it, and how many edits the edge has received.
struct World {
    cache: LoadingCache<u8, i64>,
    truth: Mutex<i64>,
    received: Number,
}

impl World {
    fn edit(&self) {
        for edit in 1..=EDITS {
            *self.truth.lock().unwrap_or_else(PoisonError::into_inner) = edit;
            self.cache.invalidate(&KEY, Sequence::new(edit));
            self.received.store(edit, Order::SeqCst);
        }
    }

    fn fetch(&self) {
        let (flight, is_new) = self.cache.board(&KEY);
        if is_new {
            let edit = *self.truth.lock().unwrap_or_else(PoisonError::into_inner);
            let loaded = Loaded {
                value: Some(edit),
                sequence: Sequence::new(edit),
                source: LinkSource::Origin,
                bytes: 1,
                believed_until: MonotonicTime::NEVER,
            };
            self.cache.finish(&KEY, &flight, Ok(loaded));
        }
    }

    fn visit(&self) {
        let received = self.received.load(Order::SeqCst);
        if let Lookup::Fresh(cached) = self.cache.get(&KEY, clock::monotonic()) {
            assert!(cached.value >= received, "edit {} was answered after edit {received} was received", cached.value);
        }
    }
}

#[test]
fn however_threads_take_turns_nothing_older_than_what_was_heard_is_answered() {
    let check = || {
        let cache = LoadingCache::new(10, 1_000, Tasks::new());
        let world = Arc::new(World { cache, truth: Mutex::new(0), received: Number::new(0) });
        let steps: [fn(&World); 5] = [World::edit, World::fetch, World::fetch, World::visit, World::visit];
        let threads: Vec<JoinHandle<()>> = steps
            .into_iter()
            .map(|step| {
                let world = Arc::clone(&world);
                thread::spawn(move || step(&world))
            })
            .collect();
        for thread in threads {
            thread.join().expect("no panic");
        }
        world.visit();
        world.fetch();
        assert!(matches!(world.cache.get(&KEY, clock::monotonic()), Lookup::Fresh(cached) if cached.value == EDITS));
    };
    shuttle::check_random(check, 5_000);
}
