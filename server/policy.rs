//! What runs may reach (data only): the operator's list of hosts, and the few private endpoints among them. Who
//! holds runs to it is in `sandbox::egress`. What runs may import is in [`modules`].

use std::fmt;

use url::{Host, Url};

pub mod modules;

/// Methods that a rule can name.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// The longest text of a rule that is read.
const RULE_BYTES: usize = 300;

/// What runs may reach. Default: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EgressPolicy {
    /// Hosts on the public network.
    pub allow: Vec<EgressRule>,
    /// Hosts and ports wherever they are, on this very machine, too.
    pub allow_private: Vec<Endpoint>,
}

/// Hosts, and how they may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressRule {
    /// Which methods; none stands for all.
    methods: Vec<String>,
    host: HostPattern,
    port: PortPattern,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostPattern {
    Any,
    /// All below this domain, without the domain itself.
    Below(String),
    Exactly(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PortPattern {
    /// The scheme's own: 80 or 443.
    Default,
    Any,
    Exactly(u16),
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    host: String,
    port: u16,
}

/// What a policy says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may go to this host if that has a public address.
    Public,
    /// It may go to this host wherever that is.
    Private,
    /// Programs may reach nothing at all.
    NothingAllowed,
    /// Not this host, or not this port.
    HostNotAllowed,
    /// This host, but by these methods only.
    MethodNotAllowed(Vec<String>),
}

impl EgressPolicy {
    /// Whether programs may reach nothing at all.
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.allow_private.is_empty()
    }

    /// What to do about a request for `url`, which is `http:` or `https:`.
    pub fn judge(&self, method: &str, url: &Url) -> Verdict {
        let (Some(host), Some(port)) = (host_of(url), url.port_or_known_default()) else {
            return Verdict::HostNotAllowed;
        };
        if self.is_empty() {
            return Verdict::NothingAllowed;
        }
        if self.allow_private.iter().any(|endpoint| endpoint.host == host && endpoint.port == port) {
            return Verdict::Private;
        }
        let is_default = url.port().is_none();
        let mut methods = Vec::new();
        for rule in self.allow.iter().filter(|rule| rule.covers(&host, port, is_default)) {
            if rule.methods.is_empty() || rule.methods.iter().any(|allowed| allowed == method) {
                return Verdict::Public;
            }
            methods.extend(rule.methods.iter().cloned());
        }
        if methods.is_empty() { Verdict::HostNotAllowed } else { Verdict::MethodNotAllowed(methods) }
    }

    /// Whether a rule names this host by itself, in the spelling of [`host_of`].
    pub fn names(&self, host: &str) -> bool {
        let is_named =
            |rule: &EgressRule| matches!(&rule.host, HostPattern::Exactly(exactly) if exactly == host);
        self.allow.iter().any(is_named) || self.allow_private.iter().any(|endpoint| endpoint.host == host)
    }
}

impl EgressRule {
    fn covers(&self, host: &str, port: u16, is_default: bool) -> bool {
        let port_fits = match self.port {
            PortPattern::Default => is_default,
            PortPattern::Any => true,
            PortPattern::Exactly(exactly) => exactly == port,
        };
        port_fits
            && match &self.host {
                HostPattern::Any => true,
                HostPattern::Exactly(exactly) => exactly == host,
                HostPattern::Below(domain) => host
                    .strip_suffix(domain.as_str())
                    .is_some_and(|rest| rest.ends_with('.') && rest.len() > 1),
            }
    }
}

/// The host of a URL as rules have it: in the URL standard's spelling, without the dot that a name may end in.
pub fn host_of(url: &Url) -> Option<String> {
    url.host().map(|host| canonical(&host))
}

fn canonical<S: AsRef<str>>(host: &Host<S>) -> String {
    match host {
        Host::Domain(name) => {
            let name = name.as_ref();
            name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
        }
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => format!("[{address}]"),
    }
}

/// Reads rules, separated by commas: `api.example.com`, `*.example.com`, `example.com:8443`, `example.com:*`,
/// `*`, each with methods before it if only those are allowed: `GET,HEAD api.example.com`.
///
/// # Errors
/// With a sentence that says what to write.
pub fn rules(text: &str) -> Result<Vec<EgressRule>, String> {
    let mut rules = Vec::new();
    // What stands between commas is a rule, or a method of the rule that comes.
    let mut methods: Vec<String> = Vec::new();
    for member in members(text) {
        if METHODS.contains(&member) {
            methods.push(member.to_owned());
            continue;
        }
        let (method, target) = match member.split_once(char::is_whitespace) {
            Some((method, target)) => (Some(method), target.trim_start()),
            None => (None, member),
        };
        match method {
            Some(method) if METHODS.contains(&method) => methods.push(method.to_owned()),
            None if methods.is_empty() => {}
            _ => return Err(no_rule(member)),
        }
        let (host, port) = pattern(target).ok_or_else(|| no_rule(member))?;
        rules.push(EgressRule { methods: std::mem::take(&mut methods), host, port });
    }
    if methods.is_empty() { Ok(rules) } else { Err(no_rule(&methods.join(","))) }
}

/// Reads endpoints, separated by commas: `127.0.0.1:9000`, `[::1]:9000`, `intranet.example:80`.
///
/// # Errors
/// With a sentence that says what to write.
pub fn endpoints(text: &str) -> Result<Vec<Endpoint>, String> {
    let read = |member: &str| match pattern(member) {
        Some((HostPattern::Exactly(host), PortPattern::Exactly(port))) => Ok(Endpoint { host, port }),
        _ => Err(format!(
            "{:?} is no host and port: write them like 127.0.0.1:9000 or intranet.example:80.",
            cut(member)
        )),
    };
    members(text).map(read).collect()
}

fn members(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|member| !member.is_empty())
}

fn no_rule(member: &str) -> String {
    format!(
        "{:?} is no rule: write a host like api.example.com, *.example.com, example.com:8443 or *, with methods \
         before it if only those are allowed, like GET,HEAD api.example.com.",
        cut(member)
    )
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

/// `host`, `*.host` or `*`, with `:port` or `:*` behind it or not.
fn pattern(text: &str) -> Option<(HostPattern, PortPattern)> {
    if text.len() > RULE_BYTES || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    let (host, port) = match text.rsplit_once(':') {
        // A colon within brackets is the address's own.
        Some((host, port)) if !port.ends_with(']') => match port {
            "*" => (host, PortPattern::Any),
            _ if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                (host, PortPattern::Exactly(port.parse().ok().filter(|port| *port > 0)?))
            }
            _ => return None,
        },
        _ => (text, PortPattern::Default),
    };
    let named = |text| {
        let parsed = Host::parse(text).ok()?;
        let name = canonical(&parsed);
        let is_name = !name.contains('*') && !name.split('.').any(str::is_empty);
        is_name.then_some((parsed, name))
    };
    let host = match (host, host.strip_prefix("*.")) {
        ("*", _) => HostPattern::Any,
        // Nothing is below an address.
        (_, Some(domain)) => match named(domain)? {
            (Host::Domain(_), name) => HostPattern::Below(name),
            _ => return None,
        },
        (host, None) => HostPattern::Exactly(named(host)?.1),
    };
    Some((host, port))
}

impl fmt::Display for EgressRule {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if !self.methods.is_empty() {
            write!(f, "{} ", self.methods.join(","))?;
        }
        match &self.host {
            HostPattern::Any => f.write_str("*")?,
            HostPattern::Below(domain) => write!(f, "*.{domain}")?,
            HostPattern::Exactly(host) => f.write_str(host)?,
        }
        match self.port {
            PortPattern::Default => Ok(()),
            PortPattern::Any => f.write_str(":*"),
            PortPattern::Exactly(port) => write!(f, ":{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy(allow: &str, allow_private: &str) -> EgressPolicy {
        EgressPolicy { allow: rules(allow).unwrap(), allow_private: endpoints(allow_private).unwrap() }
    }

    fn judge(policy: &EgressPolicy, method: &str, url: &str) -> Verdict {
        policy.judge(method, &Url::parse(url).unwrap())
    }

    #[test]
    fn a_rule_covers_its_host_at_the_schemes_own_port() {
        let policy = policy("api.example.com", "");
        for url in ["http://api.example.com/", "https://API.example.com:443/x", "https://api.example.com./"] {
            assert_eq!(judge(&policy, "GET", url), Verdict::Public, "{url}");
        }
        for url in [
            "https://example.com/",
            "https://api.example.com.evil.org/",
            "https://xapi.example.com/",
            "https://x.api.example.com/",
            "https://api.example.com:8443/",
            "http://api.example.com:443/",
            "https://api.example.com@evil.org/",
        ] {
            assert_eq!(judge(&policy, "GET", url), Verdict::HostNotAllowed, "{url}");
        }
    }

    #[test]
    fn a_star_stands_for_every_name_below_a_domain() {
        let policy = policy("*.example.com", "");
        assert_eq!(judge(&policy, "GET", "https://a.example.com/"), Verdict::Public);
        assert_eq!(judge(&policy, "GET", "https://a.b.example.com/"), Verdict::Public);
        for url in ["https://example.com/", "https://notexample.com/", "https://.example.com/"] {
            assert_ne!(judge(&policy, "GET", url), Verdict::Public, "{url}");
        }
    }

    #[test]
    fn ports_and_methods_narrow_a_rule() {
        let policy = policy("GET,HEAD a.example, POST a.example:8080, b.example:*, *:81", "");
        assert_eq!(judge(&policy, "HEAD", "https://a.example/"), Verdict::Public);
        let methods = vec!["GET".to_owned(), "HEAD".to_owned()];
        assert_eq!(judge(&policy, "POST", "https://a.example/"), Verdict::MethodNotAllowed(methods));
        assert_eq!(judge(&policy, "POST", "https://a.example:8080/"), Verdict::Public);
        assert_eq!(judge(&policy, "get", "https://b.example:99/"), Verdict::Public);
        assert_eq!(judge(&policy, "GET", "https://c.example:81/"), Verdict::Public);
        assert_eq!(judge(&policy, "GET", "https://c.example/"), Verdict::HostNotAllowed);
    }

    #[test]
    fn private_endpoints_are_exact() {
        let policy = policy("", "127.0.0.1:9000, [::1]:80, Intranet.:81");
        for url in
            ["http://127.0.0.1:9000/", "http://2130706433:9000/", "http://[0::1]/", "http://intranet:81/"]
        {
            assert_eq!(judge(&policy, "GET", url), Verdict::Private, "{url}");
        }
        for url in ["http://127.0.0.1:9001/", "http://127.0.0.2:9000/", "http://localhost:9000/"] {
            assert_eq!(judge(&policy, "GET", url), Verdict::HostNotAllowed, "{url}");
        }
        assert_eq!(judge(&EgressPolicy::default(), "GET", "http://a/"), Verdict::NothingAllowed);
    }

    #[test]
    fn what_is_no_rule_is_refused_with_advice() {
        for text in [
            "http://example.com",
            "example.com/path",
            "a b",
            "FETCH a.example",
            "GET",
            "GET,a.example",
            "*.",
            "*..",
            ".",
            "*example.com",
            "a.*.example",
            "*.1.2.3.4",
            "example.com:0",
            "example.com:65536",
            "example.com:http",
            "user@example.com",
            "[::1",
            "a:1:2",
            ":80",
            "..",
            "*..",
            "a..b",
            "exa mple.com",
        ] {
            let error = rules(text).expect_err(text);
            assert!(error.contains("is no rule: write a host"), "{error}");
        }
        for text in ["127.0.0.1", "*:80", "*.example:80", "a.example:*", "GET a.example:80"] {
            assert!(endpoints(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_a_rule_reads_back_as_itself(text in "(GET|POST| |,|\\*|\\.|:|\\[|\\]|[a-z0-9]{1,3}|\\PC){0,12}") {
            let _ = endpoints(&text);
            if let Ok(read) = rules(&text) {
                let shown: Vec<String> = read.iter().map(ToString::to_string).collect();
                prop_assert_eq!(rules(&shown.join(", ")).unwrap(), read);
            }
        }
    }
}
