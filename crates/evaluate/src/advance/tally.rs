//! Tallies: how many rows each profile has in one window, kept from one moment to the next.
//!
//! Memory follows the profiles that have rows: few of them are kept one by one, many as one byte for each profile, with
//! the few counts that a byte does not hold kept beside.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use xxhash_rust::xxh3::Xxh3Default;

type Few = HashMap<u32, u32, BuildHasherDefault<Xxh3Default>>;

/// A share of profiles so large makes one byte for each profile the smaller way: an entry of a map takes about so many.
const DENSE_SHARE: usize = 16;

/// The counts of one window.
#[derive(Debug, Clone)]
pub(crate) struct Tallies {
    profiles: usize,
    kept: Kept,
}

#[derive(Debug, Clone)]
enum Kept {
    Sparse(Few),
    /// A full byte says that the count is among the large ones.
    Dense {
        bytes: Vec<u8>,
        large: Few,
    },
}

impl Tallies {
    /// Nobody has any; so many profiles are known.
    pub(crate) fn new(profiles: usize) -> Self {
        Self { profiles, kept: Kept::Sparse(Few::default()) }
    }

    /// These counts, each profile once; what lies beyond the profiles known is left out.
    pub(crate) fn of(profiles: usize, counts: Vec<(u32, u32)>) -> Self {
        let mut tallies = Self::new(profiles);
        if counts.len() * DENSE_SHARE > profiles {
            tallies.spread();
        }
        for (profile, count) in counts {
            if (profile as usize) < profiles {
                tallies.set(profile, count);
            }
        }
        tallies
    }

    /// Makes room for more profiles.
    pub(crate) fn grow(&mut self, profiles: usize) {
        self.profiles = self.profiles.max(profiles);
        if let Kept::Dense { bytes, .. } = &mut self.kept {
            bytes.resize(self.profiles, 0);
        }
    }

    /// The count of a profile.
    pub(crate) fn get(&self, profile: u32) -> u32 {
        match &self.kept {
            Kept::Sparse(few) => few.get(&profile).copied().unwrap_or(0),
            Kept::Dense { bytes, large } => match bytes[profile as usize] {
                u8::MAX => large[&profile],
                count => u32::from(count),
            },
        }
    }

    /// Sets the count of a profile that is known.
    pub(crate) fn set(&mut self, profile: u32, count: u32) {
        match &mut self.kept {
            Kept::Sparse(few) => {
                if count == 0 {
                    few.remove(&profile);
                } else {
                    few.insert(profile, count);
                    if few.len() * DENSE_SHARE > self.profiles {
                        self.spread();
                    }
                }
            }
            Kept::Dense { bytes, large } => {
                let byte = &mut bytes[profile as usize];
                if *byte == u8::MAX {
                    large.remove(&profile);
                }
                *byte = u8::try_from(count).unwrap_or(u8::MAX);
                if *byte == u8::MAX {
                    large.insert(profile, count);
                }
            }
        }
    }

    /// One byte for each profile from now on.
    fn spread(&mut self) {
        let Kept::Sparse(few) = std::mem::replace(&mut self.kept, Kept::Dense { bytes: vec![0; self.profiles], large: Few::default() })
        else {
            return;
        };
        let mut counts: Vec<(u32, u32)> = few.into_iter().collect();
        counts.sort_unstable();
        for (profile, count) in counts {
            self.set(profile, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_back_however_they_are_kept() {
        for profiles in [200, 20_000] {
            let mut tallies = Tallies::new(profiles);
            let count = |profile: u32| [0, 1, 254, 255, 256, 70_000][profile as usize % 6];
            for profile in 0..200 {
                tallies.set(profile, 7);
                tallies.set(profile, count(profile));
            }
            tallies.grow(profiles + 10);
            for profile in 0..200 {
                assert_eq!(tallies.get(profile), count(profile), "{profile} of {profiles}");
            }
            assert_eq!(tallies.get(205), 0);
            tallies.set(3, 0);
            assert_eq!(tallies.get(3), 0);
            assert_eq!(matches!(tallies.kept, Kept::Dense { .. }), profiles == 200);
        }
    }
}
