//! Constants: what a YAML scalar means when it is compared with values.

use model::NUMBER_EXACT_MAX;
use unicode_normalization::UnicodeNormalization as _;

use crate::diagnostic::Diagnostic;
use crate::meaning::Scalar;
use crate::number;
use crate::quote::quoted;
use crate::scope::Scope;
use crate::tree::{Data, Node};

/// A flag, number or text.
pub(crate) fn scalar(node: &Node, scope: &mut Scope) -> Option<Scalar> {
    match &node.data {
        Data::Flag(flag) => Some(Scalar::Flag(*flag)),
        Data::Text(text) => Some(Scalar::Text(normalized(text))),
        Data::Number(text) => number_scalar(node, text, scope),
        Data::Null => {
            scope.report(null_value(node));
            None
        }
        Data::List(_) => {
            scope.report(node.wrong_type("one value").help("to allow several values, write `one_of: [first, second]`"));
            None
        }
        Data::Map(_) => {
            scope.report(node.wrong_type("one value such as `gold`, `5` or `true`"));
            None
        }
    }
}

/// A number for a comparison of sizes.
pub(crate) fn number(node: &Node, scope: &mut Scope) -> Option<f64> {
    match &node.data {
        Data::Number(text) => {
            let float = finite(node, text, scope)?;
            warn_when_rounded(node, text, float, scope);
            Some(float)
        }
        Data::Null => {
            scope.report(null_value(node));
            None
        }
        Data::Text(text) if number::is_number(text) => {
            scope.report(node.wrong_type("a number").help(format!("write it without quotes: `{text}`")));
            None
        }
        Data::Text(text) if model::MomentSpec::parse(text).is_ok() => {
            scope.report(node.wrong_type("a number").help("compare dates with `after` and `before`"));
            None
        }
        Data::Flag(_) | Data::Text(_) | Data::List(_) | Data::Map(_) => {
            scope.report(node.wrong_type("a number such as `100` or `19.99`"));
            None
        }
    }
}

/// A piece of text to look for: never empty.
pub(crate) fn needle(node: &Node, scope: &mut Scope) -> Option<String> {
    if node.is_null() {
        scope.report(null_value(node));
        return None;
    }
    let text = scope.keep(node.as_text())?;
    if text.is_empty() {
        let finding = Diagnostic::error("empty-text", "every text contains the empty text").at(&node.place);
        scope.report(finding.help("give the piece of text to look for; `exists: true` asks for any value"));
        return None;
    }
    Some(normalized(text))
}

/// The finding that nothing can be compared with nothing.
pub(crate) fn null_value(node: &Node) -> Diagnostic {
    let finding = Diagnostic::error("null-value", "nothing equals `null`: a null value is a missing one").at(&node.place);
    finding.help("use `exists: false` for a missing value, `\"\"` for the empty text")
}

fn normalized(text: &str) -> String {
    text.nfc().collect()
}

fn number_scalar(node: &Node, text: &str, scope: &mut Scope) -> Option<Scalar> {
    if looks_like_text(text) {
        let message = format!("{} is compared as a number, without its first character", quoted(text));
        let finding = Diagnostic::warning("number-like-text", message).at(&node.place);
        scope.report(finding.help(format!("put it in quotes if it is a code or a phone number: `\"{text}\"`")));
    }
    if let Some(integer) = number::integer(text)
        && integer.unsigned_abs() > u128::from(NUMBER_EXACT_MAX)
    {
        if i64::try_from(integer).is_ok() || u64::try_from(integer).is_ok() {
            return Some(Scalar::Integer(integer));
        }
        scope.report(out_of_range(node, text));
        return None;
    }
    let float = finite(node, text, scope)?;
    warn_when_rounded(node, text, float, scope);
    Some(Scalar::Number(float))
}

/// Postal codes, phone numbers and the like, which lose their first character as numbers.
fn looks_like_text(text: &str) -> bool {
    let leading_zero = text.starts_with('0') && text.len() > 1 && text.bytes().all(|b| b.is_ascii_digit());
    leading_zero || text.starts_with('+')
}

fn finite(node: &Node, text: &str, scope: &mut Scope) -> Option<f64> {
    let float = number::float(text);
    if float.is_none() {
        scope.report(out_of_range(node, text));
    }
    float
}

fn out_of_range(node: &Node, text: &str) -> Diagnostic {
    let finding = Diagnostic::error("number-out-of-range", format!("{} is no number that values can hold", quoted(text))).at(&node.place);
    finding.help("values are finite numbers, whole ones of at most 64 bits; put a longer code in quotes")
}

fn warn_when_rounded(node: &Node, text: &str, float: f64, scope: &mut Scope) {
    if !number::is_exact(text, float) {
        let message = format!("{} is rounded to `{float}`", quoted(text));
        let finding = Diagnostic::warning("number-rounded", message).at(&node.place);
        scope.report(finding.help("numbers are 64-bit floats: write at most 15 digits"));
    }
}
