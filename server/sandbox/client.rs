//! Whom runs and connections are counted for.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// How many bits of an IPv6 address name a client: whoever has one address there has the whole /64.
const IPV6_PREFIX: u8 = 64;

/// How many bits of an IPv4 address name the network whose clients share what is scarce.
const IPV4_NETWORK: u8 = 24;
/// The same of an IPv6 address: what a site is given, and what a home is.
const IPV6_NETWORKS: [u8; 2] = [48, 56];

/// A network that several clients are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    /// Its first address.
    first: IpAddr,
    /// How many bits of its addresses are the same.
    prefix: u8,
}

/// A client: an IPv4 address, the /64 network of an IPv6 one, whoever has one of the operator's keys, or all who come from
/// pages of one origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientKey(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    Address(IpAddr),
    /// By its number.
    Key(u64),
    /// The same.
    Origin(u64),
}

impl ClientKey {
    /// The client at `address`. An IPv4 address written as an IPv6 one is the same client.
    pub fn of(address: IpAddr) -> Self {
        Self(Kind::Address(match address.to_canonical() {
            IpAddr::V6(address) => {
                Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - IPV6_PREFIX))).into()
            }
            address => address,
        }))
    }

    /// Whoever has the key of this number, wherever they are.
    pub fn with_key(number: u64) -> Self {
        Self(Kind::Key(number))
    }

    /// Whoever comes from pages of this origin, by the number that is its.
    pub fn with_origin(number: u64) -> Self {
        Self(Kind::Origin(number))
    }

    /// Its address, or the first of its network, if it is counted by that.
    pub fn address(self) -> Option<IpAddr> {
        match self.0 {
            Kind::Address(address) => Some(address),
            Kind::Key(_) | Kind::Origin(_) => None,
        }
    }

    /// The networks that it is in, the widest first: the /24 of an IPv4 address, the /48 and the /56 of an IPv6 one.
    pub fn networks(self) -> impl DoubleEndedIterator<Item = Network> {
        let networks = match self.0 {
            Kind::Address(IpAddr::V4(address)) => {
                let bits = address.to_bits() & (u32::MAX << (32 - IPV4_NETWORK));
                let first = std::net::Ipv4Addr::from_bits(bits).into();
                [Some(Network { first, prefix: IPV4_NETWORK }), None]
            }
            Kind::Address(IpAddr::V6(address)) => IPV6_NETWORKS.map(|prefix| {
                let bits = address.to_bits() & (u128::MAX << (128 - prefix));
                Some(Network { first: Ipv6Addr::from_bits(bits).into(), prefix })
            }),
            Kind::Key(_) | Kind::Origin(_) => [None, None],
        };
        networks.into_iter().flatten()
    }

    /// The number of its key, if it has one.
    pub fn key(self) -> Option<u64> {
        match self.0 {
            Kind::Address(_) | Kind::Origin(_) => None,
            Kind::Key(number) => Some(number),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.0 {
            Kind::Address(IpAddr::V4(address)) => address.fmt(f),
            Kind::Address(IpAddr::V6(network)) => write!(f, "{network}/{IPV6_PREFIX}"),
            Kind::Key(number) => write!(f, "key {number:016x}"),
            Kind::Origin(number) => write!(f, "origin {number:016x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(address: &str) -> ClientKey {
        ClientKey::of(address.parse().expect("an address"))
    }

    #[test]
    fn a_client_is_an_ipv4_address_or_an_ipv6_network() {
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(key("2001:db8:0:1::1"), key("2001:db8:0:1:ffff:ffff:ffff:ffff"));
        assert_ne!(key("2001:db8:0:1::1"), key("2001:db8:0:2::1"));
        assert_eq!(key("2001:db8:0:1::1").to_string(), "2001:db8:0:1::/64");
        assert_eq!(key("::ffff:192.0.2.1").to_string(), "192.0.2.1");
    }
    #[test]
    fn a_client_is_in_networks_the_widest_first() {
        let networks = |address| key(address).networks().map(|it| it.to_string()).collect::<Vec<_>>();
        assert_eq!(networks("192.0.2.77"), ["192.0.2.0/24"]);
        assert_eq!(networks("2001:db8:1:2345::1"), ["2001:db8:1::/48", "2001:db8:1:2300::/56"]);
        assert_eq!(ClientKey::with_key(1).networks().count(), 0);
    }
}
