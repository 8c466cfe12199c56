//! The picture in the middle of a code.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::imageops::FilterType;
use image::{ImageReader, Limits, RgbImage, Rgba, RgbaImage};

use super::colour::Colour;

/// The longest logo in Base64, which is 256 KiB of file.
pub(super) const LOGO_TEXT_MAX: usize = 349_528;
/// The widest and the highest logo that is decoded, in pixels.
const SIDE_MAX: u32 = 2_048;
/// The most memory that decoding may take, in bytes.
const MEMORY_MAX: u64 = 32 * 1024 * 1024;
/// The widest and the highest that a logo is drawn from, in pixels.
const DRAWN_SIDE_MAX: u32 = 384;

/// A logo without transparency, small enough to draw.
#[derive(Debug, Clone)]
pub(super) struct Logo(pub(super) RgbImage);

impl Logo {
    /// Decodes a PNG or JPEG in Base64 and lays it on the background.
    pub(super) fn decode(text: &str, background: Colour) -> Result<Self, String> {
        let bytes = STANDARD.decode(text).map_err(|_| "this is not Base64 (RFC 4648, with padding)".to_owned())?;
        let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(unreadable)?;
        let mut limits = Limits::default();
        limits.max_image_width = Some(SIDE_MAX);
        limits.max_image_height = Some(SIDE_MAX);
        limits.max_alloc = Some(MEMORY_MAX);
        reader.limits(limits);
        let picture = reader.decode().map_err(unreadable)?;
        let is_large = picture.width().max(picture.height()) > DRAWN_SIDE_MAX;
        let picture =
            if is_large { picture.resize(DRAWN_SIDE_MAX, DRAWN_SIDE_MAX, FilterType::Triangle) } else { picture };
        Ok(Self(laid_on(&picture.to_rgba8(), background)))
    }
}

fn unreadable(error: impl std::fmt::Display) -> String {
    format!("this is no PNG or JPEG of at most {SIDE_MAX} by {SIDE_MAX} pixels: {error}")
}

fn laid_on(picture: &RgbaImage, background: Colour) -> RgbImage {
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let Rgba([red, green, blue, alpha]) = *picture.get_pixel(x, y);
        let [under_red, under_green, under_blue] = background.0;
        let mixed = |over: u8, under: u8| {
            let sum = u32::from(over) * u32::from(alpha) + u32::from(under) * (255 - u32::from(alpha));
            u8::try_from(sum / 255).unwrap_or(u8::MAX)
        };
        image::Rgb([mixed(red, under_red), mixed(green, under_green), mixed(blue, under_blue)])
    })
}
