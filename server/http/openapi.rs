//! What the API is, for programs (OpenAPI 3.1, made from the code) and for people.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Ref, RefOr, ResponseBuilder};

use super::assets::Assets;
use super::{State, admin, api, error, modules, origin, pages, shared};
use crate::protocol::value::{ObjectValue, Value as ConsoleValue};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mayfly",
        description = "Runs JavaScript, each program in a process of its own, and keeps what people share.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(api::run::run, api::snippets::create, api::snippets::read_one, api::snippets::output, api::snippets::revise, api::snippets::delete,
        api::functions::call, admin::log_in, admin::log_out, admin::overview, admin::acts, admin::stop, admin::block,
        admin::unblock, admin::drain, admin::attestation::attest, modules::list, modules::types, shared::oembed),
    components(schemas(error::Body, ConsoleValue, ObjectValue)),
    tags(
        (name = "run", description = "Programs"),
        (name = "functions", description = "Shared programs that are called like functions"),
        (name = "snippets", description = "Programs that are kept to be shared"),
        (name = "modules", description = "What programs may import"),
        (name = "admin", description = "For whoever looks after the server, who has a key of `admin.keys`")
    )
)]
struct Document;

/// Problems that an operation can be answered with, by status.
const PROBLEMS: [(u16, &str); 15] = [
    (400, "The request makes no sense; `detail` says what is wrong"),
    (401, "It takes a key or a token"),
    (403, "This key, token or page is not for that"),
    (404, "There is no such thing"),
    (405, "This address does not take that"),
    (408, "The request took too long to arrive"),
    (409, "It can't be done to what is there as it is"),
    (410, "It was there, and has expired"),
    (413, "The request is over a bound"),
    (415, "The body is no JSON"),
    (422, "The function threw, or the `Idempotency-Key` was used for another call"),
    (429, "Too much from one client; `Retry-After` says when to come again"),
    (501, "Only JSON is spoken here"),
    (503, "The server can't do it now; `Retry-After` says when to come again"),
    (507, "The server has no room left for what is to be kept"),
];

/// Which of them an operation has.
fn problems(operation: &str) -> &'static [u16] {
    match operation {
        "run" => &[400, 401, 403, 404, 408, 409, 413, 415, 429, 503],
        "call" => &[400, 401, 403, 404, 408, 409, 410, 413, 415, 422, 429, 503],
        "share" => &[400, 401, 403, 408, 413, 415, 429, 503, 507],
        "read" | "output" => &[403, 404, 410, 429, 503],
        "revise" => &[400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 429, 503, 507],
        "delete" => &[401, 403, 404, 405, 410, 429, 503],
        "modules" => &[403, 429, 503],
        "types" => &[403, 404, 429, 503],
        "admin_log_in" => &[400, 401, 403, 404, 405, 408, 413, 415, 429, 503],
        "admin_log_out" | "admin_overview" => &[401, 403, 404, 405, 429, 503],
        "admin_acts" => &[400, 401, 403, 404, 429, 503],
        "admin_stop" | "admin_unblock" => &[400, 401, 403, 404, 405, 409, 429, 503],
        "admin_block" | "admin_drain" | "admin_attest" => {
            &[400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 503]
        }
        "oembed" => &[400, 404, 410, 429, 501, 503],
        _ => &[],
    }
}

/// All of it, without the address of the server.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = Document::openapi();
    for path in document.paths.paths.values_mut() {
        for operation in operations(path) {
            let id = operation.operation_id.clone().unwrap_or_default();
            for status in problems(&id) {
                let what = PROBLEMS.iter().find(|(own, _)| own == status).map_or("", |(_, what)| what);
                let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
                let response = ResponseBuilder::new()
                    .description(what)
                    .content("application/problem+json", content)
                    .build();
                operation.responses.responses.insert(status.to_string(), RefOr::T(response));
            }
        }
    }
    let bearer = |what: &str| {
        SecurityScheme::Http(
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(what)).build(),
        )
    };
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("key", bearer("A key that the server's operator gave out"));
    components.add_security_scheme("admin", bearer("A key of `admin.keys`"));
    let cookie = ApiKeyValue::with_description("mayfly-admin", "What a log-in gives this server's own page");
    components.add_security_scheme("admin_session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    components.add_security_scheme("deletion_token", bearer("What whoever shared a snippet was told"));
    let mut document = serde_json::to_value(document).unwrap_or_else(|error| {
        tracing::error!(%error, "the API's document can't be written");
        Value::Null
    });
    whole_numbers(&mut document);
    // What Rust's types can't say: a program is a text or files.
    for name in ["NewSnippet", "RunRequest"] {
        if let Some(Value::Object(schema)) = document.pointer_mut(&format!("/components/schemas/{name}")) {
            let has_files = schema.get("properties").is_some_and(|it| it.get("files").is_some());
            if has_files {
                let one = json!([
                    {"required": ["source"], "properties": {"source": {"type": "string"}}},
                    {"required": ["files"], "properties": {"files": {"type": "array"}}},
                ]);
                schema.insert("oneOf".to_owned(), one);
            }
        }
    }
    document
});

/// A whole number that is not negative has one bit more than the formats of its size, which are for signed ones.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let most = match map.get("format").and_then(Value::as_str) {
                Some("int32") => Some(u64::from(u32::MAX)),
                Some("int64") => Some(u64::MAX),
                _ => None,
            };
            if let Some(most) =
                most.filter(|_| map.get("minimum").is_some_and(|least| least.as_u64().is_some()))
            {
                map.remove("format");
                map.entry("maximum").or_insert(json!(most));
            }
            map.values_mut().for_each(whole_numbers);
        }
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        _ => {}
    }
}

fn operations(path: &mut utoipa::openapi::PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.post, &mut path.patch, &mut path.delete].into_iter().filter_map(Option::as_mut)
}

/// `GET /api/v1/openapi.json`
pub async fn document(req: HttpRequest, state: State) -> HttpResponse {
    let mut document = DOCUMENT.clone();
    document["servers"] = json!([{ "url": origin::public_url(&req, &state) }]);
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        // It says no more than the page, and tools on other sites' pages read it.
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"))
        .json(document)
}

/// One operation, for people.
struct Described {
    method: String,
    path: String,
    summary: String,
    description: String,
    statuses: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "api.html")]
struct ApiPage<'a> {
    assets: &'a Assets,
    base: String,
    operations: Vec<Described>,
}

/// `GET /api`: the same for people, with examples.
pub async fn page(req: HttpRequest, state: State) -> HttpResponse {
    let base = origin::public_url(&req, &state);
    pages::html(&state, &ApiPage { assets: &state.assets, base, operations: described(&DOCUMENT) })
}

fn described(document: &Value) -> Vec<Described> {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let responses = operation["responses"].as_object().into_iter().flatten();
            let statuses: BTreeMap<String, String> =
                responses.map(|(status, response)| (status.clone(), text(response, "description"))).collect();
            all.push(Described {
                method: method.to_uppercase(),
                path: path.clone(),
                summary: text(operation, "summary"),
                description: text(operation, "description"),
                statuses: statuses.into_iter().collect(),
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_described_with_its_problems() {
        assert_eq!(DOCUMENT["openapi"], "3.1.0");
        let all = described(&DOCUMENT);
        assert!(all.len() >= 5, "{}", all.len());
        for operation in all {
            let name = format!("{} {}", operation.method, operation.path);
            assert!(!operation.summary.is_empty(), "{name}");
            assert!(operation.statuses.iter().any(|(status, _)| status == "503"), "{name}");
            assert!(operation.statuses.iter().all(|(_, what)| !what.is_empty()), "{name}");
        }
    }

    #[test]
    fn what_is_referred_to_is_there() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    if let Some(Value::String(reference)) = map.get("$ref") {
                        found.push(reference.clone());
                    }
                    map.values().for_each(|value| references(value, found));
                }
                Value::Array(items) => items.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        references(&DOCUMENT, &mut found);
        assert!(found.len() > 20, "{}", found.len());
        for reference in found {
            let pointer = reference.strip_prefix('#').expect("in this document");
            assert!(DOCUMENT.pointer(pointer).is_some(), "{reference}");
        }
    }
}
