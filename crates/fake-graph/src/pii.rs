//! The raw-data detector: a cell that should be a hash and is not must never pass unseen.
//!
//! **Invariant:** a finding names the place and the reason, never the value.

use serde::Serialize;

use crate::call::Call;
use crate::errors::{GraphError, GraphResult};
use crate::options::RawPii;
use crate::payload::{Upload, cell_text};
use crate::state::State;

/// The SHA-256 of nothing: it says that somebody hashed an empty cell.
const HASH_OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const FINDINGS_MAX: usize = 1_000;

/// One cell that should not have been sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PiiFinding {
    /// The path of the call, without version.
    pub path: String,
    /// The key of the cell.
    pub key: String,
    /// The row within the request, from 0.
    pub row: usize,
    /// What is wrong with the cell.
    pub reason: String,
}

/// 64 lower-case hex digits.
pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Records every raw cell, and refuses the request unless the settings say otherwise.
pub(crate) fn inspect(state: &mut State, call: &Call, upload: &Upload) -> GraphResult<()> {
    let mut found = 0_usize;
    for (row, cells) in upload.rows.iter().enumerate() {
        for (key, cell) in upload.schema.iter().zip(cells).filter(|(key, _)| key.is_hashed()) {
            let Some(reason) = wrong(&cell_text(cell)) else { continue };
            found += 1;
            if state.raw_pii.len() < FINDINGS_MAX {
                let finding = PiiFinding { path: call.path.clone(), key: key.name().to_owned(), row, reason: reason.to_owned() };
                state.raw_pii.push(finding);
            }
        }
    }
    if found == 0 {
        return Ok(());
    }
    tracing::error!(path = %call.path, cells = found, "raw personal data was sent");
    match state.options.raw_pii {
        RawPii::CountInvalid => Ok(()),
        RawPii::Refuse => {
            let message = format!("RAW PERSONAL DATA: {found} cells of hashed keys are not SHA-256 hashes; see /_fake/state");
            Err(GraphError::invalid(&message).kind("FakeGraphRawPersonalData"))
        }
    }
}

fn wrong(cell: &str) -> Option<&'static str> {
    if cell.is_empty() {
        return None;
    }
    if cell == HASH_OF_NOTHING {
        return Some("hash of the empty string");
    }
    if is_hash(cell) {
        return None;
    }
    if cell.contains('@') {
        return Some("contains `@`");
    }
    if cell.contains(char::is_whitespace) {
        return Some("contains white space");
    }
    Some("not 64 lower-case hex digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashes_and_empty_cells_pass() {
        assert_eq!(wrong(""), None);
        assert_eq!(wrong(&"a1".repeat(32)), None);
        assert_eq!(wrong(&"A1".repeat(32)), Some("not 64 lower-case hex digits"));
        assert_eq!(wrong("ann@example.com"), Some("contains `@`"));
        assert_eq!(wrong("555 0100"), Some("contains white space"));
        assert_eq!(wrong("us"), Some("not 64 lower-case hex digits"));
        assert_eq!(wrong(HASH_OF_NOTHING), Some("hash of the empty string"));
    }
}
