//! Codes as PNG: as many whole pixels a module as fit, the rest around them.

use image::codecs::png::PngEncoder;
use image::imageops::{self, FilterType};
use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage};

use super::drawing::{Drawing, Run, fitted};
use crate::domain::error::{Error, Result};

pub(super) fn write(drawing: &Drawing<'_>) -> Result<Vec<u8>> {
    let (style, size) = (drawing.style, drawing.style.size);
    let scale = size / drawing.side();
    let margin = (size - scale * drawing.side()) / 2;
    let mut picture = RgbImage::from_pixel(size, size, Rgb(style.background.0));
    for Run { x, y, length } in drawing.runs() {
        for row in 0..scale {
            for column in 0..length * scale {
                picture.put_pixel(margin + x * scale + column, margin + y * scale + row, Rgb(style.foreground.0));
            }
        }
    }
    if let Some(logo) = &style.logo {
        let pixels = fitted(drawing.logo_place(), logo.0.dimensions()).map(|number| number * f64::from(scale));
        let [x, y, width, height] = pixels.map(whole);
        let resized = imageops::resize(&logo.0, width.max(1), height.max(1), FilterType::Triangle);
        imageops::replace(&mut picture, &resized, (margin + x).into(), (margin + y).into());
    }
    encode(&picture)
}

/// A picture as a PNG.
pub(super) fn encode(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new(&mut bytes);
    encoder
        .write_image(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::Rgb8)
        .map_err(Error::internal)?;
    Ok(bytes)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within the picture's side")]
fn whole(number: f64) -> u32 {
    number as u32
}
