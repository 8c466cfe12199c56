//! `idempotency-key` over gRPC: a call that changes something is done once under a key, by the rules, the store and the leases of REST.
//!
//! Invariants: which methods change nothing, and so take no key, stands in proto/ (`idempotency_level`); a key belongs to a credential, so
//! that who calls is known before the key is looked up, and counted once.

use std::collections::HashSet;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use prost::Message;
use prost_types::method_options::IdempotencyLevel;
use prost_types::{FileDescriptorSet, MethodOptions};
use tonic::body::Body;
use tonic::metadata::GRPC_CONTENT_TYPE;
use tonic::{Code, Status};
use tower::{Layer, Service};

use super::callers::{identify, sender};
use super::status::to_status;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::http::credential::Credential;
use crate::http::idempotency::{
    IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED, Idempotency, IdempotencyClaim, Once, StoredResponse,
};
use crate::infra::grpc::{FILE_DESCRIPTORS, LINK_BYTES_MAX, RESPONSE_BYTES_MAX};
use crate::runtime::origin::{self, Origin};
use crate::services::api_core::ApiCore;

/// What stands before a message: whether it is compressed, and its length.
const FRAME_HEAD_BYTES: usize = 5;
/// The headers of an answer that say how the call ended.
const KEPT_HEADERS: [HeaderName; 3] = [Status::GRPC_STATUS, Status::GRPC_MESSAGE, Status::GRPC_STATUS_DETAILS];

/// Repeats the answers of the services that it is put around.
#[derive(Clone)]
pub(super) struct IdempotencyLayer {
    /// Knows credentials.
    pub(super) core: ApiCore,
    /// Keeps answers.
    pub(super) idempotency: Idempotency,
}

impl<S> Layer<S> for IdempotencyLayer {
    type Service = RepeatedAnswers<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RepeatedAnswers { inner, layer: self.clone() }
    }
}

/// Services whose answers are repeated.
#[derive(Clone)]
pub(super) struct RepeatedAnswers<S> {
    inner: S,
    layer: IdempotencyLayer,
}

impl<S> Service<Request<Body>> for RepeatedAnswers<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, std::result::Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<std::result::Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Some(key) = request.headers().get(IDEMPOTENCY_KEY).cloned() else {
            return Box::pin(self.inner.call(request));
        };
        if !takes_keys(request.uri().path()) {
            return Box::pin(self.inner.call(request));
        }
        // The one that was found ready, and not its copy, has to take the call.
        let copy = self.inner.clone();
        let (inner, layer) = (mem::replace(&mut self.inner, copy), self.layer.clone());
        Box::pin(async move {
            let answer = layer.answer(key, request, inner).await;
            answer.unwrap_or_else(|error| Ok(to_status(error).into_http()))
        })
    }
}

impl IdempotencyLayer {
    /// Does the call, or says what came of it before. A call without a credential passes as it is.
    async fn answer<S>(
        self,
        key: HeaderValue,
        mut request: Request<Body>,
        mut inner: S,
    ) -> Result<std::result::Result<Response<Body>, S::Error>>
    where
        S: Service<Request<Body>, Response = Response<Body>> + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Send + 'static,
    {
        // Whoever has to be asked about the credential is asked for this caller, and no other caller's share is used up.
        let origin = Origin { address: sender(request.extensions()), ..Origin::default() };
        let address = origin.address;
        let identified = origin::within(origin, identify(&self.core, request.headers(), address));
        let Some(principal) = identified.await? else {
            return Ok(inner.call(request).await);
        };
        let credential = Credential(principal.credential_id().into());
        request.extensions_mut().insert(principal);
        let (head, body) = request.into_parts();
        let body = collected(body, LINK_BYTES_MAX.saturating_add(FRAME_HEAD_BYTES)).await?.0;
        let path = head.uri.path();
        let claim =
            IdempotencyClaim::new(credential, &key, [Method::POST.as_str().as_bytes(), path.as_bytes(), &body])?;
        let call = inner.call(Request::from_parts(head, Body::new(Full::new(body))));
        Ok(match self.idempotency.once(claim, done(call)).await? {
            Once::Done(answer) => answer,
            Once::Repeated(kept) => {
                let mut response = response(kept);
                response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
                Ok(response)
            }
        })
    }
}

/// Waits for the end of a call, and says what of its answer is to be kept.
async fn done<E>(
    call: impl Future<Output = std::result::Result<Response<Body>, E>>,
) -> (std::result::Result<Response<Body>, E>, Option<StoredResponse>) {
    let failed = |error| (Ok(to_status(error).into_http()), None);
    let answer = match AssertUnwindSafe(call).catch_unwind().await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return (Err(error), None),
        Err(_) => return failed(Error::internal("a call panicked")),
    };
    let (head, body) = answer.into_parts();
    let (body, trailers) = match collected(body, RESPONSE_BYTES_MAX.saturating_add(FRAME_HEAD_BYTES)).await {
        Ok(answered) => answered,
        Err(error) => return failed(error),
    };
    let said = KEPT_HEADERS.into_iter().filter_map(|name| {
        let value = trailers.get(&name).or_else(|| head.headers.get(&name))?;
        Some((name.as_str().to_owned(), value.as_bytes().to_vec()))
    });
    let answer = StoredResponse { status: head.status.as_u16(), headers: said.collect(), body };
    let kept = is_kept(&answer).then(|| answer.clone());
    (Ok(response(answer)), kept)
}

/// A body and what came behind it.
async fn collected(body: Body, bytes_max: usize) -> Result<(Bytes, HeaderMap)> {
    let too_large = || {
        let message = format!("A message under an idempotency-key has at most {bytes_max} bytes.");
        Error::new(ErrorKind::TooLarge, "body_too_large", message)
    };
    let collected = Limited::new(body, bytes_max).collect().await.map_err(|_| too_large())?;
    let trailers = collected.trailers().cloned().unwrap_or_default();
    Ok((collected.to_bytes(), trailers))
}

/// Failures on our side, and refusals that say nothing of the call itself, may go otherwise the next time.
fn is_kept(answer: &StoredResponse) -> bool {
    let status = answer.headers.iter().find(|(name, _)| name == Status::GRPC_STATUS.as_str());
    let code = status.map_or(Code::Unknown, |(_, value)| Code::from_bytes(value));
    matches!(
        code,
        Code::Ok
            | Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::OutOfRange
    )
}

/// An answer as it goes over the wire: how a call ended stands behind its message, or in the head where there is none.
fn response(answer: StoredResponse) -> Response<Body> {
    let said = answer
        .headers
        .into_iter()
        .filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?)));
    let said: HeaderMap = said.collect();
    let mut response = if answer.body.is_empty() {
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = said;
        response
    } else {
        Response::new(Body::new(Full::new(answer.body).with_trailers(async { Some(Ok(said)) })))
    };
    response.headers_mut().insert(CONTENT_TYPE, GRPC_CONTENT_TYPE);
    response
}

/// Whether the method at this path changes something and answers once.
fn takes_keys(path: &str) -> bool {
    static METHODS: LazyLock<HashSet<String>> = LazyLock::new(changing);
    METHODS.contains(path)
}

fn changing() -> HashSet<String> {
    // The description is made together with the executable.
    let files = FileDescriptorSet::decode(FILE_DESCRIPTORS).unwrap_or_default().file;
    let mut methods = HashSet::new();
    for file in &files {
        for service in &file.service {
            let changing = service.method.iter().filter(|method| {
                let level = method
                    .options
                    .as_ref()
                    .map_or(IdempotencyLevel::IdempotencyUnknown, MethodOptions::idempotency_level);
                level != IdempotencyLevel::NoSideEffects && !method.server_streaming()
            });
            methods.extend(changing.map(|method| format!("/{}.{}/{}", file.package(), service.name(), method.name())));
        }
    }
    methods
}
