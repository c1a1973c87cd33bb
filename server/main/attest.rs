//! `mayfly attest`.

use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, bail};
use clap::{ArgMatches, Args};
use mayfly::attest::report::{Outcome, Report};
use mayfly::attest::{ATTESTATION_FILE, Target, attest, send_report};
use mayfly::config::Config;
use mayfly::sandbox::egress::Authorities;

/// The longest file with a key, in bytes.
const KEY_BYTES: u64 = 4 << 10;
/// Settings of a server of one's own that are not as given: where it listens and what it keeps are nobody else's, and its
/// only client is this command.
const OWN: [(&str, &str); 6] = [
    ("listen", "127.0.0.1:0"),
    ("rate-limit", "off"),
    ("database-url", "sqlite"),
    ("metrics-listen", "none"),
    ("traces-endpoint", "none"),
    ("public-url", "auto"),
];
const DATA_DIR: &str = "data-dir";

/// What to attest, and where the report goes.
#[derive(Args)]
pub struct Asked {
    /// The server to attest, such as https://play.example.org
    #[arg(value_name = "URL", required_unless_present = "here")]
    url: Option<String>,
    /// Start a server with the settings given, on a free port, and attest that
    #[arg(long, conflicts_with = "url")]
    here: bool,
    /// Folder for the report, as text and as JSON
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    output: PathBuf,
    /// Print the report as JSON, and not as text
    #[arg(long)]
    json: bool,
    /// Run one class of programs only; may be given several times
    #[arg(long = "class", value_name = "CLASS")]
    classes: Vec<String>,
    /// File with a key of the server's API, for a server that asks for one or for a higher rate
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// File with a key of admin.keys, to show the report at /admin
    #[arg(long, value_name = "FILE", conflicts_with = "here")]
    admin_key_file: Option<PathBuf>,
    /// PEM file with certificates of authorities to trust besides Mozilla's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

/// Attests, and says by its exit code what came of it.
pub fn run(asked: &Asked, matches: &ArgMatches) -> ExitCode {
    match attested(asked, matches) {
        Ok(Outcome::Held) => ExitCode::SUCCESS,
        Ok(Outcome::Reached) => ExitCode::from(1),
        Ok(Outcome::Incomplete) => ExitCode::from(2),
        Err(error) => {
            eprintln!("mayfly: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn attested(asked: &Asked, matches: &ArgMatches) -> anyhow::Result<Outcome> {
    let authorities = match &asked.ca_file {
        Some(path) => Authorities::load(path).map_err(anyhow::Error::msg)?,
        None => Authorities::default(),
    };
    let key = asked.key_file.as_deref().map(read_key).transpose()?;
    let admin_key = asked.admin_key_file.as_deref().map(read_key).transpose()?;
    // Before the programs run: to find out afterwards that there is no place for the report would be a pity.
    std::fs::create_dir_all(&asked.output)
        .with_context(|| format!("can't make the folder {}", asked.output.display()))?;
    let config = if asked.here { Some(Config::load(matches)?.config) } else { None };
    let server = config.as_ref().map(|_| Server::start(matches)).transpose()?;
    let url = server.as_ref().map(|server| server.url.as_str()).or(asked.url.as_deref());
    let target = Target::new(url.unwrap_or_default(), key, &authorities).map_err(anyhow::Error::msg)?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let is_watched = std::io::stderr().is_terminal();
    let tell = |done: usize, all: usize| {
        if is_watched {
            eprint!("\r{done} of {all} programs{}", if done == all { "\n" } else { "" });
        }
    };
    let mut report = runtime.block_on(attest(&target, &asked.classes, tell)).map_err(anyhow::Error::msg)?;
    if server.is_some() {
        report.target = "a server started by this command, with the settings given".to_owned();
    }
    drop(server);

    let (text, json) = (report.text(), serde_json::to_string_pretty(&report)? + "\n");
    let name = format!("mayfly-attest-{}", report.done.replace(':', ""));
    let files = [(format!("{name}.txt"), &text), (format!("{name}.json"), &json)];
    for (file, content) in &files {
        let file = asked.output.join(file);
        std::fs::write(&file, content).with_context(|| format!("can't write {}", file.display()))?;
        eprintln!("Written: {}", file.display());
    }
    std::io::stdout().write_all(if asked.json { &json } else { &text }.as_bytes())?;
    if let Some(config) = config {
        keep(&config.server.data_dir, &report);
    }
    if let Some(admin_key) = admin_key {
        let sent = runtime.block_on(send_report(&target, &admin_key, &report));
        sent.map_err(|why| anyhow::anyhow!("the server did not take the report for /admin: {why}"))?;
    }
    Ok(report.outcome)
}

/// A key that is alone in a file.
fn read_key(path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let length = std::fs::metadata(path).with_context(|| format!("can't read {shown}"))?.len();
    if length > KEY_BYTES {
        bail!("{shown} is over {KEY_BYTES} bytes: a file with a key has nothing else in it");
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("can't read {shown}"))?;
    let key = text.trim();
    if key.is_empty() || !key.chars().all(|it| it.is_ascii_graphic()) {
        bail!("{shown} has no key in it: one line, without spaces");
    }
    Ok(key.to_owned())
}

/// Leaves the report where a server with the same settings finds it for `/admin`. Where that can't be, it is no reason to
/// fail: the report is there.
fn keep(data_dir: &Path, report: &Report) {
    let kept = std::fs::create_dir_all(data_dir)
        .and_then(|()| report.keep(data_dir))
        .with_context(|| format!("can't write {}", data_dir.join(ATTESTATION_FILE).display()));
    if let Err(error) = kept {
        eprintln!("mayfly: /admin will not show this report: {error:#}");
    }
}

/// A server of this command's own, which ends with it.
struct Server {
    url: String,
    process: Child,
    folder: PathBuf,
}

impl Server {
    fn start(matches: &ArgMatches) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("can't find this program's own file")?;
        let folder = std::env::temp_dir().join(format!("mayfly-attest-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder)
            .with_context(|| format!("can't make the folder {}", folder.display()))?;
        let own: Vec<&str> = OWN.iter().map(|(flag, _)| *flag).chain([DATA_DIR]).collect();
        let mut command = Command::new(program);
        command.arg("serve").args(Config::flags(matches, &own));
        command.args(OWN.map(|(flag, value)| format!("--{flag}={value}")));
        command.arg(format!("--{DATA_DIR}={}", folder.display()));
        let process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut server =
            Self { url: String::new(), process: process.context("can't start a server")?, folder };
        let mut ready = String::new();
        if let Some(stdout) = server.process.stdout.take() {
            BufReader::new(stdout).read_line(&mut ready).context("the server says nothing")?;
        }
        let Some(url) = ready.trim_end().strip_prefix("Mayfly listens on ") else {
            bail!("the server did not start; its log is above");
        };
        server.url = url.to_owned();
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.process.id()).unwrap_or(i32::MAX));
        // It is not waited for yet, so the number is still its own.
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
