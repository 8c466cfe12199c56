//! Who may do which operation of the API: one table, which the handlers take their right from and the OpenAPI document and
//! docs/permissions.md show.
//!
//! Invariant: an operation is in the table once, under the id that the OpenAPI document gives it.

mod table;

pub use table::*;

use super::role::{Role, Scope};

/// An operation of the API as a type, so that a handler names the one that it is and cannot ask for another's right.
pub trait Operation: Send + Sync {
    /// Who may do it.
    const PERMISSION: Permission;
}

/// Who may do one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// The id of the operation in the OpenAPI document.
    pub operation: &'static str,
    /// Who may do it.
    pub caller: Caller,
}

/// Who may do an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Anybody, without a credential.
    Anyone,
    /// Anybody with a credential, for what is their own.
    Credential,
    /// A person with a session, for what is their own.
    Person,
    /// A person who runs this instance, with a session.
    InstanceAdmin,
    /// A member or an API key of the workspace in the path.
    Member(Right),
}

/// What an operation in a workspace needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// The scope that the caller's role or key must have.
    pub scope: Scope,
    /// The roles that may do it: those of the scope, or fewer.
    pub roles: &'static [Role],
    /// Whether an API key may do it.
    pub api_keys: bool,
    /// Whether it can be done while the workspace is being deleted.
    pub while_deleted: bool,
}

impl Caller {
    /// The name that documents use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Credential => "credential",
            Self::Person => "person",
            Self::InstanceAdmin => "instance_admin",
            Self::Member(_) => "member",
        }
    }
}

impl Right {
    /// Whatever members with the scope and keys with it may do.
    const fn within(scope: Scope) -> Self {
        Self { scope, roles: scope.roles(), api_keys: true, while_deleted: false }
    }

    /// The same for people alone: what a key did here would outlive it.
    const fn by_people(self) -> Self {
        Self { api_keys: false, ..self }
    }

    /// The same for owners alone.
    const fn by_owners(self) -> Self {
        Self { roles: &[Role::Owner], api_keys: false, ..self }
    }

    /// The same, also while the workspace is being deleted.
    const fn while_deleted(self) -> Self {
        Self { while_deleted: true, ..self }
    }
}

/// Who may do the operation with this id; `None` if the table has no such operation.
#[must_use]
pub fn of_operation(id: &str) -> Option<&'static Permission> {
    TABLE.iter().find(|permission| permission.operation == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_in_the_table_once_and_needs_no_more_than_its_scope_gives() {
        for (place, permission) in TABLE.iter().enumerate() {
            assert!(TABLE.iter().skip(place + 1).all(|other| other.operation != permission.operation));
            if let Caller::Member(right) = permission.caller {
                assert!(!right.roles.is_empty() && right.roles.iter().all(|role| role.allows(right.scope)));
            }
        }
        assert_eq!(of_operation("delete_workspace"), Some(&DeleteWorkspace::PERMISSION));
        assert_eq!(of_operation("drop_tables"), None);
    }
}
