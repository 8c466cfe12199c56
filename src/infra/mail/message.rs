//! A message, and the letter that it becomes.

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment as MailAttachment, Mailbox, Message as Letter, MultiPart, SinglePart};
use uuid::Uuid;

use super::{Address, unusable};
use crate::domain::error::Result;

/// The longest subject, in characters; the rest is left out.
const SUBJECT_LENGTH_MAX: usize = 200;
/// The longest text, in bytes; the rest is left out.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// What somebody shall read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who.
    pub to: Address,
    /// One line, of at most 200 characters; control characters become spaces.
    pub subject: String,
    /// Plain text, of at most 64 KiB.
    pub text: String,
    /// A file that comes with it.
    pub attachment: Option<Attachment>,
}

/// A file of values with commas between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What it is called, such as `clicks.csv`.
    pub name: String,
    /// What is in it.
    pub csv: String,
}

/// Whom messages come from.
#[derive(Clone)]
pub(super) struct Sender(Mailbox);

impl Sender {
    /// Reads `mail.from`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        text.parse().map(Self).map_err(|error| unusable("mail.from", error))
    }

    /// The host that the installation sends for.
    pub(super) fn host(&self) -> &str {
        self.0.email.domain()
    }
}

impl Message {
    /// The message in the form of RFC 5322. Programs that answer mail by themselves leave it alone (RFC 3834).
    pub(super) fn letter(&self, sender: &Sender) -> std::result::Result<Letter, lettre::error::Error> {
        let id = format!("<{}@{}>", Uuid::new_v4().simple(), sender.host());
        let letter = Letter::builder()
            .from(sender.0.clone())
            .to(Mailbox::new(None, self.to.inner()))
            .subject(one_line(&self.subject))
            .message_id(Some(id));
        let text = beginning(&self.text, TEXT_BYTES_MAX).to_owned();
        let mut letter = match &self.attachment {
            None => letter.header(ContentType::TEXT_PLAIN).body(text)?,
            Some(Attachment { name, csv }) => {
                let kind = ContentType::parse("text/csv; charset=utf-8").unwrap_or(ContentType::TEXT_PLAIN);
                let file = MailAttachment::new(name.clone()).body(csv.clone(), kind);
                letter.multipart(MultiPart::mixed().singlepart(SinglePart::plain(text)).singlepart(file))?
            }
        };
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        letter.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
        Ok(letter)
    }
}

fn one_line(text: &str) -> String {
    let visible = |character: char| if character.is_control() { ' ' } else { character };
    text.chars().take(SUBJECT_LENGTH_MAX).map(visible).collect()
}

fn beginning(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn letter(subject: &str, text: &str) -> String {
        let sender = Sender::parse("Elido <elido@example.com>").expect("a mailbox");
        let to = "ada@example.com".parse().expect("an address");
        let message = Message { to, subject: subject.to_owned(), text: text.to_owned(), attachment: None };
        String::from_utf8(message.letter(&sender).expect("a letter").formatted()).expect("text")
    }

    #[test]
    fn a_letter_says_whom_it_is_from_and_that_a_program_wrote_it() {
        let letter = letter("Grüße", "Hello.\n.\nIt goes on.\n");
        for line in ["From: Elido <elido@example.com>", "To: ada@example.com", "Auto-Submitted: auto-generated"] {
            assert!(letter.lines().any(|found| found == line), "{line}: {letter}");
        }
        assert!(letter.contains("Subject: =?utf-8?") && letter.contains("It goes on."), "{letter}");
    }

    #[test]
    fn a_file_comes_beside_the_text() {
        let sender = Sender::parse("Elido <elido@example.com>").expect("a mailbox");
        let to = "ada@example.com".parse().expect("an address");
        let attachment = Some(Attachment { name: "clicks.csv".to_owned(), csv: "day,clicks\r\n".to_owned() });
        let message = Message { to, subject: "Clicks".to_owned(), text: "Hello.".to_owned(), attachment };
        let letter = String::from_utf8(message.letter(&sender).expect("a letter").formatted()).expect("text");
        for part in ["multipart/mixed", "Hello.", "filename=\"clicks.csv\"", "text/csv", "day,clicks", "auto-generated"]
        {
            assert!(letter.contains(part), "{part}: {letter}");
        }
    }

    proptest! {
        #[test]
        fn no_subject_adds_a_header(subject in "(\\PC|\r|\n|\t){0,40}") {
            let letter = letter(&format!("{subject}\r\nBcc: eve@example.com"), "");
            let (head, _) = letter.split_once("\r\n\r\n").expect("a head");
            let names = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
            for name in names.filter_map(|line| line.split(':').next()) {
                let known = ["From", "To", "Subject", "Message-ID", "Content-Type", "Content-Transfer-Encoding", "Date",
                    "Auto-Submitted", "MIME-Version"];
                prop_assert!(known.contains(&name), "{name}: {head}");
            }
        }
    }
}
