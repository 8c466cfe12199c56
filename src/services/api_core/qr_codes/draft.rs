//! How a QR code is to look, as callers write it, and checked.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::colour::{CONTRAST_MIN, Colour};
use super::logo::{LOGO_TEXT_MAX, Logo};
use crate::services::api_core::field_errors::FieldErrors;

/// The least and the greatest side of a picture, in pixels (points in PDF).
const SIZES: (u32, u32) = (64, 2_048);
/// The side of a picture unless it is said.
const SIZE: u32 = 512;
/// How many modules wide the margin may be. ISO/IEC 18004 asks for four.
const QUIET_ZONES: (u32, u32) = (4, 16);

/// What sort of file a QR code becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QrFormat {
    /// Scalable, `image/svg+xml`.
    #[default]
    Svg,
    /// Pixels, `image/png`.
    Png,
    /// One page, scalable, `application/pdf`.
    Pdf,
}

/// How much of a QR code may be unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCorrection {
    /// About 7 %.
    Low,
    /// About 15 %.
    Medium,
    /// About 25 %.
    Quartile,
    /// About 30 %.
    High,
}

/// How a QR code is to look. Whatever is absent is black on white, 512 pixels wide, without a logo.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QrCodeDraft {
    /// What sort of file; SVG if absent.
    #[serde(default)]
    pub format: Option<QrFormat>,
    /// The side of the picture in pixels, in PDF in points of 1/72 inch; 512 if absent. A PNG needs two pixels for each module of the code.
    #[serde(default)]
    #[schema(minimum = 64, maximum = 2048)]
    pub size: Option<u32>,
    /// The colour of the modules; black if absent. It has to be darker than the background, by a contrast of 3 at least (WCAG 2).
    #[serde(default)]
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$", example = "#1a2b3c")]
    pub foreground: Option<String>,
    /// The colour around and between them; white if absent.
    #[serde(default)]
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$", example = "#ffffff")]
    pub background: Option<String>,
    /// How much of the code may be unreadable; `medium` if absent, `high` with a logo, which needs it.
    #[serde(default)]
    pub error_correction: Option<ErrorCorrection>,
    /// How many modules wide the margin is; 4 if absent.
    #[serde(default)]
    #[schema(minimum = 4, maximum = 16)]
    pub quiet_zone: Option<u32>,
    /// A picture for the middle of the code, a quarter of its width: a PNG or JPEG of at most 256 KiB and 2,048 by 2,048 pixels, in Base64.
    #[serde(default)]
    #[schema(max_length = 349_528, pattern = "^[A-Za-z0-9+/]+=*$")]
    pub logo: Option<String>,
}

/// The QR code of a link that need not be there yet.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QrPreviewDraft {
    /// The host name of the domain that the link will be on; the default domain if absent.
    #[serde(default)]
    #[schema(max_length = 253, example = "go.example.com")]
    pub domain: Option<String>,
    /// The slug that the link will have; seven letters that stand for a random one if absent.
    #[serde(default)]
    #[schema(
        min_length = 1,
        max_length = 190,
        pattern = r"^[^\x00-,/:-@\[-\^`{-\x7f]+(/[^\x00-,/:-@\[-\^`{-\x7f]+)*$",
        example = "summer-sale"
    )]
    pub slug: Option<String>,
    /// How it is to look.
    #[serde(default)]
    pub style: QrCodeDraft,
}

/// A checked [`QrCodeDraft`].
#[derive(Debug, Clone)]
pub(super) struct Style {
    pub(super) format: QrFormat,
    pub(super) size: u32,
    pub(super) foreground: Colour,
    pub(super) background: Colour,
    pub(super) error_correction: ErrorCorrection,
    pub(super) quiet_zone: u32,
    pub(super) logo: Option<Logo>,
}

impl Style {
    /// Checks each choice, and then those that hang together. Decodes the logo, so that this belongs off the asynchronous threads.
    pub(super) fn check(draft: QrCodeDraft, errors: &mut FieldErrors) -> Self {
        let mut colour = |pointer: &str, text: Option<String>, otherwise| {
            text.map_or(Some(otherwise), |text| errors.check(pointer, "invalid_colour", Colour::parse(&text)))
        };
        let foreground = colour("foreground", draft.foreground, Colour::BLACK);
        let background = colour("background", draft.background, Colour::WHITE);
        if let (Some(foreground), Some(background)) = (foreground, background) {
            check_contrast(foreground, background, errors);
        }
        let size = within("size", draft.size, SIZE, SIZES, errors);
        let quiet_zone = within("quiet_zone", draft.quiet_zone, QUIET_ZONES.0, QUIET_ZONES, errors);
        let usual = if draft.logo.is_some() { ErrorCorrection::High } else { ErrorCorrection::Medium };
        let error_correction = draft.error_correction.unwrap_or(usual);
        if draft.logo.is_some() && error_correction != ErrorCorrection::High {
            let message = "with a logo only high makes up for the modules that it covers: leave this out, or say high";
            errors.add("error_correction", "too_low_for_logo", message);
        }
        let background = background.unwrap_or(Colour::WHITE);
        let logo = draft.logo.and_then(|text| {
            if text.len() > LOGO_TEXT_MAX {
                errors.add("logo", "too_large", "a logo has at most 256 KiB");
                return None;
            }
            errors.check("logo", "invalid_logo", Logo::decode(&text, background))
        });
        Self {
            format: draft.format.unwrap_or_default(),
            size,
            foreground: foreground.unwrap_or(Colour::BLACK),
            background,
            error_correction,
            quiet_zone,
            logo,
        }
    }
}

fn check_contrast(foreground: Colour, background: Colour, errors: &mut FieldErrors) {
    let contrast = background.contrast_with_darker(foreground);
    if contrast < 1.0 {
        let message = "the foreground has to be darker than the background: many cameras do not read it otherwise";
        errors.add("foreground", "too_light", message);
    } else if contrast < CONTRAST_MIN {
        let message =
            format!("the contrast to the background is {contrast:.1}, and has to be {CONTRAST_MIN:.0} at least");
        errors.add("foreground", "too_little_contrast", message);
    }
}

fn within(pointer: &str, number: Option<u32>, otherwise: u32, (min, max): (u32, u32), errors: &mut FieldErrors) -> u32 {
    let number = number.unwrap_or(otherwise);
    if !(min..=max).contains(&number) {
        errors.add(pointer, "out_of_range", format!("{min} to {max}"));
    }
    number.clamp(min, max)
}
