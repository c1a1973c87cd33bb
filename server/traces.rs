//! What became of a request, as OpenTelemetry spans, for whom the setting `traces.endpoint` names one.
//!
//! This speaks OTLP over HTTP in JSON by itself: a few hundred lines, where the libraries for it would be 17 crates more, and
//! spans are made in few places. Without an endpoint a span is nothing: no clock is read and nothing is allocated.
//!
//! Spans never hold a program's text, its output or an address with a path: only what this program calls things, ids,
//! figures, and names of hosts.

use std::cell::RefCell;
use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, oneshot};

mod otlp;

/// How many spans may wait to be sent; further ones are lost, and counted.
const WAITING: usize = 4_096;

/// A place in a trace, under which more can be hung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    trace: [u8; 16],
    span: [u8; 8],
    is_sampled: bool,
}

/// What a span is to whom it is shown to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something that happens inside.
    Internal,
    /// A request that came.
    Server,
    /// A request that was made.
    Client,
}

/// What is known of something that took time.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Number(u64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// Something that takes time, until dropped or ended.
#[derive(Debug, Default)]
pub struct Span(Option<Box<Open>>);

#[derive(Debug)]
struct Open {
    context: Context,
    parent: Option<[u8; 8]>,
    name: String,
    kind: Kind,
    begun: SystemTime,
    ended: Option<SystemTime>,
    attributes: Vec<(&'static str, Value)>,
    problem: Option<String>,
}

/// Where spans go.
struct Exporter {
    spans: mpsc::Sender<Told>,
    /// How many of a hundred traces are kept.
    percent: u64,
    lost: AtomicU64,
}

enum Told {
    Span(Box<Open>),
    /// Send what waits, and say when it is sent.
    Flush(oneshot::Sender<()>),
}

static EXPORTER: OnceLock<Exporter> = OnceLock::new();

tokio::task_local! {
    static CURRENT: RefCell<Option<Context>>;
}

/// From now on, spans of so many in a hundred traces go to this endpoint. What is returned sends them, and has no end.
///
/// # Errors
/// In words, when there can be no client.
pub fn export(endpoint: &str, percent: u32) -> Result<impl Future<Output = ()> + use<>, String> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let sending = otlp::sending(endpoint, receiver)?;
    let exporter = Exporter { spans: sender, percent: u64::from(percent), lost: AtomicU64::new(0) };
    if EXPORTER.set(exporter).is_err() {
        return Err("spans are exported already".to_owned());
    }
    Ok(sending)
}

/// Sends what waits to be sent, if that takes no longer than `patience`.
pub async fn flush(patience: Duration) {
    let Some(exporter) = EXPORTER.get() else { return };
    let (done, sent) = oneshot::channel();
    let _ = tokio::time::timeout(patience, async {
        if exporter.spans.send(Told::Flush(done)).await.is_ok() {
            let _ = sent.await;
        }
    })
    .await;
}

/// The place in a trace at which this task is.
pub fn current() -> Option<Context> {
    EXPORTER.get()?;
    CURRENT.try_with(|current| *current.borrow()).ok().flatten()
}

/// Does `work` at this place.
pub async fn within<T>(place: Option<Context>, work: impl Future<Output = T>) -> T {
    match place {
        Some(_) => CURRENT.scope(RefCell::new(place), work).await,
        None => work.await,
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Ids need not be secret; without random numbers there is no trace worth it.
    let _ = getrandom::fill(&mut bytes);
    bytes
}

impl Context {
    /// The place that a `traceparent` names (W3C Trace Context, 3.2).
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // Later versions may have more parts; this one has none, and `ff` is none.
        let is_known = version.len() == 2 && (version != "00" || parts.next().is_none());
        let [version] = hex::<1>(version).filter(|_| is_known)?;
        let [flags] = hex::<1>(flags)?;
        let (trace, span) = (hex::<16>(trace)?, hex::<8>(span)?);
        let is_right = version != 0xff && trace != [0; 16] && span != [0; 8];
        is_right.then_some(Self { trace, span, is_sampled: flags & 1 == 1 })
    }
}

/// Bytes in lower-case hexadecimal digits.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Whether a trace is among those that are kept: all who see it and keep as many decide the same.
fn is_kept(trace: &[u8; 16], percent: u64) -> bool {
    let random = trace[9..].iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    u128::from(random) * 100 < u128::from(percent) << 56
}

impl Span {
    /// One that begins now, under `parent` or as a trace's first.
    pub fn begin(name: impl Into<String>, kind: Kind, parent: Option<Context>) -> Self {
        let Some(exporter) = EXPORTER.get() else { return Self(None) };
        let trace = parent.map_or_else(random, |parent| parent.trace);
        let is_sampled = parent.is_none_or(|parent| parent.is_sampled) && is_kept(&trace, exporter.percent);
        if !is_sampled {
            return Self(None);
        }
        Self(Some(Box::new(Open {
            context: Context { trace, span: random(), is_sampled },
            parent: parent.map(|parent| parent.span),
            name: name.into(),
            kind,
            begun: SystemTime::now(),
            ended: None,
            attributes: Vec::new(),
            problem: None,
        })))
    }

    /// One under this one.
    pub fn child(&self, name: &'static str, kind: Kind) -> Self {
        match self.context() {
            Some(context) => Self::begin(name, kind, Some(context)),
            None => Self(None),
        }
    }

    /// Its place.
    pub fn context(&self) -> Option<Context> {
        self.0.as_ref().map(|open| open.context)
    }

    /// Calls it something else.
    pub fn rename(&mut self, name: impl Into<String>) {
        if let Some(open) = &mut self.0 {
            open.name = name.into();
        }
    }

    /// Notes something.
    pub fn note(&mut self, key: &'static str, value: impl Into<Value>) {
        if let Some(open) = &mut self.0 {
            open.attributes.push((key, value.into()));
        }
    }

    /// Notes that it went wrong.
    pub fn fail(&mut self, why: impl Into<String>) {
        if let Some(open) = &mut self.0 {
            open.problem = Some(why.into());
        }
    }

    /// Two parts of it, from its beginning until so long after that, and from then on.
    pub fn split(&self, name: &'static str, after: Duration) -> (Self, Self) {
        let (mut first, mut second) =
            (self.child(name, Kind::Internal), self.child("evaluate", Kind::Internal));
        if let (Some(all), Some(one), Some(two)) = (&self.0, &mut first.0, &mut second.0) {
            let until = (all.begun + after).min(SystemTime::now());
            (one.begun, one.ended, two.begun) = (all.begun, Some(until), until);
        }
        (first, second)
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let Some(mut open) = self.0.take() else { return };
        open.ended.get_or_insert_with(SystemTime::now);
        let Some(exporter) = EXPORTER.get() else { return };
        if exporter.spans.try_send(Told::Span(open)).is_err() {
            // Said by whoever sends, now and then.
            exporter.lost.fetch_add(1, Relaxed);
        }
    }
}

/// How many spans were lost since this was last asked.
fn lost() -> u64 {
    EXPORTER.get().map_or(0, |exporter| exporter.lost.swap(0, Relaxed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_is_read_as_the_standard_has_it() {
        let context = Context::parse(PARENT).expect("the standard's own");
        assert_eq!((context.trace[0], context.span[7], context.is_sampled), (0x4b, 0xb7, true));
        assert!(!Context::parse(&PARENT.replace("-01", "-00")).expect("it is one").is_sampled);
        assert!(Context::parse(&PARENT.replacen("00", "cc", 1)).is_some(), "of a later version");
        assert!(Context::parse(&format!("{}-more", PARENT.replacen("00", "cc", 1))).is_some());
        for wrong in [
            "",
            "00",
            &format!("{PARENT}-more"),
            &PARENT.replacen("00", "ff", 1),
            &PARENT.to_uppercase(),
            &PARENT[..PARENT.len() - 1],
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ] {
            assert_eq!(Context::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn so_many_in_a_hundred_traces_are_kept() {
        let traces: Vec<[u8; 16]> = (0..10_000).map(|_| random()).collect();
        let kept = |percent| traces.iter().filter(|trace| is_kept(trace, percent)).count();
        assert_eq!((kept(0), kept(100)), (0, 10_000));
        assert!((1_500..3_500).contains(&kept(25)), "{}", kept(25));
    }

    #[test]
    fn without_an_endpoint_there_is_nothing() {
        let mut span = Span::begin("run", Kind::Internal, Context::parse(PARENT));
        span.note("a", 1);
        assert_eq!((span.context(), span.child("b", Kind::Client).context(), current()), (None, None, None));
    }

    proptest! {
        #[test]
        fn any_traceparent_is_read_or_not(text in "\\PC*", like in "[0-9a-f]{2}-[0-9a-fA-F]{31,33}-[0-9a-f]{15,17}-[0-9a-f]{1,3}(-.*)?") {
            let _ = Context::parse(&text);
            let _ = Context::parse(&like);
        }
    }
}
