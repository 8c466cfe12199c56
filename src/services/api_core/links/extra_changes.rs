//! The part of an edit that is about what few links have, after every field was checked by itself.

use super::changes::{destination, optional_text, set, web_address};
use super::draft::{LinkPatch, LinkPreviewDraft};
use crate::domain::click_budget::{CLICKS_MAX, ClickBudget};
use crate::domain::destination_policy::DestinationPolicy;
use crate::domain::link_extras::LinkPreview;
use crate::domain::robots;
use crate::domain::url::Destination;
use crate::infra::store::columns::Json;
use crate::infra::store::links::Link as Row;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::text_validation::Lines;

/// The longest text of a page, in characters.
const TEXT_LENGTH_MAX: usize = 1_000;

/// The checked part. The outer `None` leaves a field as it is.
#[derive(Default)]
pub(super) struct ExtraChanges {
    expired_text: Option<Option<String>>,
    not_found_text: Option<Option<String>>,
    preview: Option<Option<LinkPreview>>,
    robots: Option<Option<String>>,
    ios_url: Option<Option<Destination>>,
    android_url: Option<Option<Destination>>,
    click_budget: Option<Option<ClickBudget>>,
}

impl ExtraChanges {
    /// Takes its fields out of the edit, and checks each by itself.
    pub(super) fn check(patch: &mut LinkPatch, policy: &DestinationPolicy, errors: &mut FieldErrors) -> Self {
        let mut text = |pointer: &str, text: Option<Option<String>>| {
            text.map(|text| optional_text(errors, pointer, text, TEXT_LENGTH_MAX, Lines::Many))
        };
        let expired_text = text("/expired_text", patch.expired_text.take());
        let not_found_text = text("/not_found_text", patch.not_found_text.take());
        let mut target = |pointer: &str, url: Option<Option<String>>| {
            url.map(|url| url.and_then(|url| destination(errors, policy, pointer, &url)))
        };
        let ios_url = target("/ios_url", patch.ios_url.take());
        let android_url = target("/android_url", patch.android_url.take());
        Self {
            expired_text,
            not_found_text,
            preview: patch.preview.take().map(|preview| preview.map(|preview| card(preview, policy, errors))),
            robots: patch.robots.take().map(|robots| robots.and_then(|robots| directives(errors, &robots))),
            ios_url,
            android_url,
            click_budget: patch.click_budget.take().inspect(|budget| check_budget(errors, budget.as_ref())),
        }
    }

    /// Writes it into the link.
    pub(super) fn apply(self, row: &mut Row) {
        set(&mut row.expired_text, self.expired_text);
        set(&mut row.not_found_text, self.not_found_text);
        set(&mut row.preview, self.preview.map(|preview| preview.map(Json)));
        set(&mut row.robots, self.robots);
        set(&mut row.ios_url, self.ios_url);
        set(&mut row.android_url, self.android_url);
        set(&mut row.click_budget, self.click_budget.map(|budget| budget.map(Json)));
    }
}

/// The value of `X-Robots-Tag`.
pub(in crate::services::api_core) fn directives(errors: &mut FieldErrors, text: &str) -> Option<String> {
    errors.check("/robots", "invalid_robots", robots::directives(text))
}

fn card(draft: LinkPreviewDraft, policy: &DestinationPolicy, errors: &mut FieldErrors) -> LinkPreview {
    if draft.title.is_none() && draft.description.is_none() && draft.image_url.is_none() {
        errors.add("/preview", "empty_preview", "give it a title, a description or an image_url, or write null");
    }
    LinkPreview {
        title: optional_text(errors, "/preview/title", draft.title, 255, Lines::One),
        description: optional_text(errors, "/preview/description", draft.description, TEXT_LENGTH_MAX, Lines::Many),
        image_url: draft.image_url.and_then(|url| web_address(errors, policy, "/preview/image_url", &url)),
    }
}

fn check_budget(errors: &mut FieldErrors, budget: Option<&ClickBudget>) {
    let Some(budget) = budget else { return };
    if !(1..=CLICKS_MAX).contains(&budget.clicks) {
        errors.add("/click_budget/clicks", "out_of_range", format!("1 to {CLICKS_MAX}"));
    }
    if !budget.has_time_zone() {
        let message = "expected an IANA time zone such as Europe/Berlin";
        errors.add("/click_budget/time_zone", "unknown_time_zone", message);
    }
}
