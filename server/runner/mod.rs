//! The child's side of a run, and the only place that names `deno_core` or `v8`.
//!
//! `mayfly runner` is the [`zygote`]: it makes a [`Template`](isolate::Template) runtime and forks it. Each
//! fork is a [`child`] with a [`Link`](link::Link) to the server, which runs one program and leaves.

use std::io::Write as _;
use std::process::ExitCode;

mod absent;
mod address_space;
mod alarm;
mod catalogue;
mod child;
mod clone;
mod confine;
pub mod console;
mod crypto;
mod display;
mod errors;
mod exhaustion;
mod extension;
mod fetch;
#[cfg(test)]
mod floors;
mod function;
mod globals;
mod heap;
mod inbox;
pub mod inspect;
mod isolate;
mod link;
mod memory;
mod modules;
mod ops;
mod output;
mod program;
mod prompts;
mod repl;
mod returned;
mod stack;
mod trial;
mod tuning;
mod visit;
mod zygote;

pub use confine::Strength;

use crate::protocol::runner::ZygoteSpec;

/// What stands in a program's place in tests of the confinement: gets the source, gives a text as the result.
pub type Instead = fn(&str) -> String;

/// Runs `mayfly runner SPEC`, a command that only the server gives; `args` are what follows `runner`: a [`ZygoteSpec`] in
/// JSON.
pub fn main(args: &[String]) -> ExitCode {
    start(spec(args).map(|spec| zygote::Settings { instead: None, strength: strength(&spec), spec }))
}

/// [`main`] for tests, with code of the test's own in the place of programs, and less of the confinement.
#[doc(hidden)]
pub fn main_instead(args: &[String], instead: Instead, strength: Strength) -> ExitCode {
    start(spec(args).map(|spec| zygote::Settings { instead: Some(instead), strength, spec }))
}

/// The numbers of all system calls that a confined process may make, for tests.
#[doc(hidden)]
pub fn allowed_calls() -> Vec<libc::c_long> {
    confine::allowed_calls()
}

fn start(settings: Option<zygote::Settings>) -> ExitCode {
    let Some(settings) = settings else {
        eprintln!("`mayfly runner` is started by `mayfly serve`; there is nothing to run by hand");
        return ExitCode::FAILURE;
    };
    match crate::system::memory(settings.spec.process_bytes).and_then(|()| zygote::run(settings)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "mayfly runner: {error}");
            ExitCode::FAILURE
        }
    }
}

fn spec(args: &[String]) -> Option<ZygoteSpec> {
    let [spec] = args else { return None };
    serde_json::from_str(spec).ok()
}

fn strength(spec: &ZygoteSpec) -> Strength {
    if spec.is_confined { Strength::Full } else { Strength::Off }
}
