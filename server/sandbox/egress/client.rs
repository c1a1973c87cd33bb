//! The HTTP clients, and where they look names up.
//!
//! There are two, since a client keeps connections: a request to a public host never travels on a connection that
//! was made to a private one. That a connection goes to the address that was checked is certain because it is the
//! client's own look-up that checks: there is no second one.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::address::not_public;

/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(30);
/// How many such connections are kept for each host.
const IDLE_CONNECTIONS: usize = 8;

/// What a host's name stands for, where none of it is public.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotPublic(pub &'static str);

/// Authorities whose certificates are trusted: Mozilla's, and an operator's own. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Authorities(Arc<RootCertStore>);

impl Default for Authorities {
    fn default() -> Self {
        Self(Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }))
    }
}

impl Authorities {
    /// Mozilla's and those in a PEM file.
    ///
    /// # Errors
    /// With a sentence that says what is wrong.
    pub fn load(path: &Path) -> Result<Self, String> {
        let at = path.display();
        let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let own =
            CertificateDer::pem_file_iter(path).map_err(|error| format!("{at} can't be read: {error}."))?;
        let before = store.len();
        for certificate in own {
            let certificate = certificate.map_err(|error| format!("{at} can't be read: {error}."))?;
            store
                .add(certificate)
                .map_err(|error| format!("A certificate in {at} can't be used: {error}."))?;
        }
        if store.len() == before {
            return Err(format!("There is no certificate in {at}."));
        }
        Ok(Self(Arc::new(store)))
    }
}

/// The two clients. Each is made when it is needed first.
pub struct Clients {
    resolver: Option<SocketAddr>,
    authorities: Authorities,
    public: OnceLock<Result<reqwest::Client, String>>,
    private: OnceLock<Result<reqwest::Client, String>>,
}

impl Clients {
    /// Clients that ask this DNS server, or as the system does, and trust these authorities.
    pub fn new(resolver: Option<SocketAddr>, authorities: Authorities) -> Self {
        Self { resolver, authorities, public: OnceLock::new(), private: OnceLock::new() }
    }

    /// The client that connects to public addresses only, or the one that connects to any. To a host that is
    /// given by its address either connects: that is to be checked before.
    ///
    /// # Errors
    /// In words, for the log.
    pub fn get(&self, is_private: bool) -> Result<&reqwest::Client, String> {
        let client = if is_private { &self.private } else { &self.public };
        client.get_or_init(|| self.make(!is_private)).as_ref().map_err(Clone::clone)
    }

    fn make(&self, only_public: bool) -> Result<reqwest::Client, String> {
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(self.authorities.0.clone())
            .with_no_client_auth();
        let lookup = match self.resolver {
            None => Lookup::System,
            Some(server) => Lookup::Server(Box::new(server_resolver(server)?)),
        };
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(Resolver { lookup: Arc::new(lookup), only_public }))
            // Each hop of a redirect is a request that the program makes, and is checked like any.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .http1_only()
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build()
            .map_err(|error| error.to_string())
    }
}

/// A client that connects to any address and trusts these authorities, for what an operator asks for.
///
/// # Errors
/// In words.
pub fn client(authorities: &Authorities) -> Result<reqwest::Client, String> {
    Clients::new(None, authorities.clone()).make(false)
}

fn server_resolver(server: SocketAddr) -> Result<TokioResolver, String> {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    let server = NameServerConfig::new(server.ip(), true, connections.into());
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        .build()
        .map_err(|error| error.to_string())
}

/// Where names are looked up.
enum Lookup {
    System,
    Server(Box<TokioResolver>),
}

impl Lookup {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        match self {
            Self::System => Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect()),
            Self::Server(server) => {
                let found = server.lookup_ip(name).await.map_err(io::Error::other)?;
                Ok(found.iter().collect())
            }
        }
    }
}

struct Resolver {
    lookup: Arc<Lookup>,
    only_public: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, only_public) = (self.lookup.clone(), self.only_public);
        Box::pin(async move {
            let found = lookup.addresses(name.as_str()).await?;
            let usable = if only_public { public(found)? } else { found };
            // Port 0 stands for the URL's.
            let addresses: Addrs = Box::new(usable.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// The public ones of `addresses`; an error if there are others only.
fn public(addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, NotPublic> {
    let mut why = None;
    let public: Vec<IpAddr> = addresses
        .into_iter()
        .filter(|address| {
            let what = not_public(*address);
            why = why.or(what);
            what.is_none()
        })
        .collect();
    match why {
        Some(what) if public.is_empty() => Err(NotPublic(what)),
        _ => Ok(public),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_addresses_only_the_public_ones_are_connected_to() {
        let [local, public_one]: [IpAddr; 2] = ["127.0.0.1", "8.8.8.8"].map(|text| text.parse().unwrap());
        assert_eq!(public(vec![local, public_one]).unwrap(), [public_one]);
        assert_eq!(public(vec![local]).unwrap_err().0, "a loopback address");
        assert!(public(Vec::new()).unwrap().is_empty());
    }

    #[test]
    fn both_clients_can_be_made_whatever_the_resolver() {
        for resolver in [None, Some("127.0.0.1:5353".parse().unwrap())] {
            let clients = Clients::new(resolver, Authorities::default());
            assert!(clients.get(true).is_ok() && clients.get(false).is_ok());
        }
    }
}
