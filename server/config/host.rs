//! Names of hosts, as settings and requests have them.

use super::value::{authority, members, quote};

/// The name or address of a host, in lower case, without a port: `play.example.org`, `192.0.2.1`, `[2001:db8::1]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

impl HostName {
    /// Reads `host` or `host:port`. A dot at the end of a name means the same host. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let whole = authority(text, "http")?;
        // A colon in brackets is not the one before a port.
        let end = whole.rfind(':').filter(|at| !whole[*at..].contains(']')).unwrap_or(whole.len());
        let host = &whole[..end];
        let host = host.strip_suffix('.').unwrap_or(host);
        (!host.is_empty() && !host.ends_with('.')).then(|| Self(host.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Hosts without ports, like `mayfly.internal, 192.0.2.1`.
pub fn hosts(text: &str) -> Result<Vec<HostName>, String> {
    let read = |member: &str| {
        HostName::parse(member).filter(|host| host.as_str().len() == member.len()).ok_or_else(|| {
            format!(
                "{} is no host: write one without a port, like mayfly.internal or 192.0.2.1.",
                quote(member)
            )
        })
    };
    members(text).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_without_ports() {
        let read =
            |text| hosts(text).map(|all| all.iter().map(|it| it.as_str().to_owned()).collect::<Vec<_>>());
        assert_eq!(read(""), Ok(vec![]));
        let all = ["mayfly.internal", "192.0.2.1", "[::1]"].map(str::to_owned).to_vec();
        assert_eq!(read("Mayfly.Internal, 192.0.2.1,[::1]"), Ok(all));
        for bad in ["a:80", "http://a", "a/b", "*", "[::1", "a..", "."] {
            assert!(read(bad).is_err_and(|words| words.contains("is no host")), "{bad}");
        }
    }
}
