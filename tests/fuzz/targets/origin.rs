//! Headers that say where a request comes from and what it asks for: `Origin` in the first line, `Host` in
//! the second.

use mayfly::config::Origin;

pub fn target(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let (origin, host) = text.split_once('\n').unwrap_or((text, ""));
    let given = origin;
    let Some(origin) = Origin::parse(given) else { return };
    assert!(given.bytes().all(|byte| byte.is_ascii_graphic()), "{given:?}");
    if let Some((_, port)) = given.rsplit_once(':').filter(|(_, port)| !port.contains(['/', ']'])) {
        assert!(port.bytes().all(|byte| byte.is_ascii_digit()), "{given:?}");
    }
    let written = origin.to_string();
    assert_eq!(Origin::parse(&written).as_ref(), Some(&origin), "what is read can be written and read");
    let (scheme, authority) = written.split_once("://").expect("a scheme");
    assert!(matches!(scheme, "http" | "https"));
    // It goes into headers as it is: nothing that ends one or begins another.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    assert!(authority.bytes().all(plain) && !authority.bytes().any(|byte| byte.is_ascii_uppercase()));
    assert!(origin.is_of_host(authority));
    if origin.is_of_host(host) {
        // The same host in other words: case and the default port.
        let of_host = Origin::parse(&format!("{scheme}://{host}")).expect("a host is part of an origin");
        assert_eq!(of_host, origin);
    }
}
