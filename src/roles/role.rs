//! What a process is for.

use std::fmt;
use std::str::FromStr;

/// A list of services that a process starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Redirects.
    Edge,
    /// The API, and the source of truth behind it.
    Api,
    /// Clicks from the journal into the click store.
    Ingester,
    /// Jobs: everything that nobody waits for.
    Workers,
}

/// One or more roles: `edge`, `edge,api`, `all`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles(Vec<Role>);

/// Why a text names no roles.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a role; the roles are edge, api, ingester, workers and all, and several are joined by commas")]
pub struct ParseRolesError(String);

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Edge, Self::Api, Self::Ingester, Self::Workers];

    /// The name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Api => "api",
            Self::Ingester => "ingester",
            Self::Workers => "workers",
        }
    }
}

impl Roles {
    /// Every role in one process.
    #[must_use]
    pub fn all() -> Self {
        Self(Role::ALL.to_vec())
    }

    /// Just one.
    #[must_use]
    pub fn only(role: Role) -> Self {
        Self(vec![role])
    }

    /// Whether this role is among them.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }
}

impl FromStr for Roles {
    type Err = ParseRolesError;

    fn from_str(text: &str) -> Result<Self, ParseRolesError> {
        let mut roles = Vec::new();
        for name in text.split(',').map(str::trim) {
            match Role::ALL.into_iter().find(|role| role.as_str() == name) {
                Some(role) => roles.push(role),
                None if name == "all" => roles.extend(Role::ALL),
                None => return Err(ParseRolesError(name.to_owned())),
            }
        }
        Ok(Self(Role::ALL.into_iter().filter(|role| roles.contains(role)).collect()))
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|role| role.as_str()).collect();
        formatter.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_errors_are_named() {
        assert_eq!("all".parse(), Ok(Roles::all()));
        assert_eq!("api, edge,edge".parse::<Roles>().map(|roles| roles.to_string()), Ok("edge,api".to_owned()));
        assert_eq!("edges".parse::<Roles>(), Err(ParseRolesError("edges".to_owned())));
        assert!("".parse::<Roles>().is_err());
    }
}
