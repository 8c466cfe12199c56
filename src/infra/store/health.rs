//! Whether the store keeps what it is given: a write on the writer's connection that a reader finds.

use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, ExprTrait};

use super::Store;
use super::entities::health;
use crate::domain::error::{Error, Result};

impl Store {
    /// Commits a row and reads it on another connection. Other processes may check the same database at the same time.
    ///
    /// # Errors
    /// `Unavailable` if the database is unavailable; `Internal` if it is damaged, or if what was committed is not there.
    pub async fn check(&self) -> Result<()> {
        let transaction = self.write().await?;
        let next = Expr::col(health::Column::Checks).add(1);
        let written = health::Entity::update_many()
            .col_expr(health::Column::Checks, next)
            .exec_with_returning(&transaction)
            .await?;
        transaction.commit().await?;
        let read = health::Entity::find().one(self.reader()).await?;
        match (written.first(), read) {
            // Whoever checks at the same time has counted further.
            (Some(written), Some(read)) if read.checks >= written.checks => Ok(()),
            _ => Err(Error::internal("the database does not keep what was committed")),
        }
    }
}
