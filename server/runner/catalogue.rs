//! What a bare specifier leads to: a built-in module, a package, a path in one; or why it leads nowhere. The zygote
//! loads the catalogue before it forks; a program that imports nothing touches none of it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use crate::modules::{Catalogue, Package};
use crate::policy::modules::{Specifier, Versions};

pub use crate::modules::Module;
pub use crate::policy::modules::Allowed;

/// The longest specifier that can lead anywhere, in bytes.
const SPECIFIER_BYTES: usize = 400;
/// The longest part of a specifier that a message repeats, in characters.
pub const SPECIFIER_CHARS: usize = 200;
/// How many packages a message lists.
const LISTED: usize = 12;

/// Node's modules that there are none of here, and what to use instead, if anything.
const ABSENT: [(&str, &str); 34] = [
    ("async_hooks", ""),
    ("child_process", ""),
    ("cluster", ""),
    ("console", "Use the global console"),
    ("constants", "Use the module os"),
    ("dgram", ""),
    ("diagnostics_channel", ""),
    ("dns", ""),
    ("domain", ""),
    ("fs", "Programs have no files"),
    ("http", "Use fetch"),
    ("http2", "Use fetch"),
    ("https", "Use fetch"),
    ("inspector", ""),
    ("module", ""),
    ("net", "Use fetch"),
    ("perf_hooks", "Use the global performance"),
    ("readline", ""),
    ("repl", ""),
    ("sea", ""),
    ("sqlite", ""),
    ("sys", "Use the module util"),
    ("test", ""),
    ("tls", "Use fetch"),
    ("trace_events", ""),
    ("tty", ""),
    ("v8", ""),
    ("vm", ""),
    ("wasi", ""),
    ("worker_threads", ""),
    ("zlib", "Use CompressionStream and DecompressionStream"),
    ("_http_client", "Use fetch"),
    ("_stream_readable", "Use the module stream"),
    ("_stream_writable", "Use the module stream"),
];

static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();

/// What a bare specifier leads to.
pub enum Lookup {
    /// This module.
    Found(&'static Module),
    /// Nothing, with the whole message for the program.
    Refused(String),
}

/// Loads the catalogue, for this process and those that it forks. Says what could not be loaded.
pub fn load(folder: Option<&Path>) -> Vec<String> {
    let (catalogue, notes) = match Catalogue::load_what_there_is(folder) {
        Ok(loaded) => loaded,
        Err(error) => (Catalogue::default(), vec![error]),
    };
    let _ = CATALOGUE.set(catalogue);
    notes
}

fn catalogue() -> &'static Catalogue {
    // Tests make runtimes without a zygote.
    CATALOGUE.get_or_init(|| Catalogue::embedded().unwrap_or_default())
}

/// What `specifier` leads to for a program that may import what is `allowed`.
pub fn find(specifier: &str, allowed: &Allowed) -> Lookup {
    #[cfg(test)]
    if let Some(module) = tests::MODULES.iter().find(|module| module.name == specifier) {
        return Lookup::Found(module);
    }
    match look_up(specifier, allowed) {
        Ok(module) => Lookup::Found(module),
        Err(advice) => Lookup::Refused(refusal(specifier, &advice)),
    }
}

/// That there is no such module, and what to do about it if that can be said.
pub fn refusal(specifier: &str, advice: &str) -> String {
    let shown: String = specifier.chars().take(SPECIFIER_CHARS).collect();
    let cut = if shown.len() < specifier.len() { "…" } else { "" };
    let advice = if advice.is_empty() { String::new() } else { format!(". {advice}") };
    format!("Module '{shown}{cut}' is not available in this sandbox{advice}")
}

/// The module, or what to say of why there is none.
fn look_up(specifier: &str, allowed: &Allowed) -> Result<&'static Module, String> {
    let catalogue = catalogue();
    if specifier.len() > SPECIFIER_BYTES {
        return Err(String::new());
    }
    let not_allowed = || "Whoever runs it does not allow this module".to_owned();
    let package = specifier.strip_prefix("npm:");
    if package.is_none() {
        let name = specifier.strip_prefix("node:").unwrap_or(specifier);
        if let Some(module) = catalogue.builtins.get(name) {
            return if allowed.builtin(name) { Ok(module) } else { Err(not_allowed()) };
        }
        let top = name.split('/').next().unwrap_or_default();
        let absent = ABSENT.iter().find(|(absent, _)| *absent == top);
        match absent {
            Some((_, advice)) => return Err((*advice).to_owned()),
            None if name.len() < specifier.len() => return Err(String::new()),
            None => {}
        }
    }
    let Some(wanted) = Specifier::parse(package.unwrap_or(specifier)) else { return Err(String::new()) };
    let Some(package) = catalogue.packages.get(wanted.name) else { return Err(packages(catalogue, allowed)) };
    let (name, version) = (package.about.name.as_str(), package.about.version.as_str());
    if !allowed.package(name, version) {
        return Err(not_allowed());
    }
    if let Some(text) = wanted.version {
        match Versions::parse(text) {
            Some(versions) if versions.contain(version) => {}
            Some(_) => return Err(format!("There is {name} {version}")),
            None => {
                return Err(format!("Write a version like {name}@{version} or {name}@{}", major(version)));
            }
        }
    }
    match package.module(wanted.path) {
        Some(Cow::Borrowed(module)) => Ok(module),
        Some(Cow::Owned(view)) => Ok(keep(view)),
        None => Err(of_package(package)),
    }
}

/// Keeps the modules that are made when a program asks for them, one for each name.
fn keep(view: Module) -> &'static Module {
    thread_local! {
        static MADE: RefCell<HashMap<String, &'static Module>> = RefCell::default();
    }
    MADE.with_borrow_mut(|made| *made.entry(view.name.clone()).or_insert_with(|| Box::leak(Box::new(view))))
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}

/// What can be imported of a package, for one who asked for something else of it.
fn of_package(package: &Package) -> String {
    let name = &package.about.name;
    let entries: Vec<&str> =
        package.modules.values().map(|module| module.name.as_str()).take(LISTED).collect();
    if entries.len() == 1 {
        format!("Import it from '{name}' itself")
    } else {
        format!("Of {name}, there are {}", entries.join(", "))
    }
}

/// The packages that there are.
fn packages(catalogue: &Catalogue, allowed: &Allowed) -> String {
    let mut names: Vec<&str> = catalogue
        .packages
        .values()
        .filter(|it| allowed.package(&it.about.name, &it.about.version))
        .map(|it| it.about.name.as_str())
        .collect();
    let more = if names.len() > LISTED { ", …" } else { "" };
    names.truncate(LISTED);
    if names.is_empty() { String::new() } else { format!("Packages here are {}{more}", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::policy::modules::rules;

    /// What tests of the loader find.
    pub static MODULES: LazyLock<Vec<Module>> = LazyLock::new(|| {
        let module = |name: &str, source, exports: &[&str]| Module {
            name: name.into(),
            version: None,
            source,
            exports: exports.iter().map(|name| (*name).to_owned()).collect(),
            compiled: None,
        };
        vec![
            module(
                "test:answer",
                "exports.answer = 42; exports.half = () => require('test:half')",
                &["answer", "half"],
            ),
            module("test:half", "module.exports = 21", &[]),
            module(
                "test:esm",
                "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = 'main'; \
                 exports.other = 'other'",
                &["other"],
            ),
            module(
                "test:throws",
                "function fail() { throw new Error('deep') } exports.fail = fail",
                &["fail"],
            ),
        ]
    });

    fn found(specifier: &str) -> &'static Module {
        match find(specifier, &Allowed::default()) {
            Lookup::Found(module) => module,
            Lookup::Refused(message) => panic!("{message}"),
        }
    }

    fn refused_by(rules_text: &str, specifier: &str) -> String {
        match find(specifier, &Allowed::new(&rules(rules_text).expect("rules"), None)) {
            Lookup::Found(module) => panic!("{specifier} is {}", module.name),
            Lookup::Refused(message) => message,
        }
    }

    fn refused(specifier: &str) -> String {
        refused_by("*", specifier)
    }

    #[test]
    fn one_module_has_many_names() {
        let version = found("lodash").version.clone().expect("a version");
        let parts: Vec<&str> = version.split('.').collect();
        for name in [
            "lodash".to_owned(),
            "npm:lodash".into(),
            format!("lodash@{}", parts[0]),
            format!("npm:lodash@{}.{}", parts[0], parts[1]),
            format!("lodash@{version}"),
            format!("lodash@^{}", parts[0]),
            "lodash@latest".into(),
        ] {
            assert!(std::ptr::eq(found(&name), found("lodash")), "{name}");
        }
        for (name, module) in [
            ("path", "node:path"),
            ("node:path", "node:path"),
            ("timers/promises", "node:timers/promises"),
            ("date-fns/locale", "date-fns/locale"),
            ("lodash@4/get", "lodash/get"),
        ] {
            assert_eq!(found(name).name, module);
        }
        assert!(std::ptr::eq(found("lodash/get"), found("npm:lodash@4/get.js")), "made once");
    }

    #[test]
    fn refusals_say_what_there_is() {
        let plain = |name: &str| format!("Module '{name}' is not available in this sandbox");
        for name in
            ["child_process", "vm", "worker_threads", "cluster", "dgram", "inspector", "v8", "node:nope"]
        {
            assert_eq!(refused(name), plain(name));
        }
        assert_eq!(refused("fs"), plain("fs") + ". Programs have no files");
        assert_eq!(refused("node:fs/promises"), plain("node:fs/promises") + ". Programs have no files");
        for name in ["http", "node:https", "http2", "net", "tls"] {
            assert_eq!(refused(name), plain(name) + ". Use fetch");
        }
        let version = found("lodash").version.clone().expect("a version");
        assert_eq!(refused("lodash@3"), plain("lodash@3") + &format!(". There is lodash {version}"));
        assert_eq!(
            refused("lodash@>3"),
            plain("lodash@>3") + &format!(". Write a version like lodash@{version} or lodash@4")
        );
        assert_eq!(refused("lodash/fp"), plain("lodash/fp") + ". Import it from 'lodash' itself");
        assert_eq!(refused("zod/v9"), plain("zod/v9") + ". Of zod, there are zod, zod/mini, zod/v3");
        assert_eq!(
            refused("left-pad"),
            plain("left-pad") + ". Packages here are axios, date-fns, lodash, lodash-es, uuid, zod"
        );
        for name in
            ["", "ext:core/mod.js", "/etc/passwd", "data:text/javascript,1", "__proto__", "node:__proto__"]
        {
            assert_eq!(refused(name), plain(name));
        }
        assert!(refused("constructor").starts_with(&plain("constructor")));
        assert!(refused(&"é".repeat(10_000)).chars().count() < 260);
    }

    #[test]
    fn what_is_not_allowed_is_refused() {
        let not = |name: &str| {
            format!(
                "Module '{name}' is not available in this sandbox. Whoever runs it does not allow this module"
            )
        };
        for name in ["lodash", "lodash/get", "node:crypto", "crypto", "npm:lodash@4"] {
            assert_eq!(refused_by("node:path, axios", name), not(name));
        }
        assert_eq!(refused_by("node:path", "left-pad"), "Module 'left-pad' is not available in this sandbox");
        assert!(refused_by("zod", "left-pad").ends_with("Packages here are zod"));
    }

    proptest! {
        #[test]
        fn no_specifier_makes_it_panic(text in "\\PC{0,60}", other in "(node:|npm:)?(lodash|@|path)[@/a-z0-9.^~-]{0,12}") {
            for text in [text, other] {
                match find(&text, &Allowed::default()) {
                    Lookup::Found(module) => prop_assert!(module.source.is_ascii()),
                    Lookup::Refused(message) => prop_assert!(message.contains("is not available in this sandbox")),
                }
            }
        }
    }
}
