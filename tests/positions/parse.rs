//! How the programs are written, one after the other in a file:
//!
//! ```text
//! ==== what it is [language] [mode]
//! ---- lib/a.ts             (a file of its own; without one, all of it is `source`)
//! const a: number = b◀throws▶oom()
//! ```
//!
//! `◀name▶` marks the character before it as a place, and is taken out: `◀log▶` of a console call, `◀throws▶` of the
//! error's innermost frame, `◀frame1▶` and so on of those around it, `◀stopped▶` of where the program was stopped
//! (anywhere from the mark before to it), `◀cause▶` of the innermost frame of the error's cause. Marks stand right
//! behind the first character of the place.

use serde_json::{Value, json};

/// A marked place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub name: String,
    /// The file, unless that is the entry file.
    pub file: Option<String>,
    pub line: u64,
    pub column: u64,
}

/// A program and the places in it.
#[derive(Debug)]
pub struct Case {
    pub title: String,
    pub request: Value,
    pub marks: Vec<Mark>,
}

/// Takes the marks out of a text.
fn unmarked(text: &str, file: Option<&str>, marks: &mut Vec<Mark>) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('◀') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + '◀'.len_utf8()..];
        let end = rest.find('▶').expect("a mark ends with ▶");
        let line = plain.matches('\n').count() as u64 + 1;
        let start = plain.rfind('\n').map_or(0, |at| at + 1);
        // The mark stands behind the character, whose column this is.
        let column = plain[start..].chars().map(|c| c.len_utf16() as u64).sum();
        marks.push(Mark { name: rest[..end].to_owned(), file: file.map(str::to_owned), line, column });
        rest = &rest[end + '▶'.len_utf8()..];
    }
    plain.push_str(rest);
    plain
}

/// Reads the programs of a file.
pub fn cases(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for part in text.split("==== ").skip(1) {
        let (head, body) = part.split_once('\n').expect("a title is a line");
        let (title, words) = head.split_once('[').expect("a title is followed by its language");
        let words: Vec<&str> = words.trim_end_matches(']').split_whitespace().collect();
        let mode = words.get(1).copied().unwrap_or("auto");
        let mut marks = Vec::new();
        let mut request = json!({"mode": mode});
        if body.starts_with("---- ") {
            let mut files = Vec::new();
            for (index, file) in body.split("---- ").skip(1).enumerate() {
                let (name, content) = file.split_once('\n').expect("a name is a line");
                let of = (index > 0).then_some(name);
                files.push(json!({"name": name, "content": unmarked(content, of, &mut marks)}));
                if index == 0 {
                    request["entry"] = json!(name);
                }
            }
            request["files"] = json!(files);
        } else {
            request["language"] = json!(words.first().expect("a language"));
            request["source"] = json!(unmarked(body, None, &mut marks));
        }
        assert!(!marks.is_empty(), "{title} marks nothing");
        cases.push(Case { title: title.trim().to_owned(), request, marks });
    }
    cases
}

#[test]
fn marks_are_taken_out_and_kept() {
    let cases = cases(
        "==== a [typescript module]\nab◀log▶ c\n😀d◀throws▶\n==== b [js]\n---- m.js\nx◀one▶\n---- a/b.js\n\ny◀two▶\n",
    );
    assert_eq!(
        cases[0].request,
        json!({"mode": "module", "language": "typescript", "source": "ab c\n😀d\n"})
    );
    let mark = |name: &str, file: Option<&str>, line, column| Mark {
        name: name.into(),
        file: file.map(str::to_owned),
        line,
        column,
    };
    assert_eq!(cases[0].marks, [mark("log", None, 1, 2), mark("throws", None, 2, 3)]);
    assert_eq!(cases[1].marks, [mark("one", None, 1, 1), mark("two", Some("a/b.js"), 2, 1)]);
    assert_eq!(cases[1].request["entry"], "m.js");
}
