//! An authority that signs certificates for a test.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// Somebody who signs certificates into a folder.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: PathBuf,
}

/// The files of one certificate.
pub struct Signed {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new(folder: &Path, name: &str) -> Self {
        let folder = folder.join(name);
        fs::create_dir(&folder).expect("a folder");
        let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        fs::write(folder.join("ca.pem"), certificate.pem()).expect("a file");
        Self { issuer: Issuer::new(parameters, key), folder }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    pub fn sign(&self, name: &str) -> Signed {
        self.sign_names(name, &[name])
    }

    /// A certificate with several names, in files of this name, whose private key is new.
    pub fn sign_names(&self, file: &str, names: &[&str]) -> Signed {
        self.sign_with(file, names, &KeyPair::generate().expect("a key"))
    }

    fn sign_with(&self, file: &str, names: &[&str], key: &KeyPair) -> Signed {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let parameters = CertificateParams::new(names).expect("parameters");
        let certificate = parameters.signed_by(key, &self.issuer).expect("a certificate");
        let signed = Signed {
            certificate: self.folder.join(format!("{file}.pem")),
            key: self.folder.join(format!("{file}-key.pem")),
        };
        fs::write(&signed.certificate, certificate.pem()).expect("a file");
        fs::write(&signed.key, key.serialize_pem()).expect("a file");
        signed
    }
}
