//! The programs: every attack that we know of, by class.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::made;
use super::parse::{self, Attack};

/// A class of attacks.
struct Class {
    name: &'static str,
    /// What its programs try, for people.
    tries: &'static str,
    /// The programs; none for the class that is made.
    text: &'static str,
}

/// Declares classes, each a file of `programs`.
macro_rules! classes {
    ($($name:literal: $tries:literal;)+) => {
        &[$(Class { name: $name, tries: $tries, text: include_str!(concat!("programs/", $name, ".js")) },)+]
    };
}

const CLASSES: &[Class] = classes! {
    "escape": "reach the runtime's internals from the global object";
    "memory": "take memory until the server or the machine has none left";
    "cpu": "compute without end, where nothing can interrupt it";
    "output": "write more than anybody can read, or what breaks who reads it";
    "import": "import files, addresses and modules that are not theirs";
    "modules": "reach internals through Node's modules and packages";
    "prototype": "replace what the runtime itself uses";
    "inspect": "have the console run code or show what is hidden";
    "frames": "forge messages from the process to the server";
    "egress": "reach the network and the machine's own services";
    "interaction": "abuse questions and answers";
    "language": "break the compiler of TypeScript and JSX";
};

/// The class of those that are too long to write down.
const MADE: Class = Class { name: "made", tries: "nest and import without end", text: "" };

/// All programs, with the names of their classes.
///
/// # Errors
/// In words, when a file is badly written. A test sees to it that none is.
pub fn all() -> Result<Vec<(&'static str, Attack)>, String> {
    let mut all = Vec::new();
    for class in CLASSES {
        let attacks = parse::attacks(class.text).map_err(|error| format!("{}.js: {error}", class.name))?;
        all.extend(attacks.into_iter().map(|attack| (class.name, attack)));
    }
    all.extend(made::attacks().into_iter().map(|attack| (MADE.name, attack)));
    Ok(all)
}

/// What the programs of a class try.
pub fn tries(class: &str) -> &'static str {
    CLASSES.iter().chain([&MADE]).find(|it| it.name == class).map_or("", |it| it.tries)
}

/// A digest of all programs, which names this very set of them.
pub fn digest(programs: &[(&str, Attack)]) -> String {
    let mut digest = Sha256::new();
    for (class, attack) in programs {
        // The form that is for developers says all that there is.
        digest.update(format!("{class} {attack:?}\n"));
    }
    digest.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_of_programs_is_a_class() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/server/attest/programs");
        let files =
            std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
        let classes = CLASSES.iter().map(|class| format!("{}.js", class.name));
        assert_eq!(files.collect::<BTreeSet<_>>(), classes.collect());
    }

    #[test]
    fn every_program_is_well_written_and_named_once() {
        let all = all().unwrap();
        let names: BTreeSet<_> = all.iter().map(|(class, attack)| (*class, &attack.name)).collect();
        assert!(all.len() >= 250, "{}", all.len());
        assert_eq!(names.len(), all.len());
        assert!(all.iter().all(|(class, _)| !tries(class).is_empty()));
        assert_ne!(digest(&all), digest(&all[1..]));
    }
}
