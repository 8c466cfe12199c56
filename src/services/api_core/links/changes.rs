//! An edit of a link after every field of it was checked by itself, and then together with the rest of the link.

use std::collections::HashSet;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::draft::{LINK_TAGS_MAX, LinkPatch};
use super::extra_changes::ExtraChanges;
use super::search;
use crate::domain::destination_policy::DestinationPolicy;
use crate::domain::folded_text::name_key;
use crate::domain::id::FolderId;
use crate::domain::link::{ForwardQuery, RedirectStatus};
use crate::domain::rule::{CompiledRules, Outcome, Rule, with_targets};
use crate::domain::slug::Slug;
use crate::domain::time::Timestamp;
use crate::domain::url::{Destination, DestinationError};
use crate::domain::utm::Utm;
use crate::infra::passwords::Passwords;
use crate::infra::store::columns::Json;
use crate::infra::store::links::Link as Row;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::tags;
use crate::services::api_core::text_validation::{Lines, PASSWORD_LENGTH_MAX};

/// The most that `max_clicks` may be.
const MAX_CLICKS_MAX: i64 = 1_000_000_000_000;

/// A checked edit. The outer `None` leaves a field as it is.
#[derive(Default)]
pub(super) struct Changes {
    pub slug: Option<Slug>,
    pub destination_url: Option<Destination>,
    pub tags: Option<Vec<String>>,
    pub password: Option<Option<SecretString>>,
    pub folder_id: Option<Option<FolderId>>,
    pub confirm_printed: bool,
    redirect_status: Option<RedirectStatus>,
    title: Option<Option<String>>,
    description: Option<Option<String>>,
    image_url: Option<Option<Destination>>,
    comment: Option<Option<String>>,
    external_id: Option<Option<String>>,
    starts_at: Option<Option<Timestamp>>,
    expires_at: Option<Option<Timestamp>>,
    expired_url: Option<Option<Destination>>,
    extras: ExtraChanges,
    max_clicks: Option<Option<i64>>,
    forward_query: Option<ForwardQuery>,
    forward_path: Option<bool>,
    utm: Option<Utm>,
    rules: Option<Vec<Rule>>,
    archived: Option<bool>,
    needs_approval: Option<bool>,
}

impl Changes {
    /// Checks each field by itself.
    pub(super) fn check(mut patch: LinkPatch, policy: &DestinationPolicy, errors: &mut FieldErrors) -> Self {
        let extras = ExtraChanges::check(&mut patch, policy, errors);
        Self {
            extras,
            slug: patch.slug.and_then(|slug| errors.check("/slug", "invalid_slug", Slug::parse(&slug))),
            destination_url: patch
                .destination_url
                .and_then(|url| destination(errors, policy, "/destination_url", &url)),
            tags: patch.tags.map(|names| tag_names(errors, &names)),
            password: patch.password.inspect(|password| check_password(errors, password.as_ref())),
            folder_id: patch.folder_id,
            confirm_printed: patch.confirm_printed,
            redirect_status: patch.redirect_status,
            title: patch.title.map(|text| optional_text(errors, "/title", text, 255, Lines::One)),
            description: patch.description.map(|text| optional_text(errors, "/description", text, 1_000, Lines::Many)),
            image_url: patch.image_url.map(|url| url.and_then(|url| web_address(errors, policy, "/image_url", &url))),
            comment: patch.comment.map(|text| optional_text(errors, "/comment", text, 2_000, Lines::Many)),
            external_id: patch.external_id.map(|text| optional_text(errors, "/external_id", text, 255, Lines::One)),
            starts_at: patch.starts_at.map(|time| time.and_then(|time| moment(errors, "/starts_at", &time))),
            expires_at: patch.expires_at.map(|time| time.and_then(|time| moment(errors, "/expires_at", &time))),
            expired_url: patch
                .expired_url
                .map(|url| url.and_then(|url| destination(errors, policy, "/expired_url", &url))),
            max_clicks: patch.max_clicks.inspect(|clicks| check_max_clicks(errors, *clicks)),
            forward_query: patch.forward_query,
            forward_path: patch.forward_path,
            utm: patch.utm.inspect(|utm| errors.utm("/utm", utm)),
            rules: patch.rules.inspect(|rules| check_rules(errors, policy, rules)),
            archived: patch.archived,
            needs_approval: patch.needs_approval,
        }
    }

    /// Replaces the password by its hash, which is costly and therefore done before any transaction.
    pub(super) async fn hash_password(&mut self, passwords: &Passwords) -> crate::domain::error::Result<()> {
        if let Some(Some(password)) = &mut self.password {
            *password = passwords.hash(password.clone()).await?.into();
        }
        Ok(())
    }

    /// Writes the edit into the link and checks what only shows in the whole.
    pub(super) fn apply(self, row: &mut Row, errors: &mut FieldErrors) {
        set(&mut row.slug, self.slug.map(|slug| slug.as_str().to_owned()));
        set(&mut row.destination_url, self.destination_url);
        set(&mut row.redirect_status, self.redirect_status);
        set(&mut row.title, self.title);
        set(&mut row.description, self.description);
        set(&mut row.image_url, self.image_url);
        set(&mut row.comment, self.comment);
        set(&mut row.external_id, self.external_id);
        set(&mut row.starts_at, self.starts_at);
        set(&mut row.expires_at, self.expires_at);
        set(&mut row.expired_url, self.expired_url);
        self.extras.apply(row);
        set(&mut row.max_clicks, self.max_clicks);
        let hash = |hash: SecretString| hash.expose_secret().to_owned();
        set(&mut row.password_hash, self.password.map(|password| password.map(hash)));
        set(&mut row.forward_query, self.forward_query);
        set(&mut row.forward_path, self.forward_path);
        set(&mut row.utm, self.utm.map(Json));
        set(&mut row.rules, self.rules.map(Json));
        set(&mut row.folder_id, self.folder_id);
        set(&mut row.archived, self.archived);
        set(&mut row.needs_approval, self.needs_approval);
        refresh(row);
        check_together(row, errors);
    }
}

/// Files a link anew under what it has become.
pub(super) fn refresh(row: &mut Row) {
    row.destination_hash = destination_hash(&row.destination_url);
    search::file(row);
}

/// Checks once more what was allowed when the link was like this.
pub(super) fn check_again(row: &Row, policy: &DestinationPolicy, errors: &mut FieldErrors) {
    errors.check("/destination_url", "invalid_url", policy.check(&row.destination_url));
    if let Some(url) = &row.expired_url {
        errors.check("/expired_url", "invalid_url", policy.check(url));
    }
    for (pointer, url) in [("/ios_url", &row.ios_url), ("/android_url", &row.android_url)] {
        if let Some(url) = url {
            errors.check(pointer, "invalid_url", policy.check(url));
        }
    }
    check_rules(errors, policy, &row.rules.0);
}

pub(super) fn set<T>(field: &mut T, change: Option<T>) {
    if let Some(value) = change {
        *field = value;
    }
}

fn check_together(row: &Row, errors: &mut FieldErrors) {
    if let (Some(start), Some(end)) = (row.starts_at, row.expires_at)
        && end <= start
    {
        errors.add("/expires_at", "not_after_start", "the end must be after starts_at");
    }
    check_targets(row, errors);
    for destination in destinations(row) {
        if let Err(error) = row.utm.0.apply(destination) {
            errors.add("/utm", "too_long", format!("with its campaign parameters {destination} is too long: {error}"));
        }
    }
}

/// The rules that lead phones to their targets have to fit beside those that people wrote.
fn check_targets(row: &Row, errors: &mut FieldErrors) {
    let has_targets = row.ios_url.is_some() || row.android_url.is_some();
    let together = || with_targets(row.rules.0.clone(), row.ios_url.clone(), row.android_url.clone());
    if has_targets && CompiledRules::compile(&together()).is_err() && CompiledRules::compile(&row.rules.0).is_ok() {
        let message = "with ios_url or android_url a link has two rules fewer, and none is named \"iOS target\" or \"Android target\"";
        errors.add("/rules", "clashes_with_targets", message);
    }
}

/// Everywhere that the link may lead as long as it has not expired.
fn destinations(row: &Row) -> impl Iterator<Item = &Destination> {
    let targets = row.ios_url.iter().chain(&row.android_url);
    std::iter::once(&row.destination_url)
        .chain(targets)
        .chain(rule_destinations(&row.rules.0).map(|(_, destination)| destination))
}

/// Everywhere that rules may lead, with pointers from the link.
pub(super) fn rule_destinations(rules: &[Rule]) -> impl Iterator<Item = (String, &Destination)> {
    rules.iter().enumerate().flat_map(|(index, rule)| {
        let outcome = format!("/rules/{index}/outcome");
        match &rule.outcome {
            Outcome::Destination { destination_url } => vec![(format!("{outcome}/destination_url"), destination_url)],
            Outcome::Split { variants } => {
                let place = |number| format!("{outcome}/variants/{number}/destination_url");
                let numbered = variants.iter().enumerate();
                numbered.map(|(number, variant)| (place(number), &variant.destination_url)).collect()
            }
        }
    })
}

pub(super) fn destination_hash(destination: &Destination) -> i64 {
    let digest = Sha256::digest(destination.as_str());
    i64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
}

pub(super) fn destination(
    errors: &mut FieldErrors,
    policy: &DestinationPolicy,
    pointer: &str,
    text: &str,
) -> Option<Destination> {
    errors.check(pointer, "invalid_url", policy.parse(text))
}

pub(super) fn web_address(
    errors: &mut FieldErrors,
    policy: &DestinationPolicy,
    pointer: &str,
    text: &str,
) -> Option<Destination> {
    let url = policy.parse(text).and_then(|url| {
        let is_web = url.as_str().starts_with("https://") || url.as_str().starts_with("http://");
        if is_web { Ok(url) } else { Err(DestinationError::NotAbsolute) }
    });
    errors.check(pointer, "invalid_url", url)
}

fn moment(errors: &mut FieldErrors, pointer: &str, text: &str) -> Option<Timestamp> {
    errors.check(pointer, "invalid_time", text.parse())
}

pub(super) fn optional_text(
    errors: &mut FieldErrors,
    pointer: &str,
    text: Option<String>,
    max: usize,
    lines: Lines,
) -> Option<String> {
    text.map(|text| errors.text(pointer, &text, (1, max), lines))
}

/// Each name once, in any case.
fn tag_names(errors: &mut FieldErrors, names: &[String]) -> Vec<String> {
    if names.len() > LINK_TAGS_MAX {
        errors.add("/tags", "too_many", format!("a link has at most {LINK_TAGS_MAX} tags"));
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let checked =
        names.iter().enumerate().map(|(index, name)| tags::check_name(errors, &format!("/tags/{index}"), name));
    checked.filter(|name| seen.insert(name_key(name))).collect()
}

fn check_password(errors: &mut FieldErrors, password: Option<&SecretString>) {
    let length = password.map(|password| password.expose_secret().chars().count());
    if length.is_some_and(|length| !(1..=PASSWORD_LENGTH_MAX).contains(&length)) {
        errors.add("/password", "invalid_length", format!("a password has 1 to {PASSWORD_LENGTH_MAX} characters"));
    }
}

fn check_max_clicks(errors: &mut FieldErrors, max_clicks: Option<i64>) {
    if max_clicks.is_some_and(|clicks| !(1..=MAX_CLICKS_MAX).contains(&clicks)) {
        errors.add("/max_clicks", "out_of_range", format!("1 to {MAX_CLICKS_MAX}"));
    }
}

fn check_rules(errors: &mut FieldErrors, policy: &DestinationPolicy, rules: &[Rule]) {
    if let Err(found) = CompiledRules::compile(rules) {
        errors.extend(found);
    }
    for (pointer, destination) in rule_destinations(rules) {
        errors.check(&pointer, "invalid_url", policy.check(destination));
    }
}
