//! What the API counts at each request.

use std::sync::LazyLock;
use std::time::Duration;

use metrics::Label;

use crate::telemetry::metric::Metric;

const HTTP_REQUESTS: Metric = Metric::counter(
    "elido_http_requests_total",
    &["method", "route", "status"],
    "Requests that the API answered, by method, route and status.",
);
const HTTP_DURATION: Metric = Metric::histogram(
    "elido_http_request_duration_seconds",
    &["method", "route"],
    "From the head of an API request to the head of its response, by method and route.",
);

/// What the API counts at each request.
pub struct HttpMetrics {
    requests: Metric,
    duration: Metric,
}

impl HttpMetrics {
    /// The metrics of this process.
    #[must_use]
    pub fn global() -> &'static Self {
        static METRICS: LazyLock<HttpMetrics> = LazyLock::new(HttpMetrics::declare);
        &METRICS
    }

    fn declare() -> Self {
        HTTP_REQUESTS.describe();
        HTTP_DURATION.describe();
        Self { requests: HTTP_REQUESTS, duration: HTTP_DURATION }
    }

    /// Counts one answered request. `route` is the pattern that matched, never the path asked for; `None` when no route did.
    pub fn answered(&self, method: &http::Method, route: Option<&str>, status: http::StatusCode, duration: Duration) {
        let labels = vec![
            Label::from_static_parts("method", method_label(method)),
            Label::new("route", route.unwrap_or("unmatched").to_owned()),
        ];
        let status = Label::new("status", status.as_str().to_owned());
        let with_status: Vec<Label> = labels.iter().cloned().chain([status]).collect();
        self.duration.find_histogram(labels).record(duration.as_secs_f64());
        self.requests.find_counter(with_status).increment(1);
    }
}

/// Clients may invent methods; a metric must not grow by that.
fn method_label(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::render;

    #[test]
    fn an_invented_method_makes_no_new_metric() {
        let method = http::Method::from_bytes(b"BREW").unwrap();
        HttpMetrics::global().answered(&method, None, http::StatusCode::NOT_FOUND, Duration::from_millis(1));
        assert!(render().contains("elido_http_requests_total{method=\"other\",route=\"unmatched\",status=\"404\"}"));
        assert!(!render().contains("BREW"));
    }
}
