//! `GET /api/v1/modules`: what a program may import; `GET /api/v1/modules/types/…`: the type declarations, for editors.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, AcceptEncoding, ContentEncoding, Encoding, Header};
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::api::share_with;
use super::error::{Problem, answer};
use super::{State, origin};
use crate::config::{self, Origin};
use crate::modules::{Catalogue, Manifest};
use crate::policy::modules::Allowed;

/// Under which name the declarations of all built-in modules are.
const BUILTIN_TYPES: &str = "node";
/// The longest declarations that are decompressed for a client that takes no gzip.
const TYPES_BYTES: u64 = 16 << 20;

/// What programs may import.
pub struct Modules {
    settings: config::Modules,
    catalogue: Arc<Catalogue>,
}

/// The answer.
#[derive(Serialize)]
struct List<'a> {
    builtins: Vec<Builtin<'a>>,
    packages: Vec<Package<'a>>,
}

#[derive(Serialize)]
struct Builtin<'a> {
    /// With its prefix, which may be left out.
    name: &'a str,
    /// The names that `import` gets, without `default`.
    exports: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    types: Option<String>,
}

#[derive(Serialize)]
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    license: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    /// Whether the operator has added it.
    added: bool,
    /// Further paths that can be imported.
    paths: Vec<&'a str>,
    /// The names that `import` gets of the package itself, without `default`.
    exports: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    types: Option<String>,
    /// What is bundled in it besides itself.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    includes: BTreeMap<&'a str, &'a str>,
}

impl Modules {
    /// Of this catalogue, what the settings allow.
    pub fn new(settings: &config::Modules, catalogue: Arc<Catalogue>) -> Self {
        Self { settings: settings.clone(), catalogue }
    }

    /// What programs of pages of this origin may import.
    pub fn allowed(&self, origin: Option<&Origin>) -> Allowed {
        self.settings.allowed(origin)
    }

    /// Of what is `allowed`, that which programs embedded in pages of this origin may import.
    pub fn embedded(&self, allowed: Allowed, embedder: &Origin) -> Allowed {
        self.settings.embedded(allowed, embedder)
    }

    fn list(&self, allowed: &Allowed) -> List<'_> {
        let address = |name: &str| format!("/api/v1/modules/types/{name}");
        let builtins =
            self.catalogue.builtins.iter().filter(|(name, _)| allowed.builtin(name)).map(|(_, it)| Builtin {
                name: &it.name,
                exports: &it.exports,
                types: self.catalogue.builtin_types.map(|_| address(BUILTIN_TYPES)),
            });
        let packages = self.catalogue.packages.values();
        let packages = packages.filter(|it| allowed.package(&it.about.name, &it.about.version)).map(|it| {
            let Manifest { name, version, license, description, views, packages, .. } = &it.about;
            let entries = it.modules.keys().filter(|path| !path.is_empty());
            let mut paths: Vec<&str> = entries.chain(views.keys()).map(String::as_str).collect();
            paths.sort_unstable();
            let others = packages.iter().filter(|other| other.name != *name);
            Package {
                name,
                version,
                license,
                description,
                added: it.added,
                paths,
                exports: it.modules.get("").map_or(&[], |main| &main.exports),
                types: it.types.map(|_| address(name)),
                includes: others.map(|other| (other.name.as_str(), other.license.as_str())).collect(),
            }
        });
        List { builtins: builtins.collect(), packages: packages.collect() }
    }
}

/// `GET /api/v1/modules`
pub async fn list(req: HttpRequest, state: State) -> HttpResponse {
    let origin = match origin::check(&req, &state) {
        Ok(origin) => origin,
        Err(problem) => return answer(&req, &problem),
    };
    let list = state.modules.list(&state.modules.allowed(origin.as_ref()));
    let mut response = HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(list);
    share_with(origin.as_ref(), response.headers_mut());
    response
}

/// `GET /api/v1/modules/types/{name}`: JSON with an object `files`, from paths to texts.
pub async fn types(req: HttpRequest, name: Path<String>, state: State) -> HttpResponse {
    let origin = match origin::check(&req, &state) {
        Ok(origin) => origin,
        Err(problem) => return answer(&req, &problem),
    };
    let catalogue = &state.modules.catalogue;
    let types = match name.as_str() {
        BUILTIN_TYPES => catalogue.builtin_types,
        name => catalogue.packages.get(name).and_then(|package| package.types),
    };
    let mut response = match types {
        Some(gzipped) => types_response(&req, gzipped),
        None => {
            let detail =
                "There are no type declarations of such a module. /api/v1/modules lists what there is.";
            answer(&req, &Problem::new(StatusCode::NOT_FOUND, detail))
        }
    };
    share_with(origin.as_ref(), response.headers_mut());
    response
}

fn types_response(req: &HttpRequest, gzipped: &'static [u8]) -> HttpResponse {
    let gzip = Encoding::Known(ContentEncoding::Gzip);
    let identity = Encoding::identity();
    let accepted = AcceptEncoding::parse(req).ok();
    let chosen = accepted.and_then(|it| it.negotiate([&gzip, &identity].into_iter()));
    let mut response = HttpResponse::Ok();
    // They change when the server is replaced.
    response
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((header::VARY, "Accept-Encoding"))
        .content_type("application/json");
    if chosen == Some(gzip) {
        response.insert_header((header::CONTENT_ENCODING, ContentEncoding::Gzip.as_str()));
        return response.body(Bytes::from_static(gzipped));
    }
    let mut plain = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(gzipped).take(TYPES_BYTES);
    match decoder.read_to_end(&mut plain) {
        Ok(_) => response.body(plain),
        Err(error) => {
            tracing::error!(%error, "type declarations of a module can't be decompressed");
            let detail = "These type declarations are broken. The server's log says more.";
            answer(req, &Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail))
        }
    }
}
