//! Codes as SVG: one path of all dark modules, on a square.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::drawing::{Drawing, Run, fitted};
use super::png::encode;
use crate::domain::error::{Error, Result};

pub(super) fn write(drawing: &Drawing<'_>) -> Result<String> {
    let (side, size, style) = (drawing.side(), drawing.style.size, drawing.style);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" width=\"{size}\" height=\"{size}\" \
         shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"{}\"/><path fill=\"{}\" d=\"",
        style.background.to_hex(),
        style.foreground.to_hex(),
    );
    for Run { x, y, length } in drawing.runs() {
        write!(svg, "M{x} {y}h{length}v1h-{length}z").map_err(Error::internal)?;
    }
    svg.push_str("\"/>");
    if let Some(logo) = &style.logo {
        let [x, y, width, height] = fitted(drawing.logo_place(), logo.0.dimensions());
        let data = STANDARD.encode(encode(&logo.0)?);
        write!(
            svg,
            "<image x=\"{x:.3}\" y=\"{y:.3}\" width=\"{width:.3}\" height=\"{height:.3}\" \
             href=\"data:image/png;base64,{data}\"/>"
        )
        .map_err(Error::internal)?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}
