//! One request over plain HTTP to a listener of this installation. No TLS and no certificates are needed, so that it works
//! in an image that has nothing but the executable.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use url::Url;

use super::exit::{Exit, Failure};

/// The longest answer read, in bytes.
const RESPONSE_BYTES_MAX: usize = 1024 * 1024;

/// Sends a request and reads the whole response, within `timeout`.
///
/// # Errors
/// When the URL is not plain HTTP, or nobody answers in time.
pub async fn request(
    method: Method,
    url: &Url,
    json: Option<Vec<u8>>,
    bearer: Option<&SecretString>,
    timeout: Duration,
) -> Result<(StatusCode, Bytes), Failure> {
    let unreachable = |why: String| Failure::new(Exit::Unavailable, format!("{url} does not answer: {why}"));
    match tokio::time::timeout(timeout, exchange(method, url, json, bearer)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(unreachable(error.to_string())),
        Err(_) => Err(unreachable(format!("nothing within {timeout:?}"))),
    }
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

async fn exchange(
    method: Method,
    url: &Url,
    json: Option<Vec<u8>>,
    bearer: Option<&SecretString>,
) -> Result<(StatusCode, Bytes), AnyError> {
    let authority = authority(url)?;
    let stream = TcpStream::connect(&authority).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut request = Request::builder();
    if let Some(bearer) = bearer {
        request = request.header(AUTHORIZATION, format!("Bearer {}", bearer.expose_secret()));
    }
    let request = request
        .method(method)
        .uri(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .header(HOST, &authority)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(json.unwrap_or_default())))?;
    let answer = async move {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), RESPONSE_BYTES_MAX).collect().await?.to_bytes();
        Ok((status, body))
    };
    tokio::select! {
        answer = answer => answer,
        Err(error) = connection => Err(error.into()),
    }
}

/// `host:port`, for the connection and for the `Host` header.
///
/// # Errors
/// When the URL is not plain HTTP.
pub fn authority(url: &Url) -> Result<String, String> {
    match (url.scheme(), url.host_str(), url.port_or_known_default()) {
        ("http", Some(host), Some(port)) => Ok(format!("{host}:{port}")),
        _ => Err(format!("expected a URL such as http://127.0.0.1:8081, not {url}")),
    }
}
