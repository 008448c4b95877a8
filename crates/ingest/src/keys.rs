//! Keys that tell one message from another for ever.
//!
//! **Invariant:** how a key is made never changes: the lake keeps keys as long as events, and compares them with new ones.

use std::hash::{BuildHasherDefault, Hasher};

use model::MessageKey;
use xxhash_rust::xxh3::{xxh3_128, xxh3_128_with_seed};

/// Sets keys of lines apart from keys of message ids.
const LINE_SEED: u64 = 1;

/// Makes the keys of one source. Holds its name, so that a key costs no allocation.
#[derive(Clone)]
pub(crate) struct KeyMaker {
    bytes: Vec<u8>,
    source_end: usize,
}

impl KeyMaker {
    pub(crate) fn new(source: &str) -> Self {
        let mut bytes = source.as_bytes().to_vec();
        bytes.push(0);
        Self { source_end: bytes.len(), bytes }
    }

    /// The key of a message with an id of its own.
    pub(crate) fn of_id(&mut self, message_id: &str) -> MessageKey {
        self.bytes.truncate(self.source_end);
        self.bytes.extend_from_slice(message_id.as_bytes());
        MessageKey(xxh3_128(&self.bytes))
    }

    /// The key of a message without one: where it stands, and what is there.
    pub(crate) fn of_line(&mut self, line: u64, content: &[u8]) -> MessageKey {
        self.bytes.truncate(self.source_end);
        self.bytes.extend_from_slice(&line.to_le_bytes());
        self.bytes.extend_from_slice(content);
        MessageKey(xxh3_128_with_seed(&self.bytes, LINE_SEED))
    }
}

/// Tells batches of different sources apart, though not for certain.
#[expect(clippy::cast_possible_truncation, reason = "any 32 bits of the hash will do")]
pub(crate) fn batch(source: &str) -> u32 {
    xxh3_128(source.as_bytes()) as u32
}

/// Takes a key for its own hash, which it is.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

pub(crate) type KeySet = std::collections::HashSet<MessageKey, BuildHasherDefault<KeyHasher>>;

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxhash_rust::xxh3::xxh3_64(bytes);
    }

    #[expect(clippy::cast_possible_truncation, reason = "any half of a hash is a hash")]
    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_never_change() {
        let mut keys = KeyMaker::new("events.ndjson");
        assert_eq!(keys.of_id("m1"), MessageKey(xxh3_128(b"events.ndjson\0m1")));
        assert_eq!(format!("{:032x}", keys.of_id("m1").0), KEY_OF_M1);
        assert_eq!(format!("{:032x}", keys.of_line(7, b"{}").0), KEY_OF_LINE_7);
    }

    #[test]
    fn keys_differ_by_source_place_and_content() {
        let mut one = KeyMaker::new("a");
        let mut other = KeyMaker::new("b");
        let all = [one.of_id("m"), other.of_id("m"), one.of_line(1, b"m"), one.of_line(2, b"m"), one.of_line(1, b"n")];
        assert_eq!(all.iter().copied().collect::<KeySet>().len(), all.len());
    }

    const KEY_OF_M1: &str = "706a1e4b86bf0b4f8539d39098c2dd3b";
    const KEY_OF_LINE_7: &str = "e347e8fde2898c217bab7ed65f1b14b1";
}
