//! `mayfly modules`, and the folder that it keeps.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use crate::support::{TestApp, command, get};

/// `mayfly modules` with these arguments and what npm needs of the environment.
fn modules(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = command(folder, &[&["modules"], arguments].concat());
    for name in ["PATH", "HOME", "npm_config_cache", "npm_config_registry", "HTTPS_PROXY", "https_proxy"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.output().expect("mayfly starts")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// Whether there is an npm, and a registry that it reaches. What needs them can't be tested without.
fn has_registry() -> bool {
    Command::new("npm")
        .args(["view", "ms@2.1.3", "name"])
        .output()
        .is_ok_and(|output| output.status.success())
}

#[test]
fn what_can_not_be_added_is_refused_before_npm_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let add = |package: &str| {
        let output = command(folder.path(), &["modules", "add", "--modules-dir=kept", package]).output();
        let output = output.expect("mayfly starts");
        assert!(!output.status.success(), "{package}");
        String::from_utf8(output.stderr).expect("text")
    };
    for package in
        ["lodash", "lodash@", "../x@1", "a@file:.", "a@git+ssh://b", "a@1;id", "https://a.example/b.tgz"]
    {
        let text = add(package);
        assert!(text.contains("is no package with a version. Write NAME@VERSION"), "{text}");
    }
    // The environment is empty, so nothing is found.
    let text = add("ms@2.1.3");
    let no_npm = "needs Node 20 or later with npm on this machine, and there is no `npm`";
    assert!(text.contains(no_npm) || has_registry(), "{text}");
    let output = command(folder.path(), &["modules", "add", "ms@2.1.3"]).output().expect("mayfly starts");
    assert!(told(&output).contains("no folder for modules is set. Name one: --modules-dir FOLDER"));
}

#[test]
fn the_command_lists_what_may_be_imported() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = modules(folder.path(), &["list", "--modules-allow=node:path,lodash@4"]);
    assert!(output.status.success(), "{}", told(&output));
    let text = told(&output);
    let first: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(first, ["node:path", "node:path/posix", "lodash@4.18.1"], "{text}");
}

#[actix_web::test]
async fn a_package_is_added_used_and_removed() {
    if !has_registry() {
        eprintln!("not tested: there is no npm here, or it reaches no registry");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("kept");
    let flag = format!("--modules-dir={}", dir.display());
    let output = modules(folder.path(), &["add", "ms@2.1", &flag]);
    assert!(output.status.success(), "{}", told(&output));
    assert!(told(&output).starts_with("Added ms 2.1."), "{}", told(&output));
    assert!(told(&output).contains("(MIT)"), "{}", told(&output));
    let left: Vec<_> =
        std::fs::read_dir(&dir).expect("a folder").map(|it| it.expect("one").file_name()).collect();
    assert_eq!(left, ["ms"], "nothing else stays");
    let manifest = std::fs::read_to_string(dir.join("ms/module.json")).expect("a manifest");
    assert!(manifest.contains("\"integrity\": \"sha512-"), "{manifest}");

    let app = TestApp::with(&[&flag]);
    let ran = app.run("import ms from 'ms'; console.log(ms('2 days'), ms(60000))").expect_completed().await;
    assert_eq!(ran.lines(), ["172800000 1m"]);
    let list = get(app.address, "/api/v1/modules", &[]).await.json();
    let ms = list["packages"].as_array().expect("packages").iter().find(|it| it["name"] == "ms");
    assert_eq!(ms.expect("it is listed")["added"], true);
    let types = get(app.address, "/api/v1/modules/types/ms", &[]).await;
    assert_eq!(types.status, 200, "{}", types.text());

    let output = modules(folder.path(), &["add", "express@4.21.2", &flag]);
    let text = told(&output);
    assert!(
        !output.status.success() && text.contains("express can't be had in a sandbox: it can't be loaded"),
        "{text}"
    );
    let output = modules(folder.path(), &["add", "lodash@4.17.21", &flag, "--modules-bundle-bytes=10KiB"]);
    let text = told(&output);
    assert!(text.contains("at most 10240 are allowed"), "{text}");
    let output = modules(folder.path(), &["remove", "ms", &flag]);
    assert!(output.status.success(), "{}", told(&output));
    assert!(told(&modules(folder.path(), &["remove", "ms", &flag])).contains("there is no module ms in"));
}

/// A package as the command leaves it.
fn package(dir: &Path, name: &str, version: &str, source: &str) {
    use sha2::{Digest, Sha256};
    let folder = dir.join(name.replace('/', "+"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = |file: &str, text: &str| {
        std::fs::write(folder.join(file), text).expect("a file");
        let hash: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        json!({"file": file, "sha256": hash, "bytes": text.len()})
    };
    let mut entry = file("module.js", source);
    entry["path"] = json!("");
    entry["exports"] = json!(["answer"]);
    let manifest = json!({
        "name": name, "version": version, "license": "MIT", "description": "", "entries": [entry], "views": {},
        "packages": [], "licenses": file("licenses.txt", "MIT"), "types": null,
    });
    std::fs::write(folder.join("module.json"), manifest.to_string()).expect("a file");
}

#[actix_web::test]
async fn packages_of_the_folder_stand_before_those_of_the_binary() {
    let folder = tempfile::tempdir().expect("a folder");
    package(folder.path(), "lodash", "9.8.7", "exports.answer = 42");
    package(folder.path(), "@scope/own", "1.2.3", "exports.answer = require('node:path').join('a', 'b')");
    let app = TestApp::with(&[&format!("--modules-dir={}", folder.path().display())]);
    let source = "
        import { answer } from 'lodash@9';
        import own from '@scope/own@1.2';
        console.log(answer, own.answer, (await import('lodash@4').catch((it) => it)).message);";
    let ran = app.run(source).mode("module").expect_completed().await;
    assert_eq!(
        ran.lines(),
        ["42 a/b Module 'lodash@4' is not available in this sandbox. There is lodash 9.8.7"]
    );
}

#[test]
fn a_broken_folder_stops_the_start() {
    let refusal = |spoil: &dyn Fn(&Path)| {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().join("kept");
        package(&dir, "some", "1.0.0", "exports.answer = 42");
        spoil(&dir);
        let output =
            command(folder.path(), &["serve", "--listen=127.0.0.1:0", "--modules-dir=kept"]).output();
        let output = output.expect("mayfly starts");
        assert!(!output.status.success() && output.stdout.is_empty(), "it does not start");
        told(&output)
    };
    let text =
        refusal(&|dir| std::fs::write(dir.join("some/module.js"), "exports.answer = 43").expect("a file"));
    assert!(
        text.contains("kept/some is broken: module.js is not what was added: its hash has changed"),
        "{text}"
    );
    assert!(text.contains("Remove it with `mayfly modules remove`, and add it again"), "{text}");
    let text = refusal(&|dir| std::fs::write(dir.join("some/module.json"), "{").expect("a file"));
    assert!(text.contains("some is broken: module.json can't be read"), "{text}");
    let text = refusal(&|dir| std::fs::write(dir.join("stray"), "").expect("a file"));
    assert!(text.contains("stray is broken"), "{text}");
    let text = refusal(&|dir| std::fs::remove_dir_all(dir).expect("a folder"));
    assert!(text.contains("kept (the setting modules.dir) can't be read"), "{text}");
}
