//! Sessions of Ory Kratos: each stands beside the others in the list of a person's sessions, with the address and the program that it was
//! first seen with, and ends from there too.
//!
//! Invariant: a session that was ended here is let in no second time, even while Kratos still knows it: its mark stays for as long as Kratos
//! has it go on, and [`ENDED_REMEMBERED_FOR`] longer, because Kratos may prolong it unseen.

use std::time::Duration;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Identity;
use super::external_accounts::ExternalPerson;
use super::foreign_credentials::unavailable;
use super::providers::Admission;
use super::sessions::{SESSIONS_MAX, STARTED, Session};
use super::sign_in::Client;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::SessionId;
use crate::domain::time::Timestamp;
use crate::infra::identity_provider::{Kratos, KratosCredential, KratosSession};
use crate::infra::store::external_sessions::{self, ExternalSession};
use crate::infra::store::sessions::{self, Session as Row};
use crate::infra::store::users::User;
use crate::infra::store::{Transaction, totp};
use crate::runtime::{clock, origin};
use crate::services::api_core::{By, ForeignSession, Principal, RecordedAction};

/// What sessions say they came through.
const PROVIDER: &str = "kratos";
/// The code of the refusal of a session that proves no second factor.
pub(super) const SECOND_FACTOR_NEEDED: &str = "second_factor_needed";
/// How long a session that was ended here is remembered after it should be over at Kratos.
pub(super) const ENDED_REMEMBERED_FOR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Identity {
    /// Whoever has this session at Kratos.
    pub(super) async fn kratos_session(&self, session: &ForeignSession) -> Result<Option<Principal>> {
        let Some((kratos, admission)) = self.providers.kratos() else { return Ok(None) };
        let credential = credential(session);
        let is_asked = kratos.has_to_ask(&credential);
        if is_asked {
            self.count_question().await?;
        }
        let Some(found) = kratos.session(&credential).await.map_err(unavailable)? else { return Ok(None) };
        let name = name_here(kratos, &found);
        if is_asked {
            self.follow_end(id_here(&name), found.expires_at).await?;
        }
        if let Some(principal) = self.core.session_of(&name).await? {
            return Ok(Some(principal));
        }
        self.let_kratos_session_in((kratos, admission), &found, &name).await?;
        self.core.session_of(&name).await
    }

    /// Ends a session at Kratos that has ended here. Kratos may be unavailable: the session is over here all the same.
    pub async fn end_foreign_session(&self, session: &ForeignSession) {
        let Some((kratos, _)) = self.providers.kratos() else { return };
        if let Err(error) = kratos.end(&credential(session)).await {
            tracing::warn!(%error, "a session that ended here goes on at Kratos");
        }
    }

    /// Has a session that Kratos prolonged end here when it ends there.
    async fn follow_end(&self, id: SessionId, expires_at: Timestamp) -> Result<()> {
        let mark = external_sessions::find(self.store.reader(), id).await?;
        if mark.is_none_or(|mark| mark.expires_at >= expires_at) {
            return Ok(());
        }
        let transaction = self.store.write().await?;
        external_sessions::prolong(&transaction, id, expires_at).await?;
        self.commit(transaction, Vec::new()).await
    }

    async fn let_kratos_session_in(
        &self,
        (kratos, admission): (&Kratos, &Admission),
        found: &KratosSession,
        name: &[u8],
    ) -> Result<()> {
        let transaction = self.store.write().await?;
        let mark = ExternalSession { session_id: id_here(name), expires_at: found.expires_at };
        if !external_sessions::insert(&transaction, mark).await? {
            return Ok(());
        }
        let person = ExternalPerson {
            provider: PROVIDER.to_owned(),
            issuer: kratos.url().to_string(),
            subject: found.subject.clone(),
            email: found.email.clone(),
            is_email_verified: found.is_email_verified,
            name: found.name.clone(),
        };
        let (user, mut recorded_actions) = self.admit(&transaction, admission, &person).await?;
        let factor = totp::find(&transaction, user.id).await?;
        if factor.is_some_and(|factor| factor.confirmed_at.is_some()) {
            return Err(second_factor_needed());
        }
        let client = client();
        self.note_device(&transaction, user.id, &client).await?;
        self.note_network(&transaction, user.id, client.address).await?;
        recorded_actions.push(begin(&transaction, &user, (found, name), &client).await?);
        self.commit(transaction, recorded_actions).await
    }
}

/// Whoever comes with a session.
fn client() -> Client {
    let origin = origin::current();
    Client { address: origin.address, user_agent: origin.user_agent }
}

async fn begin(
    transaction: &Transaction,
    user: &User,
    (found, name): (&KratosSession, &[u8]),
    client: &Client,
) -> Result<RecordedAction> {
    let now = clock::now();
    let row = Row {
        id: id_here(name),
        user_id: user.id,
        token_hash: name.to_vec(),
        user_agent: client.printable_user_agent(),
        address: client.address.map(|address| address.to_string()).unwrap_or_default(),
        provider: PROVIDER.to_owned(),
        created_at: now,
        last_used_at: now,
        expires_at: found.expires_at,
    };
    sessions::prune(transaction, user.id, now, SESSIONS_MAX - 1).await?;
    sessions::insert(transaction, row.clone()).await?;
    let current = row.id;
    STARTED.made(By::person(user.id), &Session::of(row, Some(current)))
}

fn credential(session: &ForeignSession) -> KratosCredential {
    match session {
        ForeignSession::Token(token) => KratosCredential::Token(token.clone()),
        ForeignSession::Cookie(cookie) => KratosCredential::Cookie(cookie.clone()),
    }
}

/// Stands in the place of a token's hash, and is the hash of no token: none begins like this.
fn name_here(kratos: &Kratos, session: &KratosSession) -> Vec<u8> {
    let hash = Sha256::new().chain_update("kratos session\0").chain_update(kratos.url().as_str());
    hash.chain_update([0]).chain_update(&session.id).finalize().to_vec()
}

fn id_here(name: &[u8]) -> SessionId {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(name).for_each(|(byte, of_name)| *byte = *of_name);
    SessionId::from_uuid(Uuid::from_bytes(bytes))
}

fn second_factor_needed() -> Error {
    let message = "This account has a second factor here, which a session of Kratos does not prove. Sign in with the password and a code.";
    Error::new(ErrorKind::Forbidden, SECOND_FACTOR_NEEDED, message)
}
