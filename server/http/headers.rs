//! Headers that every answer carries.

use actix_web::http::header;
use actix_web::middleware::DefaultHeaders;

/// What a page here never needs, and a script that slipped in would want.
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), \
                           payment=(), serial=(), usb=()";

/// Headers that keep pages to their own scripts and out of others' frames. `frame_ancestors` are sources of
/// a content security policy.
pub fn security(frame_ancestors: &[String]) -> DefaultHeaders {
    // `connect-src 'self'` covers the WebSocket of the same host as well (CSP 3).
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; frame-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors {}",
        frame_ancestors.join(" ")
    );
    let headers = DefaultHeaders::new()
        .add((header::CONTENT_SECURITY_POLICY, policy))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::REFERRER_POLICY, "no-referrer"))
        .add((header::PERMISSIONS_POLICY, PERMISSIONS))
        .add((header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"))
        .add((header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"));
    // For browsers that know no `frame-ancestors`. It has no word for other origins, so then it is left out.
    match frame_ancestors {
        [one] if one == "'none'" => headers.add((header::X_FRAME_OPTIONS, "DENY")),
        [one] if one == "'self'" => headers.add((header::X_FRAME_OPTIONS, "SAMEORIGIN")),
        _ => headers,
    }
}
