//! Codes as PDF 1.4 (ISO 32000-1): one page, whose content fills rectangles, and the logo as a picture object.
//!
//! Invariant: every object stands in the table of references at the byte where it begins.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::colour::Colour;
use super::drawing::{Drawing, Run, fitted};
use crate::domain::error::{Error, Result};

/// A file on its way, and where its objects begin.
#[derive(Default)]
struct Document {
    bytes: Vec<u8>,
    offsets: Vec<usize>,
}

impl Document {
    /// Adds the next object: a dictionary, and a stream behind it if there is one.
    fn object(&mut self, dictionary: &str, stream: Option<&[u8]>) {
        self.offsets.push(self.bytes.len());
        self.bytes.extend(format!("{} 0 obj\n", self.offsets.len()).bytes());
        match stream {
            None => self.bytes.extend(format!("<< {dictionary} >>\n").bytes()),
            Some(stream) => {
                self.bytes.extend(format!("<< {dictionary} /Length {} >>\nstream\n", stream.len()).bytes());
                self.bytes.extend_from_slice(stream);
                self.bytes.extend_from_slice(b"\nendstream\n");
            }
        }
        self.bytes.extend_from_slice(b"endobj\n");
    }

    /// The whole file, with its table of references.
    fn finish(mut self) -> Vec<u8> {
        let (table, count) = (self.bytes.len(), self.offsets.len() + 1);
        self.bytes.extend(format!("xref\n0 {count}\n0000000000 65535 f \n").bytes());
        for offset in self.offsets {
            self.bytes.extend(format!("{offset:010} 00000 n \n").bytes());
        }
        let trailer = format!("trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
        self.bytes.extend(trailer.bytes());
        self.bytes
    }
}

pub(super) fn write(drawing: &Drawing<'_>) -> Result<Vec<u8>> {
    let (size, logo) = (drawing.style.size, drawing.style.logo.as_ref());
    let mut document = Document { bytes: b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec(), offsets: Vec::new() };
    document.object("/Type /Catalog /Pages 2 0 R", None);
    document.object("/Type /Pages /Kids [3 0 R] /Count 1", None);
    let pictures = if logo.is_some() { "/XObject << /Logo 5 0 R >>" } else { "" };
    let page =
        format!("/Type /Page /Parent 2 0 R /MediaBox [0 0 {size} {size}] /Contents 4 0 R /Resources << {pictures} >>");
    document.object(&page, None);
    document.object("/Filter /FlateDecode", Some(&deflated(content(drawing).as_bytes())?));
    if let Some(logo) = logo {
        let (width, height) = logo.0.dimensions();
        let dictionary = format!(
            "/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceRGB \
             /BitsPerComponent 8 /Filter /FlateDecode"
        );
        document.object(&dictionary, Some(&deflated(logo.0.as_raw())?));
    }
    Ok(document.finish())
}

/// What paints the page. Its unit is a module, and y grows downwards from here on.
fn content(drawing: &Drawing<'_>) -> String {
    let (side, size, style) = (drawing.side(), drawing.style.size, drawing.style);
    let scale = f64::from(size) / f64::from(side);
    let mut content = format!("{scale:.6} 0 0 -{scale:.6} 0 {size} cm\n");
    content.push_str(&format!("{} rg 0 0 {side} {side} re f\n{} rg\n", rgb(style.background), rgb(style.foreground)));
    for Run { x, y, length } in drawing.runs() {
        content.push_str(&format!("{x} {y} {length} 1 re\n"));
    }
    content.push_str("f\n");
    if let Some(logo) = &style.logo {
        let [x, y, width, height] = fitted(drawing.logo_place(), logo.0.dimensions());
        // A picture's own y grows upwards.
        content.push_str(&format!("q {width:.4} 0 0 -{height:.4} {x:.4} {:.4} cm /Logo Do Q\n", y + height));
    }
    content
}

fn rgb(colour: Colour) -> String {
    let [red, green, blue] = colour.0.map(|part| f64::from(part) / 255.0);
    format!("{red:.4} {green:.4} {blue:.4}")
}

fn deflated(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(Error::internal)
}
