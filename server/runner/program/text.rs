//! A program's text with small changes made to it, and the way back from a position in the changed text to the
//! visitor's own.
//!
//! What is not changed stays as it was written, character for character, so its positions are exact. Whatever
//! was put in has the position of the place where it was put.

use std::cell::OnceCell;

/// A change to a text: what is from `start` to `end` gives way to `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    start: u32,
    end: u32,
    with: With,
}

/// What stands in a text's place.
#[derive(Clone, Debug, PartialEq, Eq)]
enum With {
    /// As many spaces; ends of lines stay, so that nothing moves.
    Blank,
    /// Something else.
    Text(String),
}

/// Changes in the making.
#[derive(Debug, Default)]
pub struct Edits(Vec<Edit>);

impl Edits {
    /// Puts `text` before what stands at `at`. Of two texts at one place the earlier comes first.
    pub fn insert(&mut self, at: u32, text: impl Into<String>) {
        self.0.push(Edit { start: at, end: at, with: With::Text(text.into()) });
    }

    /// Puts `text` in the place of what stands from `start` to `end`.
    pub fn replace(&mut self, start: u32, end: u32, text: impl Into<String>) {
        self.0.push(Edit { start, end, with: With::Text(text.into()) });
    }

    /// Takes out what stands from `start` to `end`, with nothing moving.
    pub fn blank(&mut self, start: u32, end: u32) {
        if start < end {
            self.0.push(Edit { start, end, with: With::Blank });
        }
    }

    /// The changed text, and `behind` it, in a line of its own, text of ours.
    pub fn apply(mut self, original: String, behind: &str) -> Text {
        // Stable, so that texts at one place stay in the order in which they came. What is put in at the start of
        // something that is taken out comes before it.
        self.0.sort_by_key(|edit| (edit.start, edit.end > edit.start));
        let mut changed = String::with_capacity(original.len() + original.len() / 8);
        let mut kept = Vec::with_capacity(self.0.len());
        let mut at = 0;
        for edit in self.0 {
            let (start, end) = (edit.start as usize, edit.end as usize);
            // Inside of what is taken out already, there is nothing left to change.
            if start < at || end > original.len() {
                continue;
            }
            changed.push_str(&original[at..start]);
            match &edit.with {
                With::Blank => blank(&original[start..end], &mut changed),
                With::Text(text) => changed.push_str(text),
            }
            at = end;
            kept.push(edit);
        }
        changed.push_str(&original[at..]);
        if !behind.is_empty() {
            // The newline ends a comment that the program may end with.
            changed.push('\n');
            changed.push_str(behind);
        }
        Text { changed, original, edits: kept, has_ours: !behind.is_empty(), runs: OnceCell::new() }
    }
}

/// Spaces for `text`, as long in UTF-16 units and with the same ends of lines.
fn blank(text: &str, onto: &mut String) {
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => onto.push(character),
            _ => (0..character.len_utf16()).for_each(|_| onto.push(' ')),
        }
    }
}

/// A text, as the visitor wrote it and as it was changed.
#[derive(Debug)]
pub struct Text {
    changed: String,
    /// Empty where nothing was changed.
    original: String,
    edits: Vec<Edit>,
    /// Whether something of ours stands behind it.
    has_ours: bool,
    /// Made when the first position is asked for.
    runs: OnceCell<Vec<Run>>,
}

/// A stretch of the changed text whose positions follow from those of its start.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Where it begins in the changed text.
    changed: Point,
    /// Where that is in the original.
    original: Point,
    kind: RunKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RunKind {
    /// As the visitor wrote it.
    Kept,
    /// Put in: all of it is where it begins.
    New,
    /// Behind the program: nowhere.
    Ours,
}

/// A line and a column, both counted from 1, columns in UTF-16 units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

impl Point {
    /// The beginning.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The point after `text`, which begins here. `previous` is the character before it.
    fn after(mut self, text: &str, previous: &mut char) -> Self {
        // What ECMAScript takes for the end of a line, CR LF being one.
        for character in text.chars() {
            match character {
                '\n' if *previous == '\r' => {}
                '\n' | '\r' | '\u{2028}' | '\u{2029}' => self = Self { line: self.line + 1, column: 1 },
                _ => self.column += character.len_utf16() as u32,
            }
            *previous = character;
        }
        self
    }

    /// The place right after `text`.
    pub fn behind(text: &str) -> Self {
        Self::START.after(text, &mut '\0')
    }
}

impl Text {
    /// A text that nothing is changed in.
    pub fn plain(text: String) -> Self {
        Self {
            changed: text,
            original: String::new(),
            edits: Vec::new(),
            has_ours: false,
            runs: OnceCell::new(),
        }
    }

    /// As it was changed.
    pub fn changed(&self) -> &str {
        &self.changed
    }

    /// Where in the visitor's own text a position of the changed one is; `None` for what is not in it.
    pub fn original(&self, line: u32, column: u32) -> Option<Point> {
        let asked = Point { line, column };
        if self.edits.is_empty() && !self.has_ours {
            return Some(asked);
        }
        let runs = self.runs.get_or_init(|| self.runs());
        let at = runs.partition_point(|run| run.changed <= asked);
        let Some(run) = at.checked_sub(1).and_then(|at| runs.get(at)) else { return Some(asked) };
        match run.kind {
            RunKind::Ours => None,
            RunKind::New => Some(run.original),
            RunKind::Kept if line == run.changed.line => Some(Point {
                line: run.original.line,
                column: run.original.column + (column - run.changed.column),
            }),
            RunKind::Kept => Some(Point { line: run.original.line + (line - run.changed.line), column }),
        }
    }

    fn runs(&self) -> Vec<Run> {
        let mut runs = vec![Run { changed: Point::START, original: Point::START, kind: RunKind::Kept }];
        let (mut changed, mut original) = (Point::START, Point::START);
        let (mut before_changed, mut before_original) = ('\0', '\0');
        let mut at = 0;
        for edit in &self.edits {
            let With::Text(new) = &edit.with else { continue };
            let kept = &self.original[at..edit.start as usize];
            changed = changed.after(kept, &mut before_changed);
            original = original.after(kept, &mut before_original);
            runs.push(Run { changed, original, kind: RunKind::New });
            changed = changed.after(new, &mut before_changed);
            original =
                original.after(&self.original[edit.start as usize..edit.end as usize], &mut before_original);
            runs.push(Run { changed, original, kind: RunKind::Kept });
            at = edit.end as usize;
        }
        if self.has_ours {
            let changed = changed.after(&self.original[at..], &mut before_changed);
            let changed = Point { line: changed.line + 1, column: 1 };
            runs.push(Run { changed, original, kind: RunKind::Ours });
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edits(edits: &[(u32, u32, Option<&str>)]) -> Edits {
        let mut all = Edits::default();
        for (start, end, with) in edits {
            match with {
                Some(text) => all.replace(*start, *end, *text),
                None => all.blank(*start, *end),
            }
        }
        all
    }

    #[test]
    fn what_is_blanked_does_not_move_anything() {
        let text = edits(&[(1, 6, None)]).apply("a😀\nc d".into(), "");
        assert_eq!(text.changed(), "a  \nc d");
        assert_eq!(text.original(2, 3), Some(Point { line: 2, column: 3 }));
    }

    #[test]
    fn positions_behind_something_new_are_moved_back() {
        let text = edits(&[(2, 2, Some("XX")), (3, 5, Some("\nY"))]).apply("abcdef\ngh".into(), "ours");
        assert_eq!(text.changed(), "abXXc\nYf\ngh\nours");
        let original = |line, column| {
            let Point { line, column } = text.original(line, column).unwrap();
            (line, column)
        };
        assert_eq!(original(1, 2), (1, 2));
        assert_eq!(original(1, 3), (1, 3), "in what was put in");
        assert_eq!(original(1, 4), (1, 3), "in what was put in");
        assert_eq!(original(1, 5), (1, 3));
        assert_eq!(original(2, 1), (1, 4), "in what was put in");
        assert_eq!(original(2, 2), (1, 6));
        assert_eq!(original(3, 2), (2, 2));
        assert_eq!(text.original(4, 1), None, "behind the program");
    }

    #[test]
    fn what_overlaps_something_taken_out_is_left_out() {
        assert_eq!(edits(&[(0, 4, None), (2, 3, Some("X"))]).apply("abcdef".into(), "").changed(), "    ef");
        assert_eq!(edits(&[(0, 4, None), (0, 0, Some("X"))]).apply("abcdef".into(), "").changed(), "X    ef");
        assert_eq!(edits(&[(9, 12, None)]).apply("abcdef".into(), "").changed(), "abcdef");
    }

    #[test]
    fn columns_count_in_utf16_units_and_lines_as_ecmascript_does() {
        assert_eq!(Point::behind("😀"), Point { line: 1, column: 3 });
        assert_eq!(Point::behind("a\r\nb\u{2028}c\rd"), Point { line: 4, column: 2 });
    }

    proptest! {
        /// Whatever is put in, each character that stayed is found where it was.
        #[test]
        fn what_stays_is_found_again(
            text in "[ab\n\r😀]{0,40}",
            places in prop::collection::vec((0usize..40, "[xy\u{2028}]{0,3}"), 0..6),
        ) {
            let mut all = Edits::default();
            for (at, new) in &places {
                let at = text.floor_char_boundary(*at);
                if !text[..at].ends_with('\r') {
                    all.insert(at as u32, new.as_str());
                }
            }
            let changed = all.apply(text.clone(), "");
            let mut back = changed.changed().char_indices();
            for (at, character) in text.char_indices() {
                let (now, _) = back.find(|(_, it)| *it == character).expect("nothing is lost");
                // A CR LF that is one end of a line has no position of its own.
                if "\n\r".contains(character) {
                    continue;
                }
                let Point { line, column } = Point::behind(&changed.changed()[..now]);
                prop_assert_eq!(changed.original(line, column), Some(Point::behind(&text[..at])));
            }
        }
    }
}
