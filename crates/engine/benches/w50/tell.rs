//! What is told of an answer: members by number and hash, and the memory of the process.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{AudienceKey, Membership};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// For each audience how many are in, and the hash of who they are.
pub(crate) fn answers(memberships: &BTreeMap<AudienceKey, Membership>) -> Map<String, Value> {
    memberships.iter().map(|(key, members)| (key.to_string(), answer(members))).collect()
}

/// How many, and who.
pub(crate) fn answer(members: &Membership) -> Value {
    json!({ "members": members.len(), "sha256": digest(members) })
}

/// SHA-256 of the sorted profile numbers in decimal, joined by line ends.
fn digest(members: &Membership) -> String {
    let mut hasher = Sha256::new();
    for (at, profile) in members.iter().enumerate() {
        let line = if at == 0 { profile.to_string() } else { format!("\n{profile}") };
        hasher.update(line.as_bytes());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Seconds with microseconds.
pub(crate) fn seconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1_000_000.0).round() / 1_000_000.0
}

/// The memory of this process as Linux tells it: the most it ever held, and what it holds now, its own and of files.
pub(crate) fn memory_mib() -> Map<String, Value> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mib = |line: &str| line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024);
    let told = [("VmHWM:", "peak"), ("RssAnon:", "own"), ("RssFile:", "files")];
    told.iter()
        .filter_map(|(name, word)| Some(((*word).to_owned(), mib(status.lines().find(|line| line.starts_with(name))?)?.into())))
        .collect()
}
