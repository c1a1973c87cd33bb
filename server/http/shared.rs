//! What a shared link leads to: the editor's page with the snippet in it, its text as it is, its picture for link
//! previews, and what oEmbed says of it.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Bytes, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::api::snippets::{FileQuery, SnippetView, page_url, problem};
use super::error::{Problem, answer};
use super::state::{Leaving, Live};
use super::store::FillWatch;
use super::{State, card as picture, markup, origin, pages};
use crate::config::{self, Config};
use crate::snippets::{
    self, Bounds, Content, Failure, OwnerKey, Purged, Recording, Reference, Rules, Snippet, Snippets, Store,
    StoreSettings, content, recording,
};

/// How many pictures are remembered. Each takes some 50 KB.
const PICTURES: usize = 64;
/// The longest description of a link, in characters.
const DESCRIPTION_CHARS: usize = 200;
/// The size of an embedded editor where a site says none, in pixels.
const EMBED_SIZE: (u32, u32) = (720, 420);

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
    /// What was recorded when, with what.
    pub recorded: String,
    /// All of it, as JSON that is safe in a script.
    pub json: String,
}

impl SharedPage {
    fn of(snippet: &Snippet, base: &str) -> Result<Self, serde_json::Error> {
        let files = snippet.content.listing();
        let url = page_url(base, snippet);
        let recording: Option<Recording> =
            snippet.output.as_ref().map(|output| serde_json::from_str(output.get())).transpose()?;
        let json = serde_json::to_string(&SnippetView::of(snippet, base))?;
        let recorded = recording.as_ref().map(|recording| {
            let engine = recording.engine.as_deref().unwrap_or_default();
            let mayfly = recording.mayfly.as_deref().unwrap_or_default();
            format!("Recorded before {} by {engine} and Mayfly {mayfly}.", snippet.revised_at)
        });
        Ok(Self {
            title: title(&snippet.content),
            description: description(&files, recording.as_ref()),
            picture: format!("{base}/s/{}@{}/card.png", snippet.id, snippet.version),
            oembed: format!("{base}/oembed?url={}", percent(&url)),
            raw: format!("/s/{}@{}/raw", snippet.id, snippet.version),
            url,
            language: language(&snippet.content).name(),
            is_passing: snippet.expires_at.is_some(),
            program: markup::program(&files),
            console: recording.as_ref().map(markup::console).unwrap_or_default(),
            outcome: recording.as_ref().map(|recording| markup::outcome(recording.outcome)),
            recorded: recorded.unwrap_or_default(),
            json: markup::embedded_json(&json),
        })
    }
}

/// What a snippet is called: what its owner said, or what it is.
fn title(content: &Content) -> String {
    let files = content.files.as_ref().map_or(1, Vec::len);
    match &content.title {
        Some(title) => title.clone(),
        None if files > 1 => format!("{} program of {files} files", language(content).name()),
        None => format!("{} program", language(content).name()),
    }
}

/// What the program is written in: of several files, the one that is run.
fn language(content: &Content) -> content::Language {
    use content::Language;
    if content.source.is_some() {
        return content.language;
    }
    match content.listing().first().and_then(|(name, _)| name.rsplit_once('.')).map(|(_, end)| end.to_owned())
    {
        Some(end) if ["ts", "mts", "cts"].contains(&end.as_str()) => Language::Typescript,
        Some(end) if end == "tsx" => Language::Tsx,
        Some(end) if end == "jsx" => Language::Jsx,
        _ => Language::Javascript,
    }
}

/// The code's beginning, and what it printed.
fn description(files: &[(String, &str)], recording: Option<&Recording>) -> String {
    let code = files.first().map_or("", |(_, code)| code);
    let printed = recording.and_then(|recording| recording.console.first()).map(|event| event.text.as_str());
    let words = match printed {
        Some(printed) => format!("{printed} ⟵ {code}"),
        None => code.to_owned(),
    };
    // Only its beginning is looked at: it may be long.
    let begin: String = words.chars().take(4 * DESCRIPTION_CHARS).collect();
    let begin = begin.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = begin.chars().take(DESCRIPTION_CHARS).collect();
    if short.len() < begin.len() { format!("{short}…") } else { short }
}

/// `text` for a place in a query.
fn percent(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn find(state: &State, reference: Option<Reference>) -> Result<Snippet, Problem> {
    let reference = reference.ok_or_else(|| problem(Failure::Missing))?;
    state.snippets.find(&reference).await.map_err(problem)
}

/// `GET /s/{id}`, `/s/{id}@{version}`: the editor with the snippet. `GET /s/{id}.js`, `.ts` and so on: a file.
pub async fn page(req: HttpRequest, name: Path<String>, state: State) -> HttpResponse {
    if let Some((reference, ending)) = name.split_once('.') {
        return match download(&req, &state, reference, ending).await {
            Ok(response) => response,
            Err(problem) => answer(&req, &problem),
        };
    }
    let shown = async {
        let snippet = find(&state, Reference::parse(&name)).await?;
        SharedPage::of(&snippet, &origin::public_url(&req, &state)).map_err(|error| broken(&snippet, &error))
    };
    match shown.await {
        Ok(shared) => pages::editor(&state, Some(shared)),
        Err(problem) => answer(&req, &problem),
    }
}

fn broken(snippet: &Snippet, error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(id = %snippet.id, %error, "a snippet can't be shown");
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
    let snippet = find(state, Reference::parse(reference)).await?;
    let (name, code) = snippet.content.listing().swap_remove(0);
    let own = language(&snippet.content).extension();
    if ending != own {
        let detail = format!("This program is not kept as .{ending}: it is at /s/{reference}.{own}.");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    // There is no type for the others that browsers and editors agree on.
    let content_type =
        if own == "js" { "text/javascript; charset=utf-8" } else { "text/plain; charset=utf-8" };
    let stem =
        name.rsplit('/').next().and_then(|name| name.split('.').next()).filter(|stem| !stem.is_empty());
    let file = format!("{}-{}.{own}", stem.unwrap_or("program"), snippet.id);
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")))
        .content_type(content_type)
        .body(code.to_owned()))
}

/// `GET /s/{reference}/raw`: the program's text, and nothing around it. `?file=` names one of its files.
pub async fn raw(
    req: HttpRequest,
    reference: Path<String>,
    query: Query<FileQuery>,
    state: State,
) -> HttpResponse {
    let text = async {
        let snippet = find(&state, Reference::parse(&reference)).await?;
        let files = snippet.content.listing();
        let wanted = match &query.file {
            None => files.first(),
            Some(name) => files.iter().find(|(own, _)| own == name),
        };
        let Some((_, code)) = wanted else {
            let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
            let detail = format!("The program has no such file. It has {}.", names.join(", "));
            return Err(Problem::new(StatusCode::NOT_FOUND, detail));
        };
        Ok((*code).to_owned())
    };
    match text.await {
        Ok(text) => HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .content_type("text/plain; charset=utf-8")
            .body(text),
        Err(problem) => answer(&req, &problem),
    }
}

/// Pictures that were asked for lately.
static RECENT: Mutex<VecDeque<(Reference, Bytes)>> = Mutex::new(VecDeque::new());

fn drawn_before(version: &Reference) -> Option<Bytes> {
    let recent = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    recent.iter().find(|(own, _)| own == version).map(|(_, png)| png.clone())
}

/// `GET /s/{reference}/card.png`
pub async fn card(req: HttpRequest, reference: Path<String>, state: State) -> HttpResponse {
    let drawn = async {
        let snippet = find(&state, Reference::parse(&reference)).await?;
        let version = Reference { id: snippet.id.clone(), version: Some(snippet.version) };
        if let Some(png) = drawn_before(&version) {
            return Ok(png);
        }
        let (files, title) = (snippet.content.listing(), title(&snippet.content));
        let code = files.first().map_or("", |(_, code)| code).to_owned();
        let (lines, language) = (code.lines().count(), language(&snippet.content).name());
        let plural = if lines == 1 { "" } else { "s" };
        let foot = format!("{language} · {lines} line{plural}");
        // It takes some milliseconds: not on the thread that others wait for.
        let drawing = web::block(move || picture::card(&title, &code, &foot)).await;
        let png = match drawing {
            Ok(Ok(png)) => Bytes::from(png),
            Ok(Err(error)) => return Err(broken(&snippet, &error)),
            Err(error) => return Err(broken(&snippet, &error)),
        };
        let mut recent = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() >= PICTURES {
            recent.pop_front();
        }
        recent.push_back((version, png.clone()));
        Ok(png)
    };
    match drawn.await {
        Ok(png) => HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
            // Pages that preview a link show it.
            .insert_header((header::CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"))
            .content_type("image/png")
            .body(png),
        Err(problem) => answer(&req, &problem),
    }
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

/// What oEmbed 1.0 answers.
#[derive(Serialize, ToSchema)]
pub struct Oembed<'a> {
    /// `1.0`
    version: &'static str,
    /// `rich`
    r#type: &'static str,
    /// What the snippet is called.
    title: String,
    /// `Mayfly`
    provider_name: &'static str,
    /// Where this server is.
    provider_url: &'a str,
    /// A frame to put into a page.
    html: String,
    /// How wide that is, in pixels.
    width: u32,
    /// How high.
    height: u32,
    /// Its picture.
    thumbnail_url: String,
    /// How wide that is, in pixels.
    thumbnail_width: u32,
    /// How high.
    thumbnail_height: u32,
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
        let snippet = find(&state, name.and_then(Reference::parse)).await?;
        let width = EMBED_SIZE.0.min(query.maxwidth.unwrap_or(u32::MAX)).max(1);
        let height = EMBED_SIZE.1.min(query.maxheight.unwrap_or(u32::MAX)).max(1);
        let reference = name.unwrap_or_default();
        let title = title(&snippet.content);
        let mut shown_title = String::new();
        // The one text of somebody's in that HTML.
        for letter in title.chars() {
            match letter {
                '&' => shown_title.push_str("&amp;"),
                '<' => shown_title.push_str("&lt;"),
                '"' => shown_title.push_str("&quot;"),
                letter => shown_title.push(letter),
            }
        }
        // No style: a page whose policy forbids those in attributes would complain.
        let html = format!(
            "<iframe src=\"{base}/embed/frame?snippet={reference}\" width=\"{width}\" height=\"{height}\" \
             title=\"{shown_title}\" loading=\"lazy\" frameborder=\"0\"></iframe>"
        );
        let told = Oembed {
            version: "1.0",
            r#type: "rich",
            title,
            provider_name: "Mayfly",
            provider_url: &base,
            html,
            width,
            height,
            thumbnail_url: format!("{base}/s/{}@{}/card.png", snippet.id, snippet.version),
            thumbnail_width: picture::WIDTH,
            thumbnail_height: picture::HEIGHT,
        };
        // Anybody's page may ask: it says no more than the snippet's own page.
        Ok(HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .insert_header((header::CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"))
            .json(told))
    };
    match told.await {
        Ok(response) => response,
        Err(problem) => answer(&req, &problem),
    }
}
