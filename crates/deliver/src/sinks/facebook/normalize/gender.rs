//! `GEN`: `m` or `f`; anything else says nothing that Facebook takes.

/// One letter, or nothing. Whole words only: `mother` is not `m`.
pub(super) fn normalize(trimmed: &str) -> Option<&'static str> {
    match trimmed.to_lowercase().as_str() {
        "m" | "male" | "man" | "boy" => Some("m"),
        "f" | "female" | "woman" | "girl" => Some("f"),
        _ => None,
    }
}
