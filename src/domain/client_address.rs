//! Who a request is from, when proxies stand between: the one reader of what proxies write.
//!
//! Invariants: a header is believed only as far as the trusted proxies reach, counted from the right, which no visitor can
//! shift; what cannot be read is an error with a reason and never another address in its place. Reading allocates nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

/// Stands for a visitor whose address is not known.
pub const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The header in which proxies tell where a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`: addresses, with or without ports.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl ForwardedHeader {
    /// Its name in small letters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

/// Which proxies are believed about addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrustedProxies {
    /// How many proxies stand in front; 0 means that no header is believed.
    pub hops: usize,
    /// Where they write.
    pub header: ForwardedHeader,
}

/// Why an address is not known although proxies are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// There are fewer entries than trusted proxies.
    Missing,
    /// The proxy hides the address, or does not know it.
    Hidden,
    /// The entry is no address in any known form.
    Malformed,
}

impl Unreadable {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Missing, Self::Hidden, Self::Malformed];

    /// As metrics and logs name it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Hidden => "hidden",
            Self::Malformed => "malformed",
        }
    }
}

/// The most proxies between a visitor and this process that can be trusted.
pub const HOPS_MAX: usize = 16;
/// What is read of the end of a line, in bytes: many times what so many proxies write.
const LINE_BYTES_MAX: usize = 4 * 1024;

impl TrustedProxies {
    /// The address that the outermost trusted proxy was called from, or `peer` where none is trusted. `lines` are the values of
    /// the header, in their order.
    ///
    /// # Errors
    /// That proxy wrote no address.
    pub fn client_address<'a, L: Iterator<Item = &'a [u8]>>(
        self,
        peer: IpAddr,
        lines: impl Fn() -> L,
    ) -> Result<IpAddr, Unreadable> {
        if self.hops == 0 {
            return Ok(peer.to_canonical());
        }
        let entry = entry_from_the_right(self.hops, lines).ok_or(Unreadable::Missing)?;
        let node = match self.header {
            ForwardedHeader::XForwardedFor => entry,
            ForwardedHeader::Forwarded => for_parameter(entry).ok_or(Unreadable::Hidden)?,
        };
        read_node(node)
    }
}

/// The part of an address by which limits are kept: an IPv6 host owns at least its /64, so that the rest counts for nothing.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX))),
        address @ IpAddr::V4(_) => address,
    }
}

/// The network that one subscriber gets: the address of IPv4, the /56 of IPv6 (RIPE-690), which holds 256 networks of [`network`].
#[must_use]
pub fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) >> 72 << 72)),
        address @ IpAddr::V4(_) => address,
    }
}

/// Counted from 1. Empty entries are none (RFC 9110, section 5.6.1). What is farther left than proxies write costs nothing.
fn entry_from_the_right<'a, L: Iterator<Item = &'a [u8]>>(place: usize, lines: impl Fn() -> L) -> Option<&'a [u8]> {
    let mut last: [&[u8]; HOPS_MAX] = [&[]; HOPS_MAX];
    for line in lines().filter(|line| !is_blank(line)) {
        last.rotate_left(1);
        if let Some(newest) = last.last_mut() {
            *newest = line.get(line.len().saturating_sub(LINE_BYTES_MAX)..).unwrap_or(line);
        }
    }
    let entries = |line| FromTheRight { rest: Some(line), separator: b',' }.filter(|entry| !entry.is_empty());
    last.into_iter().rev().flat_map(entries).nth(place.checked_sub(1)?)
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| *byte == b',' || byte.is_ascii_whitespace())
}

/// The parts of a line, the last one first, without space around. Quotes are matched from the right too, so that one that a
/// visitor left open hides nothing that a proxy has appended.
struct FromTheRight<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
}

impl<'a> Iterator for FromTheRight<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.take()?;
        let mut is_quoted = false;
        let end = rest.iter().rposition(|byte| {
            is_quoted ^= *byte == b'"';
            *byte == self.separator && !is_quoted
        });
        let Some((before, after)) = end.and_then(|end| rest.split_at_checked(end)) else {
            return Some(rest.trim_ascii());
        };
        self.rest = Some(before);
        Some(after.get(1..)?.trim_ascii())
    }
}

/// The node of an element such as `for="[2001:db8::1]:4711";proto=https`.
fn for_parameter(element: &[u8]) -> Option<&[u8]> {
    FromTheRight { rest: Some(element), separator: b';' }.find_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = pair.split_at_checked(equals)?;
        name.trim_ascii().eq_ignore_ascii_case(b"for").then(|| value.get(1..))?
    })
}

fn read_node(node: &[u8]) -> Result<IpAddr, Unreadable> {
    let node = node.trim_ascii();
    let node = node.strip_prefix(b"\"").and_then(|node| node.strip_suffix(b"\"")).unwrap_or(node).trim_ascii();
    let text = std::str::from_utf8(node).map_err(|_| Unreadable::Malformed)?;
    if text.is_empty() || text.starts_with('_') || without_port(text).eq_ignore_ascii_case("unknown") {
        return Err(Unreadable::Hidden);
    }
    let address = match text.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']').filter(|(_, port)| is_port(port)).map(|(address, _)| address),
        None => Some(text),
    };
    let address = address.ok_or(Unreadable::Malformed)?;
    let address = parse(address).or_else(|| parse(without_port(address))).ok_or(Unreadable::Malformed)?.to_canonical();
    if address.is_unspecified() { Err(Unreadable::Hidden) } else { Ok(address) }
}

/// An address without the zone that only its own host understands.
fn parse(text: &str) -> Option<IpAddr> {
    text.split_once('%').filter(|(address, _)| address.contains(':')).map_or(text, |(address, _)| address).parse().ok()
}

fn without_port(text: &str) -> &str {
    match text.rfind(':').and_then(|colon| text.split_at_checked(colon)) {
        Some((host, port)) if is_port(port) => host,
        _ => text,
    }
}

/// Nothing, or a colon and a port, which may be obfuscated (RFC 7239, section 6.2).
fn is_port(text: &str) -> bool {
    let is_number = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| is_number(port) || port.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

    fn read(header: ForwardedHeader, hops: usize, lines: &[&[u8]]) -> Result<String, Unreadable> {
        let proxies = TrustedProxies { hops, header };
        proxies.client_address(PEER, || lines.iter().copied()).map(|address| address.to_string())
    }

    fn x_forwarded_for(hops: usize, lines: &[&str]) -> Result<String, Unreadable> {
        let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
        read(ForwardedHeader::XForwardedFor, hops, &lines)
    }

    fn forwarded(line: &str) -> Result<String, Unreadable> {
        read(ForwardedHeader::Forwarded, 1, &[line.as_bytes()])
    }

    #[test]
    fn every_form_that_proxies_write_is_read() {
        for entry in [
            "198.51.100.7",
            "198.51.100.7:51008",
            " 198.51.100.7 , ",
            "198.51.100.7,",
            "198.51.100.7,, ,",
            "\"198.51.100.7\"",
            "\"198.51.100.7:80\"",
            "::ffff:198.51.100.7",
            "[::ffff:198.51.100.7]:443",
            "192.0.2.1, 198.51.100.7:1",
            "\u{e9}, 198.51.100.7",
            "\", 198.51.100.7",
        ] {
            assert_eq!(x_forwarded_for(1, &[entry]).as_deref(), Ok("198.51.100.7"), "{entry}");
        }
        for entry in [
            "2001:db8::1",
            "[2001:db8::1]",
            "[2001:db8::1]:4711",
            "\"[2001:db8::1]:4711\"",
            "2001:db8::1%eth0",
            "[2001:db8::1%25eth0]:80",
            "2001:db8:0:0:0:0:0:1:4711",
        ] {
            assert_eq!(x_forwarded_for(1, &[entry]).as_deref(), Ok("2001:db8::1"), "{entry}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_apart_and_never_replaced() {
        for (entry, reason) in [
            ("", Unreadable::Missing),
            (",", Unreadable::Missing),
            ("unknown", Unreadable::Hidden),
            ("Unknown:80", Unreadable::Hidden),
            ("_gazonk", Unreadable::Hidden),
            ("0.0.0.0", Unreadable::Hidden),
            ("nonsense", Unreadable::Malformed),
            ("198.51.100.7:port", Unreadable::Malformed),
            ("198.51.100.7:123456", Unreadable::Malformed),
            ("[2001:db8::1", Unreadable::Malformed),
            ("[2001:db8::1]x", Unreadable::Malformed),
            ("198.51.100.300", Unreadable::Malformed),
            ("192.0.2.1 198.51.100.7", Unreadable::Malformed),
        ] {
            assert_eq!(x_forwarded_for(1, &[entry]), Err(reason), "{entry}");
        }
        assert_eq!(read(ForwardedHeader::XForwardedFor, 1, &[b"192.0.2.1, \xff"]), Err(Unreadable::Malformed));
        assert_eq!(x_forwarded_for(2, &["198.51.100.7"]), Err(Unreadable::Missing));
        assert_eq!(x_forwarded_for(0, &["198.51.100.7"]).as_deref(), Ok("10.0.0.1"));
    }

    #[test]
    fn proxies_are_counted_from_the_right_over_all_lines() {
        let lines = ["192.0.2.1, 192.0.2.2", "192.0.2.3", "", "192.0.2.4,"];
        for (hops, address) in [(1, "192.0.2.4"), (2, "192.0.2.3"), (3, "192.0.2.2"), (4, "192.0.2.1")] {
            assert_eq!(x_forwarded_for(hops, &lines).as_deref(), Ok(address));
        }
        assert_eq!(x_forwarded_for(5, &lines), Err(Unreadable::Missing));
        assert_eq!(read(ForwardedHeader::XForwardedFor, 1, &[b"\xff", b"198.51.100.9"]).as_deref(), Ok("198.51.100.9"));
    }

    #[test]
    fn what_a_visitor_piles_up_in_front_changes_nothing() {
        let pile = "192.0.2.9,".repeat(10_000);
        for lines in [vec![&*pile, "192.0.2.1, 192.0.2.2"], vec![&*pile; 40], vec![",, ,"; 40]] {
            let lines = [lines, vec!["192.0.2.3,192.0.2.4"]].concat();
            assert_eq!(x_forwarded_for(1, &lines).as_deref(), Ok("192.0.2.4"));
            assert_eq!(x_forwarded_for(2, &lines).as_deref(), Ok("192.0.2.3"));
        }
        assert_eq!(x_forwarded_for(16, &["192.0.2.7"; 16]).as_deref(), Ok("192.0.2.7"));
    }

    #[test]
    fn forwarded_is_read_as_its_standard_has_it() {
        for line in [
            "for=192.0.2.60;proto=http;by=203.0.113.43",
            "FOR = \"192.0.2.60:80\" ; by=203.0.113.43",
            "for=198.51.100.1, proto=https;for=192.0.2.60",
            "for=\"open, for=192.0.2.60",
            "host=\"a,b;for=1.1.1.1\";for=192.0.2.60",
        ] {
            assert_eq!(forwarded(line).as_deref(), Ok("192.0.2.60"), "{line}");
        }
        assert_eq!(forwarded("For=\"[2001:db8:cafe::17]:4711\"").as_deref(), Ok("2001:db8:cafe::17"));
        assert_eq!(forwarded("for=\"[2001:db8:cafe::17]:_port\"").as_deref(), Ok("2001:db8:cafe::17"));
        for line in ["for=unknown", "for=_hidden", "for=\"_SEVKISEK\"", "proto=https", "for="] {
            assert_eq!(forwarded(line), Err(Unreadable::Hidden), "{line}");
        }
        assert_eq!(forwarded("for=nonsense"), Err(Unreadable::Malformed));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one() {
        let network_of = |text: &str| network(text.parse().expect("an address")).to_string();
        assert_eq!(network_of("2001:db8::5:6:7:8"), "2001:db8::");
        assert_eq!(network_of("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(network_of("192.0.2.1"), "192.0.2.1");
    }

    proptest! {
        #[test]
        fn a_visitor_cannot_shift_what_the_proxy_appends(sent in prop::collection::vec(any::<u8>(), 0..40), standard in any::<bool>()) {
            let (header, appended): (_, &[u8]) = if standard {
                (ForwardedHeader::Forwarded, b"for=\"198.51.100.7:80\"")
            } else {
                (ForwardedHeader::XForwardedFor, b"198.51.100.7:80")
            };
            let line = [&sent, b", ".as_slice(), appended].concat();
            let address = Ok("198.51.100.7".to_owned());
            prop_assert_eq!(&read(header, 1, &[&line]), &address);
            prop_assert_eq!(&read(header, 1, &[&sent, appended]), &address);
        }
    }
}
