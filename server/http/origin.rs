//! Whose pages may use the WebSocket and the API. Browsers say in `Origin` which page a request comes from;
//! a request without one comes from no page.

use actix_web::HttpRequest;
use actix_web::http::{StatusCode, header};

use super::AppState;
use super::error::Problem;
use crate::config::Origin;

/// Where visitors find this server, as the settings or else this request say, like `https://play.example.org`.
pub fn public_url(req: &HttpRequest, state: &AppState) -> String {
    if let Some(origin) = &state.public_url {
        return origin.to_string();
    }
    let text = |name: &str| req.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Only a proxy that is believed knows that its client came by TLS.
    let is_proxy = req.peer_addr().is_some_and(|peer| state.proxies.trusts(peer.ip()));
    let is_secure = is_proxy && text("x-forwarded-proto").eq_ignore_ascii_case("https");
    let scheme = if is_secure { "https" } else { "http" };
    Origin::parse(&format!("{scheme}://{}", text("host")))
        .map(|origin| origin.to_string())
        .unwrap_or_default()
}

/// Whether a page of this origin came from the server that `req` was sent to.
pub fn is_own(req: &HttpRequest, origin: &Origin) -> bool {
    let host = req.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    origin.is_of_host(host)
}

/// The origin of the page that sent `req`, if one did, checked to be the server's own or allowed.
///
/// # Errors
/// 403 for any other.
pub fn check(req: &HttpRequest, state: &AppState) -> Result<Option<Origin>, Problem> {
    let mut values = req.headers().get_all(header::ORIGIN);
    let Some(value) = values.next() else { return Ok(None) };
    let origin = value.to_str().ok().and_then(Origin::parse).filter(|_| values.next().is_none());
    let host = req.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    match origin {
        Some(origin) if origin.is_of_host(host) || state.allowed_origins.contains(&origin) => {
            Ok(Some(origin))
        }
        _ => {
            tracing::warn!(origin = ?value, host, "refused a request from another origin");
            Err(Problem::new(
                StatusCode::FORBIDDEN,
                "Pages of this origin may not use this server. Whoever runs it can add the origin to the \
                 setting server.allowed_origins.",
            ))
        }
    }
}
