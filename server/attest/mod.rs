//! `mayfly attest`: runs every attack that we know of against a server that is in use, and reports what came of them.
//!
//! It asks the server from outside, through its API, so that the programs meet the kernel, the container and the layers of
//! the confinement that visitors' programs meet. The same programs are the tests in `tests/attacks`.

pub mod judge;
mod made;
pub mod parse;
pub mod programs;
pub mod report;
mod run;

pub use report::ATTESTATION_FILE;
pub use run::{Target, attest, send_report};
