//! docs/permissions.md shows the table as the program has it.

use std::fmt::Write as _;

use elido::domain::permission::{Caller, TABLE};
use elido::domain::role::{Role, Scope};

const PERMISSIONS: &str = include_str!("../../../docs/permissions.md");

fn mark(is: bool) -> &'static str {
    if is { "yes" } else { "–" }
}

fn scopes() -> String {
    let mut rows =
        String::from("| scope | owner | admin | editor | viewer | billing | covers |\n|---|---|---|---|---|---|---|\n");
    for scope in Scope::ALL {
        let roles: Vec<&str> = Role::ALL.iter().map(|role| mark(role.allows(scope))).collect();
        let covered = Scope::ALL.into_iter().filter(|other| *other != scope && scope.covers(*other));
        let covered: Vec<String> = covered.map(|other| format!("`{}`", other.as_str())).collect();
        writeln!(rows, "| `{}` | {} | {} |", scope.as_str(), roles.join(" | "), covered.join(", ")).expect("written");
    }
    rows
}

fn operations() -> String {
    let mut rows = String::from("| operation | who | scope | roles | API keys |\n|---|---|---|---|---|\n");
    for permission in TABLE {
        let who = permission.caller.as_str().replace('_', " ");
        let (scope, roles, api_keys) = match permission.caller {
            Caller::Member(right) => {
                let roles: Vec<&str> = right.roles.iter().map(|role| role.as_str()).collect();
                (format!("`{}`", right.scope.as_str()), roles.join(", "), mark(right.api_keys))
            }
            Caller::Credential => (String::new(), String::new(), "yes"),
            _ => (String::new(), String::new(), ""),
        };
        writeln!(rows, "| `{}` | {who} | {scope} | {roles} | {api_keys} |", permission.operation).expect("written");
    }
    rows
}

#[test]
fn the_document_of_permissions_shows_the_table() {
    for table in [scopes(), operations()] {
        assert!(PERMISSIONS.contains(&table), "docs/permissions.md shall have this table:\n{table}");
    }
}
