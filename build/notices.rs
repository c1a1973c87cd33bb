//! The licences of all crates that end up in the program, for `/licenses`. Their terms ask for their texts to
//! travel along. A crate whose licence is not known, or whose text is not to be had, fails the build.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Texts for crates that bring none, by SPDX id.
const TEXTS: [(&str, &str); 3] = [
    ("MIT", include_str!("licenses/MIT.txt")),
    ("Apache-2.0", include_str!("../LICENSE-APACHE")),
    ("BSD-3-Clause", include_str!("licenses/BSD-3-Clause.txt")),
];

const LINE: &str = "------------------------------------------------------------------------";

/// Writes the notices of `root` and what it links, and of the packages in `besides`, to `path`.
pub fn write(path: &Path, metadata: &Value, root: &str, besides: &[&Value]) {
    let mut packages = linked(metadata, root);
    packages.extend(besides);
    packages.sort_by_key(|package| (text(package, "name"), text(package, "version")));
    let mut list = String::new();
    // Which crates say the same: many do, word for word.
    let mut texts: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for package in packages {
        let title = format!("{} {}", text(package, "name"), text(package, "version"));
        let _ = writeln!(list, "{title} ({}) {}", text(package, "license"), text(package, "repository"));
        for licence in licences(package) {
            let words = licence.split_whitespace().collect::<Vec<_>>().join(" ");
            texts.entry(words).or_insert_with(|| (licence, BTreeSet::new())).1.insert(title.clone());
        }
    }
    let mut notices = format!("The program contains these crates of Rust, from crates.io:\n\n{list}");
    let _ = write!(notices, "\nand Rust's standard library (MIT OR Apache-2.0). Their licences:\n");
    let mut texts: Vec<_> = texts.into_values().collect();
    texts.sort_by(|(a, crates), (b, others)| (crates.first(), a).cmp(&(others.first(), b)));
    for (licence, crates) in texts {
        let crates = crates.into_iter().collect::<Vec<_>>().join(", ");
        let _ = write!(notices, "\n{LINE}\n{crates}\n\n{}\n", licence.trim_matches('\n').trim_end());
    }
    std::fs::write(path, notices).expect("OUT_DIR can be written");
}

/// The packages that are linked into the program, `root` itself left out: no build scripts, no macros that run
/// in the compiler, no tests.
fn linked<'a>(metadata: &'a Value, root: &str) -> Vec<&'a Value> {
    let by_id = |value: &'a Value| {
        list(value).iter().map(|it| (text(it, "id"), it)).collect::<BTreeMap<&str, &Value>>()
    };
    let packages = by_id(&metadata["packages"]);
    let nodes = by_id(&metadata["resolve"]["nodes"]);
    let root = packages.values().find(|it| text(it, "name") == root && it["source"].is_null());
    let root = text(root.expect("this package is in its own metadata"), "id");
    let mut found = BTreeSet::new();
    let mut waiting = vec![root];
    while let Some(id) = waiting.pop() {
        if !found.insert(id) {
            continue;
        }
        for dependency in list(&nodes[id]["deps"]) {
            let normal = list(&dependency["dep_kinds"]).iter().any(|it| it["kind"].is_null());
            let id = text(dependency, "pkg");
            let is_macro = list(&packages[id]["targets"])
                .iter()
                .any(|target| list(&target["kind"]).iter().any(|kind| kind == "proc-macro"));
            if normal && !is_macro {
                waiting.push(id);
            }
        }
    }
    found.into_iter().filter(|id| *id != root).map(|id| packages[id]).collect()
}

/// The texts that a crate brings; else those of the first licence that it may be used under and that is known.
fn licences(package: &Value) -> Vec<String> {
    let title = format!("{} {}", text(package, "name"), text(package, "version"));
    let folder = Path::new(text(package, "manifest_path")).parent().expect("a manifest is in a folder");
    let mut files: BTreeSet<PathBuf> = std::fs::read_dir(folder)
        .expect("cargo has the sources")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file() && is_licence(path))
        .collect();
    files.extend(package["license_file"].as_str().map(|file| folder.join(file)));
    let read = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let mut texts: Vec<String> = files.iter().map(read).collect();
    if texts.is_empty() {
        let terms = text(package, "license");
        let known = terms
            .split([' ', '/', '(', ')'])
            .find_map(|id| TEXTS.iter().find(|(known, _)| *known == id))
            .unwrap_or_else(|| panic!("{title} has no licence file, and build/licenses none for `{terms}`"));
        let authors: Vec<&str> = list(&package["authors"]).iter().filter_map(Value::as_str).collect();
        let authors = if authors.is_empty() { format!("the authors of {title}") } else { authors.join(", ") };
        texts.push(format!("Copyright (c) {authors}\n\n{}", known.1));
    }
    if text(package, "name") == "v8" {
        let [mit, _, bsd] = TEXTS.map(|(_, text)| text);
        texts.push(format!("{}\nBSD-3-Clause:\n\n{bsd}\nMIT:\n\n{mit}", include_str!("licenses/v8.txt")));
    }
    texts
}

/// Whether a file's name says that it holds terms.
fn is_licence(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
    let says =
        ["licen", "copying", "copyright", "notice", "unlicen"].iter().any(|start| name.starts_with(start));
    says && !name.ends_with(".rs") && !name.ends_with(".toml")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text of the metadata; empty where it says nothing.
fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
