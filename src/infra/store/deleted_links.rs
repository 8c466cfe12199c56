//! Links that were deleted. Those that can be restored keep their slugs.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, Func, LockBehavior, LockType};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
};

use super::Connection;
use super::entities::{deleted_link, link};
use super::error::false_if_taken;
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::id::{DomainId, FolderId, LinkChangeId, LinkId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;

pub use deleted_link::Model as DeletedLink;

/// How many rows one statement may carry, well below the limits of either database.
const ROWS_MAX: usize = 500;

/// Adds links that were deleted.
///
/// # Errors
/// Only those of the database.
pub async fn insert_many(connection: &impl Connection, links: Vec<DeletedLink>) -> Result<()> {
    let mut links = links.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while links.peek().is_some() {
        let rows: Vec<deleted_link::ActiveModel> = links.by_ref().take(ROWS_MAX).collect();
        deleted_link::Entity::insert_many(rows).exec_without_returning(connection).await?;
    }
    Ok(())
}

/// Takes the slugs of these places away from links that were deleted earlier, which a release that knew nothing of them may have given to others.
///
/// # Errors
/// Only those of the database.
pub async fn free_slugs(connection: &impl Connection, places: &[(DomainId, String)]) -> Result<()> {
    let mut slugs: HashMap<DomainId, Vec<&str>> = HashMap::new();
    for (domain, slug) in places {
        slugs.entry(*domain).or_default().push(slug);
    }
    for (domain, slugs) in slugs {
        for slugs in slugs.chunks(ROWS_MAX) {
            deleted_link::Entity::update_many()
                .col_expr(deleted_link::Column::SlugKey, Expr::value(Option::<String>::None))
                .filter(deleted_link::Column::DomainId.eq(domain))
                .filter(deleted_link::Column::SlugKey.is_in(slugs.iter().copied()))
                .exec(connection)
                .await?;
        }
    }
    Ok(())
}

/// Those links of a workspace that can be restored and are in none of the `hidden` folders, last deleted first.
///
/// # Errors
/// Only those of the database.
pub async fn list(
    connection: &impl Connection,
    workspace: WorkspaceId,
    hidden: Vec<FolderId>,
    page: Page,
) -> Result<Vec<DeletedLink>> {
    let folder = deleted_link::Column::FolderId;
    let query = restorable(workspace).filter(folder.is_null().or(folder.is_not_in(hidden)));
    Ok(newest_first(query, deleted_link::Column::CreatedAt, deleted_link::Column::Id, page).all(connection).await?)
}

/// A link of a workspace that can be restored, kept from others until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(connection: &impl Connection, workspace: WorkspaceId, id: LinkId) -> Result<Option<DeletedLink>> {
    Ok(restorable(workspace).filter(deleted_link::Column::Id.eq(id)).lock_exclusive().one(connection).await?)
}

/// The folder that a deleted link was in, whether it can be restored or not.
///
/// # Errors
/// Only those of the database.
pub async fn folder_of(connection: &impl Connection, workspace: WorkspaceId, id: LinkId) -> Result<Option<FolderId>> {
    let query = deleted_link::Entity::find_by_id(id).filter(deleted_link::Column::WorkspaceId.eq(workspace));
    Ok(query.one(connection).await?.and_then(|row| row.folder_id))
}

/// How many links of a folder can be restored.
///
/// # Errors
/// Only those of the database.
pub async fn count_in_folder(connection: &impl Connection, workspace: WorkspaceId, folder: FolderId) -> Result<u64> {
    Ok(restorable(workspace).filter(deleted_link::Column::FolderId.eq(folder)).count(connection).await?)
}

/// Deleted links of a workspace that were in these folders, whether they can be restored or not, at most `limit`.
///
/// # Errors
/// Only those of the database.
pub async fn ids_in_folders(
    connection: &impl Connection,
    workspace: WorkspaceId,
    folders: Vec<FolderId>,
    limit: u64,
) -> Result<Vec<LinkId>> {
    let query = deleted_link::Entity::find()
        .filter(deleted_link::Column::WorkspaceId.eq(workspace))
        .filter(deleted_link::Column::FolderId.is_in(folders));
    Ok(query.select_only().column(deleted_link::Column::Id).limit(limit).into_tuple().all(connection).await?)
}

/// The last link that this author deleted since a moment.
///
/// # Errors
/// Only those of the database.
pub async fn last_of_author(
    connection: &impl Connection,
    workspace: WorkspaceId,
    author: Author,
    since: Timestamp,
) -> Result<Option<DeletedLink>> {
    let query = restorable(workspace)
        .filter(deleted_link::Column::Author.eq(author))
        .filter(deleted_link::Column::CreatedAt.gte(since))
        .order_by_desc(deleted_link::Column::CreatedAt);
    Ok(query.limit(1).one(connection).await?)
}

/// The links that a change of a workspace deleted and that can be restored, at most `limit`, kept from others until the
/// transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock_of_change(
    connection: &impl Connection,
    workspace: WorkspaceId,
    change: LinkChangeId,
    limit: u64,
) -> Result<Vec<DeletedLink>> {
    let query = restorable(workspace)
        .filter(deleted_link::Column::ChangeId.eq(change))
        .order_by_asc(deleted_link::Column::Id)
        .limit(limit);
    Ok(query.lock_exclusive().all(connection).await?)
}

/// Links of everybody that were deleted before `time` and can still be restored, at most `limit`, kept from others until the transaction
/// ends. Those that somebody does something to, such as restoring them, are left out.
///
/// # Errors
/// Only those of the database.
pub async fn lock_deleted_before(
    connection: &impl Connection,
    time: Timestamp,
    limit: u64,
) -> Result<Vec<DeletedLink>> {
    let query = deleted_link::Entity::find()
        .filter(deleted_link::Column::Content.is_not_null())
        .filter(deleted_link::Column::CreatedAt.lt(time));
    let query = query.limit(limit).lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    Ok(query.all(connection).await?)
}

/// The deleted links, of whichever workspaces, that keep one of these slugs of domains, as those file them.
///
/// # Errors
/// Only those of the database.
pub async fn keeping(connection: &impl Connection, places: Vec<(DomainId, String)>) -> Result<Vec<DeletedLink>> {
    let mut slugs: HashMap<DomainId, Vec<String>> = HashMap::new();
    for (domain, slug) in places {
        slugs.entry(domain).or_default().push(slug);
    }
    let mut found = Vec::new();
    for (domain, slugs) in slugs {
        for slugs in slugs.chunks(ROWS_MAX) {
            let query = deleted_link::Entity::find()
                .filter(deleted_link::Column::DomainId.eq(domain))
                .filter(deleted_link::Column::Content.is_not_null())
                .filter(deleted_link::Column::SlugKey.is_in(slugs.iter().map(String::as_str)));
            found.extend(query.all(connection).await?);
        }
    }
    Ok(found)
}

/// Which slugs deleted links after `id` keep, in the order of their ids: what edges learn of every workspace's links.
///
/// # Errors
/// Only those of the database.
pub async fn names_after(
    connection: &impl Connection,
    id: LinkId,
    limit: u64,
) -> Result<Vec<(LinkId, DomainId, String)>> {
    let query = deleted_link::Entity::find()
        .select_only()
        .column(deleted_link::Column::Id)
        .column(deleted_link::Column::DomainId)
        .column(deleted_link::Column::SlugKey)
        .filter(deleted_link::Column::SlugKey.is_not_null())
        .filter(deleted_link::Column::Content.is_not_null())
        .filter(deleted_link::Column::Id.gt(id))
        .order_by_asc(deleted_link::Column::Id);
    Ok(query.limit(limit).into_tuple().all(connection).await?)
}

/// How many deleted links of all workspaces keep their slugs.
///
/// # Errors
/// Only those of the database.
pub async fn count_keeping(connection: &impl Connection) -> Result<u64> {
    let keeping = deleted_link::Entity::find()
        .filter(deleted_link::Column::SlugKey.is_not_null())
        .filter(deleted_link::Column::Content.is_not_null());
    Ok(keeping.count(connection).await?)
}

/// Files the slugs that deleted links of a domain keep anew, in their own case or lower-cased. False if two would then be one; the
/// transaction is then spent.
///
/// # Errors
/// Only those of the database.
pub async fn refile(connection: &impl Connection, domain: DomainId, case_sensitive: bool) -> Result<bool> {
    let slug = Expr::col(deleted_link::Column::Slug);
    let key = if case_sensitive { slug } else { Expr::from(Func::lower(slug)) };
    let refiled = deleted_link::Entity::update_many()
        .col_expr(deleted_link::Column::SlugKey, key)
        .filter(deleted_link::Column::DomainId.eq(domain))
        .filter(deleted_link::Column::SlugKey.is_not_null())
        .exec(connection)
        .await;
    false_if_taken(refiled)
}

/// The slugs that deleted links of a domain keep though links have them, at most `limit`.
///
/// # Errors
/// Only those of the database.
pub async fn slugs_in_use(connection: &impl Connection, domain: DomainId, limit: u64) -> Result<Vec<String>> {
    let in_use = link::Entity::find()
        .select_only()
        .column(link::Column::SlugKey)
        .filter(link::Column::DomainId.eq(domain))
        .into_query();
    let query = deleted_link::Entity::find()
        .select_only()
        .column(deleted_link::Column::Slug)
        .filter(deleted_link::Column::DomainId.eq(domain))
        .filter(deleted_link::Column::Content.is_not_null())
        .filter(deleted_link::Column::SlugKey.in_subquery(in_use));
    Ok(query.limit(limit).into_tuple().all(connection).await?)
}

/// Takes links out, because they are restored.
///
/// # Errors
/// Only those of the database.
pub async fn take_out(connection: &impl Connection, links: &[LinkId]) -> Result<()> {
    for links in links.chunks(ROWS_MAX) {
        deleted_link::Entity::delete_many()
            .filter(deleted_link::Column::Id.is_in(links.iter().copied()))
            .exec(connection)
            .await?;
    }
    Ok(())
}

/// Forgets what these links were, so that their slugs are free. Of those in folders it stays known in which one.
///
/// # Errors
/// Only those of the database.
pub async fn purge(connection: &impl Connection, links: &[LinkId]) -> Result<()> {
    for links in links.chunks(ROWS_MAX) {
        let these = deleted_link::Column::Id.is_in(links.iter().copied());
        deleted_link::Entity::delete_many()
            .filter(these.clone())
            .filter(deleted_link::Column::FolderId.is_null())
            .exec(connection)
            .await?;
        deleted_link::Entity::update_many()
            .col_expr(deleted_link::Column::Content, Expr::value(Option::<String>::None))
            .col_expr(deleted_link::Column::SlugKey, Expr::value(Option::<String>::None))
            .filter(these)
            .exec(connection)
            .await?;
    }
    Ok(())
}

fn restorable(workspace: WorkspaceId) -> Select<deleted_link::Entity> {
    deleted_link::Entity::find()
        .filter(deleted_link::Column::WorkspaceId.eq(workspace))
        .filter(deleted_link::Column::Content.is_not_null())
}
