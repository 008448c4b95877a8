//! Paths to values: `address.city`, with `\.` for a dot inside a name.

use crate::diagnostic::{Diagnostic, Place};
use crate::quote::quoted;

/// How many steps a path may have.
const STEPS_MAX: usize = 16;

/// Splits a path into its steps.
pub(crate) fn steps(text: &str, place: &Place) -> Result<Vec<String>, Diagnostic> {
    let steps = split(text);
    let refused = |why: &str, help: &str| {
        let message = format!("{} is no path: {why}", quoted(text));
        Err(Diagnostic::error("invalid-path", message).at(place).help(help))
    };
    if steps.iter().any(|step| step.trim().is_empty()) {
        return refused("a step is empty", "write `address.city`; a dot inside a name is `\\.`");
    }
    if steps.len() > STEPS_MAX {
        return refused(&format!("it has more than {STEPS_MAX} steps"), "a dot inside a name is `\\.`");
    }
    Ok(steps)
}

fn split(text: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if matches!(chars.peek(), Some('.' | '\\')) => push(&mut steps, chars.next()),
            '.' => steps.push(String::new()),
            _ => push(&mut steps, Some(c)),
        }
    }
    steps
}

fn push(steps: &mut [String], c: Option<char>) {
    if let Some(step) = steps.last_mut() {
        step.extend(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_separate_unless_escaped() {
        assert_eq!(split("address.city"), ["address", "city"]);
        assert_eq!(split(r"utm\.source"), ["utm.source"]);
        assert_eq!(split(r"a\\.b"), [r"a\", "b"]);
        assert_eq!(split(r"a\b"), [r"a\b"]);
        assert_eq!(split("a..b"), ["a", "", "b"]);
    }
}
