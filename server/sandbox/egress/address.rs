//! Which addresses are the public network's: those that programs may reach if a rule allows their host.
//!
//! It is decided by what is allowed, not by what is refused: an IPv6 address that embeds another address, or whose
//! block has not been given to anybody, is no public one. See the registries of special-purpose addresses,
//! <https://www.iana.org/assignments/iana-ipv4-special-registry> and
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is if programs may not reach it; `None` for a public one.
pub fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

fn v4(address: Ipv4Addr) -> Option<&'static str> {
    Some(match address.octets() {
        [0, ..] => "an unspecified address",
        [127, ..] => "a loopback address",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "a private address",
        [169, 254, ..] => "a link-local address",
        [100, 64..=127, ..] => "an address of a carrier's own network",
        [192, 0, 0, _] => "an address reserved for protocols",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "an address for documentation",
        [192, 31, 196, _] | [192, 52, 193, _] | [192, 175, 48, _] => "an address reserved for protocols",
        [192, 88, 99, _] => "an address of a relay",
        [198, 18..=19, ..] => "an address for benchmarks",
        // A public address by its number, but in Microsoft's cloud it is the machine's host.
        [168, 63, 129, 16] => "an address of a cloud's own",
        [224..=239, ..] => "a multicast address",
        [255, 255, 255, 255] => "the broadcast address",
        [240..=255, ..] => "a reserved address",
        _ => return None,
    })
}

fn v6(address: Ipv6Addr) -> Option<&'static str> {
    if address.is_unspecified() {
        return Some("an unspecified address");
    }
    if address.is_loopback() {
        return Some("a loopback address");
    }
    Some(match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => "an IPv4 address in IPv6's clothes",
        [0, 0, 0, 0, 0, 0, ..] => "an IPv4 address in IPv6's clothes",
        [0x64, 0xff9b, ..] => "an address of a translator to IPv4",
        [0x2002, ..] | [0x2001, 0, ..] => "an address of a tunnel to IPv4",
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => "an address for documentation",
        [0x2001, 0..=0x1ff, ..] => "an address reserved for protocols",
        [0x2620, 0x4f, 0x8000, ..] => "an address reserved for protocols",
        // ISATAP: routers that know it would send this on to the IPv4 address at its end.
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => "an address of a tunnel to IPv4",
        [0x2000..=0x3fff, ..] => return None,
        [0xfc00..=0xfdff, ..] => "a private address",
        [0xfe80..=0xfebf, ..] => "a link-local address",
        [0xff00..=0xffff, ..] => "a multicast address",
        _ => "a reserved address",
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn is_public(text: &str) -> bool {
        not_public(text.parse().unwrap()).is_none()
    }

    #[test]
    fn the_first_and_last_address_of_each_block_is_refused_and_their_neighbours_are_not() {
        for (first, last, before, after) in [
            ("0.0.0.0", "0.255.255.255", None, Some("1.0.0.0")),
            ("10.0.0.0", "10.255.255.255", Some("9.255.255.255"), Some("11.0.0.0")),
            ("100.64.0.0", "100.127.255.255", Some("100.63.255.255"), Some("100.128.0.0")),
            ("127.0.0.0", "127.255.255.255", Some("126.255.255.255"), Some("128.0.0.0")),
            ("168.63.129.16", "168.63.129.16", Some("168.63.129.15"), Some("168.63.129.17")),
            ("169.254.0.0", "169.254.255.255", Some("169.253.255.255"), Some("169.255.0.0")),
            ("172.16.0.0", "172.31.255.255", Some("172.15.255.255"), Some("172.32.0.0")),
            ("192.0.0.0", "192.0.0.255", Some("191.255.255.255"), Some("192.0.1.0")),
            ("192.0.2.0", "192.0.2.255", Some("192.0.1.255"), Some("192.0.3.0")),
            ("192.88.99.0", "192.88.99.255", Some("192.88.98.255"), Some("192.88.100.0")),
            ("192.168.0.0", "192.168.255.255", Some("192.167.255.255"), Some("192.169.0.0")),
            ("198.18.0.0", "198.19.255.255", Some("198.17.255.255"), Some("198.20.0.0")),
            ("198.51.100.0", "198.51.100.255", Some("198.51.99.255"), Some("198.51.101.0")),
            ("203.0.113.0", "203.0.113.255", Some("203.0.112.255"), Some("203.0.114.0")),
            ("224.0.0.0", "255.255.255.255", Some("223.255.255.255"), None),
        ] {
            assert!(!is_public(first) && !is_public(last), "{first} to {last}");
            assert!(before.into_iter().chain(after).all(is_public), "around {first} to {last}");
        }
    }

    #[test]
    fn of_ipv6_only_what_has_been_given_out_is_public() {
        for public in ["2606:4700::1111", "2a00:1450::200e", "2001:200::1", "2001:4860:4860::8888", "3ffe::1"]
        {
            assert!(is_public(public), "{public}");
        }
        for other in [
            "::",
            "::1",
            "::2",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:0:127.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::8.8.8.8",
            "64:ff9b:1::10.0.0.1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:808:808::1",
            "3fff::1",
            "3fff:fff::1",
            "2606:4700::5efe:127.0.0.1",
            "2606:4700::5efe:10.0.0.1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
        ] {
            assert!(!is_public(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_ipv6_address_that_embeds_a_private_one_in_a_known_way_is_public(
            private in prop::sample::select(vec![[127_u8, 0, 0, 1], [10, 0, 0, 1], [169, 254, 169, 254], [192, 168, 1, 1]]),
            host in any::<[u8; 8]>(),
        ) {
            let [a, b, c, d] = private.map(u16::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            let [_, _, _, _, e, f, g, h] = host.map(u16::from);
            for segments in [
                [0, 0, 0, 0, 0, 0xffff, high, low],
                [0, 0, 0, 0, 0xffff, 0, high, low],
                [0, 0, 0, 0, 0, 0, high, low],
                [0x64, 0xff9b, 0, 0, 0, 0, high, low],
                [0x64, 0xff9b, 1, e, f, g, high, low],
                [0x2002, high, low, e, f, g, h, 1],
                [0x2001, 0, e, f, g, h, !high, !low],
                [0x2606, 0x4700, e, f, 0, 0x5efe, high, low],
            ] {
                prop_assert!(not_public(IpAddr::V6(segments.into())).is_some(), "{segments:?}");
            }
        }

        #[test]
        fn the_two_families_agree_on_what_the_standard_library_knows(bits: u32) {
            let address = Ipv4Addr::from(bits);
            let known = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_multicast() || address.is_broadcast() || address.is_documentation()
                || address.is_unspecified();
            prop_assert!(!known || v4(address).is_some(), "{address}");
        }
    }
}
