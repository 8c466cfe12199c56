//! What can be wrong with the settings of objects.

use secrecy::ExposeSecret;
use url::Url;

use super::check::Check;
use super::config_error::quoted;
use super::sections::ObjectsConfig;

const URL: &str = "objects.url";
const RIGHT: &str = "Write folder:NAME, s3://BUCKET or s3://BUCKET/PREFIX";

pub(super) fn values(check: &mut Check<'_>, config: &ObjectsConfig) {
    match (config.folder(), config.bucket()) {
        (Some(""), _) => check.wrong(URL, "there is no name behind folder:", RIGHT),
        (Some(_), _) => {}
        (None, Some(place)) => bucket(check, config, place),
        (None, None) => check.wrong(URL, format!("{} is none of the forms that work here", quoted(&config.url)), RIGHT),
    }
}

fn bucket(check: &mut Check<'_>, config: &ObjectsConfig, (bucket, prefix): (&str, &str)) {
    if !is_bucket(bucket) {
        let fix = "Write 3 to 63 lower-case letters, digits, hyphens and points behind s3://";
        check.wrong(URL, format!("{} is no name of a bucket", quoted(bucket)), fix);
    }
    if !is_prefix(prefix) {
        let fix = "Write letters, digits, hyphens, underscores and points, with single slashes between them";
        check.wrong(URL, format!("{} is no prefix", quoted(prefix)), fix);
    }
    endpoint(check, "objects.endpoint", &config.endpoint);
    endpoint(check, "objects.public_endpoint", &config.public_endpoint);
    let needed = "s3:// needs it";
    if config.region.is_empty() {
        check.wrong("objects.region", needed, "Name the region of the bucket; us-east-1 if the server knows none");
    }
    if config.access_key_id.is_empty() {
        check.wrong("objects.access_key_id", needed, "Write the id of an access key");
    }
    let key = "objects.secret_access_key";
    if config.secret_access_key.expose_secret().trim().is_empty() && !check.is_unread(key) {
        check.wrong(key, needed, "Write the secret of that access key, or name a file with it");
    }
}

/// As S3 wants it.
fn is_bucket(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    (3..=63).contains(&name.len()) && name.bytes().all(is_inner) && !name.starts_with(['-', '.'])
}

fn is_prefix(prefix: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_name = |name: &str| !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_plain);
    prefix.is_empty() || prefix.strip_suffix('/').unwrap_or(prefix).split('/').all(is_name)
}

fn endpoint(check: &mut Check<'_>, key: &str, text: &str) {
    let is_server = |url: Url| {
        let is_bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
        matches!(url.scheme(), "http" | "https") && url.has_host() && is_bare
    };
    if !text.is_empty() && !Url::parse(text).is_ok_and(is_server) {
        let fix = "Write http:// or https:// with a host and a port, or nothing";
        check.wrong(key, format!("{} is no address of a server", quoted(text)), fix);
    }
}
