//! Which of several visitors somebody is, without a cookie.

use std::net::IpAddr;

use crate::domain::id::LinkId;

/// Equal for the same visitor of the same link, on every edge and after every restart: FNV-1a over link, address and user agent.
#[must_use]
pub fn visitor_hash(link: LinkId, address: IpAddr, user_agent: &str) -> u64 {
    let start = fnv(0xcbf2_9ce4_8422_2325, link.as_uuid().as_bytes());
    let with_address = match address {
        IpAddr::V4(address) => fnv(start, &address.octets()),
        IpAddr::V6(address) => fnv(start, &address.octets()),
    };
    let hash = fnv(with_address, user_agent.as_bytes());
    // The low bits of FNV are weak alone; folding the high ones in evens them out.
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn fnv(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
