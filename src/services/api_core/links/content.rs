//! All of a link that people choose, as its history keeps it.
//!
//! Invariant: what the history answers has no secret; of a password it only tells that it changed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::changes::refresh;
use crate::domain::click_budget::ClickBudget;
use crate::domain::error::{Error, Result};
use crate::domain::id::{DomainId, FolderId, UserId};
use crate::domain::link::{ForwardQuery, RedirectStatus};
use crate::domain::link_extras::LinkPreview;
use crate::domain::rule::Rule;
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;
use crate::domain::utm::Utm;
use crate::infra::store::columns::Json;
use crate::infra::store::links::Link as Row;

/// The field that holds the hash of the password.
const PASSWORD_HASH: &str = "password_hash";

/// All of a link that people choose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LinkContent {
    pub domain_id: DomainId,
    pub slug: String,
    pub destination_url: Destination,
    pub redirect_status: RedirectStatus,
    pub title: Option<String>,
    pub description: Option<String>,
    pub image_url: Option<Destination>,
    pub comment: Option<String>,
    pub tags: Vec<String>,
    pub external_id: Option<String>,
    pub starts_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub expired_url: Option<Destination>,
    pub expired_text: Option<String>,
    pub not_found_text: Option<String>,
    pub preview: Option<LinkPreview>,
    pub robots: Option<String>,
    pub ios_url: Option<Destination>,
    pub android_url: Option<Destination>,
    pub max_clicks: Option<i64>,
    pub click_budget: Option<ClickBudget>,
    pub password_hash: Option<String>,
    pub forward_query: ForwardQuery,
    pub forward_path: bool,
    pub utm: Utm,
    pub rules: Vec<Rule>,
    pub folder_id: Option<FolderId>,
    pub archived: bool,
    #[serde(default)]
    pub needs_approval: bool,
}

/// A link that was deleted: what people chose, and what the server knows of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DeletedContent {
    pub content: LinkContent,
    pub used_clicks: i64,
    #[serde(default)]
    pub period_start: Option<Timestamp>,
    #[serde(default)]
    pub period_clicks: i64,
    pub printed_at: Option<Timestamp>,
    pub disabled_reason: Option<String>,
    pub version: i64,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A field in which two versions differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldChange {
    /// The field of the link. For `password` both values are `null`, because nobody may know them.
    #[schema(example = "destination_url")]
    pub field: String,
    /// What it was.
    #[schema(value_type = Value)]
    pub before: Value,
    /// What it is.
    #[schema(value_type = Value)]
    pub after: Value,
}

impl LinkContent {
    /// What people chose for this link.
    pub(super) fn of(row: Row, tags: Vec<String>) -> Self {
        Self {
            domain_id: row.domain_id,
            slug: row.slug,
            destination_url: row.destination_url,
            redirect_status: row.redirect_status,
            title: row.title,
            description: row.description,
            image_url: row.image_url,
            comment: row.comment,
            tags,
            external_id: row.external_id,
            starts_at: row.starts_at,
            expires_at: row.expires_at,
            expired_url: row.expired_url,
            expired_text: row.expired_text,
            not_found_text: row.not_found_text,
            preview: row.preview.map(|preview| preview.0),
            robots: row.robots,
            ios_url: row.ios_url,
            android_url: row.android_url,
            max_clicks: row.max_clicks,
            click_budget: row.click_budget.map(|budget| budget.0),
            password_hash: row.password_hash,
            forward_query: row.forward_query,
            forward_path: row.forward_path,
            utm: row.utm.0,
            rules: row.rules.0,
            folder_id: row.folder_id,
            archived: row.archived,
            needs_approval: row.needs_approval,
        }
    }

    /// Makes the link what it was, and answers the names of its tags.
    pub(super) fn write_into(self, row: &mut Row) -> Vec<String> {
        row.domain_id = self.domain_id;
        row.slug = self.slug;
        row.destination_url = self.destination_url;
        row.redirect_status = self.redirect_status;
        row.title = self.title;
        row.description = self.description;
        row.image_url = self.image_url;
        row.comment = self.comment;
        row.external_id = self.external_id;
        row.starts_at = self.starts_at;
        row.expires_at = self.expires_at;
        row.expired_url = self.expired_url;
        row.expired_text = self.expired_text;
        row.not_found_text = self.not_found_text;
        row.preview = self.preview.map(Json);
        row.robots = self.robots;
        row.ios_url = self.ios_url;
        row.android_url = self.android_url;
        row.max_clicks = self.max_clicks;
        row.click_budget = self.click_budget.map(Json);
        row.password_hash = self.password_hash;
        row.forward_query = self.forward_query;
        row.forward_path = self.forward_path;
        row.utm = Json(self.utm);
        row.rules = Json(self.rules);
        row.folder_id = self.folder_id;
        row.archived = self.archived;
        row.needs_approval = self.needs_approval;
        refresh(row);
        self.tags
    }

    /// The fields in which `after` differs, in the order of their names.
    pub(super) fn differences(&self, after: &Self) -> Result<Vec<FieldChange>> {
        let (old, mut new) = (fields(self)?, fields(after)?);
        let changed = old.into_iter().filter_map(|(field, before)| {
            let after = new.remove(&field).unwrap_or_default();
            (before != after).then_some(FieldChange { field, before, after })
        });
        let mut changed: Vec<FieldChange> = changed.map(without_secret).collect();
        changed.sort_by(|one, other| one.field.cmp(&other.field));
        Ok(changed)
    }
}

fn without_secret(change: FieldChange) -> FieldChange {
    if change.field != PASSWORD_HASH {
        return change;
    }
    FieldChange { field: "password".to_owned(), before: Value::Null, after: Value::Null }
}

fn fields(content: &LinkContent) -> Result<Map<String, Value>> {
    match serde_json::to_value(content).map_err(Error::internal)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(Error::internal("a content without fields")),
    }
}

/// The content as a column holds it.
pub(super) fn encode(content: &impl Serialize) -> Result<String> {
    serde_json::to_string(content).map_err(Error::internal)
}

/// What a column holds.
pub(super) fn decode<T: for<'a> Deserialize<'a>>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(Error::internal)
}
