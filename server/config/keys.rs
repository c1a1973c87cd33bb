//! Keys of the HTTP API: who has one, and what it is good for. A TOML file lists them by their hashes.

use std::path::Path;

use serde::Deserialize;

use super::clients::{Rate, rate};
use super::value::{Raw, bytes, members, quote, time};
use crate::limits::LimitsRequest;
use crate::policy::modules::ModuleRule;
use crate::policy::{self, EgressPolicy};

/// The most keys that a file may have.
const MOST: usize = 10_000;

/// What somebody may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Powers {
    /// Run programs: `POST /api/v1/run`.
    pub run: bool,
    /// Share programs: `POST /api/v1/snippets`.
    pub share: bool,
    /// Call shared functions: `POST /api/v1/functions/…`.
    pub call: bool,
}

impl Powers {
    /// To do everything.
    pub const ALL: Self = Self { run: true, share: true, call: true };
}

pub fn powers(text: &str) -> Result<Powers, String> {
    let mut powers = Powers::default();
    if text.trim() == "nothing" {
        return Ok(powers);
    }
    let mut any = false;
    for member in members(text) {
        any = true;
        match member {
            "run" => powers.run = true,
            "share" => powers.share = true,
            "call" => powers.call = true,
            _ => {
                return Err(format!(
                    "{} is none of them: write run, share and call, or nothing.",
                    quote(member)
                ));
            }
        }
    }
    if any {
        Ok(powers)
    } else {
        Err("Write run, share and call, separated by commas, or nothing.".to_owned())
    }
}

/// A key, and what whoever has it may do.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// What the operator calls it, for the log.
    pub name: String,
    /// SHA-256 of the key, in hexadecimal digits.
    pub hash: String,
    /// What it allows.
    pub may: Powers,
    /// How often it may start a run; as often as its holder likes, where there is none.
    pub rate_limit: Option<Rate>,
    /// Limits that its runs are held to, where they are tighter than the server's.
    pub limits: LimitsRequest,
    /// What its runs may import, if not all that the server's may.
    pub modules: Option<Vec<ModuleRule>>,
    /// What its runs may reach, if not what the server's may.
    pub egress: Option<EgressPolicy>,
}

/// All keys.
#[derive(Clone, Debug, Default)]
pub struct ApiKeys(pub Vec<ApiKey>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    key: Vec<RawKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey {
    name: String,
    hash: String,
    may: Option<Raw>,
    rate_limit: Option<Raw>,
    #[serde(default)]
    limits: RawLimits,
    modules: Option<Raw>,
    egress_allow: Option<Raw>,
    egress_allow_private: Option<Raw>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    wall_ms: Option<Raw>,
    prompt_ms: Option<Raw>,
    cpu_ms: Option<Raw>,
    heap_bytes: Option<Raw>,
    buffer_bytes: Option<Raw>,
    process_bytes: Option<Raw>,
    output_bytes: Option<Raw>,
    console_events: Option<Raw>,
}

impl ApiKeys {
    /// The keys in this file.
    ///
    /// # Errors
    /// In words that name the file, the key and what is wrong.
    pub fn load(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let text =
            std::fs::read_to_string(path).map_err(|error| format!("{shown} can't be read: {error}."))?;
        Self::parse(&text).map_err(|words| format!("{shown}: {words}"))
    }

    /// The keys in this text.
    ///
    /// # Errors
    /// In words that name the key and what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: RawFile = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        if file.key.len() > MOST {
            return Err(format!("there are {} keys; at most {MOST} are read.", file.key.len()));
        }
        let mut keys: Vec<ApiKey> = Vec::new();
        for raw in file.key {
            let name = raw.name.clone();
            let key = check(raw).map_err(|words| format!("the key {} {words}", quote(&name)))?;
            if keys.iter().any(|other| other.name == key.name || other.hash == key.hash) {
                return Err(format!("the key {} is there twice, by its name or its hash.", quote(&name)));
            }
            keys.push(key);
        }
        Ok(Self(keys))
    }
}

fn check(raw: RawKey) -> Result<ApiKey, String> {
    fn read<T>(
        what: &str,
        raw: Option<&Raw>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let read = |raw: &Raw| {
            parse(&raw.0)
                .map_err(|wanted| format!("has a `{what}` that can't be {}. {wanted}", quote(&raw.0)))
        };
        raw.map(read).transpose()
    }
    let RawKey { name, hash, may, rate_limit, limits, modules, egress_allow, egress_allow_private } = raw;
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err("has no `name`: write one of 1 to 100 characters.".to_owned());
    }
    let hash = hash.to_ascii_lowercase();
    if hash.len() != 64 || !hash.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(
            "has a `hash` that is none. Write the 64 digits that `mayfly keys new` prints.".to_owned()
        );
    }
    let size = |what, raw: Option<&Raw>| read(what, raw, bytes(1..=1 << 40));
    let span = |what, raw: Option<&Raw>| read(what, raw, time(1..=86_400_000));
    let limits = LimitsRequest {
        wall_ms: span("limits.wall_ms", limits.wall_ms.as_ref())?,
        prompt_ms: span("limits.prompt_ms", limits.prompt_ms.as_ref())?,
        cpu_ms: span("limits.cpu_ms", limits.cpu_ms.as_ref())?,
        heap_bytes: size("limits.heap_bytes", limits.heap_bytes.as_ref())?,
        buffer_bytes: size("limits.buffer_bytes", limits.buffer_bytes.as_ref())?,
        process_bytes: size("limits.process_bytes", limits.process_bytes.as_ref())?,
        output_bytes: size("limits.output_bytes", limits.output_bytes.as_ref())?,
        console_events: read(
            "limits.console_events",
            limits.console_events.as_ref(),
            super::value::number(1..=10_000_000),
        )?,
    };
    let egress = match (&egress_allow, &egress_allow_private) {
        (None, None) => None,
        (allow, private) => Some(EgressPolicy {
            allow: read("egress_allow", allow.as_ref(), policy::rules)?.unwrap_or_default(),
            allow_private: read("egress_allow_private", private.as_ref(), policy::endpoints)?
                .unwrap_or_default(),
        }),
    };
    Ok(ApiKey {
        may: read("may", may.as_ref(), powers)?.unwrap_or(Powers::ALL),
        rate_limit: read("rate_limit", rate_limit.as_ref(), rate)?.flatten(),
        modules: read("modules", modules.as_ref(), policy::modules::rules)?,
        name,
        hash,
        limits,
        egress,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_key_says_what_it_is_good_for() {
        let text = format!(
            "[[key]]\nname = \"school\"\nhash = \"{HASH}\"\nmay = [\"call\"]\nrate_limit = \"5/s\"\n\
             limits = {{ wall_ms = \"2s\", output_bytes = 5000 }}\nmodules = [\"lodash\"]\n\
             egress_allow = [\"a.example\"]\n[[key]]\nname = \"all\"\nhash = \"{}\"\n",
            HASH.replace('b', "c")
        );
        let ApiKeys(keys) = ApiKeys::parse(&text).expect("right");
        let [school, all] = keys.as_slice() else { panic!("two keys") };
        assert_eq!(school.may, Powers { call: true, ..Powers::default() });
        assert_eq!(school.rate_limit.map(|it| it.to_string()).as_deref(), Some("5 a second, 5 at once"));
        assert_eq!((school.limits.wall_ms, school.limits.output_bytes), (Some(2_000), Some(5_000)));
        assert_eq!(school.modules.as_ref().map(Vec::len), Some(1));
        assert_eq!(school.egress.as_ref().map(|it| it.allow.len()), Some(1));
        assert_eq!((all.may, all.egress.is_none(), all.rate_limit), (Powers::ALL, true, None));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let key = |rest: &str| format!("[[key]]\nname = \"a\"\nhash = \"{HASH}\"\n{rest}");
        for (text, words) in [
            ("[[key]]\nname = \"a\"".to_owned(), "missing field `hash`"),
            ("[[key]]\nname = \"a\"\nhash = \"secret\"".to_owned(), "`mayfly keys new`"),
            (key("may = \"everything\""), "write run, share and call"),
            (key("rate_limit = \"often\""), "`rate_limit` that can't be \"often\""),
            (key("limits = { wall_ms = \"long\" }"), "`limits.wall_ms`"),
            (key("egress_allow = \"https://x\""), "`egress_allow`"),
            (key("color = 1"), "unknown field `color`"),
            (key("") + &key(""), "twice"),
        ] {
            let error = ApiKeys::parse(&text).expect_err(words);
            assert!(error.contains(words), "{error}");
        }
        assert!(ApiKeys::load(Path::new("/nowhere")).is_err_and(|it| it.contains("/nowhere can't be read")));
    }

    #[test]
    fn powers_are_read() {
        assert_eq!(powers("run, call"), Ok(Powers { run: true, share: false, call: true }));
        assert_eq!(powers("nothing"), Ok(Powers::default()));
        assert!(powers("").is_err() && powers("fly").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\[\\[key\\]\\]|name|hash|may|limits| = |\"|[0-9]|\\n|\\PC){0,30}") {
            let _ = ApiKeys::parse(&text);
        }
    }
}
