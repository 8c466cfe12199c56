//! Who did something, and in whose history it stands: what events and audit rows have in common.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{RefOr, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::id::{ApiKeyId, ExternalClientId, UserId, WorkspaceId};

/// How the instance is called where others have ids.
const INSTANCE: &str = "instance";

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Author {
    /// A person.
    Person(UserId),
    /// An API key.
    ApiKey(ApiKeyId),
    /// A program that an identity provider gives tokens to.
    ExternalClient(ExternalClientId),
    /// The instance by itself: its start, its schedule, its command line.
    Instance,
}

/// In whose history something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chain {
    /// That of the instance: accounts, sessions, workspaces that are gone.
    Instance,
    /// That of a workspace.
    Workspace(WorkspaceId),
}

/// A text that names neither what it should nor the instance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct ParseRecordedError(&'static str);

impl fmt::Display for Author {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => id.fmt(formatter),
            Self::ApiKey(id) => id.fmt(formatter),
            Self::ExternalClient(id) => id.fmt(formatter),
            Self::Instance => formatter.write_str(INSTANCE),
        }
    }
}

impl FromStr for Author {
    type Err = ParseRecordedError;

    fn from_str(text: &str) -> Result<Self, ParseRecordedError> {
        if text == INSTANCE {
            return Ok(Self::Instance);
        }
        let person = text.parse().map(Self::Person).ok();
        let author = person.or_else(|| text.parse().map(Self::ApiKey).ok());
        let author = author.or_else(|| text.parse().map(Self::ExternalClient).ok());
        author.ok_or(ParseRecordedError(
            "the id of a person (usr_…), of an API key (key_…) or of a program of an identity provider (xcl_…), or \"instance\"",
        ))
    }
}

impl Chain {
    /// The chain of a workspace, or that of the instance.
    #[must_use]
    pub fn of(workspace: Option<WorkspaceId>) -> Self {
        workspace.map_or(Self::Instance, Self::Workspace)
    }

    /// The value that database rows hold: the workspace's, or all zeros.
    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        match self {
            Self::Instance => Uuid::nil(),
            Self::Workspace(id) => id.as_uuid(),
        }
    }

    /// Wraps the value that a database row holds.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        if uuid.is_nil() { Self::Instance } else { Self::Workspace(WorkspaceId::from_uuid(uuid)) }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance => formatter.write_str(INSTANCE),
            Self::Workspace(id) => id.fmt(formatter),
        }
    }
}

impl FromStr for Chain {
    type Err = ParseRecordedError;

    fn from_str(text: &str) -> Result<Self, ParseRecordedError> {
        if text == INSTANCE {
            return Ok(Self::Instance);
        }
        let workspace = text.parse().map(Self::Workspace).ok();
        workspace.ok_or(ParseRecordedError("the id of a workspace (ws_…), or \"instance\""))
    }
}

/// Makes a type that has a text form appear as that text, with a pattern and an example.
macro_rules! as_text {
    ($type:ty, $pattern:literal, $example:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some($pattern));
                schema.examples([$example]).into()
            }
        }

        impl ToSchema for $type {}
    };
}

as_text!(Author, "^(instance|(usr|key|xcl)_[0-9a-f]{32})$", "usr_01976a3e5d7c7f3a9b1c2d4e6f8a0b1c");
as_text!(Chain, "^(instance|ws_[0-9a-f]{32})$", "ws_01976a3e5d7c7f3a9b1c2d4e6f8a0b1c");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors_and_chains_survive_their_own_text() {
        let (person, key) = (Author::Person(UserId::new()), Author::ApiKey(ApiKeyId::new()));
        for author in [person, key, Author::ExternalClient(ExternalClientId::new()), Author::Instance] {
            assert_eq!(author.to_string().parse(), Ok(author));
        }
        for chain in [Chain::Workspace(WorkspaceId::new()), Chain::Instance] {
            assert_eq!(chain.to_string().parse(), Ok(chain));
            assert_eq!(Chain::from_uuid(chain.as_uuid()), chain);
        }
        assert!("ws_1".parse::<Chain>().is_err() && "lnk_1".parse::<Author>().is_err());
    }
}
