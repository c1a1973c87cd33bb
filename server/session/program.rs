//! From what a request says of its program to a [`Submission`], or to words that say what is wrong with it.

use std::collections::HashSet;

use crate::protocol::browser::{Language, Mode, SourceFile};
use crate::protocol::runner::Submission;

/// The longest name of a file, in bytes.
const NAME_BYTES: usize = 100;
/// Extensions of files that can be run, in the order in which an entry file is looked for.
const RUNNABLE: [&str; 8] = ["ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts"];
/// The most of a name that is repeated to the client, in characters.
const SHOWN_CHARS: usize = 120;

/// The fields of a request that say what its program is.
pub struct Asked {
    pub source: Option<String>,
    pub files: Option<Vec<SourceFile>>,
    pub entry: Option<String>,
    pub language: Language,
    pub mode: Mode,
    pub export: Option<String>,
}

impl Asked {
    /// The program, which may have no more than `max_files` files.
    ///
    /// # Errors
    /// In words for a person.
    pub fn check(self, max_files: u32) -> Result<Submission, String> {
        let Self { source, files, entry, language, mode, export } = self;
        if export.is_some() && mode != Mode::Function {
            return Err("`export` names the function to call: send it with `\"mode\": \"function\"`.".into());
        }
        let files = match (source, files) {
            (Some(_), Some(_)) => return Err("Send either `source` or `files`, not both.".into()),
            (None, None) => {
                return Err("missing field `source`: send the program's text as `source`, or its files as \
                            `files`."
                    .into());
            }
            (Some(source), None) => {
                if entry.is_some() {
                    return Err("`entry` names one of `files`; leave it out with `source`.".into());
                }
                return Ok(Submission { export, ..Submission::of_source(source, language, mode) });
            }
            (None, Some(files)) => files,
        };
        if language != Language::default() {
            return Err(
                "`language` is that of `source`. Of `files` the names say it, as in `main.ts`: leave it \
                        out."
                    .into(),
            );
        }
        if files.is_empty() || files.len() > max_files as usize {
            return Err(format!("There are {} files; send 1 to {max_files}.", files.len()));
        }
        let mut names = HashSet::new();
        for file in &files {
            check_name(&file.name)?;
            if !names.insert(file.name.as_str()) {
                return Err(format!("There are two files named `{}`.", file.name));
            }
        }
        let entry = choose(&files, entry.as_deref())?;
        let name = &files[entry].name;
        if !is_runnable(name) {
            return Err(format!(
                "`{name}` can't be run. Name a file as `entry` that ends in .{}.",
                RUNNABLE.join(", .")
            ));
        }
        Ok(Submission { files, entry, mode, export })
    }
}

/// A name as it is shown in a message.
fn shown(name: &str) -> String {
    let short: String = name.chars().take(SHOWN_CHARS).collect();
    let cut = if short.len() < name.len() { "…" } else { "" };
    format!("`{}{cut}`", short.escape_debug())
}

fn check_name(name: &str) -> Result<(), String> {
    let is_segment = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    if name.len() > NAME_BYTES || !name.split('/').all(is_segment) {
        return Err(format!(
            "{} can't be the name of a file. Use a relative path such as `lib/sum.ts`: letters, digits, `_`, `.` and \
             `-`, at most {NAME_BYTES} characters.",
            shown(name)
        ));
    }
    Ok(())
}

fn is_runnable(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| RUNNABLE.contains(&extension))
}

/// Index of the file that is run.
fn choose(files: &[SourceFile], entry: Option<&str>) -> Result<usize, String> {
    let find = |name: &str| files.iter().position(|file| file.name == name);
    if let Some(name) = entry {
        return find(name).ok_or_else(|| {
            let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
            format!("`entry` is {}, which is none of the files: {}.", shown(name), names.join(", "))
        });
    }
    if files.len() == 1 {
        return Ok(0);
    }
    let usual = ["main", "index"]
        .into_iter()
        .flat_map(|stem| RUNNABLE.into_iter().map(move |extension| format!("{stem}.{extension}")))
        .find_map(|name| find(&name));
    Ok(usual.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(names: &[&str], entry: Option<&str>) -> Result<Submission, String> {
        let file = |name: &&str| SourceFile { name: (*name).to_owned(), content: String::new() };
        Asked {
            source: None,
            files: Some(names.iter().map(file).collect()),
            entry: entry.map(str::to_owned),
            language: Language::Javascript,
            mode: Mode::Auto,
            export: None,
        }
        .check(4)
    }

    #[test]
    fn an_entry_is_found_when_none_is_named() {
        for (names, entry) in [
            (&["a.js"][..], 0),
            (&["a.ts", "index.js", "main.js"], 2),
            (&["main.js", "main.ts"], 1),
            (&["a.ts", "lib/main.ts", "index.cts"], 2),
            (&["b.js", "a.js"], 0),
        ] {
            assert_eq!(asked(names, None).map(|it| it.entry), Ok(entry), "{names:?}");
        }
        assert_eq!(asked(&["a.js", "b.js"], Some("b.js")).map(|it| it.entry), Ok(1));
    }

    #[test]
    fn what_is_no_program_is_told_why() {
        for (names, entry, why) in [
            (&[][..], None, "There are 0 files; send 1 to 4."),
            (&["a.js", "b.js", "c.js", "d.js", "e.js"], None, "There are 5 files; send 1 to 4."),
            (&["a.js", "a.js"], None, "There are two files named `a.js`."),
            (&["a.js"], Some("b.js"), "`entry` is `b.js`, which is none of the files: a.js."),
            (&["a.json"], None, "`a.json` can't be run. Name a file as `entry` that ends in .ts, "),
            (&["Makefile"], None, "`Makefile` can't be run."),
        ] {
            let error = asked(names, entry).expect_err(why);
            assert!(error.starts_with(why), "{error}");
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in [
            "",
            "/a.js",
            "a//b.js",
            "../a.js",
            "a/../b.js",
            "./a.js",
            "a/.",
            "a.js/",
            "a\\b.js",
            "a b.js",
            "ä.js",
            "a\0.js",
            "..%2fa.js",
            "mayfly:a.js",
            "a.js\n",
        ] {
            let error = asked(&[name], None).expect_err(name);
            assert!(error.contains("can't be the name of a file"), "{error}");
        }
        assert!(asked(&[&"a".repeat(98)], None).expect_err("it can't be run").contains("can't be run"));
        assert!(
            asked(&[&format!("{}.js", "a".repeat(98))], None)
                .expect_err("too long")
                .contains("can't be the name")
        );
        assert!(asked(&["__proto__.js", "constructor.ts", "a..b/.c-d.js"], None).is_ok());
    }

    #[test]
    fn fields_that_contradict_each_other_are_refused() {
        let plain = || Asked {
            source: Some("1".into()),
            files: None,
            entry: None,
            language: Language::Typescript,
            mode: Mode::Auto,
            export: None,
        };
        let files = || Some(vec![SourceFile { name: "a.ts".into(), content: "1".into() }]);
        assert_eq!(plain().check(4).map(|it| it.files[0].name.clone()), Ok("main.ts".into()));
        for (asked, why) in [
            (Asked { source: None, ..plain() }, "missing field `source`"),
            (Asked { files: files(), ..plain() }, "not both"),
            (Asked { entry: Some("main.ts".into()), ..plain() }, "`entry` names one of `files`"),
            (Asked { source: None, files: files(), ..plain() }, "`language` is that of `source`"),
            (Asked { export: Some("f".into()), ..plain() }, "`export` names the function"),
        ] {
            let error = asked.check(4).expect_err(why);
            assert!(error.contains(why), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_name_panics(name in ".*", entry in proptest::option::of(".*")) {
            let _ = asked(&[&name], entry.as_deref());
        }
    }
}
