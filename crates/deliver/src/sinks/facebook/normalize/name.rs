//! `FN`, `LN`, `FI`: letters of every script; spaces, punctuation, digits and emoji go.

use super::text;

/// The name's letters.
pub(super) fn normalize(trimmed: &str) -> String {
    text::letters(trimmed)
}

/// The first letter of the name.
pub(super) fn initial(trimmed: &str) -> String {
    text::letters(trimmed).chars().take(1).collect()
}
