//! Which releases of the program have served this database.
//!
//! Invariant: a release works beside the one before it and the one behind it, and beside no other: the next but one may have taken away what
//! it needs. A release is the first two numbers of a version; what differs only in the third may always stand beside each other.

use std::collections::BTreeSet;

use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, IntoActiveModel};

use super::Store;
use super::entities::release;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::time::Timestamp;

/// The first two numbers of a version.
type Release = (u64, u64);

impl Store {
    /// Writes down that this version of the program serves the database from now on.
    ///
    /// # Errors
    /// `Conflict` if two later releases have served it.
    pub async fn enter_release(&self, version: &str, now: Timestamp) -> Result<()> {
        let served = release::Entity::find().all(self.reader()).await?;
        let served: Vec<String> = served.into_iter().map(|row| row.version).collect();
        require_beside(version, &served)?;
        if served.iter().any(|known| known == version) {
            return Ok(());
        }
        let row = release::Model { version: version.to_owned(), first_served_at: now };
        let transaction = self.write().await?;
        release::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::column(release::Column::Version).do_nothing().to_owned())
            .exec_without_returning(&transaction)
            .await?;
        transaction.commit().await
    }
}

fn require_beside(version: &str, served: &[String]) -> Result<()> {
    let own = release_of(version);
    let later: BTreeSet<Release> =
        served.iter().filter_map(|version| release_of(version)).filter(|release| Some(*release) > own).collect();
    let mut newest = later.iter().rev();
    match (newest.next(), newest.next()) {
        (Some((major, minor)), Some((oldest_major, oldest_minor))) => {
            let message = format!(
                "This is Elido {version}, and {major}.{minor} has served this database, beside which only {oldest_major}.{oldest_minor} \
                 may stand. Start {oldest_major}.{oldest_minor} or later, or restore a backup from before {oldest_major}.{oldest_minor}."
            );
            Err(Error::new(ErrorKind::Conflict, "release_too_old", message))
        }
        _ => Ok(()),
    }
}

fn release_of(version: &str) -> Option<Release> {
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_stands_beside_its_neighbours_alone() {
        let allowed = |version: &str, served: &[&str]| {
            require_beside(version, &served.iter().map(|&version| version.to_owned()).collect::<Vec<_>>()).is_ok()
        };
        assert!(allowed("0.3.0", &[]));
        assert!(allowed("0.3.0", &["0.1.0", "0.2.9", "0.3.5"]));
        assert!(allowed("0.3.0", &["0.4.0", "0.4.1"]), "a roll back");
        assert!(!allowed("0.3.0", &["0.4.0", "0.10.0"]));
        assert!(!allowed("0.9.9", &["0.10.0", "1.0.0"]));
        assert!(allowed("0.10.0", &["0.9.9", "0.8.0", "1.0.0"]));
    }
}
