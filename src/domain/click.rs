//! A click as the edge saw it: raw facts, before enrichment. The wire form is
//! one MessagePack array, written without allocating and read by borrowing.

use std::net::IpAddr;

use rmp::decode;
use rmp::encode::{self, ValueWriteError};
use uuid::Uuid;

use super::id::{DomainId, LinkId, WorkspaceId};
use super::time::Timestamp;

/// Versions of the wire form, its first element, and how many elements the array of each has. The second has the campaign
/// at its end, and is written only where there is one, so that earlier releases read the other clicks.
const PLAIN: (u8, u32) = (1, 17);
const WITH_CAMPAIGN: (u8, u32) = (2, 18);
/// The longest host, referrer, query or header kept, in bytes; longer ones are cut at a character boundary.
pub const TEXT_BYTES_MAX: usize = 1024;
/// No encoded click is longer than this, in bytes.
pub const CLICK_BYTES_MAX: usize = 9 * (TEXT_BYTES_MAX + 3) + 160;

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClickKind {
    /// A link redirected.
    Redirect,
    /// No such link (an orphan click).
    Missing,
    /// The link is expired, archived, disabled or used up (an orphan click).
    Gone,
    /// The root of a domain (an orphan click).
    Root,
}

impl ClickKind {
    const fn to_u8(self) -> u8 {
        match self {
            Self::Redirect => 0,
            Self::Missing => 1,
            Self::Gone => 2,
            Self::Root => 3,
        }
    }

    const fn from_u8(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Redirect),
            1 => Some(Self::Missing),
            2 => Some(Self::Gone),
            3 => Some(Self::Root),
            _ => None,
        }
    }
}

/// What the request said of itself, apart from its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signals {
    /// `DNT: 1` or `Sec-GPC: 1`: the visitor asks not to be tracked.
    pub do_not_track: bool,
    /// `Purpose` or `Sec-Purpose` names a prefetch.
    pub prefetch: bool,
    /// The method was HEAD.
    pub head: bool,
}

impl Signals {
    const fn to_u8(self) -> u8 {
        (self.do_not_track as u8) | (self.prefetch as u8) << 1 | (self.head as u8) << 2
    }

    const fn from_u8(bits: u8) -> Self {
        Self { do_not_track: bits & 1 != 0, prefetch: bits & 2 != 0, head: bits & 4 != 0 }
    }
}

/// One answered redirect, or one orphan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Click<'a> {
    /// When it was answered.
    pub at: Timestamp,
    /// What was answered.
    pub kind: ClickKind,
    /// The status that was answered.
    pub status: u16,
    /// The tenant, if the host or the link has one.
    pub workspace_id: Option<WorkspaceId>,
    /// The domain, if the host is known.
    pub domain_id: Option<DomainId>,
    /// The link, if there is one.
    pub link_id: Option<LinkId>,
    /// The rule that matched.
    pub rule: Option<&'a str>,
    /// The variant of that rule's split.
    pub variant: Option<&'a str>,
    /// The visitor's address. Used for look-ups by the ingester, then dropped.
    pub address: IpAddr,
    /// What the request said of itself.
    pub signals: Signals,
    /// The `Host` asked for.
    pub host: &'a str,
    /// The slug or path asked for, without its first slash.
    pub slug: &'a str,
    /// The `User-Agent` header.
    pub user_agent: &'a str,
    /// The `Referer` header.
    pub referrer: &'a str,
    /// The `Accept-Language` header.
    pub accept_language: &'a str,
    /// The raw query string, without `?`.
    pub query: &'a str,
    /// The campaign parameters of the destination's query, as they are written there; empty if there are none.
    pub campaign: &'a str,
}

/// Why bytes are not a click.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a click: {0}")]
pub struct DecodeClickError(&'static str);

impl<'a> Click<'a> {
    /// Appends the wire form to `buffer`: at most [`CLICK_BYTES_MAX`] bytes, and no allocation while its capacity lasts.
    pub fn encode(&self, buffer: &mut Vec<u8>) {
        let written = self.write(buffer);
        debug_assert!(written.is_ok(), "a vector takes every write");
    }

    /// Reads the wire form; the texts stay where they are.
    ///
    /// # Errors
    /// Refuses bytes that are no click of a form that this version knows.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeClickError> {
        let mut reader = Reader(bytes);
        let form = (reader.array_length()?, reader.unsigned("form")?);
        let is = |(form_of, elements): (u8, u32)| form == (elements, form_of.into());
        if !is(PLAIN) && !is(WITH_CAMPAIGN) {
            return Err(DecodeClickError("unknown form"));
        }
        let click = Self {
            at: Timestamp::from_micros(reader.signed("at")?),
            kind: u8::try_from(reader.unsigned("kind")?)
                .ok()
                .and_then(ClickKind::from_u8)
                .ok_or(DecodeClickError("kind"))?,
            status: u16::try_from(reader.unsigned("status")?).map_err(|_| DecodeClickError("status"))?,
            workspace_id: reader.uuid("workspace_id")?.map(WorkspaceId::from_uuid),
            domain_id: reader.uuid("domain_id")?.map(DomainId::from_uuid),
            link_id: reader.uuid("link_id")?.map(LinkId::from_uuid),
            rule: reader.optional_text("rule")?,
            variant: reader.optional_text("variant")?,
            address: reader.address()?,
            signals: u8::try_from(reader.unsigned("signals")?)
                .map(Signals::from_u8)
                .map_err(|_| DecodeClickError("signals"))?,
            host: reader.text("host")?,
            slug: reader.text("slug")?,
            user_agent: reader.text("user_agent")?,
            referrer: reader.text("referrer")?,
            accept_language: reader.text("accept_language")?,
            query: reader.text("query")?,
            campaign: if is(WITH_CAMPAIGN) { reader.text("campaign")? } else { "" },
        };
        if reader.0.is_empty() { Ok(click) } else { Err(DecodeClickError("bytes after the end")) }
    }

    fn write(&self, buffer: &mut Vec<u8>) -> Result<(), ValueWriteError> {
        let (form, elements) = if self.campaign.is_empty() { PLAIN } else { WITH_CAMPAIGN };
        encode::write_array_len(buffer, elements)?;
        encode::write_uint(buffer, form.into())?;
        encode::write_sint(buffer, self.at.as_micros())?;
        encode::write_uint(buffer, u64::from(self.kind.to_u8()))?;
        encode::write_uint(buffer, u64::from(self.status))?;
        write_uuid(buffer, self.workspace_id.map(WorkspaceId::as_uuid))?;
        write_uuid(buffer, self.domain_id.map(DomainId::as_uuid))?;
        write_uuid(buffer, self.link_id.map(LinkId::as_uuid))?;
        write_optional_text(buffer, self.rule)?;
        write_optional_text(buffer, self.variant)?;
        match self.address {
            IpAddr::V4(address) => encode::write_bin(buffer, &address.octets())?,
            IpAddr::V6(address) => encode::write_bin(buffer, &address.octets())?,
        }
        encode::write_uint(buffer, u64::from(self.signals.to_u8()))?;
        for text in [self.host, self.slug, self.user_agent, self.referrer, self.accept_language, self.query] {
            encode::write_str(buffer, cut(text))?;
        }
        if !self.campaign.is_empty() {
            encode::write_str(buffer, cut(self.campaign))?;
        }
        Ok(())
    }
}

fn write_uuid(buffer: &mut Vec<u8>, uuid: Option<Uuid>) -> Result<(), ValueWriteError> {
    match uuid {
        Some(uuid) => encode::write_bin(buffer, uuid.as_bytes()),
        None => encode::write_nil(buffer).map_err(ValueWriteError::InvalidMarkerWrite),
    }
}

fn write_optional_text(buffer: &mut Vec<u8>, text: Option<&str>) -> Result<(), ValueWriteError> {
    match text {
        Some(text) => encode::write_str(buffer, cut(text)),
        None => encode::write_nil(buffer).map_err(ValueWriteError::InvalidMarkerWrite),
    }
}

/// The longest beginning of `text` that fits [`TEXT_BYTES_MAX`] and ends between characters.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or(text)
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array_length(&mut self) -> Result<u32, DecodeClickError> {
        decode::read_array_len(&mut self.0).map_err(|_| DecodeClickError("not an array"))
    }

    fn unsigned(&mut self, what: &'static str) -> Result<u64, DecodeClickError> {
        decode::read_int(&mut self.0).map_err(|_| DecodeClickError(what))
    }

    fn signed(&mut self, what: &'static str) -> Result<i64, DecodeClickError> {
        decode::read_int(&mut self.0).map_err(|_| DecodeClickError(what))
    }

    fn text(&mut self, what: &'static str) -> Result<&'a str, DecodeClickError> {
        let (text, rest) = decode::read_str_from_slice(self.0).map_err(|_| DecodeClickError(what))?;
        self.0 = rest;
        Ok(text)
    }

    fn optional_text(&mut self, what: &'static str) -> Result<Option<&'a str>, DecodeClickError> {
        if self.skip_nil() { Ok(None) } else { self.text(what).map(Some) }
    }

    fn bytes(&mut self, what: &'static str) -> Result<&'a [u8], DecodeClickError> {
        let length = decode::read_bin_len(&mut self.0).map_err(|_| DecodeClickError(what))?;
        let length = usize::try_from(length).map_err(|_| DecodeClickError(what))?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(DecodeClickError(what))?;
        self.0 = rest;
        Ok(bytes)
    }

    fn uuid(&mut self, what: &'static str) -> Result<Option<Uuid>, DecodeClickError> {
        if self.skip_nil() {
            return Ok(None);
        }
        Uuid::from_slice(self.bytes(what)?).map(Some).map_err(|_| DecodeClickError(what))
    }

    fn address(&mut self) -> Result<IpAddr, DecodeClickError> {
        let bytes = self.bytes("address")?;
        <[u8; 4]>::try_from(bytes)
            .map(IpAddr::from)
            .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
            .map_err(|_| DecodeClickError("address"))
    }

    fn skip_nil(&mut self) -> bool {
        match self.0.split_first() {
            Some((&NIL, rest)) => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }
}

/// MessagePack's marker of an absent value.
const NIL: u8 = 0xc0;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn click<'a>(slug: &'a str, rule: Option<&'a str>) -> Click<'a> {
        Click {
            at: Timestamp::from_micros(1_788_000_000_000_000),
            kind: ClickKind::Redirect,
            status: 302,
            workspace_id: Some(WorkspaceId::new()),
            domain_id: Some(DomainId::new()),
            link_id: None,
            rule,
            variant: None,
            address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)),
            signals: Signals { do_not_track: true, prefetch: false, head: true },
            host: "go.example.com",
            slug,
            user_agent: "Mozilla/5.0",
            referrer: "",
            accept_language: "de-DE,de;q=0.9",
            query: "qr=1",
            campaign: "",
        }
    }

    #[test]
    fn earlier_releases_read_clicks_without_a_campaign() {
        let mut buffer = Vec::new();
        click("sale", None).encode(&mut buffer);
        assert_eq!(buffer[..4], [0xdc, 0, 17, 1], "an array of 17, of the first form");
        buffer.clear();
        Click { campaign: "utm_source=x", ..click("sale", None) }.encode(&mut buffer);
        assert_eq!(buffer[..4], [0xdc, 0, 18, 2]);
    }

    proptest! {
        #[test]
        fn a_click_survives_its_wire_form(slug in "\\PC{0,40}", rule in proptest::option::of("\\PC{0,40}"), campaign in "\\PC{0,40}") {
            let click = Click { campaign: &campaign, ..click(&slug, rule.as_deref()) };
            let mut buffer = Vec::new();
            click.encode(&mut buffer);
            prop_assert_eq!(Click::decode(&buffer), Ok(click));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Click::decode(&bytes);
        }

        #[test]
        fn no_click_is_longer_than_the_limit(text in "\\PC{900,2000}") {
            let click = Click { host: &text, user_agent: &text, referrer: &text, accept_language: &text, query: &text, campaign: &text, variant: Some(&text), ..click(&text, Some(&text)) };
            let mut buffer = Vec::new();
            click.encode(&mut buffer);
            prop_assert!(buffer.len() <= CLICK_BYTES_MAX);
            prop_assert!(Click::decode(&buffer).is_ok());
        }
    }
}
