//! Shares: whose rows count for somebody else too, known before anything is counted.
//!
//! Rows are counted under the number they were written with, block by block. The counts of a merged profile belong to its
//! survivor, which may lie in another block; those of a user belong to its accounts as well, where accounts are asked
//! about. So the counts of these few are taken out of each block and added up at the end.

use lake::{BLOCK_PROFILES, place_in_block};
use model::Collection;

use crate::owners::Owners;

/// Who hands counts on, and to whom.
pub(crate) struct Shares {
    /// For each block, the places whose counts are handed on, each with the one who gets them, as a place in `owners`.
    blocks: Vec<Vec<(u16, u32)>>,
    /// Whose counts are added up, ascending.
    pub(crate) owners: Vec<u32>,
    /// Who has no counts of their own left, ascending.
    pub(crate) merged: Vec<u32>,
}

impl Shares {
    /// For profiles of a collection.
    pub(crate) fn of(owners: Owners<'_>) -> Self {
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        let mut merged = Vec::new();
        for (profile, survivor) in (0_u32..).zip(&owners.people.canonical) {
            if profile != survivor.0 {
                merged.push(profile);
            }
            match owners.of {
                Collection::Users => {
                    if profile != survivor.0 {
                        pairs.push((profile, survivor.0));
                    }
                }
                Collection::Accounts => owners.each(profile, |owner| pairs.push((profile, owner))),
            }
        }
        let mut targets: Vec<u32> = pairs.iter().map(|(_, owner)| *owner).collect();
        targets.sort_unstable();
        targets.dedup();
        if owners.of == Collection::Users {
            // A survivor's own rows count too; an account that is spoken of itself is among the pairs.
            pairs.extend(targets.iter().map(|survivor| (*survivor, *survivor)));
        }
        let mut places = vec![0; owners.people.len()];
        for (place, owner) in (0_u32..).zip(&targets) {
            places[*owner as usize] = place;
        }
        let mut blocks = vec![Vec::new(); owners.people.len().div_ceil(BLOCK_PROFILES)];
        for (profile, owner) in pairs {
            blocks[profile as usize / BLOCK_PROFILES].push((place_in_block(profile), places[owner as usize]));
        }
        Self { blocks, owners: targets, merged }
    }

    /// The places of a block whose counts are handed on, and to whom.
    pub(crate) fn block(&self, number: usize) -> &[(u16, u32)] {
        self.blocks.get(number).map_or(&[], Vec::as_slice)
    }
}
