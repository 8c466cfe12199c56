//! The files by which an app and a host name know each other: Apple's universal links and Android's app links.

use http::{Method, StatusCode};

use super::request::RequestView;
use super::respond::{self, EdgeResponse};
use crate::domain::link::DomainRecord;

const APPLE: &str = "/.well-known/apple-app-site-association";
const ANDROID: &str = "/.well-known/assetlinks.json";

/// Whether this is the path of such a file.
pub(super) fn is_one(path: &str) -> bool {
    matches!(path, APPLE | ANDROID)
}

/// What the domain says there; the outer `None` where the path is no such file.
pub(super) fn document<'a>(path: &str, domain: &'a DomainRecord) -> Option<Option<&'a str>> {
    match path {
        APPLE => Some(domain.apple_app_site_association.as_deref()),
        ANDROID => Some(domain.asset_links.as_deref()),
        _ => None,
    }
}

/// The file, as JSON and without a redirect, which neither system follows.
pub(super) fn respond(request: &RequestView<'_>, document: Option<&str>) -> EdgeResponse {
    if !matches!(*request.method, Method::GET | Method::HEAD) {
        return respond::method_not_allowed(request);
    }
    document.map_or_else(|| respond::empty(StatusCode::NOT_FOUND), respond::json)
}
