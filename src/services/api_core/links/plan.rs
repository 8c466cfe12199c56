//! The links that one request asks for, on their way into the store.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::bulk::{BulkItem, Created};
use super::deleted::{slug_of_deleted_link, slugs_in_bin};
use super::tagging::TagsByName;
use super::view::Link;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::folded_text::name_key;
use crate::domain::id::{DomainId, LinkId};
use crate::domain::link::{ForwardQuery, RedirectStatus};
use crate::domain::slug::Slug;
use crate::domain::slug_words::SlugWords;
use crate::domain::unicode_slug;
use crate::domain::url::Destination;
use crate::infra::store::columns::Json;
use crate::infra::store::domains::Domain;
use crate::infra::store::links::{self, Link as Row};
use crate::infra::store::{Transaction, tags};
use crate::runtime::clock;
use crate::services::api_core::principal::Access;

/// How often random slugs are drawn anew. Even if half of all slugs were taken, this fails once in a thousand.
const DRAWS_MAX: usize = 10;

/// A link that is right by itself.
pub(super) struct Planned {
    pub row: Row,
    /// Whether it is to be made, or was found.
    pub is_new: bool,
    pub slug_chosen: bool,
    pub tag_names: Vec<String>,
    case_sensitive: bool,
    words: Arc<SlugWords>,
}

/// What is known of each item, in order.
pub(super) struct Plan(Vec<BulkItem<Planned>>);

impl Planned {
    /// A link to make, with a random slug unless one was chosen.
    pub(super) fn new(
        row: Row,
        domain: &Domain,
        slug_chosen: bool,
        tag_names: Vec<String>,
        words: Arc<SlugWords>,
    ) -> Self {
        let case_sensitive = domain.case_sensitive;
        let mut planned = Self { row, is_new: true, slug_chosen, tag_names, case_sensitive, words };
        if slug_chosen {
            planned.file();
        } else {
            planned.draw_slug();
        }
        planned
    }

    fn draw_slug(&mut self) {
        self.row.search_key = self.row.search_key.split_off(self.row.slug.len());
        self.random_slug().as_str().clone_into(&mut self.row.slug);
        self.row.search_key.insert_str(0, &self.row.slug.to_lowercase());
        self.file();
    }

    /// A random slug that nobody takes offence at, as far as so many draws find one.
    fn random_slug(&self) -> Slug {
        let mut slug = Slug::random(&mut rand::rng());
        for _ in 0..DRAWS_MAX {
            if !self.words.is_offensive(slug.as_str()) {
                break;
            }
            slug = Slug::random(&mut rand::rng());
        }
        slug
    }

    fn file(&mut self) {
        self.row.slug_key = slug_key(&self.row.slug, self.case_sensitive);
    }

    /// Its domain, and its slug as that files it.
    fn place(&self) -> (DomainId, String) {
        (self.row.domain_id, self.row.slug_key.clone())
    }

    /// Whether both carry the same tags.
    pub(super) fn has_tags_of(&self, other: &Self) -> bool {
        let keys = |planned: &Self| planned.tag_names.iter().map(|name| name_key(name)).collect::<HashSet<_>>();
        keys(self) == keys(other)
    }
}

impl Plan {
    pub(super) fn with_capacity(items: usize) -> Self {
        Self(Vec::with_capacity(items))
    }

    pub(super) fn push(&mut self, item: BulkItem<Planned>) {
        self.0.push(item);
    }

    /// Those that are right until now.
    pub(super) fn planned(&self) -> impl Iterator<Item = &Planned> {
        self.0.iter().filter_map(|item| item.as_ref().ok())
    }

    /// Those among them that are made and not found.
    pub(super) fn made(&self) -> impl Iterator<Item = &Planned> {
        self.planned().filter(|planned| planned.is_new)
    }

    /// Writes the new links and their tags. Those whose slug or external id is in use become errors.
    pub(super) async fn write(
        &mut self,
        transaction: &Transaction,
        access: &Access,
        tags_by_name: &TagsByName,
    ) -> Result<()> {
        let mut unwritten: HashSet<LinkId> = self.made().map(|planned| planned.row.id).collect();
        for _ in 0..DRAWS_MAX {
            let rows = self.made().filter(|planned| unwritten.contains(&planned.row.id));
            let rows: Vec<Row> = rows.map(|planned| planned.row.clone()).collect();
            for written in links::insert_many(transaction, rows).await? {
                unwritten.remove(&written);
            }
            if unwritten.is_empty() {
                break;
            }
            let clashing = self.find_clashing_external_ids(transaction, &unwritten).await?;
            let in_bin = self.find_slugs_in_bin(transaction, access, &unwritten).await?;
            self.settle(&mut unwritten, &clashing, &in_bin);
        }
        for item in &mut self.0 {
            if item.as_ref().is_ok_and(|planned| unwritten.contains(&planned.row.id)) {
                *item = Err(taken("no_free_slug", "No free slug was found. Choose one."));
            }
        }
        self.put_tags(transaction, tags_by_name).await
    }

    async fn find_clashing_external_ids(
        &self,
        transaction: &Transaction,
        unwritten: &HashSet<LinkId>,
    ) -> Result<HashSet<String>> {
        let clashing = self.made().filter(|planned| unwritten.contains(&planned.row.id));
        let Some(workspace) = self.made().map(|planned| planned.row.workspace_id).next() else {
            return Ok(HashSet::new());
        };
        let external_ids: Vec<String> = clashing.filter_map(|planned| planned.row.external_id.clone()).collect();
        let others = links::find_by_external_ids(transaction, workspace, external_ids).await?;
        Ok(others.into_iter().filter_map(|link| link.external_id).collect())
    }

    /// Which of the slugs that people chose deleted links keep.
    async fn find_slugs_in_bin(
        &self,
        transaction: &Transaction,
        access: &Access,
        unwritten: &HashSet<LinkId>,
    ) -> Result<HashMap<(DomainId, String), LinkId>> {
        let chosen = self.made().filter(|planned| planned.slug_chosen && unwritten.contains(&planned.row.id));
        slugs_in_bin(transaction, access, chosen.map(Planned::place).collect()).await
    }

    /// Decides about links that could not be written: another random slug, or an error.
    fn settle(
        &mut self,
        unwritten: &mut HashSet<LinkId>,
        clashing: &HashSet<String>,
        in_bin: &HashMap<(DomainId, String), LinkId>,
    ) {
        for item in &mut self.0 {
            let Ok(planned) = item else { continue };
            if !unwritten.contains(&planned.row.id) {
                continue;
            }
            let id = planned.row.id;
            let error = if planned.row.external_id.as_ref().is_some_and(|external_id| clashing.contains(external_id)) {
                external_id_taken()
            } else if planned.slug_chosen {
                in_bin.get(&planned.place()).copied().map_or_else(slug_taken, slug_of_deleted_link)
            } else {
                planned.draw_slug();
                continue;
            };
            unwritten.remove(&id);
            *item = Err(error);
        }
    }

    async fn put_tags(&self, transaction: &Transaction, tags_by_name: &TagsByName) -> Result<()> {
        let mut pairs = Vec::new();
        for planned in self.made() {
            let ids = tags_by_name.ids(&planned.tag_names)?;
            pairs.extend(ids.into_iter().map(|tag| (planned.row.id, tag)));
        }
        tags::put_on(transaction, pairs).await
    }

    /// The results, in order.
    pub(super) fn finish(self, views: &HashMap<LinkId, Link>) -> Vec<BulkItem<Created>> {
        let created = |item: BulkItem<Planned>| {
            let planned = item?;
            // A link that is identical to an earlier one of the same request has its fate.
            let link = views.get(&planned.row.id).cloned().ok_or_else(slug_taken)?;
            Ok(Created { link, existed: !planned.is_new })
        };
        self.0.into_iter().map(created).collect()
    }
}

/// A link with a destination, and what its domain gives new links.
pub(super) fn new_row(access: &Access, domain: &Domain, destination_url: Destination) -> Row {
    Row {
        redirect_status: domain.default_redirect_status,
        utm: domain.utm.clone(),
        ..new_row_on(access, domain.id, destination_url)
    }
}

/// A link with nothing but a destination, on the domain of this id.
pub(super) fn new_row_on(access: &Access, domain_id: DomainId, destination_url: Destination) -> Row {
    let now = clock::now();
    Row {
        id: LinkId::new(),
        workspace_id: access.workspace_id(),
        domain_id,
        slug: String::new(),
        slug_key: String::new(),
        destination_url,
        destination_hash: 0,
        redirect_status: RedirectStatus::default(),
        title: None,
        description: None,
        image_url: None,
        comment: None,
        external_id: None,
        starts_at: None,
        expires_at: None,
        expired_url: None,
        expired_text: None,
        not_found_text: None,
        preview: None,
        robots: None,
        ios_url: None,
        android_url: None,
        max_clicks: None,
        told_expiry: None,
        used_clicks: 0,
        click_budget: None,
        period_start: None,
        period_clicks: 0,
        password_hash: None,
        forward_query: ForwardQuery::default(),
        forward_path: false,
        utm: Json::default(),
        rules: Json::default(),
        folder_id: None,
        printed_at: None,
        archived: false,
        needs_approval: false,
        disabled_reason: None,
        search_key: String::new(),
        search_form: 0,
        version: 1,
        created_by: access.user_id(),
        created_at: now,
        updated_at: now,
    }
}

/// The form under which a domain files a slug.
pub(super) fn slug_key(slug: &str, case_sensitive: bool) -> String {
    let form = if slug.is_ascii() { None } else { unicode_slug::form(slug) };
    let slug = form.as_deref().unwrap_or(slug);
    if case_sensitive { slug.to_owned() } else { slug.to_ascii_lowercase() }
}

/// Refuses a slug that is not in ASCII on a domain that has no such slugs.
pub(super) fn check_letters(slug: &str, domain: &Domain) -> Result<()> {
    if slug.is_ascii() || domain.unicode_slugs {
        return Ok(());
    }
    let message = format!(
        "slugs of {} consist of A-Z a-z 0-9 - _ . /; others are allowed once the domain has unicode_slugs",
        domain.hostname
    );
    Err(Error::invalid_field("/slug", "unicode_slug", message))
}

pub(super) fn slug_taken() -> Error {
    taken("slug_taken", "The domain has a link with this slug.")
}

pub(super) fn external_id_taken() -> Error {
    taken("external_id_taken", "The workspace has a link with this external_id.")
}

fn taken(code: &'static str, message: &str) -> Error {
    Error::new(ErrorKind::Conflict, code, message)
}
