//! Requests per caller, with the `RateLimit` headers of draft-ietf-httpapi-ratelimit-headers.
//!
//! The layer belongs behind the service's authentication, so that a credential has one bucket however it is spelt.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::credential::Caller;
use super::problem::{Problem, whole_seconds};
use crate::domain::error::{Error, ErrorKind};
use crate::infra::cache::redis::Redis;
use crate::infra::cache::shared_buckets::SharedBuckets;
use crate::runtime::token_bucket::{Decision, Rate};

/// What the caller has left.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// What the caller may have.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The most callers whose buckets are remembered.
const CALLERS_MAX: usize = 100_000;

/// The buckets of all callers of one service. Clones share them.
#[derive(Clone)]
pub struct RateLimit(Arc<Buckets>);

struct Buckets {
    buckets: SharedBuckets<Caller>,
    policy: HeaderValue,
}

impl RateLimit {
    /// Full buckets for everybody; all processes with this Redis take from the same.
    #[must_use]
    pub fn new(rate: Rate, redis: Option<Redis>) -> Self {
        let policy = format!("\"default\";q={};w={}", rate.burst(), whole_seconds(rate.fill_time()));
        Self(Arc::new(Buckets {
            buckets: SharedBuckets::new("api", rate, CALLERS_MAX, redis),
            policy: HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("\"default\"")),
        }))
    }

    fn describe(&self, headers: &mut HeaderMap, remaining: u32, reset_seconds: u64) {
        headers.insert(RATE_LIMIT_POLICY, self.0.policy.clone());
        if let Ok(value) = HeaderValue::try_from(format!("\"default\";r={remaining};t={reset_seconds}")) {
            headers.insert(RATE_LIMIT, value);
        }
    }
}

/// Takes a token for the caller of each request, and answers 429 where there is none.
pub async fn limit(State(rate_limit): State<RateLimit>, request: Request, next: Next) -> Response {
    let Some(caller) = Caller::of(request.extensions()) else {
        return next.run(request).await;
    };
    match rate_limit.0.buckets.take(&caller).await {
        Decision::Allowed { remaining, full_after } => {
            let mut response = next.run(request).await;
            rate_limit.describe(response.headers_mut(), remaining, whole_seconds(full_after));
            response
        }
        Decision::Refused { retry_after } => {
            let error = Error {
                retry_after: Some(retry_after),
                ..Error::new(ErrorKind::RateLimited, "rate_limited", "Too many requests. Slow down and try again.")
            };
            let mut response = Problem::from(error).into_response();
            rate_limit.describe(response.headers_mut(), 0, whole_seconds(retry_after));
            response
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::credential::Credential;
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use http::StatusCode;
    use http::header::RETRY_AFTER;
    use std::time::Duration;
    use tower::ServiceExt;

    async fn ask(router: &Router, credential: &str) -> Response {
        let mut request = Request::get("/").body(Body::empty()).expect("a request");
        request.extensions_mut().insert(Credential(credential.into()));
        router.clone().oneshot(request).await.expect("a response")
    }

    #[tokio::test]
    async fn each_credential_has_its_own_bucket_and_reads_its_level() {
        let rate = Rate::new(1, Duration::from_secs(60), 2).expect("a rate");
        let router = Router::new()
            .route("/", get(|| async {}))
            .layer(axum::middleware::from_fn_with_state(RateLimit::new(rate, None), limit));
        let first = ask(&router, "key_1").await;
        assert_eq!(first.headers()[RATE_LIMIT_POLICY], "\"default\";q=2;w=120");
        assert_eq!(first.headers()[RATE_LIMIT], "\"default\";r=1;t=60");
        assert_eq!(ask(&router, "key_1").await.status(), StatusCode::OK);
        let refused = ask(&router, "key_1").await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.headers()[RETRY_AFTER], "60");
        assert_eq!(refused.headers()[RATE_LIMIT], "\"default\";r=0;t=60");
        assert_eq!(ask(&router, "key_2").await.status(), StatusCode::OK);
    }
}
