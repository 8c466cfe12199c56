//! Locks and atomics. Model checks put in their place those of shuttle, which tries the orders in which threads may run.

#[cfg(not(all(test, shuttle)))]
pub use std::sync::{Mutex, MutexGuard, atomic};

#[cfg(all(test, shuttle))]
pub use shuttle::sync::{Mutex, MutexGuard, atomic};
