//! What a use case did, as the audit trail and the stream of events tell it.
//!
//! A use case names its [`Action`] beside itself, makes a [`RecordedAction`] of it and hands that to [`super::ApiCore::commit`], which
//! writes the audit row and the event in the transaction of the change. Invariant: what is recorded is made of the forms
//! that the API answers with, which hold no secret.

use std::marker::PhantomData;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::error::{Error, Result};
use crate::domain::id::{UserId, WorkspaceId};
use crate::domain::recorded::{Author, Chain};

/// Fields that every edit changes, and that say nothing of it.
const ALWAYS_CHANGED: [&str; 2] = ["version", "updated_at"];

/// What happens to resources of the type `T`: the action of the audit row and the type of the event.
pub struct Action<T> {
    kind: ActionKind,
    about: PhantomData<fn() -> T>,
}

/// An action, whatever it is done to.
#[derive(Debug, Clone, Copy)]
pub struct ActionKind {
    /// Its name, such as `link.created`.
    pub name: &'static str,
    /// What it means, as one sentence.
    pub description: &'static str,
    /// The version of the schema of its events' `data`. It grows when readers of the last one could be misled.
    pub schema_version: u32,
    schema: fn() -> Result<Value>,
}

impl ActionKind {
    /// The JSON Schema (2020-12) of its events' `data`, complete in itself.
    ///
    /// # Errors
    /// The schema cannot be written as JSON.
    pub fn schema(&self) -> Result<Value> {
        (self.schema)()
    }
}

/// A resource that can be told of.
pub trait Recorded: Serialize + ToSchema {
    /// Its id as text, with the prefix that says what it is.
    fn subject(&self) -> String;
}

/// Who does something, and in which workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    author: Author,
    workspace: Option<WorkspaceId>,
}

/// The `data` of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventData<T> {
    /// What it happened to: as it is now, or as it was before it went.
    pub object: T,
    /// The names of the fields of `object` that an edit changed, sorted; empty where there was no edit.
    pub changed: Vec<String>,
}

/// Something that a commit makes true.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedAction {
    pub(super) action: &'static str,
    pub(super) schema_version: u32,
    pub(super) chain: Chain,
    pub(super) workspace: Option<WorkspaceId>,
    pub(super) author: Author,
    pub(super) subject: String,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
    pub(super) data: Value,
}

impl<T> Action<T> {
    /// The name, such as `link.created`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.kind.name
    }

    /// The action, whatever it is done to.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        self.kind
    }
}

impl<T: Recorded> Action<T> {
    /// An action whose events have the first version of their schema.
    #[must_use]
    pub const fn new(name: &'static str, description: &'static str) -> Self {
        let kind = ActionKind { name, description, schema_version: 1, schema: super::event_schema::of::<T> };
        Self { kind, about: PhantomData }
    }

    /// It brings `object` into being.
    ///
    /// # Errors
    /// The object cannot be written as JSON.
    pub fn made(&self, by: By, object: &T) -> Result<RecordedAction> {
        let after = value(object)?;
        Ok(self.recorded_action(by, object.subject(), (None, Some(after.clone())), data(after, Vec::new())))
    }

    /// It makes `after` of `before`.
    ///
    /// # Errors
    /// One of them cannot be written as JSON.
    pub fn edited(&self, by: By, before: &T, after: &T) -> Result<RecordedAction> {
        let (old, new) = (value(before)?, value(after)?);
        let (old, changes) = difference(old, &new);
        let changed = changes.keys().filter(|name| !ALWAYS_CHANGED.contains(&name.as_str())).cloned().collect();
        let sides = (Some(Value::Object(old)), Some(Value::Object(changes)));
        Ok(self.recorded_action(by, after.subject(), sides, data(new, changed)))
    }

    /// It ends `object`.
    ///
    /// # Errors
    /// The object cannot be written as JSON.
    pub fn removed(&self, by: By, object: &T) -> Result<RecordedAction> {
        let before = value(object)?;
        Ok(self.recorded_action(by, object.subject(), (Some(before.clone()), None), data(before, Vec::new())))
    }

    fn recorded_action(
        &self,
        by: By,
        subject: String,
        sides: (Option<Value>, Option<Value>),
        data: Value,
    ) -> RecordedAction {
        RecordedAction {
            action: self.kind.name,
            schema_version: self.kind.schema_version,
            chain: Chain::of(by.workspace),
            workspace: by.workspace,
            author: by.author,
            subject,
            before: sides.0,
            after: sides.1,
            data,
        }
    }
}

impl By {
    /// A person, outside of every workspace.
    #[must_use]
    pub const fn person(id: UserId) -> Self {
        Self { author: Author::Person(id), workspace: None }
    }

    /// The instance by itself.
    #[must_use]
    pub const fn instance() -> Self {
        Self { author: Author::Instance, workspace: None }
    }

    /// The same in a workspace.
    #[must_use]
    pub const fn within(self, workspace: WorkspaceId) -> Self {
        Self { workspace: Some(workspace), ..self }
    }

    pub(super) const fn author(author: Author) -> Self {
        Self { author, workspace: None }
    }
}

impl RecordedAction {
    /// The same, in the trail of the instance: for what ends a workspace, whose own trail nobody can read afterwards.
    #[must_use]
    pub fn in_the_trail_of_the_instance(self) -> Self {
        Self { chain: Chain::Instance, ..self }
    }
}

fn value(object: &impl Serialize) -> Result<Value> {
    serde_json::to_value(object).map_err(Error::internal)
}

fn data(object: Value, changed: Vec<String>) -> Value {
    serde_json::json!({ "object": object, "changed": changed })
}

/// The fields in which two objects differ, with the values of either.
fn difference(old: Value, new: &Value) -> (Map<String, Value>, Map<String, Value>) {
    let (Value::Object(mut old), Value::Object(new)) = (old, new) else { return (Map::new(), Map::new()) };
    let changes: Map<String, Value> = new
        .iter()
        .filter(|(name, value)| old.get(name.as_str()) != Some(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    old.retain(|name, _| changes.contains_key(name));
    (old, changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, ToSchema)]
    struct Thing {
        id: &'static str,
        name: &'static str,
        version: i64,
        note: Option<&'static str>,
    }

    impl Recorded for Thing {
        fn subject(&self) -> String {
            self.id.to_owned()
        }
    }

    const EDITED: Action<Thing> = Action::new("thing.updated", "A thing was changed.");

    #[test]
    fn an_edit_tells_what_changed_and_no_more() {
        let before = Thing { id: "t1", name: "a", version: 1, note: None };
        let after = Thing { id: "t1", name: "b", version: 2, note: None };
        let recorded_action = EDITED.edited(By::instance(), &before, &after).expect("a recorded_action");
        assert_eq!(recorded_action.before, Some(serde_json::json!({ "name": "a", "version": 1 })));
        assert_eq!(recorded_action.after, Some(serde_json::json!({ "name": "b", "version": 2 })));
        assert_eq!(recorded_action.data["changed"], serde_json::json!(["name"]));
        assert_eq!(recorded_action.data["object"]["note"], Value::Null);
        assert_eq!((recorded_action.subject.as_str(), recorded_action.chain), ("t1", Chain::Instance));
    }

    #[test]
    fn the_schema_of_an_event_is_complete_in_itself() {
        let schema = EDITED.kind().schema().expect("a schema");
        assert_eq!(schema["properties"]["object"]["$ref"], "#/$defs/Thing");
        assert!(schema["$defs"]["Thing"]["properties"]["name"].is_object(), "{schema:#}");
        assert!(!schema.to_string().contains("#/components"), "{schema:#}");
    }
}
