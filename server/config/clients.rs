//! Texts to values, as far as they are about clients: how often they may do something, and where they are.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;

use super::value::{members, number, quote};

/// How often something may be done: so many times at once, and then so many in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many in [`Rate::period`].
    pub count: NonZeroU32,
    /// The time for [`Rate::count`]; they come free one by one.
    pub period: Period,
    /// How many at once, if there were none for long enough.
    pub burst: NonZeroU32,
}

/// The time that a rate is given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// `s`
    Second,
    /// `min`
    Minute,
    /// `h`
    Hour,
}

impl Rate {
    /// The time after which one more may be done.
    pub fn interval(self) -> Duration {
        let period = match self.period {
            Period::Second => 1,
            Period::Minute => 60,
            Period::Hour => 3_600,
        };
        Duration::from_secs(period) / self.count.get()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let period = match self.period {
            Period::Second => "a second",
            Period::Minute => "a minute",
            Period::Hour => "an hour",
        };
        write!(f, "{} {period}, {} at once", self.count, self.burst)
    }
}

/// `off`, or a rate like `30/min` or `30/min burst 10`. Without a burst, all may be done at once.
pub fn rate(text: &str) -> Result<Option<Rate>, String> {
    if text.trim() == "off" {
        return Ok(None);
    }
    let wrong = || {
        "Write off, or a number for each s, min or h, and how many may come at once: 30/min or 30/min burst 10. \
         Both are whole numbers from 1 to 1000000."
            .to_owned()
    };
    let count = |text| number::<u32>(1..=1_000_000)(text).ok().and_then(NonZeroU32::new).ok_or_else(wrong);
    let (rate, burst) = match text.split_once(" burst ") {
        Some((rate, burst)) => (rate, Some(count(burst)?)),
        None => (text, None),
    };
    let (per_period, period) = rate.split_once('/').ok_or_else(wrong)?;
    let period = match period.trim() {
        "s" => Period::Second,
        "min" => Period::Minute,
        "h" => Period::Hour,
        _ => return Err(wrong()),
    };
    let per_period = count(per_period)?;
    Ok(Some(Rate { count: per_period, period, burst: burst.unwrap_or(per_period) }))
}

/// The header in which a trusted proxy says whom a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`, what most proxies write.
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Forwarded,
}

pub fn proxy_header(text: &str) -> Result<ProxyHeader, String> {
    if text.eq_ignore_ascii_case("x-forwarded-for") {
        Ok(ProxyHeader::XForwardedFor)
    } else if text.eq_ignore_ascii_case("forwarded") {
        Ok(ProxyHeader::Forwarded)
    } else {
        Err("Write x-forwarded-for or forwarded, whichever the proxy sets.".to_owned())
    }
}

/// Addresses and networks, like `127.0.0.1, 10.0.0.0/8, fd00::/8`.
pub fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let read = |member: &str| {
        let network = match member.parse::<IpAddr>() {
            Ok(address) => Some(IpNet::from(address)),
            Err(_) => member.parse::<IpNet>().ok().map(|network| network.trunc()),
        };
        network.ok_or_else(|| {
            format!("{} is no address or network: write one like 127.0.0.1 or 10.0.0.0/8.", quote(member))
        })
    };
    members(text).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_said() {
        let said = |text| rate(text).expect("a rate").map_or("off".to_owned(), |rate| rate.to_string());
        assert_eq!(said("off"), "off");
        assert_eq!(said("30/min"), "30 a minute, 30 at once");
        assert_eq!(said(" 1_000 / h burst 5 "), "1000 an hour, 5 at once");
        assert_eq!(said("1/s"), "1 a second, 1 at once");
        let interval = |text| rate(text).expect("a rate").map(Rate::interval);
        assert_eq!(interval("30/min"), Some(Duration::from_secs(2)));
        assert_eq!(interval("1000000/s"), Some(Duration::from_micros(1)));
        for bad in
            ["", "30", "0/min", "30/", "30/m", "/min", "30/min burst 0", "30/min burst", "-1/s", "1000001/s"]
        {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn networks_are_read() {
        let said = |text| networks(text).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(said(""), Ok(vec![]));
        let all = ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8", "::1/128"].map(str::to_owned).to_vec();
        assert_eq!(said("127.0.0.1, 10.1.2.3/8,fd00::/8,::1"), Ok(all));
        for bad in ["localhost", "10.0.0.0/33", "10.0.0", "10.0.0.1:80", "*"] {
            assert!(said(bad).is_err_and(|words| words.contains("is no address or network")), "{bad}");
        }
    }
}
