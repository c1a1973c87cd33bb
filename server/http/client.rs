//! Whom a request comes from: whoever opened the connection or, behind a reverse proxy that the settings trust,
//! whom that proxy names.
//!
//! What a client writes into such a header comes first, and each proxy adds what it knows behind it. So these
//! headers are read from their end, past the proxies that are trusted, and the first address that is not one of
//! theirs is the client's. What stands before that is never looked at: the client may have made it up.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use actix_web::http::header::{self, HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::config::ProxyHeader;

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies that are believed.
#[derive(Clone, Debug)]
pub struct Proxies {
    trusted: Vec<IpNet>,
    header: ProxyHeader,
}

impl Proxies {
    /// Believes `header` if it comes from one of `trusted`.
    pub fn new(trusted: Vec<IpNet>, header: ProxyHeader) -> Self {
        Self { trusted, header }
    }

    /// Whether a connection from `address` is a proxy's.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// The address of the client whose request came over a connection from `peer`. A header that names nobody
    /// leaves it with the last proxy that is known.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            self.notice_proxy(peer, headers);
            return peer;
        }
        let name = match self.header {
            ProxyHeader::XForwardedFor => &X_FORWARDED_FOR,
            ProxyHeader::Forwarded => &header::FORWARDED,
        };
        let lines: Vec<&[u8]> = headers.get_all(name).map(header::HeaderValue::as_bytes).collect();
        let mut last = peer;
        for element in lines.into_iter().rev().flat_map(|line| FromEnd::new(line, b',')) {
            // An empty one means nothing (RFC 9110, 5.6.1).
            if element.is_empty() {
                continue;
            }
            let address = match self.header {
                ProxyHeader::XForwardedFor => node(element),
                ProxyHeader::Forwarded => forwarded_for(element),
            };
            let Some(address) = address else { break };
            last = address;
            if !self.trusts(address) {
                break;
            }
        }
        last
    }

    /// Says once that a proxy seems to be there which the settings don't know: all its clients are one, then.
    fn notice_proxy(&self, peer: IpAddr, headers: &HeaderMap) {
        static SAID: AtomicBool = AtomicBool::new(false);
        let is_near = match peer {
            IpAddr::V4(address) => address.is_loopback() || address.is_private(),
            IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
        };
        let says_so = headers.contains_key(&X_FORWARDED_FOR) || headers.contains_key(header::FORWARDED);
        if is_near && says_so && !SAID.swap(true, Relaxed) {
            tracing::warn!(
                %peer,
                "a request seems to come through a proxy. If it does, name the proxy in the setting \
                 server.trusted_proxies: until then all who come through it are limited as one client"
            );
        }
    }
}

/// The parts of a header between separators, from its end. Separators in quotes are none. Quotes are looked for
/// from the end, too, so that an odd one in what a client wrote can't reach what its proxy wrote behind it.
struct FromEnd<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
}

impl<'a> FromEnd<'a> {
    fn new(text: &'a [u8], separator: u8) -> Self {
        Self { rest: Some(text), separator }
    }
}

impl<'a> Iterator for FromEnd<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.rest.take()?;
        let mut in_quotes = false;
        for (at, &byte) in text.iter().enumerate().rev() {
            if byte == b'"' {
                let escapes = text[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
                in_quotes ^= escapes % 2 == 0;
            } else if byte == self.separator && !in_quotes {
                self.rest = Some(&text[..at]);
                return Some(text[at + 1..].trim_ascii());
            }
        }
        Some(text.trim_ascii())
    }
}

/// The address in the `for` of an element of `Forwarded` (RFC 7239, 4). `None` for one that hides it, has none
/// or has several.
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    let mut found = None;
    for pair in FromEnd::new(element, b';').filter(|pair| !pair.is_empty()) {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        if pair[..equals].eq_ignore_ascii_case(b"for") && found.replace(&pair[equals + 1..]).is_some() {
            return None;
        }
    }
    let value = found?;
    // An address needs no escapes, so a value with some is none.
    node(value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value))
}

/// An address, with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`. `None`
/// for anything else, such as `unknown` and `_hidden`.
fn node(text: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(text).ok()?;
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::from);
    let address = text
        .parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|it| it.ip()))
        .or_else(bracketed)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests;
