//! A client's request, on its way through pages and forms of ours.

use crate::domain::error::{Error, Result};
use crate::services::identity::oauth::AuthorizationRequest;

/// The request as a query.
///
/// # Errors
/// None that can happen.
pub(super) fn query(request: &AuthorizationRequest) -> Result<String> {
    serde_html_form::to_string(request).map_err(Error::internal)
}

/// The fields that a form carries of it. The workspace is asked for anew.
///
/// # Errors
/// None that can happen.
pub(super) fn fields(request: &AuthorizationRequest) -> Result<Vec<(String, String)>> {
    let request = AuthorizationRequest { workspace: None, ..request.clone() };
    serde_html_form::from_str(&query(&request)?).map_err(Error::internal)
}
