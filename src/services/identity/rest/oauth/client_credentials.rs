//! What a client proves itself with: in the `Authorization` header, or in the form (RFC 6749, section 2.3.1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use serde::Deserialize;

use crate::domain::error::{Error, ErrorKind, Result};
use crate::services::identity::oauth::ClientCredentials;

/// The fields of every form that are about the client.
#[derive(Debug, Deserialize)]
struct ClientFields {
    client_id: Option<String>,
    client_secret: Option<SecretString>,
}

/// The credentials of a request, which come in one way.
///
/// # Errors
/// `Invalid` where they come in two, or say two things; `Unauthenticated` where the header cannot be read.
pub(super) fn credentials(headers: &HeaderMap, form: &crate::http::extract::Form) -> Result<ClientCredentials> {
    let fields: ClientFields = form.read()?;
    let Some((id, secret)) = basic(headers)? else {
        return Ok(ClientCredentials { id: fields.client_id.unwrap_or_default(), secret: fields.client_secret });
    };
    if fields.client_secret.is_some() || fields.client_id.is_some_and(|other| other != id) {
        let message = "The client proves itself in the Authorization header or in the form, not in both.";
        return Err(Error::new(ErrorKind::Invalid, "invalid_request", message));
    }
    Ok(ClientCredentials { id, secret: Some(secret).filter(|secret| !is_empty(secret)) })
}

fn is_empty(secret: &SecretString) -> bool {
    secrecy::ExposeSecret::expose_secret(secret).is_empty()
}

/// The name and the password of the one `Authorization` header, if there is one.
fn basic(headers: &HeaderMap) -> Result<Option<(String, SecretString)>> {
    let mut values = headers.get_all(AUTHORIZATION).into_iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().ok().and_then(decoded).map(Some).ok_or_else(unreadable),
        (Some(_), Some(_)) => Err(unreadable()),
    }
}

fn decoded(header: &str) -> Option<(String, SecretString)> {
    let (scheme, text) = header.split_once(' ')?;
    let text = STANDARD.decode(text.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(text).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?.into()))
}

/// Both are written as in a form before they are put together.
fn form_decoded(text: &str) -> Option<String> {
    percent_decode_str(&text.replace('+', " ")).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

fn unreadable() -> Error {
    let message = "Send one header Authorization: Basic with the client's id and secret, or both in the form.";
    Error::new(ErrorKind::Unauthenticated, "invalid_client", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn the_header_is_read_as_clients_write_it() {
        let header = format!("Basic {}", STANDARD.encode("oac_1:elido_cs_a%2Bb"));
        let (id, secret) = decoded(&header).expect("credentials");
        assert_eq!((id.as_str(), secret.expose_secret()), ("oac_1", "elido_cs_a+b"));
        for header in ["Bearer x", "Basic", "Basic %", &format!("Basic {}", STANDARD.encode("no colon"))] {
            assert!(decoded(header).is_none(), "{header}");
        }
    }
}
