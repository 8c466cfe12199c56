//! The shapes of records: MaxMind's nested one, and the flat one of the public country and city files.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Location;

/// Every field of either shape that is of use.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Record<'a> {
    #[serde(borrow, default)]
    country: Entry<'a>,
    #[serde(borrow, default)]
    subdivisions: First<'a>,
    #[serde(borrow, default)]
    city: Entry<'a>,
    #[serde(default)]
    country_code: Option<&'a str>,
    #[serde(default)]
    state1: Option<&'a str>,
    #[serde(default)]
    autonomous_system_number: Option<u32>,
    #[serde(default)]
    autonomous_system_organization: Option<&'a str>,
}

/// A place: a map with a code and names, or a bare name.
#[derive(Debug, Default)]
struct Entry<'a> {
    code: Option<&'a str>,
    name: Option<&'a str>,
}

/// The first place of a list, which is the largest one.
#[derive(Debug, Default)]
struct First<'a>(Entry<'a>);

/// Names by language, of which English is kept.
#[derive(Default, serde::Deserialize)]
struct Names<'a> {
    #[serde(borrow, default)]
    en: Option<&'a str>,
}

impl<'a> From<Record<'a>> for Location<'a> {
    fn from(record: Record<'a>) -> Self {
        let known = |text: Option<&'a str>| text.filter(|text| !text.is_empty());
        let First(subdivision) = record.subdivisions;
        Self {
            country: known(record.country_code).or(known(record.country.code)),
            subdivision: known(subdivision.code),
            region: known(subdivision.name).or(known(record.state1)),
            city: known(record.city.name),
            asn: record.autonomous_system_number,
            organization: known(record.autonomous_system_organization),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Entry<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a place")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Entry { code: None, name: Some(name) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entry = Entry::default();
        while let Some(key) = map.next_key()? {
            match key {
                "iso_code" => entry.code = map.next_value()?,
                "names" => entry.name = map.next_value::<Names<'_>>()?.en,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(entry)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for First<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FirstVisitor)
    }
}

struct FirstVisitor;

impl<'de> Visitor<'de> for FirstVisitor {
    type Value = First<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of places")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut places: A) -> Result<Self::Value, A::Error> {
        let first = places.next_element()?.unwrap_or_default();
        while places.next_element::<IgnoredAny>()?.is_some() {}
        Ok(First(first))
    }
}
