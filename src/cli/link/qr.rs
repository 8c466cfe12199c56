//! `elido link qr`.

use std::io::Write;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::Context;
use crate::cli::api_client::Call;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output;

/// Downloads the QR code of a link. From then on the link counts as printed.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  elido link qr https://go.example.com/sale --output sale.svg
  elido link qr go.example.com/sale --output sale.png --size 1024 --foreground '#1a2b3c' --logo logo.png")]
pub struct QrArguments {
    /// The link's id or its short URL.
    link: String,
    /// The file to write, which must not be there yet.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// What sort of file; by default what the name of the file ends in.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The side of the picture, in pixels, in PDF in points: 64 to 2048.
    #[arg(long, value_name = "PIXELS")]
    size: Option<u32>,
    /// The colour of the modules, such as #1a2b3c.
    #[arg(long, value_name = "COLOUR")]
    foreground: Option<String>,
    /// The colour between and around them.
    #[arg(long, value_name = "COLOUR")]
    background: Option<String>,
    /// How much of the code may be unreadable.
    #[arg(long, value_name = "LEVEL", value_parser = ["low", "medium", "quartile", "high"])]
    error_correction: Option<String>,
    /// How many modules wide the margin is: 4 to 16.
    #[arg(long, value_name = "MODULES")]
    quiet_zone: Option<u32>,
    /// A PNG or JPEG file for the middle of the code.
    #[arg(long, value_name = "FILE")]
    logo: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Scalable.
    Svg,
    /// Pixels.
    Png,
    /// One page, scalable.
    Pdf,
}

pub(super) async fn run(context: &Context, arguments: QrArguments) -> Result<(), Failure> {
    let path = format!("{}/qr", context.link_path(&arguments.link).await?);
    let body = style(&arguments)?;
    let mut file =
        std::fs::File::create_new(&arguments.output).map_err(|error| Failure::file(&arguments.output, &error))?;
    if let Err(failure) = write(context, &Call::post(&path, &Value::Object(body))?, &mut file, &arguments).await {
        // What is there is no code, and the next try needs its place.
        let _ = std::fs::remove_file(&arguments.output);
        return Err(failure);
    }
    if context.output.json {
        return output::json(&json!({ "file": arguments.output }));
    }
    output::line(&arguments.output.display().to_string())
}

async fn write(
    context: &Context,
    call: &Call<'_>,
    file: &mut std::fs::File,
    arguments: &QrArguments,
) -> Result<(), Failure> {
    let mut download = context.client.download(call).await?;
    while let Some(piece) = download.next().await? {
        file.write_all(&piece).map_err(|error| Failure::file(&arguments.output, &error))?;
    }
    file.sync_all().map_err(|error| Failure::file(&arguments.output, &error))
}

fn style(arguments: &QrArguments) -> Result<Map<String, Value>, Failure> {
    let mut body = Map::new();
    body.insert("format".to_owned(), format(arguments)?.into());
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    set("size", arguments.size.map(Value::from));
    set("foreground", arguments.foreground.clone().map(Value::from));
    set("background", arguments.background.clone().map(Value::from));
    set("error_correction", arguments.error_correction.clone().map(Value::from));
    set("quiet_zone", arguments.quiet_zone.map(Value::from));
    if let Some(path) = &arguments.logo {
        let bytes = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
        set("logo", Some(STANDARD.encode(bytes).into()));
    }
    Ok(body)
}

fn format(arguments: &QrArguments) -> Result<&'static str, Failure> {
    let ending = arguments.output.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    match (arguments.format, ending.as_deref()) {
        (Some(Format::Svg), _) | (None, Some("svg")) => Ok("svg"),
        (Some(Format::Png), _) | (None, Some("png")) => Ok("png"),
        (Some(Format::Pdf), _) | (None, Some("pdf")) => Ok("pdf"),
        (None, _) => {
            let message = "name a file that ends in .svg, .png or .pdf, or say --format";
            Err(Failure::new(Exit::Usage, message))
        }
    }
}
