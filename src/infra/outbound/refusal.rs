//! Why a request was not made, or came to nothing. The texts are for people who named the address; they say nothing of the operator's network.

use std::error::Error as StdError;

/// Why an address is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Neither https, nor http to a host that the operator allows.
    #[error("it must begin with https://")]
    NotSecure,
    /// Whoever logs the address would log them too.
    #[error("it must have no user name and no password")]
    Credentials,
    /// An address without a host.
    #[error("it names no host")]
    NoHost,
    /// Mail servers and databases listen there.
    #[error("it must be reached by the usual port")]
    Port,
    /// What is asked would be this instance.
    #[error("it leads to this instance itself")]
    OwnHost,
    /// An address of the operator's network, or of no network.
    #[error("it leads to an address that is not one of the internet")]
    NotPublic,
}

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// It was not made.
    #[error("the address is refused: {0}")]
    Refused(#[from] Refusal),
    /// There is no such host.
    #[error("the host name has no address")]
    NoAddress,
    /// DNS does not say where the host is.
    #[error("DNS does not answer")]
    Dns,
    /// It took too long.
    #[error("there was no answer in time")]
    Late,
    /// Nobody listens, or TLS cannot be agreed on.
    #[error("the connection failed")]
    Connect,
    /// The connection broke off, or no HTTP came.
    #[error("the connection broke off before there was an answer")]
    BrokenOff,
}

impl OutboundError {
    /// What an error of the client is. What was found out while the host was looked up is somewhere within.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        let mut within: Option<&(dyn StdError + 'static)> = Some(error);
        while let Some(cause) = within {
            if let Some(known) = cause.downcast_ref::<Self>() {
                return known.clone();
            }
            within = cause.source();
        }
        match (error.is_timeout(), error.is_connect()) {
            (true, _) => Self::Late,
            (false, true) => Self::Connect,
            (false, false) => Self::BrokenOff,
        }
    }
}
