use actix_web::http::header::HeaderValue;
use proptest::prelude::*;

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn proxies(header: ProxyHeader) -> Proxies {
    let trusted = ["10.0.0.0/8", "fd00::/8"].map(|text| text.parse().expect("a network"));
    Proxies::new(trusted.to_vec(), header)
}

fn headers(name: &HeaderName, lines: &[&[u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name.clone(), HeaderValue::from_bytes(line).expect("a header"));
    }
    headers
}

/// Who the client is by this `X-Forwarded-For` of a trusted proxy.
fn x_forwarded_for(lines: &[&str]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
    let headers = headers(&X_FORWARDED_FOR, &lines);
    proxies(ProxyHeader::XForwardedFor).client(ip("10.0.0.1"), &headers).to_string()
}

/// Who the client is by this `Forwarded` of a trusted proxy.
fn forwarded(lines: &[&str]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
    let headers = headers(&header::FORWARDED, &lines);
    proxies(ProxyHeader::Forwarded).client(ip("10.0.0.1"), &headers).to_string()
}

#[test]
fn only_a_trusted_proxy_is_believed_and_only_in_its_own_header() {
    let headers = headers(&X_FORWARDED_FOR, &[b"192.0.2.7"]);
    let by_x = proxies(ProxyHeader::XForwardedFor);
    assert_eq!(by_x.client(ip("10.0.0.1"), &headers), ip("192.0.2.7"));
    assert_eq!(by_x.client(ip("::ffff:10.0.0.1"), &headers), ip("192.0.2.7"));
    assert_eq!(by_x.client(ip("fd00::1"), &headers), ip("192.0.2.7"));
    assert_eq!(by_x.client(ip("203.0.113.9"), &headers), ip("203.0.113.9"), "anybody can write a header");
    let by_rfc = proxies(ProxyHeader::Forwarded);
    assert_eq!(
        by_rfc.client(ip("10.0.0.1"), &headers),
        ip("10.0.0.1"),
        "a proxy may pass on what it is sent"
    );
    let nobody = Proxies::new(Vec::new(), ProxyHeader::XForwardedFor);
    assert_eq!(nobody.client(ip("127.0.0.1"), &headers), ip("127.0.0.1"));
}

#[test]
fn the_client_is_the_last_who_is_no_trusted_proxy() {
    for (lines, client) in [
        (&["192.0.2.7"][..], "192.0.2.7"),
        (&["1.1.1.1, 192.0.2.7"], "192.0.2.7"),
        (&["1.1.1.1,192.0.2.7 ,10.0.0.2,\t10.0.0.3"], "192.0.2.7"),
        (&["1.1.1.1", "192.0.2.7", "10.0.0.2"], "192.0.2.7"),
        (&["192.0.2.7:1234"], "192.0.2.7"),
        (&["2001:db8::7"], "2001:db8::7"),
        (&["[2001:db8::7]:1234"], "2001:db8::7"),
        (&["[2001:db8::7]"], "2001:db8::7"),
        (&["::ffff:192.0.2.7"], "192.0.2.7"),
        (&["192.0.2.7,,"], "192.0.2.7"),
        // All are proxies: the client is one, too.
        (&["10.0.0.9, 10.0.0.2"], "10.0.0.9"),
        // What says nothing leaves it with whoever passed it on.
        (&[], "10.0.0.1"),
        (&[""], "10.0.0.1"),
        (&["1.1.1.1, unknown"], "10.0.0.1"),
        (&["1.1.1.1, unknown, 10.0.0.2"], "10.0.0.2"),
        (&["192.0.2.7.1"], "10.0.0.1"),
        (&["192.0.2.7:99999"], "10.0.0.1"),
    ] {
        assert_eq!(x_forwarded_for(lines), client, "{lines:?}");
    }
}

#[test]
fn forwarded_is_read_as_its_rfc_has_it() {
    for (lines, client) in [
        (&["for=192.0.2.7"][..], "192.0.2.7"),
        (&["For=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"),
        (&["for=192.0.2.43;proto=http;by=203.0.113.43"], "192.0.2.43"),
        (&["proto=https; for=\"192.0.2.43:47011\" ;host=\"a;b,c\""], "192.0.2.43"),
        (&["for=1.1.1.1, for=192.0.2.7, for=10.0.0.2"], "192.0.2.7"),
        (&["for=1.1.1.1", "for=192.0.2.7"], "192.0.2.7"),
        (&["for=unknown"], "10.0.0.1"),
        (&["for=_hidden, for=10.0.0.3"], "10.0.0.3"),
        (&["proto=http"], "10.0.0.1"),
        (&["for=1.1.1.1;for=2.2.2.2"], "10.0.0.1"),
        (&["192.0.2.7"], "10.0.0.1"),
        (&["for=\"192.0.2.7"], "10.0.0.1"),
    ] {
        assert_eq!(forwarded(lines), client, "{lines:?}");
    }
}

#[test]
fn an_odd_quote_does_not_swallow_what_the_proxy_wrote() {
    for made_up in ["for=9.9.9.9;x=\"", "\"", "for=\"9.9.9.9", "for=9.9.9.9;x=\"\\", "for=\"9.9.9.9\\\""] {
        assert_eq!(forwarded(&[&format!("{made_up}, for=192.0.2.7")]), "192.0.2.7", "{made_up}");
        assert_eq!(forwarded(&[&format!("{made_up}, for=\"[2001:db8::7]:1\"")]), "2001:db8::7", "{made_up}");
        assert_eq!(x_forwarded_for(&[&format!("{made_up}, 192.0.2.7")]), "192.0.2.7", "{made_up}");
    }
}

/// Whatever may stand in a header.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let near = prop::sample::select(vec![
        "for=",
        "\"",
        "\\",
        ",",
        ";",
        " ",
        "=",
        "[",
        "]",
        ":",
        "10.0.0.2",
        "192.0.2.7",
        "2001:db8::7",
        "unknown",
        "x",
    ]);
    prop_oneof![
        proptest::collection::vec(near, 0..20).prop_map(|parts| parts.concat().into_bytes()),
        proptest::collection::vec(prop_oneof![32u8..127, 128u8..=255, Just(9u8)], 0..60),
    ]
}

proptest! {
    /// Whatever a client writes, its proxy's word behind it counts.
    #[test]
    fn nobody_can_write_what_the_proxy_says(lines in proptest::collection::vec(line(), 0..4), same_line: bool) {
        for (header, name, word) in [
            (ProxyHeader::XForwardedFor, &X_FORWARDED_FOR, "198.51.100.3"),
            (ProxyHeader::Forwarded, &header::FORWARDED, "for=198.51.100.3;proto=https"),
        ] {
            let mut lines = lines.clone();
            match lines.last_mut() {
                Some(last) if same_line => last.extend_from_slice(format!(", {word}").as_bytes()),
                _ => lines.push(word.as_bytes().to_vec()),
            }
            let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
            let client = proxies(header).client(ip("10.0.0.1"), &headers(name, &lines));
            prop_assert_eq!(client, ip("198.51.100.3"));
        }
    }

    #[test]
    fn no_header_makes_it_panic(lines in proptest::collection::vec(line(), 0..4)) {
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        for (header, name) in
            [(ProxyHeader::XForwardedFor, &X_FORWARDED_FOR), (ProxyHeader::Forwarded, &header::FORWARDED)]
        {
            proxies(header).client(ip("10.0.0.1"), &headers(name, &lines));
            prop_assert_eq!(proxies(header).client(ip("192.0.2.1"), &headers(name, &lines)), ip("192.0.2.1"));
        }
    }

    /// Every address is read back from every way to write it.
    #[test]
    fn addresses_are_read_back(bits: u128, is_v4: bool, port: u16) {
        let address = if is_v4 {
            IpAddr::from(std::net::Ipv4Addr::from_bits(bits as u32))
        } else {
            IpAddr::from(Ipv6Addr::from_bits(bits))
        };
        for text in [address.to_string(), SocketAddr::new(address, port).to_string()] {
            prop_assert_eq!(node(text.as_bytes()), Some(address.to_canonical()));
            let element = format!("for=\"{text}\"");
            prop_assert_eq!(forwarded_for(element.as_bytes()), Some(address.to_canonical()));
        }
    }
}
