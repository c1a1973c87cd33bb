//! A program's files, and where a specifier leads among them. No disk is ever looked at.

use std::cell::{OnceCell, RefCell};

use super::super::catalogue::{self, Allowed, Lookup, SPECIFIER_CHARS};
use super::super::inspect::Place;
use super::super::program::{Program, Syntax, Want};
use crate::protocol::browser::{Mode, SourceFile};
use crate::protocol::runner::Submission;

/// Extensions that a specifier may leave out, in the order in which they are tried.
const EXTENSIONS: [&str; 9] = ["ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts", "json"];
/// Extensions of JavaScript, with those of the TypeScript that it is made from: `./a.js` may mean `a.ts`.
const SOURCES: [(&str, &[&str]); 4] =
    [(".js", &["ts", "tsx"]), (".jsx", &["tsx"]), (".mjs", &["mts"]), (".cjs", &["cts"])];
/// The most files that a message lists.
const LISTED: usize = 32;

/// The files of a program.
pub struct Files {
    files: Vec<File>,
    entry: usize,
    mode: Mode,
}

struct File {
    name: String,
    /// Taken when it is read.
    content: RefCell<String>,
    program: OnceCell<Program>,
}

/// Where a specifier leads.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// To the file of that number.
    File(usize),
    /// To a module of the catalogue.
    Catalogue(&'static catalogue::Module),
}

impl Files {
    /// The files of `program`.
    pub fn new(program: Submission) -> Self {
        let Submission { files, entry, mode, export: _ } = program;
        let file = |SourceFile { name, content }| File {
            name,
            content: RefCell::new(content),
            program: OnceCell::new(),
        };
        Self { files: files.into_iter().map(file).collect(), entry, mode }
    }

    /// Number of the file that is run.
    pub fn entry(&self) -> usize {
        self.entry
    }

    /// The name of a file.
    pub fn name(&self, file: usize) -> &str {
        self.files.get(file).map_or("", |file| &file.name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// The file of that name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.files.iter().position(|file| file.name == name)
    }

    /// Whether a file is JSON.
    pub fn is_json(&self, file: usize) -> bool {
        self.name(file).ends_with(".json")
    }

    /// The text of a file that is not run.
    pub fn json(&self, file: usize) -> String {
        self.files.get(file).map(|file| file.content.borrow().clone()).unwrap_or_default()
    }

    /// A file as a program, read when it is first asked for; `None` if it is none.
    pub fn program(&self, index: usize) -> Option<&Program> {
        let file = self.files.get(index)?;
        let syntax = Syntax::of(&file.name)?;
        Some(file.program.get_or_init(|| {
            let source = file.content.take();
            let is_entry = index == self.entry;
            let want =
                if is_entry { Want::of_entry(&file.name, self.mode) } else { Want::of_imported(&file.name) };
            let captures = is_entry && self.mode != Mode::Function;
            super::super::stack::watched(|| Program::new(source, syntax, want, captures))
        }))
    }

    /// The visitor's place for a position of a script's; both count from 1.
    pub fn locate(&self, script: &str, line: u32, column: u32) -> Option<Place> {
        let index = self.find(script)?;
        let point = match self.files[index].program.get() {
            Some(program) => program.original(line, column)?,
            None => super::super::program::text::Point { line, column },
        };
        let file = (index != self.entry).then(|| script.to_owned());
        Some(Place { file, line: point.line, column: point.column })
    }

    /// Where `specifier` leads from a file, or from a module of the catalogue.
    ///
    /// # Errors
    /// In words, when it leads nowhere.
    pub fn resolve(&self, from: Option<usize>, specifier: &str, allowed: &Allowed) -> Result<Target, String> {
        let is_path = specifier.starts_with("./")
            || specifier.starts_with("../")
            || specifier.starts_with('/')
            || matches!(specifier, "." | "..");
        let path = if is_path { Some(specifier) } else { specifier.strip_prefix("file://") };
        let (Some(path), Some(from)) = (path, from) else {
            return match catalogue::find(specifier, allowed) {
                Lookup::Found(module) => Ok(Target::Catalogue(module)),
                Lookup::Refused(message) => Err(message),
            };
        };
        let shown = shown(specifier);
        let Some(path) = joined(self.name(from), path) else {
            return Err(format!("{shown} leads out of the program's files"));
        };
        self.choose(&path).map(Target::File).ok_or_else(|| {
            let names: Vec<&str> = self.files.iter().take(LISTED).map(|file| file.name.as_str()).collect();
            let more = if self.files.len() > LISTED { ", …" } else { "" };
            format!("There is no file {shown}; the program's files are {}{more}", names.join(", "))
        })
    }

    /// The file that `path` means, with or without its extension.
    fn choose(&self, path: &str) -> Option<usize> {
        let with = |stem: &str, extensions: &[&str]| {
            extensions.iter().find_map(|extension| self.find(&format!("{stem}.{extension}")))
        };
        if !path.is_empty() && !path.ends_with('/') {
            let source =
                || SOURCES.iter().find_map(|(compiled, sources)| with(path.strip_suffix(compiled)?, sources));
            let file = self.find(path).or_else(|| with(path, &EXTENSIONS)).or_else(source);
            if file.is_some() {
                return file;
            }
        }
        let folder = path.trim_end_matches('/');
        with(&if folder.is_empty() { "index".to_owned() } else { format!("{folder}/index") }, &EXTENSIONS)
    }
}

/// A specifier as it is shown in a message.
pub fn shown(specifier: &str) -> String {
    let short: String = specifier.chars().take(SPECIFIER_CHARS).collect();
    let cut = if short.len() < specifier.len() { "…" } else { "" };
    format!("'{}{cut}'", short.escape_debug())
}

/// The path that `path` leads to from the folder of the file `from`; `None` if it leads out.
fn joined(from: &str, path: &str) -> Option<String> {
    let mut segments: Vec<&str> = match path.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => from.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect(),
    };
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            segment => segments.push(segment),
        }
    }
    let is_folder = matches!(path.rsplit('/').next(), Some("" | "." | ".."));
    let folder = if is_folder && !segments.is_empty() { "/" } else { "" };
    Some(segments.join("/") + folder)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn files(names: &[&str]) -> Files {
        let file = |name: &&str| SourceFile { name: (*name).to_owned(), content: String::new() };
        let files = names.iter().map(file).collect();
        Files::new(Submission { files, ..Submission::default() })
    }

    #[test]
    fn specifiers_lead_where_node_and_typescript_have_them_lead() {
        let files = files(&[
            "main.ts",
            "lib/a.ts",
            "lib/b.js",
            "lib/index.js",
            "c.mts",
            "data.json",
            "a.b.ts",
            "lib.js",
            "x.js",
            "x.ts",
        ]);
        for (from, specifier, to) in [
            ("main.ts", "./lib/a.ts", "lib/a.ts"),
            ("main.ts", "./lib/a", "lib/a.ts"),
            ("main.ts", "./lib/a.js", "lib/a.ts"),
            ("main.ts", "./lib", "lib.js"),
            ("main.ts", "./lib/", "lib/index.js"),
            ("main.ts", "./c.mjs", "c.mts"),
            ("main.ts", "./data", "data.json"),
            ("main.ts", "./a.b", "a.b.ts"),
            ("main.ts", "./x.js", "x.js"),
            ("main.ts", "./x", "x.ts"),
            ("lib/a.ts", "../main", "main.ts"),
            ("lib/a.ts", ".", "lib/index.js"),
            ("lib/a.ts", "./././b.js", "lib/b.js"),
            ("lib/a.ts", "../lib/../lib/b", "lib/b.js"),
            ("lib/a.ts", "/main.ts", "main.ts"),
            ("lib/a.ts", "file:///lib/b.js", "lib/b.js"),
        ] {
            let from = files.find(from);
            match files.resolve(from, specifier, &Allowed::default()) {
                Ok(Target::File(file)) => assert_eq!(files.name(file), to, "{specifier}"),
                other => panic!("{specifier}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_leads_nowhere_is_told_why() {
        let files = files(&["main.js", "lib/a.js"]);
        for (from, specifier, why) in [
            ("main.js", "../x", "'../x' leads out of the program's files"),
            ("lib/a.js", "../../main.js", "'../../main.js' leads out of the program's files"),
            ("main.js", "/../main.js", "'/../main.js' leads out of the program's files"),
            ("main.js", "./b", "There is no file './b'; the program's files are main.js, lib/a.js"),
            ("main.js", "./..%2fmain.js", "There is no file './..%2fmain.js'"),
            ("main.js", "./__proto__", "There is no file './__proto__'"),
            ("main.js", "./a\0.js", "There is no file './a\\0.js'"),
            ("main.js", ".", "There is no file '.'"),
            ("main.js", "", "Module '' is not available in this sandbox"),
            ("main.js", "main.js", "Module 'main.js' is not available in this sandbox"),
            ("main.js", "https://example.com/a.js", "Module 'https://example.com/a.js' is not available"),
            ("main.js", "constructor", "Module 'constructor' is not available in this sandbox"),
        ] {
            let error = files.resolve(files.find(from), specifier, &Allowed::default()).expect_err(specifier);
            assert!(error.starts_with(why), "{error}");
        }
        assert!(files.resolve(None, "./main.js", &Allowed::default()).is_err(), "the catalogue has no files");
    }

    proptest! {
        #[test]
        fn no_specifier_panics_or_leads_out(specifier in "[./a\\\\%\\PC]{0,30}") {
            let files = files(&["main.js", "lib/a.js"]);
            for from in 0..2 {
                if let Ok(Target::File(file)) = files.resolve(Some(from), &specifier, &Allowed::default()) {
                    prop_assert!(file < 2);
                }
            }
        }
    }
}
