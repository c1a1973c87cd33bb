//! The run of all programs against a server.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use reqwest::{Client, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::judge::{Verdict, judge, request, said};
use super::parse::Attack;
use super::programs;
use super::report::{
    BenignReport, LayerReport, ProgramOutcome, ProgramReport, REPORT_BYTES, Report, ServerReport, line,
};
use crate::protocol::runner::{Layer, LayerState};
use crate::sandbox::egress::{Authorities, client};
use crate::snippets::Timestamp;

/// Programs under way at a time.
const AT_A_TIME: usize = 3;
/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// How long `/healthz` may take, and how often it is asked for.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
const HEALTH_EVERY: Duration = Duration::from_millis(250);
/// How long the server may be silent before the rest is given up.
const SILENT_FOR: Duration = Duration::from_secs(60);
/// The longest answer that is read, in bytes. What a run writes is bounded by the server; this is for one that lies.
const ANSWER_BYTES: usize = 64 << 20;
/// How often a program is sent again when the connection breaks, and how long a server may say that it is busy.
const TRIES: u32 = 3;
const BUSY_FOR: Duration = Duration::from_secs(600);
/// The longest wait that a server can ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The pause between two honest runs.
const BENIGN_EVERY: Duration = Duration::from_millis(250);
/// How many of the honest runs that were harmed are described.
const HARMED_SHOWN: usize = 20;
/// How often `/healthz` is asked, each time on a connection of its own, to see whether one server answers.
const SAME_SERVER_ASKED: usize = 8;

/// An honest program, and what it says.
const BENIGN: &str =
    "let sum = 0; for (let i = 0; i < 20; i++) { sum += i; await 0 } console.log('sum', sum); sum";
const BENIGN_SAYS: &str = "sum 190\n{\"type\":\"number\",\"value\":190}\n";

/// A server to attest.
pub struct Target {
    url: String,
    key: Option<String>,
    client: Client,
}

/// What `/healthz` says, as far as it is of use here.
#[derive(Clone, Deserialize)]
struct Health {
    #[serde(default)]
    server: String,
    #[serde(default)]
    zygotes_lost: u64,
    #[serde(default)]
    version: String,
    #[serde(default)]
    engine: String,
    #[serde(default)]
    kernel: String,
    #[serde(default)]
    fork: String,
    #[serde(default)]
    confinement: Vec<Layer>,
    #[serde(default)]
    tuning: Value,
    #[serde(default)]
    notes: Vec<String>,
}

impl Target {
    /// The server at this address, such as `https://play.example.org`, asked with a key of its API where one is given.
    ///
    /// # Errors
    /// In words.
    pub fn new(url: &str, key: Option<String>, authorities: &Authorities) -> Result<Self, String> {
        let parsed = url::Url::parse(url).map_err(|error| format!("{} is no address: {error}", line(url)))?;
        let is_http = ["http", "https"].contains(&parsed.scheme()) && parsed.has_host();
        let is_bare = parsed.username().is_empty() && parsed.password().is_none() && parsed.query().is_none();
        if !is_http || !is_bare || parsed.path() != "/" || parsed.fragment().is_some() {
            // What else is in it may be a password.
            return Err(format!(
                "this address of {} can't be asked: one has a host and a port, such as https://play.example.org",
                line(parsed.host_str().unwrap_or("nobody"))
            ));
        }
        let url = parsed.origin().ascii_serialization();
        Ok(Self { url, key, client: client(authorities)? })
    }

    async fn health(&self, is_alone: bool) -> Result<Health, String> {
        let mut asked = self.client.get(format!("{}/healthz", self.url)).timeout(HEALTH_TIMEOUT);
        if is_alone {
            asked = asked.header("connection", "close");
        }
        let answer = asked.send().await.map_err(|error| causes(&error))?;
        let status = answer.status();
        let body = read(answer, REPORT_BYTES).await?;
        let health: Health = serde_json::from_slice(&body)
            .map_err(|_| format!("/healthz answers with status {status}, and not as a Mayfly server does"))?;
        if health.server.is_empty() {
            return Err(
                "/healthz does not say which server answers: it is no Mayfly, or one older than this command"
                    .to_owned(),
            );
        }
        Ok(health)
    }

    /// Sends a program once.
    async fn post(&self, body: &Value) -> Result<Posted, String> {
        let mut asked = self.client.post(format!("{}/api/v1/run", self.url)).timeout(ANSWER_TIMEOUT);
        if let Some(key) = &self.key {
            asked = asked.bearer_auth(key);
        }
        let asked = asked.header("content-type", "application/json").body(body.to_string());
        let answer = asked.send().await.map_err(|error| causes(&error))?;
        let status = answer.status().as_u16();
        let body = read(answer, ANSWER_BYTES).await?;
        let answer: Value = serde_json::from_slice(&body)
            .map_err(|_| format!("the answer with status {status} is no JSON"))?;
        if status == 200 {
            return Ok(Posted::Ran(answer));
        }
        let detail = line(answer["detail"].as_str().unwrap_or_default());
        let wait = answer["retry_after_ms"].as_u64().map_or(Duration::from_secs(1), Duration::from_millis);
        match status {
            429 | 503 => Ok(Posted::Busy(wait.clamp(Duration::from_millis(50), LONGEST_WAIT), detail)),
            _ => Ok(Posted::Refused(format!("status {status}: {detail}"))),
        }
    }

    /// Sends a program until it has run, or can't be.
    async fn run(&self, body: &Value) -> Result<Value, String> {
        let (begun, mut tries) = (Instant::now(), 0);
        loop {
            match self.post(body).await {
                Ok(Posted::Ran(ran)) => return Ok(ran),
                Ok(Posted::Refused(why)) => return Err(why),
                Ok(Posted::Busy(_, why)) if begun.elapsed() > BUSY_FOR => return Err(why),
                Ok(Posted::Busy(wait, _)) => sleep(wait).await,
                Err(why) => {
                    tries += 1;
                    if tries == TRIES {
                        return Err(why);
                    }
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

enum Posted {
    Ran(Value),
    Busy(Duration, String),
    Refused(String),
}

/// What went wrong, with what was behind it.
fn causes(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    line(&words)
}

/// A body of at most so many bytes.
async fn read(mut answer: Response, most: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| causes(&error))? {
        if body.len() + chunk.len() > most {
            return Err(format!("the answer is longer than {most} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What is known while the programs run.
struct Progress {
    under_way: RefCell<BTreeSet<String>>,
    is_over: RefCell<bool>,
    is_gone: RefCell<bool>,
}

impl Progress {
    fn under_way(&self) -> String {
        let names: Vec<_> = self.under_way.borrow().iter().cloned().collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join("; ") }
    }

    fn is_over(&self) -> bool {
        *self.is_over.borrow() || *self.is_gone.borrow()
    }
}

/// Runs all programs whose class is in `classes` (all where that is empty) against `target`. `tell` is told how far it is.
///
/// # Errors
/// In words, when the server can't be asked at all.
pub async fn attest(
    target: &Target,
    classes: &[String],
    mut tell: impl FnMut(usize, usize),
) -> Result<Report, String> {
    let mut programs = programs::all()?;
    if let Some(unknown) = classes.iter().find(|class| programs::tries(class).is_empty()) {
        return Err(format!("there is no class of programs called {}", line(unknown)));
    }
    programs.retain(|(class, _)| classes.is_empty() || classes.iter().any(|it| it == class));

    let first = target.health(true).await?;
    for _ in 1..SAME_SERVER_ASKED {
        if target.health(true).await?.server != first.server {
            return Err(format!(
                "several servers answer at {}. Ask each at its own address: an exit of one would not be seen",
                target.url
            ));
        }
    }
    let benign = json!({"source": BENIGN});
    let ran = target.run(&benign).await.map_err(|why| format!("an honest program can't be run: {why}"))?;
    if !is_well(&ran) {
        return Err(format!("an honest program does not run as it should: {}", line(&ran.to_string())));
    }

    let begun = Timestamp::now().to_string();
    let mut report = Report::new(&target.url, begun, programs::digest(&programs));
    report.server = describe(&first);
    let progress = Progress {
        under_way: RefCell::default(),
        is_over: RefCell::new(false),
        is_gone: RefCell::new(false),
    };
    let count = programs.len();
    let attacking = async {
        let mut done = Vec::new();
        let mut ends = stream::iter(programs.iter().enumerate())
            .map(|(index, (class, attack))| {
                let progress = &progress;
                async move { (index, try_program(target, class, attack, progress).await) }
            })
            .buffer_unordered(AT_A_TIME);
        while let Some(end) = ends.next().await {
            done.push(end);
            tell(done.len(), count);
        }
        *progress.is_over.borrow_mut() = true;
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, program)| program).collect::<Vec<_>>()
    };
    let (programs, benign, exits) = futures_util::future::join3(
        attacking,
        beside(target, &benign, &progress),
        watch(target, &first, &progress),
    )
    .await;
    report.programs = programs;
    report.benign = benign;
    report.exits = exits;
    report.conclude(Timestamp::now().to_string());
    Ok(report)
}

fn is_well(ran: &Value) -> bool {
    ran["outcome"] == "completed" && said(ran) == BENIGN_SAYS
}

fn describe(health: &Health) -> ServerReport {
    let Health { server, zygotes_lost: _, version, engine, kernel, fork, confinement, tuning, notes } =
        health;
    let layers = confinement.iter().map(|Layer { layer, state }| {
        let (state, reason) = match state {
            LayerState::Applied => ("applied", ""),
            LayerState::Missing { reason } => ("missing", reason.as_str()),
            LayerState::Off => ("off", ""),
        };
        LayerReport { layer: line(layer), state: state.to_owned(), reason: line(reason) }
    });
    ServerReport {
        id: line(server),
        version: line(version),
        engine: line(engine),
        kernel: line(kernel),
        fork: line(fork),
        layers: layers.collect(),
        tuning: steps(tuning),
        notes: notes.iter().map(|note| line(note)).collect(),
    }
}

/// The entries of what the server says of its tuning, each as a line, whatever form it has.
fn steps(tuning: &Value) -> Vec<String> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let text = |value: &Value| match value {
        Value::Object(fields) => {
            // The name first, as a person reads it.
            let known = ["step", "state", "reason"];
            let first = known.iter().filter_map(|name| fields.get(*name));
            let others =
                fields.iter().filter(|(name, _)| !known.contains(&name.as_str())).map(|(_, value)| value);
            first.chain(others).map(plain).collect::<Vec<_>>().join(" ")
        }
        other => plain(other),
    };
    match tuning {
        Value::Null => Vec::new(),
        Value::Array(entries) => entries.iter().map(|entry| line(&text(entry))).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| line(&format!("{name} {}", text(value)))).collect()
        }
        other => vec![line(&text(other))],
    }
}

async fn try_program(target: &Target, class: &str, attack: &Attack, progress: &Progress) -> ProgramReport {
    let label = line(&format!("{class}: {}", attack.name));
    let mut program = ProgramReport {
        class: class.to_owned(),
        name: line(&attack.name),
        outcome: ProgramOutcome::NotRun,
        detail: "the server was gone by then".to_owned(),
    };
    if *progress.is_gone.borrow() {
        return program;
    }
    progress.under_way.borrow_mut().insert(label.clone());
    let ran = target.run(&request(attack)).await;
    progress.under_way.borrow_mut().remove(&label);
    let (outcome, detail) = match ran.map(|ran| judge(attack, &ran)) {
        Err(why) => (ProgramOutcome::NotRun, why),
        Ok(Verdict::Held) => (ProgramOutcome::Held, String::new()),
        Ok(Verdict::EndedOtherwise(how)) => (ProgramOutcome::EndedOtherwise, how),
        Ok(Verdict::Unproven(how)) => (ProgramOutcome::Unproven, how),
        Ok(Verdict::Reached(how)) => (ProgramOutcome::Reached, how),
    };
    (program.outcome, program.detail) = (outcome, line(&detail));
    program
}

/// Runs an honest program over and over.
async fn beside(target: &Target, body: &Value, progress: &Progress) -> BenignReport {
    let mut report = BenignReport::default();
    let mut times = Vec::new();
    while !progress.is_over() {
        let sent = Instant::now();
        let harm = match target.post(body).await {
            Ok(Posted::Ran(ran)) if is_well(&ran) => {
                times.push(u64::try_from(sent.elapsed().as_millis()).unwrap_or(u64::MAX));
                None
            }
            Ok(Posted::Ran(ran)) => Some(format!("{}: {}", ran["outcome"], said(&ran))),
            // That somebody else has used up the rate, or the places, is what those are there for.
            Ok(Posted::Busy(wait, _)) => {
                sleep(wait).await;
                continue;
            }
            Ok(Posted::Refused(why)) | Err(why) => Some(why),
        };
        report.runs += 1;
        if let Some(harm) = harm {
            report.harmed += 1;
            if report.details.len() < HARMED_SHOWN {
                let at = Timestamp::now();
                report.details.push(line(&format!("{at}: {harm} (beside {})", progress.under_way())));
            }
        }
        sleep(BENIGN_EVERY).await;
    }
    times.sort_unstable();
    report.median_ms = times.get(times.len() / 2).copied().unwrap_or(0);
    report.longest_ms = times.last().copied().unwrap_or(0);
    report
}

/// Looks whether it is the same server all the time. Gives each time that it was not, or did not answer.
async fn watch(target: &Target, first: &Health, progress: &Progress) -> Vec<String> {
    let mut exits = Vec::new();
    let mut last = first.clone();
    let mut silent_since: Option<Instant> = None;
    let mut note = |what: String| exits.push(line(&format!("{}: {what}", Timestamp::now())));
    loop {
        let is_last = progress.is_over();
        match target.health(false).await {
            Ok(health) => {
                if health.server != last.server {
                    note(format!("the server was started anew (under way: {})", progress.under_way()));
                } else if health.zygotes_lost > last.zygotes_lost {
                    let lost = health.zygotes_lost - last.zygotes_lost;
                    note(format!(
                        "{lost} of the processes that start runs ended (under way: {})",
                        progress.under_way()
                    ));
                }
                last = health;
                silent_since = None;
            }
            Err(why) => {
                let since = *silent_since.get_or_insert_with(|| {
                    note(format!("the server does not answer: {why} (under way: {})", progress.under_way()));
                    Instant::now()
                });
                if since.elapsed() > SILENT_FOR {
                    *progress.is_gone.borrow_mut() = true;
                }
            }
        }
        if is_last {
            return exits;
        }
        sleep(HEALTH_EVERY).await;
    }
}

/// Hands a report to the server's operators, with a key of `admin.keys`.
///
/// # Errors
/// In words.
pub async fn send_report(target: &Target, admin_key: &str, report: &Report) -> Result<(), String> {
    let json = serde_json::to_string(report).map_err(|error| error.to_string())?;
    let asked =
        target.client.post(format!("{}/api/v1/admin/attestation", target.url)).timeout(ANSWER_TIMEOUT);
    let asked = asked.bearer_auth(admin_key).header("content-type", "application/json").body(json);
    let answer = asked.send().await.map_err(|error| causes(&error))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let body = read(answer, REPORT_BYTES).await?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    Err(format!("status {status}: {}", line(body["detail"].as_str().unwrap_or_default())))
}
