use std::net::SocketAddr;

use awc::BoxedSocket;
use awc::ws::{CloseCode, Codec, Frame, Message};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::soon;

/// A WebSocket whose text frames are JSON.
pub(crate) struct JsonSocket {
    framed: actix_codec::Framed<BoxedSocket, Codec>,
}

impl JsonSocket {
    /// Connects and takes the server's `hello`.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let mut socket = Self::connect_as(address, None).await.expect("the server takes WebSockets");
        socket.expect("hello").await;
        socket
    }

    /// Connects as a page of `origin` would, and takes nothing yet. The error is the answer's status.
    pub(crate) async fn connect_as(address: SocketAddr, origin: Option<&str>) -> Result<Self, u16> {
        let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
        Self::connect_with(address, &headers).await
    }

    /// Connects with these headers, and takes nothing yet. The error is the answer's status.
    pub(crate) async fn connect_with(address: SocketAddr, headers: &[(&str, &str)]) -> Result<Self, u16> {
        Self::connect_to(format!("ws://{address}/api/v1/ws"), headers).await
    }

    /// Connects with this query, `?` included, and takes nothing yet. The error is the answer's status.
    pub(crate) async fn connect_asking(address: SocketAddr, query: &str) -> Result<Self, u16> {
        Self::connect_to(format!("ws://{address}/api/v1/ws{query}"), &[]).await
    }

    async fn connect_to(url: String, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let client = awc::Client::builder().max_http_version(awc::http::Version::HTTP_11).finish();
        let mut request = client.ws(url).max_frame_size(16 << 20);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match soon("the handshake", request.connect()).await {
            Ok((_, framed)) => Ok(Self { framed }),
            Err(awc::error::WsClientError::InvalidResponseStatus(status)) => Err(status.as_u16()),
            Err(error) => panic!("no handshake: {error}"),
        }
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.send_text(message.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: impl Into<bytestring::ByteString>) {
        self.send_frame(Message::Text(text.into())).await;
    }

    pub(crate) async fn send_frame(&mut self, frame: Message) {
        soon("room for a frame", self.framed.send(frame)).await.expect("the connection is open");
    }

    /// Writes bytes as they are, past all that makes frames of them.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.framed.io_mut().write_all(bytes).await.expect("the connection is open");
        self.framed.io_mut().flush().await.expect("the connection is open");
    }

    /// Starts a run and returns its id.
    pub(crate) async fn run(&mut self, source: &str) -> Uuid {
        let run_id = Uuid::new_v4();
        self.send(json!({"type": "run", "run_id": run_id, "source": source})).await;
        run_id
    }

    /// The next frame, whatever it is.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        soon("a frame", self.framed.next()).await.transpose().expect("frames are well formed")
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            match self.frame().await {
                Some(Frame::Text(text)) => return serde_json::from_slice(&text).expect("frames are JSON"),
                Some(Frame::Ping(payload)) => self.send_frame(Message::Pong(payload)).await,
                Some(Frame::Pong(_)) => {}
                other => panic!("expected a message, got {other:?}"),
            }
        }
    }

    /// The next message, which has to be of this type.
    pub(crate) async fn expect(&mut self, kind: &str) -> Value {
        let message = self.next().await;
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// The next message, which has to be a rejection with this reason. Returns what it says.
    pub(crate) async fn expect_rejected(&mut self, reason: &str) -> String {
        let message = self.expect("rejected").await;
        assert_eq!(message["reason"], reason, "{message}");
        message["message"].as_str().expect("a message").to_owned()
    }

    /// The next message of this type, whatever comes before it.
    pub(crate) async fn wait_for(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// The close frame, which has to be next but for pings and messages, and its words.
    pub(crate) async fn expect_close(&mut self, code: CloseCode) -> String {
        loop {
            match self.frame().await {
                Some(Frame::Close(Some(reason))) => {
                    assert_eq!(reason.code, code, "{reason:?}");
                    return reason.description.unwrap_or_default();
                }
                Some(Frame::Text(_) | Frame::Ping(_) | Frame::Pong(_)) => {}
                other => panic!("expected a close frame, got {other:?}"),
            }
        }
    }
}
