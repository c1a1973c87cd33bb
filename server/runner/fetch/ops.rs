//! The ops that deno_fetch's JavaScript calls, in the place of deno_fetch's own. They know nothing of networks:
//! what a request becomes is up to a [`Network`]. The build script compiles them, too, for the snapshot has
//! their names and kinds in it, so nothing else of this crate can be named here.

use std::borrow::Cow;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use deno_core::convert::{ByteString, Uint8Array};
use deno_core::{CancelFuture, CancelHandle, OpState, Resource, ResourceId, ToV8, op2, v8};
use deno_error::JsErrorBox;

/// A header's name and value, bytes as they go over the wire.
pub type Header = (ByteString, ByteString);

/// Where requests go.
pub trait Network {
    /// Begins a request. The response comes when its head has come.
    ///
    /// # Errors
    /// What `fetch` is to throw.
    fn fetch(&self, request: Request) -> Result<Sent, JsErrorBox>;
}

/// A request under way. To drop it is to give it up.
pub type Sent = Pin<Box<dyn Future<Output = Result<Response, JsErrorBox>>>>;

/// What a program asks for.
pub struct Request {
    /// Such as `GET`.
    pub method: ByteString,
    /// Absolute, in the URL standard's spelling.
    pub url: String,
    /// In the program's order.
    pub headers: Vec<Header>,
    /// The body, if it has one.
    pub body: Option<Body>,
}

/// A request's body.
pub enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// To be read as it comes.
    Stream(Rc<dyn Resource>),
}

/// What came back.
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// Such as `OK`.
    pub status_text: String,
    /// In the server's order.
    pub headers: Vec<Header>,
    /// Whether the body is not as `content-encoding` says, since that was undone.
    pub body_decoded: bool,
    /// To be read as it comes.
    pub body: Rc<dyn Resource>,
}

struct Pending(RefCell<Option<Sent>>, Rc<CancelHandle>);

impl Resource for Pending {
    fn name(&self) -> Cow<'_, str> {
        "fetchRequest".into()
    }
}

struct Cancel(Rc<CancelHandle>);

impl Resource for Cancel {
    fn name(&self) -> Cow<'_, str> {
        "fetchCancel".into()
    }

    fn close(self: Rc<Self>) {
        self.0.cancel();
    }
}

/// What deno_fetch expects of `op_fetch`.
#[derive(ToV8)]
pub struct Started {
    request_rid: ResourceId,
    cancel_handle_rid: Option<ResourceId>,
}

/// What deno_fetch expects of `op_fetch_send`.
#[derive(ToV8)]
pub struct Answered {
    status: u16,
    status_text: String,
    headers: Vec<Header>,
    url: String,
    response_rid: ResourceId,
    content_length: Option<u64>,
    body_decoded: bool,
    error: Option<(String, String)>,
}

/// Begins a request.
#[op2]
#[allow(clippy::too_many_arguments, reason = "the caller is deno_fetch's")]
pub fn op_fetch(
    state: &mut OpState,
    #[scoped] method: ByteString,
    #[string] url: String,
    #[scoped] headers: Vec<Header>,
    #[smi] _client: Option<u32>,
    _has_body: bool,
    data: Option<Uint8Array>,
    #[smi] resource: Option<ResourceId>,
) -> Result<Started, JsErrorBox> {
    let body = match (data, resource) {
        (Some(data), _) => Some(Body::Whole(data.to_vec())),
        (None, Some(rid)) => {
            Some(Body::Stream(state.resource_table.take_any(rid).map_err(JsErrorBox::from_err)?))
        }
        (None, None) => None,
    };
    let network = state.try_borrow::<Rc<dyn Network>>().cloned();
    let network = network.ok_or_else(|| JsErrorBox::type_error("there is no network"))?;
    let sent = network.fetch(Request { method, url, headers, body })?;
    let cancel = CancelHandle::new_rc();
    let request_rid = state.resource_table.add(Pending(RefCell::new(Some(sent)), cancel.clone()));
    Ok(Started { request_rid, cancel_handle_rid: Some(state.resource_table.add(Cancel(cancel))) })
}

/// Waits for its response.
#[op2]
pub async fn op_fetch_send(
    state: Rc<RefCell<OpState>>,
    #[smi] rid: ResourceId,
) -> Result<Answered, JsErrorBox> {
    let pending = state.borrow_mut().resource_table.take::<Pending>(rid).map_err(JsErrorBox::from_err)?;
    let sent = pending.0.take().ok_or_else(|| JsErrorBox::type_error("a request is sent once"))?;
    let response = sent.or_cancel(pending.1.clone()).await;
    let response = response.map_err(|_| JsErrorBox::type_error("the request was given up"))??;
    Ok(Answered {
        status: response.status,
        status_text: response.status_text,
        headers: response.headers,
        // deno_fetch knows it, and does not look here.
        url: String::new(),
        response_rid: state.borrow_mut().resource_table.add_rc_dyn(response.body),
        content_length: None,
        body_decoded: response.body_decoded,
        error: None,
    })
}

/// Whether a promise is settled.
#[op2(fast)]
pub fn op_fetch_promise_is_settled(promise: v8::Local<v8::Promise>) -> bool {
    promise.state() != v8::PromiseState::Pending
}
