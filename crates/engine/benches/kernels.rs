//! Micro-benchmarks of what evaluation and diff are made of, through their public doors.
//!
//! ```text
//! cargo bench -p engine --bench kernels
//! cargo bench -p engine --bench kernels -- diff
//! ```
//!
//! `evaluate_one` asks one audience at a time, each chosen for the kernel it leans on; columns are decoded before.

#[path = "w50/generate.rs"]
#[expect(dead_code, reason = "the small lake is filled by parts of it")]
mod generate;
mod small;

use std::sync::LazyLock;

use definitions::Catalog;
use divan::Bencher;
use model::Membership;

use crate::generate::Size;
use crate::small::{Small, members};

/// W50's proportions: fifty events of each profile.
static SMALL: LazyLock<Small> = LazyLock::new(|| Small::new(Size { events: 500_000, profiles: 10_000 }));

fn main() {
    divan::main();
}

#[divan::bench(args = [
    "suppress_recent_buyers", // one window of one event
    "pricing_visitors",       // an equality filter on a text, a count
    "big_spenders",           // a number compared
    "window_shoppers",        // a text among several, and a number
    "dach_buyers",            // newest traits
    "asleep",                 // nobody left out: the universe less two leaves
])]
fn evaluate_one(bencher: Bencher, key: &str) {
    let catalog = only(key);
    SMALL.evaluate(&catalog);
    bencher.bench(|| SMALL.evaluate(&catalog));
}

/// A catalog with one of the audiences, which must refer to no other.
fn only(key: &str) -> Catalog {
    let mut alone = SMALL.catalog.clone();
    alone.audiences.retain(|known, _| known.as_str() == key);
    alone.order.retain(|known| known.as_str() == key);
    assert_eq!(alone.order.len(), 1, "`{key}` is one of the benchmark's audiences");
    alone
}

#[divan::bench]
fn evaluate_twenty(bencher: Bencher) {
    SMALL.evaluate(&SMALL.catalog);
    bencher.bench(|| SMALL.evaluate(&SMALL.catalog));
}

/// A day, hour by hour, after an evaluation in full.
#[divan::bench]
fn begin_and_advance_a_day(bencher: Bencher) {
    bencher.bench(|| {
        for hour in (0..24).rev() {
            divan::black_box(SMALL.advance(hour));
        }
    });
}

/// Shares of a million profiles; one member in fifty changes.
#[divan::bench(args = [0.001, 0.05, 0.5])]
fn diff(bencher: Bencher, share: f64) {
    let before = members(1_000_000, share, 1);
    let after = changed(&before, share);
    bencher.bench(|| diff::diff(&before, &after));
}

/// As the store writes and reads memberships.
#[divan::bench(args = [0.001, 0.05, 0.5])]
fn there_and_back_again(bencher: Bencher, share: f64) {
    let before = members(1_000_000, share, 1);
    bencher.bench(|| Membership::from_bytes(&before.to_bytes()));
}

fn changed(before: &Membership, share: f64) -> Membership {
    let leaving = members(1_000_000, 0.02, 2);
    before.minus(&leaving).union(&members(1_000_000, share, 3).intersection(&leaving))
}
