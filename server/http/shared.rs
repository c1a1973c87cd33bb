//! What a shared link leads to: the editor's page with the snippet in it, its text as it is, its picture for link
//! previews, and what oEmbed says of it. What is made of a snippet is made off the workers' threads, and once for all
//! its readers; see [`super::delivery`].

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, AcceptEncoding, ContentEncoding, Encoding, Header};
use actix_web::web::{self, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::api::snippets::{FileQuery, SnippetView, output_url, page_url, problem};
use super::delivery::cache::{Form, Kept, Key, Made};
use super::error::{Problem, answer};
use super::rendering::{self, Oembed};
use super::state::{AppState, Leaving, Live};
use super::store::FillWatch;
use super::{State, markup, origin, pages};
use crate::config::{self, Config};
use crate::snippets::{
    self, Bounds, Failure, OwnerKey, Purged, Reference, Rules, Snippet, Snippets, Store, StoreSettings,
    content, recording,
};

/// The store of a server with these settings.
///
/// # Errors
/// When the database's address makes no sense.
pub fn store(config: &Config) -> io::Result<Arc<dyn Store>> {
    let Config { server, store, .. } = config;
    let settings_of_store = StoreSettings {
        database: match &store.url {
            config::Database::Sqlite => snippets::Database::Sqlite,
            config::Database::Postgres(url) => snippets::Database::Postgres(url.clone()),
        },
        connections: store.connections,
        timeout: store.timeout,
    };
    snippets::open(&settings_of_store, &server.data_dir)
        .map_err(|error| io::Error::other(format!("the setting store.url can't be used: {error}")))
}

/// What clients' addresses are hashed with: the setting, or the key in the data folder.
///
/// # Errors
/// When the system has no random numbers.
pub fn owner_key(config: &Config) -> io::Result<OwnerKey> {
    let Config { server, store, .. } = config;
    if let Some(secret) = store.client_key.reveal() {
        return Ok(OwnerKey::of_secret(secret));
    }
    if store.url != config::Database::Sqlite {
        tracing::info!(
            "store.client_key is not set: if other servers use this database, each counts for itself what a client keeps"
        );
    }
    match OwnerKey::in_folder(&server.data_dir) {
        Ok(key) => Ok(key),
        Err(error) => {
            tracing::warn!(
                %error,
                "the key that clients' addresses are hashed with can't be kept in the data folder: what clients keep is \
                 counted anew after a restart. Set store.client_key, or let the server write there"
            );
            OwnerKey::for_now()
        }
    }
}

/// The snippets of a server with these settings.
pub fn snippets(config: &Config, opened: Arc<dyn Store>) -> Snippets {
    let Config { limits, client, snippets: settings, store, .. } = config;
    let rules = Rules {
        content: content::Bounds { source_bytes: client.source_bytes, files: client.files as usize },
        recording: recording::Bounds { bytes: settings.output_bytes, events: limits.console_events },
        versions: settings.versions,
        max_age: settings.max_age,
        unopened_age: settings.unopened_age,
        evict_after: settings.evict_after,
        client: Bounds { bytes: settings.client_bytes, count: settings.client_count },
        store_bytes: store.bytes,
    };
    Snippets::new(opened, rules)
}

/// Deletes what has expired, again and again. It opens the store, too, so that a database that is not there is told
/// when the server starts.
pub async fn purge(live: &Live, leaving: &Leaving, interval: Duration) {
    let mut is_well = true;
    let mut fill = FillWatch::default();
    loop {
        let state = live.state();
        if let Some(together) = state.store.together()
            && let Err(error) = together.tidy(state.idempotent.keeping()).await
        {
            tracing::debug!(%error, "what servers keep together can't be tidied up");
        }
        match state.snippets.purge().await {
            Ok(Purged { expired, unopened }) => {
                if expired + unopened > 0 {
                    tracing::info!(expired, unopened, "snippets whose time was over were deleted");
                }
                if !is_well {
                    tracing::info!("the store of snippets answers again");
                }
                is_well = true;
            }
            // Said once each time that it begins.
            Err(error) => {
                if is_well {
                    tracing::error!(%error, "the store of snippets does not answer: nothing can be shared");
                }
                is_well = false;
            }
        }
        fill.measure(&state.snippets).await;
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = leaving.now.cancelled() => return std::future::pending().await,
        }
    }
}

/// A snippet as its page shows it.
pub struct SharedPage {
    /// What it is called.
    pub title: String,
    /// What a link preview says of it.
    pub description: String,
    /// Its address.
    pub url: String,
    /// The address of its picture.
    pub picture: String,
    /// Where oEmbed tells of it.
    pub oembed: String,
    /// Of its raw text.
    pub raw: String,
    /// What it is written in.
    pub language: &'static str,
    /// Whether search engines should leave it out: it will not be there for long.
    pub is_passing: bool,
    /// Its code, as HTML.
    pub program: String,
    /// Its console, as HTML.
    pub console: String,
    /// How its run ended, in a word and a tone.
    pub outcome: Option<(&'static str, &'static str)>,
    /// What was recorded when, with what; or that nothing was.
    pub recorded: String,
    /// All of it but its output, as JSON that is safe in a script.
    pub json: String,
}

/// What the page's scripts are told of a snippet.
#[derive(Serialize)]
struct PageData<'a> {
    #[serde(flatten)]
    snippet: SnippetView<'a>,
    /// Where its recorded output is.
    #[serde(skip_serializing_if = "Option::is_none")]
    output_url: Option<&'a str>,
    /// Whether that is nothing to show.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    output_is_wrong: bool,
}

impl SharedPage {
    /// The page of `snippet`, on the server at `base`.
    ///
    /// # Errors
    /// When the snippet can't be written as JSON.
    pub fn of(snippet: &Snippet, base: &str) -> Result<Self, serde_json::Error> {
        let files = snippet.content.listing();
        let url = page_url(base, snippet);
        let (own_url, raw) = (output_url(snippet), format!("/s/{}@{}/raw", snippet.id, snippet.version));
        let output = snippet.output.as_deref().map(|output| rendering::output(output, &own_url));
        let data = PageData {
            snippet: SnippetView::of(snippet, base).without_output(),
            output_url: output.as_ref().map(|_| own_url.as_str()),
            output_is_wrong: output.as_ref().is_some_and(|output| !output.is_right),
        };
        let json = markup::embedded_json(&serde_json::to_string(&data)?);
        let recorded = match &output {
            None => "Shared without its output.".to_owned(),
            Some(output) if !output.is_right => "Shared with an output that can't be shown.".to_owned(),
            Some(output) => {
                let [engine, mayfly] = &output.with;
                format!("Recorded before {} by {engine} and Mayfly {mayfly}.", snippet.revised_at)
            }
        };
        let printed = output.as_ref().and_then(|output| output.printed.as_deref());
        Ok(Self {
            title: rendering::title(&snippet.content),
            description: rendering::description(files.first().map_or("", |(_, code)| code), printed),
            picture: format!("{base}/s/{}@{}/card.png", snippet.id, snippet.version),
            oembed: format!("{base}/oembed?url={}", percent(&url)),
            program: markup::program(&files, &raw),
            raw,
            url,
            language: rendering::language(&snippet.content).name(),
            is_passing: snippet.expires_at.is_some(),
            outcome: output.as_ref().and_then(|output| output.outcome),
            console: output.map(|output| output.console).unwrap_or_default(),
            recorded,
            json,
        })
    }
}

/// `text` for a place in a query.
fn percent(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// What makes a form of a snippet. It may take a while.
type Make = fn(&AppState, &Snippet, &Key) -> Result<Made, Problem>;

/// The form of a snippet that is asked for: as it was made for somebody else, or made now, off this thread. Others who
/// ask for the same wait for that.
///
/// # Errors
/// When there is no such snippet, or nothing can be made of it, or too much is made at once.
pub async fn form(state: &State, key: Key, make: Make) -> Result<Arc<Kept>, Problem> {
    let cache = &state.delivery.cache;
    let place = cache.place(&key);
    let mut turn = place.turn().await;
    if let Some(kept) = turn.as_ref().filter(|kept| kept.is_fresh()) {
        return Ok(kept.clone());
    }
    match made(state, &key, turn.as_deref(), make).await {
        Ok(kept) => {
            let kept = Arc::new(kept);
            *turn = Some(kept.clone());
            cache.filled(&key, &place, &kept);
            Ok(kept)
        }
        Err(problem) => {
            *turn = None;
            cache.failed(&key, &place);
            Err(problem)
        }
    }
}

/// `before`, if that is still what the snippet is, or else what is made of it.
async fn made(state: &State, key: &Key, before: Option<&Kept>, make: Make) -> Result<Kept, Problem> {
    let reading = state.delivery.read().await?;
    let snippet = state.snippets.find(&key.reference).await.map_err(problem)?;
    if let Some(before) = before.filter(|before| before.is_of(&snippet)) {
        return Ok(before.renewed());
    }
    let rendering = state.delivery.render().await?;
    let (id, state, key) = (snippet.id.clone(), state.clone(), key.clone());
    // Whatever becomes of the reader, this takes its memory and its thread until it is done.
    let making = web::block(move || {
        let made = make(&state, &snippet, &key).map(|made| Kept::new(made, &snippet));
        drop((reading, rendering));
        made
    });
    making.await.unwrap_or_else(|error| Err(broken(&id, &error)))
}

/// The snippet that an address names.
fn named(reference: &str, form: Form, base: String) -> Result<Key, Problem> {
    let reference = Reference::parse(reference).ok_or_else(|| problem(Failure::Missing))?;
    Ok(Key { reference, form, base })
}

/// What is kept of a snippet, as the answer to a request.
pub fn respond(req: &HttpRequest, kept: &Kept, cache_control: &'static str) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, cache_control)).content_type(kept.content_type);
    let Some(gzip) = &kept.gzip else { return response.body(kept.body.clone()) };
    response.append_header((header::VARY, "Accept-Encoding"));
    let (compressed, identity) = (Encoding::Known(ContentEncoding::Gzip), Encoding::identity());
    let accepted = AcceptEncoding::parse(req).ok();
    let chosen = accepted.and_then(|accepted| accepted.negotiate([&compressed, &identity].into_iter()));
    if chosen.as_ref() == Some(&compressed) {
        response.insert_header((header::CONTENT_ENCODING, "gzip")).body(gzip.clone())
    } else {
        response.body(kept.body.clone())
    }
}

/// `GET /s/{id}`, `/s/{id}@{version}`: the editor with the snippet. `GET /s/{id}.js`, `.ts` and so on: a file.
pub async fn page(req: HttpRequest, name: Path<String>, state: State) -> HttpResponse {
    let shown = async {
        state.delivery.admit(&req)?;
        if let Some((reference, ending)) = name.split_once('.') {
            return download(&req, &state, reference, ending).await;
        }
        let key = named(&name, Form::Page, origin::public_url(&req, &state))?;
        let kept = form(&state, key, |state, snippet, key| {
            let page = SharedPage::of(snippet, &key.base).map_err(|error| broken(&snippet.id, &error))?;
            let html = pages::shared(state, page).map_err(|error| broken(&snippet.id, &error))?;
            Ok(Made { body: html.into_bytes(), content_type: pages::HTML, file: None })
        });
        // Pages name their scripts by their content, so they have to be asked for anew.
        Ok(respond(&req, &*kept.await?, "no-cache"))
    };
    shown.await.unwrap_or_else(|problem| answer(&req, &problem))
}

/// What to tell whoever asked for a snippet that can't be shown.
pub fn broken(id: &snippets::SnippetId, error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%id, %error, "a snippet can't be shown");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "The snippet can't be shown. The server's log says why.")
}

/// The program as a file to keep. Scripts it is not for: a page of ours may load scripts of its own origin, and what
/// people share must never be one.
async fn download(
    req: &HttpRequest,
    state: &State,
    reference: &str,
    ending: &str,
) -> Result<HttpResponse, Problem> {
    let wanted = req.headers().get("sec-fetch-dest").and_then(|value| value.to_str().ok());
    if !matches!(wanted, None | Some("document" | "empty")) {
        let detail =
            "This is a file to keep, not a script to load. Copy it to your own site to load it there.";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let key = named(reference, Form::Download, String::new())?;
    let kept = form(state, key, |_, snippet, _| {
        let (name, code) = snippet.content.listing().swap_remove(0);
        let own = rendering::language(&snippet.content).extension();
        // There is no type for the others that browsers and editors agree on.
        let content_type =
            if own == "js" { "text/javascript; charset=utf-8" } else { "text/plain; charset=utf-8" };
        let stem =
            name.rsplit('/').next().and_then(|name| name.split('.').next()).filter(|stem| !stem.is_empty());
        let file = format!("{}-{}.{own}", stem.unwrap_or("program"), snippet.id);
        Ok(Made { body: code.as_bytes().to_vec(), content_type, file: Some(file) })
    });
    let kept = kept.await?;
    let file = kept.file.as_deref().unwrap_or_default();
    let own = file.rsplit('.').next().unwrap_or_default();
    if ending != own {
        let detail = format!("This program is not kept as .{ending}: it is at /s/{reference}.{own}.");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    let mut response = respond(req, &kept, "no-cache");
    let disposition = header::HeaderValue::try_from(format!("attachment; filename=\"{file}\""));
    if let Ok(disposition) = disposition {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// `GET /s/{reference}/raw`: the program's text, and nothing around it. `?file=` names one of its files.
pub async fn raw(
    req: HttpRequest,
    reference: Path<String>,
    query: Query<FileQuery>,
    state: State,
) -> HttpResponse {
    let text = async {
        state.delivery.admit(&req)?;
        let key = named(&reference, Form::Raw(query.into_inner().file), String::new())?;
        let kept = form(&state, key, |_, snippet, key| {
            let files = snippet.content.listing();
            let wanted = match &key.form {
                Form::Raw(Some(name)) => files.iter().find(|(own, _)| own == name),
                _ => files.first(),
            };
            let Some((_, code)) = wanted else {
                let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
                let detail = format!("The program has no such file. It has {}.", names.join(", "));
                return Err(Problem::new(StatusCode::NOT_FOUND, detail));
            };
            let body = code.as_bytes().to_vec();
            Ok(Made { body, content_type: "text/plain; charset=utf-8", file: None })
        });
        Ok::<_, Problem>(respond(&req, &*kept.await?, "no-cache"))
    };
    text.await.unwrap_or_else(|problem| answer(&req, &problem))
}

/// `GET /s/{reference}/card.png`
pub async fn card(req: HttpRequest, reference: Path<String>, state: State) -> HttpResponse {
    let drawn = async {
        state.delivery.admit(&req)?;
        let kept = form(&state, named(&reference, Form::Card, String::new())?, |_, snippet, _| {
            let body = rendering::card(&snippet.content).map_err(|error| broken(&snippet.id, &error))?;
            Ok(Made { body, content_type: "image/png", file: None })
        });
        let mut response = respond(&req, &*kept.await?, "public, max-age=3600");
        // Pages that preview a link show it.
        let any = header::HeaderValue::from_static("cross-origin");
        response.headers_mut().insert(header::CROSS_ORIGIN_RESOURCE_POLICY, any);
        Ok::<_, Problem>(response)
    };
    drawn.await.unwrap_or_else(|problem| answer(&req, &problem))
}

/// What oEmbed asks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OembedQuery {
    /// The address of a snippet's page.
    #[param(required = true)]
    url: Option<String>,
    /// `json`, as there is no other.
    #[param(pattern = "^json$")]
    format: Option<String>,
    /// How wide it may be, in pixels.
    maxwidth: Option<u32>,
    /// How high, likewise.
    maxheight: Option<u32>,
}

/// `GET /oembed?url=…`: how to show a snippet on another site.
#[utoipa::path(
    get, path = "/oembed", tag = "snippets", operation_id = "oembed",
    summary = "Says how to show a snippet on another site",
    description = "oEmbed 1.0: what a site asks that makes something to look at of a link.",
    params(OembedQuery),
    responses((status = 200, description = "How to show it", body = Oembed))
)]
pub async fn oembed(req: HttpRequest, query: Query<OembedQuery>, state: State) -> HttpResponse {
    let told = async {
        state.delivery.admit(&req)?;
        if query.format.as_deref().is_some_and(|format| format != "json") {
            let detail = "Only JSON is spoken here: leave out `format`.";
            return Err(Problem::new(StatusCode::NOT_IMPLEMENTED, detail));
        }
        let Some(address) = &query.url else {
            let detail = "Say which snippet is meant: `?url=` and its address.";
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
        };
        let base = origin::public_url(&req, &state);
        let name = address.strip_prefix(base.as_str()).and_then(|path| path.strip_prefix("/s/"));
        let reference = name.unwrap_or_default();
        let kept = form(&state, named(reference, Form::Title, String::new())?, |_, snippet, _| {
            let body = rendering::title(&snippet.content).into_bytes();
            let version = format!("{}@{}", snippet.id, snippet.version);
            Ok(Made { body, content_type: "text/plain", file: Some(version) })
        });
        let kept = kept.await?;
        let title = String::from_utf8_lossy(&kept.body);
        let version = kept.file.as_deref().unwrap_or_default();
        let told = Oembed::new(&title, [reference, version], &base, [query.maxwidth, query.maxheight]);
        // Anybody's page may ask: it says no more than the snippet's own page.
        Ok(HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .insert_header((header::CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"))
            .json(told))
    };
    told.await.unwrap_or_else(|problem| answer(&req, &problem))
}
