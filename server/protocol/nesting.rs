//! How deeply JSON nests. Parsers and page alike walk it by recursion, so whoever sends it must not choose how deep.

/// The most levels of arrays and objects in one value that a runner sends. A runner cuts what goes deeper.
pub const MAX_NESTING: usize = 100;

/// Whether more than [`MAX_NESTING`] arrays and objects stand one in the other. `json` has to be JSON.
pub fn nests_too_deeply(json: &str) -> bool {
    // As many have to be opened.
    if json.len() <= MAX_NESTING {
        return false;
    }
    let (mut level, mut in_text, mut is_escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        if in_text {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'[' | b'{' => {
                level += 1;
                if level > MAX_NESTING {
                    return true;
                }
            }
            b']' | b'}' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn levels(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
            Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or(0),
            _ => 0,
        }
    }

    fn nested(levels: usize, inner: Value) -> Value {
        (0..levels).fold(
            inner,
            |value, level| if level % 2 == 0 { json!([value, "]"]) } else { json!({"[{": value}) },
        )
    }

    #[test]
    fn one_level_more_than_the_most_is_too_deep() {
        let text = |levels| nested(levels, json!("[[[[\"\\[{")).to_string();
        assert!(!nests_too_deeply(&text(MAX_NESTING)));
        assert!(nests_too_deeply(&text(MAX_NESTING + 1)));
        assert!(nests_too_deeply(&"[".repeat(1_000_000)));
        assert!(!nests_too_deeply(&"[],".repeat(1_000_000)));
        assert!(!nests_too_deeply(&json!("[".repeat(1_000)).to_string()));
    }

    proptest! {
        #[test]
        fn nesting_is_what_a_parser_finds(
            text in "[\\[\\]{}\"\\\\a]{0,40}",
            depths in prop::collection::vec(0..120_usize, 1..4),
        ) {
            let value = Value::Array(depths.iter().map(|depth| nested(*depth, json!({&text: &text}))).collect());
            prop_assert_eq!(nests_too_deeply(&value.to_string()), levels(&value) > MAX_NESTING);
        }
    }
}
