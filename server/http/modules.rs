//! `GET /api/v1/modules`: what a program may import; `GET /api/v1/modules/types/…`: the type declarations, for editors.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, AcceptEncoding, ContentEncoding, Encoding, Header};
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::api::share_with;
use super::error::{Problem, answer};
use super::{State, origin};
use crate::config::{self, Origin};
use crate::modules::{Catalogue, Manifest};
use crate::policy::modules::Allowed;

/// Names of the language that not every build of V8 has and this one does, as the build script found them.
const ENGINE_GLOBALS: &str = env!("ENGINE_GLOBALS");
/// Under which name the declarations of all built-in modules are.
const BUILTIN_TYPES: &str = "node";
/// The longest declarations that are decompressed for a client that takes no gzip.
const TYPES_BYTES: u64 = 16 << 20;

/// What programs may import.
pub struct Modules {
    settings: config::Modules,
    catalogue: Arc<Catalogue>,
}

/// What a program may import.
#[derive(Serialize, ToSchema)]
#[schema(as = Modules)]
pub struct List<'a> {
    /// Node's modules.
    builtins: Vec<Builtin<'a>>,
    /// Packages from npm.
    packages: Vec<Package<'a>>,
    /// Names that programs need not import and that not every server has: what its build of V8 has of the language
    /// beyond ES2025. `Temporal`, or nothing.
    #[schema(example = json!(["Temporal"]))]
    globals: Vec<&'static str>,
}

/// One of Node's modules.
#[derive(Serialize, ToSchema)]
struct Builtin<'a> {
    /// With its prefix, which may be left out.
    #[schema(example = "node:path")]
    name: &'a str,
    /// The names that `import` gets, without `default`.
    exports: &'a [String],
    /// Where its type declarations are.
    #[serde(skip_serializing_if = "Option::is_none")]
    types: Option<String>,
}

/// A package from npm.
#[derive(Serialize, ToSchema)]
struct Package<'a> {
    /// Its name.
    #[schema(example = "lodash")]
    name: &'a str,
    /// Its version.
    version: &'a str,
    /// Its licence, by SPDX.
    license: &'a str,
    /// What it says of itself.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(value_type = Option<String>)]
    description: &'a str,
    /// Whether the operator has added it.
    added: bool,
    /// Further paths that can be imported.
    paths: Vec<&'a str>,
    /// The names that `import` gets of the package itself, without `default`.
    exports: &'a [String],
    /// Where its type declarations are.
    #[serde(skip_serializing_if = "Option::is_none")]
    types: Option<String>,
    /// What is bundled in it besides itself, with licences.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    includes: BTreeMap<&'a str, &'a str>,
}

/// The type declarations of one package, or of all built-in modules.
#[derive(Serialize, ToSchema)]
#[schema(as = Types)]
#[allow(dead_code, reason = "they are sent as they were bundled; this says what they are")]
pub struct TypesView {
    /// Texts by path.
    files: BTreeMap<String, String>,
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

    /// Of what is `allowed`, that which programs embedded in pages of this origin, or an unknown one, may import.
    pub fn embedded(&self, allowed: Allowed, embedder: Option<&Origin>) -> Allowed {
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
        let globals = ENGINE_GLOBALS.split(',').filter(|name| !name.is_empty());
        List { builtins: builtins.collect(), packages: packages.collect(), globals: globals.collect() }
    }
}

/// `GET /api/v1/modules`
#[utoipa::path(
    get, path = "/api/v1/modules", tag = "modules", operation_id = "modules",
    summary = "Lists what programs may import",
    description = "Of the page that asks, or of nobody's: an operator can narrow it for the pages of an origin.",
    responses((status = 200, description = "What there is", body = List))
)]
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
#[utoipa::path(
    get, path = "/api/v1/modules/types/{name}", tag = "modules", operation_id = "types",
    summary = "Gives type declarations",
    description = "TypeScript's, for editors. The list of modules says where each has its own.",
    params(("name" = String, Path, description = "A package, or `node` for all of Node's modules", example = "lodash")),
    responses((status = 200, description = "The declarations", body = TypesView))
)]
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
