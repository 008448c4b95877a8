//! One pass over everybody's rows: what each profile gains by them, block by block of profiles.
//!
//! Rows are taken as they lie ([`lake::Blocks`]), so each block's gains stay in a near cache and are judged where they are.
//! Whoever's rows belong to somebody else too ([`crate::shares`]) has its gains kept until all blocks are done.
//!
//! **Invariant:** rows of one profile come in the order of each segment, segment by segment as these were opened.

use lake::{BLOCK_PROFILES, place_in_block};
use model::{Collection, Span};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::error::EvaluateError;
use crate::filter::OpenSieve;
use crate::leaf::Tally;
use crate::opened::Opened;
use crate::operator::Finding;
use crate::packed;
use crate::sequence::SequenceLeaf;
use crate::setting::Setting;
use crate::shares::Shares;

/// What rows are made into, profile by profile.
pub(crate) trait Gains: Sync {
    /// What one profile has gained so far; by default nothing.
    type Gain: Copy + Default + Send + Sync;

    /// Takes a row, by segment and place in it. Whether its value could be used.
    fn take(&self, gain: &mut Self::Gain, segment: usize, row: usize) -> Result<bool, EvaluateError>;

    /// Takes what another profile gained.
    fn take_all(&self, gain: &mut Self::Gain, other: Self::Gain) -> Result<(), EvaluateError>;

    /// What is found in the whole of it.
    fn finding(&self, gain: Self::Gain) -> Finding;
}

/// Everything one pass looks at.
#[derive(Clone, Copy)]
pub(crate) struct OnePass<'a> {
    pub(crate) leaf: &'a SequenceLeaf,
    pub(crate) setting: Setting<'a>,
    pub(crate) span: Span,
    pub(crate) opened: &'a [Opened],
    /// By segment; none where every row counts.
    pub(crate) sieves: &'a [Option<OpenSieve<'a>>],
}

/// What came of one block.
struct Block<G> {
    /// For whom the leaf holds; nothing is said yet of those whose gains are made of others'.
    words: Vec<u64>,
    /// How many rows and what was gained, of those who hand it on.
    handed_on: Vec<(u32, G)>,
    tally: Tally,
}

impl OnePass<'_> {
    /// For whom the leaf holds: the number of their rows is in its range, and so is what they gained.
    pub(crate) fn run<G: Gains>(self, gains: &G) -> Result<(RoaringBitmap, Tally), EvaluateError> {
        let profiles = self.setting.snapshot.people.len();
        let shares = Shares::of(self.setting.owners(self.leaf.of));
        let numbers = (0..profiles.div_ceil(BLOCK_PROFILES)).into_par_iter();
        let mut blocks: Vec<Block<G::Gain>> = numbers.map(|number| self.block(number, gains, &shares)).collect::<Result<_, _>>()?;
        let mut tally = blocks.iter().fold(Tally::default(), |all, block| all + block.tally);

        let mut owned = vec![(0_u32, G::Gain::default()); shares.owners.len()];
        for (number, block) in blocks.iter().enumerate() {
            for ((_, owner), (rows, gain)) in shares.block(number).iter().zip(&block.handed_on) {
                let (all, whole) = &mut owned[*owner as usize];
                *all += rows;
                gains.take_all(whole, *gain)?;
            }
        }
        for (owner, (rows, gain)) in shares.owners.iter().zip(owned) {
            if let Some(block) = blocks.get_mut(*owner as usize / BLOCK_PROFILES) {
                let place = usize::from(place_in_block(*owner));
                block.words[place / 64] |= u64::from(self.holds(gains, rows, gain, &mut tally)) << (place % 64);
            }
        }
        Ok((packed::bitmap(blocks.iter().map(|block| block.words.as_slice()), profiles), tally))
    }

    fn block<G: Gains>(self, number: usize, gains: &G, shares: &Shares) -> Result<Block<G::Gain>, EvaluateError> {
        let mut rows_of = vec![0_u32; BLOCK_PROFILES];
        let mut gained = vec![G::Gain::default(); BLOCK_PROFILES];
        let mut tally = Tally::default();
        for (segment, (opened, sieve)) in self.opened.iter().zip(self.sieves).enumerate() {
            let rows = opened.rows(number, self.span);
            if rows.is_empty() {
                continue;
            }
            tally.rows += rows.len() as u64;
            let kept = sieve.as_ref().map(|sieve| sieve.sift(&rows, &mut tally));
            let first = rows.start;
            for (place, row) in opened.frame.blocks.places[rows.clone()].iter().zip(rows) {
                if kept.as_ref().is_none_or(|kept| kept[row - first]) {
                    let place = usize::from(*place);
                    rows_of[place] += 1;
                    tally.mismatches += u64::from(!gains.take(&mut gained[place], segment, row)?);
                }
            }
        }
        let handed_on = shares.block(number).iter().map(|(place, _)| (rows_of[usize::from(*place)], gained[usize::from(*place)])).collect();
        let of_block = |profiles: &[u32]| -> Vec<u16> {
            let first = profiles.partition_point(|profile| (*profile as usize) < number * BLOCK_PROFILES);
            let own = profiles[first..].iter().take_while(|profile| **profile as usize / BLOCK_PROFILES == number);
            own.map(|profile| place_in_block(*profile)).collect()
        };
        for merged in of_block(&shares.merged) {
            (rows_of[usize::from(merged)], gained[usize::from(merged)]) = (0, G::Gain::default());
        }
        if self.leaf.of == Collection::Accounts {
            // Whoever is no account has nothing where accounts are asked about.
            rows_of.fill(0);
            gained.fill(G::Gain::default());
        }
        let mut elsewhere = of_block(&shares.owners).into_iter().peekable();
        let holds: Vec<u8> = (0_u16..=u16::MAX)
            .zip(rows_of.iter().zip(&gained))
            .map(|(place, (rows, gain))| match elsewhere.next_if_eq(&place) {
                Some(_) => 0,
                None => u8::from(self.holds(gains, *rows, *gain, &mut tally)),
            })
            .collect();
        Ok(Block { words: packed::pack_block(&holds), handed_on, tally })
    }

    fn holds<G: Gains>(self, gains: &G, rows: u32, gain: G::Gain, tally: &mut Tally) -> bool {
        if !self.leaf.condition.count.contains(rows) {
            return false;
        }
        let finding = gains.finding(gain);
        tally.note(finding);
        finding.holds
    }
}
