//! The modules that programs may import: Node's built-in ones and some packages, which the binary carries, and
//! packages that the operator has added to a folder. Each is one CommonJS text made by `web/modules/`; what a text
//! needs of other modules it asks for by `require("node:…")` or `require("npm:…")`.
//!
//! The server reads the catalogue to say what there is, the zygote to hand it to programs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};

mod compiled;
mod folder;
mod vendor;

use compiled::Compiled;
pub use vendor::{Added, add, remove};

/// `make web` builds what is in there.
#[derive(RustEmbed)]
#[folder = "static/dist"]
#[include = "modules/*"]
struct Files;

/// A text that programs can import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// What it is called: `node:path`, `lodash`, `date-fns/locale`.
    pub name: String,
    /// The package's version.
    pub version: Option<String>,
    /// CommonJS, in ASCII.
    pub source: &'static str,
    /// The names that `import` gets, without `default`.
    pub exports: Vec<String>,
    /// What V8 has made of the text, if it was there when Mayfly was built.
    pub compiled: Option<&'static [u8]>,
}

/// A package.
#[derive(Clone, Debug)]
pub struct Package {
    /// What is written down about it.
    pub about: Manifest,
    /// Whether the operator has added it.
    pub added: bool,
    /// Its modules by path; the package's own has none.
    pub modules: BTreeMap<String, Module>,
    /// Type declarations: gzipped JSON with an object `files`, from paths to texts.
    pub types: Option<&'static [u8]>,
}

/// A package's `module.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// As npm has it.
    pub name: String,
    /// As npm has it.
    pub version: String,
    /// As the package says it.
    pub license: String,
    /// As the package says it.
    pub description: String,
    /// Modules with texts of their own.
    entries: Vec<Entry>,
    /// Other paths that can be had.
    pub views: BTreeMap<String, View>,
    /// The packages in the bundle, itself included.
    pub packages: Vec<Bundled>,
    /// The texts of their licences.
    licenses: FileOf,
    /// Type declarations.
    types: Option<FileOf>,
}

/// A module's text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: String,
    file: String,
    sha256: String,
    bytes: u64,
    exports: Vec<String>,
}

/// A file beside `module.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileOf {
    file: String,
    sha256: String,
    bytes: u64,
}

/// A package in a bundle.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundled {
    /// As npm has it.
    pub name: String,
    /// As npm has it.
    pub version: String,
    /// As the package says it.
    pub license: String,
    /// The hash of the package's archive, which npm has compared with the registry's.
    pub integrity: Option<String>,
}

/// A path in a package that leads to what a module exports: the module's path, its exports, and how they are exported.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct View(String, Vec<String>, Form);

/// How a view exports what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// It is `module.exports` itself.
    Function,
    /// As the default export.
    Default,
    /// By their names, and the first as the default export.
    Named,
    /// The view is the module.
    Whole,
}

/// The embedded catalogue.json.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    builtins: Vec<Builtin>,
    packages: Vec<String>,
    types: FileOf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Builtin {
    name: String,
    file: String,
    sha256: String,
    #[serde(rename = "bytes")]
    _bytes: u64,
    exports: Vec<String>,
}

/// What programs can import, before anybody narrows it.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// By name, without `node:`.
    pub builtins: BTreeMap<String, Module>,
    /// By name.
    pub packages: BTreeMap<String, Package>,
    /// Type declarations of the built-in modules.
    pub builtin_types: Option<&'static [u8]>,
}

impl Catalogue {
    /// What the binary carries.
    ///
    /// # Errors
    /// When it was built without.
    pub fn embedded() -> Result<Self, String> {
        Self::read_embedded().map_err(|error| {
            format!("This binary was built without its modules ({error}). Run `make build`.")
        })
    }

    fn read_embedded() -> Result<Self, String> {
        let index: Index = from_json("catalogue.json", embedded("catalogue.json")?)?;
        let mut catalogue = Self { builtin_types: Some(embedded(&index.types.file)?), ..Self::default() };
        let compiled = Compiled::load();
        for Builtin { name, file, sha256, exports, .. } in index.builtins {
            let source = ascii(&file, embedded(&file)?)?;
            let plain = name.strip_prefix("node:").unwrap_or(&name).to_owned();
            let compiled = compiled.of(&sha256);
            catalogue.builtins.insert(plain, Module { name, version: None, source, exports, compiled });
        }
        for folder in index.packages {
            let read = |file: &str| embedded(&format!("packages/{folder}/{file}"));
            let about: Manifest = from_json("module.json", read("module.json")?)?;
            let package = Package::new(about, false, |file| read(&file.file))?;
            catalogue.packages.insert(package.about.name.clone(), package);
        }
        Ok(catalogue)
    }

    /// What the binary carries, and the packages in the operator's folder, which stand before those of the same name.
    ///
    /// # Errors
    /// When the folder can't be read, or something in it is broken. Says what and where.
    pub fn load(folder: Option<&Path>) -> Result<Self, String> {
        let (catalogue, broken) = Self::load_what_there_is(folder)?;
        match broken.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(catalogue),
        }
    }

    /// As [`Catalogue::load`], but leaves out what is broken. Says what that is.
    ///
    /// # Errors
    /// When the binary has no modules.
    pub fn load_what_there_is(folder: Option<&Path>) -> Result<(Self, Vec<String>), String> {
        let mut catalogue = Self::embedded()?;
        let mut broken = Vec::new();
        let packages = match folder.map(folder::read) {
            None => Vec::new(),
            Some(Ok(packages)) => packages,
            Some(Err(error)) => vec![Err(error)],
        };
        for package in packages {
            match package {
                Ok(package) => drop(catalogue.packages.insert(package.about.name.clone(), package)),
                Err(error) => broken.push(error),
            }
        }
        Ok((catalogue, broken))
    }
}

impl Package {
    /// A package of which `about` tells, whose files `read` gives.
    fn new(
        about: Manifest,
        added: bool,
        read: impl Fn(&FileOf) -> Result<&'static [u8], String>,
    ) -> Result<Self, String> {
        let mut modules = BTreeMap::new();
        let compiled = Compiled::load();
        for Entry { path, file, sha256, bytes, exports } in &about.entries {
            let name = if path.is_empty() { about.name.clone() } else { format!("{}/{path}", about.name) };
            let place = FileOf { file: file.clone(), sha256: sha256.clone(), bytes: *bytes };
            let source = ascii(file, read(&place)?)?;
            let exports = exports.clone();
            let version = Some(about.version.clone());
            let compiled = compiled.of(sha256);
            modules.insert(path.clone(), Module { name, version, source, exports, compiled });
        }
        if !modules.contains_key("") {
            return Err("the package has no module of its own".to_owned());
        }
        for (path, View(entry, members, form)) in &about.views {
            let exports = modules.get(entry).map_or(&[][..], |module| &module.exports);
            let known = members.iter().all(|member| exports.contains(member) && is_identifier(member));
            if !known || members.is_empty() != (*form == Form::Whole) || !modules.contains_key(entry) {
                return Err(format!("the path {path:?} leads nowhere"));
            }
        }
        let types = about.types.as_ref().map(&read).transpose()?;
        Ok(Self { about, added, modules, types })
    }

    /// What can be had under this path, if anything.
    pub fn module(&self, path: &str) -> Option<Cow<'_, Module>> {
        // Files of packages often go by their whole names.
        [path, path.strip_suffix(".js").unwrap_or(path)].into_iter().find_map(|path| {
            self.modules.get(path).map(Cow::Borrowed).or_else(|| self.view(path).map(Cow::Owned))
        })
    }

    fn view(&self, path: &str) -> Option<Module> {
        let View(entry, members, form) = self.about.views.get(path)?;
        let module = self.modules.get(entry)?;
        let from = format!("require(\"npm:{}\")", module.name);
        let es = "Object.defineProperty(exports, \"__esModule\", { value: true });";
        let first = members.first().map_or("", String::as_str);
        let (source, exports) = match form {
            Form::Function => (format!("module.exports = {from}.{first};"), Vec::new()),
            Form::Default => (format!("{es} exports.default = {from}.{first};"), Vec::new()),
            Form::Named => {
                let all: Vec<String> = members.iter().map(|it| format!("exports.{it} = all.{it};")).collect();
                let all = all.join(" ");
                (format!("{es} const all = {from}; {all} exports.default = all.{first};"), members.clone())
            }
            Form::Whole => (format!("module.exports = {from};"), module.exports.clone()),
        };
        let name = format!("{}/{path}", self.about.name);
        // One text for each path that a program asks for: whoever holds the catalogue keeps what was made.
        let (version, source) = (module.version.clone(), source.leak());
        Some(Module { name, version, source, exports, compiled: None })
    }
}

/// The bytes of an embedded file.
fn embedded(file: &str) -> Result<&'static [u8], String> {
    let found = Files::get(&format!("modules/{file}")).ok_or_else(|| format!("there is no {file}"))?;
    Ok(match found.data {
        Cow::Borrowed(bytes) => bytes,
        Cow::Owned(bytes) => bytes.leak(),
    })
}

fn from_json<T: serde::de::DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| format!("{file} can't be read: {error}"))
}

/// V8 takes such a text as it is, without a copy.
fn ascii(file: &str, bytes: &'static [u8]) -> Result<&'static str, String> {
    std::str::from_utf8(bytes)
        .ok()
        .filter(|text| text.is_ascii())
        .ok_or_else(|| format!("{file} is not ASCII"))
}

/// Whether `name` can follow a dot in JavaScript.
fn is_identifier(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_$".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_carries_its_modules() {
        let catalogue = Catalogue::embedded().expect("they were built");
        for name in [
            "url",
            "crypto",
            "util",
            "events",
            "path",
            "buffer",
            "assert",
            "querystring",
            "string_decoder",
            "punycode",
            "timers",
            "timers/promises",
            "stream",
            "stream/promises",
            "stream/web",
            "path/posix",
            "util/types",
            "assert/strict",
            "os",
            "process",
        ] {
            assert_eq!(catalogue.builtins.get(name).map(|it| it.name.clone()), Some(format!("node:{name}")));
        }
        for name in ["axios", "lodash", "lodash-es", "date-fns", "zod", "uuid"] {
            let package = &catalogue.packages[name];
            assert!(!package.about.license.is_empty() && package.types.is_some(), "{name}");
            assert!(package.about.packages.iter().all(|it| it.integrity.is_some()), "{name}");
        }
        assert!(catalogue.builtin_types.is_some());
    }

    #[test]
    fn paths_in_a_package_lead_to_what_it_exports() {
        let catalogue = Catalogue::embedded().expect("they were built");
        let source = |package: &str, path: &str| {
            catalogue.packages[package].module(path).map(|it| it.source.to_owned())
        };
        assert_eq!(source("lodash", "get").as_deref(), Some("module.exports = require(\"npm:lodash\").get;"));
        assert_eq!(source("lodash", "get.js"), source("lodash", "get"));
        assert!(source("lodash-es", "debounce").expect("there").contains("exports.default = require"));
        assert!(source("date-fns", "format").expect("there").contains("exports.format = all.format"));
        assert!(source("date-fns", "locale/fr").expect("there").contains("exports.fr = all.fr"));
        assert!(source("date-fns", "locale").expect("there").len() > 10_000);
        assert_eq!(source("zod", "v4").as_deref(), Some("module.exports = require(\"npm:zod\");"));
        for path in ["fp", "__proto__", "constructor", "../get", "get.js.js"] {
            assert_eq!(source("lodash", path), None, "{path}");
        }
    }
}
