//! Slugs with letters of any script, and with emoji: in one form however they are written, and none that is taken for another.
//!
//! Laws: a form is its own form; it is one for composed and decomposed letters, capitals and small letters, and with or without what nobody
//! sees. Only the laws of UTS 46 (the mapping of host names) and UTS 39 (look-alikes) are used, so that nothing here is a list of our own.

use idna::uts46::{AsciiDenyList, Hyphens, Uts46};
use unicode_security::skeleton;

use super::scripts::{self, MixedScripts};

/// Why a text with other characters than ASCII is not a slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnicodeSlugError {
    /// It has characters that no slug has, or in an order in which no text is read.
    #[error("a slug consists of letters, digits and emoji, and of - _ . / between them")]
    Character,
    /// It looks like another slug (UTS 39, mixed scripts).
    #[error(transparent)]
    MixedScripts(#[from] MixedScripts),
    /// It looks like a slug in ASCII (UTS 39, confusables).
    #[error("this slug looks like {0:?}; write it so, or choose another one")]
    LooksLike(String),
}

/// The form of a text in which slugs are kept and looked for. `None` if no slug has it.
#[must_use]
pub fn form(text: &str) -> Option<String> {
    let (form, result) = Uts46::new().to_unicode(text.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow);
    let is_allowed = |letter: char| !letter.is_ascii() || letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    // Punycode would be read as what it stands for.
    let is_plain = result.is_ok() && form.chars().all(is_allowed) && !text.to_ascii_lowercase().contains("xn--");
    is_plain.then(|| form.into_owned())
}

/// Checks a slug that somebody chose, and gives it its form.
///
/// # Errors
/// Says why it is refused.
pub fn parse(text: &str) -> Result<String, UnicodeSlugError> {
    let form = form(text).ok_or(UnicodeSlugError::Character)?;
    form.split(['/', '.', '-', '_']).try_for_each(scripts::refuse_mixed)?;
    let look: String = skeleton(&form).collect();
    if look.is_ascii() && !form.is_ascii() { Err(UnicodeSlugError::LooksLike(look)) } else { Ok(form) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn however_it_is_written_it_is_one_slug() {
        for (written, expected) in [
            ("Größe", "größe"),
            ("GRO\u{308}SSE", "grösse"),
            ("caf\u{e9}", "café"),
            ("cafe\u{301}", "café"),
            ("Київ/Метро", "київ/метро"),
            ("夏セール", "夏セール"),
            ("🍕", "🍕"),
            ("\u{2764}\u{fe0f}-deal", "\u{2764}-deal"),
            ("ＳＡＬＥ", "sale"),
        ] {
            assert_eq!(form(written).as_deref(), Some(expected), "{written}");
        }
    }

    #[test]
    fn what_can_be_taken_for_another_slug_is_refused() {
        assert!(matches!(parse("pаypal"), Err(UnicodeSlugError::MixedScripts(_))), "a Cyrillic а among Latin letters");
        assert_eq!(parse("аррӏе"), Err(UnicodeSlugError::LooksLike("apple".to_owned())));
        assert_eq!(parse("sale\u{200b}"), Ok("sale".to_owned()), "what nobody sees is no part of it");
        assert_eq!(parse("\u{1f468}\u{200d}\u{1f469}"), Err(UnicodeSlugError::Character), "joined emoji");
        for text in ["a b\u{e9}", "é?", "é#1", "é%", "xn--caf-dma/é", "\u{202e}evil", "é\u{0}", "\u{e000}"] {
            assert_eq!(parse(text), Err(UnicodeSlugError::Character), "{text:?}");
        }
        for text in ["київ", "größe-2026", "夏セール", "リンクlink", "🍕-deal", "été.v2"] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
        }
    }

    proptest! {
        #[test]
        fn a_form_is_its_own_form(text in "\\PC{0,30}") {
            if let Some(once) = form(&text) {
                prop_assert_eq!(form(&once), Some(once));
            }
        }
    }
}
