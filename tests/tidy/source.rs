//! Rust files, and what of them is code: neither comments, texts nor tests.

use std::fs;
use std::path::{Path, PathBuf};

/// One Rust file.
pub struct Source {
    /// Relative to the root.
    pub path: PathBuf,
    /// As it is.
    pub text: String,
    /// The same with comments and texts blanked out, line by line.
    pub code: String,
    /// `code` without what is compiled for tests alone.
    pub product: String,
}

impl Source {
    pub fn new(path: PathBuf, text: String) -> Self {
        let code = blank_comments_and_texts(&text);
        let is_test = !path.starts_with("src") || path.ends_with("tests.rs") || path.iter().any(|part| part == "tests");
        let product = if is_test { blank(&code, 0, code.len()) } else { blank_tests(&code) };
        Self { path, text, code, product }
    }

    /// `src/edge/cache.rs` is `["edge", "cache"]`, and `src/edge/mod.rs` is `["edge"]`.
    pub fn module(&self) -> Vec<String> {
        let path = self.path.strip_prefix("src").unwrap_or(&self.path).with_extension("");
        let mut module: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
            module.pop();
        }
        module
    }
}

/// Where in `text` a byte is, from line 1.
pub fn line_of(text: &str, position: usize) -> usize {
    text[..position].matches('\n').count() + 1
}

/// Every Rust file of the package, sorted.
pub fn read_sources(root: &Path) -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in ["src", "tests", "benches", "examples"] {
        collect(&root.join(folder), &mut paths);
    }
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Source::new(path.strip_prefix(root).unwrap().to_owned(), text)
    };
    paths.into_iter().map(read).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// Spaces from `start` to `end`; lines stay lines.
fn blank(text: &str, start: usize, end: usize) -> String {
    let bytes = text.bytes().enumerate();
    let bytes = bytes.map(|(at, byte)| if byte != b'\n' && (start..end).contains(&at) { b' ' } else { byte });
    String::from_utf8(bytes.collect()).unwrap()
}

fn blank_comments_and_texts(text: &str) -> String {
    let mut code = text.as_bytes().to_vec();
    let mut at = 0;
    while at < code.len() {
        let end = end_of_comment_or_text(text.as_bytes(), at);
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(code).unwrap()
}

/// Where the comment or text ends that begins at `at`; `at` itself if none does.
fn end_of_comment_or_text(text: &[u8], at: usize) -> usize {
    let rest = &text[at..];
    let after_name = at > 0 && (text[at - 1].is_ascii_alphanumeric() || text[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => find(text, at, b"\n").unwrap_or(text.len()),
        [b'/', b'*', ..] => end_of_block_comment(text, at),
        [b'"', ..] => end_of_quoted(text, at + 1, b'"'),
        [b'r', b'"' | b'#', ..] if !after_name => end_of_raw(text, at),
        [b'b', b'r', b'"' | b'#', ..] if !after_name => end_of_raw(text, at + 1),
        [b'\'', b'\\', ..] => end_of_quoted(text, at + 1, b'\''),
        [b'\'', ..] => end_of_character(text, at),
        _ => at,
    }
}

fn find(text: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    text[from..].windows(what.len()).position(|window| window == what).map(|offset| from + offset)
}

fn end_of_block_comment(text: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < text.len() {
        match &text[at..] {
            [b'/', b'*', ..] => (at, depth) = (at + 2, depth + 1),
            [b'*', b'/', ..] => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn end_of_quoted(text: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

fn end_of_raw(text: &[u8], start: usize) -> usize {
    let hashes = text[start + 1..].iter().take_while(|byte| **byte == b'#').count();
    if text.get(start + 1 + hashes) != Some(&b'"') {
        return start; // A raw name such as r#type.
    }
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    find(text, start + 2 + hashes, &close).map_or(text.len(), |end| end + close.len())
}

/// `'a'` is a character and `'a` a lifetime.
fn end_of_character(text: &[u8], start: usize) -> usize {
    let text = String::from_utf8_lossy(&text[start + 1..(start + 6).min(text.len())]);
    let mut characters = text.char_indices();
    characters.next();
    match characters.next() {
        Some((length, '\'')) => start + 1 + length + 1,
        _ => start,
    }
}

/// Blanks out what follows `#[cfg(test)]`, up to its semicolon or closing brace.
fn blank_tests(code: &str) -> String {
    let mut product = code.to_owned();
    while let Some(start) = product.find("#[cfg(test)]") {
        let end = end_of_item(&product, start);
        product = blank(&product, start, end);
    }
    product
}

fn end_of_item(code: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, character) in code[start..].char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth <= 1 => return start + offset + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return start + offset + 1,
            _ => {}
        }
    }
    code.len()
}

#[test]
fn comments_texts_and_tests_are_no_code() {
    let text = "use a::b; // axum::Router\nlet x = \"sea_orm::\\\"x\"; /* a /* b */ sqlx:: */ let y = r#\"figment::\"#;\nlet z: &'a str = f('\"', '\\'');\n#[cfg(test)]\nmod tests { use metrics::x; }\nlet w = 1;\n";
    let source = Source::new("src/x.rs".into(), text.to_owned());
    for name in ["axum", "sea_orm", "sqlx", "figment"] {
        assert!(!source.code.contains(name), "{name}: {}", source.code);
    }
    for name in ["use a::b;", "let x =", "let y =", "let z: &'a str", "mod tests", "let w"] {
        assert!(source.code.contains(name), "{name}: {}", source.code);
    }
    assert!(!source.product.contains("metrics"));
    assert!(source.product.contains("let w"));
    assert_eq!(source.code.len(), text.len());
}
