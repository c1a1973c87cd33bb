//! `GET /display`: the empty document in which the page shows a program's HTML.
//!
//! Whatever stands in it later, it has no origin, may run one script (ours, known by its hash), load nothing from
//! anywhere, and go nowhere: the frame's sandbox and this policy both say so.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderName};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::State;
use super::assets::Assets;

#[derive(Template)]
#[template(path = "display.html")]
struct Page<'a> {
    script: &'a str,
}

/// The document, and its policy.
#[derive(Debug)]
pub struct Display {
    html: String,
    policy: String,
    is_framed_by_us_alone: bool,
}

impl Display {
    /// The document that pages of this server may frame, which in turn `frame_ancestors` may.
    ///
    /// # Errors
    /// When the binary was built without its front end.
    pub fn new(assets: &Assets, frame_ancestors: &[String]) -> Result<Self, String> {
        let (script, hash) =
            assets.script("frame.js").ok_or("The front end has no frame.js. Run `make build`.")?;
        let html = Page { script: &script }.render().map_err(|error| error.to_string())?;
        let others = frame_ancestors.iter().filter(|it| !matches!(it.as_str(), "'none'" | "'self'"));
        let ancestors: Vec<&str> = std::iter::once("'self'").chain(others.map(String::as_str)).collect();
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'unsafe-inline'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors {}; sandbox allow-scripts",
            STANDARD.encode(hash),
            ancestors.join(" ")
        );
        Ok(Self { html, policy, is_framed_by_us_alone: ancestors.len() == 1 })
    }
}

/// `GET /display`
pub async fn display(state: State) -> HttpResponse {
    let Display { html, policy, is_framed_by_us_alone } = &state.display;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy.as_str()))
        // The names in a program's links are looked up for nobody.
        .insert_header((HeaderName::from_static("x-dns-prefetch-control"), "off"));
    if *is_framed_by_us_alone {
        response.insert_header((header::X_FRAME_OPTIONS, "SAMEORIGIN"));
    }
    response.content_type("text/html; charset=utf-8").body(html.clone())
}
