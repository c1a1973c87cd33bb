//! How attacks are written:
//!
//! ```text
//! // Whatever stands before the first program is put in front of each one.
//! //# name: what it tries
//! //# outcome: completed|failed
//! //# says: a text that its output has to hold
//! //# never: a text that it must not
//! console.log("the program");
//! ```
//!
//! `says` and `never` may come often or not at all; `mode: module`, `language: typescript` and `limit: wall_ms 500` are
//! possible too. `//# file: a.js` begins another file of the program, whose entry file is `main` then.

use std::collections::HashSet;

/// How a run can end; no client says `stopped` here. `crashed` is for what kills its own process only, and a
/// comment in the program says why that can't be helped.
const OUTCOMES: [&str; 7] =
    ["completed", "failed", "timed_out", "cpu_exceeded", "memory_exceeded", "output_exceeded", "crashed"];

/// Limits that a header may lower.
const LIMITS: [&str; 7] =
    ["wall_ms", "cpu_ms", "heap_bytes", "buffer_bytes", "process_bytes", "output_bytes", "console_events"];

/// A hostile program and what has to come of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Attack {
    /// What it tries.
    pub name: String,
    /// The outcomes that are right.
    pub outcomes: Vec<String>,
    /// What its output holds.
    pub says: Vec<String>,
    /// What its output does not hold.
    pub never: Vec<String>,
    /// How it is run: one of the API's modes.
    pub mode: String,
    /// Limits that it lowers.
    pub limits: Vec<(String, u64)>,
    /// Its language, as the API spells it.
    pub language: String,
    /// Its entry file.
    pub source: String,
    /// Further files, with their names.
    pub files: Vec<(String, String)>,
}

/// Reads a file of attacks.
///
/// # Errors
/// With the line that is wrong, in words.
pub(super) fn attacks(text: &str) -> Result<Vec<Attack>, String> {
    let mut prelude = String::new();
    let mut attacks: Vec<Attack> = Vec::new();
    let mut names = HashSet::new();
    for (index, line) in text.lines().enumerate() {
        let at = |what: String| format!("line {}: {what}", index + 1);
        let Some(header) = line.strip_prefix("//#") else {
            let source = match attacks.last_mut() {
                Some(Attack { files, source, .. }) => files.last_mut().map_or(source, |(_, content)| content),
                None => &mut prelude,
            };
            source.push_str(line);
            source.push('\n');
            continue;
        };
        let (key, value) =
            header.split_once(':').ok_or_else(|| at("a header is `//# key: value`".to_owned()))?;
        let (key, value) = (key.trim(), value.trim());
        if value.is_empty() {
            return Err(at(format!("`{key}` has no value")));
        }
        if key == "name" {
            if let Some(before) = attacks.last() {
                check(before)?;
            }
            if !names.insert(value) {
                return Err(at(format!("there is a `{value}` already")));
            }
            attacks.push(Attack {
                name: value.to_owned(),
                mode: "auto".to_owned(),
                language: "javascript".to_owned(),
                ..Attack::default()
            });
            continue;
        }
        let attack = attacks.last_mut().ok_or_else(|| at(format!("`{key}` comes before any name")))?;
        if key == "file" {
            attack.files.push((value.to_owned(), String::new()));
            continue;
        }
        if !attack.source.is_empty() {
            return Err(at(format!("`{key}` comes after the program has begun")));
        }
        match key {
            "outcome" if attack.outcomes.is_empty() => {
                attack.outcomes = value.split('|').map(|outcome| outcome.trim().to_owned()).collect();
                if let Some(unknown) = attack.outcomes.iter().find(|o| !OUTCOMES.contains(&o.as_str())) {
                    return Err(at(format!("no run may end as `{unknown}`")));
                }
            }
            "says" => attack.says.push(value.to_owned()),
            "never" => attack.never.push(value.to_owned()),
            "mode" if ["auto", "script", "module", "commonjs", "function"].contains(&value) => {
                attack.mode = value.to_owned();
            }
            "language" if ["typescript", "jsx", "tsx"].contains(&value) => attack.language = value.to_owned(),
            "limit" => {
                let limit = value.split_once(' ').filter(|(name, _)| LIMITS.contains(name));
                let limit = limit.and_then(|(name, value)| Some((name.to_owned(), value.parse().ok()?)));
                attack.limits.push(limit.ok_or_else(|| at(format!("`{value}` is no limit")))?);
            }
            _ => return Err(at(format!("`{key}: {value}` is not understood here"))),
        }
    }
    check(attacks.last().ok_or("there is no program in it")?)?;
    for attack in &mut attacks {
        attack.source.insert_str(0, &prelude);
    }
    Ok(attacks)
}

/// Whether nothing is missing from an attack that was read to its end.
fn check(attack: &Attack) -> Result<(), String> {
    if attack.outcomes.is_empty() {
        return Err(format!("`{}` does not say its outcome", attack.name));
    }
    if attack.source.trim().is_empty() {
        return Err(format!("`{}` has no program", attack.name));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attacks_are_read_with_what_comes_before_them() {
        let text = "let a;\n//# name: one\n//# outcome: failed|completed\n//# says: x: y\n//# never: z\n\
                    //# limit: cpu_ms 5\nb\n\n//# name: two\n//# outcome: completed\n//# mode: module\nc\n";
        let attacks = attacks(text).unwrap();
        assert_eq!(attacks.len(), 2);
        assert_eq!(attacks[0].outcomes, ["failed", "completed"]);
        assert_eq!(
            (&*attacks[0].says, &*attacks[0].never),
            (&["x: y".to_owned()][..], &["z".to_owned()][..])
        );
        assert_eq!(attacks[0].limits, [("cpu_ms".to_owned(), 5)]);
        assert_eq!((&*attacks[0].source, &*attacks[0].mode), ("let a;\nb\n\n", "auto"));
        assert_eq!((&*attacks[1].source, &*attacks[1].mode), ("let a;\nc\n", "module"));
    }

    #[test]
    fn attacks_can_have_several_files() {
        let text =
            "//# name: a\n//# outcome: failed\n//# language: tsx\nx\n//# file: b.js\ny\nz\n//# file: c.js\n";
        let attacks = attacks(text).unwrap();
        assert_eq!((&*attacks[0].source, &*attacks[0].language), ("x\n", "tsx"));
        assert_eq!(
            attacks[0].files,
            [("b.js".to_owned(), "y\nz\n".to_owned()), ("c.js".to_owned(), String::new())]
        );
    }

    #[test]
    fn attacks_that_are_badly_written_are_refused() {
        let good = "//# name: a\n//# outcome: failed\nx\n";
        assert!(attacks(good).is_ok());
        for (bad, word) in [
            ("", "no program in it"),
            ("x\n", "no program in it"),
            ("//# outcome: failed\nx\n", "before any name"),
            ("//# name: a\nx\n", "does not say its outcome"),
            ("//# name: a\n//# outcome: failed\n\n", "has no program"),
            ("//# name: a\n//# name: b\n//# outcome: failed\nx\n", "does not say its outcome"),
            ("//# name: a\n//# outcome: stopped\nx\n", "no run may end as `stopped`"),
            ("//# name: a\n//# outcome:\nx\n", "line 2: `outcome` has no value"),
            ("//# name: a\n//# outcome: failed\n//# outcome: failed\nx\n", "not understood"),
            ("//# name: a\n//# outcome: failed\nx\n//# says: y\n", "line 4: `says` comes after"),
            ("//# name: a\n//# outcome: failed\n//# limit: cpu 5\nx\n", "`cpu 5` is no limit"),
            ("//# name: a\n//# outcome: failed\n//# limit: cpu_ms x\nx\n", "is no limit"),
            ("//# name: a\n//# outcome: failed\n//# mode: strict\nx\n", "not understood"),
            ("//# name: a\n//# outcome: failed\n//# color: red\nx\n", "not understood"),
            ("//# name\n", "line 1: a header"),
        ] {
            let error = attacks(bad).expect_err(bad);
            assert!(error.contains(word), "{bad:?}: {error}");
        }
        assert!(attacks(&format!("{good}{good}")).expect_err("twice").contains("already"));
    }
}
