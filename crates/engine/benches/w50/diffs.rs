//! Memberships of a hundred audiences over two million profiles before and after a tick, and their differences.
//!
//! Sizes go from a few hundred members to most of the profiles. A third of the audiences are spread evenly, a third lean
//! to the newest profiles, a third are made of runs of neighbours (people who came with one import). Of each, up to one
//! member in twenty changes; one audience in ten does not change at all.

use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use model::{Membership, MembershipDiff, ProfileId};
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::generate::hash;
use crate::tell;

const AUDIENCES: u32 = 100;
const PROFILES: u32 = 2_000_000;
const RUN_PROFILES: u64 = 40;

/// The memberships of every audience, before and after.
pub(crate) struct Diffs {
    audiences: Vec<(Membership, Membership)>,
}

impl Diffs {
    /// The same on every machine.
    pub(crate) fn make() -> Self {
        Self { audiences: (0..AUDIENCES).map(|number| through_bytes(audience(number))).collect() }
    }

    /// Writes each membership in the portable roaring format: `before-17.roaring`, `after-17.roaring`.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder).with_context(|| format!("create `{}`", folder.display()))?;
        for (number, (before, after)) in self.audiences.iter().enumerate() {
            for (word, members) in [("before", before), ("after", after)] {
                let file = folder.join(format!("{word}-{number}.roaring"));
                std::fs::write(&file, members.to_bytes()).with_context(|| format!("write `{}`", file.display()))?;
            }
        }
        Ok(())
    }

    /// How much there is to compare.
    pub(crate) fn described(&self) -> Value {
        let members: u64 = self.audiences.iter().map(|(before, after)| before.len() + after.len()).sum();
        json!({ "audiences": self.audiences.len(), "profiles": PROFILES, "members": members })
    }

    /// Who entered and who exited, for every audience: one after the other, or on all threads.
    pub(crate) fn diff(&self, threads: bool, hashes: bool) -> Value {
        let started = Instant::now();
        let changed = |(before, after): &(Membership, Membership)| diff::diff(before, after);
        let changes: Vec<MembershipDiff> =
            if threads { self.audiences.par_iter().map(changed).collect() } else { self.audiences.iter().map(changed).collect() };
        let seconds = tell::seconds(started.elapsed());
        let sum = |half: fn(&MembershipDiff) -> &Membership| changes.iter().map(|change| half(change).len()).sum::<u64>();
        let mut told = json!({ "seconds": seconds, "entered": sum(|change| &change.entered), "exited": sum(|change| &change.exited) });
        if hashes {
            let answer = |change: &MembershipDiff| json!([tell::answer(&change.entered), tell::answer(&change.exited)]);
            told["answers"] = changes.iter().map(answer).collect();
        }
        told
    }
}

/// As the store hands memberships out: read from the portable format.
fn through_bytes((before, after): (Membership, Membership)) -> (Membership, Membership) {
    let read = |members: &Membership| Membership::from_bytes(&members.to_bytes()).expect("what was just written can be read");
    (read(&before), read(&after))
}

fn audience(number: u32) -> (Membership, Membership) {
    let salt = u64::from(number);
    // Between 0.02 and 80 per cent, evenly on a logarithmic scale.
    let density = 0.0002 * 4000_f64.powf(f64::from(number) / f64::from(AUDIENCES - 1));
    let churn = if number % 10 == 9 { 0.0 } else { 0.0001 * 500_f64.powf(share(hash(salt, 20))) };
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for profile in 0..PROFILES {
        let place = u64::from(profile);
        let drawn = if number % 3 == 2 { place / RUN_PROFILES } else { place };
        let chance = if number % 3 == 1 { leaning(density, f64::from(profile) / f64::from(PROFILES)) } else { density };
        let is_in = share(hash(hash(drawn, 21), salt)) < chance;
        let changes = share(hash(hash(place, 22), salt));
        // As many enter as exit: of those outside, fewer in proportion.
        let (was_in, stays) = (is_in, if is_in { changes >= churn } else { changes < churn * chance / (1.0 - chance).max(0.05) });
        if was_in {
            before.push(ProfileId(profile));
        }
        if stays {
            after.push(ProfileId(profile));
        }
    }
    (before.into_iter().collect(), after.into_iter().collect())
}

/// Rare among the oldest, three times the density among the newest, the same on the whole.
fn leaning(density: f64, age: f64) -> f64 {
    (3.0 * density * age * age).min(0.97)
}

fn share(place: u64) -> f64 {
    (place >> 11) as f64 / (1_u64 << 53) as f64
}
