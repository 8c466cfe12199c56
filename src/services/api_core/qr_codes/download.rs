//! Draws the code of a link, and notes that it may be in print from then on.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use percent_encoding::{CONTROLS, utf8_percent_encode};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::draft::{QrCodeDraft, QrPreviewDraft, Style};
use super::drawing::{QrImage, draw};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::LinkId;
use crate::domain::slug::Slug;
use crate::infra::store::domains;
use crate::services::api_core::ApiCore;
use crate::services::api_core::Link;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::principal::Access;

/// How many codes are drawn at once; each takes at most some 50 MiB with its logo.
const AT_ONCE: usize = 4;
/// The longest that somebody waits for a turn to have a code drawn; turns come in the order of the requests.
const TURN_WAIT: Duration = Duration::from_secs(10);
/// Stands for a random slug.
const SAMPLE_SLUG: &str = "example";
/// What a code adds to its link, so that scans are told from other clicks.
const MARK: &str = "?qr=1";

static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(AT_ONCE)));

impl ApiCore {
    /// The QR code of a link, which may be in print from then on. Errors point below `base`: `/` for a body, nothing for parameters.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such link; `Invalid` with the reason if the code would not scan.
    pub async fn download_qr_code(
        &self,
        access: &Access,
        id: LinkId,
        draft: QrCodeDraft,
        base: &'static str,
    ) -> Result<(Link, QrImage)> {
        let (_, image) = self.draw_qr_code(access, id, draft, base).await?;
        let link = self.note_printed(access, id).await?;
        Ok((link, image))
    }

    /// The QR code of a link, of which nothing is noted.
    ///
    /// # Errors
    /// `Invalid` with the reason if the code would not scan; `NotFound` if there is no such link.
    pub async fn draw_qr_code(
        &self,
        access: &Access,
        id: LinkId,
        draft: QrCodeDraft,
        base: &'static str,
    ) -> Result<(Link, QrImage)> {
        let link = self.find_link(access, id).await?;
        let image = draw_in_turn(format!("{}{MARK}", link.short_url), draft, base).await?;
        Ok((link, image))
    }

    /// The QR code of a link that need not be there yet.
    ///
    /// # Errors
    /// `Invalid` with the reason if the code would not scan, or the link could not be.
    pub async fn preview_qr_code(&self, access: &Access, draft: QrPreviewDraft) -> Result<QrImage> {
        let mut errors = FieldErrors::default();
        let hostname = draft.domain.and_then(|name| errors.hostname("/domain", &name));
        let slug = draft.slug.unwrap_or_else(|| SAMPLE_SLUG.to_owned());
        let slug = errors.check("/slug", "invalid_slug", Slug::parse(&slug));
        errors.into_result()?;
        let reader = self.store.reader();
        let domain = match hostname {
            None => domains::find_default(reader).await?,
            Some(name) => domains::find_named(reader, access.workspace_id(), vec![name]).await?.into_iter().next(),
        };
        let unknown = || Error::invalid_field("/domain", "unknown_domain", "the workspace has no such domain");
        let domain = domain.ok_or_else(unknown)?;
        let slug = slug.ok_or_else(|| Error::internal("a slug neither right nor wrong"))?;
        let text = format!("{}/{}{MARK}", self.base_url(&domain), utf8_percent_encode(slug.as_str(), CONTROLS));
        draw_in_turn(text, draft.style, "/style/").await
    }
}

async fn draw_in_turn(text: String, draft: QrCodeDraft, base: &'static str) -> Result<QrImage> {
    let busy =
        |_| Error::new(ErrorKind::Unavailable, "too_many_drawings", "Too many codes are being drawn. Try again.");
    let turn = timeout(TURN_WAIT, Arc::clone(&TURNS).acquire_owned()).await.map_err(busy)?.map_err(Error::internal)?;
    let work = move || {
        let _turn = turn;
        let mut errors = FieldErrors::under(base);
        let style = Style::check(draft, &mut errors);
        if errors.is_empty() { draw(&text, &style, errors) } else { Err(errors.into_error()) }
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}
