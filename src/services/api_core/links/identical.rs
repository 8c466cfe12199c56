//! Whether a link that is to be made is there already, with the same content.

use std::collections::HashSet;

use super::draft::IfExists;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::folded_text::name_key;
use crate::domain::id::LinkId;
use crate::infra::store::links::{self, Link as Row};
use crate::infra::store::{Connection, tags};

/// The most links of one destination that are compared.
pub(super) const CANDIDATES_MAX: u64 = 100;

/// The oldest link of the workspace with this content; under the same slug, if one was chosen.
pub(super) async fn find_identical(
    connection: &impl Connection,
    row: &Row,
    slug_chosen: bool,
    tag_names: &[String],
) -> Result<Option<Row>> {
    let candidates =
        links::find_by_destination(connection, row.workspace_id, row.destination_hash, CANDIDATES_MAX).await?;
    let candidates: Vec<Row> =
        candidates.into_iter().filter(|candidate| has_same_content(candidate, row, slug_chosen)).collect();
    let ids: Vec<LinkId> = candidates.iter().map(|candidate| candidate.id).collect();
    let tags = tags::names_on(connection, &ids).await?;
    let wanted = keys(tag_names);
    let has_same_tags = |candidate: &Row| keys(tags.get(&candidate.id).map_or(&[], Vec::as_slice)) == wanted;
    Ok(candidates.into_iter().find(has_same_tags))
}

/// What to do with a link that is there already: answer it or refuse.
pub(super) fn decide(choice: IfExists, existing: Row) -> Result<Row> {
    match choice {
        IfExists::Return => Ok(existing),
        IfExists::Fail => {
            let message = format!("The workspace has a link with the same content: {}.", existing.id);
            Err(Error::new(ErrorKind::Conflict, "link_exists", message))
        }
    }
}

/// The same for a link that has no more than its destination in common.
pub(super) fn decide_duplicate(choice: IfExists, existing: Row) -> Result<Row> {
    match choice {
        IfExists::Return => Ok(existing),
        IfExists::Fail => {
            let message = format!("The workspace has a link with the same destination: {}.", existing.id);
            Err(Error::new(ErrorKind::Conflict, "destination_exists", message))
        }
    }
}

fn keys(names: &[String]) -> HashSet<String> {
    names.iter().map(|name| name_key(name)).collect()
}

/// Everything that its maker chose is equal. A password cannot be compared, so that a protected link is like no other.
pub(super) fn has_same_content(candidate: &Row, row: &Row, slug_chosen: bool) -> bool {
    let slugs_agree = !slug_chosen || candidate.slug_key == row.slug_key;
    let unprotected = candidate.password_hash.is_none() && row.password_hash.is_none();
    let as_chosen = Row {
        id: row.id,
        slug: row.slug.clone(),
        slug_key: row.slug_key.clone(),
        search_key: row.search_key.clone(),
        search_form: row.search_form,
        used_clicks: row.used_clicks,
        period_start: row.period_start,
        period_clicks: row.period_clicks,
        told_expiry: row.told_expiry,
        printed_at: row.printed_at,
        version: row.version,
        created_by: row.created_by,
        created_at: row.created_at,
        updated_at: row.updated_at,
        ..candidate.clone()
    };
    slugs_agree && unprotected && as_chosen == *row
}
