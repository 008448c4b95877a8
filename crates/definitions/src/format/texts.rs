//! Scalars as text: unquoted where every reader reads them as what they are, quoted otherwise.

use super::document::Scalar;
use crate::reader::plain_data;
use crate::tree::Data;

/// How wide a line may be.
pub(super) const WIDTH_MAX: usize = 100;

/// Where a scalar stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    /// After a key or a dash, with the rest of the line for itself.
    Block,
    /// Between brackets.
    Brackets,
}

/// A scalar that is written on one line, or a block of several.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// On the line.
    Line(String),
    /// `|`, `|-` or `>-`, and the lines below it.
    Lines(&'static str, Vec<String>),
}

/// A scalar in a block. `column` is where it would begin, `indent` where lines below its key begin.
pub(super) fn in_block(scalar: &Scalar, column: usize, indent: usize) -> Written {
    let Data::Text(text) = &scalar.data else {
        return Written::Line(if scalar.empty { String::new() } else { on_a_line(scalar, Around::Block) });
    };
    if let Some((header, lines)) = literal(text) {
        return Written::Lines(header, lines);
    }
    let line = on_a_line(scalar, Around::Block);
    if scalar.spread
        && column + line.chars().count() > WIDTH_MAX
        && let Some(lines) = folded(text, WIDTH_MAX.saturating_sub(indent))
    {
        return Written::Lines(">-", lines);
    }
    Written::Line(line)
}

/// A scalar on one line.
pub(super) fn on_a_line(scalar: &Scalar, around: Around) -> String {
    match &scalar.data {
        Data::Flag(flag) => flag.to_string(),
        Data::Number(number) => number.clone(),
        Data::Text(text) if needs_quotes(text, around) || is_code(text) => quoted(text),
        Data::Text(text) => text.clone(),
        Data::Null | Data::List(_) | Data::Map(_) => "null".to_owned(),
    }
}

/// A map's key.
pub(super) fn key(text: &str, around: Around) -> String {
    if needs_quotes(text, around) { quoted(text) } else { text.to_owned() }
}

/// `AT`, `NO`: two capital letters.
fn is_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase())
}

/// Whether some reader of YAML would take the bare text for something else.
fn needs_quotes(text: &str, around: Around) -> bool {
    const INDICATORS: &[char] = &['-', '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`'];
    let brackets = around == Around::Brackets && text.contains([',', '[', ']', '{', '}']);
    text.is_empty()
        || text.starts_with(INDICATORS)
        || text.starts_with(char::is_whitespace)
        || text.ends_with(char::is_whitespace)
        || text.ends_with(':')
        || text.contains(": ")
        || text.contains(" #")
        || text.contains('*')
        || text.starts_with("...")
        || text.chars().any(needs_escape)
        || brackets
        || !matches!(plain_data(text), Data::Text(_))
        || is_special_to_1_1(text)
        || is_number_to_1_1(text)
}

/// Words that YAML 1.1 takes for flags or marks.
fn is_special_to_1_1(text: &str) -> bool {
    const WORDS: [&str; 8] = ["y", "n", "yes", "no", "on", "off", "=", "<<"];
    let lower = text.to_ascii_lowercase();
    WORDS.contains(&lower.as_str())
}

/// Numbers that only YAML 1.1 knows, generously: `12:30:00`, `1_000`, `0b1`, `1.2.3`.
fn is_number_to_1_1(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let decimal = |c: char| c.is_ascii_digit() || matches!(c, '_' | '.' | ':');
    if let Some(digits) = ["0x", "0b", "0o"].iter().find_map(|prefix| unsigned.strip_prefix(prefix)) {
        return digits.chars().all(|c| c.is_ascii_hexdigit() || c == '_');
    }
    let mantissa = unsigned.split_once(['e', 'E']).map_or(unsigned, |(mantissa, exponent)| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if digits.chars().all(|c| c.is_ascii_digit()) { mantissa } else { unsigned }
    });
    mantissa.starts_with(|c: char| c.is_ascii_digit() || c == '.') && mantissa.chars().all(decimal)
}

/// Characters that are not shown, or that some readers take for the end of a line.
fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            _ if needs_escape(c) => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The lines of a text of several, when a literal block keeps them all.
fn literal(text: &str) -> Option<(&'static str, Vec<String>)> {
    let (header, body) = text.strip_suffix('\n').map_or(("|-", text), |body| ("|", body));
    let odd = |c: char| needs_escape(c) && c != '\n';
    let lines: Vec<String> = body.split('\n').map(str::to_owned).collect();
    let visible = |line: Option<&String>| line.is_some_and(|line| !line.trim().is_empty());
    let keeps = body.contains('\n')
        && !body.chars().any(odd)
        && !body.starts_with(char::is_whitespace)
        && visible(lines.first())
        && visible(lines.last())
        && lines.iter().all(|line| !line.ends_with(char::is_whitespace));
    keeps.then_some((header, lines))
}

/// A long text broken at its spaces, when folding joins it again to the same.
fn folded(text: &str, width: usize) -> Option<Vec<String>> {
    if text.contains("  ") || text.trim() != text || text.chars().any(needs_escape) {
        return None;
    }
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    (lines.len() > 1).then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, in_block: &str, in_brackets: &str) {
        let scalar = Scalar { data: Data::Text(text.to_owned()), empty: false, spread: false };
        assert_eq!(on_a_line(&scalar, Around::Block), in_block);
        assert_eq!(on_a_line(&scalar, Around::Brackets), in_brackets);
    }

    #[test]
    fn texts_are_bare_where_every_reader_sees_them() {
        for bare in
            ["gold", "Order Completed", "7 days", "2025-11-28", "2025-11-28T10:00:00+01:00", "30%", "größe", "a:b", "v1.2", "x#y", "1st"]
        {
            check(bare, bare, bare);
        }
        for text in ["NO", "AT", "on", "Yes", "n", "12:30:00", "1_000", "0b1", "1.2.3", "5", "true", "null", "~", "", "=", "@gmail.", "-x"]
        {
            let quoted = format!("\"{text}\"");
            check(text, &quoted, &quoted);
        }
        check("a, b", "a, b", "\"a, b\"");
        check("0 * * * *", "\"0 * * * *\"", "\"0 * * * *\"");
        check("say \"hi\" # not", "\"say \\\"hi\\\" # not\"", "\"say \\\"hi\\\" # not\"");
        check("a\u{85}b", "\"a\\u0085b\"", "\"a\\u0085b\"");
    }

    #[test]
    fn blocks_keep_every_line() {
        assert_eq!(literal("a\n\n  b\n"), Some(("|", vec!["a".to_owned(), String::new(), "  b".to_owned()])));
        assert_eq!(literal("a\nb"), Some(("|-", vec!["a".to_owned(), "b".to_owned()])));
        for odd in ["a", "a\n", " a\nb", "a\nb\n\n", "a \nb", "\na\nb"] {
            assert_eq!(literal(odd), None, "{odd:?}");
        }
        assert_eq!(folded("aa bb cc", 5), Some(vec!["aa bb".to_owned(), "cc".to_owned()]));
        assert_eq!(folded("aa  bb cc", 5), None);
    }
}
