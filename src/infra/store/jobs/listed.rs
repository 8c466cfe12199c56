//! Lists as one parameter, so that a statement about many jobs has one text however many they are.

use sea_orm::DbBackend;

use super::Held;
use crate::domain::id::JobId;

/// A subquery with the texts of the JSON list in a parameter.
pub(super) fn texts(backend: DbBackend, parameter: &str) -> String {
    match backend {
        DbBackend::Postgres => {
            format!("SELECT listed.value FROM json_array_elements_text({parameter}::json) AS listed(value)")
        }
        _ => format!("SELECT listed.value FROM json_each({parameter}) AS listed"),
    }
}

/// A subquery with the ids that [`of_ids`] wrote.
pub(super) fn ids(backend: DbBackend, parameter: &str) -> String {
    match backend {
        DbBackend::Postgres => {
            format!("SELECT listed.value::uuid FROM json_array_elements_text({parameter}::json) AS listed(value)")
        }
        _ => format!("SELECT unhex(listed.value) FROM json_each({parameter}) AS listed"),
    }
}

/// A subquery with the ids and attempts that [`of_held`] wrote.
pub(super) fn held(backend: DbBackend, parameter: &str) -> String {
    match backend {
        DbBackend::Postgres => format!(
            "SELECT (listed.value->>0)::uuid, (listed.value->>1)::bigint FROM json_array_elements({parameter}::json) AS listed(value)"
        ),
        _ => format!("SELECT unhex(listed.value->>0), listed.value->>1 FROM json_each({parameter}) AS listed"),
    }
}

/// The parameter of [`texts`].
pub(super) fn of_texts<T: AsRef<str>>(texts: &[T]) -> String {
    serde_json::Value::from_iter(texts.iter().map(AsRef::as_ref)).to_string()
}

/// The parameter of [`ids`].
pub(super) fn of_ids(ids: &[JobId]) -> String {
    serde_json::Value::from_iter(ids.iter().map(|id| hexadecimal(*id))).to_string()
}

/// The parameter of [`held`].
pub(super) fn of_held(held: &[Held]) -> String {
    serde_json::Value::from_iter(held.iter().map(|held| serde_json::json!([hexadecimal(held.id), held.attempt])))
        .to_string()
}

fn hexadecimal(id: JobId) -> String {
    id.as_uuid().simple().to_string()
}
