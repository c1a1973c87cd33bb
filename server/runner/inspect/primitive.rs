//! Primitive values as text.

use deno_core::v8;

use crate::protocol::bounds;

/// A BigInt of more decimal digits is shown as leading hex digits.
const BIGINT_DIGITS: usize = bounds::BIGINT_DIGITS;
/// How many leading hex digits.
const BIGINT_HEX: usize = bounds::BIGINT_HEX;
/// A BigInt of more 64-bit words is not copied for the sake of its leading digits.
const BIGINT_WORDS: usize = 1 << 20;
/// The longest description of a symbol, in UTF-16 units.
const SYMBOL_UNITS: usize = 200;

/// The first `max` UTF-16 units of `string`. A pair that would be cut in half is left out; lone surrogates
/// become U+FFFD. Ropes are not flattened, so the cost does not depend on the string's length.
pub(in crate::runner) fn string(scope: &v8::Isolate, string: v8::Local<v8::String>, max: usize) -> String {
    let length = string.length();
    let mut units = vec![0u16; length.min(max)];
    string.write_v2(scope, 0, &mut units, v8::WriteFlags::empty());
    if length > max && units.last().is_some_and(|last| (0xd800..0xdc00).contains(last)) {
        units.pop();
    }
    String::from_utf16_lossy(&units)
}

/// `text`, with `…` in place of what is past `max` UTF-16 units.
pub(super) fn shortened(text: &str, max: usize) -> String {
    if super::size::units(text) <= max {
        return text.to_owned();
    }
    let mut short = text.to_owned();
    super::size::cut(&mut short, usize::MAX, max.saturating_sub(1));
    short.push('…');
    short
}

/// `Symbol(description)`.
pub(super) fn symbol<'s>(scope: &v8::PinScope<'s, '_>, symbol: v8::Local<v8::Symbol>) -> String {
    match symbol.description(scope).try_cast::<v8::String>() {
        Ok(text) if text.length() > SYMBOL_UNITS => format!("Symbol({}…)", string(scope, text, SYMBOL_UNITS)),
        Ok(text) => format!("Symbol({})", string(scope, text, SYMBOL_UNITS)),
        Err(_) => "Symbol()".to_owned(),
    }
}

/// Decimal digits of a BigInt, or `0x`, leading hex digits and `…` for a huge one.
pub(super) fn bigint(value: v8::Local<v8::BigInt>) -> String {
    let count = value.word_count();
    if count > BIGINT_WORDS {
        // Only the low words could be had without the rest, and they say nothing; so does the sign then.
        return "0x…".to_owned();
    }
    let mut words = vec![0u64; count];
    let (negative, words) = value.to_words_array(&mut words);
    let sign = if negative { "-" } else { "" };
    // 64 bits are 19.27 decimal digits.
    if words.len() * 19 <= BIGINT_DIGITS {
        let digits = decimal(words.to_vec());
        if digits.len() <= BIGINT_DIGITS {
            return format!("{sign}{digits}");
        }
    }
    let mut hex = String::new();
    for word in words.iter().rev().take(BIGINT_HEX / 16 + 1) {
        if hex.is_empty() {
            hex = format!("{word:x}");
        } else {
            hex.push_str(&format!("{word:016x}"));
        }
    }
    hex.truncate(BIGINT_HEX);
    format!("{sign}0x{hex}…")
}

/// Little-endian 64-bit words as a decimal number.
fn decimal(mut words: Vec<u64>) -> String {
    const CHUNK: u128 = 10_000_000_000_000_000_000;
    let mut chunks = Vec::new();
    while words.iter().any(|&word| word != 0) {
        let mut rest: u128 = 0;
        for word in words.iter_mut().rev() {
            let now = (rest << 64) | u128::from(*word);
            *word = (now / CHUNK) as u64;
            rest = now % CHUNK;
        }
        chunks.push(rest as u64);
    }
    let Some((first, others)) = chunks.split_last() else { return "0".to_owned() };
    let mut text = first.to_string();
    for chunk in others.iter().rev() {
        text.push_str(&format!("{chunk:019}"));
    }
    text
}

/// A number as `String(number)` gives it, except for `-0`.
pub(in crate::runner) fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    if value.is_infinite() {
        return format!("{sign}Infinity");
    }
    let size = value.abs();
    if (1e-6..1e21).contains(&size) {
        return format!("{sign}{size}");
    }
    // Rust and JavaScript agree on the digits (the fewest that round-trip); Rust leaves out the plus sign.
    let text = format!("{size:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{sign}{digits}e+{exponent}"),
        _ => format!("{sign}{text}"),
    }
}

/// A time value (milliseconds since 1970, UTC) in the form of `Date.prototype.toISOString`.
pub(in crate::runner) fn date(time: f64) -> String {
    if !time.is_finite() || time.abs() > 8.64e15 {
        return "Invalid Date".to_owned();
    }
    let time = time as i64;
    let (days, ms) = (time.div_euclid(86_400_000), time.rem_euclid(86_400_000));
    // Days to a proleptic Gregorian date; years begin in March, eras have 400 years of 146,097 days.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let year = match year {
        0..=9_999 => format!("{year:04}"),
        _ if year < 0 => format!("-{:06}", -year),
        _ => format!("+{year:06}"),
    };
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000)
}
