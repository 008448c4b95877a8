//! What the lake promises, through its public API: one check each for what goes in, what comes out, and what is broken.

mod cache;
mod damage;
mod erase;
mod files;
mod merge;
mod person;
mod round_trip;

use std::path::Path;

use model::{EventName, Fact, FactKind, MessageKey, Moment, ProfileId, SourceOrder, Value};
use tempfile::TempDir;

use crate::Lake;

/// 2025-03-01 00:00 UTC.
const DAY: i64 = 1_740_787_200_000_000;

fn lake() -> (TempDir, Lake) {
    let folder = TempDir::new().expect("a temporary folder");
    let lake = Lake::open(folder.path()).expect("it can be written in");
    (folder, lake)
}

fn event(name: &str, seconds: i64, properties: &[(&str, Value)]) -> Fact {
    let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    fact(seconds, FactKind::Event { name: EventName::parse(name).expect("an event name"), properties })
}

fn traits(seconds: i64, traits: &[(&str, Option<Value>)]) -> Fact {
    fact(seconds, FactKind::Traits(traits.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()))
}

fn fact(seconds: i64, kind: FactKind) -> Fact {
    let at = Moment::from_micros(DAY + seconds * 1_000_000);
    Fact {
        profile: ProfileId(7),
        occurred_at: at,
        received_at: at,
        source_order: SourceOrder::default(),
        message_key: MessageKey(u128::from(seconds.unsigned_abs())),
        kind,
    }
}

/// All files below a folder, as paths below it.
fn files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(root).expect("below it").to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}
