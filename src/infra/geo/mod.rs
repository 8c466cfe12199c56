//! Where an address is: look-ups in a database file of MaxMind's format that the operator names.
//!
//! Invariant: a look-up never fails and never allocates. What the file does
//! not know, or holds in a shape that is not understood, is unknown.

mod record;
#[cfg(test)]
mod test_database;

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maxminddb::{MaxMindDbError, Reader};

use record::Record;

/// A database of addresses, wholly in memory. Clones share it.
#[derive(Clone)]
pub struct GeoDatabase {
    /// None if every place is unknown.
    reader: Option<Arc<Reader<Vec<u8>>>>,
}

/// What is known of where an address is. All texts lie in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Location<'a> {
    /// ISO 3166-1 alpha-2 code, such as `DE`.
    pub country: Option<&'a str>,
    /// The second half of the ISO 3166-2 code, such as `BY` for `DE-BY`.
    pub subdivision: Option<&'a str>,
    /// The English name of that part of the country, such as `Bavaria`.
    pub region: Option<&'a str>,
    /// The English name of the city.
    pub city: Option<&'a str>,
    /// The number of the autonomous system (the network operator).
    pub asn: Option<u32>,
    /// The name of the network operator.
    pub organization: Option<&'a str>,
}

/// Why a file cannot be used as a database of addresses.
#[derive(Debug, thiserror::Error)]
pub enum OpenGeoError {
    /// It cannot be read.
    #[error("the address database {} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not a database of MaxMind's format.
    #[error("{} is not a database of MaxMind's format (.mmdb): {source}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Why.
        source: MaxMindDbError,
    },
}

impl GeoDatabase {
    /// Reads the whole file at `path` into memory.
    ///
    /// # Errors
    /// The file cannot be read or is no database of MaxMind's format.
    pub fn open(path: &Path) -> Result<Self, OpenGeoError> {
        let bytes = std::fs::read(path).map_err(|source| OpenGeoError::Read { path: path.to_owned(), source })?;
        let reader =
            Reader::from_source(bytes).map_err(|source| OpenGeoError::Format { path: path.to_owned(), source })?;
        Ok(Self { reader: Some(Arc::new(reader)) })
    }

    /// A database in which every place is unknown.
    #[must_use]
    pub const fn unknown() -> Self {
        Self { reader: None }
    }

    /// Where `address` is. An IPv4 address that is written as an IPv6 one (`::ffff:192.0.2.1`) counts as itself.
    #[must_use]
    pub fn locate(&self, address: IpAddr) -> Location<'_> {
        self.find(address.to_canonical()).map(Location::from).unwrap_or_default()
    }

    fn find(&self, address: IpAddr) -> Option<Record<'_>> {
        let reader = self.reader.as_deref()?;
        if address.is_ipv6() && reader.metadata().ip_version == 4 {
            return None;
        }
        reader.lookup(address).ok()?.decode().ok()?
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::test_database::{Value, database};
    use super::*;

    fn opened(bytes: &[u8]) -> GeoDatabase {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("test.mmdb");
        fs::write(&path, bytes).expect("a file");
        GeoDatabase::open(&path).expect("a database")
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn text(text: &'static str) -> Value {
        Value::Text(text)
    }

    fn names(english: &'static str) -> (&'static str, Value) {
        ("names", Value::Map(vec![("de", text("anders")), ("en", text(english)), ("fr", text("autre"))]))
    }

    fn flat() -> Vec<u8> {
        let germany = Value::Map(vec![("country_code", text("DE"))]);
        let city = Value::Map(vec![
            ("city", text("Landshut")),
            ("country_code", text("DE")),
            ("state1", text("Bavaria")),
            ("state2", text("")),
        ]);
        let nowhere = Value::Map(vec![("city", text("")), ("country_code", text("")), ("state1", text(""))]);
        database(6, &[("192.0.2.0", 24, germany), ("2001:db8:1::", 48, city), ("198.51.100.0", 25, nowhere)])
    }

    fn nested(ip_version: u16) -> Vec<u8> {
        let bavaria =
            Value::Map(vec![("geoname_id", Value::Number(2_951_839)), ("iso_code", text("BY")), names("Bavaria")]);
        let munich = Value::Map(vec![
            ("autonomous_system_number", Value::Number(64_500)),
            ("autonomous_system_organization", text("Example Net")),
            ("city", Value::Map(vec![names("Munich")])),
            ("country", Value::Map(vec![("iso_code", text("DE")), names("Germany")])),
            ("subdivisions", Value::List(vec![bavaria, Value::Map(vec![("iso_code", text("XX"))])])),
        ]);
        database(ip_version, &[("203.0.113.0", 24, munich)])
    }

    #[test]
    fn flat_records_are_understood() {
        let database = opened(&flat());
        let germany = Location { country: Some("DE"), ..Location::default() };
        assert_eq!(database.locate(address("192.0.2.77")), germany);
        let landshut = Location { region: Some("Bavaria"), city: Some("Landshut"), ..germany };
        assert_eq!(database.locate(address("2001:db8:1::9")), landshut);
    }

    #[test]
    fn records_of_maxminds_shape_are_understood() {
        let munich = Location {
            country: Some("DE"),
            subdivision: Some("BY"),
            region: Some("Bavaria"),
            city: Some("Munich"),
            asn: Some(64_500),
            organization: Some("Example Net"),
        };
        assert_eq!(opened(&nested(4)).locate(address("203.0.113.5")), munich);
        assert_eq!(opened(&nested(6)).locate(address("203.0.113.5")), munich);
    }

    #[test]
    fn what_is_not_in_the_file_is_unknown() {
        let database = opened(&flat());
        for unknown in ["192.0.3.1", "198.51.100.1", "2001:db8:2::1", "::1"] {
            assert_eq!(database.locate(address(unknown)), Location::default(), "{unknown}");
        }
        assert_eq!(GeoDatabase::unknown().locate(address("192.0.2.77")), Location::default());
    }

    #[test]
    fn mapped_addresses_count_as_themselves() {
        for database in [opened(&flat()), opened(&nested(4))] {
            let mapped = [address("::ffff:192.0.2.77"), address("::ffff:203.0.113.5")];
            let found = mapped.iter().any(|address| database.locate(*address).country == Some("DE"));
            assert!(found);
        }
    }

    #[test]
    fn a_file_without_ipv6_does_not_know_ipv6() {
        assert_eq!(opened(&nested(4)).locate(address("2001:db8:1::9")), Location::default());
    }

    #[test]
    fn a_look_up_allocates_nothing() {
        let database = opened(&nested(6));
        let known = address("203.0.113.5");
        let counted = allocation_counter::measure(|| {
            std::hint::black_box(database.locate(std::hint::black_box(known)));
        });
        assert_eq!(counted.count_total, 0);
    }

    #[test]
    fn files_that_cannot_be_used_say_why() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = folder.path().join("missing.mmdb");
        let error = GeoDatabase::open(&missing).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("missing.mmdb cannot be read: No such file"), "{error}");

        let text = folder.path().join("text.mmdb");
        fs::write(&text, "country,DE").expect("a file");
        let error = GeoDatabase::open(&text).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("text.mmdb is not a database of MaxMind's format"), "{error}");
    }

    #[test]
    fn a_torn_file_is_refused_or_unknown_and_never_panics() {
        let whole = nested(6);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("torn.mmdb");
        for (length, flipped) in (0..whole.len()).flat_map(|length| [(length, false), (whole.len(), length % 2 == 0)]) {
            let mut bytes = whole.clone();
            bytes.truncate(length.max(1));
            if flipped && let Some(byte) = bytes.get_mut(length * 7 % whole.len()) {
                *byte ^= 0xa5;
            }
            fs::write(&path, &bytes).expect("a file");
            if let Ok(database) = GeoDatabase::open(&path) {
                std::hint::black_box(database.locate(address("203.0.113.5")));
            }
        }
    }
}
