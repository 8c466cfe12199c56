//! A stream of bytes, compressed piece by piece.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::{Stream, TryStreamExt, try_unfold};

use crate::domain::error::{Error, Result};

/// The same bytes as gzip. An error ends them, and then they are not whole.
pub(super) fn compressed(plain: impl Stream<Item = Result<Bytes>> + Send) -> impl Stream<Item = Result<Bytes>> + Send {
    let encoder = GzEncoder::new(Vec::new(), Compression::default());
    try_unfold((Box::pin(plain), Some(encoder)), |(mut plain, encoder)| async move {
        let Some(mut encoder) = encoder else { return Ok(None) };
        let Some(piece) = plain.try_next().await? else {
            let last = encoder.finish().map_err(Error::internal)?;
            return Ok(Some((Bytes::from(last), (plain, None))));
        };
        encoder.write_all(&piece).map_err(Error::internal)?;
        let written = std::mem::take(encoder.get_mut());
        Ok(Some((Bytes::from(written), (plain, Some(encoder)))))
    })
}
