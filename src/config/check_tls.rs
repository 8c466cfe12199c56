//! What can be wrong with certificates: one without its key, none where they are needed, files that hold something else.

use std::fs;
use std::path::Path;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::ExposeSecret;
use url::Url;

use super::check::Check;
use super::config_error::quoted;
use super::sections::{AcmeConfig, Config, EdgeTlsConfig, GrpcConfig};

/// A setting and the file that it names.
type Named<'a> = (&'static str, &'a Path);

/// Looks at which files are named.
pub(super) fn values(check: &mut Check<'_>, config: &Config) {
    edge(check, config);
    acme(check, &config.acme);
    grpc(check, &config.grpc);
}

/// A listener without a certificate would refuse everybody.
fn edge(check: &mut Check<'_>, config: &Config) {
    let (config, is_ordering) = (&config.edge.tls, config.acme.is_on());
    let (certificate, key) = edge_files(config);
    require(check, key, certificate);
    require(check, certificate, key);
    let is_listening = config.listen.is_some();
    if is_listening && !is_named(&certificate) && !is_ordering {
        let problem = "there is no certificate to show to anybody".to_owned();
        check.wrong(
            "edge.tls.listen",
            problem,
            format!("Name the files in {} and {}, set acme.directory_url, or empty it", certificate.0, key.0),
        );
    }
    if config.redirect_http && !is_listening {
        let problem = "visitors would be sent to where nobody answers".to_owned();
        check.wrong("edge.tls.redirect_http", problem, "Set edge.tls.listen, or write false".to_owned());
    }
}

/// An authority is asked over TLS alone, and an external account has a name and a key.
fn acme(check: &mut Check<'_>, config: &AcmeConfig) {
    if config.is_on() && !Url::parse(&config.directory_url).is_ok_and(|url| url.scheme() == "https" && url.has_host()) {
        let problem = format!("{} is no https address", quoted(&config.directory_url));
        let fix = "Write such as https://acme-v02.api.letsencrypt.org/directory, or nothing";
        check.wrong("acme.directory_url", problem, fix);
    }
    let has_id = !config.external_account_id.is_empty();
    if has_id == config.external_account_key.expose_secret().is_empty() {
        let key = if has_id { "acme.external_account_key" } else { "acme.external_account_id" };
        check.wrong(key, "an external account has an id and a key", "Write both, or neither");
    }
    if let Some(address) = config.contacts().find(|address| !address.contains('@')) {
        let problem = format!("{} is no address of mail", quoted(address));
        check.wrong("acme.contact", problem, "Write addresses with commas between them, or nothing");
    }
}

fn edge_files(config: &EdgeTlsConfig) -> (Named<'_>, Named<'_>) {
    (("edge.tls.certificate_file", &config.certificate_file), ("edge.tls.key_file", &config.key_file))
}

fn grpc(check: &mut Check<'_>, config: &GrpcConfig) {
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
    let acme_ca: Named<'_> = ("acme.ca_file", &config.acme.ca_file);
    let edge = edge_files(&config.edge.tls);
    let certificates = [listener.0, client_ca, origin_ca, origin.0, edge.0, redis_ca, relay_ca, acme_ca, bus_ca, bus];
    for file in certificates.into_iter().filter(is_named) {
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
