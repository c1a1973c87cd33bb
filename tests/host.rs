//! For which hosts the server answers: the attack is DNS rebinding, a page whose own name leads to this server.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{FakeApp, TestApp, get, soon};

const PUBLIC: &str = "--public-url=https://play.example.org";
const WEBSOCKET: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

/// Sends a request as it is written here; gives the answer's status and all of its text.
async fn raw(address: SocketAddr, line: &str, headers: &str) -> (u16, String) {
    let asking = async {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let request = format!("{line}\r\n{headers}Content-Length: 0\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("it takes a request");
        let mut answer = Vec::new();
        let mut piece = [0; 4_096];
        // A WebSocket stays open, so the head is enough there.
        while !(answer.starts_with(b"HTTP/1.1 101") && answer.windows(4).any(|it| it == b"\r\n\r\n")) {
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(read) => answer.extend_from_slice(&piece[..read]),
            }
        }
        String::from_utf8_lossy(&answer).into_owned()
    };
    let text = soon(line, asking).await;
    let status = text.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
    (status, text)
}

async fn asked(address: SocketAddr, method: &str, path: &str, host: &str, more: &str) -> (u16, String) {
    let headers = format!("Host: {host}\r\nConnection: close\r\n{more}");
    raw(address, &format!("{method} {path} HTTP/1.1"), &headers).await
}

#[actix_web::test]
async fn rebound_names_get_421_everywhere() {
    let app = FakeApp::start(&[PUBLIC, "--admin-keys=ada:0123456789abcdef01234567"]).await;
    for (method, path) in [
        ("GET", "/"),
        ("HEAD", "/"),
        ("GET", "/s/7Xq2mPz9RtKb"),
        ("GET", "/embed/frame"),
        ("GET", "/display"),
        ("GET", "/docs"),
        ("GET", "/admin"),
        ("GET", "/nothing"),
        ("GET", "/healthz/"),
        ("GET", "/api/v1/openapi.json"),
        ("POST", "/api/v1/run"),
        ("OPTIONS", "/api/v1/run"),
        ("POST", "/api/v1/snippets"),
        ("DELETE", "/api/v1/snippets/7Xq2mPz9RtKb"),
        ("POST", "/api/v1/functions/7Xq2mPz9RtKb"),
        ("GET", "/api/v1/admin/overview"),
    ] {
        let (status, text) = asked(app.address, method, path, "evil.example", "").await;
        assert_eq!(status, 421, "{method} {path}: {text}");
        assert!(
            method == "HEAD" || text.contains("This server answers at https://play.example.org"),
            "{text}"
        );
        assert_ne!(asked(app.address, method, path, "play.example.org", "").await.0, 421, "{method} {path}");
    }
}

#[actix_web::test]
async fn rebound_websocket_gets_421() {
    let app = FakeApp::start(&[PUBLIC]).await;
    for (host, expected) in [("evil.example", 421), ("play.example.org", 101), ("localhost", 101)] {
        // What a browser sends from a page of that name, so the origin is the host's own.
        let headers = format!("Host: {host}\r\nOrigin: http://{host}\r\n{WEBSOCKET}");
        let headers = if host == "play.example.org" { headers.replace("http:", "https:") } else { headers };
        let (status, text) = raw(app.address, "GET /api/v1/ws HTTP/1.1", &headers).await;
        assert_eq!(status, expected, "{host}: {text}");
    }
}

#[actix_web::test]
async fn every_way_to_name_a_host_counts() {
    let app = FakeApp::start(&[PUBLIC]).await;
    let close = "Connection: close\r\n";
    for (line, headers) in [
        ("GET / HTTP/1.0", String::new()),
        ("GET / HTTP/1.1", format!("Host:\r\n{close}")),
        ("GET / HTTP/1.1", format!("Host: evil.example\r\nHost: play.example.org\r\n{close}")),
        ("GET / HTTP/1.1", format!("Host: play.example.org\r\nHost: evil.example\r\n{close}")),
        ("GET http://evil.example/ HTTP/1.1", format!("Host: play.example.org\r\n{close}")),
        ("GET / HTTP/1.1", format!("Host: play.example.org, evil.example\r\n{close}")),
        ("GET / HTTP/1.1", format!("Host: [::2]\r\n{close}")),
    ] {
        let (status, text) = raw(app.address, line, &headers).await;
        // What is no valid request at all may be refused as that.
        assert!(matches!(status, 400 | 421), "{line} {headers}: {text}");
    }
    let own = format!("Host: play.example.org\r\n{close}");
    assert_eq!(raw(app.address, "GET http://play.example.org/ HTTP/1.1", &own).await.0, 200);
}

#[actix_web::test]
async fn probes_and_loopback_work_with_any_setting() {
    let token = "--metrics-token=0123456789abcdef";
    let app = FakeApp::start(&[PUBLIC, token, "--hosts=mayfly.internal"]).await;
    for host in ["10.1.2.3:8080", "evil.example", ""] {
        for path in ["/healthz", "/readyz"] {
            assert_eq!(asked(app.address, "GET", path, host, "").await.0, 200, "{path} for {host}");
        }
        let metrics =
            asked(app.address, "GET", "/metrics", host, "Authorization: Bearer 0123456789abcdef\r\n");
        assert_eq!(metrics.await.0, 200);
    }
    for host in ["localhost:8080", "127.0.0.1", "[::1]:8080", "mayfly.internal", "Play.Example.Org:8443"] {
        assert_eq!(asked(app.address, "GET", "/", host, "").await.0, 200, "{host}");
    }
}

#[actix_web::test]
async fn trusted_proxy_names_the_host_it_was_asked_for() {
    let forwarded = |host: &str| format!("X-Forwarded-Host: {host}\r\n");
    let app = FakeApp::start(&[PUBLIC, "--trusted-proxies=127.0.0.1"]).await;
    for (host, more, expected) in [
        ("play.example.org", forwarded("play.example.org"), 200),
        // A proxy that writes its own name for the server, and a client that came by another.
        ("play.example.org", forwarded("evil.example"), 421),
        ("localhost:8080", forwarded("evil.example"), 421),
        ("localhost:8080", forwarded("play.example.org, evil.example"), 421),
        ("localhost:8080", forwarded("play.example.org"), 200),
        // A page can send this header itself, so it does not make a wrong host right.
        ("evil.example", forwarded("play.example.org"), 421),
    ] {
        assert_eq!(asked(app.address, "GET", "/", host, &more).await.0, expected, "{host} {more}");
    }
    let app = FakeApp::start(&[PUBLIC]).await;
    let (status, _) = asked(app.address, "GET", "/", "play.example.org", &forwarded("evil.example")).await;
    assert_eq!(status, 200, "nobody else is believed");
}

#[actix_web::test]
async fn without_public_url_any_host_is_served() {
    let app = FakeApp::start(&["--hosts=play.example.org"]).await;
    assert_eq!(asked(app.address, "GET", "/", "other.example", "").await.0, 200);
}

#[actix_web::test]
async fn log_says_what_no_public_url_means() {
    let words = "server.public_url is not set: the server answers for any host";
    let app = TestApp::start();
    assert!(app.log().contains(words), "{}", app.log());
    let app = TestApp::with(&[PUBLIC, "--metrics-listen=127.0.0.1:0"]);
    assert!(!app.log().contains(words), "{}", app.log());
    assert_eq!(get(app.address, "/", &[]).await.status, 200, "this machine's own");
    // Prometheus names whatever address it was given.
    let log = app.log();
    let told = log.lines().find(|line| line.contains("metrics are told here")).expect("a line");
    let port = told.rsplit("127.0.0.1:").next().and_then(|port| port.trim().parse().ok());
    let address = SocketAddr::from(([127, 0, 0, 1], port.unwrap_or_else(|| panic!("no port in {told}"))));
    assert_eq!(asked(address, "GET", "/metrics", "10.1.2.3:9464", "").await.0, 200);
}
