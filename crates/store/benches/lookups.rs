//! Whose is this identifier? Lookups a second in the embedded store, at so many identifiers, and the memory and disk they take.
//!
//! `cargo bench -p store --bench lookups -- 1000000 10000000`: fills a store for each count (three identifiers a person),
//! then asks it batch by batch, as an import does, and one by one, as a page of one profile does. Prints a line of JSON each.

#![expect(clippy::print_stdout, reason = "a benchmark prints its answer")]

use std::path::Path;
use std::time::Instant;

use model::{Collection, Identifier, IdentifierKind, Moment, ProfileId};
use store::{AttachedIdentifier, Flush, NewProfile, StoreUrl};

const KINDS: [&str; 3] = ["user_id", "email", "anonymous_id"];
const FLUSHED: u32 = 100_000;
const ASKED: usize = 50_000;
const BATCHES: usize = 20;
const SINGLE: usize = 2_000;
const NOW: Moment = Moment::from_micros(1_740_000_000_000_000);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for count in std::env::args().skip(1).filter_map(|argument| argument.parse::<u32>().ok()) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("muster.db");
        let people = count / 3;
        let begun = Instant::now();
        fill(&file, people).await;
        let filled = begun.elapsed().as_secs_f64();
        // Opened anew: what filling left in memory does not count.
        let store = store::open(&StoreUrl::SqliteFile(file.clone())).await.expect("a store");
        let before = resident_kib();
        let mut numbers = Numbers(1);
        let (mut asked, mut found) = (0, 0);
        let begun = Instant::now();
        for _ in 0..BATCHES {
            let batch: Vec<_> = (0..ASKED).map(|_| identifier(numbers.next(people), (asked % 3) as usize)).collect();
            asked += batch.len() as u64;
            found += store.find_profiles(&batch).await.expect("an answer").len();
        }
        let batched = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        for number in 0..SINGLE {
            let one = identifier(numbers.next(people), number % 3);
            assert_eq!(store.find_profiles(std::slice::from_ref(&one)).await.expect("an answer").len(), 1);
        }
        let single = begun.elapsed().as_secs_f64();
        let bytes = std::fs::metadata(&file).expect("a file").len();
        println!(
            "{}",
            serde_json::json!({
                "identifiers": people * 3,
                "filled_per_second": (f64::from(people * 3) / filled).round(),
                "lookups_per_second": (asked as f64 / batched).round(),
                "single_lookups_per_second": (SINGLE as f64 / single).round(),
                "distinct_found": found,
                "resident_mib_more": (resident_kib().saturating_sub(before)) / 1_024,
                "file_mib": bytes >> 20,
            })
        );
    }
}

async fn fill(file: &Path, people: u32) {
    let store = store::open(&StoreUrl::SqliteFile(file.to_owned())).await.expect("a store");
    for first in (0..people).step_by(FLUSHED as usize) {
        let numbers = first..people.min(first + FLUSHED);
        let profile = |number| NewProfile { profile: ProfileId(number), collection: Collection::Users, created_at: NOW };
        let attached = |number: u32| {
            (0..KINDS.len()).map(move |kind| AttachedIdentifier {
                identifier: identifier(number, kind),
                profile: ProfileId(number),
                first_seen_at: NOW,
                attached_at: NOW,
            })
        };
        let flush = Flush {
            profiles: numbers.clone().map(profile).collect(),
            identifiers: numbers.flat_map(attached).collect(),
            ..Flush::default()
        };
        store.flush(&flush).await.expect("a flush");
    }
}

/// Spread over the table as real ones are: what follows a number is its scrambled form.
fn identifier(number: u32, kind: usize) -> Identifier {
    let scrambled = number.wrapping_mul(2_654_435_761);
    let value = match kind {
        0 => format!("u-{scrambled:08x}"),
        1 => format!("person.{scrambled:08x}@example.com"),
        _ => format!("{scrambled:08x}-5555-4555-8555-{scrambled:08x}0000"),
    };
    Identifier { kind: IdentifierKind::new(KINDS[kind]), value }
}

/// A sequence without a pattern (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 % u64::from(below)).expect("below a u32")
    }
}

/// Memory of this process; nothing where the system does not say.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
