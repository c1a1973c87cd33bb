//! `/api/v1/snippets`: sharing programs.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::super::delivery::cache::{Form, Key, Made};
use super::super::error::Problem;
use super::super::keys::Power;
use super::super::shared::{self, broken};
use super::super::{AppState, State, origin, store};
use super::{bearer, check_type, read, respond, sender_of, unauthorized};
use crate::protocol::browser::RejectReason;
use crate::protocol::parse;
use crate::sandbox::ClientKey;
use crate::session::Runs;
use crate::snippets::{
    Content, Created, Failure, NewSnippet, Recording, Reference, Revised, Revision, Snippet, SnippetId,
    Timestamp,
};

/// What whoever shared a program is told, once.
#[derive(Serialize, ToSchema)]
pub struct CreatedSnippet {
    /// Its name.
    #[schema(value_type = String, example = "7Xq2mPz9RtKb")]
    id: SnippetId,
    /// Its page.
    #[schema(example = "https://play.example.org/s/7Xq2mPz9RtKb")]
    url: String,
    /// Its version: 1.
    version: u32,
    /// What changes and deletes it, sent as `Authorization: Bearer TOKEN`. It is told this once; whoever loses it
    /// can't change the snippet any more.
    deletion_token: String,
    /// When it will be gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// How many seconds it stays without being opened, before `expires_at`. To open it begins the time anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    unopened_seconds: Option<u64>,
}

/// What whoever changed a snippet is told.
#[derive(Serialize, ToSchema)]
pub struct RevisedSnippet {
    /// Its name.
    #[schema(value_type = String)]
    id: SnippetId,
    /// The page of its latest version.
    url: String,
    /// Its new version. `/s/{id}@{version}` stays as it is now.
    version: u32,
    /// When it will be gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A snippet as everybody sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Snippet)]
pub struct SnippetView<'a> {
    /// Its name.
    #[schema(value_type = String)]
    id: &'a SnippetId,
    /// Which version this is.
    version: u32,
    /// Which is its latest.
    latest_version: u32,
    /// Its page.
    url: String,
    /// The snippet that it was made from: `id` or `id@version`. That may be gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    parent: Option<&'a Reference>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When this version was made.
    #[schema(value_type = String, format = DateTime)]
    revised_at: Timestamp,
    /// When it will be gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// The program.
    #[serde(flatten)]
    content: &'a Content,
    /// What it did when it was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Recording>)]
    output: Option<&'a RawValue>,
}

impl<'a> SnippetView<'a> {
    /// `snippet` as it is shown, on the server at `base`.
    pub fn of(snippet: &'a Snippet, base: &str) -> Self {
        let Snippet {
            id,
            version,
            latest,
            parent,
            created_at,
            revised_at,
            expires_at,
            opened_at: _,
            token_hash: _,
            content,
            output,
        } = snippet;
        Self {
            id,
            version: *version,
            latest_version: *latest,
            url: page_url(base, snippet),
            parent: parent.as_ref(),
            created_at: *created_at,
            revised_at: *revised_at,
            expires_at: *expires_at,
            content,
            output: output.as_deref(),
        }
    }

    /// The same without its output.
    pub fn without_output(self) -> Self {
        Self { output: None, ..self }
    }
}

/// The address of the recorded output of a snippet in the version that it is here.
pub fn output_url(snippet: &Snippet) -> String {
    format!("/api/v1/snippets/{}@{}/output", snippet.id, snippet.version)
}

/// The page of a snippet in the version that it is here.
pub fn page_url(base: &str, snippet: &Snippet) -> String {
    let Snippet { id, version, latest, .. } = snippet;
    if version == latest { format!("{base}/s/{id}") } else { format!("{base}/s/{id}@{version}") }
}

/// `POST /api/v1/snippets`
#[utoipa::path(
    post, path = "/api/v1/snippets", tag = "snippets", operation_id = "share",
    summary = "Shares a program",
    description = "Keeps a program, with what it printed if that is sent along, under an address of its own. The \
                   deletion token is told this once.",
    request_body = NewSnippet,
    responses((status = 201, description = "It is kept", body = CreatedSnippet,
        headers(("Location" = String, description = "Its page")),
        links(
            ("read" = (operation_id = "read", parameters(("reference" = "$response.body#/id")))),
            ("revise" = (operation_id = "revise", parameters(("reference" = "$response.body#/id")))),
            ("delete" = (operation_id = "delete", parameters(("reference" = "$response.body#/id"))))
        )
    )),
    security((), ("key" = []))
)]
pub async fn create(req: HttpRequest, body: web::Payload, state: State) -> HttpResponse {
    respond(&req, &state, async || {
        let caller = state.keys.caller(&req, Power::Share)?;
        check_type(req.headers())?;
        admit(&req, &state, caller.client)?;
        let new: NewSnippet = read_json(&req, body, &state).await?;
        let engine = state.runs.health().engine;
        let owner = store::owner(&state, caller.client);
        let created = state.snippets.create(new, owner, &engine).await;
        let Created { snippet, token } = created.map_err(|failure| unwritten(&state, failure))?;
        tracing::info!(id = %snippet.id, client = %caller.client, "a snippet was shared");
        let url = page_url(&origin::public_url(&req, &state), &snippet);
        let created = CreatedSnippet {
            id: snippet.id,
            url: url.clone(),
            version: snippet.version,
            deletion_token: token.reveal().to_owned(),
            expires_at: snippet.expires_at,
            unopened_seconds: state.snippets.unopened_age().map(|age| age.as_secs()),
        };
        Ok(HttpResponse::Created()
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::LOCATION, url))
            .json(created))
    })
    .await
}

/// `GET /api/v1/snippets/{reference}`
#[utoipa::path(
    get, path = "/api/v1/snippets/{reference}", tag = "snippets", operation_id = "read",
    summary = "Reads a snippet",
    params(("reference" = String, Path, description = "`id`, or `id@version` for a version that stays as it is",
        example = "7Xq2mPz9RtKb", pattern = "^[1-9A-HJ-NP-Za-km-z]{12}(@[1-9][0-9]{0,8})?$")),
    responses((status = 200, description = "The snippet", body = SnippetView))
)]
pub async fn read_one(req: HttpRequest, path: web::Path<String>, state: State) -> HttpResponse {
    respond(&req, &state, async || {
        state.delivery.admit(&req)?;
        let base = origin::public_url(&req, &state);
        let key = Key { reference: reference(&path)?, form: Form::Snippet, base };
        let kept = shared::form(&state, key, |_, snippet, key| {
            let body = serde_json::to_vec(&SnippetView::of(snippet, &key.base))
                .map_err(|error| broken(&snippet.id, &error))?;
            Ok(Made { body, content_type: "application/json", file: None })
        });
        Ok(shared::respond(&req, &*kept.await?, "no-cache"))
    })
    .await
}

/// `GET /api/v1/snippets/{reference}/output`
#[utoipa::path(
    get, path = "/api/v1/snippets/{reference}/output", tag = "snippets", operation_id = "output",
    summary = "Reads the recorded output of a snippet",
    description = "What the program did when it was run, as whoever shared it has sent it. A page shows the beginning of \
                   a long one, and all of it is here.",
    params(("reference" = String, Path, description = "`id`, or `id@version` for a version that stays as it is",
        example = "7Xq2mPz9RtKb", pattern = "^[1-9A-HJ-NP-Za-km-z]{12}(@[1-9][0-9]{0,8})?$")),
    responses((status = 200, description = "The recording", body = Recording))
)]
pub async fn output(req: HttpRequest, path: web::Path<String>, state: State) -> HttpResponse {
    respond(&req, &state, async || {
        state.delivery.admit(&req)?;
        let key = Key { reference: reference(&path)?, form: Form::Output, base: String::new() };
        let kept = shared::form(&state, key, |_, snippet, _| match &snippet.output {
            Some(output) => {
                let body = output.get().as_bytes().to_vec();
                Ok(Made { body, content_type: "application/json", file: None })
            }
            None => {
                let detail = "This snippet was shared without its output.";
                Err(Problem::new(StatusCode::NOT_FOUND, detail))
            }
        });
        Ok(shared::respond(&req, &*kept.await?, "no-cache"))
    })
    .await
}

/// `PATCH /api/v1/snippets/{reference}`
#[utoipa::path(
    patch, path = "/api/v1/snippets/{reference}", tag = "snippets", operation_id = "revise",
    summary = "Makes a new version of a snippet",
    description = "What is absent stays as it is, and `null` takes it away. The versions before stay where they are.",
    params(("reference" = String, Path, description = "Its id", pattern = "^[1-9A-HJ-NP-Za-km-z]{12}$")),
    request_body = Revision,
    responses((status = 200, description = "There is a new version", body = RevisedSnippet)),
    security(("deletion_token" = []))
)]
pub async fn revise(
    req: HttpRequest,
    body: web::Payload,
    path: web::Path<String>,
    state: State,
) -> HttpResponse {
    respond(&req, &state, async || {
        let id = latest(&path)?;
        let token = token(req.headers())?;
        check_type(req.headers())?;
        admit(&req, &state, super::super::guard::client(&req))?;
        let revision: Revision = read_json(&req, body, &state).await?;
        let engine = state.runs.health().engine;
        let owner = store::owner(&state, super::super::guard::client(&req));
        let revised = state.snippets.revise(&id, token, revision, owner, &engine).await;
        let Revised { snippet } = revised.map_err(|failure| unwritten(&state, failure))?;
        state.delivery.cache.forget(&snippet.id);
        let url = page_url(&origin::public_url(&req, &state), &snippet);
        let revised =
            RevisedSnippet { id: snippet.id, url, version: snippet.version, expires_at: snippet.expires_at };
        Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(revised))
    })
    .await
}

/// `DELETE /api/v1/snippets/{reference}`
#[utoipa::path(
    delete, path = "/api/v1/snippets/{reference}", tag = "snippets", operation_id = "delete",
    summary = "Deletes a snippet",
    description = "In all its versions, for good.",
    params(("reference" = String, Path, description = "Its id", pattern = "^[1-9A-HJ-NP-Za-km-z]{12}$")),
    responses((status = 204, description = "It is gone")),
    security(("deletion_token" = []))
)]
pub async fn delete(req: HttpRequest, path: web::Path<String>, state: State) -> HttpResponse {
    respond(&req, &state, async || {
        let id = latest(&path)?;
        let token = token(req.headers())?;
        admit(&req, &state, super::super::guard::client(&req))?;
        state.snippets.delete(&id, token).await.map_err(problem)?;
        state.delivery.cache.forget(&id);
        tracing::info!(%id, "a snippet was deleted");
        Ok(HttpResponse::NoContent().finish())
    })
    .await
}

/// The snippet that an address names.
pub fn reference(text: &str) -> Result<Reference, Problem> {
    Reference::parse(text).ok_or_else(|| problem(Failure::Missing))
}

/// The snippet, not one of its versions: those stay as they are.
fn latest(text: &str) -> Result<SnippetId, Problem> {
    let Reference { id, version } = reference(text)?;
    match version {
        None => Ok(id),
        Some(_) => {
            let detail =
                "A version stays as it is. Leave out the `@` and what follows to change the snippet.";
            Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
                .header(header::ALLOW, "GET, HEAD, OPTIONS"))
        }
    }
}

fn token(headers: &HeaderMap) -> Result<&str, Problem> {
    bearer(headers).ok_or_else(|| {
        unauthorized(
            "It takes the snippet's deletion token to change it: send it as `Authorization: Bearer TOKEN`. It was \
             told once, to whoever shared the snippet.",
        )
    })
}

/// Whether this client may write once more.
fn admit(req: &HttpRequest, state: &AppState, client: ClientKey) -> Result<(), Problem> {
    state.overseer.admit(&sender_of(req, state)?)?;
    match &state.shares {
        Some(limit) => Ok(limit.admit(client, "You share and change too much at once")?),
        None => Ok(()),
    }
}

async fn read_json<T: DeserializeOwned + Send + 'static>(
    req: &HttpRequest,
    body: web::Payload,
    state: &AppState,
) -> Result<T, Problem> {
    let bytes = read(req, body, state.share_bytes, state).await?;
    // A long recording takes a while, and many times its length.
    let rendering = state.delivery.render().await?;
    let parsing = web::block(move || {
        let parsed = parse::object(&bytes);
        drop(rendering);
        parsed
    });
    let parsed = parsing.await.unwrap_or_else(|error| Err(format!("The body can't be read: {error}.")));
    parsed.map_err(|detail| Problem::new(StatusCode::BAD_REQUEST, detail).reason(RejectReason::BadRequest))
}

/// What to tell whoever wanted to write something that was not kept.
fn unwritten(state: &AppState, failure: Failure) -> Problem {
    match failure {
        Failure::Full(full) => store::problem(state, full),
        other => problem(other),
    }
}

/// What to tell whoever asked for something that could not be done.
pub fn problem(failure: Failure) -> Problem {
    match failure {
        Failure::Missing => Problem::new(
            StatusCode::NOT_FOUND,
            "There is no such snippet: it was deleted, has expired, or the address has a typing error.",
        ),
        Failure::Expired(at) => {
            Problem::new(StatusCode::GONE, format!("This snippet was shared until {at}, and is gone."))
        }
        Failure::Forbidden => Problem::new(
            StatusCode::FORBIDDEN,
            "That is not this snippet's deletion token. It was told once, to whoever shared the snippet.",
        ),
        Failure::Invalid(detail) => {
            Problem::new(StatusCode::BAD_REQUEST, detail).reason(RejectReason::BadRequest)
        }
        Failure::TooLarge(detail) => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).reason(RejectReason::TooLarge)
        }
        Failure::Conflict(detail) => Problem::new(StatusCode::CONFLICT, detail),
        Failure::Full(full) => {
            Problem::new(StatusCode::INSUFFICIENT_STORAGE, "There is no room for more snippets.").full(full)
        }
        Failure::Store(error) => {
            tracing::error!(%error, "the store of snippets failed");
            let detail = "Sharing does not work at the moment: this server's store of snippets does not answer. \
                          Programs run as ever. Try again in a moment; nothing that you wrote is lost.";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after_ms(5_000)
        }
    }
}

/// Names the query that some addresses take.
#[derive(Deserialize)]
pub struct FileQuery {
    /// Which of a snippet's files; without it, the one that is run.
    pub file: Option<String>,
}
