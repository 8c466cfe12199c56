//! What can be wrong with certificates: one without its key, none where they are needed, files that hold something else.

use std::fs;
use std::path::Path;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::check::Check;
use super::config_error::quoted;
use super::sections::{Config, GrpcConfig};

/// A setting and the file that it names.
type Named<'a> = (&'static str, &'a Path);

/// Looks at which files are named.
pub(super) fn values(check: &mut Check<'_>, config: &GrpcConfig) {
    let Files { listener, client_ca, origin_ca, origin } = Files::of(config);
    for (certificate, key) in [listener, origin] {
        require(check, key, certificate);
        require(check, certificate, key);
    }
    require(check, listener.0, client_ca);
    if !config.listen.ip().is_loopback() && !is_named(&client_ca) {
        // Whoever reaches this listener takes clicks of limited links, and reads the hashes of their passwords.
        let problem = "this address can be reached from other machines, and every client would be let in".to_owned();
        let fix = format!("Name the authority of the edges' certificates in {}, or listen on 127.0.0.1", client_ca.0);
        check.wrong("grpc.listen", problem, fix);
    }
    if config.origin_url.scheme() == "http" {
        for (key, _) in [origin_ca, origin.0, origin.1].into_iter().filter(is_named) {
            let problem = format!("{} is no use with an http:// address", short(key));
            check.wrong("grpc.origin_url", problem, format!("Begin it with https://, or empty {key}"));
        }
    }
}

/// Looks into the files.
pub(super) fn files(check: &mut Check<'_>, config: &Config) {
    let Files { listener, client_ca, origin_ca, origin } = Files::of(&config.grpc);
    let redis_ca: Named<'_> = ("cache.ca_file", &config.cache.ca_file);
    let relay_ca: Named<'_> = ("mail.ca_file", &config.mail.ca_file);
    let bus_ca: Named<'_> = ("bus.ca_file", &config.bus.ca_file);
    let bus: Named<'_> = ("bus.certificate_file", &config.bus.certificate_file);
    for file in
        [listener.0, client_ca, origin_ca, origin.0, redis_ca, relay_ca, bus_ca, bus].into_iter().filter(is_named)
    {
        holds(check, file, "certificate", |text| {
            CertificateDer::pem_slice_iter(text).collect::<Result<Vec<_>, _>>().map(|found| !found.is_empty())
        });
    }
    let bus_key: Named<'_> = ("bus.key_file", &config.bus.key_file);
    for file in [listener.1, origin.1, bus_key].into_iter().filter(is_named) {
        holds(check, file, "private key", |text| PrivateKeyDer::from_pem_slice(text).map(|_| true));
    }
}

struct Files<'a> {
    listener: (Named<'a>, Named<'a>),
    client_ca: Named<'a>,
    origin_ca: Named<'a>,
    origin: (Named<'a>, Named<'a>),
}

impl<'a> Files<'a> {
    fn of(config: &'a GrpcConfig) -> Self {
        Self {
            listener: (
                ("grpc.tls_certificate_file", &config.tls_certificate_file),
                ("grpc.tls_key_file", &config.tls_key_file),
            ),
            client_ca: ("grpc.tls_client_ca_file", &config.tls_client_ca_file),
            origin_ca: ("grpc.origin_ca_file", &config.origin_ca_file),
            origin: (
                ("grpc.origin_certificate_file", &config.origin_certificate_file),
                ("grpc.origin_key_file", &config.origin_key_file),
            ),
        }
    }
}

fn is_named((_, file): &Named<'_>) -> bool {
    !file.as_os_str().is_empty()
}

/// Where one file is of no use without the other.
fn require(check: &mut Check<'_>, needed: Named<'_>, by: Named<'_>) {
    if is_named(&by) && !is_named(&needed) {
        let problem = format!("{} is of no use without it", by.0);
        check.wrong(needed.0, problem, format!("Name the file, or empty {}", by.0));
    }
}

fn holds(
    check: &mut Check<'_>,
    (key, file): Named<'_>,
    what: &str,
    found: impl FnOnce(&[u8]) -> Result<bool, pem::Error>,
) {
    let name = quoted(&file.display().to_string());
    let fix = format!("Name a PEM file with a {what}");
    match fs::read(file) {
        Err(error) => check.wrong(key, format!("{name} cannot be read ({error})"), fix),
        Ok(text) if found(&text).is_ok_and(|found| found) => {}
        Ok(_) => check.wrong(key, format!("there is no {what} in {name}"), fix),
    }
}

fn short(key: &str) -> &str {
    key.trim_start_matches("grpc.")
}
