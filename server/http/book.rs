//! `GET /docs`: the book. The build has made pages of its documents (`web/docs.mjs`); here they get what is around all
//! pages, and the same policy.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::assets::Assets;
use super::error::{Problem, answer};
use super::{State, pages};

/// All pages, in their order.
#[derive(Debug)]
pub struct Book(Vec<Page>);

#[derive(Debug, Deserialize)]
struct Page {
    /// What it is called in its address.
    slug: String,
    title: String,
    /// Made from our own documents: no text of a visitor's is in it.
    html: String,
}

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage<'a> {
    assets: &'a Assets,
    pages: &'a [Page],
    current: Option<&'a Page>,
}

impl DocsPage<'_> {
    fn is_current(&self, page: &Page) -> bool {
        self.current.is_some_and(|current| current.slug == page.slug)
    }
}

impl Book {
    /// Reads it.
    ///
    /// # Errors
    /// When the binary was built without its front end.
    pub fn load(assets: &Assets) -> Result<Self, String> {
        let pages = serde_json::from_str(&assets.text("book.json"));
        pages
            .map(Self)
            .map_err(|error| format!("The front end's book.json can't be read: {error}. Run `make build`."))
    }
}

/// `GET /docs`: what there is.
pub async fn contents(state: State) -> HttpResponse {
    pages::html(&state, &DocsPage { assets: &state.assets, pages: &state.book.0, current: None })
}

/// `GET /docs/{page}`
pub async fn page(req: HttpRequest, slug: Path<String>, state: State) -> HttpResponse {
    match state.book.0.iter().find(|page| page.slug == *slug) {
        Some(page) => pages::html(
            &state,
            &DocsPage { assets: &state.assets, pages: &state.book.0, current: Some(page) },
        ),
        None => {
            let detail = "The book has no such page. /docs lists those that it has.";
            answer(&req, &Problem::new(StatusCode::NOT_FOUND, detail))
        }
    }
}
