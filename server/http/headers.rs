//! Headers that every answer carries.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue, InvalidHeaderValue};
use actix_web::middleware::Next;

use super::State;
use super::assets::Inline;

/// What a page here never needs, and a script that slipped in would want.
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), \
                           payment=(), serial=(), usb=()";

/// The content security policy of a page that `frame_ancestors`, sources of that policy, may show in a frame, with
/// scripts and styles from the server's own files and these `[scripts, styles]`.
pub fn policy(frame_ancestors: &[String], [scripts, styles]: [&str; 2]) -> String {
    // `connect-src 'self'` covers the WebSocket of the same host as well (CSP 3).
    format!(
        "default-src 'none'; script-src 'self'{scripts}; style-src 'self'{styles}; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; frame-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors {}",
        frame_ancestors.join(" ")
    )
}

/// Headers that keep pages to their own scripts and out of others' frames.
pub struct Headers {
    /// Who may show a page. Left out of an answer that brings a policy of its own, which says so itself.
    framing: Vec<(HeaderName, HeaderValue)>,
    /// Everything else. An answer's own value counts more.
    others: Vec<(HeaderName, HeaderValue)>,
    /// What the editor's page has in itself, which the policy lets it.
    pub inline: Inline,
}

impl Headers {
    /// Headers of pages that `frame_ancestors` may show in a frame.
    ///
    /// # Errors
    /// When those are no sources of a policy.
    pub fn new(frame_ancestors: &[String], inline: Inline) -> Result<Self, InvalidHeaderValue> {
        let sources = inline.sources.each_ref().map(|source| format!(" {source}"));
        let policy = policy(frame_ancestors, sources.each_ref().map(String::as_str));
        let mut framing = vec![(header::CONTENT_SECURITY_POLICY, policy.parse()?)];
        // For browsers that know no `frame-ancestors`. It has no word for other origins, so then it is left out.
        match frame_ancestors {
            [one] if one == "'none'" => {
                framing.push((header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")));
            }
            [one] if one == "'self'" => {
                framing.push((header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")));
            }
            _ => {}
        }
        let others = [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::PERMISSIONS_POLICY, PERMISSIONS),
            (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
            (header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
        ];
        Ok(Self {
            framing,
            others: others.map(|(name, value)| (name, HeaderValue::from_static(value))).into(),
            inline,
        })
    }
}

/// Puts the headers on each answer.
pub async fn security(
    state: State,
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(req).await?;
    let headers = response.headers_mut();
    let framing: &[_] =
        if headers.contains_key(header::CONTENT_SECURITY_POLICY) { &[] } else { &state.headers.framing };
    for (name, value) in framing.iter().chain(&state.headers.others) {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
    Ok(response)
}
