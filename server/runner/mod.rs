//! The child's side of a run, and the only place that names `deno_core` or `v8`.
//!
//! `mayfly runner` is the [`zygote`]: it makes a [`Template`](isolate::Template) runtime and forks it. Each
//! fork is a [`child`] with a [`Link`](link::Link) to the server, which runs one program and leaves.

use std::path::PathBuf;
use std::process::ExitCode;

mod absent;
mod addresses;
mod alarm;
mod catalogue;
mod child;
mod clone;
mod confine;
pub mod console;
mod crypto;
mod display;
mod errors;
mod extension;
mod fetch;
#[cfg(test)]
mod floors;
mod function;
mod globals;
mod heap;
mod huge;
mod inbox;
pub mod inspect;
mod isolate;
mod link;
mod mapped;
mod memory;
mod modules;
mod ops;
mod output;
mod program;
mod prompts;
mod rehearsal;
mod repl;
mod returned;
mod stack;
mod visit;
mod zygote;

pub use confine::Strength;

/// What stands in a program's place in tests of the confinement: gets the source, gives a text as the result.
pub type Instead = fn(&str) -> String;

/// Runs `mayfly runner HEAP_BYTES BUFFER_BYTES PROCESS_BYTES warm|cold confined|unconfined [MODULES_DIR]`, a command
/// that only the server gives; `args` are what follows `runner`.
pub fn main(args: Vec<String>) -> ExitCode {
    start(settings(args.into_iter()))
}

/// [`main`] for tests, with code of the test's own in the place of programs, and less of the confinement.
#[doc(hidden)]
pub fn main_instead(args: Vec<String>, instead: Instead, strength: Strength) -> ExitCode {
    let settings = settings(args.into_iter());
    start(settings.map(|settings| zygote::Settings { instead: Some(instead), strength, ..settings }))
}

fn start(settings: Option<zygote::Settings>) -> ExitCode {
    let Some(settings) = settings else {
        eprintln!("`mayfly runner` is started by `mayfly serve`; there is nothing to run by hand");
        return ExitCode::FAILURE;
    };
    match zygote::run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mayfly runner: {error}");
            ExitCode::FAILURE
        }
    }
}

fn settings(mut args: impl Iterator<Item = String>) -> Option<zygote::Settings> {
    let heap_bytes = args.next()?.parse().ok()?;
    let buffer_bytes = args.next()?.parse().ok()?;
    let process_bytes = args.next()?.parse().ok()?;
    let cold = match args.next()?.as_str() {
        "warm" => false,
        "cold" => true,
        _ => return None,
    };
    let strength = match args.next()?.as_str() {
        "confined" => Strength::Full,
        "unconfined" => Strength::Off,
        _ => return None,
    };
    let modules = args.next().map(PathBuf::from);
    Some(zygote::Settings { heap_bytes, buffer_bytes, process_bytes, cold, strength, modules, instead: None })
}
