//! The records that a domain needs, what DNS said in their place, and what that means.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::time::Timestamp;

/// The label in front of a domain under which its TXT record stands.
pub(super) const CHALLENGE_LABEL: &str = "_elido-challenge";
/// What the value of the TXT record begins with.
const CHALLENGE_PREFIX: &str = "elido-verify=";
/// How many values of a type are kept for people to read, and how long each may be, in characters.
const SHOWN_MAX: usize = 10;
const SHOWN_LENGTH_MAX: usize = 255;

/// Where the domains of this instance have to point, and what shows that they are a workspace's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The target of a CNAME record, lower-case; none where there is none.
    pub ingress_name: Option<String>,
    /// The addresses of A and AAAA records, sorted.
    pub ingress_addresses: Vec<IpAddr>,
}

/// The type of a DNS record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordType {
    /// Text (RFC 1035, section 3.3.14).
    Txt,
    /// Another name (RFC 1035, section 3.3.1).
    Cname,
    /// An IPv4 address (RFC 1035, section 3.4.1).
    A,
    /// An IPv6 address (RFC 3596, section 2.1).
    Aaaa,
}

/// What a record is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// It shows that the domain is the workspace's.
    Ownership,
    /// It brings visitors here: either the CNAME record does, or all A and AAAA records do.
    Traffic,
}

/// Whether a record is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordStatus {
    /// It is.
    Found,
    /// It is not.
    Missing,
    /// Nobody has looked yet, or DNS could not be asked.
    Unknown,
}

/// A record to be set where the domain's DNS is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecordToSet {
    /// What it is for.
    pub purpose: Purpose,
    /// Its full name.
    #[schema(example = "_elido-challenge.go.example.com")]
    pub name: String,
    /// Its type.
    #[schema(rename = "type")]
    #[serde(rename = "type")]
    pub record_type: RecordType,
    /// Its value.
    #[schema(example = "elido-verify=Zm9vYmFyYmF6cXV4MTIzNA")]
    pub value: String,
    /// Whether it was there at the last check.
    pub status: RecordStatus,
    /// What was there instead, at most ten values. Addresses of private networks are not told.
    #[schema(max_items = 10)]
    pub found: Vec<String>,
}

/// What DNS answered to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked<T> {
    /// These values, and none if there are none.
    Found(Vec<T>),
    /// Nothing that can be relied on: no answer in time, or a failure of the server.
    Trouble(String),
}

/// An answer that may not be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// It is so.
    Yes,
    /// It is not.
    No,
    /// DNS could not be asked.
    Unknown,
}

/// What DNS said of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRecords {
    /// The values of TXT records under the challenge's name.
    pub challenges: Looked<String>,
    /// The names that CNAME records lead to, one after the other, lower-case.
    pub names: Looked<String>,
    /// The addresses behind the name.
    pub addresses: Looked<IpAddr>,
}

/// A look at the DNS of a domain, and what it showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainCheck {
    /// When.
    pub at: Timestamp,
    /// Whether the domain leads its visitors here.
    pub points_here: Answered,
    /// Whether the TXT record of the workspace is there.
    pub is_owned: Answered,
    /// Values of TXT records.
    pub challenges: Vec<String>,
    /// Targets of CNAME records.
    pub names: Vec<String>,
    /// Addresses.
    pub addresses: Vec<String>,
    /// Why DNS could not be asked.
    pub trouble: Option<String>,
}

impl<T> Looked<T> {
    /// What was found; nothing where DNS could not be asked.
    #[must_use]
    pub fn values(&self) -> &[T] {
        match self {
            Self::Found(values) => values,
            Self::Trouble(_) => &[],
        }
    }

    fn trouble(&self) -> Option<&str> {
        match self {
            Self::Found(_) => None,
            Self::Trouble(reason) => Some(reason),
        }
    }

    fn answered(&self, is_so: impl FnOnce(&[T]) -> bool) -> Answered {
        match self {
            Self::Found(values) if is_so(values) => Answered::Yes,
            Self::Found(_) => Answered::No,
            Self::Trouble(_) => Answered::Unknown,
        }
    }
}

impl Expected {
    /// The name under which the TXT record of a domain stands.
    #[must_use]
    pub fn challenge_name(hostname: &str) -> String {
        format!("{CHALLENGE_LABEL}.{hostname}")
    }

    /// The value of the TXT record for a workspace's token.
    #[must_use]
    pub fn challenge_value(token: &str) -> String {
        format!("{CHALLENGE_PREFIX}{token}")
    }

    /// Judges what DNS said of a domain that is claimed with this token.
    #[must_use]
    pub fn judge(&self, token: &str, found: &FoundRecords, at: Timestamp) -> DomainCheck {
        let value = Self::challenge_value(token);
        let troubles = [found.challenges.trouble(), found.names.trouble(), found.addresses.trouble()];
        DomainCheck {
            at,
            points_here: self.points_here(found),
            is_owned: found.challenges.answered(|values| values.iter().any(|text| text.trim() == value)),
            challenges: shown(found.challenges.values()),
            names: shown(found.names.values()),
            addresses: found
                .addresses
                .values()
                .iter()
                .take(SHOWN_MAX)
                .map(|address| self.shown_address(*address))
                .collect(),
            trouble: troubles.into_iter().flatten().next().map(cut),
        }
    }

    fn points_here(&self, found: &FoundRecords) -> Answered {
        let by_name = found.names.answered(|names| names.iter().any(|name| Some(name) == self.ingress_name.as_ref()));
        let is_ours = |address: &IpAddr| self.ingress_addresses.contains(address);
        let by_address = found.addresses.answered(|all| !all.is_empty() && all.iter().all(is_ours));
        match (by_name, by_address) {
            (Answered::Yes, _) | (_, Answered::Yes) => Answered::Yes,
            (Answered::Unknown, _) | (_, Answered::Unknown) => Answered::Unknown,
            (Answered::No, Answered::No) => Answered::No,
        }
    }

    /// An address as everybody may read it. What the resolver of this machine knows of private networks is nobody's business.
    fn shown_address(&self, address: IpAddr) -> String {
        let is_told = self.ingress_addresses.contains(&address) || crate::domain::public_address::is_public(address);
        if is_told { address.to_string() } else { "an address of a private network".to_owned() }
    }

    /// The records that a domain needs, beside what the last check found.
    #[must_use]
    pub fn records(&self, hostname: &str, token: &str, last: Option<&DomainCheck>) -> Vec<RecordToSet> {
        let ownership = RecordToSet {
            purpose: Purpose::Ownership,
            name: Self::challenge_name(hostname),
            record_type: RecordType::Txt,
            value: Self::challenge_value(token),
            status: status(last.map(|check| check.is_owned)),
            found: last.map(|check| check.challenges.clone()).unwrap_or_default(),
        };
        let traffic = |record_type, value: String, found: Vec<String>| {
            let is_there = last.map(|check| match check.points_here {
                Answered::Unknown => Answered::Unknown,
                _ if found.contains(&value) => Answered::Yes,
                _ => Answered::No,
            });
            let (name, status) = (hostname.to_owned(), status(is_there));
            RecordToSet { purpose: Purpose::Traffic, name, record_type, value, status, found }
        };
        let names = || last.map(|check| check.names.clone()).unwrap_or_default();
        let of_family = |is_ipv6: bool| {
            let addresses = last.map(|check| check.addresses.clone()).unwrap_or_default();
            addresses.into_iter().filter(|text| text.contains(':') == is_ipv6).collect::<Vec<_>>()
        };
        let by_name = self.ingress_name.iter().map(|name| traffic(RecordType::Cname, name.clone(), names()));
        let by_address = self.ingress_addresses.iter().map(|address| {
            let record_type = if address.is_ipv6() { RecordType::Aaaa } else { RecordType::A };
            traffic(record_type, address.to_string(), of_family(address.is_ipv6()))
        });
        std::iter::once(ownership).chain(by_name).chain(by_address).collect()
    }
}

fn status(answered: Option<Answered>) -> RecordStatus {
    match answered {
        Some(Answered::Yes) => RecordStatus::Found,
        Some(Answered::No) => RecordStatus::Missing,
        Some(Answered::Unknown) | None => RecordStatus::Unknown,
    }
}

fn shown(values: &[String]) -> Vec<String> {
    values.iter().take(SHOWN_MAX).map(|value| cut(value)).collect()
}

/// What people read of a text that a stranger wrote.
fn cut(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(SHOWN_LENGTH_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);

    fn expected() -> Expected {
        let addresses = ["192.0.2.1", "2001:db8::1"].map(|address| address.parse().expect("an address"));
        Expected { ingress_name: Some("ingress.example.com".into()), ingress_addresses: addresses.into() }
    }

    fn found(challenges: &[&str], names: &[&str], addresses: &[&str]) -> FoundRecords {
        let owned = |values: &[&str]| values.iter().map(ToString::to_string).collect::<Vec<_>>();
        FoundRecords {
            challenges: Looked::Found(owned(challenges)),
            names: Looked::Found(owned(names)),
            addresses: Looked::Found(addresses.iter().map(|address| address.parse().expect("an address")).collect()),
        }
    }

    fn judged(records: &FoundRecords) -> (Answered, Answered) {
        let check = expected().judge("token", records, NOW);
        (check.points_here, check.is_owned)
    }

    #[test]
    fn a_domain_points_here_by_its_name_or_by_all_of_its_addresses() {
        use Answered::{No, Yes};
        let ours = &["elido-verify=token"];
        for (records, wanted) in [
            (found(ours, &["ingress.example.com"], &[]), (Yes, Yes)),
            (found(ours, &["alias.example.net", "ingress.example.com"], &["203.0.113.5"]), (Yes, Yes)),
            (found(&["other", "elido-verify=token "], &[], &["192.0.2.1", "2001:db8::1"]), (Yes, Yes)),
            (found(ours, &[], &["192.0.2.1"]), (Yes, Yes)),
            (found(ours, &[], &["192.0.2.1", "203.0.113.5"]), (No, Yes)),
            (found(&["elido-verify=another"], &["ingress.example.com"], &[]), (Yes, No)),
            (found(&[], &["ingress.example.com.evil.example"], &[]), (No, No)),
        ] {
            assert_eq!(judged(&records), wanted, "{records:?}");
        }
    }

    #[test]
    fn trouble_says_nothing_unless_the_rest_says_enough() {
        let trouble = || Looked::Trouble("no answer in time".into());
        let records = FoundRecords { challenges: trouble(), ..found(&[], &["ingress.example.com"], &[]) };
        assert_eq!(judged(&records), (Answered::Yes, Answered::Unknown));
        let records =
            FoundRecords { addresses: Looked::Trouble("a failure".into()), ..found(&[], &["elsewhere.example"], &[]) };
        assert_eq!(judged(&records), (Answered::Unknown, Answered::No));
        assert_eq!(expected().judge("token", &records, NOW).trouble.as_deref(), Some("a failure"));
    }

    #[test]
    fn the_records_to_set_are_told_beside_what_was_found() {
        let check = expected().judge("token", &found(&["else"], &["shop.example"], &["10.0.0.7", "198.51.99.7"]), NOW);
        let records = expected().records("go.example.com", "token", Some(&check));
        let lines: Vec<_> =
            records.iter().map(|record| (record.record_type, record.value.as_str(), record.status)).collect();
        assert_eq!(
            lines,
            [
                (RecordType::Txt, "elido-verify=token", RecordStatus::Missing),
                (RecordType::Cname, "ingress.example.com", RecordStatus::Missing),
                (RecordType::A, "192.0.2.1", RecordStatus::Missing),
                (RecordType::Aaaa, "2001:db8::1", RecordStatus::Missing),
            ]
        );
        assert_eq!(records[0].name, "_elido-challenge.go.example.com");
        assert_eq!(
            (&records[0].found[..], &records[1].found[..]),
            (&["else".to_owned()][..], &["shop.example".to_owned()][..])
        );
        assert_eq!(records[2].found, ["an address of a private network", "198.51.99.7"]);
        let many = vec![String::from("x").repeat(1_000); 10_000];
        let check =
            expected().judge("token", &FoundRecords { challenges: Looked::Found(many), ..found(&[], &[], &[]) }, NOW);
        assert!(check.challenges.len() == 10 && check.challenges.iter().all(|text| text.len() == 255));
    }
}
