//! How much of long bodies all requests of a service hold in memory together.
//!
//! Invariants: what a body takes is held from the moment its bytes arrive until its request is answered. The beginning of a body is free, so
//! that short requests are read however many long ones there are.

use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::runtime::sync::Mutex;
use crate::runtime::sync::atomic::{AtomicBool, Ordering};

/// What is free of each body, in bytes.
pub(super) const FREE_BYTES: usize = 64 * 1024;
/// What the rest is counted in, in bytes.
const UNIT_BYTES: usize = 1024;

/// The budget of a service.
#[derive(Clone)]
pub(super) struct BodyBudget(Arc<Semaphore>);

impl BodyBudget {
    /// With this many bytes for all bodies together.
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / UNIT_BYTES).min(Semaphore::MAX_PERMITS))))
    }
}

/// What one request has of the budget.
pub(super) struct Share {
    budget: BodyBudget,
    held: Mutex<Vec<OwnedSemaphorePermit>>,
    refused: AtomicBool,
}

impl Share {
    /// Whether the body was given up because there was no room for it.
    pub(super) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    fn take(&self, units: usize) -> bool {
        let permit =
            u32::try_from(units).ok().and_then(|units| Arc::clone(&self.budget.0).try_acquire_many_owned(units).ok());
        let is_taken = permit.is_some();
        self.held.lock().unwrap_or_else(PoisonError::into_inner).extend(permit);
        is_taken
    }
}

/// Counts the body of a request against the budget until it is answered.
pub(super) async fn count(State(budget): State<BodyBudget>, mut request: Request, next: Next) -> Response {
    let share = Arc::new(Share { budget, held: Mutex::new(Vec::new()), refused: AtomicBool::new(false) });
    request.extensions_mut().insert(Arc::clone(&share));
    let request = request.map(|body| Body::new(Counted { body, share: Arc::clone(&share), bytes: 0, units: 0 }));
    let response = next.run(request).await;
    share.held.lock().unwrap_or_else(PoisonError::into_inner).clear();
    response
}

/// A body whose bytes are counted as they come.
struct Counted {
    body: Body,
    share: Arc<Share>,
    bytes: usize,
    units: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("there is no room for another long body now")]
struct NoRoom;

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.bytes += frame.data_ref().map_or(0, Bytes::len);
            let units = self.bytes.saturating_sub(FREE_BYTES).div_ceil(UNIT_BYTES);
            if units > self.units && !self.share.take(units - self.units) {
                self.share.refused.store(true, Ordering::Relaxed);
                return Poll::Ready(Some(Err(axum::Error::new(NoRoom))));
            }
            self.units = units;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
