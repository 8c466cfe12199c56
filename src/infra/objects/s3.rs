//! Objects in a bucket that speaks S3: that of AWS, or of a server such as MinIO, whose buckets are parts of the path.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use secrecy::ExposeSecret;

use super::link::Link;
use crate::config::sections::ObjectsConfig;
use crate::domain::error::{Error, Result};
use crate::runtime::clock;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the server may say nothing. A part has to be sent within this time.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a request is tried again.
const RETRIES_MAX: usize = 3;
/// After so long a request is not tried again.
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);

/// A bucket.
pub(super) struct Bucket {
    store: Arc<AmazonS3>,
    /// Signs links for where people reach the bucket.
    signer: AmazonS3,
    prefix: Path,
}

impl Bucket {
    pub(super) fn new(config: &ObjectsConfig) -> Result<Self> {
        let (bucket, prefix) = config.bucket().ok_or_else(|| Error::internal("objects.url names no bucket"))?;
        let at = |endpoint: &str| builder(config, bucket, endpoint).build().map_err(Error::internal);
        let public = if config.public_endpoint.is_empty() { &config.endpoint } else { &config.public_endpoint };
        Ok(Self { store: Arc::new(at(&config.endpoint)?), signer: at(public)?, prefix: Path::from(prefix) })
    }

    pub(super) fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::<AmazonS3>::clone(&self.store)
    }

    pub(super) fn prefix(&self) -> Path {
        self.prefix.clone()
    }

    /// Signs a link (AWS Signature Version 4).
    pub(super) async fn link(&self, path: &Path, lifetime: Duration) -> Result<Link> {
        let until = clock::now().plus(lifetime);
        let url = self.signer.signed_url(Method::GET, path, lifetime).await.map_err(Error::unavailable)?;
        Ok(Link { url, until })
    }
}

fn builder(config: &ObjectsConfig, bucket: &str, endpoint: &str) -> AmazonS3Builder {
    let client = ClientOptions::new()
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_read_timeout(SILENCE_TIMEOUT)
        // Long objects take long.
        .with_timeout_disabled();
    let retry =
        RetryConfig { backoff: BackoffConfig::default(), max_retries: RETRIES_MAX, retry_timeout: RETRY_TIMEOUT };
    let builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(config.region.as_str())
        .with_access_key_id(config.access_key_id.as_str())
        .with_secret_access_key(config.secret_access_key.expose_secret())
        .with_client_options(client.with_allow_http(endpoint.starts_with("http://")))
        .with_retry(retry);
    if endpoint.is_empty() {
        return builder.with_virtual_hosted_style_request(true);
    }
    builder.with_endpoint(endpoint).with_virtual_hosted_style_request(false)
}
