//! One value that is fetched when it is first needed, and kept for some time. Those who want it meanwhile wait for the one fetch.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::ProviderError;
use crate::runtime::clock::{self, MonotonicTime};

/// After a failure nobody asks again for so long, so that a provider that is unavailable costs each request no timeout.
const FAILURE_KEPT_FOR: Duration = Duration::from_secs(2);

/// The value, and when it was fetched.
pub(super) struct CachedValue<T> {
    state: Mutex<State<T>>,
    kept_for: Duration,
}

enum State<T> {
    Nothing,
    Fetched(Arc<T>, MonotonicTime),
    Failed(ProviderError, MonotonicTime),
}

impl<T> CachedValue<T> {
    /// Nothing is fetched yet.
    pub(super) fn new(kept_for: Duration) -> Self {
        Self { state: Mutex::new(State::Nothing), kept_for }
    }

    /// The value, fetched if there is none that counts any more.
    ///
    /// # Errors
    /// Those of `fetch`, now or a moment ago.
    pub(super) async fn get(
        &self,
        fetch: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<Arc<T>, ProviderError> {
        self.get_not_older_than(self.kept_for, fetch).await
    }

    /// The same, fetched again if it is older than this.
    ///
    /// # Errors
    /// Those of `fetch`, now or a moment ago.
    pub(super) async fn get_not_older_than(
        &self,
        age: Duration,
        fetch: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<Arc<T>, ProviderError> {
        let mut state = self.state.lock().await;
        match &*state {
            State::Fetched(value, at) if at.elapsed() < age => return Ok(Arc::clone(value)),
            State::Failed(error, at) if at.elapsed() < FAILURE_KEPT_FOR => return Err(error.clone()),
            _ => {}
        }
        let fetched = fetch.await.map(Arc::new);
        *state = match &fetched {
            Ok(value) => State::Fetched(Arc::clone(value), clock::monotonic()),
            Err(error) => State::Failed(error.clone(), clock::monotonic()),
        };
        fetched
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_value_is_fetched_once_and_a_failure_is_not_asked_for_again_at_once() {
        let fetches = AtomicU32::new(0);
        let count = || async {
            fetches.fetch_add(1, Ordering::Relaxed);
            Ok(1)
        };
        let cached = CachedValue::new(Duration::from_secs(60));
        assert_eq!(cached.get(count()).await.map(|value| *value).ok(), Some(1));
        assert!(cached.get(count()).await.is_ok());
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
        assert!(cached.get_not_older_than(Duration::ZERO, count()).await.is_ok());
        assert_eq!(fetches.load(Ordering::Relaxed), 2);

        let failing: CachedValue<u32> = CachedValue::new(Duration::from_secs(60));
        let unavailable =
            || ProviderError::Unavailable { provider: "example".to_owned(), reason: "no answer".to_owned() };
        assert!(failing.get(async { Err(unavailable()) }).await.is_err());
        assert!(failing.get(async { Ok(1) }).await.is_err(), "not asked again");
    }
}
