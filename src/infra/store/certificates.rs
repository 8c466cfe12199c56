//! Certificates of domains, the account that they are ordered with, and what edges answer while they are.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder};

use super::Connection;
use super::entities::{acme_account, acme_challenge, certificate};
use crate::domain::error::Result;
use crate::domain::id::DomainId;
use crate::domain::time::Timestamp;

pub use acme_account::Model as AcmeAccount;
pub use acme_challenge::Model as AcmeChallenge;
pub use certificate::Model as Certificate;

/// The certificate of a domain, whatever it is worth.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, domain: DomainId) -> Result<Option<Certificate>> {
    Ok(certificate::Entity::find_by_id(domain).one(connection).await?)
}

/// Keeps a certificate in the place of an earlier one.
///
/// # Errors
/// Only those of the database.
pub async fn keep(connection: &impl Connection, certificate: Certificate) -> Result<()> {
    certificate::Entity::delete_by_id(certificate.domain_id).exec(connection).await?;
    certificate::Entity::insert(certificate.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// Our account with the authority of this directory.
///
/// # Errors
/// Only those of the database.
pub async fn find_account(connection: &impl Connection, directory_url: &str) -> Result<Option<AcmeAccount>> {
    Ok(acme_account::Entity::find_by_id(directory_url.to_owned()).one(connection).await?)
}

/// Keeps what is known of an account in the place of what was known before.
///
/// # Errors
/// Only those of the database.
pub async fn keep_account(connection: &impl Connection, account: AcmeAccount) -> Result<()> {
    let mut conflict = OnConflict::column(acme_account::Column::DirectoryUrl);
    conflict.update_columns([acme_account::Column::SealedCredentials, acme_account::Column::PausedUntil]);
    acme_account::Entity::insert(account.into_active_model())
        .on_conflict(conflict)
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Forgets an account that the authority does not know any more.
///
/// # Errors
/// Only those of the database.
pub async fn delete_account(connection: &impl Connection, directory_url: &str) -> Result<()> {
    acme_account::Entity::delete_by_id(directory_url.to_owned()).exec(connection).await?;
    Ok(())
}

/// Lets edges answer a challenge, and forgets those that are of no use any more.
///
/// # Errors
/// Only those of the database.
pub async fn show_challenge(connection: &impl Connection, challenge: AcmeChallenge, now: Timestamp) -> Result<()> {
    let old = acme_challenge::Column::ExpiresAt.lt(now).or(acme_challenge::Column::Token.eq(challenge.token.as_str()));
    acme_challenge::Entity::delete_many().filter(old).exec(connection).await?;
    acme_challenge::Entity::insert(challenge.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// The challenge with this token.
///
/// # Errors
/// Only those of the database.
pub async fn find_challenge(connection: &impl Connection, token: &str) -> Result<Option<AcmeChallenge>> {
    Ok(acme_challenge::Entity::find_by_id(token.to_owned()).one(connection).await?)
}

/// The challenge of this host name that is of use for longest.
///
/// # Errors
/// Only those of the database.
pub async fn find_challenge_of_host(connection: &impl Connection, hostname: &str) -> Result<Option<AcmeChallenge>> {
    let query = acme_challenge::Entity::find().filter(acme_challenge::Column::Hostname.eq(hostname));
    Ok(query.order_by_desc(acme_challenge::Column::ExpiresAt).one(connection).await?)
}

/// Forgets the challenges of a host name.
///
/// # Errors
/// Only those of the database.
pub async fn forget_challenges(connection: &impl Connection, hostname: &str) -> Result<()> {
    acme_challenge::Entity::delete_many()
        .filter(acme_challenge::Column::Hostname.eq(hostname))
        .exec(connection)
        .await?;
    Ok(())
}
