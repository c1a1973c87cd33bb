//! `GET /licenses`: the terms of all that is in the program and its page.

use actix_web::HttpResponse;
use actix_web::http::header;

use super::State;

/// Mayfly's own, in the two forms that one may choose from.
const OURS: [&str; 2] = [include_str!("../../LICENSE-MIT"), include_str!("../../LICENSE-APACHE")];

/// The crates', written by the build (`build/notices.rs`).
const CRATES: &str = include_str!(concat!(env!("OUT_DIR"), "/notices.txt"));

/// The texts of all licences, one after the other.
pub async fn licenses(state: State) -> HttpResponse {
    let rule = format!("\n{}\n\n", "=".repeat(72));
    let [mit, apache] = OURS;
    let ours = format!(
        "Mayfly {}, under either of these two licences:\n\n{mit}{rule}{apache}",
        env!("CARGO_PKG_VERSION")
    );
    let page = format!("The page contains these packages of npm:\n\n{}", state.assets.text("licenses.txt"));
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .content_type("text/plain; charset=utf-8")
        .body([&ours, &page, CRATES].join(&rule))
}
