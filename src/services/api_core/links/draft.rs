//! Links and edits of links as callers write them. Texts stay texts here, so that all errors can be told at once.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::click_budget::ClickBudget;
use crate::domain::id::{FolderId, LinkId, UtmTemplateId};
use crate::domain::link::{ForwardQuery, RedirectStatus};
use crate::domain::rule::Rule;
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;
use crate::domain::utm::Utm;
use crate::services::api_core::patch::present;

/// The most tags of one link.
pub const LINK_TAGS_MAX: usize = 50;
/// The most items of one bulk request.
pub const BULK_ITEMS_MAX: usize = 1_000;
/// The most items of one bulk request that set a password, because each takes some 20 ms of a core.
pub const BULK_PASSWORDS_MAX: usize = 100;

/// What programs that preview links are shown, in the terms of Open Graph. At least one of the fields is there.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkPreviewDraft {
    /// The title of the card.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    pub title: Option<String>,
    /// The text below it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub description: Option<String>,
    /// An http or https URL of its picture.
    #[serde(default)]
    #[schema(value_type = Option<Destination>)]
    pub image_url: Option<String>,
}

/// What to do if the workspace has such a link already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IfExists {
    /// Answer that link and make none.
    Return,
    /// Refuse.
    Fail,
}

/// A link to be. Only `destination_url` is needed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkDraft {
    /// Where visitors go unless a rule says otherwise.
    #[schema(value_type = Destination)]
    pub destination_url: String,
    /// The host name of the domain to put it on; the default domain if absent.
    #[serde(default)]
    #[schema(max_length = 253, example = "go.example.com")]
    pub domain: Option<String>,
    /// The part of the link after the host: 1 to 190 of `A-Z a-z 0-9 - _ . /`, and of letters of other scripts and emoji where the domain has
    /// `unicode_slugs`; 7 random characters if absent.
    #[serde(default)]
    #[schema(
        min_length = 1,
        max_length = 190,
        pattern = r"^[^\x00-,/:-@\[-\^`{-\x7f]+(/[^\x00-,/:-@\[-\^`{-\x7f]+)*$",
        example = "summer-sale"
    )]
    pub slug: Option<String>,
    /// What to do if there is a link with the same content; make another if absent.
    #[serde(default)]
    pub if_exists: Option<IfExists>,
    /// What to do if the workspace has a link with the same destination, whatever else it has; make another if absent.
    #[serde(default)]
    pub on_duplicate: Option<IfExists>,
    /// A template of campaign parameters; those of `utm` come before its own.
    #[serde(default)]
    pub utm_template_id: Option<UtmTemplateId>,
    /// The status that the link redirects with; 302 if absent.
    #[serde(default)]
    pub redirect_status: Option<RedirectStatus>,
    /// Shown on the preview page.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    pub title: Option<String>,
    /// Shown on the preview page.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub description: Option<String>,
    /// An http or https URL of a picture, shown where the link is shared.
    #[serde(default)]
    #[schema(value_type = Option<Destination>)]
    pub image_url: Option<String>,
    /// For the team only.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 2000)]
    pub comment: Option<String>,
    /// Names of tags; those that the workspace does not have yet are made.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["summer", "email"]))]
    pub tags: Vec<String>,
    /// The link's name in another system, unique in the workspace.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    pub external_id: Option<String>,
    /// The link answers 404 until then.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub starts_at: Option<String>,
    /// The link answers 410, or `expired_url`, from then on.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub expires_at: Option<String>,
    /// Where visitors of the expired link go.
    #[serde(default)]
    #[schema(value_type = Option<Destination>)]
    pub expired_url: Option<String>,
    /// Plain text that visitors read once the link is over, where they are not sent elsewhere.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub expired_text: Option<String>,
    /// Plain text that visitors read before `starts_at`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub not_found_text: Option<String>,
    /// What programs that preview links are shown; people are redirected.
    #[serde(default)]
    pub preview: Option<LinkPreviewDraft>,
    /// The `X-Robots-Tag` header of its redirects: directives with commas between them; that of its domain if absent.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255, example = "noindex, nofollow")]
    pub robots: Option<String>,
    /// Where visitors with iOS go unless a rule says otherwise.
    #[serde(default)]
    #[schema(value_type = Option<Destination>)]
    pub ios_url: Option<String>,
    /// Where visitors with Android go unless a rule says otherwise.
    #[serde(default)]
    #[schema(value_type = Option<Destination>)]
    pub android_url: Option<String>,
    /// How many redirects there may ever be.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000_000_000_i64)]
    pub max_clicks: Option<i64>,
    /// How many redirects there may be in a day, week or month.
    #[serde(default)]
    pub click_budget: Option<ClickBudget>,
    /// What visitors must know, 1 to 128 characters; nothing if `null` or absent. A link that is put by its external id keeps its password if
    /// this is absent.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128, format = "password")]
    pub password: Option<Option<SecretString>>,
    /// What happens to the visitor's query string; dropped if absent.
    #[serde(default)]
    pub forward_query: Option<ForwardQuery>,
    /// Whether a path after the slug is appended to the destination's path.
    #[serde(default)]
    pub forward_path: Option<bool>,
    /// Campaign parameters for the destinations that do not carry them.
    #[serde(default)]
    pub utm: Option<Utm>,
    /// The smart-link rules, in order.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub rules: Vec<Rule>,
    /// The folder to put it into; none if absent.
    #[serde(default)]
    pub folder_id: Option<FolderId>,
    /// Whether the link is archived and answers 410.
    #[serde(default)]
    pub archived: Option<bool>,
    /// Whether a second person has to approve what visitors notice: where the link leads, under which address, and whether it does.
    #[serde(default)]
    pub needs_approval: Option<bool>,
    /// Where a link is put by its external id: that its QR code may be in print is known. It means nothing for a link that is made.
    #[serde(default)]
    pub confirm_printed: bool,
}

/// An edit of a link. What is absent stays as it is, `null` clears.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkPatch {
    /// Where visitors go unless a rule says otherwise.
    #[schema(value_type = Destination, required = false)]
    pub destination_url: Option<String>,
    /// The host name of another domain of the workspace, to which the link moves with all that belongs to it. At its old address nothing
    /// is left: make another link there if visitors shall still be led on.
    #[schema(min_length = 1, max_length = 253, example = "go.example.com", nullable = false)]
    pub domain: Option<String>,
    /// The part of the link after the host.
    #[schema(
        min_length = 1,
        max_length = 190,
        pattern = r"^[^\x00-,/:-@\[-\^`{-\x7f]+(/[^\x00-,/:-@\[-\^`{-\x7f]+)*$",
        nullable = false
    )]
    pub slug: Option<String>,
    /// The status that the link redirects with.
    #[schema(value_type = RedirectStatus, required = false)]
    pub redirect_status: Option<RedirectStatus>,
    /// Shown on the preview page.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    pub title: Option<Option<String>>,
    /// Shown on the preview page.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000)]
    pub description: Option<Option<String>>,
    /// An http or https URL of a picture, shown where the link is shared.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Destination>)]
    pub image_url: Option<Option<String>>,
    /// For the team only.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 2000)]
    pub comment: Option<Option<String>>,
    /// Names of all tags of the link; those that the workspace does not have yet are made.
    #[schema(max_items = 50, nullable = false)]
    pub tags: Option<Vec<String>>,
    /// The link's name in another system, unique in the workspace.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    pub external_id: Option<Option<String>>,
    /// The link answers 404 until then.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Timestamp>)]
    pub starts_at: Option<Option<String>>,
    /// The link answers 410, or `expired_url`, from then on.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Timestamp>)]
    pub expires_at: Option<Option<String>>,
    /// Where visitors of the expired link go.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Destination>)]
    pub expired_url: Option<Option<String>>,
    /// Plain text that visitors read once the link is over, where they are not sent elsewhere.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000)]
    pub expired_text: Option<Option<String>>,
    /// Plain text that visitors read before `starts_at`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000)]
    pub not_found_text: Option<Option<String>>,
    /// What programs that preview links are shown, all of it; people are redirected.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<LinkPreviewDraft>)]
    pub preview: Option<Option<LinkPreviewDraft>>,
    /// The `X-Robots-Tag` header of its redirects: directives with commas between them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255, example = "noindex, nofollow")]
    pub robots: Option<Option<String>>,
    /// Where visitors with iOS go unless a rule says otherwise.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Destination>)]
    pub ios_url: Option<Option<String>>,
    /// Where visitors with Android go unless a rule says otherwise.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Destination>)]
    pub android_url: Option<Option<String>>,
    /// How many redirects there may ever be.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000_000_i64)]
    pub max_clicks: Option<Option<i64>>,
    /// How many redirects there may be in a day, week or month.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<ClickBudget>)]
    pub click_budget: Option<Option<ClickBudget>>,
    /// What visitors must know.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128, format = "password")]
    pub password: Option<Option<SecretString>>,
    /// What happens to the visitor's query string.
    #[schema(value_type = ForwardQuery, required = false)]
    pub forward_query: Option<ForwardQuery>,
    /// Whether a path after the slug is appended to the destination's path.
    #[schema(nullable = false)]
    pub forward_path: Option<bool>,
    /// Campaign parameters for the destinations that do not carry them, all of them.
    #[schema(value_type = Utm, required = false)]
    pub utm: Option<Utm>,
    /// The smart-link rules, all of them, in order.
    #[schema(max_items = 50, nullable = false)]
    pub rules: Option<Vec<Rule>>,
    /// The folder that it is in.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<FolderId>)]
    pub folder_id: Option<Option<FolderId>>,
    /// Whether the link is archived and answers 410.
    #[schema(nullable = false)]
    pub archived: Option<bool>,
    /// Whether a second person has to approve what visitors notice. Once set, it is only cleared with such an approval.
    #[schema(nullable = false)]
    pub needs_approval: Option<bool>,
    /// That its QR code may be in print is known: without this, neither the address of such a link nor where it leads, or whether it does, is
    /// changed (409 `printed`).
    #[serde(default)]
    pub confirm_printed: bool,
}

/// One edit of a bulk request.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkPatch {
    /// Which link.
    pub id: LinkId,
    /// The version that the edit was made from; any if absent.
    #[serde(default)]
    pub version: Option<i64>,
    /// What changes.
    pub changes: LinkPatch,
}

impl LinkDraft {
    /// The content as an edit of an empty link.
    pub(super) fn into_patch(self) -> LinkPatch {
        LinkPatch {
            destination_url: Some(self.destination_url),
            domain: None,
            slug: self.slug,
            redirect_status: self.redirect_status,
            title: Some(self.title),
            description: Some(self.description),
            image_url: Some(self.image_url),
            comment: Some(self.comment),
            tags: Some(self.tags),
            external_id: Some(self.external_id),
            starts_at: Some(self.starts_at),
            expires_at: Some(self.expires_at),
            expired_url: Some(self.expired_url),
            expired_text: Some(self.expired_text),
            not_found_text: Some(self.not_found_text),
            preview: Some(self.preview),
            robots: Some(self.robots),
            ios_url: Some(self.ios_url),
            android_url: Some(self.android_url),
            max_clicks: Some(self.max_clicks),
            click_budget: Some(self.click_budget),
            password: Some(self.password.flatten()),
            forward_query: self.forward_query,
            forward_path: self.forward_path,
            utm: self.utm,
            rules: Some(self.rules),
            folder_id: Some(self.folder_id),
            archived: self.archived,
            needs_approval: self.needs_approval,
            confirm_printed: self.confirm_printed,
        }
    }
}
