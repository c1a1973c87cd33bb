//! What `mayfly attest` found, as JSON and as a text for people.
//!
//! A report may come from anywhere: the server that it is about answers what it likes, and one that is sent to `/admin`
//! was made by whoever has a key. So every text in it is short and without control characters, every list bounded, and
//! an unknown field is an error.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::programs;

/// The longest report, as JSON in bytes.
pub const REPORT_BYTES: usize = 512 << 10;
/// The file in a server's data folder with the last report, which `/admin` shows.
pub const ATTESTATION_FILE: &str = "attestation.json";
/// The form of the reports that are written.
const FORMAT: u32 = 1;
/// The most programs of a report, and the most entries of every other list.
const MOST_PROGRAMS: usize = 2_000;
const MOST_ENTRIES: usize = 100;
/// The longest text, in characters.
const TEXT_CHARS: usize = 500;
/// How many columns a line of the text has at most.
const COLUMNS: usize = 100;

/// What came of all programs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AttestationOutcome)]
pub enum Outcome {
    /// Nothing was reached, and nobody was harmed.
    Held,
    /// Something was reached, or somebody harmed, or a program did not show that it was not.
    Reached,
    /// Nothing was reached by those that ran, but some could not be run.
    Incomplete,
}

/// What came of one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AttestedProgramOutcome)]
pub enum ProgramOutcome {
    /// It ended as it should.
    Held,
    /// A limit or its own process ended it, other than expected. It reached nothing.
    EndedOtherwise,
    /// It did not show that it reached nothing.
    Unproven,
    /// It got hold of something.
    Reached,
    /// It could not be run.
    NotRun,
}

/// A program and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AttestedProgram)]
pub struct ProgramReport {
    /// Its class.
    pub class: String,
    /// What it tries.
    pub name: String,
    /// What came of it.
    pub outcome: ProgramOutcome,
    /// How, where that is not as expected.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// A layer of the confinement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AttestedLayer)]
pub struct LayerReport {
    /// Its name.
    pub layer: String,
    /// `applied`, `missing` or `off`.
    pub state: String,
    /// Why it is missing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What the server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AttestedServer)]
pub struct ServerReport {
    /// Its id, which is another one after each start.
    pub id: String,
    /// Its version.
    pub version: String,
    /// What runs the programs.
    pub engine: String,
    /// What answers its system calls: `linux` or `gvisor`.
    pub kernel: String,
    /// How processes for runs come to be: `warm` or `cold`.
    pub fork: String,
    /// Every layer of the confinement.
    pub layers: Vec<LayerReport>,
    /// What of the tuning for speed is in use.
    pub tuning: Vec<String>,
    /// What it could not set up.
    pub notes: Vec<String>,
}

/// The honest runs beside the attacks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AttestedBenign)]
pub struct BenignReport {
    /// How many there were.
    pub runs: u64,
    /// How many did not end as they should.
    pub harmed: u64,
    /// How, for the first of them.
    pub details: Vec<String>,
    /// How long they took, request and answer, in milliseconds: the middle one, and the longest.
    pub median_ms: u64,
    /// See `median_ms`.
    pub longest_ms: u64,
}

/// What `mayfly attest` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Attestation)]
pub struct Report {
    /// The form of this report: 1.
    pub format: u32,
    /// What came of it all.
    pub outcome: Outcome,
    /// When it began, in RFC 3339.
    pub begun: String,
    /// When it was done.
    pub done: String,
    /// Which server.
    pub target: String,
    /// The version of the programs.
    pub attested_by: String,
    /// A digest (SHA-256) of the programs: the same one, the same programs.
    pub programs_digest: String,
    /// What the server says of itself.
    pub server: ServerReport,
    /// All programs.
    pub programs: Vec<ProgramReport>,
    /// Each time that the server, or the process in it that starts runs, ended or did not answer.
    pub exits: Vec<String>,
    /// The honest runs beside them.
    pub benign: BenignReport,
}

/// A text as reports have it: one line, short.
pub fn line(text: &str) -> String {
    let one_line = text.chars().map(|it| if it.is_control() || is_invisible(it) { '·' } else { it });
    one_line.take(TEXT_CHARS).collect()
}

/// Whether a character changes how those around it are shown.
fn is_invisible(it: char) -> bool {
    matches!(it, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl Report {
    /// A report of what is told later.
    pub fn new(target: &str, begun: String, programs_digest: String) -> Self {
        Self {
            format: FORMAT,
            outcome: Outcome::Incomplete,
            begun,
            done: String::new(),
            target: line(target),
            attested_by: format!("mayfly {}", env!("CARGO_PKG_VERSION")),
            programs_digest,
            server: ServerReport::default(),
            programs: Vec::new(),
            exits: Vec::new(),
            benign: BenignReport::default(),
        }
    }

    /// Reads one that somebody sent.
    ///
    /// # Errors
    /// In words, with what is wrong with it.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        if json.len() > REPORT_BYTES {
            return Err(format!("The report is over {REPORT_BYTES} bytes."));
        }
        let report: Self = serde_json::from_slice(json)
            .map_err(|error| format!("This is no report: {}.", line(&error.to_string())))?;
        report.check()?;
        Ok(report)
    }

    /// Writes it into a server's data folder, in the place of the one before.
    ///
    /// # Errors
    /// When the folder can't be written to.
    pub fn keep(&self, data_dir: &Path) -> io::Result<()> {
        let (file, new) = (data_dir.join(ATTESTATION_FILE), data_dir.join(format!("{ATTESTATION_FILE}.new")));
        std::fs::write(&new, serde_json::to_vec(self)?)?;
        std::fs::rename(new, file)
    }

    fn check(&self) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("The report has the form {}; this server reads {FORMAT}.", self.format));
        }
        if self.programs.len() > MOST_PROGRAMS {
            return Err(format!("The report has more than {MOST_PROGRAMS} programs."));
        }
        let Self {
            begun, done, target, attested_by, programs_digest, server, programs, exits, benign, ..
        } = self;
        let ServerReport { id, version, engine, kernel, fork, layers, tuning, notes } = server;
        let lists = [layers.len(), tuning.len(), notes.len(), exits.len(), benign.details.len()];
        if lists.into_iter().any(|length| length > MOST_ENTRIES) {
            return Err(format!("A list of the report has more than {MOST_ENTRIES} entries."));
        }
        let own = [begun, done, target, attested_by, programs_digest, id, version, engine, kernel, fork];
        let lists = [tuning, notes, exits, &benign.details].into_iter().flatten();
        let layers = layers.iter().flat_map(|it| [&it.layer, &it.state, &it.reason]);
        let programs = programs.iter().flat_map(|it| [&it.class, &it.name, &it.detail]);
        let mut texts = own.into_iter().chain(lists).chain(layers).chain(programs);
        if texts.any(|text| line(text) != *text) {
            return Err(format!("A text of the report is no line of at most {TEXT_CHARS} characters."));
        }
        if self.outcome != self.judged() {
            return Err("The report's outcome is not what its parts say.".to_owned());
        }
        Ok(())
    }

    /// Ends the report: what came of it all.
    pub fn conclude(&mut self, done: String) {
        self.done = done;
        for list in
            [&mut self.exits, &mut self.benign.details, &mut self.server.notes, &mut self.server.tuning]
        {
            list.truncate(MOST_ENTRIES);
        }
        self.server.layers.truncate(MOST_ENTRIES);
        self.outcome = self.judged();
    }

    fn judged(&self) -> Outcome {
        let bad = [ProgramOutcome::Reached, ProgramOutcome::Unproven].map(|it| self.count(it));
        if bad != [0, 0] || !self.exits.is_empty() || self.benign.harmed > 0 {
            Outcome::Reached
        } else if self.count(ProgramOutcome::NotRun) > 0 || self.programs.is_empty() || self.benign.runs == 0
        {
            Outcome::Incomplete
        } else {
            Outcome::Held
        }
    }

    /// How many programs had this outcome.
    pub fn count(&self, outcome: ProgramOutcome) -> usize {
        self.programs.iter().filter(|program| program.outcome == outcome).count()
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a text never fails.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let Self { begun, done, target, attested_by, programs_digest, server, exits, benign, .. } = self;
        writeln!(out, "Mayfly: attestation of {target}")?;
        writeln!(out, "{}\n", "=".repeat(24 + target.chars().count()))?;
        writeln!(out, "{}\n", self.verdict())?;
        writeln!(out, "Begun            {begun}")?;
        writeln!(out, "Done             {done}")?;
        writeln!(
            out,
            "Programs         {} of {attested_by}, SHA-256 {programs_digest}",
            self.programs.len()
        )?;
        writeln!(out, "Server           Mayfly {}, {}, on {}", server.version, server.engine, server.kernel)?;
        writeln!(out, "                 id {}, processes forked {}\n", server.id, server.fork)?;

        writeln!(
            out,
            "What was asked   Each program was sent to the server like a visitor's, in the kernel and behind"
        )?;
        writeln!(
            out,
            "                 the layers listed below. Each tries to get something that no run may have, and"
        )?;
        writeln!(
            out,
            "                 says so when it does. Honest programs ran beside them all the time.\n"
        )?;
        let counts = [
            ("Capabilities reached", self.count(ProgramOutcome::Reached)),
            ("Programs that did not show that they reached none", self.count(ProgramOutcome::Unproven)),
            ("Server exits and silences", exits.len()),
            ("Honest runs harmed", usize::try_from(benign.harmed).unwrap_or(usize::MAX)),
            ("Programs that held", self.count(ProgramOutcome::Held)),
            (
                "Programs ended by another limit than expected, nothing reached",
                self.count(ProgramOutcome::EndedOtherwise),
            ),
            ("Programs that could not be run", self.count(ProgramOutcome::NotRun)),
        ];
        for (what, count) in counts {
            writeln!(out, "{count:>6}  {what}")?;
        }
        let BenignReport { runs, median_ms, longest_ms, .. } = benign;
        writeln!(out, "\n{runs} honest runs took {median_ms} ms in the middle, {longest_ms} ms at most.\n")?;

        heading(out, "By class")?;
        for (class, [held, otherwise, unproven, reached, not_run]) in self.classes() {
            let all = held + otherwise + unproven + reached + not_run;
            let tries = programs::tries(class);
            writeln!(
                out,
                "{class:<12} {all:>4} programs, {reached} reached, {unproven} unproven: they try to {tries}"
            )?;
        }
        heading(out, "\nLayers of the confinement, as the server reports them")?;
        for LayerReport { layer, state, reason } in &server.layers {
            let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
            entry(out, &format!("{layer:<20} {state}{reason}"))?;
        }
        for (title, list) in
            [("\nTuning in use", &server.tuning), ("\nWhat the server could not set up", &server.notes)]
        {
            if !list.is_empty() {
                heading(out, title)?;
                list.iter().try_for_each(|it| entry(out, it))?;
            }
        }
        for (title, list) in
            [("\nServer exits and silences", exits), ("\nHonest runs harmed", &benign.details)]
        {
            if !list.is_empty() {
                heading(out, title)?;
                list.iter().try_for_each(|it| entry(out, it))?;
            }
        }
        for (title, outcome) in [
            ("\nReached", ProgramOutcome::Reached),
            ("\nUnproven", ProgramOutcome::Unproven),
            ("\nNot run", ProgramOutcome::NotRun),
            ("\nEnded otherwise than expected, nothing reached", ProgramOutcome::EndedOtherwise),
        ] {
            let mut programs = self.programs.iter().filter(|program| program.outcome == outcome).peekable();
            if programs.peek().is_some() {
                heading(out, title)?;
            }
            for ProgramReport { class, name, detail, .. } in programs {
                entry(out, &format!("{class}: {name}: {detail}"))?;
            }
        }
        heading(out, "\nAll programs")?;
        for ProgramReport { class, name, outcome, .. } in &self.programs {
            entry(out, &format!("{:<16} {class}: {name}", outcome.name()))?;
        }
        Ok(())
    }

    /// What came of it, in a sentence.
    pub fn verdict(&self) -> &'static str {
        match self.outcome {
            Outcome::Held => {
                "HELD: no program reached anything, the server did not exit, and no honest run was harmed."
            }
            Outcome::Reached => "NOT HELD: see the counts below, and what is listed under them.",
            Outcome::Incomplete => "INCOMPLETE: nothing was reached, but some programs could not be run.",
        }
    }

    /// How many programs of each class had each outcome, in the order of [`ProgramOutcome`].
    fn classes(&self) -> BTreeMap<&str, [usize; 5]> {
        let mut classes: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
        for program in &self.programs {
            classes.entry(&program.class).or_default()[program.outcome as usize] += 1;
        }
        classes
    }
}

impl ProgramOutcome {
    /// What it is called in the text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::EndedOtherwise => "ended otherwise",
            Self::Unproven => "unproven",
            Self::Reached => "REACHED",
            Self::NotRun => "not run",
        }
    }
}

fn heading(out: &mut String, title: &str) -> std::fmt::Result {
    writeln!(out, "{title}\n{}", "-".repeat(title.trim_start().chars().count()))
}

/// An entry of a list, with its lines broken at spaces.
fn entry(out: &mut String, text: &str) -> std::fmt::Result {
    let mut column = 0;
    for word in text.split_inclusive(' ') {
        let length = word.chars().count();
        if column > 4 && column + length > COLUMNS {
            write!(out, "\n    ")?;
            column = 4;
        }
        write!(out, "{word}")?;
        column += length;
    }
    writeln!(out)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn report() -> Report {
        let mut report = Report::new("http://127.0.0.1:8080", "2026-01-02T03:04:05Z".into(), "00ff".into());
        let program = |name: &str, outcome| ProgramReport {
            class: "escape".into(),
            name: name.into(),
            outcome,
            detail: if outcome == ProgramOutcome::Held { String::new() } else { "it said so".into() },
        };
        report.programs =
            vec![program("one", ProgramOutcome::Held), program("two", ProgramOutcome::EndedOtherwise)];
        report.benign = BenignReport { runs: 3, median_ms: 2, longest_ms: 9, ..BenignReport::default() };
        report.server.layers.push(LayerReport {
            layer: "seccomp".into(),
            state: "missing".into(),
            reason: "this kernel has none".into(),
        });
        report.conclude("2026-01-02T03:05:05Z".into());
        report
    }

    fn json(report: &Report) -> Vec<u8> {
        serde_json::to_vec(report).unwrap()
    }

    #[test]
    fn a_report_that_held_says_so_and_reads_back() {
        let report = report();
        assert_eq!(report.outcome, Outcome::Held);
        assert_eq!(Report::read(&json(&report)), Ok(report.clone()));
        let text = report.text();
        for words in
            ["HELD: no program", "seccomp              missing (this kernel has none)", "two: it said so"]
        {
            assert!(text.contains(words), "{words}: {text}");
        }
    }

    #[test]
    fn whatever_is_wrong_decides_the_outcome() {
        let changed = |change: &dyn Fn(&mut Report)| {
            let mut report = report();
            change(&mut report);
            report.conclude(String::new());
            report.outcome
        };
        assert_eq!(changed(&|it| it.programs[0].outcome = ProgramOutcome::Reached), Outcome::Reached);
        assert_eq!(changed(&|it| it.programs[0].outcome = ProgramOutcome::Unproven), Outcome::Reached);
        assert_eq!(changed(&|it| it.programs[0].outcome = ProgramOutcome::NotRun), Outcome::Incomplete);
        assert_eq!(changed(&|it| it.exits.push("gone".into())), Outcome::Reached);
        assert_eq!(changed(&|it| it.benign.harmed = 1), Outcome::Reached);
        assert_eq!(changed(&|it| it.programs.clear()), Outcome::Incomplete);
        assert_eq!(changed(&|it| it.benign.runs = 0), Outcome::Incomplete);
    }

    #[test]
    fn a_report_that_lies_or_is_too_much_is_refused() {
        let refused = |change: &dyn Fn(&mut Report)| {
            let mut report = report();
            change(&mut report);
            Report::read(&json(&report)).expect_err("it is refused")
        };
        refused(&|it| it.format = 2);
        refused(&|it| it.outcome = Outcome::Reached);
        refused(&|it| it.target = "a\nb".into());
        refused(&|it| it.target = "a\u{1b}[2J".into());
        refused(&|it| it.server.version = "\u{202e}0.1".into());
        refused(&|it| it.programs[1].detail = "x".repeat(TEXT_CHARS + 1));
        refused(&|it| it.exits = vec!["x".into(); MOST_ENTRIES + 1]);
        refused(&|it| it.programs = vec![it.programs[0].clone(); MOST_PROGRAMS + 1]);
        let mut unknown: serde_json::Value = serde_json::from_slice(&json(&report())).unwrap();
        unknown["x"] = 1.into();
        assert!(Report::read(unknown.to_string().as_bytes()).is_err());
        assert!(Report::read(&vec![b' '; REPORT_BYTES + 1]).is_err());
        assert!(Report::read(b"[[[[").is_err());
    }

    proptest! {
        #[test]
        fn any_text_becomes_one_short_line(text in "\\PC*|[\\x00-\\x1f\u{202e}a ]*") {
            let line = line(&text);
            prop_assert!(line.chars().count() <= TEXT_CHARS);
            prop_assert!(!line.chars().any(|it| it.is_control() || is_invisible(it)));
            let mut report = report();
            report.programs[1].detail = line;
            prop_assert!(Report::read(&json(&report)).is_ok());
            prop_assert!(report.text().lines().count() < 200);
        }
    }
}
