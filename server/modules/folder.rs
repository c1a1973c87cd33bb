//! The operator's folder of packages: in it, a folder for each, as `web/modules/bundle.mjs` writes it.

use std::fs;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{FileOf, Manifest, Package, from_json};
use crate::policy::modules::is_package_name;

/// The most packages in a folder.
const MAX_PACKAGES: usize = 1_000;
/// The longest `module.json`.
const MANIFEST_BYTES: u64 = 4 << 20;
/// The longest of the other files.
const FILE_BYTES: u64 = 64 << 20;

/// The name of a package's folder: names with a scope have a slash.
pub(super) fn folder_name(package: &str) -> String {
    package.replace('/', "+")
}

/// Reads all packages. What begins with a dot is no package.
///
/// # Errors
/// When the folder itself can't be read.
pub(super) fn read(folder: &Path) -> Result<Vec<Result<Package, String>>, String> {
    let failed =
        |error| format!("the folder {} (the setting modules.dir) can't be read: {error}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if !name.to_string_lossy().starts_with('.') {
            names.push(name);
        }
    }
    if names.len() > MAX_PACKAGES {
        let (folder, count) = (folder.display(), names.len());
        return Err(format!(
            "the folder {folder} has {count} packages in it; at most {MAX_PACKAGES} can be used"
        ));
    }
    names.sort_unstable();
    Ok(names.iter().map(|name| read_package(&folder.join(name))).collect())
}

/// Reads one package, and compares what its files are with what its `module.json` says they are.
pub(super) fn read_package(folder: &Path) -> Result<Package, String> {
    let broken = |error: String| {
        format!(
            "the module in {} is broken: {error}. Remove it with `mayfly modules remove`, and add it again",
            folder.display()
        )
    };
    let about = read_bounded(&folder.join("module.json"), MANIFEST_BYTES)
        .and_then(|bytes| from_json::<Manifest>("module.json", &bytes))
        .map_err(broken)?;
    let named = folder.file_name().is_some_and(|name| name.to_str() == Some(&folder_name(&about.name)));
    if !named || !is_package_name(&about.name) {
        return Err(broken(format!("it calls itself {:?}", about.name)));
    }
    // Nobody reads it, and it has to be there.
    read_file(folder, &about.licenses).map_err(broken)?;
    Package::new(about, true, |file| read_file(folder, file).map(|bytes| &*bytes.leak())).map_err(broken)
}

fn read_file(folder: &Path, FileOf { file, sha256, bytes }: &FileOf) -> Result<Vec<u8>, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    if file.is_empty() || file.starts_with('.') || !file.bytes().all(plain) {
        return Err(format!("it names a file {file:?}"));
    }
    let found = read_bounded(&folder.join(file), FILE_BYTES)?;
    if found.len() as u64 != *bytes || hex(&Sha256::digest(&found)) != *sha256 {
        return Err(format!("{file} is not what was added: its hash has changed"));
    }
    Ok(found)
}

fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| format!("{name} can't be read: {error}");
    let mut bytes = Vec::new();
    fs::File::open(path).map_err(failed)?.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit { Err(format!("{name} is over {limit} bytes")) } else { Ok(bytes) }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// Writes a package whose module is `source`; `change` may spoil its manifest.
    fn package(root: &Path, name: &str, source: &str, change: impl FnOnce(&mut Value)) -> PathBuf {
        let folder = root.join(folder_name(name));
        fs::create_dir_all(&folder).expect("a folder");
        let file = |file: &str, text: &str| {
            fs::write(folder.join(file), text).expect("a file");
            json!({"file": file, "sha256": hex(&Sha256::digest(text)), "bytes": text.len()})
        };
        let mut entry = file("module.js", source);
        entry["path"] = json!("");
        entry["exports"] = json!(["a"]);
        let mut manifest = json!({
            "name": name, "version": "1.2.3", "license": "MIT", "description": "", "entries": [entry],
            "views": {"a": ["", ["a"], "named"]}, "licenses": file("licenses.txt", "MIT"), "types": null,
            "packages": [{"name": name, "version": "1.2.3", "license": "MIT", "integrity": "sha512-x"}],
        });
        change(&mut manifest);
        fs::write(folder.join("module.json"), manifest.to_string()).expect("a file");
        folder
    }

    fn spoiled(change: impl FnOnce(&mut Value)) -> String {
        let root = tempfile::tempdir().expect("a folder");
        read_package(&package(root.path(), "some", "exports.a = 1", change)).expect_err("it is broken")
    }

    #[test]
    fn packages_are_read_in_order() {
        let root = tempfile::tempdir().expect("a folder");
        package(root.path(), "b", "exports.a = 1", |_| {});
        package(root.path(), "@scope/a", "exports.a = 2", |_| {});
        fs::create_dir(root.path().join(".adding")).expect("a folder");
        let packages = read(root.path()).expect("readable");
        let names: Vec<_> =
            packages.iter().map(|it| it.as_ref().expect("whole").about.name.as_str()).collect();
        assert_eq!(names, ["@scope/a", "b"]);
        let module = &packages[1].as_ref().expect("whole").modules[""];
        assert_eq!(
            (module.name.as_str(), module.source, module.version.as_deref()),
            ("b", "exports.a = 1", Some("1.2.3"))
        );
    }

    #[test]
    fn a_change_to_a_file_is_noticed() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = package(root.path(), "some", "exports.a = 1", |_| {});
        for (file, text) in [("module.js", "exports.a = 2"), ("licenses.txt", "none")] {
            let before = fs::read(folder.join(file)).expect("there");
            fs::write(folder.join(file), text).expect("a file");
            let error = read_package(&folder).expect_err("it was changed");
            assert!(
                error.contains(&format!("{file} is not what was added: its hash has changed")),
                "{error}"
            );
            assert!(error.contains("mayfly modules remove"), "{error}");
            fs::write(folder.join(file), before).expect("a file");
        }
        read_package(&folder).expect("whole again");
        fs::remove_file(folder.join("licenses.txt")).expect("there");
        assert!(read_package(&folder).expect_err("a file is gone").contains("licenses.txt can't be read"));
    }

    #[test]
    fn a_manifest_that_lies_is_refused() {
        assert!(spoiled(|it| it["name"] = json!("other")).contains("it calls itself \"other\""));
        assert!(spoiled(|it| it["entries"][0]["file"] = json!("../module.js")).contains("it names a file"));
        assert!(spoiled(|it| it["entries"][0]["path"] = json!("sub")).contains("no module of its own"));
        assert!(spoiled(|it| it["views"]["a"][1] = json!(["b"])).contains("leads nowhere"));
        assert!(spoiled(|it| it["views"]["a"][0] = json!("x")).contains("leads nowhere"));
        assert!(spoiled(|it| it["extra"] = json!(1)).contains("unknown field"));
        assert!(spoiled(|it| it["version"] = json!(1)).contains("module.json can't be read"));
        let root = tempfile::tempdir().expect("a folder");
        let folder = package(root.path(), "some", "exports.a = '\u{e9}'", |_| {});
        assert!(read_package(&folder).expect_err("not ASCII").contains("module.js is not ASCII"));
        fs::write(root.path().join("stray"), "").expect("a file");
        assert_eq!(read(root.path()).expect("readable").iter().filter(|it| it.is_err()).count(), 2);
    }

    proptest! {
        #[test]
        fn no_manifest_makes_it_panic(text in "([\\[\\]{}:,\"]|name|some|entries|[0-9]|\\PC){0,60}") {
            let root = tempfile::tempdir().expect("a folder");
            let folder = package(root.path(), "some", "exports.a = 1", |_| {});
            fs::write(folder.join("module.json"), text).expect("a file");
            prop_assert!(read_package(&folder).is_err());
        }
    }
}
