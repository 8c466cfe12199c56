//! Requests per caller, with the `RateLimit` headers of draft-ietf-httpapi-ratelimit-headers.
//!
//! The layer belongs behind the service's authentication, so that a credential has one bucket however it is spelt.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::credential::Caller;
use super::problem::{Problem, whole_seconds};
use crate::domain::error::{Error, ErrorKind};
use crate::infra::cache::redis::Redis;
use crate::infra::cache::shared_buckets::SharedBuckets;
use crate::runtime::token_bucket::{Decision, Level, Rate};

/// What the caller has left.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// What the caller may have.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The most callers whose buckets are remembered.
const CALLERS_MAX: usize = 100_000;

/// The name of the limit of a credential, or of an address without one.
const DEFAULT: &str = "default";
const MINUTE: Duration = Duration::from_secs(60);

/// The buckets of all callers of one service. Clones share them.
#[derive(Clone)]
pub struct RateLimit(Arc<SharedBuckets<Caller>>);

/// That a credential has a limit of its own. The authenticating middleware puts it into the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnRate {
    /// Requests a minute; not 0.
    pub per_minute: u32,
}

/// What the limits of a request have left, by their names; in its extensions, so that whoever applies another limit can say so.
#[derive(Debug, Clone, Default)]
pub struct Levels(Arc<Mutex<Vec<(&'static str, Level)>>>);

impl Levels {
    /// Says what is left of a limit.
    pub fn note(&self, name: &'static str, level: Level) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((name, level));
    }

    /// The limits that apply, and what is left of the one that is nearest to its end.
    fn describe(&self, headers: &mut HeaderMap) {
        let levels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let policies: Vec<String> = levels.iter().map(|(name, level)| policy(name, level.rate)).collect();
        let nearest = levels.iter().min_by_key(|(_, level)| level.remaining);
        let left = nearest
            .map(|(name, level)| format!("\"{name}\";r={};t={}", level.remaining, whole_seconds(level.reset_after)));
        for (name, value) in [(RATE_LIMIT_POLICY, Some(policies.join(", "))), (RATE_LIMIT, left)] {
            if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
                headers.insert(name, value);
            }
        }
    }
}

fn policy(name: &str, rate: Rate) -> String {
    format!("\"{name}\";q={};w={}", rate.burst(), whole_seconds(rate.fill_time()))
}

impl RateLimit {
    /// Full buckets for everybody; all processes with this Redis take from the same.
    #[must_use]
    pub fn new(rate: Rate, redis: Option<Redis>) -> Self {
        Self(Arc::new(SharedBuckets::new("api", rate, CALLERS_MAX, redis)))
    }

    /// Takes a token for a caller, who may have a limit of their own.
    ///
    /// # Errors
    /// `RateLimited` where there is none.
    pub async fn count(&self, caller: &Caller, own: Option<OwnRate>) -> Result<(), Error> {
        refused(self.0.take_at(self.rate_of(own), caller).await)
    }

    /// The response to a request that is refused with this error before anything else has counted it: it counts for its sender like
    /// any other, and says so where there were too many.
    pub async fn refuse(&self, caller: &Caller, error: Error) -> Response {
        let rate = self.0.rate();
        let levels = Levels::default();
        let decision = self.0.take_at(rate, caller).await;
        levels.note(DEFAULT, decision.level(rate));
        let mut response = Problem::from(refused(decision).err().unwrap_or(error)).into_response();
        levels.describe(response.headers_mut());
        response
    }

    fn rate_of(&self, own: Option<OwnRate>) -> Rate {
        own.map_or(self.0.rate(), |own| self.0.rate().scaled_to(own.per_minute, MINUTE))
    }
}

fn refused(decision: Decision) -> Result<(), Error> {
    let Decision::Refused { retry_after } = decision else { return Ok(()) };
    let error = Error::new(ErrorKind::RateLimited, "rate_limited", "Too many requests. Slow down and try again.");
    Err(Error { retry_after: Some(retry_after), ..error })
}

/// Takes a token for the caller of each request, and answers 429 where there is none.
pub async fn limit(State(rate_limit): State<RateLimit>, mut request: Request, next: Next) -> Response {
    let Some(caller) = Caller::of(request.extensions()) else {
        return next.run(request).await;
    };
    let rate = rate_limit.rate_of(request.extensions().get::<OwnRate>().copied());
    let levels = Levels::default();
    let decision = rate_limit.0.take_at(rate, &caller).await;
    levels.note(DEFAULT, decision.level(rate));
    let mut response = match refused(decision) {
        Ok(()) => {
            request.extensions_mut().insert(levels.clone());
            next.run(request).await
        }
        Err(error) => Problem::from(error).into_response(),
    };
    levels.describe(response.headers_mut());
    response
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

    #[tokio::test]
    async fn a_credential_with_a_limit_of_its_own_is_held_to_that() {
        let rate = Rate::new(60, Duration::from_secs(60), 10).expect("a rate");
        let router = Router::new()
            .route("/", get(|| async {}))
            .layer(axum::middleware::from_fn_with_state(RateLimit::new(rate, None), limit));
        let mut request = Request::get("/").body(Body::empty()).expect("a request");
        request.extensions_mut().insert(Credential("key_1".into()));
        request.extensions_mut().insert(OwnRate { per_minute: 120 });
        let response = router.clone().oneshot(request).await.expect("a response");
        assert_eq!(response.headers()[RATE_LIMIT_POLICY], "\"default\";q=20;w=10");
        assert_eq!(response.headers()[RATE_LIMIT], "\"default\";r=19;t=1");
    }

    #[test]
    fn of_several_limits_the_one_that_is_nearest_to_its_end_is_told() {
        let rate = |burst| Rate::new(60, Duration::from_secs(60), burst).expect("a rate");
        let level = |rate, remaining| Level { rate, remaining, reset_after: Duration::from_secs(3) };
        let levels = Levels::default();
        levels.note(DEFAULT, level(rate(10), 7));
        levels.note("workspace", level(rate(50), 2));
        let mut headers = HeaderMap::new();
        levels.describe(&mut headers);
        assert_eq!(headers[RATE_LIMIT_POLICY], "\"default\";q=10;w=10, \"workspace\";q=50;w=50");
        assert_eq!(headers[RATE_LIMIT], "\"workspace\";r=2;t=3");
    }
}
