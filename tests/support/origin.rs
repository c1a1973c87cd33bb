use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use actix_web::http::{StatusCode, header, header::HeaderValue};
use actix_web::web::{Bytes, Data, Path, Payload, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::sync::watch;

/// An HTTP server that programs fetch from.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
    handle: ServerHandle,
}

/// What came to it.
struct Seen {
    connections: AtomicUsize,
    /// Path and query of each request, in order.
    requests: Mutex<Vec<String>>,
    /// Requests for `/hold` under way, and the most that there were at once.
    held: watch::Sender<usize>,
    most_held: AtomicUsize,
    /// Responses that were given up before they ended.
    given_up: watch::Sender<usize>,
}

impl Origin {
    /// Starts it on a free port of 127.0.0.1.
    pub(crate) fn start() -> Self {
        let seen = Arc::new(Seen {
            connections: AtomicUsize::new(0),
            requests: Mutex::default(),
            held: watch::Sender::new(0),
            most_held: AtomicUsize::new(0),
            given_up: watch::Sender::new(0),
        });
        let (data, counted) = (Data::from(seen.clone()), seen.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(16 << 20))
                .route("/echo", web::route().to(echo))
                .route("/status/{status}", web::route().to(status))
                .route("/redirect/{left}", web::route().to(redirect))
                .route("/to", web::route().to(to))
                .route("/bytes/{length}", web::route().to(bytes))
                .route("/stream/{chunks}", web::route().to(stream_of))
                .route("/endless", web::route().to(endless))
                .route("/gzip/{length}", web::route().to(gzip))
                .route("/pingpong", web::route().to(pingpong))
                .route("/hold", web::route().to(hold))
                .route("/headers/{count}/{length}", web::route().to(headers))
        })
        .workers(1)
        .on_connect(move |_, _| {
            counted.connections.fetch_add(1, SeqCst);
        })
        .disable_signals()
        .bind("127.0.0.1:0")
        .expect("a free port");
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { address, seen, handle }
    }

    /// A URL of its, from the path on.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(SeqCst)
    }

    /// Path and query of each request so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().expect("no test panics here").clone()
    }

    pub(crate) fn most_held(&self) -> usize {
        self.seen.most_held.load(SeqCst)
    }

    /// Waits until so many responses were given up.
    pub(crate) async fn until_given_up(&self, count: usize) {
        let mut given_up = self.seen.given_up.subscribe();
        super::soon("a response given up", given_up.wait_for(|it| *it >= count)).await.expect("it runs");
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        // Nobody waits for that: the runtime ends with the test.
        drop(self.handle.stop(false));
    }
}

fn note(request: &HttpRequest) {
    let seen: &Data<Seen> = request.app_data().expect("it was put there");
    seen.requests.lock().expect("no test panics here").push(request.uri().to_string());
}

async fn echo(request: HttpRequest, body: Bytes) -> HttpResponse {
    note(&request);
    let headers: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.as_str(), value.as_bytes().iter().map(|b| char::from(*b)).collect::<String>())
        })
        .collect();
    HttpResponse::Ok().insert_header(("x-echo", "yes")).json(json!({
        "method": request.method().as_str(),
        "headers": headers,
        "length": body.len(),
        "body": String::from_utf8_lossy(&body[..body.len().min(100)]),
    }))
}

async fn status(request: HttpRequest, status: Path<u16>) -> HttpResponse {
    note(&request);
    HttpResponse::build(StatusCode::from_u16(*status).expect("a status")).finish()
}

async fn redirect(request: HttpRequest, left: Path<u32>) -> HttpResponse {
    note(&request);
    match *left {
        0 => HttpResponse::Ok().body("arrived"),
        left => HttpResponse::Found()
            .insert_header((header::LOCATION, format!("/redirect/{}", left - 1)))
            .finish(),
    }
}

/// `/to?303=/echo`: a redirect of that status to there.
async fn to(request: HttpRequest, query: Query<Vec<(u16, String)>>) -> HttpResponse {
    note(&request);
    let (status, target) = &query[0];
    HttpResponse::build(StatusCode::from_u16(*status).expect("a status"))
        .insert_header((header::LOCATION, HeaderValue::from_bytes(target.as_bytes()).expect("a value")))
        .finish()
}

async fn bytes(request: HttpRequest, length: Path<usize>) -> HttpResponse {
    note(&request);
    HttpResponse::Ok().body("x".repeat(*length))
}

async fn stream_of(request: HttpRequest, chunks: Path<usize>) -> HttpResponse {
    note(&request);
    let chunks = stream::iter(0..*chunks)
        .map(|index| Ok::<_, std::io::Error>(Bytes::from(format!("chunk {index}\n"))));
    HttpResponse::Ok().streaming(chunks)
}

struct GivenUp(Data<Seen>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.given_up.send_modify(|count| *count += 1);
    }
}

/// A chunk, and then another one now and then, without an end: whoever writes notices that nobody reads.
async fn endless(request: HttpRequest, seen: Data<Seen>) -> HttpResponse {
    note(&request);
    let guard = GivenUp(seen);
    let first = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"first")) });
    let more = stream::unfold(guard, |guard| async {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        Some((Ok(Bytes::from_static(b".")), guard))
    });
    HttpResponse::Ok().streaming(first.chain(more))
}

/// So many zeros, compressed.
async fn gzip(request: HttpRequest, length: Path<usize>) -> HttpResponse {
    use std::io::Write;
    note(&request);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![0; 1 << 16];
    let mut left = *length;
    while left > 0 {
        let some = left.min(zeros.len());
        encoder.write_all(&zeros[..some]).expect("memory takes it");
        left -= some;
    }
    let body = encoder.finish().expect("memory takes it");
    HttpResponse::Ok().insert_header((header::CONTENT_ENCODING, "gzip")).body(body)
}

/// Answers each chunk with the same in capitals, as it comes.
async fn pingpong(request: HttpRequest, payload: Payload) -> HttpResponse {
    note(&request);
    let body = payload.map(|chunk| chunk.map(|bytes| Bytes::from(bytes.to_ascii_uppercase())));
    HttpResponse::Ok().streaming(body)
}

/// Answers when six are here; a seventh would have had time to come.
async fn hold(request: HttpRequest, seen: Data<Seen>) -> HttpResponse {
    note(&request);
    let mut held = seen.held.subscribe();
    seen.held.send_modify(|count| *count += 1);
    let all = seen.requests.lock().expect("no test panics here").len();
    if all <= 6 {
        let _ = held.wait_for(|count| *count >= 6).await;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    seen.most_held.fetch_max(*held.borrow(), SeqCst);
    seen.held.send_modify(|count| *count -= 1);
    HttpResponse::Ok().body("held")
}

async fn headers(request: HttpRequest, path: Path<(usize, usize)>) -> HttpResponse {
    note(&request);
    let (count, length) = *path;
    let mut response = HttpResponse::Ok();
    for index in 0..count {
        response.append_header((format!("x-{index}"), "y".repeat(length)));
    }
    response.finish()
}
