//! QR codes of links: drawn as SVG, PNG and PDF.
//!
//! Invariant: what would not scan is refused and not drawn: colours without contrast, modules below two pixels, a quiet zone below that of
//! ISO/IEC 18004, a logo without the error correction that makes up for it.

mod colour;
mod download;
mod draft;
mod drawing;
mod logo;
mod pdf;
mod png;
mod svg;

pub use draft::{ErrorCorrection, QrCodeDraft, QrFormat, QrPreviewDraft};
pub use drawing::QrImage;
