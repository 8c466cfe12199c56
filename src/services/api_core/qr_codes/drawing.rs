//! What is drawn, whatever it is drawn as: the modules of a code, and the place that its logo takes.

use qrcodegen::{QrCode, QrCodeEcc, QrSegment, Version};

use super::draft::{ErrorCorrection, QrFormat, Style};
use super::{pdf, png, svg};
use crate::domain::error::{Error, Result};
use crate::services::api_core::field_errors::FieldErrors;

/// The fewest pixels of a module of a PNG.
const MODULE_PIXELS_MIN: u32 = 2;
/// The smallest code that carries a logo: in smaller ones too few codewords make up for what it covers.
const LOGO_VERSION_MIN: u8 = 3;
/// The share of the width of a code that a logo takes.
const LOGO_SHARE: u32 = 4;

/// A QR code as a file.
#[derive(Debug, Clone)]
pub struct QrImage {
    /// What sort of file.
    pub format: QrFormat,
    /// The file.
    pub bytes: Vec<u8>,
}

impl QrFormat {
    /// The media type of the file.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
        }
    }

    /// What its name ends in.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Pdf => "pdf",
        }
    }
}

/// A square of modules; its numbers count from the corner of the picture, the quiet zone included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Square {
    pub(super) start: u32,
    pub(super) side: u32,
}

/// Dark modules beside each other in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) length: u32,
}

/// A code that can be drawn.
pub(super) struct Drawing<'a> {
    code: QrCode,
    pub(super) style: &'a Style,
}

impl<'a> Drawing<'a> {
    /// The code that says `text`.
    fn new(text: &str, style: &'a Style) -> Result<Self> {
        let least = if style.logo.is_some() { Version::new(LOGO_VERSION_MIN) } else { Version::MIN };
        let level = match style.error_correction {
            ErrorCorrection::Low => QrCodeEcc::Low,
            ErrorCorrection::Medium => QrCodeEcc::Medium,
            ErrorCorrection::Quartile => QrCodeEcc::Quartile,
            ErrorCorrection::High => QrCodeEcc::High,
        };
        let segments = QrSegment::make_segments(text);
        let code = QrCode::encode_segments_advanced(&segments, level, least, Version::MAX, None, true);
        Ok(Self { code: code.map_err(Error::internal)?, style })
    }

    /// How many modules wide the code is, without its quiet zone.
    fn width(&self) -> u32 {
        self.code.size().unsigned_abs()
    }

    /// How many modules wide the picture is.
    pub(super) fn side(&self) -> u32 {
        self.width() + 2 * self.style.quiet_zone
    }

    /// The square in the middle that is left free for the logo.
    pub(super) fn logo_place(&self) -> Square {
        // Odd, as the code's width is, so that it is in the middle.
        let side = (self.width() / LOGO_SHARE - 1) | 1;
        Square { start: (self.side() - side) / 2, side }
    }

    /// Whether the module at this place of the picture is dark.
    fn is_dark(&self, x: u32, y: u32) -> bool {
        let is_in_logo = || {
            let place = self.logo_place();
            let inside = |number: u32| (place.start..place.start + place.side).contains(&number);
            inside(x) && inside(y)
        };
        let within = |number: u32| i32::try_from(number).unwrap_or(i32::MAX) - self.style.quiet_zone.cast_signed();
        self.code.get_module(within(x), within(y)) && !(self.style.logo.is_some() && is_in_logo())
    }

    /// All dark modules, row by row.
    pub(super) fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for y in 0..self.side() {
            for x in (0..self.side()).filter(|x| self.is_dark(*x, y)) {
                match runs.last_mut().filter(|run| run.y == y && run.x + run.length == x) {
                    Some(run) => run.length += 1,
                    None => runs.push(Run { x, y, length: 1 }),
                }
            }
        }
        runs
    }
}

/// Draws the code that says `text`.
///
/// # Errors
/// `Invalid` where a PNG of this size has too few pixels.
pub(super) fn draw(text: &str, style: &Style, mut errors: FieldErrors) -> Result<QrImage> {
    let drawing = Drawing::new(text, style)?;
    let pixels_min = drawing.side() * MODULE_PIXELS_MIN;
    if style.format == QrFormat::Png && style.size < pixels_min {
        let message =
            format!("this code has {} modules with its margin, and needs {pixels_min} pixels", drawing.side());
        errors.add("size", "too_small", message);
        return Err(errors.into_error());
    }
    let bytes = match style.format {
        QrFormat::Svg => svg::write(&drawing)?.into_bytes(),
        QrFormat::Png => png::write(&drawing)?,
        QrFormat::Pdf => pdf::write(&drawing)?,
    };
    Ok(QrImage { format: style.format, bytes })
}

/// Where a picture of this shape goes within a square: its corner and its sides, in the square's unit.
pub(super) fn fitted(place: Square, (width, height): (u32, u32)) -> [f64; 4] {
    let (side, longest) = (f64::from(place.side) - 1.0, f64::from(width.max(height)));
    let (width, height) = (side * f64::from(width) / longest, side * f64::from(height) / longest);
    let middle = f64::from(place.start) + f64::from(place.side) / 2.0;
    [middle - width / 2.0, middle - height / 2.0, width, height]
}
