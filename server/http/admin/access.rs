//! Who may use the operator's page and its API: whoever sends a key, or the cookie that a log-in with one gave.
//!
//! A log-in is nothing that a server has to remember: its cookie says whose it is and until when, under a signature
//! that only that key makes. So any server knows it, also while the store does not answer; a changed key ends it, and
//! a log-out is an order that all servers hear of.

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::{StatusCode, header};
use ring::hmac;
use subtle::ConstantTimeEq;

use super::super::api::{bearer, unauthorized};
use super::super::error::Problem;
use super::super::rate::RateLimit;
use super::super::{AppState, guard, origin};
use super::rulings::Rulings;
use crate::config::{AdminKeys, Origin, Period, Rate};
use crate::snippets::id::hex;
use crate::snippets::{Timestamp, TokenHash};

/// What the cookie is called.
const COOKIE: &str = "mayfly-admin";
/// How many cookies of that name are looked at: another site below the same name can add some.
const COOKIES: usize = 4;
/// How often somebody may try keys that there are not.
const TRIES: Rate = Rate { count: TEN, period: Period::Minute, burst: TEN };
const TEN: NonZeroU32 = NonZeroU32::new(10).expect("it is not zero");

/// Somebody who looks after the server.
#[derive(Clone, Debug)]
pub struct Who {
    /// The name of the key.
    pub name: String,
    /// From where.
    pub address: String,
    /// The cookie, if that is how, and when it is over.
    pub session: Option<(String, Timestamp)>,
}

/// How often each client may try keys.
pub fn tries() -> RateLimit {
    RateLimit::new(TRIES, false)
}

/// Whoever sent `req`, which may change something (`changes`) or only asks.
///
/// # Errors
/// 404 where nobody may, 401 without a key or a log-in, 403 from another page, 429 after too many wrong keys.
pub fn who(req: &HttpRequest, state: &AppState, changes: bool) -> Result<Who, Problem> {
    let keys = &state.admin_keys;
    let is_own = own_page(req, keys)?;
    let client = guard::client(req);
    let found = |name: &str, session| Who { name: name.to_owned(), address: client.to_string(), session };
    if req.headers().contains_key(header::AUTHORIZATION) {
        let name = try_key(req, state, bearer(req.headers()).unwrap_or_default())?;
        return Ok(found(&name, None));
    }
    let rulings = state.overseer.rulings();
    let session = cookies(req).find_map(|cookie| Some((check(keys, &rulings, &cookie)?, cookie)));
    let Some(((name, until), cookie)) = session else {
        let detail = "Log in at /admin, or send a key of `admin.keys` as `Authorization: Bearer KEY`.";
        return Err(unauthorized(detail));
    };
    // A cookie goes along with what any page of the same site makes a browser send.
    if changes && !is_own {
        return Err(from_elsewhere());
    }
    Ok(found(&name, Some((cookie, until))))
}

/// Whether `req` says that a page of this very server sent it. One that says that another did is refused.
fn own_page(req: &HttpRequest, keys: &AdminKeys) -> Result<bool, Problem> {
    if keys.is_empty() {
        return Err(Problem::new(StatusCode::NOT_FOUND, "There is nothing at this address."));
    }
    let mut origins = req.headers().get_all(header::ORIGIN);
    let Some(value) = origins.next() else { return Ok(false) };
    let origin = value.to_str().ok().and_then(Origin::parse).filter(|_| origins.next().is_none());
    match origin {
        Some(origin) if origin::is_own(req, &origin) => Ok(true),
        _ => Err(from_elsewhere()),
    }
}

fn from_elsewhere() -> Problem {
    let detail =
        "Only this server's own page may do that with a log-in. Send a key as `Authorization: Bearer KEY`.";
    Problem::new(StatusCode::FORBIDDEN, detail)
}

/// Whose key this is.
///
/// # Errors
/// 401 for one that there is not; 429 after too many of these, whatever the key.
fn try_key(req: &HttpRequest, state: &AppState, key: &str) -> Result<String, Problem> {
    let (client, tries) = (guard::client(req), state.overseer.tries());
    if tries.is_empty_of(client) {
        let detail = "Too many wrong keys from your address. Try again in a minute.";
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after_ms(60_000));
    }
    if let Some(name) = state.admin_keys.name_of(key) {
        return Ok(name.to_owned());
    }
    // Whether it was the last one is for the next to see.
    let _ = tries.check(client);
    tracing::warn!(%client, "somebody tried a key for /admin that there is not");
    Err(unauthorized("There is no such key. The setting admin.keys has those that there are."))
}

/// Logs in with `key`: who that is, and the cookie to send.
///
/// # Errors
/// As [`who`], and 403 unless this server's own page or no page asks.
pub fn log_in(req: &HttpRequest, state: &AppState, key: &str) -> Result<(Who, String), Problem> {
    own_page(req, &state.admin_keys)?;
    let name = try_key(req, state, key)?;
    let until = Timestamp::now().after(state.admin_session);
    let cookie = sign(&name, key, until).map_err(|error| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("No random numbers: {error}."))
    })?;
    let set = set_cookie(req, state, &cookie, state.admin_session);
    let who = Who { name, address: guard::client(req).to_string(), session: Some((cookie, until)) };
    Ok((who, set))
}

/// The header that has a browser keep `cookie` for so long, and send it along from this server's own pages only.
pub fn set_cookie(req: &HttpRequest, state: &AppState, cookie: &str, age: Duration) -> String {
    let secure = if origin::public_url(req, state).starts_with("https:") { "; Secure" } else { "" };
    format!(
        "{COOKIE}={cookie}; Path=/api/v1/admin; Max-Age={}; HttpOnly; SameSite=Strict{secure}",
        age.as_secs()
    )
}

/// What a log-in that is over is called in an order.
pub fn session_value(cookie: &str) -> String {
    TokenHash::of(cookie).to_string()
}

fn cookies(req: &HttpRequest) -> impl Iterator<Item = String> {
    let all = req.headers().get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_owned()).take(COOKIES)
}

fn signature(name: &str, key: &str, until: &str, nonce: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let said = format!("mayfly admin session\n{name}\n{until}\n{nonce}");
    hex(hmac::sign(&key, said.as_bytes()).as_ref())
}

/// A cookie for whoever has the `key` of this name.
fn sign(name: &str, key: &str, until: Timestamp) -> Result<String, getrandom::Error> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)?;
    let (until, nonce) = (until.millis().to_string(), hex(&nonce));
    let signature = signature(name, key, &until, &nonce);
    Ok(format!("{name}.{until}.{nonce}.{signature}"))
}

/// Whose cookie this is, and until when, if it is good.
fn check(keys: &AdminKeys, rulings: &Rulings, cookie: &str) -> Option<(String, Timestamp)> {
    let mut parts = cookie.rsplitn(4, '.');
    let (given, nonce, until, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let right = signature(name, keys.key_of(name)?, until, nonce);
    if !bool::from(right.as_bytes().ct_eq(given.as_bytes())) {
        return None;
    }
    let until = Timestamp::from_millis(until.parse().ok()?);
    let is_good = until > Timestamp::now() && !rulings.is_over(&session_value(cookie));
    is_good.then(|| (name.to_owned(), until))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::config::admin_keys;
    use crate::snippets::{Order, OrderKind};

    fn keys(text: &str) -> AdminKeys {
        admin_keys(text).expect("keys")
    }

    const KEY: &str = "0123456789abcdefghijklmn";

    #[test]
    fn a_cookie_is_good_for_its_key_and_its_time_and_until_it_is_over() {
        let keys_now = keys(&format!("ada.l:{KEY}, ben:{KEY}2"));
        let none = Rulings::default();
        let until = Timestamp::now().after(Duration::from_secs(60));
        let cookie = sign("ada.l", KEY, until).expect("random numbers");
        assert_eq!(check(&keys_now, &none, &cookie), Some(("ada.l".to_owned(), until)));
        assert_eq!(check(&keys(&format!("ada.l:{KEY}x")), &none, &cookie), None, "another key");
        assert_eq!(check(&keys(&format!("eve:{KEY}")), &none, &cookie), None, "no such name any more");
        let early = sign("ada.l", KEY, Timestamp::now()).expect("random numbers");
        assert_eq!(check(&keys_now, &none, &early), None, "its time is over");
        for at in 0..cookie.len() {
            let mut forged = cookie.clone().into_bytes();
            forged[at] ^= 1;
            let forged = String::from_utf8_lossy(&forged).into_owned();
            assert_eq!(check(&keys_now, &none, &forged), None, "{forged}");
        }
        let as_another = cookie.replacen("ada.l", "ben", 1);
        assert_eq!(check(&keys_now, &none, &as_another), None);
        let over = Rulings::new(vec![Order {
            id: Uuid::new_v4(),
            kind: OrderKind::Session,
            value: session_value(&cookie),
            words: String::new(),
            given_by: "ada.l".to_owned(),
            given_at: Timestamp::now(),
            expires_at: Some(until),
        }]);
        assert_eq!(check(&keys_now, &over, &cookie), None, "logged out");
    }

    proptest! {
        #[test]
        fn no_other_text_is_a_cookie(text in "\\PC*", parts in "ada\\.[0-9]{0,25}\\.[0-9a-f]{0,8}\\.[0-9a-f]{0,64}") {
            let keys = keys(&format!("ada:{KEY}"));
            prop_assert_eq!(check(&keys, &Rulings::default(), &text), None);
            prop_assert_eq!(check(&keys, &Rulings::default(), &parts), None);
        }
    }
}
