//! Where the request came from that a task works on, for whatever is written down about it.
//!
//! It travels beside the work, so that no use case has to pass it on and none can forget to.

use std::net::IpAddr;

/// Where a request came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the client, if it is known.
    pub address: Option<IpAddr>,
    /// The id of the request, as the client reads it and the log carries it.
    pub request_id: Option<String>,
    /// The program, as it calls itself (`User-Agent`); empty if it does not.
    pub user_agent: String,
}

tokio::task_local! {
    static CURRENT: Origin;
}

/// Where the request came from that this task works on; nothing is known where it works on none.
#[must_use]
pub fn current() -> Origin {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// Does `work` for a request from there.
pub fn within<F: Future>(origin: Origin, work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(origin, work)
}

/// Does `work` for the same request, such as in a task of its own.
pub fn continued<F: Future>(work: F) -> impl Future<Output = F::Output> {
    within(current(), work)
}
