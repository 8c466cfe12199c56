//! Campaign parameters under names, which links are made with.
//!
//! Invariant: a link takes the parameters over when it is made; a template that changes later changes no link.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiCore;
use super::field_errors::FieldErrors;
use super::principal::Access;
use super::recorded_action::{Action, Recorded};
use super::tags::NAME_LENGTH_MAX;
use super::text_validation::Lines;
use super::version::ExpectedVersion;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::folded_text::{composed, name_key};
use crate::domain::id::UtmTemplateId;
use crate::domain::time::Timestamp;
use crate::domain::utm::{UTM_LENGTH_MAX, Utm};
use crate::infra::store::columns::Json;
use crate::infra::store::page::Page;
use crate::infra::store::utm_templates::{self, UtmTemplate as Row};
use crate::infra::store::{Transaction, workspaces};
use crate::runtime::clock;

/// The most templates of one workspace.
const TEMPLATES_MAX: u64 = 500;

pub(super) const CREATED: Action<UtmTemplate> =
    Action::new("utm_template.created", "A template of campaign parameters was made.");
pub(super) const UPDATED: Action<UtmTemplate> =
    Action::new("utm_template.updated", "A template of campaign parameters was changed.");
pub(super) const DELETED: Action<UtmTemplate> =
    Action::new("utm_template.deleted", "A template of campaign parameters was deleted.");

/// Campaign parameters under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UtmTemplate {
    /// Its id.
    pub id: UtmTemplateId,
    /// Its name, unique in the workspace in any case.
    #[schema(example = "Newsletter")]
    pub name: String,
    /// The parameters.
    pub utm: Utm,
    /// Grows with every edit.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A template to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UtmTemplateDraft {
    /// Its name, unique in the workspace in any case.
    #[schema(min_length = 1, max_length = 50, example = "Newsletter")]
    pub name: String,
    /// The parameters.
    pub utm: Utm,
}

/// An edit of a template. What is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UtmTemplatePatch {
    /// Its name.
    #[schema(min_length = 1, max_length = 50, nullable = false)]
    pub name: Option<String>,
    /// The parameters, all of them.
    #[schema(value_type = Utm, required = false)]
    pub utm: Option<Utm>,
}

impl Recorded for UtmTemplate {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl From<Row> for UtmTemplate {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            utm: row.utm.0,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl ApiCore {
    /// Makes a template.
    ///
    /// # Errors
    /// `Conflict` if the workspace has one of this name, or too many.
    pub async fn create_utm_template(&self, access: &Access, draft: UtmTemplateDraft) -> Result<UtmTemplate> {
        let mut errors = FieldErrors::default();
        let name = check_name(&mut errors, &draft.name);
        check_utm(&mut errors, &draft.utm);
        errors.into_result()?;
        let now = clock::now();
        let row = Row {
            id: UtmTemplateId::new(),
            workspace_id: access.workspace_id(),
            name_key: name_key(&name),
            name,
            utm: Json(draft.utm),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let transaction = self.store.write().await?;
        require_room(&transaction, access).await?;
        if !utm_templates::insert(&transaction, row.clone()).await? {
            return Err(name_taken());
        }
        let template = UtmTemplate::from(row);
        self.commit(transaction, vec![CREATED.made(access.by(), &template)?], Vec::new()).await?;
        Ok(template)
    }

    /// A page of the workspace's templates, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_utm_templates(&self, access: &Access, page: Page) -> Result<Vec<UtmTemplate>> {
        let rows = utm_templates::list(self.store.reader(), access.workspace_id(), page).await?;
        Ok(rows.into_iter().map(UtmTemplate::from).collect())
    }

    /// One template.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such template.
    pub async fn find_utm_template(&self, access: &Access, id: UtmTemplateId) -> Result<UtmTemplate> {
        let row = utm_templates::find(self.store.reader(), access.workspace_id(), id).await?;
        row.map(UtmTemplate::from).ok_or_else(not_found)
    }

    /// Changes a template. Links that were made with it stay as they are.
    ///
    /// # Errors
    /// `PreconditionFailed` if it is not in the version expected; `Conflict` if another template has the name.
    pub async fn update_utm_template(
        &self,
        access: &Access,
        id: UtmTemplateId,
        expected: &impl ExpectedVersion,
        patch: UtmTemplatePatch,
    ) -> Result<UtmTemplate> {
        let mut errors = FieldErrors::default();
        let name = patch.name.map(|name| check_name(&mut errors, &name));
        if let Some(utm) = &patch.utm {
            check_utm(&mut errors, utm);
        }
        errors.into_result()?;
        let transaction = self.store.write().await?;
        let current = utm_templates::lock(&transaction, access.workspace_id(), id).await?.ok_or_else(not_found)?;
        expected.require(current.version)?;
        let before = UtmTemplate::from(current.clone());
        let name = name.unwrap_or_else(|| current.name.clone());
        let row = Row {
            name_key: name_key(&name),
            name,
            utm: patch.utm.map_or(current.utm, Json),
            version: current.version.saturating_add(1),
            updated_at: clock::now(),
            ..current
        };
        if !utm_templates::update(&transaction, row.clone()).await? {
            return Err(name_taken());
        }
        let template = UtmTemplate::from(row);
        self.commit(transaction, vec![UPDATED.edited(access.by(), &before, &template)?], Vec::new()).await?;
        Ok(template)
    }

    /// Deletes a template. Links that were made with it stay as they are.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such template; `PreconditionFailed` if it is not in the version expected.
    pub async fn delete_utm_template(
        &self,
        access: &Access,
        id: UtmTemplateId,
        expected: &impl ExpectedVersion,
    ) -> Result<()> {
        let transaction = self.store.write().await?;
        let current = utm_templates::lock(&transaction, access.workspace_id(), id).await?.ok_or_else(not_found)?;
        expected.require(current.version)?;
        utm_templates::delete(&transaction, access.workspace_id(), id).await?;
        let recorded_actions = vec![DELETED.removed(access.by(), &UtmTemplate::from(current))?];
        self.commit(transaction, recorded_actions, Vec::new()).await
    }

    /// The parameters of a template with these in place of its own; an error at `/utm_template_id` where there is no such template.
    pub(super) async fn with_template(
        &self,
        access: &Access,
        id: UtmTemplateId,
        own: Utm,
        errors: &mut FieldErrors,
    ) -> Result<Utm> {
        match utm_templates::find(self.store.reader(), access.workspace_id(), id).await? {
            Some(template) => Ok(own.or(template.utm.0)),
            None => {
                errors.add("/utm_template_id", "unknown_utm_template", "the workspace has no such UTM template");
                Ok(own)
            }
        }
    }
}

async fn require_room(transaction: &Transaction, access: &Access) -> Result<()> {
    workspaces::lock(transaction, access.workspace_id()).await?.ok_or_else(|| Error::not_found("workspace"))?;
    if utm_templates::count(transaction, access.workspace_id()).await? >= TEMPLATES_MAX {
        let message = format!("A workspace has at most {TEMPLATES_MAX} UTM templates.");
        return Err(Error::new(ErrorKind::Conflict, "too_many_utm_templates", message));
    }
    Ok(())
}

fn check_name(errors: &mut FieldErrors, name: &str) -> String {
    errors.text("/name", &composed(name), (1, NAME_LENGTH_MAX), Lines::One)
}

fn check_utm(errors: &mut FieldErrors, utm: &Utm) {
    for (field, _, value) in utm.parameters() {
        errors.text(&format!("/utm/{field}"), value, (1, UTM_LENGTH_MAX), Lines::One);
    }
}

fn not_found() -> Error {
    Error::not_found("UTM template")
}

fn name_taken() -> Error {
    Error::new(ErrorKind::Conflict, "name_taken", "The workspace has a UTM template of this name.")
}
