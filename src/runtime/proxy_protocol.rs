//! The PROXY protocol of HAProxy, versions 1 and 2: the header with which a proxy that passes bytes on tells where they come from.
//!
//! Invariants: nothing behind the header is taken; a header that cannot be read ends the connection, and never counts as the
//! proxy's own address. Source: <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>.

use std::net::{IpAddr, SocketAddr};

use ppp::v2::Command;
use ppp::{v1, v2};

/// The longest header that is read, in bytes. Proxies append a few hundred bytes of their own at most.
pub const HEADER_BYTES_MAX: usize = 2 * 1024;
/// The longest line of version 1, with its end.
const LINE_BYTES_MAX: usize = 107;
/// What each line of version 1 begins with.
const LINE_START: &[u8] = b"PROXY ";
/// How much of version 2 says how long the rest is.
const BLOCK_START_BYTES: usize = 16;

/// Whom a connection comes from, by its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// This client.
    Client(SocketAddr),
    /// A client whom the proxy does not tell.
    Untold,
    /// The proxy itself, such as for its health checks.
    Proxy,
}

/// What the first bytes of a connection are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// A header of so many bytes.
    Header(Source, usize),
    /// The beginning of one.
    Incomplete,
    /// Not the PROXY protocol.
    Malformed,
}

/// Reads the header at the start of `bytes`.
#[must_use]
pub fn read(bytes: &[u8]) -> Reading {
    if is_beginning(bytes, v2::PROTOCOL_PREFIX) {
        read_block(bytes)
    } else if is_beginning(bytes, LINE_START) {
        read_line(bytes)
    } else {
        Reading::Malformed
    }
}

/// Version 2.
fn read_block(bytes: &[u8]) -> Reading {
    let Some([.., high, low]) = bytes.get(..BLOCK_START_BYTES) else { return Reading::Incomplete };
    let length = BLOCK_START_BYTES + usize::from(u16::from_be_bytes([*high, *low]));
    if length > HEADER_BYTES_MAX {
        return Reading::Malformed;
    }
    let Some(header) = bytes.get(..length) else { return Reading::Incomplete };
    let Ok(header) = v2::Header::try_from(header) else { return Reading::Malformed };
    let source = match (header.command, header.addresses) {
        (Command::Local, _) => Source::Proxy,
        (Command::Proxy, v2::Addresses::IPv4(told)) => client(told.source_address, told.source_port),
        (Command::Proxy, v2::Addresses::IPv6(told)) => client(told.source_address, told.source_port),
        (Command::Proxy, v2::Addresses::Unspecified | v2::Addresses::Unix(_)) => Source::Untold,
    };
    Reading::Header(source, length)
}

/// Version 1.
fn read_line(bytes: &[u8]) -> Reading {
    let Some(end) = bytes.iter().take(LINE_BYTES_MAX).position(|byte| *byte == b'\n') else {
        return if bytes.len() < LINE_BYTES_MAX { Reading::Incomplete } else { Reading::Malformed };
    };
    let Some(line) = bytes.get(..=end) else { return Reading::Malformed };
    let Ok(header) = v1::Header::try_from(line) else { return Reading::Malformed };
    // A carriage return within the line would end it early.
    if header.header.len() != line.len() {
        return Reading::Malformed;
    }
    let source = match header.addresses {
        v1::Addresses::Tcp4(told) => client(told.source_address, told.source_port),
        v1::Addresses::Tcp6(told) => client(told.source_address, told.source_port),
        v1::Addresses::Unknown => Source::Untold,
    };
    Reading::Header(source, line.len())
}

fn client(address: impl Into<IpAddr>, port: u16) -> Source {
    Source::Client(SocketAddr::new(address.into(), port))
}

/// Whether `bytes` begin with `start`, as far as they go.
fn is_beginning(bytes: &[u8], start: &[u8]) -> bool {
    bytes.iter().zip(start).all(|(found, expected)| found == expected)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).expect("a short body").to_be_bytes();
        [v2::PROTOCOL_PREFIX, &[0x20 | command, family], &length, body].concat()
    }

    fn block_of(addresses: &str) -> Vec<u8> {
        let bytes = |text: &str| match text.parse().expect("an address") {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let (source, destination) = addresses.split_once(' ').expect("two addresses");
        let family = if source.contains(':') { 0x21 } else { 0x11 };
        let extension = [0x04, 0, 2, 0, 0];
        block(1, family, &[bytes(source), bytes(destination), vec![0x1f, 0x90, 0, 80], extension.to_vec()].concat())
    }

    fn client_of(address: &str) -> Source {
        Source::Client(address.parse().expect("an address with a port"))
    }

    fn examples() -> Vec<(Vec<u8>, Source)> {
        vec![
            (b"PROXY TCP4 198.51.100.7 192.0.2.1 8080 443\r\n".to_vec(), client_of("198.51.100.7:8080")),
            (b"PROXY TCP6 2001:db8::7 2001:db8::1 8080 443\r\n".to_vec(), client_of("[2001:db8::7]:8080")),
            (b"PROXY UNKNOWN\r\n".to_vec(), Source::Untold),
            (b"PROXY UNKNOWN ffff:f::1 ffff::1 65535 65535\r\n".to_vec(), Source::Untold),
            (block_of("198.51.100.7 192.0.2.1"), client_of("198.51.100.7:8080")),
            (block_of("2001:db8::7 2001:db8::1"), client_of("[2001:db8::7]:8080")),
            (block(1, 0, &[]), Source::Untold),
            (block(1, 0x31, &[0; 216]), Source::Untold),
            (block(0, 0, &[]), Source::Proxy),
            (block(0, 0x11, &[0; 12]), Source::Proxy),
        ]
    }

    #[test]
    fn a_header_is_read_however_it_arrives_and_what_follows_is_left() {
        for (header, source) in examples() {
            for end in 0..header.len() {
                assert_eq!(read(&header[..end]), Reading::Incomplete, "{end} bytes of {header:?}");
            }
            let with_request = [&header[..], b"GET / HTTP/1.1\r\n"].concat();
            assert_eq!(read(&with_request), Reading::Header(source, header.len()), "{header:?}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let long = [&b"PROXY TCP4 "[..], &[b'1'; 200]].concat();
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"PROXY TCP4 198.51.100.7 192.0.2.1 8080 443\n",
            b"PROXY TCP4 198.51.100.7 192.0.2.1 8080\r 443\r\n",
            b"PROXY TCP4 198.51.100.7, 192.0.2.1 8080 443\r\n",
            b"PROXY TCP4 2001:db8::7 2001:db8::1 8080 443\r\n",
            b"PROXY TCP4 198.51.100.7 192.0.2.1 65536 443\r\n",
            b"proxy TCP4 198.51.100.7 192.0.2.1 8080 443\r\n",
            b"PROXY UDP4 198.51.100.7 192.0.2.1 8080 443\r\n",
            &long,
            &block(1, 0x11, &[0; 11]),
            &block(2, 0x11, &[0; 12]),
            &block(1, 0x41, &[0; 12]),
            &block(1, 0x11, &vec![0; HEADER_BYTES_MAX]),
        ] {
            assert_eq!(read(bytes), Reading::Malformed, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_harm_and_more_of_them_change_no_reading(
            (start, _) in prop::sample::select(examples()),
            cut in any::<prop::sample::Index>(),
            noise in prop::collection::vec(any::<u8>(), 0..300),
            more in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let bytes = [&start[..cut.index(start.len() + 1)], &noise].concat();
            let reading = read(&bytes);
            if reading != Reading::Incomplete {
                prop_assert_eq!(read(&[bytes, more].concat()), reading);
            }
        }
    }
}
