//! Modules that programs may import besides their own files: Node's and those of packages, allow-listed. None yet.

/// What a bare specifier leads to.
#[cfg_attr(not(test), expect(dead_code, reason = "there are no modules yet"))]
pub enum Lookup {
    /// A module.
    Found(&'static Module),
    /// Nothing that may be imported; the whole message.
    Refused(String),
}

/// A module as one CommonJS text, which may `require` others of the catalogue.
#[derive(Debug)]
#[expect(dead_code, reason = "nobody asks for versions yet")]
pub struct Module {
    /// Its name, without a version.
    pub name: String,
    /// The version of a package.
    pub version: Option<String>,
    /// CommonJS, in ASCII.
    pub source: &'static str,
    /// The names that `import` finds.
    pub exports: Vec<String>,
}

/// Which modules a run may import.
#[derive(Clone, Debug, Default)]
pub struct Allowed {}

/// The longest part of a specifier that a message repeats, in characters.
pub const SPECIFIER_CHARS: usize = 200;

/// The module that a program means by `specifier`.
pub fn find(specifier: &str, _: &Allowed) -> Lookup {
    #[cfg(test)]
    if let Some(module) = tests::MODULES.iter().find(|module| module.name == specifier) {
        return Lookup::Found(module);
    }
    let shown: String = specifier.chars().take(SPECIFIER_CHARS).collect();
    let cut = if shown.len() < specifier.len() { "…" } else { "" };
    Lookup::Refused(format!("Module '{shown}{cut}' is not available in this sandbox"))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    /// What tests find.
    pub static MODULES: LazyLock<Vec<Module>> = LazyLock::new(|| {
        let module = |name: &str, source, exports: &[&str]| Module {
            name: name.into(),
            version: None,
            source,
            exports: exports.iter().map(|name| (*name).to_owned()).collect(),
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

    #[test]
    fn a_refusal_names_the_module_and_is_bounded() {
        let refusal = |specifier: &str| match find(specifier, &Allowed::default()) {
            Lookup::Refused(message) => message,
            Lookup::Found(module) => module.name.clone(),
        };
        assert_eq!(refusal("fs"), "Module 'fs' is not available in this sandbox");
        assert!(refusal(&"é".repeat(10_000)).chars().count() < 260);
    }
}
