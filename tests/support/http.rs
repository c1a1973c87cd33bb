use std::net::SocketAddr;

use awc::http::{Method, StatusCode};
use serde_json::Value;

use super::soon;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The header's value; empty if it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }

    /// Checks that this is an RFC 9457 problem of `status`, and returns its detail.
    pub(crate) fn expect_problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], status);
        let title = StatusCode::from_u16(status).ok().and_then(|it| it.canonical_reason());
        assert_eq!(body["title"].as_str(), title);
        body["detail"].as_str().expect("a problem has a detail").to_owned()
    }
}

pub(crate) async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Vec<u8>>,
) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let client = awc::Client::builder().timeout(super::PATIENCE).no_default_headers().finish();
    let mut request = client.request(method, format!("http://{address}{path}")).no_decompress();
    for (name, value) in headers {
        request = request.append_header((*name, *value));
    }
    let mut response = soon(path, request.send_body(body.into())).await.expect("an answer");
    let body = response.body().limit(64 << 20).await.expect("the body").to_vec();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    Answer { status: response.status().as_u16(), headers, body }
}

pub(crate) async fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    request(address, "GET", path, headers, "").await
}

/// Posts JSON to `/api/v1/run`.
pub(crate) async fn post(address: SocketAddr, body: impl Into<Vec<u8>>) -> Answer {
    request(address, "POST", "/api/v1/run", &[("content-type", "application/json")], body).await
}
