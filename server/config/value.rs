//! Texts to values. Each parser answers a bad text with a sentence that says what to write.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use crate::policy::modules::{self, ModuleRule};
use crate::tuning::Steps;

/// A setting's value as text, whatever it was in its source. A list is its members with commas between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw(pub String);

impl FromStr for Raw {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyScalar;
        impl<'de> Visitor<'de> for AnyScalar {
            type Value = Raw;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a text, a number or a list of texts")
            }

            fn visit_str<E: Error>(self, it: &str) -> Result<Raw, E> {
                Ok(Raw(it.to_owned()))
            }

            fn visit_i64<E: Error>(self, it: i64) -> Result<Raw, E> {
                Ok(Raw(it.to_string()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
                let mut members: Vec<String> = Vec::new();
                while let Some(member) = seq.next_element()? {
                    members.push(member);
                }
                Ok(Raw(members.join(",")))
            }
        }
        deserializer.deserialize_any(AnyScalar)
    }
}

/// `text` in quotes, cut when it is long.
pub fn quote(text: &str) -> String {
    if text.is_empty() {
        return "empty".to_owned();
    }
    let short: String = text.chars().take(80).collect();
    let cut = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{cut}")
}

/// How processes for runs come to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// Forked from one in which V8 has already started, where the system allows that.
    Warm,
    /// V8 starts in each.
    Cold,
}

/// What to do about layers of the confinement that can't be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confinement {
    /// Do without them, and say so.
    Auto,
    /// Don't start.
    Required,
    /// Put none on.
    Off,
}

/// Form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

pub fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("Write text or json.".to_owned()),
    }
}

pub fn fork(text: &str) -> Result<Fork, String> {
    match text {
        "warm" => Ok(Fork::Warm),
        "cold" => Ok(Fork::Cold),
        _ => Err("Write warm or cold.".to_owned()),
    }
}

pub fn tuning(text: &str) -> Result<Steps, String> {
    text.parse()
}

pub fn confinement(text: &str) -> Result<Confinement, String> {
    match text {
        "auto" => Ok(Confinement::Auto),
        "required" => Ok(Confinement::Required),
        "off" => Ok(Confinement::Off),
        _ => Err("Write auto, required or off.".to_owned()),
    }
}

pub fn log_filter(text: &str) -> Result<String, String> {
    // Its parser panics on some texts that are not ASCII.
    if !text.trim().is_empty()
        && text.is_ascii()
        && tracing_subscriber::EnvFilter::builder().parse(text).is_ok()
    {
        return Ok(text.to_owned());
    }
    Err("Write error, warn, info, debug or trace, or several like info,mayfly::http=debug.".to_owned())
}

pub fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "Write an IP address and a port, like 127.0.0.1:8080, 0.0.0.0:80 or [::1]:8080.".to_owned()
    })
}

pub fn resolver(text: &str) -> Result<Option<SocketAddr>, String> {
    match text {
        "system" => Ok(None),
        _ => text.parse().map(Some).map_err(|_| {
            "Write system, or the IP address and port of a DNS server, like 127.0.0.1:53.".to_owned()
        }),
    }
}

pub fn file(text: &str) -> Result<Option<PathBuf>, String> {
    match text {
        "none" => Ok(None),
        _ if text.is_empty() || text.contains('\0') || PathBuf::from(text).is_dir() => {
            Err("Write none, or the path of a file.".to_owned())
        }
        _ => Ok(Some(PathBuf::from(text))),
    }
}

pub fn metrics_address(text: &str) -> Result<Option<SocketAddr>, String> {
    match text {
        "none" => Ok(None),
        _ => text
            .parse()
            .map(Some)
            .map_err(|_| "Write none, or an IP address and port like 127.0.0.1:9464.".to_owned()),
    }
}

/// Something that only those who may know it know, or nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Option<String>);

/// The shortest secret, in bytes.
const SECRET_BYTES: usize = 16;

impl Secret {
    /// What it is, if there is one.
    pub fn reveal(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "(secret)" } else { "none" })
    }
}

pub fn secret(text: &str) -> Result<Secret, String> {
    match text {
        "none" => Ok(Secret(None)),
        _ if text.len() >= SECRET_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(Secret(Some(text.to_owned())))
        }
        _ => Err(format!("Write none, or at least {SECRET_BYTES} letters, digits and signs without spaces.")),
    }
}

/// `none`, or where an OpenTelemetry collector listens.
pub fn traces_endpoint(text: &str) -> Result<Option<String>, String> {
    if text == "none" {
        return Ok(None);
    }
    let url = url::Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
    });
    url.map(|url| Some(url.as_str().trim_end_matches('/').to_owned())).ok_or_else(|| {
        "Write none, or where a collector listens for OTLP over HTTP, like http://127.0.0.1:4318.".to_owned()
    })
}

/// Which database snippets are kept in.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// SQLite, in a file of the data folder.
    Sqlite,
    /// PostgreSQL, at this address.
    Postgres(String),
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        // The address has a password in it.
        f.write_str(match self {
            Self::Sqlite => "Sqlite",
            Self::Postgres(_) => "Postgres(…)",
        })
    }
}

pub fn database(text: &str) -> Result<Database, String> {
    let is_postgres = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    match text {
        "sqlite" => Ok(Database::Sqlite),
        _ if is_postgres && url::Url::parse(text).is_ok() => Ok(Database::Postgres(text.to_owned())),
        _ => Err("Write sqlite, or an address like postgres://user:password@host:5432/name.".to_owned()),
    }
}

/// `text` from behind a password on, if it has one: what is shown to people may end up in a log.
pub fn without_password(text: &str) -> &str {
    match text.rsplit_once('@') {
        Some((before, after)) if before.contains("://") => after,
        _ => text,
    }
}

pub fn public_url(text: &str) -> Result<Option<Origin>, String> {
    match text {
        "auto" => Ok(None),
        _ => Origin::parse(text.strip_suffix('/').unwrap_or(text)).map(Some).ok_or_else(|| {
            "Write auto, or where visitors find this server, without a path: https://play.example.org."
                .to_owned()
        }),
    }
}

/// A time, or `never`.
pub fn age(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<Option<Duration>, String> {
    move |text| match text {
        "never" => Ok(None),
        _ => {
            time(range.clone())(text).map(Some).map_err(|wanted| format!("Write never, or a time. {wanted}"))
        }
    }
}

pub fn folder(text: &str) -> Result<Option<PathBuf>, String> {
    match text {
        "none" => Ok(None),
        _ => directory(text).map(Some).map_err(|_| "Write none, or the path of a folder.".to_owned()),
    }
}

pub fn directory(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if text.is_empty() || text.contains('\0') || path.is_file() {
        return Err("Write the path of a folder, like /var/lib/mayfly.".to_owned());
    }
    Ok(path)
}

/// A whole number in `range`; `_` may stand between digits.
pub fn number<T: TryFrom<u64>>(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<T, String> {
    move |text| {
        whole(text)
            .filter(|number| range.contains(number))
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("Write a whole number from {} to {}.", range.start(), range.end()))
    }
}

pub fn workers(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<usize, String> {
    move |text| match text {
        "auto" => Ok(std::thread::available_parallelism()
            .map_or(1, std::num::NonZero::get)
            .min(usize::try_from(*range.end()).unwrap_or(usize::MAX))),
        _ => number(range.clone())(text)
            .map_err(|_| format!("Write auto, or a whole number from {} to {}.", range.start(), range.end())),
    }
}

/// A size in bytes: a number, alone or with one of [`SIZES`].
pub fn bytes(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<u64, String> {
    move |text| {
        scaled(text, &SIZES).filter(|size| range.contains(size)).ok_or_else(|| {
            let (low, high) = (shown(*range.start(), &SIZES), shown(*range.end(), &SIZES));
            format!("Write a size from {low} to {high}: a number of bytes, or one with KiB, MiB or GiB, like 64MiB.")
        })
    }
}

/// What a [`time`] can become: a [`Duration`], or milliseconds.
pub trait FromMillis {
    fn from_millis(ms: u64) -> Self;
}

impl FromMillis for Duration {
    fn from_millis(ms: u64) -> Self {
        Self::from_millis(ms)
    }
}

impl FromMillis for u64 {
    fn from_millis(ms: u64) -> Self {
        ms
    }
}

/// A time: a number of milliseconds, or one with a unit of [`TIMES`]. `range` is in milliseconds.
pub fn time<T: FromMillis>(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<T, String> {
    move |text| {
        scaled(text, &TIMES).filter(|ms| range.contains(ms)).map(T::from_millis).ok_or_else(|| {
            let (low, high) = (shown(*range.start(), &TIMES), shown(*range.end(), &TIMES));
            format!("Write a time from {low} to {high}: a number of milliseconds, or one with ms, s, m or h, like 10s.")
        })
    }
}

const SIZES: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
const TIMES: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

fn whole(text: &str) -> Option<u64> {
    let digits = text.trim().replace('_', "");
    // u64's own parser would also take a plus sign.
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let factor = if unit.is_empty() { 1 } else { units.iter().find(|(name, _)| *name == unit)?.1 };
    whole(digits)?.checked_mul(factor)
}

/// `value` in the largest unit that divides it.
fn shown(value: u64, units: &[(&str, u64)]) -> String {
    let unit = units.iter().rev().find(|(_, factor)| value != 0 && value.is_multiple_of(*factor));
    let (name, factor) = unit.unwrap_or(&units[0]);
    format!("{}{name}", value / factor)
}

/// Scheme, host and port of a page, as browsers send them in `Origin`: lower case, no default port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: &'static str,
    /// Host and, unless it is the scheme's own, port.
    authority: String,
}

impl Origin {
    /// Reads `http://host`, `https://host:port`. `None` for anything else, `null` included.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme = ["http", "https"].into_iter().find(|known| known.eq_ignore_ascii_case(scheme))?;
        Some(Self { scheme, authority: authority(rest, scheme)? })
    }

    /// Host and, unless it is the scheme's own, port.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether a page of this origin came from the server that this `Host` header names.
    pub fn is_of_host(&self, host: &str) -> bool {
        authority(host, self.scheme).is_some_and(|host| host == self.authority)
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// `host[:port]` in lower case and without the default port of `scheme`; `None` if it is none.
pub(super) fn authority(text: &str, scheme: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let port_at =
        if text.starts_with('[') { text.find(']')? + 1 } else { text.find(':').unwrap_or(text.len()) };
    let (host, port) = text.split_at(port_at);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let host_is_right = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(plain),
    };
    if !host_is_right {
        return None;
    }
    let default = if scheme == "https" { 443 } else { 80 };
    match port.strip_prefix(':') {
        None if port.is_empty() => Some(host.to_owned()),
        None => None,
        Some(digits) => {
            // No sign, space or `_`, which the parsers of numbers would let pass.
            let number: u16 = digits.bytes().all(|it| it.is_ascii_digit()).then(|| digits.parse().ok())??;
            Some(if number == default { host.to_owned() } else { format!("{host}:{number}") })
        }
    }
}

/// What stands between commas.
pub fn members(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|member| !member.is_empty())
}

pub fn origins(text: &str) -> Result<Vec<Origin>, String> {
    let read = |member| {
        Origin::parse(member)
            .ok_or_else(|| format!("{} is no origin: write one like https://example.org.", quote(member)))
    };
    members(text).map(read).collect()
}

/// Origins, each with what programs of its pages may import: `https://example.org node:* lodash`.
pub fn module_origins(text: &str) -> Result<Vec<(Origin, Vec<ModuleRule>)>, String> {
    let read = |member: &str| {
        let (origin, rules) = member.split_once(char::is_whitespace).unwrap_or((member, ""));
        let origin = Origin::parse(origin).ok_or_else(|| {
            format!(
                "{} does not begin with an origin: write one and what its programs may import, like \
                 https://example.org node:* lodash.",
                quote(member)
            )
        })?;
        Ok((origin, modules::rules(rules)?))
    };
    members(text).map(read).collect()
}

/// Sources for the `frame-ancestors` of a content security policy, in that policy's own spelling.
pub fn frame_ancestors(text: &str) -> Result<Vec<String>, String> {
    let all: Vec<&str> = members(text).collect();
    match all.as_slice() {
        [] => Err("Write none, self, or origins like https://example.org.".to_owned()),
        ["none" | "'none'"] => Ok(vec!["'none'".to_owned()]),
        several => several.iter().map(|member| frame_ancestor(member)).collect(),
    }
}

fn frame_ancestor(member: &str) -> Result<String, String> {
    if matches!(member, "self" | "'self'") {
        return Ok("'self'".to_owned());
    }
    // `https://*.example.org` stands for every subdomain.
    let origin = Origin::parse(&member.replacen("://*.", "://", 1));
    match origin {
        Some(origin) if member.contains("://*.") => Ok(origin.to_string().replacen("://", "://*.", 1)),
        Some(origin) => Ok(origin.to_string()),
        None => Err(format!(
            "{} is no source: write none alone, or self and origins like https://example.org or \
             https://*.example.org.",
            quote(member)
        )),
    }
}

/// Sources for the `frame-ancestors` of the frame with an editor in it, besides the server's own pages.
pub fn embedders(text: &str) -> Result<Vec<String>, String> {
    let all: Vec<&str> = members(text).collect();
    if all == ["*"] {
        return Ok(vec!["*".to_owned()]);
    }
    let read = |member: &&str| match *member {
        "*" => Err("Write * alone, or origins like https://example.org.".to_owned()),
        "self" | "'self'" | "none" | "'none'" => Err(format!(
            "{} goes without saying: write origins like https://example.org or https://*.example.org, or \
             nothing.",
            quote(member)
        )),
        _ => frame_ancestor(member),
    };
    all.iter().map(read).collect()
}
