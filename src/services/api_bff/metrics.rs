//! What api-bff counts.

use std::sync::LazyLock;

use metrics::Counter;

use crate::telemetry::metric::Metric;

const CLIENT_ERRORS: Metric = Metric::counter(
    "elido_dashboard_errors_total",
    &["outcome"],
    "Failures in browsers that the dashboard told of: written to the log, or dropped because there were too many.",
);

/// Counts a failure that a browser told of.
pub(super) fn client_error(is_logged: bool) {
    static COUNTERS: LazyLock<[Counter; 2]> =
        LazyLock::new(|| ["logged", "dropped"].map(|outcome| CLIENT_ERRORS.register_counter(&[("outcome", outcome)])));
    let [logged, dropped] = &*COUNTERS;
    if is_logged { logged.increment(1) } else { dropped.increment(1) }
}
