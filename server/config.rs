//! Every setting: its name, what it is for, its default and its range, all in [`settings!`] below.
//!
//! A setting comes from the first of: its flag, its `MAYFLY_*` variable, its key in `mayfly.toml`, its
//! default. All four are texts here and go through one parser, so a bad value gets the same answer wherever
//! it stood: what it is called, where it was, what is wrong, what to write.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, FromArgMatches};
use ipnet::IpNet;
use serde::Deserialize;

use crate::limits::{FLOOR, Limits};
use crate::policy::modules::{self, Allowed, ModuleRule};
use crate::policy::{self, EgressRule, Endpoint};
use crate::tuning::Steps;

mod admin;
mod clients;
mod keys;
mod reload;
mod value;

pub use admin::{AdminKeys, admin_keys};
pub use clients::{Period, ProxyHeader, Rate};
use clients::{networks, proxy_header, rate};
use keys::powers;
pub use keys::{ApiKey, ApiKeys, Powers};
pub use reload::Renewed;
pub use value::{Confinement, Database, Fork, LogFormat, Origin, Secret};
use value::{
    Raw, address, age, bytes, confinement, database, directory, embedders, file, folder, fork,
    frame_ancestors, log_filter, log_format, metrics_address, module_origins, number, origins, public_url,
    resolver, secret, time, traces_endpoint, tuning, workers,
};

/// Where settings are looked for when `--config` names no file.
pub const DEFAULT_FILE: &str = "mayfly.toml";

/// The variable that names the descriptor by which a server that takes over says that it serves. Set by the server
/// before it, and by nobody else.
pub const HANDOVER: &str = "MAYFLY_HANDOVER";

/// The variable by which tests have a tuning step fail: `server/runner/tuning/fault.rs` has the values.
pub const TUNING_FAULT: &str = "MAYFLY_TUNING_FAULT";

/// How one setting is called and what it may be, for documents.
#[derive(Debug)]
pub struct Setting {
    /// The key in `mayfly.toml`, with its table.
    pub key: &'static str,
    /// The flag, without its dashes.
    pub flag: &'static str,
    /// The environment variable.
    pub variable: &'static str,
    /// The default, as one would write it.
    pub default: &'static str,
    /// What it is for.
    pub doc: &'static str,
}

/// Declares groups of settings. For each group: a struct of raw values for clap and serde, the struct of
/// checked values (unless it exists elsewhere: `as`), and the function between the two.
macro_rules! settings {
    ($(
        $(#[doc = $group_doc:literal])*
        [$table:literal] $group:ident => $Checked:ident $raw:ident $($existing:ident)? {
            $(
                $(#[doc = $doc:literal])+
                $name:ident: $Type:ty = $default:literal, $parse:expr, $flag:literal, $variable:literal;
            )+
        }
    )+) => {
        $(
            settings! { @checked $($existing)? $(#[doc = $group_doc])* $Checked { $($(#[doc = $doc])+ $name: $Type,)+ } }

            #[derive(Clone, Debug, Default, Args, Deserialize)]
            #[serde(default, deny_unknown_fields)]
            #[command(next_help_heading = $table)]
            struct $raw {
                $(
                    $(#[doc = $doc])+
                    #[doc = concat!("[default: ", $default, "]")]
                    #[arg(
                        id = concat!($table, ".", stringify!($name)),
                        long = $flag,
                        env = $variable,
                        hide_env_values = true,
                        value_name = "VALUE",
                        allow_hyphen_values = true
                    )]
                    $name: Option<Raw>,
                )+
            }

            impl $raw {
                fn check(&self, file: &Self, sources: &Sources) -> Result<$Checked, ConfigError> {
                    Ok($Checked {
                        $($name: sources.check(
                            &Names { key: concat!($table, ".", stringify!($name)), flag: $flag, variable: $variable },
                            self.$name.as_ref(),
                            file.$name.as_ref(),
                            $default,
                            $parse,
                        )?,)+
                    })
                }
            }
        )+

        /// Settings as they stand in flags and variables, or in a file.
        #[derive(Clone, Debug, Default, Args, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Settings {
            $(#[command(flatten)] $group: $raw,)+
        }

        /// Every setting, checked.
        #[derive(Clone, Debug)]
        pub struct Config {
            $($(#[doc = $group_doc])* pub $group: $Checked,)+
        }

        impl Settings {
            fn check(&self, file: &Self, sources: &Sources) -> Result<Config, ConfigError> {
                Ok(Config { $($group: self.$group.check(&file.$group, sources)?,)+ })
            }
        }

        impl Config {
            /// The keys of all settings that are not the same in `other`.
            pub fn differences(&self, other: &Self) -> Vec<&'static str> {
                let mut keys = Vec::new();
                $($(if differ(&self.$group.$name, &other.$group.$name) {
                    keys.push(concat!($table, ".", stringify!($name)));
                })+)+
                // These show nobody what they are.
                if self.store.url != other.store.url && !keys.contains(&"store.url") {
                    keys.push("store.url");
                }
                if self.metrics.token != other.metrics.token && !keys.contains(&"metrics.token") {
                    keys.push("metrics.token");
                }
                if self.admin.keys != other.admin.keys && !keys.contains(&"admin.keys") {
                    keys.push("admin.keys");
                }
                keys
            }
        }

        /// Every setting there is, in the order of the documents.
        pub const SETTINGS: &[Setting] = &[$($(Setting {
            key: concat!($table, ".", stringify!($name)),
            flag: $flag,
            variable: $variable,
            default: $default,
            doc: concat!($($doc),+),
        },)+)+];
    };

    (@checked existing $($rest:tt)*) => {};
    (@checked $(#[doc = $group_doc:literal])* $Checked:ident { $($fields:tt)* }) => {
        settings! { @public $(#[doc = $group_doc])* $Checked {} $($fields)* }
    };
    (@public $(#[doc = $group_doc:literal])* $Checked:ident { $($done:tt)* }
        $(#[doc = $doc:literal])+ $name:ident: $Type:ty, $($rest:tt)*) => {
        settings! { @public $(#[doc = $group_doc])* $Checked { $($done)* $(#[doc = $doc])+ pub $name: $Type, } $($rest)* }
    };
    (@public $(#[doc = $group_doc:literal])* $Checked:ident { $($done:tt)* }) => {
        $(#[doc = $group_doc])*
        #[derive(Clone, Debug)]
        pub struct $Checked { $($done)* }
    };
}

/// Whether two values of a setting differ, whatever its type.
fn differ(one: &dyn std::fmt::Debug, other: &dyn std::fmt::Debug) -> bool {
    format!("{one:?}") != format!("{other:?}")
}

settings! {
    /// The server as a whole.
    ["server"] server => Server RawServer {
        /// Address and port to listen on; port 0 takes a free one.
        listen: SocketAddr = "127.0.0.1:8080", address, "listen", "MAYFLY_LISTEN";
        /// Folder for what the server keeps; made when it is absent.
        data_dir: PathBuf = "var", directory, "data-dir", "MAYFLY_DATA_DIR";
        /// What to log: a level, or levels by module such as `info,mayfly::sandbox=debug`.
        log: String = "info", log_filter, "log", "MAYFLY_LOG";
        /// Form of the log on stderr: `text` or `json`.
        log_format: LogFormat = "text", log_format, "log-format", "MAYFLY_LOG_FORMAT";
        /// Origins, besides the server's own, whose pages may use the WebSocket and the API, separated by commas.
        allowed_origins: Vec<Origin> = "", origins, "allowed-origins", "MAYFLY_ALLOWED_ORIGINS";
        /// Who may show the page in a frame: `none`, or `self` and origins, separated by commas.
        frame_ancestors: Vec<String> = "none", frame_ancestors, "frame-ancestors", "MAYFLY_FRAME_ANCESTORS";
        /// Addresses and networks of the reverse proxies before this server, separated by commas. Who a client is, is taken from `server.proxy_header` where one of them sent it, and from the connection where not.
        trusted_proxies: Vec<IpNet> = "", networks, "trusted-proxies", "MAYFLY_TRUSTED_PROXIES";
        /// The header in which those proxies say whom a request comes from: `x-forwarded-for` or `forwarded` (RFC 7239). They have to write it themselves, or a client can write what it likes.
        proxy_header: ProxyHeader = "x-forwarded-for", proxy_header, "proxy-header", "MAYFLY_PROXY_HEADER";
        /// Where visitors find this server, like `https://play.example.org`, for links that are handed out; `auto` is where the request at hand found it.
        public_url: Option<Origin> = "auto", public_url, "public-url", "MAYFLY_PUBLIC_URL";
        /// Threads that serve HTTP, or `auto` for one per core.
        workers: usize = "auto", workers(1..=64), "workers", "MAYFLY_WORKERS";
        /// Open connections, over all threads.
        max_connections: usize = "4096", number(1..=1_000_000), "max-connections", "MAYFLY_MAX_CONNECTIONS";
        /// Bytes of answers that are on their way to readers who have not taken them yet, over all connections. An answer that would go over it is refused with 503.
        response_bytes_in_flight: u64 = "128MiB", bytes(1 << 20..=1 << 40), "response-bytes-in-flight", "MAYFLY_RESPONSE_BYTES_IN_FLIGHT";
        /// How much of what is made of shared programs is kept for their next readers: pages, recordings, pictures. What was used least lately goes first.
        response_cache_bytes: u64 = "32MiB", bytes(0..=1 << 40), "response-cache-bytes", "MAYFLY_RESPONSE_CACHE_BYTES";
        /// Bytes that are kept of requests and WebSocket messages that have not arrived whole, over all connections. The first 16 KiB of each do not count.
        intake_bytes: u64 = "96MiB", bytes(1 << 20..=1 << 40), "intake-bytes", "MAYFLY_INTAKE_BYTES";
        /// How long the server goes on as before after it was told to stop, while `/readyz` says that it will: time for balancers to see that and to send new clients elsewhere.
        shutdown_delay: Duration = "0s", time(0..=300_000), "shutdown-delay", "MAYFLY_SHUTDOWN_DELAY";
        /// How long runs and answers that are under way may take to finish after that.
        shutdown_grace: Duration = "12s", time(0..=300_000), "shutdown-grace", "MAYFLY_SHUTDOWN_GRACE";
    }

    /// What one run may use; a request can only lower it.
    ["limits"] limits => Limits RawLimits existing {
        /// Time from start to end, while nobody is asked.
        wall_ms: u64 = "10s", time(FLOOR.wall_ms..=86_400_000), "limit-wall-ms", "MAYFLY_LIMIT_WALL_MS";
        /// Time in which a program waits for answers, over all its questions; `wall_ms` stands still meanwhile.
        prompt_ms: u64 = "120s", time(FLOOR.prompt_ms..=86_400_000), "limit-prompt-ms", "MAYFLY_LIMIT_PROMPT_MS";
        /// CPU time of the process.
        cpu_ms: u64 = "5s", time(FLOOR.cpu_ms..=86_400_000), "limit-cpu-ms", "MAYFLY_LIMIT_CPU_MS";
        /// V8's heap.
        heap_bytes: u64 = "64MiB", bytes(FLOOR.heap_bytes..=3 << 30), "limit-heap-bytes", "MAYFLY_LIMIT_HEAP_BYTES";
        /// `ArrayBuffer` and WebAssembly memory together.
        buffer_bytes: u64 = "64MiB", bytes(FLOOR.buffer_bytes..=8 << 30), "limit-buffer-bytes", "MAYFLY_LIMIT_BUFFER_BYTES";
        /// Resident memory of the whole process.
        process_bytes: u64 = "256MiB", bytes(FLOOR.process_bytes..=16 << 30), "limit-process-bytes", "MAYFLY_LIMIT_PROCESS_BYTES";
        /// Console events and the result, as sent.
        output_bytes: u64 = "1MiB", bytes(FLOOR.output_bytes..=256 << 20), "limit-output-bytes", "MAYFLY_LIMIT_OUTPUT_BYTES";
        /// Console events.
        console_events: u64 = "10000", number(FLOOR.console_events..=10_000_000), "limit-console-events", "MAYFLY_LIMIT_CONSOLE_EVENTS";
    }

    /// What one client may send and hold. A client is an IPv4 address or an IPv6 network of 64 bits, so all who
    /// share an address share this.
    ["client"] client => Client RawClient {
        /// The longest program, all its files together, in UTF-8; its `input` may be as long again, and so may its
        /// `stdin`.
        source_bytes: u64 = "256KiB", bytes(1..=16 << 20), "source-bytes", "MAYFLY_SOURCE_BYTES";
        /// Files of one program.
        files: u32 = "32", number(1..=1_000), "files", "MAYFLY_FILES";
        /// The longest console event, in JSON.
        message_bytes: u64 = "64KiB", bytes(4 << 10..=16 << 20), "message-bytes", "MAYFLY_MESSAGE_BYTES";
        /// The longest console event of `display`, in JSON.
        display_bytes: u64 = "256KiB", bytes(4 << 10..=16 << 20), "display-bytes", "MAYFLY_DISPLAY_BYTES";
        /// Questions that one run may ask.
        prompts: u32 = "1000", number(0..=1_000_000), "prompts-per-run", "MAYFLY_PROMPTS_PER_RUN";
        /// Runs that one client may start: `off`, or a rate like `30/min`, or like `30/min burst 10` for less at once.
        rate_limit: Option<Rate> = "120/min burst 60", rate, "rate-limit", "MAYFLY_RATE_LIMIT";
        /// Open connections of one client.
        connections: usize = "256", number(1..=1_000_000), "connections-per-client", "MAYFLY_CONNECTIONS_PER_CLIENT";
        /// Bytes of answers that are on their way to one client who has not taken them yet. An answer that would go over it is refused with 429; a single one may be longer.
        response_bytes_in_flight: u64 = "16MiB", bytes(64 << 10..=1 << 40), "response-bytes-in-flight-per-client", "MAYFLY_RESPONSE_BYTES_IN_FLIGHT_PER_CLIENT";
        /// The least speed at which a long answer has to be taken, in bytes a second: a connection that is slower for half a minute is closed. `0` closes none.
        response_speed: u64 = "4KiB", bytes(0..=1 << 30), "response-speed", "MAYFLY_RESPONSE_SPEED";
        /// Bytes that are kept of the requests and WebSocket messages of one client that have not arrived whole. The last quarter of `server.intake_bytes` is for clients of which 256 KiB at most are kept.
        intake_bytes: u64 = "16MiB", bytes(1 << 16..=1 << 40), "intake-bytes-per-client", "MAYFLY_INTAKE_BYTES_PER_CLIENT";
        /// Runs of one client that have a place at once; further ones wait.
        places: usize = "16", number(1..=10_000), "places-per-client", "MAYFLY_PLACES_PER_CLIENT";
        /// Accepted runs of one client that may wait for a place.
        queue: usize = "64", number(0..=100_000), "queue-per-client", "MAYFLY_QUEUE_PER_CLIENT";
        /// Runs of one client that have a question open, for their visitor to answer; one more ends.
        asking: usize = "16", number(1..=10_000), "asking-per-client", "MAYFLY_ASKING_PER_CLIENT";
        /// Runs open on one connection at once.
        open_runs: u32 = "8", number(1..=1_000), "open-runs-per-connection", "MAYFLY_OPEN_RUNS_PER_CONNECTION";
        /// Ids of ended runs that a connection remembers, so as to refuse them.
        remembered_runs: usize = "1024", number(1..=100_000), "remembered-runs", "MAYFLY_REMEMBERED_RUNS";
        /// How often a WebSocket that says nothing is asked whether it lives.
        ping_interval: Duration = "20s", time(10..=3_600_000), "ping-interval", "MAYFLY_PING_INTERVAL";
        /// How long a WebSocket may leave that unanswered, or what was sent to it unread, before it is closed.
        answer_timeout: Duration = "20s", time(10..=3_600_000), "answer-timeout", "MAYFLY_ANSWER_TIMEOUT";
        /// How long a request, or a WebSocket message in pieces, may take to arrive.
        request_timeout: Duration = "10s", time(10..=3_600_000), "request-timeout", "MAYFLY_REQUEST_TIMEOUT";
        /// How long a connection is kept that asks for nothing.
        idle_timeout: Duration = "15s", time(10..=3_600_000), "idle-timeout", "MAYFLY_IDLE_TIMEOUT";
    }

    /// Where runs happen.
    ["sandbox"] sandbox => Sandbox RawSandbox {
        /// How processes for runs come to be: `warm`, forked with V8 already started where the system allows it, or `cold`.
        fork: Fork = "warm", fork, "fork", "MAYFLY_FORK";
        /// Steps that make runs faster: `auto` takes all that work here, `off` takes none, or a list with commas. See docs/performance.md.
        tuning: Steps = "auto", tuning, "tuning", "MAYFLY_TUNING";
        /// Layers of the confinement that can't be had: `auto` does without them and says so, `required` does not start; `off` puts none on.
        confinement: Confinement = "auto", confinement, "confinement", "MAYFLY_CONFINEMENT";
        /// Processes that wait ready for a run.
        warm_children: usize = "4", number(1..=256), "warm-children", "MAYFLY_WARM_CHILDREN";
        /// Runs that have a place at once, over all connections.
        open_runs: usize = "128", number(1..=10_000), "open-runs", "MAYFLY_OPEN_RUNS";
        /// How many of these places are kept for clients that have none, one for each; at most half of all.
        reserve: usize = "64", number(0..=10_000), "reserve", "MAYFLY_RESERVE";
        /// Runs that have a question open, for their visitor to answer. They have no place meanwhile, but keep their process. With one more, whoever has most of them loses the last one.
        asking: usize = "128", number(1..=10_000), "asking", "MAYFLY_ASKING";
        /// Accepted runs that may wait for a place. Clients take turns. With one more, whoever has most of them loses the last one.
        queue: usize = "256", number(0..=100_000), "queue", "MAYFLY_QUEUE";
        /// How long the programs of the runs that wait may be together, with their input and answers.
        queue_bytes: u64 = "64MiB", bytes(1 << 20..=1 << 40), "queue-bytes", "MAYFLY_QUEUE_BYTES";
        /// How long a program has, after it was told to stop, before its process is killed.
        grace: Duration = "200ms", time(10..=10_000), "grace", "MAYFLY_GRACE";
        /// How long a run whose visitor may evaluate more in it stays for that after its program's end, in all; it goes earlier when another run waits for its place. `0s` keeps none.
        paused: Duration = "60s", time(0..=3_600_000), "paused", "MAYFLY_PAUSED";
        /// How long a process may take to get ready.
        ready_timeout: Duration = "10s", time(100..=300_000), "ready-timeout", "MAYFLY_READY_TIMEOUT";
        /// Processes forked from one zygote before it is replaced.
        zygote_forks: u64 = "10000", number(1..=1_000_000_000), "zygote-forks", "MAYFLY_ZYGOTE_FORKS";
        /// Age at which a zygote is replaced.
        zygote_age: Duration = "1h", time(1_000..=604_800_000), "zygote-age", "MAYFLY_ZYGOTE_AGE";
    }

    /// Editors on other sites' pages.
    ["embed"] embed => Embed RawEmbed {
        /// Origins, besides the server's own, whose pages may show an editor in a frame, separated by commas: `https://school.example`, `https://*.example.org` for all below a name, or `*` for everybody.
        origins: Vec<String> = "", embedders, "embed-origins", "MAYFLY_EMBED_ORIGINS";
        /// Runs that all visitors of one other site's pages may start together: `off`, or a rate like `client.rate_limit`.
        rate_limit: Option<Rate> = "off", rate, "embed-rate-limit", "MAYFLY_EMBED_RATE_LIMIT";
    }

    /// What programs may fetch. The server does it for them: a program's own process has no network.
    ["egress"] egress => EgressConfig RawEgress {
        /// Hosts on the public network, separated by commas: `api.example.com`, `*.example.com`, `example.com:8443`, `example.com:*`, `*`; each with methods before it if only those are allowed, like `GET,HEAD api.example.com`.
        allow: Vec<EgressRule> = "", policy::rules, "egress-allow", "MAYFLY_EGRESS_ALLOW";
        /// Hosts with their ports that may be anywhere, on a private network or this machine, too: `127.0.0.1:9000`, separated by commas.
        allow_private: Vec<Endpoint> = "", policy::endpoints, "egress-allow-private", "MAYFLY_EGRESS_ALLOW_PRIVATE";
        /// A TOML file with responses that are given without any network, by URL; see below.
        fixtures: Option<PathBuf> = "none", file, "egress-fixtures", "MAYFLY_EGRESS_FIXTURES";
        /// Requests of one run, redirects included.
        requests: u32 = "20", number(1..=10_000), "egress-requests", "MAYFLY_EGRESS_REQUESTS";
        /// Requests of one run under way at once; further ones wait.
        concurrent: usize = "6", number(1..=100), "egress-concurrent", "MAYFLY_EGRESS_CONCURRENT";
        /// The longest body of a request.
        request_bytes: u64 = "4MiB", bytes(0..=1 << 30), "egress-request-bytes", "MAYFLY_EGRESS_REQUEST_BYTES";
        /// The longest body of a response, decompressed.
        response_bytes: u64 = "4MiB", bytes(1..=1 << 30), "egress-response-bytes", "MAYFLY_EGRESS_RESPONSE_BYTES";
        /// How long one request may take, to the end of its response.
        timeout: Duration = "10s", time(10..=3_600_000), "egress-timeout", "MAYFLY_EGRESS_TIMEOUT";
        /// How many redirects are followed one after the other.
        redirects: u32 = "5", number(0..=20), "egress-redirects", "MAYFLY_EGRESS_REDIRECTS";
        /// The DNS server to ask, like `127.0.0.1:53`, or `system`.
        resolver: Option<SocketAddr> = "system", resolver, "egress-resolver", "MAYFLY_EGRESS_RESOLVER";
        /// A PEM file with certificates of authorities to trust besides Mozilla's, which are built in.
        ca_file: Option<PathBuf> = "none", file, "egress-ca-file", "MAYFLY_EGRESS_CA_FILE";
    }

    /// What people share.
    ["snippets"] snippets => SnippetsConfig RawSnippets {
        /// The longest recorded output, in JSON.
        output_bytes: u64 = "2MiB", bytes(0..=64 << 20), "snippet-output-bytes", "MAYFLY_SNIPPET_OUTPUT_BYTES";
        /// Versions of one snippet.
        versions: u32 = "100", number(1..=100_000), "snippet-versions", "MAYFLY_SNIPPET_VERSIONS";
        /// How long snippets are kept at most: `never` to lose any, or a time like `720h`.
        max_age: Option<Duration> = "never", age(60_000..=315_576_000_000), "snippet-max-age", "MAYFLY_SNIPPET_MAX_AGE";
        /// How often one client may share, change or delete: `off`, or a rate like `client.rate_limit`.
        rate_limit: Option<Rate> = "60/h burst 20", rate, "snippet-rate-limit", "MAYFLY_SNIPPET_RATE_LIMIT";
        /// How often one client may open what is shared, its page, its recording or its picture: `off`, or a rate like `client.rate_limit`.
        read_rate_limit: Option<Rate> = "600/min burst 300", rate, "snippet-read-rate-limit", "MAYFLY_SNIPPET_READ_RATE_LIMIT";
        /// How often expired snippets are looked for, to delete them. They can't be opened from the minute on at which they expire.
        purge_interval: Duration = "30s", time(10..=3_600_000), "snippet-purge-interval", "MAYFLY_SNIPPET_PURGE_INTERVAL";
    }

    /// Where snippets are kept.
    ["store"] store => StoreConfig RawStore {
        /// `sqlite`, a file in the data folder, or the address of a PostgreSQL database, `postgres://user:password@host/name`, which several servers can share.
        url: Database = "sqlite", database, "database-url", "MAYFLY_DATABASE_URL";
        /// Connections to it, for each server.
        connections: u32 = "8", number(1..=1_000), "database-connections", "MAYFLY_DATABASE_CONNECTIONS";
        /// How long it may take to answer before sharing is said not to work.
        timeout: Duration = "5s", time(10..=300_000), "database-timeout", "MAYFLY_DATABASE_TIMEOUT";
        /// How much all snippets may take, about; when it is used up, nothing more can be shared.
        bytes: u64 = "4GiB", bytes(1 << 20..=1 << 50), "database-bytes", "MAYFLY_DATABASE_BYTES";
    }

    /// The HTTP API.
    ["api"] api => ApiConfig RawApi {
        /// What may be done without a key: `run`, `share` and `call` (functions), separated by commas, or `nothing`. The page runs programs whatever this says, and shares with `share`.
        anonymous: Powers = "run,share,call", powers, "api-anonymous", "MAYFLY_API_ANONYMOUS";
        /// A TOML file with keys and what each may do, or `none`; see below.
        keys: Option<PathBuf> = "none", file, "api-keys", "MAYFLY_API_KEYS";
        /// How long a run with an event stream goes on that nobody listens to, and how long its events can be asked for after its end.
        resume: Duration = "15s", time(10..=3_600_000), "api-resume", "MAYFLY_API_RESUME";
        /// Event streams that are kept after the end of their runs.
        kept_streams: usize = "256", number(0..=100_000), "api-kept-streams", "MAYFLY_API_KEPT_STREAMS";
        /// How much of those streams is kept; the oldest go first.
        kept_stream_bytes: u64 = "32MiB", bytes(0..=1 << 40), "api-kept-stream-bytes", "MAYFLY_API_KEPT_STREAM_BYTES";
        /// How long the answer to a call with an `Idempotency-Key` is kept, to give it again.
        idempotency: Duration = "10m", time(10..=86_400_000), "api-idempotency", "MAYFLY_API_IDEMPOTENCY";
        /// How much those answers may take; the oldest go first.
        idempotency_bytes: u64 = "16MiB", bytes(0..=1 << 30), "api-idempotency-bytes", "MAYFLY_API_IDEMPOTENCY_BYTES";
    }

    /// What programs may import.
    ["modules"] modules => Modules RawModules {
        /// Modules, separated by commas: `*`, `node:*` for all of Node's, `npm:*` for all packages, or names like `node:path`, `lodash` and `axios@1`.
        allow: Vec<ModuleRule> = "*", modules::rules, "modules-allow", "MAYFLY_MODULES_ALLOW";
        /// Origins whose pages' programs may import less, separated by commas, each with what is left, separated by spaces: `https://school.example node:* lodash`.
        origins: Vec<(Origin, Vec<ModuleRule>)> = "", module_origins, "modules-origins", "MAYFLY_MODULES_ORIGINS";
        /// Folder of packages that `mayfly modules add` has made, or `none`.
        dir: Option<PathBuf> = "none", folder, "modules-dir", "MAYFLY_MODULES_DIR";
        /// The longest package that is added, bundled.
        bundle_bytes: u64 = "2MiB", bytes(1 << 10..=64 << 20), "modules-bundle-bytes", "MAYFLY_MODULES_BUNDLE_BYTES";
    }

    /// Figures for Prometheus.
    ["metrics"] metrics => MetricsConfig RawMetrics {
        /// Address and port where `/metrics` is answered to whoever can reach it, and nothing else is; or `none`.
        listen: Option<SocketAddr> = "none", metrics_address, "metrics-listen", "MAYFLY_METRICS_LISTEN";
        /// What whoever asks for `/metrics` at `server.listen` has to send as `Authorization: Bearer …`; with `none`, there is nothing at that address.
        token: Secret = "none", secret, "metrics-token", "MAYFLY_METRICS_TOKEN";
    }

    /// Spans for OpenTelemetry.
    ["traces"] traces => TracesConfig RawTraces {
        /// Where spans of requests, runs, fetches and the store go, by OTLP over HTTP in JSON: an address like `http://127.0.0.1:4318`, without `/v1/traces`; or `none`.
        endpoint: Option<String> = "none", traces_endpoint, "traces-endpoint", "MAYFLY_TRACES_ENDPOINT";
        /// How many of a hundred traces are kept, by their ids: whoever sees the same trace and keeps as many keeps the same.
        percent: u32 = "100", number(0..=100), "traces-percent", "MAYFLY_TRACES_PERCENT";
    }

    /// The operator's page, `/admin`.
    ["admin"] admin => AdminConfig RawAdmin {
        /// Who may use `/admin` and its API: names, each with a key of at least 24 characters, separated by commas, like `ada:l0ng-rand0m-text…`; with `none`, there is nothing at that address.
        keys: AdminKeys = "none", admin_keys, "admin-keys", "MAYFLY_ADMIN_KEYS";
        /// How long somebody who has logged in there stays so.
        session: Duration = "8h", time(60_000..=604_800_000), "admin-session", "MAYFLY_ADMIN_SESSION";
    }
}

impl Client {
    /// The longest WebSocket message or request body that is read, in bytes. JSON can need six bytes for one
    /// of the program's (`\u0000`), and the input and the answers come beside it.
    pub fn frame_bytes(&self) -> usize {
        // The setting's range keeps this far below the limits of usize. The answer to a prompt has 64 KiB and may
        // need six bytes for one, too.
        (8 * self.source_bytes as usize + (64 << 10)).max(400 << 10)
    }
}

impl Config {
    /// The longest body that shares something, in bytes: a program, and output that may be spelled at length.
    pub fn share_bytes(&self) -> usize {
        self.client.frame_bytes() + 2 * self.snippets.output_bytes as usize
    }

    /// How many bytes are kept of requests that have not arrived whole: in all, and of one client. No less than what
    /// the other settings let one request be.
    pub fn intake_bytes(&self) -> [usize; 2] {
        let usize = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let one = self.share_bytes();
        [usize(self.server.intake_bytes).max(2 * one), usize(self.client.intake_bytes).max(one)]
    }
}

impl Modules {
    /// What programs of pages of this origin may import.
    pub fn allowed(&self, origin: Option<&Origin>) -> Allowed {
        let narrower = self.origins.iter().find(|(it, _)| Some(it) == origin);
        Allowed::new(&self.allow, narrower.map(|(_, rules)| rules.as_slice()))
    }

    /// Of what is `allowed`, that which programs embedded in pages of this origin may import. An unknown one could be
    /// any, so what is left is what the programs of all of them may.
    pub fn embedded(&self, allowed: Allowed, embedder: Option<&Origin>) -> Allowed {
        let own = self.origins.iter().filter(|(it, _)| embedder.is_none_or(|embedder| it == embedder));
        own.fold(allowed, |allowed, (_, rules)| allowed.narrowed(rules))
    }
}

/// The flags of `mayfly serve`.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// File with settings; `mayfly.toml` in the working directory, if there is one, when this is not given
    #[arg(long, env = "MAYFLY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

/// Settings that can't be used. Says which, where, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// Checked settings, and what is odd but no reason to stop.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// One sentence each.
    pub warnings: Vec<String>,
}

/// Where a value can stand, for messages.
struct Names {
    key: &'static str,
    flag: &'static str,
    variable: &'static str,
}

struct Sources<'a> {
    matches: &'a ArgMatches,
    file: &'a Path,
}

impl Sources<'_> {
    fn check<T>(
        &self,
        names: &Names,
        given: Option<&Raw>,
        in_file: Option<&Raw>,
        default: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        let (text, place) = match (given, in_file) {
            (Some(raw), _) if self.matches.value_source(names.key) == Some(ValueSource::EnvVariable) => {
                (raw.0.as_str(), format!("the environment variable {}", names.variable))
            }
            (Some(raw), _) => (raw.0.as_str(), format!("the flag --{}", names.flag)),
            (None, Some(raw)) => (raw.0.as_str(), format!("`{}` in {}", names.key, self.file.display())),
            (None, None) => (default, "its default".to_owned()),
        };
        parse(text).map_err(|wanted| {
            let is_secret = ["metrics.token", "admin.keys"].contains(&names.key);
            let shown =
                if is_secret { "what it is".to_owned() } else { value::quote(value::without_password(text)) };
            ConfigError(format!("The setting `{}` can't be {shown}, from {place}. {wanted}", names.key))
        })
    }
}

impl Config {
    /// Settings from parsed flags (`matches` of the command they are part of), the environment that clap has
    /// seen, and the file.
    ///
    /// # Errors
    /// On the first value, key or file that can't be used.
    pub fn load(matches: &ArgMatches) -> Result<Loaded, ConfigError> {
        let flags = Flags::from_arg_matches(matches).map_err(|error| ConfigError(error.to_string()))?;
        let path = flags.config.clone().unwrap_or_else(|| DEFAULT_FILE.into());
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && flags.config.is_none() => {
                String::new()
            }
            Err(error) => {
                let path = path.display();
                return Err(ConfigError(format!("The settings file {path} can't be read: {error}.")));
            }
        };
        let config = Self::from_text(matches, &path, &text)?;
        Ok(Loaded { config, warnings: unknown_variables(std::env::vars_os().map(|(name, _)| name)) })
    }

    /// The settings that `matches` has from flags, as flags for another server, but for those whose flags `without` names.
    pub fn flags(matches: &ArgMatches, without: &[&str]) -> Vec<OsString> {
        let names = SETTINGS.iter().map(|it| (it.key, it.flag)).chain([("config", "config")]);
        let names = names.filter(|(_, flag)| !without.contains(flag));
        let given = names.filter(|(key, _)| matches.value_source(key) == Some(ValueSource::CommandLine));
        let spelled = given.filter_map(|(key, flag)| {
            let mut spelled = OsString::from(format!("--{flag}="));
            spelled.push(matches.get_raw(key)?.next()?);
            Some(spelled)
        });
        spelled.collect()
    }

    /// As [`Config::load`], with the text of the settings file at hand; `file` is what messages call it.
    ///
    /// # Errors
    /// On the first value or key that can't be used.
    pub fn from_text(matches: &ArgMatches, file: &Path, text: &str) -> Result<Self, ConfigError> {
        let flags = Flags::from_arg_matches(matches).map_err(|error| ConfigError(error.to_string()))?;
        Self::from_parts(&flags.settings, text, &Sources { matches, file })
    }

    fn from_parts(settings: &Settings, file: &str, sources: &Sources) -> Result<Self, ConfigError> {
        let file: Settings = toml::from_str(file).map_err(|error| {
            ConfigError(format!("{}: {}", sources.file.display(), error.to_string().trim_end()))
        })?;
        let config = settings.check(&file, sources)?;
        config.agree()?;
        Ok(config)
    }

    /// Rules between settings.
    fn agree(&self) -> Result<(), ConfigError> {
        let Limits { heap_bytes, buffer_bytes, process_bytes, output_bytes, .. } = self.limits;
        if process_bytes < heap_bytes + buffer_bytes {
            return Err(ConfigError(format!(
                "The setting `limits.process_bytes` ({process_bytes}) is less than `limits.heap_bytes` and \
                 `limits.buffer_bytes` together ({}): no run could use what those two allow. Raise the first \
                 or lower one of the others.",
                heap_bytes + buffer_bytes
            )));
        }
        if self.client.message_bytes > output_bytes {
            return Err(ConfigError(format!(
                "The setting `client.message_bytes` ({}) is more than `limits.output_bytes` ({output_bytes}), \
                 the output of a whole run. Lower the first or raise the second.",
                self.client.message_bytes
            )));
        }
        Ok(())
    }
}

/// A warning for each `MAYFLY_*` name that is no setting: a typing error would otherwise pass unseen.
fn unknown_variables(names: impl Iterator<Item = OsString>) -> Vec<String> {
    let known: BTreeSet<&str> =
        SETTINGS.iter().map(|it| it.variable).chain(["MAYFLY_CONFIG", HANDOVER, TUNING_FAULT]).collect();
    names
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.starts_with("MAYFLY_") && !known.contains(name.as_str()))
        .map(|name| {
            format!("The environment variable {name} is no setting; `mayfly serve --help` lists them")
        })
        .collect()
}

#[cfg(test)]
mod tests;
