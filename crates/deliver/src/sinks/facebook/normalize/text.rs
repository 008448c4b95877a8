//! What all keys share: trimming, Unicode forms, letters and digits of every script.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Without white space of any script, and the invisible characters that spreadsheets and forms leave, at both ends.
pub(super) fn trimmed(text: &str) -> &str {
    // Most values have nothing to trim.
    if let [first, .., last] = text.as_bytes()
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return text;
    }
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\0'))
}

/// Composed and lower-case, by the full Unicode rules.
pub(super) fn lower(text: &str) -> String {
    // What is ASCII is composed already.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfc().collect::<String>().to_lowercase().nfc().collect()
}

/// Letters of every script with their marks, and nothing else, composed and lower-case.
pub(super) fn letters(text: &str) -> String {
    if text.is_ascii() {
        return ascii_letters(text);
    }
    let lowered = lower(text);
    let mut kept = String::with_capacity(lowered.len());
    let mut after_letter = false;
    for c in lowered.chars() {
        if is_joiner(c) {
            continue;
        }
        let keep = if is_combining_mark(c) { after_letter && !is_symbol_mark(c) } else { is_letter(c) };
        if keep {
            kept.push(c);
        }
        after_letter = keep;
    }
    kept.nfc().collect()
}

/// Letters alone, accents and other scripts folded to a to z: `Málaga` is `malaga`.
pub(super) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return ascii_letters(text);
    }
    let ascii = deunicode::deunicode(&letters(text));
    ascii.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
}

fn ascii_letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
}

/// Digits of every script as ASCII; all else unchanged.
pub(super) fn ascii_digits(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| digit_value(c).map_or(c, |value| char::from(b'0' + value))).collect())
}

/// Letters only: the circled and squared letters that Unicode calls alphabetic are symbols, Roman numerals are numbers.
fn is_letter(c: char) -> bool {
    let symbol = matches!(c, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}' | '\u{2160}'..='\u{2188}');
    c.is_alphabetic() && !symbol
}

/// Marks that dress symbols: variation selectors, enclosing circles and keycaps.
fn is_symbol_mark(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' | '\u{20dd}'..='\u{20e0}' | '\u{20e2}'..='\u{20e4}')
}

/// Invisible between the letters of one word; what follows still belongs to the letter before.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Where the ten decimal digits of each script begin.
#[rustfmt::skip]
const DIGIT_ZEROES: [u32; 62] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0,
    0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0,
    0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450,
    0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16A60, 0x16AC0, 0x16B50,
    0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950, 0x1FBF0,
];

fn digit_value(c: char) -> Option<u8> {
    let code = u32::from(c);
    if (0x1D7CE..=0x1D7FF).contains(&code) {
        return u8::try_from((code - 0x1D7CE) % 10).ok();
    }
    let zero = DIGIT_ZEROES.iter().rev().find(|zero| **zero <= code)?;
    u8::try_from(code - zero).ok().filter(|value| *value < 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_are_digits() {
        assert_eq!(ascii_digits("٠١٢ ۹ ९ １２ 𝟗 x7"), "012 9 9 12 9 x7");
    }

    #[test]
    fn marks_stay_with_letters_and_leave_with_symbols() {
        assert_eq!(letters("Vale\u{301}ry \u{2764}\u{fe0f} 1\u{fe0f}\u{20e3}"), "valéry");
        assert_eq!(letters("\u{301}x"), "x");
        assert_eq!(letters("ΣΊΣΥΦΟΣ"), "σίσυφος");
    }

    #[test]
    fn folding_romanizes() {
        assert_eq!(folded("Straße Ørsted Łódź Đà"), "strasseorstedlodzda");
        assert_eq!(folded("😀 №5"), "");
    }
}
