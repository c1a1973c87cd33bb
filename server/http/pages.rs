//! Pages for people.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::assets::{self, Assets, Inline};
use super::bounded::Bounded;
use super::error::Problem;
use super::shared::SharedPage;
use super::{AppState, State};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What pages are.
pub const HTML: &str = "text/html; charset=utf-8";
/// The most that a shared program's page takes besides the program, its data and its output, in bytes: the editor around
/// them, with its styles, and titles.
const SHELL_BYTES: usize = 1 << 20;

#[derive(Template)]
#[template(path = "index.html")]
struct IndexPage<'a> {
    assets: &'a Assets,
    /// What the first paint takes, so that nothing has to be asked for before it.
    inline: &'a Inline,
    version: &'a str,
    /// What examples need and this server has, as words.
    offers: &'static str,
    snippet: Option<SharedPage>,
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    assets: &'a Assets,
    status: u16,
    title: &'a str,
    message: &'a str,
}

/// `GET /`: the editor.
pub async fn index(state: State) -> HttpResponse {
    html(&state, &editor(&state, None))
}

/// `GET /service-worker.js`: keeps the editor for when the server is away. Its address says how far it reaches, so
/// it is not among the other files.
pub async fn service_worker(req: HttpRequest, state: State) -> HttpResponse {
    assets::by_name(&req, &state.assets, "service-worker.js", "no-cache")
}

/// The editor, with a snippet in it or without.
fn editor(state: &AppState, snippet: Option<SharedPage>) -> IndexPage<'_> {
    let offers = if state.has_fixtures { "fixtures" } else { "" };
    IndexPage { assets: &state.assets, inline: &state.headers.inline, version: VERSION, offers, snippet }
}

/// The page of a snippet.
///
/// # Errors
/// When it would be longer than its parts allow.
pub fn shared(state: &AppState, page: SharedPage) -> askama::Result<String> {
    let limit = SHELL_BYTES + page.program.len() + page.console.len() + page.json.len();
    bounded(&editor(state, Some(page)), limit)
}

fn bounded(page: &IndexPage<'_>, limit: usize) -> askama::Result<String> {
    let mut html = Bounded::new(limit);
    page.render_into(&mut html)?;
    Ok(html.into_string())
}

/// A page made from its template.
pub fn html(state: &AppState, page: &impl Template) -> HttpResponse {
    match page.render() {
        // Pages name their scripts by their content, so they have to be asked for anew.
        Ok(html) => HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .content_type(HTML)
            .body(html),
        Err(cause) => {
            tracing::error!(error = %cause, "can't render the page");
            let detail = "The page could not be made. The server's log says why.";
            error(state, &Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail))
        }
    }
}

/// A problem as a page.
pub fn error(state: &AppState, problem: &Problem) -> HttpResponse {
    let page = ErrorPage {
        assets: &state.assets,
        status: problem.status().as_u16(),
        title: problem.title(),
        message: problem.detail(),
    };
    match page.render() {
        Ok(html) => problem.respond(HTML, html),
        Err(error) => {
            tracing::error!(%error, "can't render the error page");
            problem.respond("text/plain; charset=utf-8", problem.to_string())
        }
    }
}

#[cfg(test)]
mod tests;
