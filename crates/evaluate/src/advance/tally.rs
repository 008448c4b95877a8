//! Tallies: how many rows each profile has in one window, kept from one moment to the next.
//!
//! Memory follows the profiles that have rows: few of them are kept one by one, many as two bytes for each profile, with
//! the few counts that two bytes do not hold kept beside.

use hashbrown::HashMap;

type Few = HashMap<u32, u32>;

/// A share of profiles so large makes two bytes for each profile the smaller way: an entry of a map takes about so many.
const DENSE_SHARE: usize = 8;

/// The counts of one window.
#[derive(Debug, Clone)]
pub(crate) struct Tallies {
    profiles: usize,
    kept: Kept,
}

#[derive(Debug, Clone)]
enum Kept {
    Sparse(Few),
    Dense(Dense),
}

/// A full cell says that the count is among the large ones.
#[derive(Debug, Clone, Default)]
struct Dense {
    cells: Vec<u16>,
    large: Few,
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
                tallies.change(profile, |_| count);
            }
        }
        tallies
    }

    /// Makes room for more profiles.
    pub(crate) fn grow(&mut self, profiles: usize) {
        self.profiles = self.profiles.max(profiles);
        if let Kept::Dense(dense) = &mut self.kept {
            dense.cells.resize(self.profiles, 0);
        }
    }

    /// The count of a profile.
    pub(crate) fn get(&self, profile: u32) -> u32 {
        match &self.kept {
            Kept::Sparse(few) => few.get(&profile).copied().unwrap_or(0),
            Kept::Dense(Dense { cells, large }) => match cells[profile as usize] {
                u16::MAX => large[&profile],
                count => u32::from(count),
            },
        }
    }

    /// Looks at the counts of profiles that are about to change: many looks wait for memory side by side, changes one after
    /// the other.
    pub(crate) fn fetch(&self, profiles: &[u32]) {
        if let Kept::Dense(dense) = &self.kept {
            let seen = profiles.iter().fold(0, |seen, profile| seen | dense.cells[*profile as usize]);
            std::hint::black_box(seen);
        }
    }

    /// Changes the count of a profile that is known; what it was and what it is now.
    pub(crate) fn change(&mut self, profile: u32, change: impl FnOnce(u32) -> u32) -> (u32, u32) {
        match &mut self.kept {
            Kept::Sparse(few) => {
                let before = few.get(&profile).copied().unwrap_or(0);
                let after = change(before);
                if after == 0 {
                    few.remove(&profile);
                } else {
                    few.insert(profile, after);
                    if few.len() * DENSE_SHARE > self.profiles {
                        self.spread();
                    }
                }
                (before, after)
            }
            Kept::Dense(dense) => dense.change(profile, change),
        }
    }

    /// Two bytes for each profile from now on.
    fn spread(&mut self) {
        let mut dense = Dense { cells: vec![0; self.profiles], large: Few::default() };
        if let Kept::Sparse(few) = &self.kept {
            // Each count goes to a cell of its own, whichever comes first.
            for (profile, count) in few {
                dense.change(*profile, |_| *count);
            }
            self.kept = Kept::Dense(dense);
        }
    }
}

impl Dense {
    fn change(&mut self, profile: u32, change: impl FnOnce(u32) -> u32) -> (u32, u32) {
        let cell = &mut self.cells[profile as usize];
        let before = if *cell == u16::MAX { self.large[&profile] } else { u32::from(*cell) };
        let after = change(before);
        let small = u16::try_from(after).unwrap_or(u16::MAX);
        if small == u16::MAX {
            self.large.insert(profile, after);
        } else if *cell == u16::MAX {
            self.large.remove(&profile);
        }
        *cell = small;
        (before, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_back_however_they_are_kept() {
        for profiles in [200, 20_000] {
            let mut tallies = Tallies::new(profiles);
            let count = |profile: u32| [0, 1, 65_534, 65_535, 65_536, 700_000][profile as usize % 6];
            for profile in 0..200 {
                assert_eq!(tallies.change(profile, |_| 7), (0, 7));
                assert_eq!(tallies.change(profile, |count| count + 70_000), (7, 70_007));
                assert_eq!(tallies.change(profile, |_| count(profile)), (70_007, count(profile)));
            }
            tallies.grow(profiles + 10);
            for profile in 0..200 {
                assert_eq!(tallies.get(profile), count(profile), "{profile} of {profiles}");
            }
            assert_eq!(tallies.get(205), 0);
            tallies.change(3, |_| 0);
            assert_eq!(tallies.get(3), 0);
            assert_eq!(matches!(tallies.kept, Kept::Dense(_)), profiles == 200);
        }
    }
}
