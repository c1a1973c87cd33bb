//! The picture of a snippet that other sites show beside a link to it: its title and its first lines.

use ab_glyph::{Font, FontRef, GlyphId, PxScale, ScaleFont, point};

/// What sites expect of such a picture, in pixels.
pub const WIDTH: u32 = 1_200;
/// Its height.
pub const HEIGHT: u32 = 630;

const MARGIN: f32 = 64.0;
const TITLE_SIZE: f32 = 52.0;
const CODE_SIZE: f32 = 27.0;
const CODE_LINE: f32 = 38.0;
const FOOT_SIZE: f32 = 26.0;
const LINES: usize = 10;
/// How much of a line is looked at: it is cut where the picture ends.
const LINE_CHARS: usize = 200;

type Colour = [u8; 3];

/// The page's colours in the dark.
const PAGE: Colour = [0x0e, 0x13, 0x15];
const SURFACE: Colour = [0x15, 0x1b, 0x1e];
const LINE: Colour = [0x28, 0x31, 0x35];
const INK: Colour = [0xe5, 0xe6, 0xde];
const MUTED: Colour = [0x9c, 0xaa, 0xac];
const FAINT: Colour = [0x5d, 0x69, 0x6c];
const ACCENT: Colour = [0x63, 0xd4, 0xbb];
const AMBER: Colour = [0xf0, 0xbd, 0x62];
const KEYWORD: Colour = [0xe3, 0xa1, 0xd4];
const STRING: Colour = [0xa9, 0xd6, 0x8b];
const NUMBER: Colour = [0xf0, 0xb3, 0x7a];
const COMMENT: Colour = [0x87, 0x93, 0x8c];

const KEYWORDS: &[&str] = &[
    "as",
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "from",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "of",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "type",
    "typeof",
    "undefined",
    "var",
    "void",
    "while",
    "yield",
];

struct Picture {
    pixels: Vec<u8>,
    font: FontRef<'static>,
}

/// The picture as a PNG.
///
/// # Errors
/// In words for the log.
pub fn card(title: &str, code: &str, foot: &str) -> Result<Vec<u8>, String> {
    let font =
        FontRef::try_from_slice(epaint_default_fonts::HACK_REGULAR).map_err(|error| error.to_string())?;
    let mut picture = Picture { pixels: PAGE.repeat((WIDTH * HEIGHT) as usize), font };
    let right = WIDTH as f32 - MARGIN;

    picture.text(title, MARGIN, 100.0, right, TITLE_SIZE, INK);
    let (top, bottom) = (138, 538);
    picture.fill(MARGIN as u32 - 24, top, right as u32 + 24, bottom, LINE);
    picture.fill(MARGIN as u32 - 23, top + 1, right as u32 + 23, bottom - 1, SURFACE);
    picture.fill(MARGIN as u32 - 24, top, MARGIN as u32 - 18, bottom, ACCENT);

    let digits = 3.0 * picture.advance('0', CODE_SIZE);
    let mut state = State::Code;
    for (at, line) in code.lines().take(LINES).enumerate() {
        let baseline = top as f32 + 34.0 + at as f32 * CODE_LINE;
        let number = (at + 1).to_string();
        let width = picture.width(&number, CODE_SIZE);
        picture.text(&number, MARGIN + digits * 2.0 / 3.0 - width, baseline, right, CODE_SIZE, FAINT);
        let mut x = MARGIN + digits;
        for (token, colour) in tokens(line, &mut state) {
            x = picture.text(&token, x, baseline, right, CODE_SIZE, colour);
        }
    }
    let lines = code.lines().count();
    if lines > LINES {
        let more = format!("… {} more", lines - LINES);
        let width = picture.width(&more, CODE_SIZE * 0.8);
        picture.text(&more, right - width, bottom as f32 - 12.0, right, CODE_SIZE * 0.8, MUTED);
    }
    let end = picture.text("Mayfly", MARGIN, 594.0, right, FOOT_SIZE, AMBER);
    picture.text(foot, end + 24.0, 594.0, right, FOOT_SIZE, MUTED);
    picture.png()
}

impl Picture {
    fn advance(&self, letter: char, size: f32) -> f32 {
        let font = self.font.as_scaled(PxScale::from(size));
        font.h_advance(font.glyph_id(letter))
    }

    fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().take(LINE_CHARS).map(|letter| self.advance(letter, size)).sum()
    }

    /// Writes `text` from `x` on, no further than `right`, and says where it ends. What does not fit is cut.
    fn text(&mut self, text: &str, mut x: f32, baseline: f32, right: f32, size: f32, colour: Colour) -> f32 {
        let step = self.advance('0', size);
        // Half a pixel is for what adding up loses.
        let fits = x + self.width(text, size) <= right + 0.5;
        for letter in text.chars().take(LINE_CHARS) {
            if !fits && x + 2.0 * step > right {
                if x + step <= right {
                    self.glyph('…', x, baseline, size, MUTED);
                }
                return right;
            }
            self.glyph(letter, x, baseline, size, colour);
            x += self.advance(letter, size);
        }
        x
    }

    fn glyph(&mut self, letter: char, x: f32, baseline: f32, size: f32, colour: Colour) {
        let id = match self.font.glyph_id(letter) {
            // What the font does not have is a box.
            GlyphId(0) => self.font.glyph_id('□'),
            id => id,
        };
        let glyph = id.with_scale_and_position(PxScale::from(size), point(x, baseline));
        let Some(outline) = self.font.outline_glyph(glyph) else { return };
        let bounds = outline.px_bounds();
        let pixels = &mut self.pixels;
        outline.draw(|dx, dy, cover| {
            // A float that is no pixel's becomes the nearest whole number there is.
            let (px, py) = (bounds.min.x as i64 + i64::from(dx), bounds.min.y as i64 + i64::from(dy));
            if (0..i64::from(WIDTH)).contains(&px) && (0..i64::from(HEIGHT)).contains(&py) {
                let at = 3 * (py as usize * WIDTH as usize + px as usize);
                for (pixel, ink) in pixels[at..at + 3].iter_mut().zip(colour) {
                    let mixed =
                        f32::from(*pixel) + (f32::from(ink) - f32::from(*pixel)) * cover.clamp(0.0, 1.0);
                    *pixel = mixed as u8;
                }
            }
        });
    }

    fn fill(&mut self, left: u32, top: u32, right: u32, bottom: u32, colour: Colour) {
        for y in top..bottom.min(HEIGHT) {
            let row = (y * WIDTH) as usize;
            let (from, to) = (row + left as usize, row + right.min(WIDTH) as usize);
            self.pixels[3 * from..3 * to].copy_from_slice(&colour.repeat(to - from));
        }
    }

    fn png(self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
        writer.write_image_data(&self.pixels).map_err(|error| error.to_string())?;
        writer.finish().map_err(|error| error.to_string())?;
        Ok(bytes)
    }
}

/// What the end of one line means for the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Code,
    Comment,
    Template,
}

/// The pieces of a line and their colours: near enough for a picture, without a parser.
fn tokens(line: &str, state: &mut State) -> Vec<(String, Colour)> {
    let letters: Vec<char> = line.replace('\t', "    ").chars().take(LINE_CHARS).collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let start = at;
        let next = letters.get(at + 1).copied();
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
        let colour = match (*state, letters[at]) {
            (State::Comment, _) => {
                at = comment_end(&letters, at, state);
                COMMENT
            }
            (State::Template, _) => {
                at = string_end(&letters, at, '`', state);
                STRING
            }
            (State::Code, '/') if next == Some('/') => {
                at = letters.len();
                COMMENT
            }
            (State::Code, '/') if next == Some('*') => {
                *state = State::Comment;
                at = comment_end(&letters, at + 2, state);
                COMMENT
            }
            (State::Code, quote @ ('"' | '\'' | '`')) => {
                at = string_end(&letters, at + 1, quote, state);
                STRING
            }
            (State::Code, letter) if letter.is_ascii_digit() => {
                while at < letters.len() && (is_word(letters[at]) || letters[at] == '.') {
                    at += 1;
                }
                NUMBER
            }
            (State::Code, letter) if is_word(letter) => {
                while at < letters.len() && is_word(letters[at]) {
                    at += 1;
                }
                let word: String = letters[start..at].iter().collect();
                if KEYWORDS.contains(&word.as_str()) { KEYWORD } else { INK }
            }
            (State::Code, letter) => {
                at += 1;
                if letter.is_ascii_punctuation() { MUTED } else { INK }
            }
        };
        tokens.push((letters[start..at].iter().collect(), colour));
    }
    tokens
}

fn comment_end(letters: &[char], mut at: usize, state: &mut State) -> usize {
    while at < letters.len() {
        if letters[at] == '*' && letters.get(at + 1) == Some(&'/') {
            *state = State::Code;
            return at + 2;
        }
        at += 1;
    }
    at
}

fn string_end(letters: &[char], mut at: usize, quote: char, state: &mut State) -> usize {
    while at < letters.len() {
        match letters[at] {
            '\\' => at += 1,
            letter if letter == quote => {
                *state = State::Code;
                return at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    // Only such a string goes on in the next line.
    *state = if quote == '`' { State::Template } else { State::Code };
    letters.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn code_is_coloured() {
        let mut state = State::Code;
        let shown: Vec<_> = tokens("const a = \"b\\\"c\" + 0x1f // d", &mut state);
        for (token, colour) in
            [("const", KEYWORD), ("a", INK), ("\"b\\\"c\"", STRING), ("0x1f", NUMBER), ("// d", COMMENT)]
        {
            assert!(shown.contains(&(token.to_owned(), colour)), "{token}: {shown:?}");
        }
        tokens("/* a", &mut state);
        assert_eq!(state, State::Comment);
        assert_eq!(tokens("b */ c", &mut state)[0], ("b */".to_owned(), COMMENT));
        tokens("`a", &mut state);
        assert_eq!(state, State::Template);
        assert_eq!((tokens("'open", &mut state).len(), state), (1, State::Template));
    }

    #[test]
    fn a_card_is_a_png_of_its_size() {
        let png = card(
            "A title that is far too long for a picture that has only so many pixels",
            "let a = 1;\n".repeat(30).as_str(),
            "JavaScript · 30 lines",
        )
        .expect("a picture");
        let decoder = png::Decoder::new(std::io::Cursor::new(&png));
        let reader = decoder.read_info().expect("a PNG");
        assert_eq!((reader.info().width, reader.info().height), (WIDTH, HEIGHT));
        assert!(png.len() < 300_000, "{}", png.len());
        let other = card("", "", "").expect("a picture");
        assert!(other.len() < png.len() / 2, "the words take room: {} and {}", other.len(), png.len());
        if let Some(path) = std::env::var_os("MAYFLY_CARD") {
            std::fs::write(path, &png).expect("it can be written");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn no_text_makes_it_panic(title in "\\PC{0,80}", code in "(\\PC{0,60}|[`\"'/*\\\\\n]){0,8}") {
            prop_assert!(card(&title, &code, "").is_ok());
        }

        #[test]
        fn nothing_of_a_line_is_lost(line in "([a-z0-9 ]|[`\"'/*\\\\]){0,80}") {
            let mut state = State::Code;
            let whole: String = tokens(&line, &mut state).into_iter().map(|(token, _)| token).collect();
            prop_assert_eq!(whole, line);
        }
    }
}
