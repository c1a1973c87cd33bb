//! `mayfly serve` or `mayfly runner`.
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("runner") { mayfly::runner::main() } else { ExitCode::FAILURE }
}
