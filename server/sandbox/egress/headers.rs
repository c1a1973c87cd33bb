//! A request's headers, as a program sets them: which it may, and what is added where it sets none.

use reqwest::Method;
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION,
    RANGE, USER_AGENT,
};
use url::Url;

use crate::protocol::fetch::{BodySize, Header, RESPONSE_HEAD_BYTES, bytes, latin1};

/// What the broker calls itself, where a program does not say otherwise.
const MAYFLY: &str = concat!("Mayfly/", env!("CARGO_PKG_VERSION"));
/// Codings of responses that are undone here.
const CODINGS: &str = "gzip, deflate";
/// Headers about the connection, which is not the program's. After
/// <https://fetch.spec.whatwg.org/#forbidden-request-header>, of which the others are about a browser's secrets:
/// there are none here.
const CONNECTION: [&str; 9] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A coding that is undone here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950.
    Deflate,
}

/// The method of a request.
///
/// # Errors
/// What is wrong with it.
pub fn method(text: &str) -> Result<Method, String> {
    // <https://fetch.spec.whatwg.org/#forbidden-method>
    if ["CONNECT", "TRACE", "TRACK"].iter().any(|forbidden| text.eq_ignore_ascii_case(forbidden)) {
        return Err(format!("programs can't use the method {text}"));
    }
    Method::from_bytes(text.as_bytes()).map_err(|_| "its method is none".to_owned())
}

/// The headers of a request for `url` with a body of this size. What a program may not set is refused: nothing is
/// left out without a word.
///
/// # Errors
/// What is wrong with them.
pub fn request(headers: &[Header], url: &Url, method: &Method, body: BodySize) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::with_capacity(headers.len() + 4);
    for (name, value) in headers {
        let no_header = || "one of its headers is none".to_owned();
        let name = HeaderName::from_bytes(&bytes(name).ok_or_else(no_header)?).map_err(|_| no_header())?;
        let value = bytes(value).ok_or_else(no_header)?;
        if CONNECTION.contains(&name.as_str()) {
            return Err(format!("programs can't set the header {name}"));
        }
        // These two say what is the case anyway, or they are wrong.
        if name == HOST {
            if !value
                .eq_ignore_ascii_case(url[url::Position::BeforeHost..url::Position::AfterPort].as_bytes())
            {
                return Err("the header host can't be other than its URL says".to_owned());
            }
            continue;
        }
        if name == CONTENT_LENGTH {
            let length = match body {
                BodySize::Absent => Some(0),
                BodySize::Known(length) => Some(length),
                BodySize::Unknown => None,
            };
            if length.is_none_or(|length| value != length.to_string().as_bytes()) {
                return Err("the header content-length is not its body's length".to_owned());
            }
            continue;
        }
        let value = HeaderValue::from_bytes(&value).map_err(|_| no_header())?;
        map.append(name, value);
    }
    match body {
        BodySize::Known(length) => drop(map.insert(CONTENT_LENGTH, length.into())),
        BodySize::Absent if matches!(*method, Method::POST | Method::PUT) => {
            map.insert(CONTENT_LENGTH, 0.into());
        }
        BodySize::Absent | BodySize::Unknown => {}
    }
    map.entry(USER_AGENT).or_insert(HeaderValue::from_static(MAYFLY));
    if !map.contains_key(ACCEPT_ENCODING) && !map.contains_key(RANGE) {
        map.insert(ACCEPT_ENCODING, HeaderValue::from_static(CODINGS));
    }
    Ok(map)
}

/// The headers of a response, for the wire. Bytes beyond ASCII in `location` are escaped there, as browsers do: so the
/// program goes where the broker expects it to go.
///
/// # Errors
/// When they are too many or too long.
pub fn response(map: &HeaderMap) -> Result<Vec<Header>, String> {
    let size: usize = map.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size > RESPONSE_HEAD_BYTES {
        return Err(format!("its headers have {size} bytes; {RESPONSE_HEAD_BYTES} are read"));
    }
    let text = |name: &HeaderName, value: &HeaderValue| match name {
        &LOCATION => escaped(value.as_bytes()),
        _ => latin1(value.as_bytes()),
    };
    Ok(map.iter().map(|(name, value)| (name.as_str().to_owned(), text(name, value))).collect())
}

/// With bytes beyond ASCII as in a URL.
fn escaped(value: &[u8]) -> String {
    let escape =
        |&byte: &u8| if byte.is_ascii() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    value.iter().map(escape).collect()
}

/// The coding of a response, if it is one that is undone here.
pub fn coding(map: &HeaderMap) -> Option<Coding> {
    let mut all = map.get_all(CONTENT_ENCODING).iter();
    let (only, more) = (all.next()?, all.next());
    let name = only.to_str().ok().filter(|_| more.is_none())?.trim();
    match name.to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => Some(Coding::Gzip),
        "deflate" => Some(Coding::Deflate),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(headers: &[(&str, &str)], body: BodySize) -> Result<HeaderMap, String> {
        let headers: Vec<Header> = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let url = Url::parse("https://a.example:8443/x").unwrap();
        request(&headers, &url, &Method::POST, body)
    }

    #[test]
    fn what_is_about_the_connection_is_refused_by_name() {
        for name in CONNECTION {
            let upper = name.to_ascii_uppercase();
            assert!(map(&[(&upper, "x")], BodySize::Absent).unwrap_err().contains(name));
        }
        assert!(map(&[("host", "b.example")], BodySize::Absent).unwrap_err().contains("host"));
        assert!(map(&[("content-length", "3")], BodySize::Known(4)).unwrap_err().contains("content-length"));
        assert!(map(&[("content-length", "3")], BodySize::Unknown).is_err());
        for value in ["a\nb", "a\rb", "a\0b", "\u{100}"] {
            assert!(map(&[("x", value)], BodySize::Absent).is_err(), "{value:?}");
        }
        for name in ["", "a b", "a:", "a\n", "é"] {
            assert!(map(&[(name, "x")], BodySize::Absent).is_err(), "{name:?}");
        }
    }

    #[test]
    fn what_a_program_says_stands_and_what_it_leaves_out_is_added() {
        let own = map(
            &[
                ("Host", "A.example:8443"),
                ("content-length", "4"),
                ("user-agent", "mine"),
                ("cookie", "a=b"),
                ("accept-encoding", "br"),
                ("x", "é"),
                ("x", "2"),
            ],
            BodySize::Known(4),
        )
        .unwrap();
        assert_eq!(own["user-agent"], "mine");
        assert_eq!(own["content-length"], "4");
        assert_eq!(own["accept-encoding"], "br");
        assert_eq!(own["cookie"], "a=b");
        let twice: Vec<&[u8]> = own.get_all("x").iter().map(HeaderValue::as_bytes).collect();
        assert_eq!(twice, [&b"\xe9"[..], b"2"]);
        assert!(!own.contains_key("host"), "the client writes it");
        let bare = map(&[], BodySize::Absent).unwrap();
        assert!(bare["user-agent"].to_str().unwrap().starts_with("Mayfly/"));
        assert_eq!(bare["accept-encoding"], CODINGS);
        assert_eq!(bare["content-length"], "0");
        assert!(!map(&[("range", "bytes=0-1")], BodySize::Absent).unwrap().contains_key("accept-encoding"));
    }

    #[test]
    fn a_place_to_go_to_is_escaped() {
        let mut map = HeaderMap::new();
        map.insert(LOCATION, HeaderValue::from_bytes("/☃?%e2\u{e9}".as_bytes()).unwrap());
        map.insert("x", HeaderValue::from_bytes(b"\xe9").unwrap());
        let expected =
            [("location", "/%E2%98%83?%e2%C3%A9"), ("x", "é")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(response(&map).unwrap(), expected);
    }

    #[test]
    fn methods() {
        for text in ["GET", "post", "PROPFIND"] {
            assert_eq!(method(text).unwrap().as_str(), text);
        }
        for text in ["", "connect", "TRACE", "Track", "a b", "é", "A\n"] {
            assert!(method(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics_or_smuggles_a_line(name in "\\PC{0,8}|[a-z-]{1,12}", value in any::<Vec<u8>>()) {
            if let Ok(map) = map(&[(&name, &latin1(&value))], BodySize::Absent) {
                for value in map.values() {
                    prop_assert!(!value.as_bytes().iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
                }
            }
        }
    }
}
