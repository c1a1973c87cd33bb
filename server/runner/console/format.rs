//! `%` directives, as the Console Standard's Formatter applies them.
//!
//! It works on trees, not on the program's values: where the standard would convert an object with the
//! program's own `toString`, the object's one-line text stands instead, and of `Temporal`'s objects the ISO form.

use crate::protocol::bounds;
use crate::protocol::value::{Format, FormatPart, Value};
use crate::runner::inspect::{Budget, line, primitive, size, temporal_text};

/// The longest CSS of a `%c`, in UTF-16 units.
const STYLE_UNITS: usize = 1_000;
/// The most parts of one message.
const MAX_PARTS: usize = bounds::FORMAT_PARTS;
/// `{"type":"text","text":"","style":""},`, rounded up.
const PART: usize = 44;
/// `"format":{"parts":[],"consumed":…},`
const FORMAT: usize = 48;

/// Takes the format string `args[0]` apart; `None` when there is none, or nothing for it to format. What the
/// budget has no room for is cut with `…`.
pub(super) fn format(args: &[Value], budget: &mut Budget) -> Option<Format> {
    let [Value::String { value: format, length }, _, ..] = args else { return None };
    if !format.contains('%') || !budget.charge(FORMAT) {
        return None;
    }
    let mut parts = Parts { parts: Vec::new(), text: String::new(), style: None };
    let mut next = 1;
    let mut applied = false;
    let mut rest = format.as_str();
    while let Some(at) = rest.find('%') {
        let (before, directive) = rest.split_at(at);
        parts.text.push_str(before);
        let Some(letter) = directive[1..].chars().next() else {
            rest = directive;
            break;
        };
        rest = &directive[1 + letter.len_utf8()..];
        if letter == '%' {
            parts.text.push('%');
            applied = true;
            continue;
        }
        let known = matches!(letter, 's' | 'd' | 'i' | 'f' | 'o' | 'O' | 'c');
        let Some(arg) = args.get(next).filter(|_| known) else {
            // Unknown, or nothing left to put there: it stands as it is. The letter may begin the next one.
            parts.text.push('%');
            rest = &directive[1..];
            continue;
        };
        if parts.parts.len() >= MAX_PARTS {
            rest = directive;
            break;
        }
        match letter {
            's' => match temporal_text(arg) {
                Some(iso) => parts.text.push_str(iso),
                None => parts.text.push_str(&line(arg)),
            },
            'd' | 'i' => parts.text.push_str(&integer(arg)),
            'f' => parts.text.push_str(&float(arg)),
            'o' | 'O' => {
                parts.flush();
                parts.parts.push(FormatPart::Value { arg: next as u32 });
            }
            _ => {
                parts.flush();
                parts.style = match arg {
                    Value::String { value, .. } if !value.is_empty() => Some(value.clone()),
                    _ => None,
                };
            }
        }
        applied = true;
        next += 1;
    }
    if !applied {
        budget.give_back(FORMAT);
        return None;
    }
    parts.text.push_str(rest);
    if (size::units(format) as u64) < *length {
        parts.text.push('…');
    }
    parts.flush();
    Some(Format { parts: paid(parts.parts, budget), consumed: next as u32 })
}

struct Parts {
    parts: Vec<FormatPart>,
    text: String,
    style: Option<String>,
}

impl Parts {
    /// Ends the text before a directive that does not become text.
    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.parts.push(FormatPart::Text { text, style: self.style.clone() });
        }
    }
}

/// The parts that `budget` has room for, the last text cut.
fn paid(parts: Vec<FormatPart>, budget: &mut Budget) -> Vec<FormatPart> {
    let mut kept = Vec::with_capacity(parts.len());
    for mut part in parts {
        // Room for the `…` of a part that is cut.
        if !budget.charge(PART + "…".len()) {
            break;
        }
        if let FormatPart::Text { text, style } = &mut part {
            if let Some(css) = style {
                let whole = css.len();
                let used = size::cut(css, budget.bytes(), STYLE_UNITS);
                if css.len() < whole {
                    // Half a declaration could mean something else than the whole.
                    *style = None;
                } else {
                    budget.charge(used);
                }
            }
            let whole = text.len();
            let used = size::cut(text, budget.bytes(), usize::MAX);
            budget.charge(used);
            if text.len() < whole {
                text.push('…');
                kept.push(part);
                break;
            }
        }
        kept.push(part);
    }
    kept
}

/// What `parseInt` and `parseFloat` get to see of a value; `None` for those that give `NaN`.
fn numeric(value: &Value) -> Option<String> {
    match value {
        Value::Number { .. } | Value::SpecialNumber { .. } | Value::String { .. } => Some(line(value)),
        Value::Bigint { value } => Some(value.clone()),
        _ => temporal_text(value).map(str::to_owned),
    }
}

/// `%d` and `%i`: `parseInt(value, 10)`.
fn integer(value: &Value) -> String {
    let Some(text) = numeric(value) else { return "NaN".to_owned() };
    let text = text.trim_start();
    let (negative, digits) = sign(text);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    signed(negative, &digits[..end])
}

/// `%f`: `parseFloat(value)`.
fn float(value: &Value) -> String {
    let Some(text) = numeric(value) else { return "NaN".to_owned() };
    let (negative, text) = sign(text.trim_start());
    if text.starts_with("Infinity") {
        return if negative { "-Infinity" } else { "Infinity" }.to_owned();
    }
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let whole = digits(text);
    let mut end = whole;
    let mut any = whole > 0;
    if text[end..].starts_with('.') {
        let fraction = digits(&text[end + 1..]);
        any |= fraction > 0;
        end += 1 + fraction;
    }
    if !any {
        return "NaN".to_owned();
    }
    if let Some(exponent) = text[end..].strip_prefix(['e', 'E']) {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits(unsigned) > 0 {
            end += 1 + (exponent.len() - unsigned.len()) + digits(unsigned);
        }
    }
    signed(negative, &text[..end])
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn signed(negative: bool, digits: &str) -> String {
    match digits.parse::<f64>() {
        Ok(size) => primitive::number(if negative { -size } else { size }),
        Err(_) => "NaN".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::runner::inspect::json_len;

    fn text(value: &str) -> Value {
        Value::String { value: value.to_owned(), length: size::units(value) as u64 }
    }

    fn plain(args: &[Value]) -> Option<(String, u32)> {
        let format = format(args, &mut Budget::new(64 << 10))?;
        let parts = format.parts.iter().map(|part| match part {
            FormatPart::Text { text, style: None } => text.clone(),
            FormatPart::Text { text, style: Some(style) } => format!("<{style}|{text}>"),
            FormatPart::Value { arg } => format!("[{arg}]"),
        });
        Some((parts.collect(), format.consumed))
    }

    #[test]
    fn directives_are_applied_in_order() {
        let number = |value| Value::Number { value };
        type Case = (Vec<Value>, Option<(&'static str, u32)>);
        let cases: Vec<Case> = vec![
            (vec![text("plain"), text("x")], None),
            (vec![text("100%")], None),
            (vec![text("%s")], None),
            (vec![text("100%"), text("x")], None),
            (vec![text("%s!"), text("x")], Some(("x!", 2))),
            (vec![text("%s %s"), text("x")], Some(("x %s", 2))),
            (vec![text("%x %s"), text("x"), text("y")], Some(("%x x", 2))),
            (vec![text("%d%%"), number(42.9)], Some(("42%", 2))),
            (vec![text("%%s"), text("x")], Some(("%s", 1))),
            (vec![text("%%%s"), text("x")], Some(("%x", 2))),
            (vec![text("%é%s"), text("x")], Some(("%éx", 2))),
            (vec![text("%i"), text("  -12px")], Some(("-12", 2))),
            (vec![text("%i"), text("0x10")], Some(("0", 2))),
            (vec![text("%d"), Value::Bigint { value: "123".to_owned() }], Some(("123", 2))),
            (vec![text("%d"), Value::Undefined], Some(("NaN", 2))),
            (vec![text("%d"), Value::Symbol { value: "Symbol(a)".to_owned() }], Some(("NaN", 2))),
            (vec![text("%f"), text("1.50e2kg")], Some(("150", 2))),
            (vec![text("%f"), text(".5.5")], Some(("0.5", 2))),
            (vec![text("%f"), text("1e")], Some(("1", 2))),
            (vec![text("%f"), text("-Infinity!")], Some(("-Infinity", 2))),
            (vec![text("%f"), text(".")], Some(("NaN", 2))),
            (vec![text("%s"), Value::Symbol { value: "Symbol(a)".to_owned() }], Some(("Symbol(a)", 2))),
            (vec![text("a%ob%Oc"), number(1.0), number(2.0)], Some(("a[1]b[2]c", 3))),
            (vec![text("a%cb%cc"), text("color: red"), text("")], Some(("a<color: red|b>c", 3))),
            (vec![text("%c%s"), text("x: y"), text("z")], Some(("<x: y|z>", 3))),
        ];
        for (args, expected) in cases {
            assert_eq!(plain(&args), expected.map(|(text, n)| (text.to_owned(), n)), "{args:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_paid_covers_it(pattern in "[%sdcoOf\u{1} aé]{0,60}", others in prop::collection::vec("[a1\u{1}\"]{0,30}", 0..8), room in 0usize..2_000) {
            let args: Vec<Value> = std::iter::once(pattern).chain(others).map(|arg| text(&arg)).collect();
            let mut budget = Budget::new(room);
            if let Some(format) = format(&args, &mut budget) {
                prop_assert!(json_len(&format) + "\"format\":,".len() <= room - budget.bytes());
                prop_assert!(format.consumed as usize <= args.len());
            } else {
                prop_assert_eq!(budget.bytes(), room);
            }
        }
    }
}
