//! `EMAIL`: lower-case, and an address at all.
//!
//! Dots and `+tag` stay: two spellings of one mailbox are two addresses to Facebook.

use super::text;

/// The address, or nothing when it is none.
pub(super) fn normalize(trimmed: &str) -> Option<String> {
    let lowered = text::lower(trimmed);
    let address = text::trimmed(lowered.trim_end_matches('.'));
    let (local, domain) = address.split_once('@')?;
    let labels_are_whole = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    let plain = !domain.contains('@') && !address.chars().any(|c| c.is_whitespace() || c.is_control());
    (!local.is_empty() && labels_are_whole && plain).then(|| address.to_owned())
}
