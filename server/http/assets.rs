//! The built front end, embedded in the binary. Its files carry a hash of their content in their names, so a
//! browser may keep them for ever; the manifest says what each is called.

use std::borrow::Cow;
use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    self, AcceptEncoding, ContentEncoding, Encoding, EntityTag, Header, IfNoneMatch,
};
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::de::DeserializeOwned;

use super::error::{self, Problem};

/// `make web` builds the folder. Its manifest changes with any file, so cargo notices a new front end.
#[derive(RustEmbed)]
#[folder = "static/dist"]
// What programs import is no part of any page; see `modules`.
#[exclude = "modules/*"]
struct Files;

const MANIFEST: &str = "manifest.json";
const PRELOAD: &str = "preload.json";

/// Encodings that the build makes beside a file, best first, and the endings of their names.
const PRECOMPRESSED: [(Encoding, ContentEncoding, &str); 2] = [
    (Encoding::Known(ContentEncoding::Brotli), ContentEncoding::Brotli, ".br"),
    (Encoding::Known(ContentEncoding::Gzip), ContentEncoding::Gzip, ".gz"),
];

/// What the editor's page has in itself: what its first paint takes. Its policy knows both by their hashes.
#[derive(Debug)]
pub struct Inline {
    /// Sets the theme.
    pub script: String,
    /// Lets the program be typed into before the editor is there.
    pub early: String,
    /// All styles.
    pub style: String,
    /// Where a policy says which scripts and which styles may be: `'sha256-…'` for each.
    pub sources: [String; 2],
}

/// Names of the front end's files.
#[derive(Debug)]
pub struct Assets {
    /// From a file's plain name to the one with the hash.
    manifest: HashMap<String, String>,
    /// From the plain name of a script to the files that it begins by loading.
    preload: HashMap<String, Vec<String>>,
}

impl Assets {
    /// Reads the embedded manifest.
    ///
    /// # Errors
    /// When the binary was built without a front end.
    pub fn load() -> Result<Self, String> {
        Ok(Self { manifest: read(MANIFEST)?, preload: read(PRELOAD)? })
    }

    /// The text of the script or the styles with this plain name, and its SHA-256.
    pub fn script(&self, name: &str) -> Option<(String, [u8; 32])> {
        let file = Files::get(self.manifest.get(name)?)?;
        let hash = file.metadata.sha256_hash();
        Some((String::from_utf8(file.data.into_owned()).ok()?, hash))
    }

    /// What the editor's page has in itself.
    ///
    /// # Errors
    /// When the binary was built without its front end.
    pub fn inline(&self) -> Result<Inline, String> {
        let read = |name| self.script(name).ok_or(format!("The front end has no {name}. Run `make build`."));
        let [(script, of_script), (early, of_early), (style, of_style)] =
            [read("theme.js")?, read("early.js")?, read("main.css")?];
        let source = |hash| format!("'sha256-{}'", STANDARD.encode(hash));
        let sources = [format!("{} {}", source(of_script), source(of_early)), source(of_style)];
        Ok(Inline { script, early, style, sources })
    }

    /// The address of the file with this plain name.
    pub fn url(&self, name: &str) -> String {
        format!("/assets/{}", self.hashed(name))
    }

    fn hashed<'a>(&'a self, name: &'a str) -> &'a str {
        self.manifest.get(name).map_or_else(
            || {
                tracing::error!(name, "a page asks for a file that the front end does not have");
                name
            },
            String::as_str,
        )
    }

    /// The content of the text file with this plain name; empty if there is none.
    pub fn text(&self, name: &str) -> String {
        let file = self.manifest.get(name).and_then(|hashed| Files::get(hashed));
        file.map_or_else(String::new, |file| String::from_utf8_lossy(&file.data).into_owned())
    }

    /// Addresses of what the script with this plain name begins by loading, for the page to ask for at once.
    pub fn preload(&self, name: &str) -> Vec<String> {
        let parts = self.preload.get(name).map_or(&[][..], Vec::as_slice);
        parts.iter().map(|part| format!("/assets/{part}")).collect()
    }
}

/// One of the files by which the build says what there is.
fn read<T: DeserializeOwned>(name: &str) -> Result<T, String> {
    let file =
        Files::get(name).ok_or("This binary was built without its front end. Build it with `make build`.")?;
    serde_json::from_slice(&file.data)
        .map_err(|error| format!("The front end's {name} can't be read: {error}. Run `make build`."))
}

/// `GET /assets/{name}`
pub async fn asset(req: HttpRequest, name: Path<String>) -> HttpResponse {
    respond(&req, &name, "public, max-age=31536000, immutable")
}

/// The file with this plain name, at an address that stays the same while the file changes.
pub fn by_name(req: &HttpRequest, assets: &Assets, name: &str, cache_control: &'static str) -> HttpResponse {
    respond(req, assets.hashed(name), cache_control)
}

fn respond(req: &HttpRequest, name: &str, cache_control: &'static str) -> HttpResponse {
    // Only names in the embedded list are found, so there is no path to climb.
    let is_part =
        [MANIFEST, PRELOAD].contains(&name) || PRECOMPRESSED.iter().any(|(_, _, end)| name.ends_with(end));
    let Some(plain) = Files::get(name).filter(|_| !is_part) else {
        let detail = "There is no such file. If a page sent you here, load that page again.";
        return error::answer(req, &Problem::new(StatusCode::NOT_FOUND, detail));
    };
    let (file, encoding) = negotiate(req, name, plain);
    let tag = EntityTag::new_strong(hex(&file.metadata.sha256_hash()));
    let unchanged = match IfNoneMatch::parse(req) {
        Ok(IfNoneMatch::Any) => req.headers().contains_key(header::IF_NONE_MATCH),
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|it| it.weak_eq(&tag)),
        Err(_) => false,
    };
    let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::CACHE_CONTROL, cache_control))
        .insert_header((header::VARY, "Accept-Encoding"))
        .insert_header(header::ETag(tag));
    if unchanged {
        return response.finish();
    }
    if let Some(encoding) = encoding {
        response.insert_header((header::CONTENT_ENCODING, encoding.as_str()));
    }
    response.content_type(content_type(name)).body(match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    })
}

/// The form of a file that the client likes best; the plain one if it says nothing, or nothing we have.
fn negotiate(req: &HttpRequest, name: &str, plain: EmbeddedFile) -> (EmbeddedFile, Option<ContentEncoding>) {
    let siblings: Vec<_> = PRECOMPRESSED
        .iter()
        .filter_map(|(wanted, encoding, end)| Some((wanted, *encoding, Files::get(&format!("{name}{end}"))?)))
        .collect();
    let identity = Encoding::identity();
    let supported = siblings.iter().map(|(wanted, ..)| *wanted).chain([&identity]);
    let chosen = AcceptEncoding::parse(req).ok().and_then(|accepted| accepted.negotiate(supported));
    match siblings.into_iter().find(|(wanted, ..)| Some(*wanted) == chosen.as_ref()) {
        Some((_, encoding, file)) => (file, Some(encoding)),
        None => (plain, None),
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("wasm") => "application/wasm",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
