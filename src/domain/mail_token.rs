//! What a code in a mail may be used for.

use serde::{Deserialize, Serialize};

/// The one purpose of a code in a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailTokenPurpose {
    /// To show that mail to the account's address is read by its owner.
    VerifyEmail,
    /// To make another address that of the account.
    ChangeEmail,
    /// To choose a new password without knowing the old one.
    ResetPassword,
    /// To make an account for the address.
    Register,
}

impl MailTokenPurpose {
    /// What codes of this purpose begin with, so that people and programs can tell them apart.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_",
            Self::ChangeEmail => "change_",
            Self::ResetPassword => "reset_",
            Self::Register => "register_",
        }
    }
}
