//! What texts may hold. Lengths are in characters; control characters, of which PostgreSQL cannot even store all, are refused.

use super::field_errors::FieldErrors;
use crate::domain::hostname;
use crate::domain::utm::{UTM_LENGTH_MAX, Utm};
use crate::infra::mail::Address;

/// The longest email address (RFC 5321).
pub(super) const EMAIL_LENGTH_MAX: usize = 254;
/// The shortest password of an account.
pub(super) const PASSWORD_LENGTH_MIN: usize = 10;
/// The longest password.
pub(super) const PASSWORD_LENGTH_MAX: usize = 128;
/// The longest name of anything.
pub(super) const NAME_LENGTH_MAX: usize = 100;

/// How a text may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// In one line.
    One,
    /// With line breaks and tabs.
    Many,
}

impl FieldErrors {
    /// A text without spaces at its ends, within these lengths.
    pub(super) fn text(&mut self, pointer: &str, text: &str, lengths: (usize, usize), lines: Lines) -> String {
        let text = text.trim();
        let (min, max) = lengths;
        if !(min..=max).contains(&text.chars().count()) {
            self.add(pointer, "invalid_length", format!("this has {min} to {max} characters"));
        }
        if text.chars().any(|character| character.is_control() && !(lines == Lines::Many && is_layout(character))) {
            self.add(pointer, "invalid_character", "control characters are not allowed here");
        }
        text.to_owned()
    }

    /// Campaign parameters.
    pub(super) fn utm(&mut self, pointer: &str, utm: &Utm) {
        for (field, _, value) in utm.parameters() {
            self.text(&format!("{pointer}/{field}"), value, (1, UTM_LENGTH_MAX), Lines::One);
        }
    }

    /// The name of a workspace, a key, a tag or a person.
    pub fn name(&mut self, pointer: &str, name: &str) -> String {
        self.text(pointer, name, (1, NAME_LENGTH_MAX), Lines::One)
    }

    /// An email address that mail can be sent to.
    pub fn email(&mut self, pointer: &str, email: &str) -> String {
        let email = self.text(pointer, email, (3, EMAIL_LENGTH_MAX), Lines::One);
        self.check(pointer, "invalid_email", email.parse::<Address>());
        email
    }

    /// A host name in the form in which domains are known.
    pub(super) fn hostname(&mut self, pointer: &str, text: &str) -> Option<String> {
        self.check(pointer, "invalid_domain", hostname::canonical(text))
    }

    /// The password of an account.
    pub fn password(&mut self, pointer: &str, password: &str) {
        if !(PASSWORD_LENGTH_MIN..=PASSWORD_LENGTH_MAX).contains(&password.chars().count()) {
            let message = format!("a password has {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters");
            self.add(pointer, "invalid_length", message);
        }
    }
}

fn is_layout(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(check: impl FnOnce(&mut FieldErrors)) -> bool {
        let mut errors = FieldErrors::default();
        check(&mut errors);
        !errors.is_empty()
    }

    #[test]
    fn texts_keep_to_their_limits() {
        let mut errors = FieldErrors::default();
        assert_eq!(errors.text("/x", " Grüße ", (1, 5), Lines::One), "Grüße");
        assert!(errors.into_result().is_ok());
        assert!(is_refused(|errors| drop(errors.text("/x", "  ", (1, 5), Lines::One))));
        assert!(is_refused(|errors| drop(errors.text("/x", "a\nb", (1, 5), Lines::One))));
        assert!(!is_refused(|errors| drop(errors.text("/x", "a\nb", (1, 5), Lines::Many))));
        assert!(is_refused(|errors| drop(errors.text("/x", "a\0b", (1, 5), Lines::Many))));
    }

    #[test]
    fn email_addresses_are_plausible() {
        for email in ["ada@example.com", "a+b@localhost", "\"odd @ name\"@example.com"] {
            let plausible = !is_refused(|errors| drop(errors.email("/email", email)));
            assert_eq!(plausible, !email.contains(' '), "{email}");
        }
        for email in ["", "ada", "@example.com", "ada@", "a b@example.com"] {
            assert!(is_refused(|errors| drop(errors.email("/email", email))), "{email}");
        }
    }
}
