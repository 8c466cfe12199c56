//! What a workspace asks of its clicks: for how long they are kept, and what of a visitor is used for them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::click::Click;

/// A hundred years.
pub const RETENTION_DAYS_MAX: i64 = 36_500;
const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// What of a visitor's address is used. It is not kept in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VisitorAddresses {
    /// The address: for country, region, city and network, and to tell visitors apart.
    #[default]
    Whole,
    /// Its network: the first 24 bits of an IPv4 address, the first 48 of IPv6. Visitors of one network who use the same program are one.
    Truncated,
    /// Nothing: there are no places and no visitors.
    Unused,
}

/// What a workspace asks of its clicks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClickPolicy {
    /// For how many days clicks are kept; for as long as the instance keeps them where it is zero.
    pub retention_days: i64,
    /// What of a visitor's address is used.
    pub addresses: VisitorAddresses,
    /// Whether reports count visitors who ask not to be tracked (`DNT: 1`, `Sec-GPC: 1`). They are told apart in neither case.
    pub count_opted_out: bool,
}

impl Default for ClickPolicy {
    fn default() -> Self {
        Self { retention_days: 0, addresses: VisitorAddresses::default(), count_opted_out: true }
    }
}

impl ClickPolicy {
    /// For how long clicks are kept at most; nothing where the workspace does not say.
    #[must_use]
    pub fn retention(&self) -> Option<Duration> {
        let days = u64::try_from(self.retention_days).ok().filter(|days| *days > 0)?;
        Some(Duration::from_secs(days * SECONDS_PER_DAY))
    }

    /// The click as the workspace wants it looked at.
    #[must_use]
    pub fn applied<'a>(&self, click: &Click<'a>) -> Click<'a> {
        let address = match self.addresses {
            VisitorAddresses::Whole => click.address,
            VisitorAddresses::Truncated => network(click.address),
            VisitorAddresses::Unused => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        };
        Click { address, ..*click }
    }

    /// Whether visitors may be told apart for a day.
    #[must_use]
    pub fn tells_visitors_apart(&self) -> bool {
        self.addresses != VisitorAddresses::Unused
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => network_of_four(address).into(),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => network_of_four(address).into(),
            None => Ipv6Addr::from(u128::from(address) & (u128::MAX << 80)).into(),
        },
    }
}

fn network_of_four(address: Ipv4Addr) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(address) & (u32::MAX << 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_cut_to_its_network() {
        for (address, expected) in [
            ("192.0.2.77", "192.0.2.0"),
            ("::ffff:192.0.2.77", "192.0.2.0"),
            ("2001:db8:1234:5678::9", "2001:db8:1234::"),
        ] {
            let address: IpAddr = address.parse().expect("an address");
            assert_eq!(network(address), expected.parse::<IpAddr>().expect("an address"));
        }
    }

    #[test]
    fn who_says_nothing_keeps_clicks_as_long_as_the_instance() {
        assert_eq!(ClickPolicy::default().retention(), None);
        let policy = ClickPolicy { retention_days: 2, ..ClickPolicy::default() };
        assert_eq!(policy.retention(), Some(Duration::from_secs(172_800)));
    }
}
