//! What ClickHouse refuses, told as the store tells it.

use std::error::Error as _;
use std::time::Duration;

use clickhouse::error::Error;

use crate::infra::click_store::ClickStoreError;

/// Codes of what takes too long.
const TIME_LIMITS: [u32; 2] = [159, 160];
/// Codes of what reads too much.
const READ_LIMITS: [u32; 3] = [158, 307, 396];
/// The code of what needs too much memory.
const MEMORY_LIMIT: u32 = 241;
/// Codes of a server that has enough to do: too many simultaneous queries, memory, too many parts.
const BUSY: [u32; 3] = [202, 241, 252];
/// Codes of what may not be written: by the user, by the table, by a replica that has lost its coordinator.
const READ_ONLY: [u32; 2] = [164, 242];

/// Waits for an answer to a question that may read so many clicks, for so long.
pub(super) async fn asked<T>(
    timeout: Duration,
    clicks_max: u64,
    question: impl Future<Output = Result<T, Error>>,
) -> Result<T, ClickStoreError> {
    within(timeout, question).await.map_err(|error| match code(&error) {
        Some(code) if TIME_LIMITS.contains(&code) => ClickStoreError::TimeLimit,
        Some(code) if READ_LIMITS.contains(&code) => ClickStoreError::ClickLimit(clicks_max),
        Some(MEMORY_LIMIT) => ClickStoreError::MemoryLimit,
        _ => refused(&error),
    })
}

/// Waits for a change, for so long. If the time is over it may have been made all the same.
pub(super) async fn changed<T>(
    timeout: Duration,
    change: impl Future<Output = Result<T, Error>>,
) -> Result<T, ClickStoreError> {
    within(timeout, change).await.map_err(|error| match code(&error) {
        Some(code) if BUSY.contains(&code) => ClickStoreError::Busy(error.to_string()),
        Some(code) if READ_ONLY.contains(&code) => ClickStoreError::ReadOnly(error.to_string()),
        _ => refused(&error),
    })
}

async fn within<T>(timeout: Duration, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(timeout, call).await.unwrap_or(Err(Error::TimedOut))
}

fn refused(error: &Error) -> ClickStoreError {
    if code(error).is_some() {
        return ClickStoreError::Refused(error.to_string());
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.contains(&told) {
            text = format!("{text}: {told}");
        }
        cause = error.source();
    }
    ClickStoreError::Unreachable(text)
}

/// The server's own number for what is wrong.
fn code(error: &Error) -> Option<u32> {
    let Error::BadResponse(text) = error else { return None };
    let (_, behind) = text.split_once("Code: ")?;
    behind.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(text: &str) -> (ClickStoreError, ClickStoreError) {
        let failed = || std::future::ready(Err::<(), _>(Error::BadResponse(text.to_owned())));
        let time = Duration::from_secs(1);
        (asked(time, 7, failed()).await.expect_err("an error"), changed(time, failed()).await.expect_err("an error"))
    }

    #[tokio::test]
    async fn refusals_are_told_by_the_number_that_the_server_gives() {
        let (asked, changed) = told("Code: 241. DB::Exception: memory (MEMORY_LIMIT_EXCEEDED)").await;
        assert!(matches!((asked, changed), (ClickStoreError::MemoryLimit, ClickStoreError::Busy(_))));
        let (asked, _) = told("Code: 159. DB::Exception: Timeout exceeded").await;
        assert!(matches!(asked, ClickStoreError::TimeLimit));
        let (asked, _) = told("Code: 158. DB::Exception: Limit for rows exceeded").await;
        assert!(matches!(asked, ClickStoreError::ClickLimit(7)));
        let (_, changed) = told("Code: 252. DB::Exception: Too many parts (300)").await;
        assert!(matches!(changed, ClickStoreError::Busy(_)));
        let (_, changed) = told("Code: 242. DB::Exception: Table is in readonly mode").await;
        assert!(matches!(changed, ClickStoreError::ReadOnly(_)));
        let (asked, changed) = told("Code: 115. DB::Exception: Unknown setting").await;
        assert!(matches!((asked, changed), (ClickStoreError::Refused(_), ClickStoreError::Refused(_))));
    }

    #[tokio::test]
    async fn a_server_that_does_not_answer_is_given_up() {
        let never = std::future::pending::<Result<(), Error>>();
        let error = changed(Duration::from_millis(10), never).await.expect_err("too late");
        assert!(matches!(error, ClickStoreError::Unreachable(_)), "{error}");
    }
}
