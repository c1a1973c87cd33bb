//! A text that does not grow over its bound, whatever is written to it in whatever loop. Pages with somebody's data in
//! them are written to one, so that no data can make a page of any size.

use std::fmt::{self, Write};

/// A text of at most so many bytes. What would not fit is not written at all, and is an error.
pub struct Bounded {
    text: String,
    limit: usize,
}

/// A part of a text that is written whole or not at all.
#[must_use]
pub struct Part {
    /// The text's length before it.
    before: usize,
    /// The text's bound around it.
    limit: usize,
}

impl Bounded {
    /// An empty text of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { text: String::new(), limit }
    }

    /// How many bytes still fit.
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.text.len())
    }

    /// Changes the bound. What is written already stays.
    pub fn limit_to(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Begins a part of at most `bytes`.
    pub fn begin(&mut self, bytes: usize) -> Part {
        let part = Part { before: self.text.len(), limit: self.limit };
        self.limit = part.limit.min(part.before.saturating_add(bytes));
        part
    }

    /// Ends a part: what was written of one that failed is taken back.
    ///
    /// # Errors
    /// When it failed.
    pub fn end(&mut self, part: Part, written: fmt::Result) -> fmt::Result {
        self.limit = part.limit;
        if written.is_err() {
            self.text.truncate(part.before);
        }
        written
    }

    /// The text.
    pub fn into_string(mut self) -> String {
        self.text.shrink_to_fit();
        self.text
    }
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.len() > self.room() {
            return Err(fmt::Error);
        }
        self.text.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_loop_ends_at_the_bound() {
        let mut text = Bounded::new(100);
        while text.write_str("1234567").is_ok() {}
        let text = text.into_string();
        assert_eq!((text.len(), text.capacity()), (98, 98));
    }

    #[test]
    fn a_part_is_written_whole_or_not_at_all() {
        let mut text = Bounded::new(10);
        let mut part = |bytes, pieces: &[&str]| {
            let part = text.begin(bytes);
            let written = pieces.iter().try_for_each(|piece| text.write_str(piece));
            text.end(part, written).is_ok()
        };
        assert!(part(5, &["12345"]));
        assert!(!part(4, &["67", "890"]), "over its own bound");
        assert!(!part(100, &["67890", "!"]), "over that of the text");
        assert!(part(100, &["67890"]));
        text.limit_to(12);
        assert!(text.write_str("ab").is_ok());
        assert_eq!(text.into_string(), "1234567890ab");
    }
}
