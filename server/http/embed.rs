//! Editors on other sites' pages: the script that makes them, the frame that each is shown in, and the page that
//! helps to write the tag.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::assets::{self, Assets};
use super::{State, headers, pages};

/// The script keeps its address while it changes. A browser uses what it has for a while, and then asks whether
/// there is a newer one; an old script and a new frame understand each other, see `web/embed/messages.ts`.
const SCRIPT_CACHE: &str = "public, max-age=300, stale-while-revalidate=86400";

#[derive(Template)]
#[template(path = "embed_frame.html")]
struct FramePage<'a> {
    assets: &'a Assets,
}

#[derive(Template)]
#[template(path = "embed.html")]
struct WizardPage<'a> {
    assets: &'a Assets,
}

/// The content security policy of the frame: our own pages and those of `origins` may show it.
pub fn frame_policy(origins: &[String]) -> String {
    let own = "'self'".to_owned();
    let ancestors: Vec<String> = std::iter::once(own).chain(origins.iter().cloned()).collect();
    headers::policy(&ancestors)
}

/// `GET /embed.js`: defines the element `<mayfly-editor>`. Any page may load it; what it shows is the frame's
/// affair.
pub async fn script(req: HttpRequest, state: State) -> HttpResponse {
    let mut response = assets::by_name(&req, &state.assets, "embed.js", SCRIPT_CACHE);
    let headers = response.headers_mut();
    let any = header::HeaderValue::from_static("*");
    // For pages that load it with `crossorigin`, or isolate themselves.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    headers.insert(header::CROSS_ORIGIN_RESOURCE_POLICY, header::HeaderValue::from_static("cross-origin"));
    response
}

/// `GET /embed/frame`: one editor with its console, without a program: whoever shows the frame sends that.
pub async fn frame(state: State) -> HttpResponse {
    let mut response = pages::html(&state, &FramePage { assets: &state.assets });
    put_policy(&mut response, &state.frame_policy);
    let cross_origin = header::HeaderValue::from_static("cross-origin");
    response.headers_mut().insert(header::CROSS_ORIGIN_RESOURCE_POLICY, cross_origin);
    response
}

/// `GET /embed`: choose options, see the editor, copy the tag.
pub async fn wizard(state: State) -> HttpResponse {
    let mut response = pages::html(&state, &WizardPage { assets: &state.assets });
    // As every page's, and it may show the frame.
    let policy = format!("{}; frame-src 'self'", headers::policy(&["'none'".to_owned()]));
    put_policy(&mut response, &policy);
    response
}

fn put_policy(response: &mut HttpResponse, policy: &str) {
    match header::HeaderValue::from_str(policy) {
        Ok(policy) => {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        // The settings' parser lets no such byte through. Without a policy of its own it gets everybody's.
        Err(error) => tracing::error!(%error, policy, "a content security policy can't be sent"),
    }
}
