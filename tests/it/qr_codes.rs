//! QR codes of links, read back by a decoder that is not ours.

use std::io::{Cursor, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{DynamicImage, GrayImage, ImageFormat, Rgb, RgbImage};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::platform::{Account, Platform, body};

/// How many random codes are drawn and read in the usual run.
const CODES: usize = 24;

/// The whole part of a number of pixels or of a shade.
#[allow(clippy::cast_sign_loss, reason = "none of them is negative")]
fn whole(number: f64) -> u32 {
    number as u32
}

/// What a picture says, as rqrr reads it.
pub fn read(picture: &GrayImage) -> Option<String> {
    let mut prepared = rqrr::PreparedImage::prepare(picture.clone());
    prepared.detect_grids().into_iter().find_map(|grid| grid.decode().ok()).map(|(_, text)| text)
}

/// Paints the rectangles of a path, a unit being `scale` pixels; what is there besides is the caller's.
struct Canvas {
    picture: RgbImage,
    scale: u32,
}

impl Canvas {
    fn rectangle(&mut self, place: [u32; 4], colour: Rgb<u8>) {
        let [x, y, width, height] = place.map(|number| number * self.scale);
        for (row, column) in (y..y + height).flat_map(|row| (x..x + width).map(move |column| (row, column))) {
            self.picture.put_pixel(column, row, colour);
        }
    }

    fn picture(&mut self, picture: &RgbImage, place: [f64; 4]) {
        let [x, y, width, height] = place.map(|number| whole(number * f64::from(self.scale)));
        let resized =
            image::imageops::resize(picture, width.max(1), height.max(1), image::imageops::FilterType::Nearest);
        image::imageops::replace(&mut self.picture, &resized, x.into(), y.into());
    }

    fn into_gray(self) -> GrayImage {
        DynamicImage::ImageRgb8(self.picture).into_luma8()
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = &text[text.find(start).unwrap_or_else(|| panic!("{start} in {text}")) + start.len()..];
    &rest[..rest.find(end).expect("an end")]
}

fn colour(hex: &str) -> Rgb<u8> {
    let number = u32::from_str_radix(hex.trim_start_matches('#'), 16).expect("a colour");
    let [_, red, green, blue] = number.to_be_bytes();
    Rgb([red, green, blue])
}

/// Draws what our SVGs consist of: a square, a path of rectangles, perhaps a picture.
fn drawn_svg(svg: &str) -> GrayImage {
    let side: u32 = between(svg, "viewBox=\"0 0 ", " ").parse().expect("a side");
    let background = colour(between(svg, "fill=\"", "\""));
    let path = &svg[svg.find("<path").expect("a path")..];
    let foreground = colour(between(path, "fill=\"", "\""));
    let mut canvas = Canvas { picture: RgbImage::from_pixel(side * 4, side * 4, background), scale: 4 };
    for run in between(path, "d=\"M", "\"").split('M') {
        let numbers: Vec<u32> = run.split([' ', 'h', 'v']).take(3).map(|number| number.parse().expect(run)).collect();
        canvas.rectangle([numbers[0], numbers[1], numbers[2], 1], foreground);
    }
    if let Some(place) = svg.find("<image") {
        let tag = &svg[place..];
        let number = |name: &str| between(tag, &format!(" {name}=\""), "\"").parse().expect("a number");
        let png = STANDARD.decode(between(tag, "base64,", "\"")).expect("Base64");
        let logo = image::load_from_memory_with_format(&png, ImageFormat::Png).expect("a PNG").into_rgb8();
        canvas.picture(&logo, [number("x"), number("y"), number("width"), number("height")]);
    }
    canvas.into_gray()
}

fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut plain).expect("a deflated stream");
    plain
}

/// The object of this number: its dictionary, and its stream if it has one. Found by the table of references.
fn pdf_object(pdf: &[u8], number: usize) -> (String, Vec<u8>) {
    let text = String::from_utf8_lossy(pdf);
    let table: usize = text[text.rfind("startxref\n").expect("a table") + 10..]
        .lines()
        .next()
        .expect("a place")
        .parse()
        .expect("a number");
    let entries = String::from_utf8_lossy(&pdf[table..]).into_owned();
    let offset: usize = entries.lines().nth(2 + number).expect("an entry")[..10].parse().expect("an offset");
    let object = &pdf[offset..];
    assert!(object.starts_with(format!("{number} 0 obj").as_bytes()), "object {number} is where the table says");
    let end = object.windows(6).position(|window| window == b"endobj").expect("an end");
    let head = String::from_utf8_lossy(&object[..end]).into_owned();
    let Some(start) = object[..end].windows(7).position(|window| window == b"stream\n") else {
        return (head, Vec::new());
    };
    let length: usize = between(&head, "/Length ", " ").parse().expect("a length");
    (head, object[start + 7..start + 7 + length].to_vec())
}

/// Draws what our PDFs consist of: rectangles in two colours, perhaps a picture.
fn drawn_pdf(pdf: &[u8]) -> GrayImage {
    let (_, content) = pdf_object(pdf, 4);
    let content = String::from_utf8(inflated(&content)).expect("a content");
    let mut lines = content.lines().skip(1);
    let rgb = |line: &str| {
        let parts: Vec<u8> = line
            .split(' ')
            .take(3)
            .map(|part| u8::try_from(whole((part.parse::<f64>().expect("a part") * 255.0).round())).expect("a colour"))
            .collect();
        Rgb([parts[0], parts[1], parts[2]])
    };
    let ground = lines.next().expect("a background");
    let side: u32 = between(ground, "rg 0 0 ", " ").parse().expect("a side");
    let foreground = rgb(lines.next().expect("a foreground"));
    let mut canvas = Canvas { picture: RgbImage::from_pixel(side * 4, side * 4, rgb(ground)), scale: 4 };
    for line in lines {
        let numbers: Vec<&str> = line.split(' ').collect();
        if line.ends_with(" re") {
            let number = |index: usize| numbers[index].parse().expect("a number");
            canvas.rectangle([number(0), number(1), number(2), number(3)], foreground);
        } else if line.ends_with("/Logo Do Q") {
            let (head, stream) = pdf_object(pdf, 5);
            let number = |name: &str| between(&head, name, " ").parse().expect("a number");
            let logo = RgbImage::from_raw(number("/Width "), number("/Height "), inflated(&stream)).expect("a picture");
            let place = |index: usize| numbers[index].parse::<f64>().expect("a number");
            canvas.picture(&logo, [place(5), place(6) + place(4), place(1), -place(4)]);
        }
    }
    canvas.into_gray()
}

async fn file(platform: &Platform, account: &Account, path: &str, draft: &Value) -> (StatusCode, Vec<u8>) {
    let response = platform.of(account, Method::POST, path).json(draft).send().await.expect("a response");
    (response.status(), response.bytes().await.expect("a body").to_vec())
}

fn logo(random: &mut StdRng) -> String {
    let (width, height) = (random.random_range(1..80), random.random_range(1..80));
    let picture = RgbImage::from_fn(width, height, |_, _| Rgb(random.random()));
    let mut bytes = Cursor::new(Vec::new());
    let format = if random.random() { ImageFormat::Png } else { ImageFormat::Jpeg };
    picture.write_to(&mut bytes, format).expect("a picture");
    STANDARD.encode(bytes.into_inner())
}

fn random_style(random: &mut StdRng) -> Value {
    let format = ["svg", "png", "pdf"][random.random_range(0..3)];
    let (size, quiet_zone) = (random.random_range(120..420), random.random_range(4..=8));
    let mut style = json!({ "format": format, "size": size, "quiet_zone": quiet_zone });
    for (name, range) in [("foreground", 0..=160), ("background", 80..=255)] {
        let mut part = || random.random_range(range.clone());
        style[name] = json!(format!("#{:02x}{:02x}{:02x}", part(), part(), part()));
    }
    if random.random() {
        style["logo"] = json!(logo(random));
    } else {
        let level = ["low", "medium", "quartile", "high"][random.random_range(0..4)];
        style["error_correction"] = json!(level);
    }
    style
}

/// Whatever the API draws scans. `ELIDO_TEST_QR_CODES=1000` draws as many.
#[tokio::test(flavor = "multi_thread")]
async fn every_code_that_is_drawn_scans() {
    let platform = Platform::start_with(|config| config.api.rate_limit_per_minute = 0).await;
    let account = platform.account().await;
    let wanted = std::env::var("ELIDO_TEST_QR_CODES").ok().and_then(|count| count.parse().ok()).unwrap_or(CODES);
    let mut random = StdRng::seed_from_u64(18_004);
    let (mut drawn, mut refused) = (0, 0);
    while drawn < wanted {
        let length = random.random_range(1..=190);
        let slug: String =
            (0..length).map(|_| char::from(b"abcdefghijkmnpqrstuvwxyz23456789"[random.random_range(0..32)])).collect();
        let style = random_style(&mut random);
        let draft = json!({ "slug": slug, "style": style });
        let (status, bytes) = file(&platform, &account, "/qr", &draft).await;
        if status == StatusCode::BAD_REQUEST {
            let problem: Value = serde_json::from_slice(&bytes).expect("a problem");
            let code = problem["errors"][0]["code"].as_str().expect("a code").to_owned();
            assert!(["too_light", "too_little_contrast", "too_small"].contains(&code.as_str()), "{problem}");
            refused += 1;
            continue;
        }
        assert_eq!(status, StatusCode::OK);
        let picture = match style["format"].as_str() {
            Some("svg") => drawn_svg(&String::from_utf8(bytes).expect("a text")),
            Some("png") => image::load_from_memory_with_format(&bytes, ImageFormat::Png).expect("a PNG").into_luma8(),
            _ => drawn_pdf(&bytes),
        };
        let said = tokio::task::spawn_blocking(move || read(&picture)).await.expect("a reader");
        let said = said.unwrap_or_else(|| panic!("code {drawn} does not scan: {draft}"));
        assert!(said.ends_with(&format!("/{slug}?qr=1")), "{said}");
        drawn += 1;
    }
    assert!(refused > 0, "some of the random colours cannot be told apart");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_downloaded_code_makes_its_link_a_printed_one_and_scans_count_as_such() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let made =
        platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "Print.me" })).await;
    let path = format!("/links/{}/qr", made["id"].as_str().expect("an id"));
    assert_eq!(file(&platform, &account, "/qr", &json!({ "slug": "Print.me" })).await.0, StatusCode::OK);
    let link = format!("/links/{}", made["id"].as_str().expect("an id"));
    assert_eq!(platform.read(&account, &link).await["printed_at"], Value::Null, "a preview is no download");

    let head = platform.of(&account, Method::HEAD, &path).send().await.expect("a response");
    assert_eq!(
        (head.status(), &head.headers()["content-type"]),
        (StatusCode::OK, &"image/svg+xml".parse().expect("a type"))
    );
    assert_eq!(platform.read(&account, &link).await["printed_at"], Value::Null, "nobody prints a head");

    let response = platform.of(&account, Method::GET, &format!("{path}?format=png&size=300&foreground=%23330000"));
    let response = response.send().await.expect("a response");
    assert_eq!(response.headers()["content-type"], "image/png");
    assert_eq!(response.headers()["content-disposition"], "attachment; filename=\"Print-me.png\"");
    let bytes = response.bytes().await.expect("a file");
    let picture = image::load_from_memory_with_format(&bytes, ImageFormat::Png).expect("a PNG");
    assert_eq!((picture.width(), picture.height()), (300, 300));
    assert_eq!(read(&picture.into_luma8()), Some(format!("{}?qr=1", made["short_url"].as_str().expect("a URL"))));
    assert_ne!(platform.read(&account, &link).await["printed_at"], Value::Null);
    let edit =
        platform.of(&account, Method::PATCH, &link).json(&json!({ "destination_url": "https://example.com/new" }));
    assert_eq!(body(edit, StatusCode::CONFLICT).await["code"], "printed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_not_scan_is_refused_with_the_reason() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let made = platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    let path = format!("/links/{}/qr", made["id"].as_str().expect("an id"));
    let mut large = Cursor::new(Vec::new());
    RgbImage::new(2_049, 1).write_to(&mut large, ImageFormat::Png).expect("a picture");
    let logo = STANDARD.encode(large.into_inner());
    for (draft, pointer, code) in [
        (json!({ "foreground": "#ffffff", "background": "#000000" }), "/foreground", "too_light"),
        (json!({ "foreground": "#cccccc" }), "/foreground", "too_little_contrast"),
        (json!({ "foreground": "red" }), "/foreground", "invalid_colour"),
        (json!({ "size": 63 }), "/size", "out_of_range"),
        (json!({ "format": "png", "size": 64 }), "/size", "too_small"),
        (json!({ "quiet_zone": 3 }), "/quiet_zone", "out_of_range"),
        (json!({ "logo": "AAAA" }), "/logo", "invalid_logo"),
        (json!({ "logo": "no base64!" }), "/logo", "invalid_logo"),
        (json!({ "logo": logo }), "/logo", "invalid_logo"),
        (json!({ "logo": "A".repeat(349_529) }), "/logo", "too_large"),
        (
            json!({ "logo": STANDARD.encode("x"), "error_correction": "medium" }),
            "/error_correction",
            "too_low_for_logo",
        ),
    ] {
        let refused = body(platform.of(&account, Method::POST, &path).json(&draft), StatusCode::BAD_REQUEST).await;
        let first = &refused["errors"][0];
        assert_eq!((first["pointer"].as_str(), first["code"].as_str()), (Some(pointer), Some(code)), "{refused}");
    }
    let query = body(platform.of(&account, Method::GET, &format!("{path}?size=9")), StatusCode::BAD_REQUEST).await;
    assert_eq!(query["errors"][0]["pointer"], "size");
    let unknown = body(
        platform.of(&account, Method::POST, "/qr").json(&json!({ "domain": "nobodys.example" })),
        StatusCode::BAD_REQUEST,
    )
    .await;
    assert_eq!(unknown["errors"][0]["code"], "unknown_domain");
    let strange = platform.of(&account, Method::GET, "/links/lnk_00000000000000000000000000000000/qr");
    body(strange, StatusCode::NOT_FOUND).await;
    let untouched = platform.read(&account, &format!("/links/{}", made["id"].as_str().expect("an id"))).await;
    assert_eq!(untouched["printed_at"], Value::Null, "nobody got a code");
}
