//! What an edge shows over TLS, and answers to authorities.

use std::io;

use super::start_error::StartError;
use crate::config::{ConfigError, Loaded};
use crate::infra::certificates::{CertificateFiles, Handshakes};
use crate::services::edge_redirect::{EdgeCertificates, KeptCertificates};

/// What is shown over TLS, and answered to authorities.
pub(super) fn certificates(loaded: &Loaded) -> Result<EdgeCertificates, StartError> {
    let config = &loaded.config;
    let handshakes = Handshakes::new().map_err(io::Error::other)?;
    let file = || KeptCertificates(config.data_folder.join("edge").join("certificates"));
    let files = certificate_files(&handshakes, loaded)?;
    Ok(EdgeCertificates::new(handshakes, files, config.acme.is_on().then(file)))
}

/// The operator's own certificate, if there is one.
fn certificate_files(handshakes: &Handshakes, loaded: &Loaded) -> Result<Option<CertificateFiles>, StartError> {
    let config = &loaded.config.edge.tls;
    if config.listen.is_none() || config.certificate_file.as_os_str().is_empty() {
        return Ok(None);
    }
    let files = CertificateFiles::open(handshakes, &config.certificate_file, &config.key_file);
    Ok(Some(files.map_err(|error| {
        let key = "edge.tls.certificate_file";
        ConfigError::new(key, loaded.source_of(key), error.to_string(), "Name a certificate and its own key")
    })?))
}
