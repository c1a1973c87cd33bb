//! `mayfly serve`, the server; `mayfly runner`, what it starts itself as to run programs.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use mayfly::config::{
    Client, Config, Confinement, Database, EgressConfig, Flags, Fork, Loaded, LogFormat,
    Sandbox as SandboxConfig, TUNING_FAULT,
};
use mayfly::http::Reloader;
use mayfly::modules::{Added, Bundled, Catalogue, Manifest};
use mayfly::policy::EgressPolicy;
use mayfly::sandbox::egress::{Authorities, EgressSettings, Fixtures};
use mayfly::sandbox::{ConfinementPolicy, Sandbox, SandboxSettings};
use mayfly::snippets::sqlite::Sqlite;
use mayfly::snippets::{ApiToken, SQLITE_FILE, StoreSettings};
use mayfly::traces;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tracing_subscriber::EnvFilter;

use attest::Asked;
use handover::Predecessor;
use signals::Signals;

#[path = "main/attest.rs"]
mod attest;
#[path = "main/doctor.rs"]
mod doctor;
#[path = "main/handover.rs"]
mod handover;
#[path = "main/signals.rs"]
mod signals;
#[path = "main/systemd.rs"]
mod systemd;

/// How long the last spans may take to be exported when the server goes.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// A self-hosted web IDE that lets the visitors of any site run JavaScript on that site.
#[derive(Parser)]
#[command(name = "mayfly", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts the server
    Serve(Box<Flags>),
    /// Asks a server started with the same settings whether it is well
    Healthcheck(Box<Flags>),
    /// Runs every known attack against a server and reports what they reached
    ///
    /// Exits with 0 when nothing was reached, with 1 when something was, and with 2 when not all could be run.
    Attest {
        #[command(flatten)]
        asked: Asked,
        #[command(flatten)]
        flags: Box<Flags>,
    },
    /// Says what this machine offers for running programs, what is missing, and what to do about it
    Doctor {
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        flags: Box<Flags>,
    },
    /// Copies all snippets into a new file, while the server runs; for SQLite
    Backup {
        /// The file to make
        file: std::path::PathBuf,
        #[command(flatten)]
        flags: Box<Flags>,
    },
    /// Keys of the HTTP API
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Adds, lists and removes packages that programs may import
    #[command(subcommand)]
    Modules(ModulesCommand),
    /// Runs programs; started by `serve`
    #[command(hide = true)]
    Runner {
        /// Settings, which only `serve` knows
        settings: Vec<String>,
    },
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Prints a new key for whoever it is for, and what to write into the file `api.keys`
    New {
        /// What to call it
        name: String,
    },
}

#[derive(Subcommand)]
enum ModulesCommand {
    /// Fetches a package with npm and adds it to the folder of the setting modules.dir
    Add {
        /// The package and its version: lodash@4.17.21, @scope/name@1, zod@latest
        #[arg(value_name = "NAME@VERSION")]
        package: String,
        #[command(flatten)]
        flags: Box<Flags>,
    },
    /// Lists what programs may import
    List(Box<Flags>),
    /// Removes a package from the folder of the setting modules.dir
    Remove {
        /// The package
        #[arg(value_name = "NAME")]
        package: String,
        #[command(flatten)]
        flags: Box<Flags>,
    },
}

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let result = match Cli::from_arg_matches(&matches).map(|cli| cli.command) {
        Ok(Command::Runner { settings }) => return mayfly::runner::main(&settings),
        Ok(Command::Serve(_)) => serve(subcommand(&matches)),
        Ok(Command::Healthcheck(_)) => healthcheck(subcommand(&matches)),
        Ok(Command::Attest { asked, .. }) => return attest::run(&asked, subcommand(&matches)),
        Ok(Command::Doctor { json, .. }) => match examine(subcommand(&matches), json) {
            Ok(code) => return code,
            Err(error) => {
                eprintln!("mayfly: {error:#}");
                return ExitCode::from(2);
            }
        },
        Ok(Command::Backup { file, .. }) => backup(subcommand(&matches), &file),
        Ok(Command::Keys { command: KeysCommand::New { name } }) => new_key(&name),
        Ok(Command::Modules(command)) => modules(&command, subcommand(subcommand(&matches))),
        Err(error) => error.exit(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mayfly: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn subcommand(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, matches)| matches)
}

fn serve(matches: &ArgMatches) -> anyhow::Result<()> {
    let predecessor = Predecessor::find();
    let Loaded { config, warnings } = Config::load(matches)?;
    let filter = EnvFilter::try_new(&config.server.log).context("the setting server.log")?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.server.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    raise_file_limit(config.server.max_connections);
    let data_dir = &config.server.data_dir;
    std::fs::create_dir_all(data_dir).with_context(|| {
        format!("can't make the folder {} (the setting server.data_dir)", data_dir.display())
    })?;
    actix_web::rt::System::new().block_on(run(config, matches, predecessor))
}

/// Lets this process open as many files as the system allows it: systems commonly start programs with fewer.
fn raise_file_limit(max_connections: usize) {
    // A connection takes its socket and a copy; the rest is for runs and files.
    let wanted = 2 * max_connections as u64 + 1_024;
    let allowed = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(now, most)| {
        setrlimit(Resource::RLIMIT_NOFILE, now.max(wanted.min(most)), most)?;
        Ok(now.max(most))
    });
    match allowed {
        Ok(most) if most >= wanted => {}
        Ok(most) => tracing::warn!(
            "this process may open {most} files; {max_connections} connections (server.max_connections) can need \
             {wanted}. Raise the limit (ulimit -Hn) or lower the setting"
        ),
        Err(error) => tracing::warn!(%error, "can't raise the limit on open files"),
    }
}

async fn run(config: Config, matches: &ArgMatches, predecessor: Option<Predecessor>) -> anyhow::Result<()> {
    let settings = sandbox_settings(&config)?;
    // By its name: what is found there when this process is to be taken over from may be a newer one.
    let program = std::env::current_exe().context("can't find this program's own file")?;
    if let Some(endpoint) = &config.traces.endpoint {
        let exporting = traces::export(endpoint, config.traces.percent);
        tokio::spawn(
            exporting
                .map_err(|error| anyhow::anyhow!("the setting traces.endpoint can't be used: {error}"))?,
        );
    }
    let sandbox = Sandbox::launch(settings)
        .await
        .context("can't start the sandbox (`mayfly doctor` shows what this machine offers)")?;
    let serving = mayfly::http::serve(&config, Arc::new(sandbox.clone()))?;
    let mut reloader = serving.reloader();
    let reload = move || match reload(matches, &mut reloader, &sandbox) {
        Ok((changed, waiting)) => tracing::info!(changed, waiting, "SIGHUP: the settings were read again"),
        Err(error) => {
            let error = format!("{error:#}");
            tracing::error!(error, "SIGHUP: the settings can't be used, and those before stay");
        }
    };
    // Before the line below, so that whoever waits for it can already stop us.
    let stop = Signals::listen()?.obey(program, serving.listener()?, reload);
    if let Some(address) = serving.metrics_address {
        tracing::info!(%address, "metrics are told here");
    }
    // Scripts wait for this line. That nobody may be reading it is no reason to stop.
    let _ = writeln!(std::io::stdout(), "Mayfly listens on http://{}", serving.address);
    systemd::tell(&format!("READY=1\nMAINPID={}", std::process::id()));
    if let Some(predecessor) = predecessor {
        predecessor.tell();
    }
    let served = tokio::select! {
        served = serving.run(stop) => served.context("the server broke"),
        asked = signals::asked_twice() => {
            tracing::warn!("asked again to stop: not waiting for what is under way");
            Ok(asked?)
        }
    };
    traces::flush(LAST_SPANS).await;
    served
}

/// Reads all settings again, and lets those count that can. Which were changed, and which of those wait for a restart.
fn reload(
    matches: &ArgMatches,
    reloader: &mut Reloader,
    sandbox: &Sandbox,
) -> anyhow::Result<(String, String)> {
    let Loaded { config, warnings } = Config::load(matches)?;
    let ready = reloader.prepare(&config)?;
    let egress = egress_settings(&ready.renewed.config.egress)?;
    // From here on, nothing can fail.
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let names = |keys: &[&str]| if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
    let told = (names(&ready.renewed.changed), names(&ready.renewed.waiting));
    sandbox.set_egress(egress);
    reloader.apply(ready);
    Ok(told)
}

/// Examines this machine, and prints the report.
fn examine(matches: &ArgMatches, json: bool) -> anyhow::Result<ExitCode> {
    let config = Config::load(matches)?.config;
    let report = doctor::examine(&sandbox_settings(&config)?)?;
    let mut out = std::io::stdout();
    if json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        out.write_all(report.text().as_bytes())?;
    }
    Ok(report.exit_code())
}

fn sandbox_settings(config: &Config) -> anyhow::Result<SandboxSettings> {
    let SandboxConfig {
        fork,
        tuning,
        confinement,
        warm_children,
        open_runs,
        reserve,
        asking,
        queue,
        queue_bytes,
        grace,
        ready_timeout,
        zygote_forks,
        zygote_age,
        paused,
    } = config.sandbox.clone();
    let Client {
        message_bytes,
        display_bytes,
        prompts,
        places,
        queue: client_queue,
        asking: client_asking,
        ..
    } = config.client;
    Ok(SandboxSettings {
        // Not by its name: what is there by now may be a newer one, which this one does not understand.
        program: PathBuf::from("/proc/self/exe"),
        limits: config.limits,
        cold: fork == Fork::Cold,
        tuning,
        tuning_fault: std::env::var(TUNING_FAULT).ok(),
        confinement: match confinement {
            Confinement::Auto => ConfinementPolicy::Auto,
            Confinement::Required => ConfinementPolicy::Required,
            Confinement::Off => ConfinementPolicy::Off,
        },
        warm_children,
        open_runs,
        reserve,
        asking,
        queue,
        queue_bytes,
        client_open_runs: places,
        client_queue,
        client_asking,
        grace,
        ready_timeout,
        zygote_forks,
        zygote_age,
        paused,
        message_bytes,
        display_bytes,
        prompts,
        egress: egress_settings(&config.egress)?,
        modules_dir: modules_dir(config)?,
    })
}

/// The folder of modules as the zygote finds it, whose working directory is another.
fn modules_dir(config: &Config) -> anyhow::Result<Option<PathBuf>> {
    let dir = config.modules.dir.as_deref();
    dir.map(std::path::absolute).transpose().context("the setting modules.dir")
}

fn egress_settings(config: &EgressConfig) -> anyhow::Result<EgressSettings> {
    let EgressConfig {
        allow,
        allow_private,
        fixtures,
        requests,
        concurrent,
        request_bytes,
        response_bytes,
        timeout,
        redirects,
        resolver,
        ca_file,
    } = config.clone();
    let authorities = match ca_file {
        Some(path) => Authorities::load(&path)
            .map_err(|error| anyhow::anyhow!("the setting egress.ca_file: {error}"))?,
        None => Authorities::default(),
    };
    let fixtures = match fixtures {
        Some(path) => Fixtures::load(&path, response_bytes)
            .map_err(|error| anyhow::anyhow!("the setting egress.fixtures: {error}"))?,
        None => Fixtures::default(),
    };
    Ok(EgressSettings {
        policy: EgressPolicy { allow, allow_private },
        fixtures,
        requests,
        concurrent,
        request_bytes,
        response_bytes,
        timeout,
        redirects,
        resolver,
        authorities,
    })
}

/// Copies the store into `file`. Another server may use it meanwhile.
fn backup(matches: &ArgMatches, file: &std::path::Path) -> anyhow::Result<()> {
    let Config { server, store, .. } = Config::load(matches)?.config;
    if store.url != Database::Sqlite {
        bail!("snippets are kept in PostgreSQL (store.url): pg_dump copies those");
    }
    let from = server.data_dir.join(SQLITE_FILE);
    if !from.is_file() {
        bail!("there is no {}: nothing was shared yet, or server.data_dir is another", from.display());
    }
    let settings = StoreSettings {
        database: mayfly::snippets::Database::Sqlite,
        connections: 1,
        timeout: store.timeout,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime
        .block_on(Sqlite::new(&from, &settings).backup(file))
        .with_context(|| format!("can't copy {} into {}", from.display(), file.display()))?;
    // What the copy says is on the disk before anybody relies on it.
    std::fs::File::open(file)?.sync_all()?;
    println!("{}", file.display());
    Ok(())
}

fn new_key(name: &str) -> anyhow::Result<()> {
    let key =
        ApiToken::random().map_err(|error| anyhow::anyhow!("the system has no random numbers: {error}"))?;
    println!("{}", key.reveal());
    eprintln!(
        "This is the key; it is not shown again. Whoever has it sends `Authorization: Bearer KEY`.\n\
         Write into the file that the setting api.keys names:\n"
    );
    // A TOML text in quotes is spelled as a JSON one.
    eprintln!("[[key]]\nname = {}\nhash = \"{}\"", serde_json::to_string(name)?, key.hash());
    Ok(())
}

fn modules(command: &ModulesCommand, matches: &ArgMatches) -> anyhow::Result<()> {
    let config = Config::load(matches)?.config;
    let folder = || {
        let dir = config.modules.dir.as_deref();
        dir.context(
            "no folder for modules is set. Name one: --modules-dir FOLDER, or the setting modules.dir",
        )
    };
    let mut out = std::io::stdout();
    match command {
        ModulesCommand::Add { package, .. } => {
            let Added { package, folder } =
                mayfly::modules::add(folder()?, package, config.modules.bundle_bytes)
                    .map_err(anyhow::Error::msg)?;
            let Manifest { name, version, packages, .. } = &package.about;
            writeln!(out, "Added {name} {version} in {}. In it are:", folder.display())?;
            for Bundled { name, version, license, .. } in packages {
                writeln!(out, "  {name} {version} ({license})")?;
            }
            writeln!(out, "A server that runs has to be started again.")?;
        }
        ModulesCommand::List(_) => {
            let catalogue = Catalogue::load(config.modules.dir.as_deref()).map_err(anyhow::Error::msg)?;
            let allowed = config.modules.allowed(None);
            for (name, module) in catalogue.builtins.iter().filter(|(name, _)| allowed.builtin(name)) {
                writeln!(out, "{:<24} {:>8} bytes", format!("node:{name}"), module.source.len())?;
            }
            for package in catalogue.packages.values() {
                let Manifest { name, version, license, .. } = &package.about;
                if !allowed.package(name, version) {
                    continue;
                }
                let bytes = package.modules.get("").map_or(0, |module| module.source.len());
                let added = if package.added { ", added" } else { "" };
                writeln!(out, "{:<24} {bytes:>8} bytes, {license}{added}", format!("{name}@{version}"))?;
            }
        }
        ModulesCommand::Remove { package, .. } => {
            mayfly::modules::remove(folder()?, package).map_err(anyhow::Error::msg)?;
            writeln!(out, "Removed {package}. A server that runs has to be started again.")?;
        }
    }
    Ok(())
}

/// For containers, whose images have no curl.
fn healthcheck(matches: &ArgMatches) -> anyhow::Result<()> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let mut address: SocketAddr = Config::load(matches)?.config.server.listen;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)
        .with_context(|| format!("nobody answers on {address}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(64 << 10).read_to_string(&mut answer).context("the server's answer can't be read")?;
    if !answer.starts_with("HTTP/1.1 200 ") {
        bail!("the server is not well:\n{answer}");
    }
    Ok(())
}
