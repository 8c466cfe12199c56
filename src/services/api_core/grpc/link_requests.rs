//! Messages about links as the use cases take them.
//!
//! A message becomes the body that REST would have got, and is read and checked as that body is: the same errors have
//! the same codes and pointers.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost_types::FieldMask;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::domain::error::{Error, Result};
use crate::domain::time::Timestamp;
use crate::http::extract::parse_json;
use crate::http::pagination::{LIMIT_MAX, Limit};
use crate::infra::grpc::v1::{
    ClickBudget, CreateLinkRequest, DrawQrCodeRequest, ForwardQuery, IfExists, LinkContent, LinkOrder, LinkPreview,
    PutLinkByExternalIdRequest, QrCodeStyle, Utm,
};
use crate::services::api_core::{LinkDraft, LinkPatch, LinkSort, QrCodeDraft};

/// What every link has, so that it cannot be cleared.
const NEVER_ABSENT: [&str; 7] =
    ["destination_url", "slug", "redirect_status", "forward_query", "forward_path", "archived", "needs_approval"];

/// A link to be.
pub(super) fn to_draft(request: CreateLinkRequest) -> Result<LinkDraft> {
    read_body(&draft(request)?)
}

/// A link to be, as REST has it.
pub(super) fn draft(request: CreateLinkRequest) -> Result<Value> {
    let content = request.content.unwrap_or_default();
    let has_utm = content.utm.is_some();
    let mut fields = to_fields(content)?;
    fields.retain(|name, _| has_utm || name != "utm");
    fields.insert("domain".to_owned(), request.domain.into());
    fields.insert("if_exists".to_owned(), if_exists("/if_exists", request.if_exists)?.into());
    fields.insert("on_duplicate".to_owned(), if_exists("/on_duplicate", request.on_duplicate)?.into());
    fields.insert("utm_template_id".to_owned(), request.utm_template_id.into());
    fields.retain(|_, value| !value.is_null());
    Ok(Value::Object(fields))
}

/// What a link with an external id is to be.
pub(super) fn to_put(request: PutLinkByExternalIdRequest) -> Result<LinkDraft> {
    let PutLinkByExternalIdRequest { domain, content, utm_template_id, confirm_printed, clear_password, .. } = request;
    let draft = to_draft(CreateLinkRequest { domain, content, utm_template_id, ..Default::default() })?;
    if clear_password && draft.password.is_some() {
        return Err(Error::invalid_field("clear_password", "invalid_value", "give a password, or take it away"));
    }
    let password = if clear_password { Some(None) } else { draft.password };
    Ok(LinkDraft { password, confirm_printed, ..draft })
}

/// How the QR code of a link is to look.
pub(super) fn to_qr_code(request: DrawQrCodeRequest) -> Result<QrCodeDraft> {
    read_body(&qr_code(QrCodeStyle {
        format: request.format,
        size: request.size,
        foreground: request.foreground,
        background: request.background,
        error_correction: request.error_correction,
        quiet_zone: request.quiet_zone,
        logo: request.logo,
    }))
}

/// How a QR code is to look, as REST has it.
pub(super) fn qr_code(style: QrCodeStyle) -> Value {
    json!({
        "format": style.format,
        "size": style.size,
        "foreground": style.foreground,
        "background": style.background,
        "error_correction": style.error_correction,
        "quiet_zone": style.quiet_zone,
        "logo": style.logo.map(|logo| STANDARD.encode(logo)),
    })
}

/// An edit of the fields that the mask names.
pub(super) fn to_patch(content: LinkContent, mask: FieldMask) -> Result<LinkPatch> {
    let mut fields = to_fields(content)?;
    let mut patch = Map::new();
    for path in mask.paths {
        let field = if path == "rules_json" { "rules" } else { path.as_str() };
        let Some((field, value)) = fields.remove_entry(field) else {
            let message = format!("{path} is no field of the content, or is named twice");
            return Err(Error::invalid_field("update_mask", "invalid_value", message));
        };
        if value.is_null() && NEVER_ABSENT.contains(&field.as_str()) {
            return Err(Error::invalid_field(format!("/{field}"), "required", "this cannot be cleared"));
        }
        patch.insert(field, value);
    }
    read(patch)
}

/// The order of a list; newest first if unspecified.
pub(super) fn order(number: i32) -> Result<LinkSort> {
    let order = LinkOrder::try_from(number).map_err(|_| unknown_number("order"))?;
    Ok(LinkSort {
        by_update: matches!(order, LinkOrder::UpdatedAscending | LinkOrder::UpdatedDescending),
        ascending: matches!(order, LinkOrder::CreatedAscending | LinkOrder::UpdatedAscending),
    })
}

/// How many items a page may have.
pub(in crate::services) fn limit(items: Option<u32>) -> Result<Limit> {
    let Some(items) = items else { return Ok(Limit::default()) };
    let message = || format!("a page has 1 to {LIMIT_MAX} items");
    Limit::new(items).ok_or_else(|| Error::invalid_field("limit", "invalid_value", message()))
}

/// A moment of a query.
pub(super) fn moment(field: &str, time: Option<prost_types::Timestamp>) -> Result<Option<Timestamp>> {
    let read = |time| Timestamp::from_str(&text(time));
    let moment = time.map(read).transpose();
    moment.map_err(|error| Error::invalid_field(field, "invalid_time", error.to_string()))
}

/// The content as the fields of a REST body; what is absent is null, or empty where that means the same.
fn to_fields(content: LinkContent) -> Result<Map<String, Value>> {
    let body = json!({
        "destination_url": content.destination_url,
        "slug": content.slug,
        "redirect_status": content.redirect_status,
        "title": content.title,
        "description": content.description,
        "image_url": content.image_url,
        "comment": content.comment,
        "tags": content.tags,
        "external_id": content.external_id,
        "starts_at": content.starts_at.map(text),
        "expires_at": content.expires_at.map(text),
        "expired_url": content.expired_url,
        "expired_text": content.expired_text,
        "not_found_text": content.not_found_text,
        "preview": content.preview.map(preview),
        "robots": content.robots,
        "ios_url": content.ios_url,
        "android_url": content.android_url,
        "max_clicks": content.max_clicks,
        "click_budget": content.click_budget.map(click_budget),
        "password": content.password,
        "forward_query": forward_query(content.forward_query)?,
        "forward_path": content.forward_path,
        "utm": utm(content.utm.unwrap_or_default()),
        "rules": rules(content.rules_json.as_deref())?,
        "folder_id": content.folder_id,
        "archived": content.archived,
        "needs_approval": content.needs_approval,
    });
    match body {
        Value::Object(fields) => Ok(fields),
        _ => Err(Error::internal("a body without fields")),
    }
}

/// Campaign parameters as REST has them.
pub(super) fn utm(utm: Utm) -> Value {
    json!({
        "source": utm.source,
        "medium": utm.medium,
        "campaign": utm.campaign,
        "term": utm.term,
        "content": utm.content,
    })
}

fn preview(preview: LinkPreview) -> Value {
    json!({ "title": preview.title, "description": preview.description, "image_url": preview.image_url })
}

fn click_budget(budget: ClickBudget) -> Value {
    json!({ "clicks": budget.clicks, "period": budget.period, "time_zone": budget.time_zone })
}

fn rules(text: Option<&str>) -> Result<Value> {
    let malformed = |error: serde_json::Error| Error::invalid_field("/rules", "malformed_json", error.to_string());
    text.map_or_else(|| Ok(json!([])), |text| serde_json::from_str(text).map_err(malformed))
}

pub(super) fn text(time: prost_types::Timestamp) -> String {
    time.to_string()
}

fn read<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T> {
    read_body(&Value::Object(fields))
}

/// What a body means that REST would have got.
pub(in crate::services) fn read_body<T: DeserializeOwned>(body: &Value) -> Result<T> {
    parse_json(&serde_json::to_vec(body).map_err(Error::internal)?)
}

fn if_exists(field: &str, number: i32) -> Result<Option<String>> {
    let value = IfExists::try_from(number).map_err(|_| unknown_number(field))?;
    Ok(name(value.as_str_name(), "IF_EXISTS_"))
}

fn forward_query(number: i32) -> Result<Option<String>> {
    let value = ForwardQuery::try_from(number).map_err(|_| unknown_number("/forward_query"))?;
    Ok(name(value.as_str_name(), "FORWARD_QUERY_"))
}

/// What REST calls a value of an enumeration; none if it is unspecified.
fn name(full_name: &str, prefix: &str) -> Option<String> {
    let name = full_name.trim_start_matches(prefix);
    (name != "UNSPECIFIED").then(|| name.to_lowercase())
}

/// A number that means nothing.
pub(super) fn unknown_number(field: &str) -> Error {
    Error::invalid_field(field, "invalid_value", "this enumeration has no such value")
}
