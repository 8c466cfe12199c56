//! Scopes as OAuth2 writes them.

use crate::domain::role::Scope;

/// Scopes with a space between each two.
pub(super) fn space_separated(scopes: &[Scope]) -> String {
    let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    names.join(" ")
}
