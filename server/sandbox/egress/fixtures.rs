//! Fixtures: canned responses by URL, so that a tutorial works without any network. They are in a TOML file:
//!
//! ```toml
//! [[fixture]]
//! url = "https://api.example.com/users/*"    # `*` stands for any characters
//! method = "GET"                             # any, where it is not given
//! status = 200                               # 200, where it is not given
//! headers = { content-type = "application/json" }
//! body = '[{"name": "Ada"}]'                 # or file = "users.json", in this file's folder
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use url::Url;

/// The most fixtures that there can be.
const MOST: usize = 1_000;

/// Canned responses; the first that fits is the answer. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Fixtures(Arc<[Fixture]>);

/// A canned response.
#[derive(Debug)]
pub struct Fixture {
    url: String,
    method: Option<String>,
    /// Such as 200.
    pub status: u16,
    /// In the order of their names.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    fixture: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    url: String,
    method: Option<String>,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    file: Option<PathBuf>,
}

fn ok() -> u16 {
    200
}

impl Fixtures {
    /// Reads a file of fixtures, none of which has a body of more than `most_bytes`.
    ///
    /// # Errors
    /// With a sentence that says what is wrong.
    pub fn load(path: &Path, most_bytes: u64) -> Result<Self, String> {
        let at = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| format!("{at} can't be read: {error}."))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder, most_bytes).map_err(|error| format!("{at}: {error}"))
    }

    fn parse(text: &str, folder: &Path, most_bytes: u64) -> Result<Self, String> {
        let File { fixture } = toml::from_str(text).map_err(|error| error.to_string())?;
        if fixture.len() > MOST {
            return Err(format!("There are {} fixtures; there can be {MOST}.", fixture.len()));
        }
        let check = |entry: Entry| {
            let url = entry.url.clone();
            check(entry, folder, most_bytes).map_err(|error| format!("The fixture for {url}: {error}"))
        };
        Ok(Self(fixture.into_iter().map(check).collect::<Result<_, _>>()?))
    }

    /// The response to a request, if there is one for it.
    pub fn find(&self, method: &str, url: &Url) -> Option<usize> {
        let mut url = url.clone();
        url.set_fragment(None);
        self.0.iter().position(|fixture| {
            fixture.method.as_ref().is_none_or(|fits| fits == method) && fits(&fixture.url, url.as_str())
        })
    }

    /// The response that [`Fixtures::find`] found.
    pub fn get(&self, index: usize) -> Option<&Fixture> {
        self.0.get(index)
    }
}

fn check(entry: Entry, folder: &Path, most_bytes: u64) -> Result<Fixture, String> {
    let Entry { url, method, status, headers, body, file } = entry;
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err("Its url must begin with http:// or https://.".to_owned());
    }
    if !(200..=599).contains(&status) {
        return Err("Its status must be from 200 to 599.".to_owned());
    }
    for (name, value) in &headers {
        if reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_err()
            || reqwest::header::HeaderValue::from_str(value).is_err()
        {
            return Err(format!("{name:?} with {value:?} is no header."));
        }
    }
    let body = match (body, file) {
        (Some(_), Some(_)) => return Err("It has a body and a file; one is enough.".to_owned()),
        (Some(body), None) => body.into_bytes(),
        (None, Some(file)) => {
            let path = folder.join(file);
            std::fs::read(&path).map_err(|error| format!("{} can't be read: {error}.", path.display()))?
        }
        (None, None) => Vec::new(),
    };
    if body.len() as u64 > most_bytes {
        return Err(format!(
            "Its body has {} bytes; it can have {most_bytes} (egress.response_bytes).",
            body.len()
        ));
    }
    Ok(Fixture { url, method, status, headers: headers.into_iter().collect(), body })
}

/// Whether `text` is what `pattern` says, in which `*` stands for any characters.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    // There always is a first part.
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Fixtures, String> {
        Fixtures::parse(text, Path::new("/nowhere"), 10)
    }

    #[test]
    fn the_first_that_fits_answers() {
        let fixtures = parse(
            "[[fixture]]\nurl = \"https://a.example/x/*\"\nmethod = \"POST\"\n\
             [[fixture]]\nurl = \"https://a.example/x/*\"\n[[fixture]]\nurl = \"https://a.example/*.json?*\"",
        )
        .unwrap();
        let find = |method, url: &str| fixtures.find(method, &Url::parse(url).unwrap());
        assert_eq!(find("POST", "https://a.example/x/1"), Some(0));
        assert_eq!(find("GET", "https://a.example/x/1#fragment"), Some(1));
        assert_eq!(find("GET", "https://a.example/b.json?c"), Some(2));
        assert_eq!(find("GET", "https://a.example/y"), None);
        assert_eq!(find("GET", "https://a.example.org/x/1"), None);
    }

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "a", true),
            ("*a", "ba", true),
            ("a*a", "a", false),
            ("a*b*c", "axxbxxbc", true),
            ("a*bc*c", "abc", false),
            ("**", "", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let fixture = "[[fixture]]\nurl = \"https://a.example/\"\n";
        for (text, expected) in [
            ("x = 1".to_owned(), "unknown field"),
            ("[[fixture]]\nurl = \"a.example\"".to_owned(), "must begin with http"),
            (format!("{fixture}status = 99"), "from 200 to 599"),
            (format!("{fixture}headers = {{ \"a b\" = \"c\" }}"), "no header"),
            (format!("{fixture}headers = {{ a = \"\\n\" }}"), "no header"),
            (format!("{fixture}body = \"a\"\nfile = \"b\""), "one is enough"),
            (format!("{fixture}file = \"b\""), "/nowhere/b can't be read"),
            (format!("{fixture}body = \"12345678901\""), "egress.response_bytes"),
        ] {
            let error = parse(&text).expect_err(&text);
            assert!(error.contains(expected), "{error}");
        }
    }

    proptest! {
        #[test]
        fn a_star_is_as_in_a_regular_expression(pattern in "[ab*]{0,8}", text in "[ab]{0,8}") {
            // By dynamic programming, to compare with.
            let (pattern_bytes, text_bytes) = (pattern.as_bytes(), text.as_bytes());
            let mut row = vec![false; text_bytes.len() + 1];
            row[0] = true;
            for &wanted in pattern_bytes {
                let mut next = vec![false; row.len()];
                for at in 0..row.len() {
                    next[at] = match wanted {
                        b'*' => row[at] || (at > 0 && next[at - 1]),
                        _ => at > 0 && row[at - 1] && text_bytes[at - 1] == wanted,
                    };
                }
                row = next;
            }
            prop_assert_eq!(fits(&pattern, &text), row[text_bytes.len()]);
        }
    }
}
