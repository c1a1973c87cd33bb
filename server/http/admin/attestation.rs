//! The last report of `mayfly attest`: taken from whoever has a key, kept in the data folder, shown in short.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::api::{check_type, read};
use super::{access, act, bad, record, respond, unkept};
use crate::attest::report::{ATTESTATION_FILE, Outcome, ProgramOutcome, REPORT_BYTES, Report};

/// How many of the things that did not hold are shown.
const FINDINGS: usize = 50;

/// A report, in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AttestationView {
    /// When it was done.
    done: String,
    target: String,
    outcome: Outcome,
    /// The version of the programs.
    attested_by: String,
    /// The server's version and kernel at the time.
    version: String,
    kernel: String,
    programs: usize,
    reached: usize,
    unproven: usize,
    not_run: usize,
    exits: usize,
    /// Honest runs.
    harmed: u64,
    /// At most 50.
    findings: Vec<FindingView>,
}

/// Something that did not hold.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct FindingView {
    what: String,
    /// `reached`, `unproven`, `not_run`, `exit` or `harmed`.
    outcome: &'static str,
    detail: String,
}

impl From<&Report> for AttestationView {
    fn from(report: &Report) -> Self {
        let programs = report.programs.iter().filter_map(|program| {
            let outcome = match program.outcome {
                ProgramOutcome::Reached => "reached",
                ProgramOutcome::Unproven => "unproven",
                ProgramOutcome::NotRun => "not_run",
                ProgramOutcome::Held | ProgramOutcome::EndedOtherwise => return None,
            };
            let what = format!("{}: {}", program.class, program.name);
            Some(FindingView { what, outcome, detail: program.detail.clone() })
        });
        let other = |outcome: &'static str, list: &[String]| {
            let finding =
                |detail: &String| FindingView { what: String::new(), outcome, detail: detail.clone() };
            list.iter().map(finding).collect::<Vec<_>>()
        };
        let exits = other("exit", &report.exits).into_iter();
        let findings = exits.chain(other("harmed", &report.benign.details)).chain(programs).take(FINDINGS);
        Self {
            done: report.done.clone(),
            target: report.target.clone(),
            outcome: report.outcome,
            attested_by: report.attested_by.clone(),
            version: report.server.version.clone(),
            kernel: report.server.kernel.clone(),
            programs: report.programs.len(),
            reached: report.count(ProgramOutcome::Reached),
            unproven: report.count(ProgramOutcome::Unproven),
            not_run: report.count(ProgramOutcome::NotRun),
            exits: report.exits.len(),
            harmed: report.benign.harmed,
            findings: findings.collect(),
        }
    }
}

/// The report in a data folder, as it was when it was last looked at. `mayfly attest` may write a new one at any time.
#[derive(Default)]
pub struct Attestations(Mutex<Option<Known>>);

struct Known {
    file: PathBuf,
    changed: (u64, Option<SystemTime>),
    view: Result<AttestationView, String>,
}

impl Attestations {
    /// The report in `data_dir`, if there is one, or why it can't be shown.
    pub fn last(&self, data_dir: &Path) -> Option<Result<AttestationView, String>> {
        let file = data_dir.join(ATTESTATION_FILE);
        let about = std::fs::metadata(&file).ok()?;
        let changed = (about.len(), about.modified().ok());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_ref().filter(|known| known.file == file && known.changed == changed) {
            return Some(known.view.clone());
        }
        let view = if about.len() > REPORT_BYTES as u64 {
            Err(format!("{ATTESTATION_FILE} in the data folder is too long to be a report."))
        } else {
            let json = std::fs::read(&file);
            let json = json.map_err(|error| format!("{ATTESTATION_FILE} can't be read: {error}."));
            json.and_then(|json| Report::read(&json)).map(|report| AttestationView::from(&report))
        };
        *known = Some(Known { file, changed, view: view.clone() });
        Some(view)
    }
}

/// `POST /api/v1/admin/attestation`
#[utoipa::path(
    post, path = "/api/v1/admin/attestation", tag = "admin", operation_id = "admin_attest",
    summary = "Keeps a report of `mayfly attest`",
    description = "In the place of the one before. The server that takes it shows it at `/admin`.",
    request_body = Report,
    responses((status = 204, description = "It is kept")),
    security(("admin" = []), ("admin_session" = []))
)]
pub async fn attest(req: HttpRequest, body: Payload, state: State) -> HttpResponse {
    respond(&req, async || {
        let who = access::who(&req, &state, true)?;
        check_type(req.headers())?;
        let bytes = read(&req, body, REPORT_BYTES, &state).await?;
        let report = Report::read(&bytes).map_err(bad)?;
        report.keep(&state.settings.data_dir).map_err(|error| unkept(&error))?;
        record(&state, &act(&who, "attest", format!("{} {}", report.done, report.target))).await;
        Ok(HttpResponse::NoContent().finish())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::report::tests::report;

    #[test]
    fn the_last_report_in_the_folder_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let attestations = Attestations::default();
        assert!(attestations.last(folder.path()).is_none());
        report().keep(folder.path()).unwrap();
        let view = attestations.last(folder.path()).unwrap().unwrap();
        assert_eq!((view.outcome, view.programs, view.findings.len()), (Outcome::Held, 2, 0));
        let mut worse = report();
        worse.exits.push("gone".into());
        worse.programs[0].outcome = ProgramOutcome::Reached;
        worse.conclude("later".into());
        worse.keep(folder.path()).unwrap();
        let view = attestations.last(folder.path()).unwrap().unwrap();
        assert_eq!(
            (view.outcome, view.done.as_str(), view.reached, view.exits),
            (Outcome::Reached, "later", 1, 1)
        );
        let found: Vec<_> = view.findings.iter().map(|it| (it.outcome, it.what.as_str())).collect();
        assert_eq!(found, [("exit", ""), ("reached", "escape: one")]);
        for bad in [&b"{}"[..], b"", &vec![b'['; 1 << 20], b"\xff"] {
            std::fs::write(folder.path().join(ATTESTATION_FILE), bad).unwrap();
            assert!(attestations.last(folder.path()).unwrap().is_err());
        }
    }
}
