//! What Prometheus' clients say of their process, under the names that they all use.

use std::fmt::Write as _;
use std::fs;

use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::{SysconfVar, sysconf};

/// Adds what can be learned here; what can't is left out.
pub fn append(text: &mut String) {
    let mut add = |name: &str, kind: &str, help: &str, value: Option<f64>| {
        if let Some(value) = value {
            // A counter's samples are called after it, with an ending of their own. Writing to a String can't fail.
            let ending = if kind == "counter" { "_total" } else { "" };
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name}{ending} {value}");
        }
    };
    let stat = Stat::read();
    let files = fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as f64);
    let most = getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(now, _)| now as f64);
    add("process_open_fds", "gauge", "Open files of the server's own process.", files);
    add("process_max_fds", "gauge", "How many it may have.", most);
    let resident = stat.as_ref().map(|it| it.resident_bytes);
    add("process_resident_memory_bytes", "gauge", "Resident memory of the server's own process.", resident);
    let cpu = stat.as_ref().map(|it| it.cpu_seconds);
    add("process_cpu_seconds", "counter", "CPU time of the server's own process.", cpu);
    let started = stat.as_ref().and_then(|it| it.started);
    add("process_start_time_seconds", "gauge", "When it started, in seconds since 1970.", started);
}

struct Stat {
    resident_bytes: f64,
    cpu_seconds: f64,
    started: Option<f64>,
}

impl Stat {
    /// From `/proc/self/stat` (proc(5)). The program's name, in parentheses, may hold anything.
    fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        // The first field here is the third there.
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        let unit = |name| sysconf(name).ok().flatten().map(|it| it as f64);
        let (ticks, page) = (unit(SysconfVar::CLK_TCK)?, unit(SysconfVar::PAGE_SIZE)?);
        let booted = fs::read_to_string("/proc/stat").ok().and_then(|all| {
            all.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<f64>().ok())
        });
        Some(Self {
            resident_bytes: field(24)? * page,
            cpu_seconds: (field(14)? + field(15)?) / ticks,
            started: booted.and_then(|booted| Some(booted + field(22)? / ticks)),
        })
    }
}
