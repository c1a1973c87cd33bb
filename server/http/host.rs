//! Which hosts the server answers for. A page of another site can point a name of its own at this server's address
//! (DNS rebinding); its scripts are then of the server's own origin, and inside a private network they reach what
//! outsiders can't. Such a request carries the other name in `Host`, so a server that knows its name refuses it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use actix_web::dev::ServiceRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};

use super::AppState;
use super::error::Problem;
use crate::config::{HostName, Origin};

static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Paths that answer whatever the host: probes of Kubernetes name the pod's address, and metrics take a token.
const ANY_HOST: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The hosts that count as this server.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// `None`: any.
    known: Option<Known>,
}

#[derive(Clone, Debug)]
struct Known {
    public_url: Origin,
    names: Vec<HostName>,
}

impl Hosts {
    /// The host of `public_url` and these `others`. Without a `public_url`, every host.
    pub fn new(public_url: Option<&Origin>, others: &[HostName]) -> Self {
        let known = public_url.map(|public_url| Known {
            public_url: public_url.clone(),
            names: HostName::parse(public_url.authority())
                .into_iter()
                .chain(others.iter().cloned())
                .collect(),
        });
        Self { known }
    }

    /// Whether a request that names `host` is for this server. The port does not matter: another name has to be
    /// another host.
    fn accepts(&self, host: &str) -> bool {
        let Some(known) = &self.known else { return true };
        HostName::parse(host).is_some_and(|host| is_loopback(&host) || known.names.contains(&host))
    }
}

fn is_loopback(host: &HostName) -> bool {
    let name = host.as_str();
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name == "localhost" || address.parse().is_ok_and(|address: IpAddr| address.to_canonical().is_loopback())
}

/// Whether a request is for this server.
///
/// # Errors
/// 421 where `Host`, or what a trusted proxy says in `X-Forwarded-Host`, names another host.
pub fn check(state: &AppState, req: &ServiceRequest) -> Result<(), Problem> {
    let Some(known) = &state.hosts.known else { return Ok(()) };
    if ANY_HOST.contains(&req.path()) {
        return Ok(());
    }
    let headers = req.headers();
    // A header that is sent twice is read by others as it suits them, so each has to be right. Without one, nobody said.
    let mut named: Vec<&str> =
        headers.get_all(header::HOST).map(|host| host.to_str().unwrap_or_default()).collect();
    if named.is_empty() {
        named.push("");
    }
    // A target like `http://host/path` counts more than `Host` (RFC 9112, 3.2.2).
    named.extend(req.uri().authority().map(actix_web::http::uri::Authority::as_str));
    // Some proxies put a host of their own into `Host`, and the client's here.
    if req.peer_addr().is_some_and(|peer| state.proxies.trusts(peer.ip())) {
        let forwarded = headers.get_all(&X_FORWARDED_HOST).map(|hosts| hosts.to_str().unwrap_or_default());
        named.extend(forwarded.flat_map(|hosts| hosts.split(',')).map(str::trim));
    }
    let Some(other) = named.into_iter().find(|host| !state.hosts.accepts(host)) else { return Ok(()) };
    let (host, path) = (shortened(other), shortened(req.path()));
    // Once as a warning: a proxy that is set up wrong shows at the first request, and nobody can flood the log.
    static WARNED: AtomicBool = AtomicBool::new(false);
    if WARNED.swap(true, Relaxed) {
        tracing::debug!(?host, ?path, "refused a request for another host");
    } else {
        tracing::warn!(
            ?host,
            ?path,
            "refused a request for another host; further ones are logged at debug level"
        );
    }
    let public_url = &known.public_url;
    let detail = format!(
        "This server answers at {public_url}, and this request names another host. Open {public_url} instead. If \
         this is your server: let the proxy before it pass `Host` on, or add the host to the setting server.hosts."
    );
    Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail))
}

fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Says in the log what it means that no `public_url` is set.
pub fn warn_of_any_host(public_url: Option<&Origin>, address: IpAddr) {
    if public_url.is_some() {
        return;
    }
    let meaning = "server.public_url is not set: the server answers for any host. A page of another site that points \
                   its own name at this server (DNS rebinding) can then use it from a visitor's browser. Set it to \
                   the address that visitors use, like https://play.example.org";
    if address.is_loopback() {
        tracing::info!("{meaning}");
    } else {
        tracing::warn!("{meaning}");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hosts(public_url: Option<&str>, others: &[&str]) -> Hosts {
        let public_url = public_url.map(|url| Origin::parse(url).expect("an origin"));
        let others: Vec<_> = others.iter().map(|host| HostName::parse(host).expect("a host")).collect();
        Hosts::new(public_url.as_ref(), &others)
    }

    #[test]
    fn own_and_loopback_hosts_are_accepted() {
        let hosts = hosts(Some("https://play.example.org"), &["mayfly.default.svc", "192.0.2.7"]);
        for own in [
            "play.example.org",
            "PLAY.example.org:443",
            "play.example.org:8443",
            "play.example.org.",
            "mayfly.default.svc:8080",
            "192.0.2.7",
            "localhost:8080",
            "127.0.0.1:8080",
            "127.8.9.1",
            "[::1]:8080",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(hosts.accepts(own), "{own}");
        }
        for other in [
            "",
            "evil.example",
            "play.example.org.evil.example",
            "evil.play.example.org",
            "play.example.org@evil.example",
            "play.example.org, evil.example",
            "localhost.evil.example",
            "evil.localhost",
            "192.0.2.8",
            "0.0.0.0:8080",
            "[::]",
            "10.0.0.1",
            "127.0.0.1.evil.example",
            "play.example.org:",
            "play.example.org:x",
            "http://play.example.org",
            "play.example.org/",
            " play.example.org",
            "play.example.org..",
            "\u{ff50}lay.example.org",
        ] {
            assert!(!hosts.accepts(other), "{other}");
        }
    }

    #[test]
    fn without_public_url_every_host_is_accepted() {
        assert!(hosts(None, &["a.example"]).accepts("evil.example"));
        assert!(hosts(None, &[]).accepts(""));
    }

    proptest! {
        #[test]
        fn other_names_are_never_accepted(name in "\\PC{0,20}", place in 0..3_u8) {
            let hosts = hosts(Some("http://play.example.org:81"), &[]);
            let host = match place {
                0 => name.clone(),
                1 => format!("{name}play.example.org"),
                _ => format!("play.example.org{name}"),
            };
            let port_or_dot = |rest: &str| {
                let rest = rest.strip_prefix('.').unwrap_or(rest);
                let is_port = |digits: &str| digits.bytes().all(|it| it.is_ascii_digit());
                rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port)
            };
            let is_own = host.to_ascii_lowercase().strip_prefix("play.example.org").is_some_and(port_or_dot);
            prop_assert!(is_own || !hosts.accepts(&host), "{host:?}");
        }
    }
}
