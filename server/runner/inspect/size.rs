//! How long things are as JSON.

use std::io;

use serde::Serialize;

/// Counts what is written to it.
#[derive(Default)]
struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The length of `value` as JSON, in bytes; nothing is kept of it. What cannot be said in JSON has no end.
pub fn json_len(value: &impl Serialize) -> usize {
    let mut count = Count::default();
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}

/// The length in JSON of one character inside a string, in bytes.
fn char_len(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        c => c.len_utf8(),
    }
}

/// The length of `text` as a JSON string without the quotes, in bytes.
pub(in crate::runner) fn text_len(text: &str) -> usize {
    text.chars().map(char_len).sum()
}

/// Cuts `text` to what takes no more than `bytes` in JSON (quotes not counted) and `units` UTF-16 units, and
/// returns what it takes.
pub(in crate::runner) fn cut(text: &mut String, bytes: usize, units: usize) -> usize {
    let (mut used, mut seen) = (0, 0);
    for (at, c) in text.char_indices() {
        if used + char_len(c) > bytes || seen + c.len_utf16() > units {
            text.truncate(at);
            return used;
        }
        used += char_len(c);
        seen += c.len_utf16();
    }
    used
}

/// The length of `text` in UTF-16 units.
pub(in crate::runner) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_as_long_as_serde_makes_it(text in any::<String>()) {
            prop_assert_eq!(text_len(&text) + 2, json_len(&text));
        }

        #[test]
        fn a_cut_text_fits(text in any::<String>(), bytes in 0usize..64, most in 0usize..64) {
            let mut short = text.clone();
            let used = cut(&mut short, bytes, most);
            prop_assert!(text.starts_with(&short));
            prop_assert_eq!(used, text_len(&short));
            prop_assert!(used <= bytes && units(&short) <= most);
            if bytes >= 6 && most >= 2 {
                prop_assert!(!short.is_empty() || text.is_empty());
            }
        }
    }

    #[test]
    fn every_control_character_is_counted() {
        for c in (0..=0xff).filter_map(char::from_u32) {
            assert_eq!(text_len(&c.to_string()) + 2, json_len(&c.to_string()), "{c:?}");
        }
    }
}
