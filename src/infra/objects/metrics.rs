//! What is counted of objects.

use std::sync::LazyLock;

use metrics::Counter;

use crate::domain::error::{ErrorKind, Result};
use crate::telemetry::metric::Metric;

const OPERATIONS: Metric = Metric::counter(
    "elido_object_operations_total",
    &["operation", "result"],
    "What was done with objects, by what came of it: done, refused because of what was asked for, or failed.",
);
const FORGOTTEN: Metric = Metric::counter(
    "elido_objects_forgotten_total",
    &["kind"],
    "Objects that were deleted because of their age, or because their workspace is gone for good.",
);

/// What is done with objects.
#[derive(Clone, Copy)]
pub(super) enum Operation {
    Put,
    Get,
    Delete,
    List,
}

/// The handles of one operation.
struct Results {
    done: Counter,
    refused: Counter,
    failed: Counter,
}

impl Operation {
    fn results(self) -> &'static Results {
        static RESULTS: LazyLock<[Results; 4]> =
            LazyLock::new(|| ["put", "get", "delete", "list"].map(Results::register));
        let [put, get, delete, list] = &*RESULTS;
        match self {
            Self::Put => put,
            Self::Get => get,
            Self::Delete => delete,
            Self::List => list,
        }
    }
}

impl Results {
    fn register(operation: &'static str) -> Self {
        let counter = |result| OPERATIONS.register_counter(&[("operation", operation), ("result", result)]);
        Self { done: counter("done"), refused: counter("refused"), failed: counter("failed") }
    }
}

/// Counts what comes of it.
pub(super) async fn counted<T>(operation: Operation, work: impl Future<Output = Result<T>>) -> Result<T> {
    let result = work.await;
    let results = operation.results();
    match &result {
        Ok(_) => results.done.increment(1),
        Err(error) if matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Internal) => results.failed.increment(1),
        Err(_) => results.refused.increment(1),
    }
    result
}

/// Counts objects of a kind that were deleted because of their age, or with their workspace.
pub(super) fn forgotten(kind: &'static str) -> Counter {
    FORGOTTEN.register_counter(&[("kind", kind)])
}
