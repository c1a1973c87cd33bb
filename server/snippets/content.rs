//! What a snippet holds, what makes one, and what is checked before it is kept. The words are those of a run.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{Recording, Reference};

/// The longest title, in characters.
pub const TITLE_CHARS: usize = 200;
/// The longest name of a file, in bytes.
pub const NAME_BYTES: usize = 100;
/// The longest name of an export, in characters.
pub const EXPORT_CHARS: usize = 200;
/// The most answers to prompts.
pub const STDIN_LINES: usize = 1_000;
/// The shortest life of a snippet, in seconds: it ends to the minute.
pub const SHORTEST_LIFE: u64 = 60;
/// The longest life that can be asked for, in seconds: 100 years. Whoever wants more asks for none.
pub const LONGEST_LIFE: u64 = 3_155_760_000;

/// One file of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SnippetFile)]
pub struct File {
    /// A relative path: segments of letters, digits, `_`, `.` and `-`, joined by `/`.
    #[schema(
        max_length = 100,
        pattern = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$",
        example = "main.ts"
    )]
    pub name: String,
    /// Its text.
    pub content: String,
}

/// What a program is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SnippetLanguage)]
pub enum Language {
    /// ECMAScript.
    #[default]
    Javascript,
    /// TypeScript.
    Typescript,
    /// JavaScript with JSX.
    Jsx,
    /// TypeScript with JSX.
    Tsx,
}

impl Language {
    /// What the names of its files end in.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Javascript => "js",
            Self::Typescript => "ts",
            Self::Jsx => "jsx",
            Self::Tsx => "tsx",
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Javascript => "JavaScript",
            Self::Typescript => "TypeScript",
            Self::Jsx => "JSX",
            Self::Tsx => "TSX",
        }
    }
}

/// How a program is evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SnippetMode)]
pub enum Mode {
    /// As its text says.
    #[default]
    Auto,
    /// A classic script.
    Script,
    /// An ES module.
    Module,
    /// A CommonJS module.
    Commonjs,
    /// A module whose function is called.
    Function,
}

/// A program with all that it is run with.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = SnippetContent)]
pub struct Content {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub title: Option<String>,
    /// Its text, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub source: Option<String>,
    /// Its files, where it has some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub files: Option<Vec<File>>,
    /// Which of the files is the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub entry: Option<String>,
    /// What `source` is written in.
    #[serde(default)]
    pub language: Language,
    /// How it is evaluated.
    #[serde(default)]
    pub mode: Mode,
    /// The export that is called, in mode `function`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub export: Option<String>,
    /// Its `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub input: Option<Box<RawValue>>,
    /// Answers to its prompts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub stdin: Option<Vec<String>>,
}

/// A program to share.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewSnippet {
    /// What to call it.
    #[schema(max_length = 200)]
    pub title: Option<String>,
    /// The program's text. Either this or `files`.
    #[schema(example = "console.log('hello')")]
    pub source: Option<String>,
    /// The program's files.
    #[schema(min_items = 1, max_items = 32)]
    pub files: Option<Vec<File>>,
    /// Which of the files is the program. Default: the only one, else `main.*`, else `index.*`, else the first.
    pub entry: Option<String>,
    /// What `source` is written in. Default `javascript`.
    pub language: Language,
    /// How the program is evaluated. Default `auto`.
    pub mode: Mode,
    /// In mode `function`: the export to call. Default: the default export.
    #[schema(max_length = 200)]
    pub export: Option<String>,
    /// Any JSON: the program's `input`, in mode `function` the function's argument.
    #[schema(value_type = Option<serde_json::Value>)]
    pub input: Option<Box<RawValue>>,
    /// Answers to the program's prompts.
    #[schema(max_items = 1000)]
    pub stdin: Option<Vec<String>>,
    /// What the program did when it was run: shown to whoever opens the link.
    pub output: Option<Recording>,
    /// How many seconds it is kept. Default: for ever, or as long as the server keeps any.
    #[schema(minimum = 60, maximum = 3_155_760_000_u64)]
    pub expires_in: Option<u64>,
    /// The snippet that it was made from: `id` or `id@version`.
    #[schema(value_type = Option<String>, pattern = "^[1-9A-HJ-NP-Za-km-z]{12}(@[1-9][0-9]{0,8})?$")]
    pub parent: Option<Reference>,
}

/// What a new version has anew. What is absent stays as it is, and `null` takes it away; `output` goes when the
/// program changes.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = SnippetRevision)]
pub struct Revision {
    /// See [`NewSnippet::title`].
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 200)]
    pub title: Option<Option<String>>,
    /// The program's text, instead of what there was.
    pub source: Option<String>,
    /// The program's files, instead of what there was.
    #[schema(min_items = 1, max_items = 32)]
    pub files: Option<Vec<File>>,
    /// See [`NewSnippet::entry`].
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub entry: Option<Option<String>>,
    /// See [`NewSnippet::language`].
    pub language: Option<Language>,
    /// See [`NewSnippet::mode`].
    pub mode: Option<Mode>,
    /// See [`NewSnippet::export`].
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 200)]
    pub export: Option<Option<String>>,
    /// See [`NewSnippet::input`].
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub input: Option<Option<Box<RawValue>>>,
    /// See [`NewSnippet::stdin`].
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>, max_items = 1000)]
    pub stdin: Option<Option<Vec<String>>>,
    /// See [`NewSnippet::output`].
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Recording>)]
    pub output: Option<Option<Recording>>,
    /// How many seconds the snippet is kept from now on, in all its versions.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u64>, minimum = 60, maximum = 3_155_760_000_u64)]
    pub expires_in: Option<Option<u64>>,
}

/// Tells a field that is `null` from one that is absent.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The bounds of a program.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Of all its text together, and of its input, in bytes.
    pub source_bytes: u64,
    /// How many files it may have.
    pub files: usize,
}

/// What is wrong with a program: in words, and whether it is merely too much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It makes no sense.
    Invalid(String),
    /// It is over a bound.
    TooLarge(String),
}

fn invalid<T>(words: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::Invalid(words.into()))
}

impl Content {
    /// Puts right what can be, and checks the rest.
    ///
    /// # Errors
    /// In words for a person.
    pub fn check(mut self, bounds: Bounds) -> Result<Self, Wrong> {
        self.title = self.title.map(|title| title.trim().to_owned()).filter(|title| !title.is_empty());
        if let Some(title) = &self.title {
            let long = title.chars().count();
            if long > TITLE_CHARS {
                return Err(Wrong::TooLarge(format!(
                    "The title has {long} characters; at most {TITLE_CHARS} are allowed. Shorten it."
                )));
            }
            if title.chars().any(char::is_control) {
                return invalid("The title has line breaks or other control characters. Leave them out.");
            }
        }
        self.check_program(bounds)?;
        if let Some(export) = &self.export
            && (export.is_empty()
                || export.chars().count() > EXPORT_CHARS
                || export.chars().any(char::is_control))
        {
            return invalid(format!(
                "`export` is no name of an export: write one of 1 to {EXPORT_CHARS} characters, or leave it out."
            ));
        }
        let input = self.input.as_ref().map_or(0, |input| input.get().len());
        self.within("input", input, bounds)?;
        if let Some(stdin) = &self.stdin {
            if stdin.len() > STDIN_LINES {
                return Err(Wrong::TooLarge(format!(
                    "`stdin` has {} answers; at most {STDIN_LINES} are allowed.",
                    stdin.len()
                )));
            }
            self.within("stdin", stdin.iter().map(String::len).sum(), bounds)?;
        }
        Ok(self)
    }

    fn check_program(&self, bounds: Bounds) -> Result<(), Wrong> {
        let files = match (&self.source, &self.files) {
            (Some(_), Some(_)) => {
                return invalid("There are both `source` and `files`. Send the program as one of them.");
            }
            (None, None) => return invalid("There is no program. Send it as `source`, or as `files`."),
            (Some(source), None) => {
                if self.entry.is_some() {
                    return invalid(
                        "`entry` says which of several files is the program: it goes with `files`.",
                    );
                }
                return self.within("source", source.len(), bounds);
            }
            (None, Some(files)) => files,
        };
        if files.is_empty() {
            return invalid("`files` is empty. Send at least one, or the program as `source`.");
        }
        if files.len() > bounds.files {
            return Err(Wrong::TooLarge(format!(
                "There are {} files; at most {} are allowed. Put some of them together.",
                files.len(),
                bounds.files
            )));
        }
        let mut names = HashSet::new();
        for File { name, .. } in files {
            if !is_name(name) {
                let name: String = name.chars().take(NAME_BYTES).collect();
                return invalid(format!(
                    "{name:?} is no name of a file. Write a relative path of at most {NAME_BYTES} letters, digits, \
                     `_`, `.` and `-`, with `/` between folders, like lib/math.ts."
                ));
            }
            if !names.insert(name) {
                return invalid(format!(
                    "There are two files called {name:?}. Give one of them another name."
                ));
            }
        }
        if let Some(entry) = self.entry.as_ref().filter(|entry| !names.contains(entry)) {
            let entry: String = entry.chars().take(NAME_BYTES).collect();
            return invalid(format!("`entry` is {entry:?}, and no file is called that."));
        }
        self.within("files", files.iter().map(|file| file.content.len()).sum(), bounds)
    }

    fn within(&self, what: &str, bytes: usize, bounds: Bounds) -> Result<(), Wrong> {
        if bytes as u64 <= bounds.source_bytes {
            return Ok(());
        }
        let most = bounds.source_bytes;
        Err(Wrong::TooLarge(format!("`{what}` takes {bytes} bytes; at most {most} are allowed. Send less.")))
    }

    /// The files of the program, the one that is run first: one without files has one, named after its language.
    pub fn listing(&self) -> Vec<(String, &str)> {
        if let Some(source) = &self.source {
            return vec![(format!("main.{}", self.language.extension()), source)];
        }
        let mut all: Vec<_> =
            self.files.iter().flatten().map(|it| (it.name.clone(), it.content.as_str())).collect();
        if let Some(at) = self.entry_at() {
            let entry = all.remove(at);
            all.insert(0, entry);
        }
        all
    }

    /// Which of the files is run.
    fn entry_at(&self) -> Option<usize> {
        let files = self.files.as_ref()?;
        if let Some(entry) = &self.entry {
            return files.iter().position(|file| file.name == *entry);
        }
        const ENDINGS: [&str; 8] = ["ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts"];
        let called = |stem: &str| {
            ENDINGS.iter().find_map(|end| files.iter().position(|file| file.name == format!("{stem}.{end}")))
        };
        called("main").or_else(|| called("index")).or((!files.is_empty()).then_some(0))
    }
}

/// Whether `name` may be the name of a file.
fn is_name(name: &str) -> bool {
    let is_digit = |it: u8| it.is_ascii_alphanumeric() || b"_.-".contains(&it);
    name.len() <= NAME_BYTES
        && name.split('/').all(|part| !matches!(part, "" | "." | "..") && part.bytes().all(is_digit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Bounds = Bounds { source_bytes: 100, files: 3 };

    fn check(json: serde_json::Value) -> Result<Content, Wrong> {
        serde_json::from_value::<Content>(json).expect("the shape is right").check(BOUNDS)
    }

    fn files(names: &[&str]) -> serde_json::Value {
        let files: Vec<_> =
            names.iter().map(|name| serde_json::json!({"name": name, "content": "1"})).collect();
        serde_json::json!({ "files": files })
    }

    #[test]
    fn a_program_is_one_text_or_files() {
        assert!(check(serde_json::json!({"source": ""})).is_ok());
        assert!(check(files(&["a/b-c_d.e.ts", ".x", "..."])).is_ok());
        for (json, words) in [
            (serde_json::json!({}), "no program"),
            (serde_json::json!({"source": "", "files": []}), "both `source` and `files`"),
            (serde_json::json!({"files": []}), "`files` is empty"),
            (serde_json::json!({"source": "", "entry": "main.js"}), "goes with `files`"),
            (files(&["a", "a"]), "two files called"),
            (files(&["../a"]), "no name of a file"),
            (
                serde_json::json!({"files": [{"name": "a", "content": ""}], "entry": "b"}),
                "no file is called that",
            ),
            (serde_json::json!({"source": "", "title": "a\nb"}), "control characters"),
            (serde_json::json!({"source": "", "export": ""}), "no name of an export"),
        ] {
            let wrong = check(json).expect_err(words);
            assert!(matches!(&wrong, Wrong::Invalid(it) if it.contains(words)), "{wrong:?}");
        }
    }

    #[test]
    fn each_bound_is_told() {
        for (json, words) in [
            (serde_json::json!({"source": "x".repeat(101)}), "`source` takes 101 bytes; at most 100"),
            (serde_json::json!({"source": "", "input": "x".repeat(99)}), "`input` takes 101 bytes"),
            (
                serde_json::json!({"source": "", "stdin": ["x".repeat(51), "x".repeat(50)]}),
                "`stdin` takes 101",
            ),
            (serde_json::json!({"source": "", "stdin": vec![""; 1_001]}), "1001 answers; at most 1000"),
            (serde_json::json!({"source": "", "title": "é".repeat(201)}), "201 characters; at most 200"),
            (files(&["a", "b", "c", "d"]), "4 files; at most 3"),
            (
                serde_json::json!({"files": [
                    {"name": "a", "content": "x".repeat(60)}, {"name": "b", "content": "x".repeat(60)},
                ]}),
                "`files` takes 120 bytes",
            ),
        ] {
            let wrong = check(json).expect_err(words);
            assert!(matches!(&wrong, Wrong::TooLarge(it) if it.contains(words)), "{wrong:?}");
        }
    }

    #[test]
    fn the_program_stands_first() {
        let first = |json| check(json).expect("right").listing()[0].0.clone();
        assert_eq!(first(serde_json::json!({"source": "1", "language": "tsx"})), "main.tsx");
        assert_eq!(first(files(&["a.js", "index.js", "main.mjs"])), "main.mjs");
        assert_eq!(first(files(&["a.js", "index.cts"])), "index.cts");
        assert_eq!(first(files(&["a.js", "b.js"])), "a.js");
        let mut chosen = files(&["a.js", "main.js"]);
        chosen["entry"] = "a.js".into();
        assert_eq!(first(chosen), "a.js");
    }

    #[test]
    fn a_title_of_nothing_is_none() {
        assert_eq!(check(serde_json::json!({"source": "", "title": "  "})).expect("right").title, None);
        assert_eq!(
            check(serde_json::json!({"source": "", "title": " a "})).expect("right").title.as_deref(),
            Some("a")
        );
    }

    #[test]
    fn null_takes_away_and_nothing_leaves() {
        let revision: Revision = serde_json::from_str(r#"{"title":null,"input":{"a":1}}"#).expect("right");
        assert_eq!((revision.title, revision.entry), (Some(None), None));
        assert_eq!(revision.input.flatten().expect("an input").get(), r#"{"a":1}"#);
    }

    proptest! {
        #[test]
        fn names_stay_where_they_are(name in "[a.\\-_/\\\\~% ]{0,12}") {
            if is_name(&name) {
                prop_assert!(!name.starts_with('/') && !name.contains('\\'));
                prop_assert!(name.split('/').all(|part| part != ".." && part != "." && !part.is_empty()));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = serde_json::from_str::<NewSnippet>(&text);
            let _ = is_name(&text);
        }
    }
}
