//! The form in which links travel between processes and lie in the shared cache: one MessagePack array, read in place.
//!
//! Invariants: reading allocates nothing; texts are slices of the input. Fields
//! are only ever added at the end, so that releases which know fewer of them
//! read what they know. Rules stay packed until somebody compiles them.

use rmp::Marker;
use rmp::decode::{self, RmpRead};
use rmp::encode;
use uuid::Uuid;

use super::packed::{self, PackedError};
use crate::domain::id::{DomainId, LinkId, WorkspaceId};
use crate::domain::link::{ForwardQuery, LinkRecord, LinkState, RedirectStatus};
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;

/// How many fields this release writes.
const FIELDS: u32 = 18;
/// How many fields those wrote that knew nothing of the last ones.
const FIELDS_MIN: u32 = 17;

/// A packed link, read in place. The fields mean what those of [`LinkRecord`] mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "LinkRecord documents them")]
pub struct PackedLink<'a> {
    pub id: LinkId,
    pub workspace_id: WorkspaceId,
    pub domain_id: DomainId,
    pub slug: &'a str,
    pub destination: &'a str,
    pub redirect_status: RedirectStatus,
    pub state: LinkState,
    pub starts_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub expired_url: Option<&'a str>,
    pub max_clicks: Option<u64>,
    pub password_hash: Option<&'a str>,
    pub forward_query: ForwardQuery,
    pub forward_path: bool,
    pub title: Option<&'a str>,
    pub description: Option<&'a str>,
    /// MessagePack with the names of the fields; empty where there are none.
    pub rules: &'a [u8],
    /// MessagePack with the names of the fields; empty where there are none.
    pub extras: &'a [u8],
}

/// Packs a link.
///
/// # Errors
/// Its rules cannot be written, which those that the API lets in always can.
pub fn pack_link(record: &LinkRecord) -> Result<Vec<u8>, PackedError> {
    let rules = if record.rules.is_empty() { Vec::new() } else { packed::pack(&record.rules)? };
    let mut bytes = Vec::with_capacity(256 + record.destination.as_str().len() + rules.len());
    let extras = record.extras.as_deref().map(packed::pack).transpose()?.unwrap_or_default();
    write(&mut bytes, record, &rules, &extras).map_err(|_| PackedError::Form("it cannot be written"))?;
    Ok(bytes)
}

fn write(bytes: &mut Vec<u8>, record: &LinkRecord, rules: &[u8], extras: &[u8]) -> Result<(), encode::ValueWriteError> {
    encode::write_array_len(bytes, FIELDS)?;
    for id in [record.id.as_uuid(), record.workspace_id.as_uuid(), record.domain_id.as_uuid()] {
        encode::write_bin(bytes, id.as_bytes())?;
    }
    encode::write_str(bytes, &record.slug)?;
    encode::write_str(bytes, record.destination.as_str())?;
    encode::write_uint(bytes, record.redirect_status.as_u16().into())?;
    encode::write_uint(bytes, state_number(record.state))?;
    write_sint(bytes, record.starts_at.map(Timestamp::as_micros))?;
    write_sint(bytes, record.expires_at.map(Timestamp::as_micros))?;
    write_text(bytes, record.expired_url.as_ref().map(Destination::as_str))?;
    write_sint(bytes, record.max_clicks.map(u64::cast_signed))?;
    write_text(bytes, record.password_hash.as_deref())?;
    encode::write_uint(bytes, forward_query_number(record.forward_query))?;
    encode::write_bool(bytes, record.forward_path).map_err(encode::ValueWriteError::InvalidDataWrite)?;
    write_text(bytes, record.title.as_deref())?;
    write_text(bytes, record.description.as_deref())?;
    encode::write_bin(bytes, rules)?;
    encode::write_bin(bytes, extras)
}

fn write_sint(bytes: &mut Vec<u8>, number: Option<i64>) -> Result<(), encode::ValueWriteError> {
    match number {
        Some(number) => encode::write_sint(bytes, number).map(drop),
        None => encode::write_nil(bytes).map_err(encode::ValueWriteError::InvalidMarkerWrite),
    }
}

fn write_text(bytes: &mut Vec<u8>, text: Option<&str>) -> Result<(), encode::ValueWriteError> {
    match text {
        Some(text) => encode::write_str(bytes, text),
        None => encode::write_nil(bytes).map_err(encode::ValueWriteError::InvalidMarkerWrite),
    }
}

impl<'a> PackedLink<'a> {
    /// Reads a packed link in place.
    ///
    /// # Errors
    /// The bytes are no link of a form that this release understands.
    pub fn read(bytes: &'a [u8]) -> Result<Self, PackedError> {
        let mut fields = Fields { rest: bytes };
        let count = fields.count()?;
        if count < FIELDS_MIN {
            return Err(PackedError::Form("it has too few fields"));
        }
        Ok(Self {
            id: LinkId::from_uuid(fields.uuid()?),
            workspace_id: WorkspaceId::from_uuid(fields.uuid()?),
            domain_id: DomainId::from_uuid(fields.uuid()?),
            slug: fields.text()?,
            destination: fields.text()?,
            redirect_status: status(fields.integer()?)?,
            state: state(fields.integer()?)?,
            starts_at: fields.optional(Fields::integer)?.map(Timestamp::from_micros),
            expires_at: fields.optional(Fields::integer)?.map(Timestamp::from_micros),
            expired_url: fields.optional(Fields::text)?,
            max_clicks: fields.optional(Fields::integer)?.map(i64::cast_unsigned),
            password_hash: fields.optional(Fields::text)?,
            forward_query: forward_query(fields.integer()?)?,
            forward_path: fields.boolean()?,
            title: fields.optional(Fields::text)?,
            description: fields.optional(Fields::text)?,
            rules: fields.bytes()?,
            extras: if count > FIELDS_MIN { fields.bytes()? } else { &[] },
        })
    }

    /// The link with everything unpacked.
    ///
    /// # Errors
    /// A destination or the rules are not what they should be.
    pub fn to_record(&self) -> Result<LinkRecord, PackedError> {
        Ok(LinkRecord {
            id: self.id,
            workspace_id: self.workspace_id,
            domain_id: self.domain_id,
            slug: self.slug.into(),
            destination: destination(self.destination)?,
            redirect_status: self.redirect_status,
            state: self.state,
            starts_at: self.starts_at,
            expires_at: self.expires_at,
            expired_url: self.expired_url.map(destination).transpose()?,
            max_clicks: self.max_clicks,
            password_hash: self.password_hash.map(Box::from),
            forward_query: self.forward_query,
            forward_path: self.forward_path,
            rules: if self.rules.is_empty() { Vec::new() } else { packed::unpack(self.rules)? },
            title: self.title.map(Box::from),
            description: self.description.map(Box::from),
            extras: if self.extras.is_empty() { None } else { Some(Box::new(packed::unpack(self.extras)?)) },
        })
    }
}

/// What is left of a packed link.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn count(&mut self) -> Result<u32, PackedError> {
        decode::read_array_len(&mut self.rest).map_err(|_| PackedError::Form("it is no array"))
    }

    fn integer(&mut self) -> Result<i64, PackedError> {
        decode::read_int(&mut self.rest).map_err(|_| PackedError::Form("an integer is missing"))
    }

    fn boolean(&mut self) -> Result<bool, PackedError> {
        decode::read_bool(&mut self.rest).map_err(|_| PackedError::Form("a boolean is missing"))
    }

    fn text(&mut self) -> Result<&'a str, PackedError> {
        let (text, rest) =
            decode::read_str_from_slice(self.rest).map_err(|_| PackedError::Form("a text is missing"))?;
        self.rest = rest;
        Ok(text)
    }

    fn bytes(&mut self) -> Result<&'a [u8], PackedError> {
        let length = decode::read_bin_len(&mut self.rest).map_err(|_| PackedError::Form("bytes are missing"))?;
        let split = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        let (bytes, rest) = split.ok_or(PackedError::Form("bytes are cut off"))?;
        self.rest = rest;
        Ok(bytes)
    }

    fn uuid(&mut self) -> Result<Uuid, PackedError> {
        Uuid::from_slice(self.bytes()?).map_err(|_| PackedError::Form("an id has 16 bytes"))
    }

    fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, PackedError>,
    ) -> Result<Option<T>, PackedError> {
        if self.rest.first().is_some_and(|byte| Marker::from_u8(*byte) == Marker::Null) {
            self.rest.read_u8().map_err(|_| PackedError::Form("a field is missing"))?;
            return Ok(None);
        }
        read(self).map(Some)
    }
}

fn destination(text: &str) -> Result<Destination, PackedError> {
    Destination::parse(text).map_err(|_| PackedError::Form("a destination is not allowed"))
}

fn status(number: i64) -> Result<RedirectStatus, PackedError> {
    let status = u16::try_from(number).ok().and_then(|number| RedirectStatus::try_from(number).ok());
    status.ok_or(PackedError::Form("a status is unknown"))
}

const fn state_number(state: LinkState) -> u64 {
    match state {
        LinkState::Active => 0,
        LinkState::Archived => 1,
        LinkState::Disabled => 2,
    }
}

fn state(number: i64) -> Result<LinkState, PackedError> {
    match number {
        0 => Ok(LinkState::Active),
        1 => Ok(LinkState::Archived),
        2 => Ok(LinkState::Disabled),
        _ => Err(PackedError::Form("a state is unknown")),
    }
}

const fn forward_query_number(choice: ForwardQuery) -> u64 {
    match choice {
        ForwardQuery::Off => 0,
        ForwardQuery::VisitorWins => 1,
        ForwardQuery::LinkWins => 2,
    }
}

fn forward_query(number: i64) -> Result<ForwardQuery, PackedError> {
    match number {
        0 => Ok(ForwardQuery::Off),
        1 => Ok(ForwardQuery::VisitorWins),
        2 => Ok(ForwardQuery::LinkWins),
        _ => Err(PackedError::Form("a choice about queries is unknown")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::option::of;
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;

    use super::*;
    use crate::domain::link_extras::{LinkExtras, LinkPreview};

    fn text() -> impl Strategy<Value = Box<str>> {
        "\\PC{0,40}".prop_map(String::into_boxed_str)
    }

    prop_compose! {
        fn record()(
            slug in text(), title in of(text()), description in of(text()), password_hash in of(text()),
            (starts_at, expires_at) in (of(any::<i64>()), of(any::<i64>())),
            max_clicks in of(any::<u64>()), expires_elsewhere in any::<bool>(), forward_path in any::<bool>(),
            status in prop::sample::select(vec![301_u16, 302, 303, 307, 308]),
            state in prop::sample::select(vec![LinkState::Active, LinkState::Archived, LinkState::Disabled]),
            forward_query in
                prop::sample::select(vec![ForwardQuery::Off, ForwardQuery::VisitorWins, ForwardQuery::LinkWins]),
            ruled in any::<bool>(), (expired_text, has_preview) in (of(text()), any::<bool>()),
        ) -> LinkRecord {
            let rule = r#"{"name":"a","conditions":[{"type":"bots"}],"outcome":{"type":"destination","destination_url":"https://example.com/bot"}}"#;
            let place = Destination::parse("https://example.com/a?b=c").expect("a destination");
            let preview = has_preview.then(|| LinkPreview { image_url: Some(place.clone()), ..LinkPreview::default() });
            LinkRecord {
                id: LinkId::new(), workspace_id: WorkspaceId::new(), domain_id: DomainId::new(), slug,
                destination: place.clone(), redirect_status: RedirectStatus::try_from(status).expect("a status"), state,
                starts_at: starts_at.map(Timestamp::from_micros), expires_at: expires_at.map(Timestamp::from_micros),
                expired_url: expires_elsewhere.then_some(place), max_clicks, password_hash, forward_query, forward_path,
                rules: if ruled { vec![serde_json::from_str(rule).expect("a rule")] } else { Vec::new() },
                title, description,
                extras: LinkExtras { preview, expired_text, ..LinkExtras::default() }.boxed(),
            }
        }
    }

    proptest! {
        #[test]
        fn a_packed_link_is_read_as_it_was(record in record()) {
            let bytes = pack_link(&record).expect("a packed link");
            prop_assert_eq!(PackedLink::read(&bytes).expect("the same link").to_record().expect("the same link"), record);
        }

        #[test]
        fn links_of_the_release_before_are_read(record in record()) {
            let record = LinkRecord { extras: None, ..record };
            let mut bytes = pack_link(&record).expect("a packed link");
            // Without the last field, which is two bytes where it is empty.
            bytes.truncate(bytes.len() - 2);
            bytes[2] -= 1;
            prop_assert_eq!(PackedLink::read(&bytes).expect("the same link").to_record().expect("the same link"), record);
        }

        #[test]
        fn cut_off_links_are_refused(record in record(), cut in any::<prop::sample::Index>()) {
            let bytes = pack_link(&record).expect("a packed link");
            prop_assert!(PackedLink::read(&bytes[..cut.index(bytes.len())]).is_err());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = PackedLink::read(&bytes).and_then(|link| link.to_record());
        }

        #[test]
        fn fields_of_later_releases_are_passed_over(record in record()) {
            let mut bytes = pack_link(&record).expect("a packed link");
            // The head of an array says how many fields follow: two bytes behind its marker.
            bytes[2] += 1;
            encode::write_str(&mut bytes, "new").expect("one more field");
            prop_assert!(PackedLink::read(&bytes).is_ok());
        }
    }

    #[test]
    fn reading_allocates_nothing() {
        let runner = &mut proptest::test_runner::TestRunner::deterministic();
        let record = record().new_tree(runner).expect("a link").current();
        let bytes = pack_link(&record).expect("a packed link");
        let allocations = allocation_counter::measure(|| {
            std::hint::black_box(PackedLink::read(std::hint::black_box(&bytes))).expect("the link");
        });
        assert_eq!(allocations.count_total, 0);
    }
}
