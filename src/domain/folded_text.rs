//! Texts without what people do not mean when they look for something: capitals, and how accents were typed.

use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;

use super::url::Destination;

/// A text in the form in which texts are compared: composed (NFC), and without differences of case in any script, so that
/// `GRÖSSE` is `größe`.
#[must_use]
pub fn fold(text: &str) -> String {
    text.nfc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}

/// A name as it is kept: composed (NFC), so that `é` is one name however it was typed.
#[must_use]
pub fn composed(name: &str) -> String {
    name.nfc().collect()
}

/// The form of a composed name by which it is found in any case.
#[must_use]
pub fn name_key(name: &str) -> String {
    composed(name).to_lowercase()
}

/// A destination as people read it: percent-encoded UTF-8 as text, and its host in letters instead of Punycode.
#[must_use]
pub fn readable(destination: &Destination) -> String {
    let text = destination.as_str();
    let readable_host = destination.to_url().and_then(|url| {
        let host = url.host_str().filter(|host| host.contains("xn--"))?;
        Some(text.replacen(host, &idna::domain_to_unicode(host).0, 1))
    });
    let text = readable_host.unwrap_or_else(|| text.to_owned());
    // What is no UTF-8 stays encoded.
    percent_decode_str(&text).decode_utf8().map_or_else(|_| text.clone(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_composition_do_not_count() {
        for (left, right) in [("Größe", "GRÖSSE"), ("e\u{301}t\u{e9}", "ÉTÉ"), ("ΟΔΟΣ", "οδος"), ("ЖУК", "жук")]
        {
            assert_eq!(fold(left), fold(right), "{left}");
        }
        assert_ne!(fold("groß"), fold("grob"));
        assert_eq!(name_key("FRU\u{308}HLING"), name_key("Frühling"));
    }

    #[test]
    fn destinations_are_readable() {
        for (written, read) in [
            ("https://bücher.example/Größe?q=%C3%A4", "https://bücher.example/Größe?q=ä"),
            ("https://example.com/100%25", "https://example.com/100%"),
            ("https://example.com/%E4", "https://example.com/%E4"),
            ("mailto:ada@example.com", "mailto:ada@example.com"),
        ] {
            assert_eq!(readable(&Destination::parse(written).expect("a destination")), read);
        }
    }
}
