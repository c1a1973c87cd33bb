//! Settings: lines that begin with `--` are flags, the others are the settings file.

use std::path::Path;

use clap::{Args as _, Command};
use mayfly::config::{Config, Flags, SETTINGS};
use mayfly::limits::FLOOR;

const FILE: &str = "mayfly.toml";

pub fn target(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let (flags, file): (Vec<&str>, Vec<&str>) = text.split('\n').partition(|line| line.starts_with("--"));
    // Without the variables of whoever runs this.
    let command = Flags::augment_args(Command::new("mayfly").disable_help_flag(true));
    let command = command.mut_args(|arg| arg.env(None));
    let Ok(matches) = command.try_get_matches_from(["mayfly"].into_iter().chain(flags)) else { return };
    match Config::from_text(&matches, Path::new(FILE), &file.join("\n")) {
        Ok(config) => check(&config),
        Err(error) => {
            let text = error.to_string();
            let names_one = SETTINGS.iter().any(|setting| text.contains(&format!("`{}`", setting.key)));
            assert!(names_one || text.starts_with(FILE), "names neither a setting nor the file: {text}");
            if text.starts_with("The setting") {
                // It quotes 80 characters at most, twice; as an escape one takes ten bytes.
                assert!(text.len() <= 2_500, "{} bytes: {text}", text.len());
            }
        }
    }
}

/// Whatever is taken is in range, and does not overflow what is reckoned from it.
fn check(config: &Config) {
    let limits = config.limits;
    assert!(limits.heap_bytes >= FLOOR.heap_bytes && limits.console_events >= FLOOR.console_events);
    assert!(limits.process_bytes >= limits.heap_bytes + limits.buffer_bytes);
    assert!(config.client.message_bytes <= limits.output_bytes);
    assert!(config.client.frame_bytes() as u64 > config.client.source_bytes);
    assert!((1..=64).contains(&config.server.workers));
    assert!(!config.server.frame_ancestors.is_empty());
    // They go into a header as they are.
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b';' | b',');
    let mut sources = config.server.frame_ancestors.iter().chain(&config.embed.origins);
    assert!(sources.all(|source| source.bytes().all(plain)));
    for origin in &config.server.allowed_origins {
        assert!(origin.to_string().bytes().all(plain));
    }
}
