//! Files that are too large for a database, by the scheme of `objects.url`: a folder of this machine, or a bucket that speaks S3.
//!
//! Invariants: an object is there whole or not at all, and is on disk once it was put; no name leads out of the folder or the prefix; an
//! object belongs to a kind, which says how large it may be and for how long it is kept; whoever has a link can read one object, until
//! the link expires; every request has a time limit and a bounded number of tries.

mod folder;
mod forget_objects;
mod key;
mod link;
mod metrics;
mod s3;

pub use forget_objects::handlers;
pub use key::{ObjectKey, ObjectKind};
pub use link::Link;

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt, TryStreamExt};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{Attribute, Attributes, Error as StoreError, ObjectMeta, ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use url::Url;

use crate::config::sections::ObjectsConfig;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::time::Timestamp;
use crate::infra::sealing::Sealing;
use folder::Folder;
use link::SignedLinks;
use metrics::{Operation, counted};
use s3::Bucket;

/// What is sent at once, in bytes; shorter objects are one request. S3 takes no parts below 5 MiB but the last.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// How many parts of one object are on their way at once.
const PARTS_AT_ONCE: usize = 2;
/// How long a check may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);
/// What a check looks for. No kind has this name, so that there is nothing.
const NOTHING: &str = "-";

/// Keeps objects; cheap to clone.
#[derive(Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    form: Form,
    prefix: Path,
}

/// What is behind it.
#[derive(Clone)]
enum Form {
    Folder { folder: Folder, links: Arc<SignedLinks> },
    S3(Arc<Bucket>),
}

/// An object that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// What it is called.
    pub key: ObjectKey,
    /// Its length.
    pub bytes: u64,
    /// When it was put.
    pub put_at: Timestamp,
}

/// What was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of it, in hexadecimal digits.
    pub sha256: String,
}

/// Some of the objects of a kind, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPage {
    /// The objects.
    pub objects: Vec<ObjectInfo>,
    /// Where the next page starts; none behind the last.
    pub next: Option<Place>,
}

/// A place in a list of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(Path);

/// An object that is being read.
pub struct Download {
    /// Its length in bytes.
    pub bytes: u64,
    /// What it is, as a media type.
    pub content_type: String,
    /// What a file of it is called.
    pub file_name: String,
    /// The object in pieces. An error ends it, and then it is not whole.
    pub pieces: BoxStream<'static, Result<Bytes>>,
}

impl Objects {
    /// Reads the settings. A folder is made where there is none; nothing is connected yet. `data_folder` is where a relative folder
    /// starts, and `public_url` is how the API is reached, which serves the links to objects in a folder.
    ///
    /// # Errors
    /// The folder cannot be made, or a setting makes no sense.
    pub fn new(config: &ObjectsConfig, data_folder: &FilePath, sealing: &Sealing, public_url: &Url) -> Result<Self> {
        if let Some(name) = config.folder() {
            let folder = Folder::open(data_folder.join(name))?;
            let links = Arc::new(SignedLinks::new(sealing.clone(), public_url.clone()));
            let store = folder.store()?;
            return Ok(Self { store, form: Form::Folder { folder, links }, prefix: Path::default() });
        }
        let bucket = Bucket::new(config)?;
        let (store, prefix) = (bucket.store(), bucket.prefix());
        Ok(Self { store, form: Form::S3(Arc::new(bucket)), prefix })
    }

    /// Puts an object, in place of one that has the name already.
    ///
    /// # Errors
    /// `TooLarge` above the limit of its kind, `Unavailable` if the store cannot be reached or refuses, and those of `content`; then
    /// whatever had the name before is still there.
    pub async fn put(&self, key: &ObjectKey, content: impl Stream<Item = Result<Bytes>> + Send) -> Result<Stored> {
        counted(Operation::Put, async {
            let writer = BufWriter::with_capacity(Arc::clone(&self.store), self.path(key), PART_BYTES);
            let mut writer = writer.with_max_concurrency(PARTS_AT_ONCE).with_attributes(self.attributes(key));
            match write(&mut writer, key.kind(), content).await {
                Ok(stored) => writer.shutdown().await.map(|()| stored).map_err(Error::unavailable),
                Err(error) => {
                    // What was sent already is thrown away here, or by the lifecycle of the bucket.
                    drop(writer.abort().await);
                    Err(error)
                }
            }
        })
        .await
    }

    /// Reads an object.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Unavailable` if the store cannot be reached or refuses.
    pub async fn get(&self, key: &ObjectKey) -> Result<Download> {
        self.read(&self.path(key), key.kind().content_type).await
    }

    async fn read(&self, path: &Path, content_type: &str) -> Result<Download> {
        let found = counted(Operation::Get, async { self.store.get(path).await.map_err(failed) }).await?;
        Ok(Download {
            bytes: found.meta.size,
            content_type: content_type.to_owned(),
            file_name: path.filename().unwrap_or_default().to_owned(),
            pieces: found.into_stream().map_err(failed).boxed(),
        })
    }

    /// Deletes an object. That there is none is no error.
    ///
    /// # Errors
    /// `Unavailable` if the store cannot be reached or refuses.
    pub async fn delete(&self, key: &ObjectKey) -> Result<()> {
        let path = self.path(key);
        counted(Operation::Delete, async {
            match self.store.delete(&path).await {
                Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
                Err(error) => Err(failed(error)),
            }
        })
        .await
    }

    /// The objects of a kind from a place on, at most `limit` of them. What has no name of an object is left out.
    ///
    /// # Errors
    /// `Unavailable` if the store cannot be reached or refuses.
    pub async fn list(&self, kind: ObjectKind, from: Option<&Place>, limit: usize) -> Result<ObjectPage> {
        let found = counted(Operation::List, self.list_behind(kind, from, limit)).await?;
        let next = found.last().filter(|_| found.len() == limit).map(|last| Place(last.location.clone()));
        Ok(ObjectPage { objects: found.into_iter().filter_map(|meta| self.info(kind, &meta)).collect(), next })
    }

    async fn list_behind(&self, kind: ObjectKind, from: Option<&Place>, limit: usize) -> Result<Vec<ObjectMeta>> {
        let prefix = self.prefix.clone().join(kind.name);
        let mut found = match from {
            Some(Place(last)) => self.store.list_with_offset(Some(&prefix), last),
            None => self.store.list(Some(&prefix)),
        };
        if matches!(self.form, Form::S3(_)) {
            return found.take(limit).try_collect().await.map_err(failed);
        }
        // A folder has no order.
        let mut first = BTreeMap::new();
        while let Some(meta) = found.try_next().await.map_err(failed)? {
            first.insert(meta.location.clone(), meta);
            if first.len() > limit {
                first.pop_last();
            }
        }
        Ok(first.into_values().collect())
    }

    fn info(&self, kind: ObjectKind, meta: &ObjectMeta) -> Option<ObjectInfo> {
        let mut names = meta.location.prefix_match(&self.prefix)?.map(|name| name.as_ref().to_owned());
        names.next().filter(|name| name == kind.name)?;
        let names: Vec<String> = names.collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let key = ObjectKey::new(kind, &names).ok()?;
        Some(ObjectInfo {
            key,
            bytes: meta.size,
            put_at: Timestamp::from_micros(meta.last_modified.timestamp_micros()),
        })
    }

    /// An address under which anybody can read the object with a plain GET for so long, at most a week. Whether there is such an object
    /// is not looked at.
    ///
    /// # Errors
    /// The link cannot be signed.
    pub async fn link(&self, key: &ObjectKey, lifetime: Duration) -> Result<Link> {
        let path = self.path(key);
        match &self.form {
            Form::Folder { links, .. } => links.make(path.as_ref(), key.kind().content_type, lifetime),
            Form::S3(bucket) => bucket.link(&path, lifetime).await,
        }
    }

    /// Reads the object that a link of a folder leads to: `token` is its last part.
    ///
    /// # Errors
    /// `NotFound` if it is none of our links, or the object is gone; `Gone` if it has expired.
    pub async fn follow(&self, token: &str) -> Result<Download> {
        let Form::Folder { links, .. } = &self.form else { return Err(link::leads_nowhere()) };
        let grant = links.redeem(token)?;
        let path = Path::parse(&grant.path).map_err(|_| link::leads_nowhere())?;
        self.read(&path, &grant.content_type).await
    }

    /// Whether the store can be reached and lets this process in.
    ///
    /// # Errors
    /// `Unavailable` if not.
    pub async fn check(&self) -> Result<()> {
        let prefix = self.prefix.clone().join(NOTHING);
        let looked = async {
            if let Form::Folder { folder, .. } = &self.form {
                folder.check().await.map_err(Error::unavailable)?;
            }
            self.store.list(Some(&prefix)).try_next().await.map(drop).map_err(Error::unavailable)
        };
        tokio::time::timeout(CHECK_TIMEOUT, looked).await.map_err(Error::unavailable)?
    }

    /// Removes what puts left behind that were broken off before this moment. In a bucket that is left to its lifecycle.
    async fn forget_unfinished(&self, before: Timestamp) -> Result<u64> {
        match &self.form {
            Form::Folder { folder, .. } => folder.forget_unfinished(before).await.map_err(Error::unavailable),
            Form::S3(_) => Ok(0),
        }
    }

    fn path(&self, key: &ObjectKey) -> Path {
        key.names().fold(self.prefix.clone(), Path::join)
    }

    /// What a bucket says of an object to whoever follows a link. A folder keeps no such thing; there the API says it.
    fn attributes(&self, key: &ObjectKey) -> Attributes {
        if matches!(self.form, Form::Folder { .. }) {
            return Attributes::default();
        }
        let disposition = format!("attachment; filename=\"{}\"", key.file_name());
        Attributes::from_iter([
            (Attribute::ContentType, key.kind().content_type.to_owned()),
            (Attribute::ContentDisposition, disposition),
        ])
    }
}

async fn write(
    writer: &mut BufWriter,
    kind: ObjectKind,
    content: impl Stream<Item = Result<Bytes>> + Send,
) -> Result<Stored> {
    let mut content = std::pin::pin!(content);
    let (mut written, mut hash) = (0_u64, Sha256::new());
    while let Some(piece) = content.try_next().await? {
        written = written.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if written > kind.bytes_max {
            let message = format!("This is longer than the {} bytes that such an object may have.", kind.bytes_max);
            return Err(Error::new(ErrorKind::TooLarge, "object_too_large", message));
        }
        hash.update(&piece);
        writer.put(piece).await.map_err(Error::unavailable)?;
    }
    Ok(Stored { bytes: written, sha256: format!("{:x}", hash.finalize()) })
}

fn failed(error: StoreError) -> Error {
    match error {
        StoreError::NotFound { .. } => Error::not_found("object").caused_by(error),
        error => Error::unavailable(error),
    }
}
