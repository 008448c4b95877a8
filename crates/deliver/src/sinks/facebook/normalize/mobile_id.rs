//! `MADID`: an advertising id, sent as it is and never hashed.

/// Lower-case with its hyphens; nothing when it is all zeroes, which stands for "tracking is off".
pub(super) fn normalize(trimmed: &str) -> Option<String> {
    let zeroed = trimmed.chars().all(|c| matches!(c, '0' | '-'));
    (!zeroed).then(|| trimmed.to_lowercase())
}
