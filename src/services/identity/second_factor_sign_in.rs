//! The second step of a sign-in: a code of the authenticator, or a recovery code.

use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Identity;
use super::one_time_token::OneTimeToken;
use super::second_factor::Proof;
use super::sessions::IssuedSession;
use super::sign_in::{CHALLENGE_PREFIX, Client, require_enabled};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::infra::store::{sign_in_challenges, users};
use crate::runtime::clock;

/// Told of a code that does not prove anything.
pub(super) const WRONG_CODE: &str = "This code is wrong, or was used already. Wait for the next one.";

/// What follows a right password.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeSignIn {
    /// The challenge that the password was answered with.
    #[schema(value_type = String, max_length = 100, example = "challenge_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    pub challenge: SecretString,
    /// The six digits that the authenticator shows; or else `recovery_code`.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 20, example = "123456")]
    pub code: Option<SecretString>,
    /// One of the recovery codes, in the place of `code`. It works once.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 40, example = "7hkq2-m3xwp")]
    pub recovery_code: Option<SecretString>,
    /// Whether the session goes into a cookie that no script can read, for browsers, and not into the response.
    #[serde(default)]
    pub cookie: bool,
}

impl Identity {
    /// Begins the session that a right password was challenged for.
    ///
    /// # Errors
    /// `Unauthenticated` if the challenge does not hold any more, or the code is wrong or was used; `RateLimited` after too many codes.
    pub async fn sign_in_with_code(&self, answer: CodeSignIn, client: Client) -> Result<IssuedSession> {
        let token = OneTimeToken::parse(&answer.challenge, CHALLENGE_PREFIX).ok_or_else(challenge_is_over)?;
        let challenge = sign_in_challenges::find(self.store.reader(), &token.hash()).await?;
        let challenge = challenge.filter(|challenge| clock::now() < challenge.expires_at);
        let Some(challenge) = challenge else {
            self.attempts.codes.take_from_address(client.address).await?;
            return Err(challenge_is_over());
        };
        let proof = Proof::of(answer.code, answer.recovery_code)?;
        let user = users::find(self.store.reader(), challenge.user_id).await?.ok_or_else(challenge_is_over)?;
        match proof {
            Proof::Code(_) => self.count_attempt(&self.attempts.codes, &user.email_key, client.address).await?,
            // Too long to be guessed from however many addresses, so that whoever guesses codes keeps nobody from this way in.
            Proof::RecoveryCode(_) => self.attempts.codes.take(&user.email_key, client.address).await?,
        }

        let transaction = self.store.write().await?;
        let user = users::lock(&transaction, user.id).await?.ok_or_else(challenge_is_over)?;
        require_enabled(&user)?;
        if !sign_in_challenges::take_attempt(&transaction, &challenge.token_hash).await? {
            return Err(challenge_is_over());
        }
        if !self.is_right(&transaction, user.id, &proof).await? {
            // The attempt counts.
            self.commit(transaction, Vec::new()).await?;
            return Err(wrong_code());
        }
        sign_in_challenges::delete_of_user(&transaction, user.id).await?;
        let (issued, started) = self.begin_session_through(&challenge.provider, &transaction, user, &client).await?;
        self.commit(transaction, vec![started]).await?;
        Ok(issued)
    }
}

fn challenge_is_over() -> Error {
    let message = "This challenge is over: too late, too many wrong codes, or used. Sign in again.";
    Error::new(ErrorKind::Unauthenticated, "challenge_over", message)
}

fn wrong_code() -> Error {
    Error::new(ErrorKind::Unauthenticated, "wrong_code", WRONG_CODE)
}
