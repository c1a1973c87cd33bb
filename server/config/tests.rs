use clap::{Args as _, Command};
use proptest::prelude::*;

use super::*;

fn load(flags: &[&str], file: &str) -> Result<Config, ConfigError> {
    // Without the variables of whoever runs the tests.
    let command = Flags::augment_args(Command::new("mayfly")).mut_args(|arg| arg.env(None));
    let matches = command.try_get_matches_from(std::iter::once(&"mayfly").chain(flags)).expect("flags parse");
    let flags = Flags::from_arg_matches(&matches).expect("flags parse");
    Config::from_parts(&flags.settings, file, &Sources { matches: &matches, file: Path::new("mayfly.toml") })
}

fn error(flags: &[&str], file: &str) -> String {
    load(flags, file).expect_err("these settings are bad").to_string()
}

#[test]
fn defaults_are_those_of_the_documents() {
    let config = load(&[], "").expect("defaults are right");
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.client.source_bytes, 256 << 10);
    assert_eq!(config.client.message_bytes, 64 << 10);
    assert_eq!(config.client.open_runs, 8);
    assert_eq!(config.sandbox.warm_children, 4);
    assert_eq!(config.sandbox.grace, Duration::from_millis(200));
}

#[test]
fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
    let file = "[limits]\nwall_ms = 3_000\ncpu_ms = \"2s\"\n";
    let config = load(&["--limit-wall-ms", "4s"], file).expect("right");
    assert_eq!((config.limits.wall_ms, config.limits.cpu_ms), (4_000, 2_000));
}

#[test]
fn a_bad_value_names_itself_its_place_and_what_to_write() {
    let text = error(&["--limit-heap-bytes", "lots"], "");
    assert_eq!(
        text,
        "The setting `limits.heap_bytes` can't be \"lots\", from the flag --limit-heap-bytes. Write a size from \
         8MiB to 3GiB: a number of bytes, or one with KiB, MiB or GiB, like 64MiB."
    );
    let text = error(&[], "[server]\nlisten = \"localhost\"");
    assert!(text.contains("`server.listen`") && text.contains("in mayfly.toml"), "{text}");
    let text = error(&["--workers="], "");
    assert!(text.contains("can't be empty"), "{text}");
}

#[test]
fn out_of_range_is_refused_at_both_ends() {
    for value in ["9", "86_400_001", "-5", "1e3", "99999999999999999999", "10 parsecs", "2562047788015216h"] {
        let flag = format!("--limit-wall-ms={value}");
        assert!(error(&[&flag], "").contains("from 10ms to 24h"), "{value}");
    }
}

#[test]
fn an_unknown_key_or_table_is_named() {
    assert!(error(&[], "[server]\nlissen = \"x\"").contains("unknown field `lissen`"));
    assert!(error(&[], "[sever]\n").contains("unknown field `sever`"));
    assert!(error(&[], "listen = ").starts_with("mayfly.toml: "));
    assert!(error(&[], "[server]\nlisten = { ip = 1 }").contains("a text, a number or a list of texts"));
}

#[test]
fn limits_that_contradict_each_other_are_refused() {
    assert!(error(&["--limit-process-bytes=100MiB"], "").contains("`limits.process_bytes`"));
    assert!(error(&["--message-bytes=2MiB"], "").contains("`client.message_bytes`"));
}

#[test]
fn lists_are_read_from_text_and_from_toml() {
    let file = "[server]\nallowed_origins = [\"https://a.example\", \"http://b.example:8080\"]";
    let config = load(&["--frame-ancestors", "self, https://*.example.org"], file).expect("right");
    assert_eq!(config.server.allowed_origins.len(), 2);
    assert_eq!(config.server.frame_ancestors, ["'self'", "https://*.example.org"]);
    assert!(error(&["--allowed-origins", "example.org"], "").contains("like https://example.org"));
    assert!(error(&["--frame-ancestors", "none,self"], "").contains("write none alone"));
    assert!(error(&["--frame-ancestors", "https://a.example;script-src *"], "").contains("is no source"));
}

#[test]
fn who_may_embed_editors_is_a_list_or_everybody() {
    assert!(load(&[], "").expect("right").embed.origins.is_empty());
    let file = "[embed]\norigins = [\"https://School.example:443\", \"http://*.b.example:8080\"]";
    let config = load(&[], file).expect("right");
    assert_eq!(config.embed.origins, ["https://school.example", "http://*.b.example:8080"]);
    assert_eq!(load(&["--embed-origins=*"], file).expect("right").embed.origins, ["*"]);
    assert!(error(&["--embed-origins=*,https://a.example"], "").contains("Write * alone"));
    assert!(error(&["--embed-origins=self"], "").contains("goes without saying"));
    assert!(error(&["--embed-origins=https://a.example;script-src *"], "").contains("is no source"));
    assert!(error(&["--embed-origins=school.example"], "").contains("like https://example.org"));
}

#[test]
fn what_programs_may_fetch_is_read_from_text_and_from_toml() {
    let config = load(&[], "").expect("right").egress;
    assert!(config.allow.is_empty() && config.allow_private.is_empty() && config.fixtures.is_none());
    assert_eq!((config.requests, config.concurrent, config.redirects), (20, 6, 5));
    assert_eq!((config.request_bytes, config.response_bytes), (4 << 20, 4 << 20));
    let file = "[egress]\nallow = [\"GET,HEAD a.example\", \"*.b.example:*\"]\nresolver = \"127.0.0.1:53\"";
    let config = load(&["--egress-allow-private", "127.0.0.1:9000, [::1]:80"], file).expect("right").egress;
    let rules: Vec<String> = config.allow.iter().map(ToString::to_string).collect();
    assert_eq!(rules, ["GET,HEAD a.example", "*.b.example:*"]);
    assert_eq!((config.allow_private.len(), config.resolver.map(|it| it.port())), (2, Some(53)));
    assert!(error(&["--egress-allow=https://a.example"], "").contains("with methods before it"));
    assert!(error(&["--egress-allow-private=a.example"], "").contains("is no host and port"));
    assert!(error(&["--egress-resolver=dns"], "").contains("Write system, or the IP address and port"));
    assert!(error(&["--egress-fixtures=/"], "").contains("Write none, or the path of a file"));
}

#[test]
fn origins_are_compared_without_case_and_default_ports() {
    let origin = Origin::parse("https://Example.org:443").expect("an origin");
    assert_eq!(origin.to_string(), "https://example.org");
    assert!(origin.is_of_host("EXAMPLE.org") && origin.is_of_host("example.org:443"));
    assert!(!origin.is_of_host("example.org:80") && !origin.is_of_host("evil.example.org"));
    assert!(Origin::parse("http://[::1]:8080").expect("an origin").is_of_host("[::1]:8080"));
    for bad in [
        "null",
        "",
        "https://",
        "ftp://a",
        "https://a/b",
        "https://a@b",
        "https://a:b",
        "https://[::1",
        "https://a: 1",
        "https://a:1_0",
    ] {
        assert_eq!(Origin::parse(bad), None, "{bad}");
    }
}

#[test]
fn unknown_variables_are_told() {
    let names = ["MAYFLY_LISTEN", "MAYFLY_LISSEN", "PATH", "MAYFLY_CONFIG"].map(OsString::from);
    let warnings = unknown_variables(names.into_iter());
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("MAYFLY_LISSEN"));
}

#[test]
fn names_follow_one_pattern_and_are_unique() {
    let mut seen = BTreeSet::new();
    for it in SETTINGS {
        assert_eq!(it.variable, format!("MAYFLY_{}", it.flag.to_uppercase().replace('-', "_")));
        assert!(seen.insert(it.variable) && seen.insert(it.key), "{} twice", it.key);
    }
}

/// The table between the two markers of README.md. `MAYFLY_BLESS=1` rewrites it.
#[test]
fn the_readme_lists_every_setting() {
    const BEGIN: &str = "<!-- settings -->\n";
    const END: &str = "<!-- /settings -->";
    let mut table =
        String::from("| key in `mayfly.toml` | flag | default | what it is |\n| --- | --- | --- | --- |\n");
    for it in SETTINGS {
        let default = if it.default.is_empty() { "(none)".to_owned() } else { format!("`{}`", it.default) };
        table += &format!("| `{}` | `--{}` | {default} | {} |\n", it.key, it.flag, it.doc.trim());
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).expect("README.md can be read");
    let begin = readme.find(BEGIN).expect("README.md has the opening marker") + BEGIN.len();
    let end = readme.find(END).expect("README.md has the closing marker");
    if std::env::var_os("MAYFLY_BLESS").is_some() {
        let blessed = format!("{}{table}{}", &readme[..begin], &readme[end..]);
        std::fs::write(path, blessed).expect("README.md can be written");
    } else {
        assert!(readme[begin..end] == table, "README.md's table is old. Run `make types`.");
    }
}

proptest! {
    #[test]
    fn no_value_makes_it_panic(which in 0..SETTINGS.len(), value in "\\PC{0,40}") {
        let flag = format!("--{}={value}", SETTINGS[which].flag);
        if let Err(error) = load(&[&flag], "") {
            prop_assert!(error.to_string().contains(SETTINGS[which].key), "{}", error);
        }
    }

    #[test]
    fn no_number_makes_it_panic(which in 0..SETTINGS.len(), number: u64, unit in "(|B|KiB|MiB|GiB|ms|s|m|h)") {
        let _ = load(&[&format!("--{}={number}{unit}", SETTINGS[which].flag)], "");
    }

    #[test]
    fn no_file_makes_it_panic(text in "(\\[?(server|limits|x)\\]?|listen|wall_ms| = |\"|[0-9]|\\n|\\PC){0,30}") {
        let _ = load(&[], &text);
    }
}
