//! What the person who started the process is told of the dashboard.
//!
//! Invariant: a token that opens the page on which the first administrator is made is there where a person looks at the process and nobody
//! has done it yet. It is in no log: whatever else reads standard output gets none.

use std::io::IsTerminal;

use secrecy::SecretString;

use super::files::has_dashboard;
use crate::domain::error::Result;
use crate::services::api_core::ApiCore;

/// What the person who started the process wants to know of the dashboard.
pub struct Dashboard {
    /// What opens the page on which the first administrator is made.
    pub setup_token: Option<SecretString>,
}

/// The dashboard, where it is part of this executable.
///
/// # Errors
/// Only those of the store.
pub async fn dashboard(core: &ApiCore) -> Result<Option<Dashboard>> {
    if !has_dashboard() {
        return Ok(None);
    }
    let is_wanted = std::io::stdout().is_terminal() && !core.is_bootstrapped().await?;
    let setup_token = if is_wanted { Some(core.make_setup_token().await?.token) } else { None };
    Ok(Some(Dashboard { setup_token }))
}
