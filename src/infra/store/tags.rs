//! Labels on links.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect, Select,
};

use super::Connection;
use super::entities::{link_tag, tag};
use super::error::false_if_taken;
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::id::{LinkId, TagId, WorkspaceId};

pub use tag::Model as Tag;

/// How many rows one statement may carry, well below the limits of either database.
const ROWS_MAX: usize = 500;

/// Adds a tag. False if the workspace has one of this name.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, tag: Tag) -> Result<bool> {
    let conflict = OnConflict::columns([tag::Column::WorkspaceId, tag::Column::NameKey]).do_nothing().to_owned();
    let rows =
        tag::Entity::insert(tag.into_active_model()).on_conflict(conflict).exec_without_returning(connection).await?;
    Ok(rows == 1)
}

/// How many tags a workspace has.
///
/// # Errors
/// Only those of the database.
pub async fn count(connection: &impl Connection, workspace: WorkspaceId) -> Result<u64> {
    Ok(tag::Entity::find().filter(tag::Column::WorkspaceId.eq(workspace)).count(connection).await?)
}

/// One tag of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, workspace: WorkspaceId, id: TagId) -> Result<Option<Tag>> {
    Ok(tag::Entity::find_by_id(id).filter(tag::Column::WorkspaceId.eq(workspace)).one(connection).await?)
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(connection: &impl Connection, workspace: WorkspaceId, id: TagId) -> Result<Option<Tag>> {
    let query = tag::Entity::find_by_id(id).filter(tag::Column::WorkspaceId.eq(workspace)).lock_exclusive();
    Ok(query.one(connection).await?)
}

/// The tags of a workspace with these names, lower-cased.
///
/// # Errors
/// Only those of the database.
pub async fn find_named(
    connection: &impl Connection,
    workspace: WorkspaceId,
    name_keys: &[String],
) -> Result<Vec<Tag>> {
    named(connection, workspace, name_keys, |query| query).await
}

/// The same, none of which is deleted until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn hold_named(
    connection: &impl Connection,
    workspace: WorkspaceId,
    name_keys: &[String],
) -> Result<Vec<Tag>> {
    named(connection, workspace, name_keys, |query| query.lock(LockType::KeyShare)).await
}

async fn named(
    connection: &impl Connection,
    workspace: WorkspaceId,
    name_keys: &[String],
    finish: fn(Select<tag::Entity>) -> Select<tag::Entity>,
) -> Result<Vec<Tag>> {
    let mut found = Vec::new();
    for keys in name_keys.chunks(ROWS_MAX) {
        let query =
            tag::Entity::find().filter(tag::Column::WorkspaceId.eq(workspace)).filter(tag::Column::NameKey.is_in(keys));
        found.extend(finish(query).all(connection).await?);
    }
    Ok(found)
}

/// The tags of a workspace, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(connection: &impl Connection, workspace: WorkspaceId, page: Page) -> Result<Vec<Tag>> {
    let query = tag::Entity::find().filter(tag::Column::WorkspaceId.eq(workspace));
    Ok(newest_first(query, tag::Column::CreatedAt, tag::Column::Id, page).all(connection).await?)
}

/// Writes a tag over the version before it. False if another tag of the workspace has the name; the transaction is then spent.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, tag: Tag) -> Result<bool> {
    false_if_taken(tag::Entity::update(tag.into_active_model().reset_all()).exec(connection).await)
}

/// Deletes a tag and takes it off every link. False if the workspace has no such tag.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, workspace: WorkspaceId, id: TagId) -> Result<bool> {
    let deleted = tag::Entity::delete_many()
        .filter(tag::Column::WorkspaceId.eq(workspace))
        .filter(tag::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(deleted.rows_affected == 1)
}

/// The names of the tags on each of these links, which the caller has found in a workspace; sorted by name.
///
/// # Errors
/// Only those of the database.
pub async fn names_on(connection: &impl Connection, links: &[LinkId]) -> Result<HashMap<LinkId, Vec<String>>> {
    let mut names: HashMap<LinkId, Vec<String>> = HashMap::new();
    for links in links.chunks(ROWS_MAX) {
        let pairs = link_tag::Entity::find()
            .filter(link_tag::Column::LinkId.is_in(links.iter().copied()))
            .all(connection)
            .await?;
        let ids: HashSet<TagId> = pairs.iter().map(|pair| pair.tag_id).collect();
        let tags = tag::Entity::find().filter(tag::Column::Id.is_in(ids)).all(connection).await?;
        let by_id: HashMap<TagId, &str> = tags.iter().map(|tag| (tag.id, tag.name.as_str())).collect();
        for pair in pairs {
            if let Some(name) = by_id.get(&pair.tag_id) {
                names.entry(pair.link_id).or_default().push((*name).to_owned());
            }
        }
    }
    for names in names.values_mut() {
        names.sort_unstable();
    }
    Ok(names)
}

/// The tags of a workspace, all of them or those of these lower-cased names, and the links that carry each. At most
/// `pairs_max` pairs and one are read.
///
/// # Errors
/// Only those of the database.
pub async fn carried(
    connection: &impl Connection,
    workspace: WorkspaceId,
    name_keys: Option<&[String]>,
    pairs_max: usize,
) -> Result<Vec<(Tag, Vec<LinkId>)>> {
    let tags = match name_keys {
        Some(keys) => find_named(connection, workspace, keys).await?,
        None => tag::Entity::find().filter(tag::Column::WorkspaceId.eq(workspace)).all(connection).await?,
    };
    let mut links: HashMap<TagId, Vec<LinkId>> = HashMap::new();
    let mut room = pairs_max.saturating_add(1);
    for ids in tags.chunks(ROWS_MAX) {
        let pairs = link_tag::Entity::find()
            .filter(link_tag::Column::TagId.is_in(ids.iter().map(|tag| tag.id)))
            .limit(u64::try_from(room).unwrap_or(u64::MAX))
            .all(connection)
            .await?;
        room = room.saturating_sub(pairs.len());
        for pair in pairs {
            links.entry(pair.tag_id).or_default().push(pair.link_id);
        }
    }
    let with_links = |tag: Tag| {
        let links = links.remove(&tag.id).unwrap_or_default();
        (tag, links)
    };
    Ok(tags.into_iter().map(with_links).collect())
}

/// Puts tags on links, all found in one workspace by the caller.
///
/// # Errors
/// Only those of the database.
pub async fn put_on(connection: &impl Connection, pairs: Vec<(LinkId, TagId)>) -> Result<()> {
    for pairs in pairs.chunks(ROWS_MAX) {
        let rows = pairs
            .iter()
            .map(|(link_id, tag_id)| link_tag::Model { link_id: *link_id, tag_id: *tag_id }.into_active_model());
        link_tag::Entity::insert_many(rows).exec_without_returning(connection).await?;
    }
    Ok(())
}

/// Takes every tag off these links, which the caller has found in a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn take_off(connection: &impl Connection, links: &[LinkId]) -> Result<()> {
    for links in links.chunks(ROWS_MAX) {
        link_tag::Entity::delete_many()
            .filter(link_tag::Column::LinkId.is_in(links.iter().copied()))
            .exec(connection)
            .await?;
    }
    Ok(())
}
