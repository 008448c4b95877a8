//! Samples: a share of all profiles that stays the same from run to run.
//!
//! A profile is in when the 64-bit xxh3 hash of the salt's bytes, followed by its number as four bytes (lowest first), lies
//! below the share of all hashes. Raising the share only adds profiles; another salt makes an independent share; whoever
//! was merged is sampled as the survivor.

use roaring::RoaringBitmap;
use xxhash_rust::xxh3::xxh3_64;

/// 2^64: how many hashes there are.
const HASHES: f64 = 18_446_744_073_709_551_616.0;

/// Those of the profiles in scope that are in the share.
pub(crate) fn sample(scope: &RoaringBitmap, percent: f64, salt: &str) -> RoaringBitmap {
    let end = percent / 100.0 * HASHES;
    let mut bytes = salt.as_bytes().to_vec();
    let salt_end = bytes.len();
    let mut is_in = |profile: u32| {
        bytes.truncate(salt_end);
        bytes.extend_from_slice(&profile.to_le_bytes());
        percent >= 100.0 || (xxh3_64(&bytes) as f64) < end
    };
    scope.iter().filter(|profile| is_in(*profile)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_about_as_large_as_asked_grow_and_are_independent() {
        let everybody: RoaringBitmap = (0..10_000).collect();
        let tenth = sample(&everybody, 10.0, "a");
        assert!((900..1_100).contains(&tenth.len()), "{}", tenth.len());
        assert!(tenth.is_subset(&sample(&everybody, 30.0, "a")));
        let both = tenth.intersection_len(&sample(&everybody, 10.0, "b"));
        assert!((60..140).contains(&both), "{both}");
        assert_eq!(sample(&everybody, 100.0, "a"), everybody);
    }
}
