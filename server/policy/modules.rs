//! What runs may import (data only): the operator's rules, and the versions that rules and imports name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest name of a package; npm allows no longer one.
const NAME_BYTES: usize = 214;
/// The longest text of a version.
const VERSION_BYTES: usize = 64;

/// What a run may import: what every one of these lists of rules names. Default: all that there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed(Vec<Vec<ModuleRule>>);

/// Some modules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModuleRule {
    /// `*`
    All,
    /// `node:*`
    Builtins,
    /// `npm:*`
    Packages,
    /// `node:path`: this built-in module, and those below it, like `node:path/posix`.
    Builtin(String),
    /// `npm:axios@1`: this package, in these versions if any are named.
    Package(String, Option<Versions>),
    /// `path`, `axios`: either of the two.
    Named(String),
}

impl Allowed {
    /// What these rules name and, narrower still, what `narrower` names, where it is given.
    pub fn new(rules: &[ModuleRule], narrower: Option<&[ModuleRule]>) -> Self {
        let lists = [Some(rules), narrower].into_iter().flatten();
        // A list with `*` in it leaves nothing out.
        Self(lists.filter(|rules| !rules.contains(&ModuleRule::All)).map(<[_]>::to_vec).collect())
    }

    /// Of these, only those that `rules` name.
    pub fn narrowed(mut self, rules: &[ModuleRule]) -> Self {
        if !rules.contains(&ModuleRule::All) {
            self.0.push(rules.to_vec());
        }
        self
    }

    /// Whether the built-in module of this name, which has no prefix, may be imported.
    pub fn builtin(&self, name: &str) -> bool {
        self.0.iter().all(|rules| rules.iter().any(|rule| rule.covers_builtin(name)))
    }

    /// Whether this package, in this version, may be imported.
    pub fn package(&self, name: &str, version: &str) -> bool {
        self.0.iter().all(|rules| rules.iter().any(|rule| rule.covers_package(name, version)))
    }
}

impl ModuleRule {
    fn covers_builtin(&self, builtin: &str) -> bool {
        match self {
            Self::All | Self::Builtins => true,
            Self::Builtin(name) | Self::Named(name) => builtin
                .strip_prefix(name.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
            Self::Packages | Self::Package(..) => false,
        }
    }

    fn covers_package(&self, package: &str, version: &str) -> bool {
        match self {
            Self::All | Self::Packages => true,
            Self::Package(name, versions) => {
                name == package && versions.as_ref().is_none_or(|versions| versions.contain(version))
            }
            Self::Named(name) => name == package,
            Self::Builtins | Self::Builtin(_) => false,
        }
    }
}

/// Versions of a package, as people name them: `4`, `4.17`, `4.17.21`, `^4.17`, `~4.17.1`, `*`, `latest`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    kind: Kind,
    /// Major, minor, patch, as far as they are given.
    numbers: Vec<u64>,
    /// What stands after the numbers, `-beta.1`, with its sign.
    rest: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    /// Those that begin so.
    Plain,
    /// Those of the same first number that is not 0, from this on.
    Caret,
    /// Those of the same minor version, from this on.
    Tilde,
}

impl Versions {
    /// Reads one of the forms above.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > VERSION_BYTES {
            return None;
        }
        let (kind, numbers) = match text.as_bytes().first()? {
            b'^' => (Kind::Caret, &text[1..]),
            b'~' => (Kind::Tilde, &text[1..]),
            b'v' => (Kind::Plain, &text[1..]),
            _ => (Kind::Plain, text),
        };
        if kind == Kind::Plain && matches!(numbers, "*" | "x" | "latest") {
            return Some(Self { kind, numbers: Vec::new(), rest: String::new() });
        }
        let (numbers, rest) = numbers_of(numbers)?;
        (rest.is_empty() || (numbers.len() == 3 && kind == Kind::Plain)).then(|| Self {
            kind,
            numbers,
            rest: rest.to_owned(),
        })
    }

    /// Whether `version`, which is a whole one, is among them.
    pub fn contain(&self, version: &str) -> bool {
        let Some((numbers, rest)) = numbers_of(version) else { return false };
        // All numbers before this one are the same.
        let kept = match self.kind {
            Kind::Plain => self.numbers.len(),
            Kind::Tilde => self.numbers.len().min(2),
            Kind::Caret => {
                let first = self.numbers.iter().position(|number| *number != 0);
                first.map_or(self.numbers.len(), |first| first + 1)
            }
        };
        let begins = numbers.len() == 3 && numbers.starts_with(&self.numbers[..kept]);
        let rest_fits = if self.numbers.len() == 3 && self.kind == Kind::Plain {
            // What is behind a plus sign does not count.
            rest.split('+').next() == self.rest.split('+').next()
        } else {
            // What is not finished has to be named.
            !rest.starts_with('-') || self.numbers.is_empty()
        };
        begins && rest_fits && numbers.as_slice() >= self.numbers.as_slice()
    }
}

/// `1`, `1.2` or `1.2.3`, and what comes after it, which is nothing or begins with `-` or `+`.
fn numbers_of(text: &str) -> Option<(Vec<u64>, &str)> {
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let number = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if plain { digits.parse().ok() } else { None }
    };
    let numbers: Vec<u64> = numbers.split('.').map(number).collect::<Option<_>>()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-+.".contains(&byte);
    (numbers.len() <= 3 && rest.bytes().all(plain)).then_some((numbers, rest))
}

/// A package's name, a version and a path in it, as in `@scope/name@1.2/path`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Specifier<'a> {
    /// `@scope/name`
    pub name: &'a str,
    /// `1.2`
    pub version: Option<&'a str>,
    /// `path`; empty for the package itself.
    pub path: &'a str,
}

impl<'a> Specifier<'a> {
    /// Reads a specifier. `None` where it does not begin with the name of a package.
    pub fn parse(text: &'a str) -> Option<Self> {
        // A scope has a slash of its own.
        let scope = if text.starts_with('@') { text.find('/')? + 1 } else { 0 };
        let (whole, path) = match text[scope..].find('/') {
            Some(slash) => (&text[..scope + slash], &text[scope + slash + 1..]),
            None => (text, ""),
        };
        let (name, version) = match whole[scope..].find('@') {
            Some(at) => (&whole[..scope + at], Some(&whole[scope + at + 1..])),
            None => (whole, None),
        };
        let path_is_plain = !text.ends_with('/') && path.split('/').all(|part| !matches!(part, "." | ".."));
        (is_package_name(name) && path_is_plain).then_some(Self { name, version, path })
    }
}

/// Whether npm could have a package of this name.
pub fn is_package_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['.', '_', '-'])
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._~".contains(&byte))
    };
    name.len() <= NAME_BYTES
        && !matches!(name, "node_modules" | "favicon.ico")
        && match name.strip_prefix('@') {
            Some(scoped) => scoped.split_once('/').is_some_and(|(scope, name)| part(scope) && part(name)),
            None => part(name),
        }
}

/// Reads rules, separated by commas or spaces: `*`, `node:*`, `npm:*`, `node:path`, `lodash`, `axios@1`.
///
/// # Errors
/// With a sentence that says what to write.
pub fn rules(text: &str) -> Result<Vec<ModuleRule>, String> {
    let members = text.split([',', ' ']).map(str::trim).filter(|member| !member.is_empty());
    members.map(|member| rule(member).ok_or_else(|| no_rule(member))).collect()
}

fn rule(text: &str) -> Option<ModuleRule> {
    match text {
        "*" => return Some(ModuleRule::All),
        "node:*" => return Some(ModuleRule::Builtins),
        "npm:*" => return Some(ModuleRule::Packages),
        _ => {}
    }
    if let Some(name) = text.strip_prefix("node:") {
        return name.split('/').all(is_package_name).then(|| ModuleRule::Builtin(name.to_owned()));
    }
    let package = text.strip_prefix("npm:");
    // `path/posix` is a built-in module, and of a package all or nothing is allowed.
    let Specifier { name, version, path } = Specifier::parse(package.unwrap_or(text))?;
    match (version, path) {
        (Some(version), "") => Some(ModuleRule::Package(name.to_owned(), Some(Versions::parse(version)?))),
        (None, "") if package.is_some() => Some(ModuleRule::Package(name.to_owned(), None)),
        (None, "") => Some(ModuleRule::Named(name.to_owned())),
        (None, _) if package.is_none() && text.split('/').all(is_package_name) => {
            Some(ModuleRule::Builtin(text.to_owned()))
        }
        _ => None,
    }
}

fn no_rule(member: &str) -> String {
    let shown: String = member.chars().take(80).collect();
    format!(
        "{shown:?} names no modules: write *, node:* for all of Node's, npm:* for all packages, or names like \
         node:path, lodash and axios@1."
    )
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Plain => "",
            Kind::Caret => "^",
            Kind::Tilde => "~",
        })?;
        if self.numbers.is_empty() {
            return f.write_str("*");
        }
        let numbers: Vec<String> = self.numbers.iter().map(u64::to_string).collect();
        write!(f, "{}{}", numbers.join("."), self.rest)
    }
}

impl fmt::Display for ModuleRule {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Builtins => f.write_str("node:*"),
            Self::Packages => f.write_str("npm:*"),
            Self::Builtin(name) => write!(f, "node:{name}"),
            Self::Package(name, None) => write!(f, "npm:{name}"),
            Self::Package(name, Some(versions)) => write!(f, "npm:{name}@{versions}"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allowed(text: &str) -> Allowed {
        Allowed::new(&rules(text).expect("rules"), None)
    }

    #[test]
    fn rules_name_modules_of_both_kinds() {
        assert!(Allowed::default().builtin("path") && Allowed::default().package("lodash", "4.18.1"));
        let some = allowed("node:path, stream,lodash axios@1 @scope/a@^2.1");
        for name in ["path", "path/posix", "stream", "stream/web"] {
            assert!(some.builtin(name), "{name}");
        }
        for name in ["pathological", "crypto", "axios", "util"] {
            assert!(!some.builtin(name), "{name}");
        }
        assert!(some.package("lodash", "4.18.1") && some.package("axios", "1.2.3"));
        assert!(some.package("@scope/a", "2.3.0") && some.package("stream", "0.0.1"));
        assert!(!some.package("axios", "2.0.0") && !some.package("path", "1.0.0"));
        assert!(!some.package("@scope/a", "2.0.9") && !some.package("zod", "4.0.0"));
        assert!(allowed("node:*").builtin("os") && !allowed("node:*").package("zod", "4.0.0"));
        assert!(!allowed("npm:*").builtin("os") && allowed("npm:*").package("zod", "4.0.0"));
        assert!(allowed("npm:path").package("path", "1.0.0") && !allowed("npm:path").builtin("path"));
        assert!(!allowed("").builtin("path") && !allowed("").package("lodash", "4.18.1"));
    }

    #[test]
    fn what_is_narrowed_has_to_be_allowed_twice() {
        let (all, few, one) = (rules("*"), rules("node:*, lodash"), rules("lodash axios"));
        let (all, few, one) = (all.expect("rules"), few.expect("rules"), one.expect("rules"));
        let both = Allowed::new(&few, Some(&one));
        assert!(both.package("lodash", "4.0.0"));
        assert!(!both.package("axios", "1.0.0") && !both.builtin("path"));
        assert_eq!(Allowed::new(&all, Some(&all)), Allowed::default());
        assert!(!Allowed::new(&all, Some(&[])).builtin("path"));
    }

    #[test]
    fn what_is_no_rule_is_refused_with_advice() {
        for text in [
            "**",
            "node:",
            "node:.",
            "lodash/get@4",
            "@scope",
            "@/a",
            "a@",
            "a@x.y",
            "a@>1",
            "A",
            "a b@",
            "npm:",
            "npm:a/b",
            "../a",
            "a/../b",
            "http://a",
            "a@1.2.3.4",
            "é",
        ] {
            let error = rules(text).expect_err(text);
            assert!(error.contains("names no modules: write *, node:*"), "{error}");
        }
    }

    #[test]
    fn versions_are_told_apart() {
        let holds = |versions: &str, version| Versions::parse(versions).expect(versions).contain(version);
        for (versions, inside, outside) in [
            ("4", &["4.0.0", "4.17.21", "4.18.1+build"][..], &["3.9.9", "40.0.0", "4.0.0-beta"][..]),
            ("4.17", &["4.17.0", "4.17.21"], &["4.18.0", "4.1.7"]),
            ("4.17.21", &["4.17.21"], &["4.17.2", "4.17.22", "4.17.21-rc.1"]),
            ("v1.2.3-rc.1", &["1.2.3-rc.1"], &["1.2.3", "1.2.3-rc.2"]),
            ("^1.2", &["1.2.0", "1.9.9"], &["1.1.9", "2.0.0"]),
            ("^0.2.3", &["0.2.3", "0.2.9"], &["0.3.0", "0.2.2", "1.0.0"]),
            ("^0.0.3", &["0.0.3"], &["0.0.4"]),
            ("~1.2.3", &["1.2.3", "1.2.9"], &["1.3.0", "1.2.2"]),
            ("~1", &["1.0.0", "1.9.0"], &["2.0.0"]),
            ("latest", &["0.0.1", "9.9.9-beta"], &["nonsense"]),
        ] {
            for version in inside {
                assert!(holds(versions, version), "{versions} {version}");
            }
            for version in outside {
                assert!(!holds(versions, version), "{versions} {version}");
            }
        }
        for bad in
            ["", "a", "1.", ".1", "1.2.3.4", "+1", "1 2", ">=1", "^", "~x", "1.2-rc", "99999999999999999999"]
        {
            assert_eq!(Versions::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn specifiers_are_taken_apart() {
        let all = |text| Specifier::parse(text).map(|it| (it.name, it.version, it.path));
        assert_eq!(all("lodash"), Some(("lodash", None, "")));
        assert_eq!(all("lodash/get"), Some(("lodash", None, "get")));
        assert_eq!(all("lodash@4/fp/get.js"), Some(("lodash", Some("4"), "fp/get.js")));
        assert_eq!(all("@a/b@^1.2/c"), Some(("@a/b", Some("^1.2"), "c")));
        assert_eq!(all("@a/b"), Some(("@a/b", None, "")));
        for bad in [
            "",
            ".",
            "./a",
            "/a",
            "@a",
            "@/b",
            "a/../b",
            "a/./b",
            "a/",
            "A",
            "http://a",
            "a b",
            "__proto__",
            "@a/.b",
        ] {
            assert_eq!(all(bad), None, "{bad}");
        }
        assert_eq!(all("constructor"), Some(("constructor", None, "")));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}", other in "[@/a-c.:*^~0-9 ,-]{0,20}") {
            for text in [text, other] {
                let _ = Versions::parse(&text).map(|versions| (versions.contain(&text), versions.contain("1.2.3")));
                let _ = Specifier::parse(&text);
                if let Ok(rules) = rules(&text) {
                    let allowed = Allowed::new(&rules, Some(&rules));
                    let _ = (allowed.builtin(&text), allowed.package(&text, &text));
                }
            }
        }

        #[test]
        fn what_a_rule_says_is_read_as_that_rule(text in "(npm:|node:)?[a-c]{1,3}(@[~^]?[0-9]{1,2}(\\.[0-9]{1,2}){0,2})?") {
            if let Ok(rules) = rules(&text) {
                let said: Vec<String> = rules.iter().map(ToString::to_string).collect();
                prop_assert_eq!(super::rules(&said.join(",")), Ok(rules));
            }
        }
    }
}
