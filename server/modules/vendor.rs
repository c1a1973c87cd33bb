//! `mayfly modules add` and `remove`: npm fetches a package and compares it with what the registry says it is, esbuild
//! bundles it, and the bundle goes to the operator's folder. Node and npm have to be there; nothing of them, or of the
//! package, runs in the server.
//!
//! No script of a package runs while it is installed, and what of it runs while it is looked at does so in a process
//! that may neither read files nor start programs (`web/modules/bundle.mjs`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

use super::folder::{folder_name, read_package};
use super::{Package, embedded, from_json};
use crate::policy::modules::{Specifier, Versions};

/// How much of what npm says about a failure is told, in characters.
const COMPLAINT_CHARS: usize = 2_000;

/// What was added.
#[derive(Debug)]
pub struct Added {
    /// The package.
    pub package: Package,
    /// Where it is.
    pub folder: PathBuf,
}

/// What the bundler says.
#[derive(Deserialize)]
struct Said {
    ok: bool,
    #[serde(default)]
    message: String,
}

/// Adds the package that `wanted` names, as `NAME@VERSION`, to the folder. One that is there is replaced. A bundle may
/// have `max_bytes`.
///
/// # Errors
/// In words, with what to do.
pub fn add(folder: &Path, wanted: &str, max_bytes: u64) -> Result<Added, String> {
    let (name, version) = parse(wanted)?;
    let failed = |error: io::Error| {
        format!("the folder {} (the setting modules.dir) can't be written to: {error}", folder.display())
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let work = Work(folder.join(format!(".adding-{}", uuid::Uuid::new_v4())));
    fs::create_dir(&work.0).map_err(failed)?;

    let tools = work.folder("tools").map_err(failed)?;
    let files: Value = from_json("tools.json", embedded("tools.json")?)?;
    for file in ["package.json", "package-lock.json"] {
        fs::write(tools.join(file), files[file].to_string()).map_err(failed)?;
    }
    for file in ["bundle.mjs", "builtins.json"] {
        fs::write(tools.join(file), embedded(file)?).map_err(failed)?;
    }
    npm(&tools, &["ci"])?;

    let sources = work.folder("package").map_err(failed)?;
    fs::write(sources.join("package.json"), "{\"name\":\"sources\",\"private\":true}").map_err(failed)?;
    npm(&sources, &["install", "--save-exact", &format!("{name}@{version}")])?;
    if !declares_types(&sources.join("node_modules").join(name)) {
        let types =
            name.strip_prefix('@').map_or_else(|| name.to_owned(), |scoped| scoped.replacen('/', "__", 1));
        // Where nobody has written any, there are none.
        let _ = npm(&sources, &["install", "--save-exact", &format!("@types/{types}")]);
    }

    let made = work.0.join(folder_name(name));
    bundle(&tools, &sources, name, &made, max_bytes)?;
    read_package(&made)?;
    let place = folder.join(folder_name(name));
    replace(&made, &place, &work.0.join("replaced")).map_err(failed)?;
    Ok(Added { package: read_package(&place)?, folder: place })
}

/// Removes a package from the folder.
///
/// # Errors
/// In words, when it is not there or can't be removed.
pub fn remove(folder: &Path, name: &str) -> Result<(), String> {
    let parsed = Specifier::parse(name).filter(|it| it.version.is_none() && it.path.is_empty());
    let Some(Specifier { name, .. }) = parsed else {
        return Err(format!("{name:?} is no name of a package. Write one like lodash or @scope/name"));
    };
    let place = folder.join(folder_name(name));
    if !place.join("module.json").is_file() {
        return Err(format!("there is no module {name} in {}", folder.display()));
    }
    fs::remove_dir_all(&place).map_err(|error| format!("{} can't be removed: {error}", place.display()))
}

/// The name and the version in `NAME@VERSION`. Both are given to npm, which takes more than these for a name: addresses,
/// folders, flags.
fn parse(wanted: &str) -> Result<(&str, &str), String> {
    match Specifier::parse(wanted) {
        Some(Specifier { name, version: Some(version), path: "" }) if Versions::parse(version).is_some() => {
            Ok((name, version))
        }
        _ => Err(format!(
            "{wanted:?} is no package with a version. Write NAME@VERSION, like lodash@4.17.21, @scope/name@1 or \
             zod@latest"
        )),
    }
}

/// A folder for the time of the work, which goes with it.
struct Work(PathBuf);

impl Work {
    fn folder(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        fs::create_dir(&path)?;
        Ok(path)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // What stays begins with a dot, and is nothing to the server.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs npm in `folder`, without the scripts of packages.
fn npm(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
    let mut command = Command::new("npm");
    command.args(arguments).args(quiet);
    let output = run(command, folder)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: String = said.trim().chars().take(COMPLAINT_CHARS).collect();
    Err(format!("`npm {}` failed:\n{said}", arguments.join(" ")))
}

fn run(mut command: Command, folder: &Path) -> Result<std::process::Output, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.current_dir(folder).stdin(Stdio::null()).output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!(
            "`mayfly modules add` needs Node 20 or later with npm on this machine, and there is no `{program}`. Install \
             it, or add the module on a machine that has it and copy its folder"
        ),
        _ => format!("`{program}` can't be started: {error}"),
    })
}

fn bundle(tools: &Path, sources: &Path, name: &str, made: &Path, max_bytes: u64) -> Result<(), String> {
    let mut command = Command::new("node");
    command.arg("bundle.mjs").arg(sources).arg(name).arg(made).arg(max_bytes.to_string());
    let output = run(command, tools)?;
    let last = output.stdout.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty()).unwrap_or_default();
    match serde_json::from_slice::<Said>(last) {
        Ok(Said { ok: true, .. }) => Ok(()),
        Ok(Said { message, .. }) => Err(format!("{name} can't be had in a sandbox: {message}")),
        Err(_) => {
            let said: String =
                String::from_utf8_lossy(&output.stderr).chars().take(COMPLAINT_CHARS).collect();
            Err(format!("{name} can't be bundled: {said}"))
        }
    }
}

/// Whether the package in this folder brings its own type declarations.
fn declares_types(package: &Path) -> bool {
    let manifest = fs::read_to_string(package.join("package.json")).unwrap_or_default();
    let manifest: Value = serde_json::from_str(&manifest).unwrap_or_default();
    manifest["types"].is_string()
        || manifest["typings"].is_string()
        || manifest["exports"].to_string().contains(".d.")
        || package.join("index.d.ts").is_file()
}

/// Puts `made` where `place` is. There is always one of the two, or none: never a half.
fn replace(made: &Path, place: &Path, aside: &Path) -> io::Result<()> {
    match fs::rename(place, aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(made, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_with_a_version_gets_to_npm() {
        assert_eq!(parse("lodash@4.17.21"), Ok(("lodash", "4.17.21")));
        assert_eq!(parse("@scope/a.b@^1.2"), Ok(("@scope/a.b", "^1.2")));
        for bad in [
            "lodash",
            "lodash@",
            "lodash/get@4",
            "--flag@1",
            "-g@1",
            "lodash@npm:evil@1",
            "a@git+ssh://x",
            "a@file:..",
            "../a@1",
            "/a@1",
            "a@>=1",
            "a@1 b@2",
            "a@1;id",
            "$(id)@1",
            "https://a@1",
            "a@",
            "@1",
            "",
            "A@1",
            "a@1\n",
        ] {
            let error = parse(bad).expect_err(bad);
            assert!(
                error.ends_with("Write NAME@VERSION, like lodash@4.17.21, @scope/name@1 or zod@latest"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_removed_has_to_be_a_module() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("other")).expect("a folder");
        for (name, says) in [
            ("other", "there is no module other in"),
            ("../x", "is no name of a package"),
            ("a@1", "is no name of a package"),
            (".", "is no name of a package"),
        ] {
            let error = remove(folder.path(), name).expect_err(name);
            assert!(error.contains(says), "{error}");
        }
        fs::create_dir(folder.path().join("@a+b")).expect("a folder");
        fs::write(folder.path().join("@a+b/module.json"), "{}").expect("a file");
        remove(folder.path(), "@a/b").expect("it is there");
        assert!(!folder.path().join("@a+b").exists() && folder.path().join("other").exists());
    }
}
