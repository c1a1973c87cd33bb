use std::net::SocketAddr;

use serde_json::{Value, json};

use super::{Answer, TestApp, post};

/// A program about to be sent to `POST /api/v1/run`.
pub(crate) struct RunBuilder {
    address: SocketAddr,
    body: Value,
}

impl TestApp {
    pub(crate) fn run(&self, source: &str) -> RunBuilder {
        RunBuilder { address: self.address, body: json!({"source": source}) }
    }
}

impl TestApp {
    /// A program of several files, the first of which is run.
    pub(crate) fn run_files(&self, files: &[(&str, &str)]) -> RunBuilder {
        let entry = files.first().map(|(name, _)| *name);
        let files: Vec<Value> =
            files.iter().map(|(name, content)| json!({"name": name, "content": content})).collect();
        RunBuilder { address: self.address, body: json!({"files": files, "entry": entry}) }
    }
}

impl RunBuilder {
    /// Sets any field of the request.
    pub(crate) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.body[field] = value.into();
        self
    }

    /// Lowers a limit.
    pub(crate) fn limit(mut self, name: &str, value: u64) -> Self {
        self.body["limits"][name] = json!(value);
        self
    }

    pub(crate) fn mode(mut self, mode: &str) -> Self {
        self.body["mode"] = json!(mode);
        self
    }

    pub(crate) fn input(mut self, input: Value) -> Self {
        self.body["input"] = input;
        self
    }

    /// Answers its questions beforehand.
    pub(crate) fn stdin(mut self, lines: &[&str]) -> Self {
        self.body["stdin"] = json!(lines);
        self
    }

    pub(crate) async fn answer(self) -> Answer {
        post(self.address, self.body.to_string()).await
    }

    /// Runs it to its end.
    pub(crate) async fn send(self) -> Ran {
        let answer = self.answer().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        Ran(answer.json())
    }

    /// Runs it to its end, which has to be this one.
    pub(crate) async fn expect(self, outcome: &str) -> Ran {
        let ran = self.send().await;
        assert_eq!(ran.0["outcome"], outcome, "{ran}");
        ran
    }

    pub(crate) async fn expect_completed(self) -> Ran {
        let ran = self.expect("completed").await;
        assert!(ran.0["error"].is_null(), "{ran}");
        ran
    }
}

/// A run that has ended: the response's JSON.
pub(crate) struct Ran(pub(crate) Value);

/// All but the console, which can be long.
impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rest = self.0.clone();
        let events = rest["console"].take().as_array().map_or(0, Vec::len);
        write!(f, "{rest}, and {events} console events")
    }
}

impl Ran {
    /// One line for each console event.
    pub(crate) fn lines(&self) -> Vec<&str> {
        let events = self.0["console"].as_array().expect("an array");
        events.iter().map(|event| event["text"].as_str().expect("a text")).collect()
    }

    /// What the error says.
    pub(crate) fn message(&self) -> &str {
        self.0["error"]["message"].as_str().unwrap_or_else(|| panic!("no error in {self}"))
    }
}
