//! Everything that speaks HTTP: one screen of routes, and the server around them.

use actix_web::middleware::Compress;
use actix_web::web;

mod admin;
mod api;
mod assets;
mod book;
mod bounded;
mod card;
mod client;
mod connections;
mod delivery;
mod display;
mod embed;
mod error;
mod guard;
mod headers;
mod health;
mod intake;
mod keys;
mod licenses;
mod listen;
pub mod markup;
mod metrics;
mod modules;
mod openapi;
mod origin;
mod pages;
mod rate;
pub mod rendering;
mod serving;
mod shared;
mod state;
mod ws;

pub use serving::{Ready, Reloader, Serving, Stop, serve};
use state::{AppState, State};

fn routes(service: &mut web::ServiceConfig) {
    service
        .app_data(web::QueryConfig::default().error_handler(error::bad_query))
        // With its styles in it the page is long; files are compressed when they are built.
        .service(get("/", pages::index).wrap(Compress::default()))
        .service(get("/assets/{name}", assets::asset))
        .service(get("/embed", embed::wizard))
        .service(get("/embed.js", embed::script))
        .service(get("/service-worker.js", pages::service_worker))
        .service(get("/embed/frame", embed::frame))
        .service(get("/display", display::display))
        .service(get("/healthz", health::healthz))
        .service(get("/readyz", health::readyz))
        .service(get("/metrics", metrics::metrics))
        .service(get("/docs", book::contents))
        .service(get("/docs/{page}", book::page))
        .service(get("/licenses", licenses::licenses))
        .service(get("/api/v1/ws", ws::connect))
        .service(get("/api", openapi::page))
        .service(get("/api/v1/openapi.json", openapi::document))
        .service(post("/api/v1/run", api::run::run))
        .service(post("/api/v1/functions/{reference}", api::functions::call))
        .service(post("/api/v1/snippets", api::snippets::create))
        .service(get("/api/v1/modules", modules::list))
        .service(get("/api/v1/modules/types/{name:.+}", modules::types))
        .service(
            web::resource("/api/v1/snippets/{reference}")
                .route(web::get().to(api::snippets::read_one))
                .route(web::head().to(api::snippets::read_one))
                .route(web::patch().to(api::snippets::revise))
                .route(web::delete().to(api::snippets::delete))
                .route(options(SNIPPET_METHODS))
                .default_service(web::to(|req| error::method_not_allowed(req, SNIPPET_METHODS))),
        )
        .service(
            web::resource("/api/v1/snippets/{reference}/output")
                .route(web::get().to(api::snippets::output))
                .route(web::head().to(api::snippets::output))
                .route(options(OUTPUT_METHODS))
                .default_service(web::to(|req| error::method_not_allowed(req, OUTPUT_METHODS))),
        )
        .service(get("/admin", admin::page))
        .service(
            web::resource("/api/v1/admin/session")
                .route(web::post().to(admin::log_in))
                .route(web::delete().to(admin::log_out))
                .default_service(web::to(|req| error::method_not_allowed(req, "POST, DELETE"))),
        )
        .service(get("/api/v1/admin/overview", admin::overview))
        .service(get("/api/v1/admin/acts", admin::acts))
        .service(only("/api/v1/admin/runs/{run_id}/stop", web::post().to(admin::stop), "POST"))
        .service(only("/api/v1/admin/blocks", web::post().to(admin::block), "POST"))
        .service(only("/api/v1/admin/blocks/{id}", web::delete().to(admin::unblock), "DELETE"))
        .service(only("/api/v1/admin/attestation", web::post().to(admin::attestation::attest), "POST"))
        .service(only("/api/v1/admin/drain", web::post().to(admin::drain), "POST"))
        .service(get("/s/{name}", shared::page))
        .service(get("/s/{reference}/raw", shared::raw))
        .service(get("/s/{reference}/card.png", shared::card))
        .service(get("/oembed", shared::oembed))
        .default_service(web::to(error::not_found));
}

/// What may be done with a snippet.
const SNIPPET_METHODS: &str = "GET, HEAD, PATCH, DELETE, OPTIONS";

/// What may be done with its recorded output.
const OUTPUT_METHODS: &str = "GET, HEAD, OPTIONS";

/// What browsers ask before they let a page of another origin send one of these `methods`.
fn options(methods: &'static str) -> actix_web::Route {
    web::method(actix_web::http::Method::OPTIONS).to(move |req, state| api::preflight(req, state, methods))
}

/// A resource of the API that takes what is posted.
fn post<F, Args>(path: &str, handler: F) -> actix_web::Resource
where
    F: actix_web::Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    web::resource(path)
        .route(web::post().to(handler))
        .route(options("POST, OPTIONS"))
        .default_service(web::to(|req| error::method_not_allowed(req, "POST, OPTIONS")))
}

/// A resource that takes one `method`, from no page of another origin.
fn only(path: &str, route: actix_web::Route, method: &'static str) -> actix_web::Resource {
    web::resource(path)
        .route(route)
        .default_service(web::to(move |req| error::method_not_allowed(req, method)))
}

/// A resource that is read, and answers any other method with the ones it has.
fn get<F, Args>(path: &str, handler: F) -> actix_web::Resource
where
    F: actix_web::Handler<Args> + Clone,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    web::resource(path)
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
        .default_service(web::to(|req| error::method_not_allowed(req, "GET, HEAD")))
}
