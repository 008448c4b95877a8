//! Blocks: the rows of a segment put together by profile, 65,536 neighbouring profile numbers to a block.
//!
//! Whoever counts by profile counts one block after the other: the counters of a block stay in the nearest cache, threads
//! take different blocks and share nothing, and a block's members are one container of a bitmap. Within a block rows keep
//! the order of the segment, which is that of time.

use std::ops::Range;
use std::sync::Arc;

use crate::buffer::Buffer;
use crate::column::Column;

/// How many neighbouring profile numbers make a block.
pub const BLOCK_PROFILES: usize = 1 << 16;

/// The rows of a segment, by block and then in order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocks {
    /// For each block from number 0 on, where its rows begin; one more for the end.
    pub starts: Buffer<u32>,
    /// Whose row it is: the profile's number less that of the first of its block.
    pub places: Buffer<u16>,
}

/// Whether it is looked at when rows happened. Of most segments a window takes all rows or none, and reading when each happened
/// takes as long as everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// It is.
    Wanted,
    /// It is not.
    Unwanted,
}

/// Some columns of a segment, its rows put together in blocks.
#[derive(Debug, Clone)]
pub struct BlockFrame {
    /// Whose rows they are.
    pub blocks: Arc<Blocks>,
    /// When they happened, in microseconds, ascending within a block; where that was wanted.
    pub occurred_at: Option<Buffer<i64>>,
    /// The properties (or traits) asked for, in the order asked, parallel to the rows.
    pub columns: Vec<Arc<Column>>,
}

impl Blocks {
    /// The rows of one block, by its number.
    pub fn rows(&self, block: usize) -> Range<usize> {
        match self.starts.get(block..block + 2) {
            Some(bounds) => bounds[0] as usize..bounds[1] as usize,
            None => 0..0,
        }
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.starts.held_bytes() + self.places.held_bytes()
    }
}

/// Where each row of a segment goes.
pub(crate) struct Order {
    starts: Vec<u32>,
    /// In this order, whose row it is, as [`Blocks::places`] has it.
    places: Vec<u16>,
    /// The row that comes first, the row that comes next, and so on; nothing when they stay as they are.
    rows: Option<Vec<u32>>,
}

impl Order {
    /// A counting sort by block, which keeps the order of rows within each.
    pub(crate) fn of(profiles: &[u32]) -> Self {
        let blocks = profiles.iter().max().map_or(0, |profile| block_of(*profile) + 1);
        let mut starts = vec![0_u32; blocks + 1];
        for profile in profiles {
            starts[block_of(*profile) + 1] += 1;
        }
        for block in 1..starts.len() {
            starts[block] += starts[block - 1];
        }
        if profiles.is_sorted_by_key(|profile| block_of(*profile)) {
            return Self { starts, places: profiles.iter().copied().map(place_in_block).collect(), rows: None };
        }
        let mut next = starts.clone();
        let (mut places, mut rows) = (vec![0_u16; profiles.len()], vec![0_u32; profiles.len()]);
        for (row, profile) in (0_u32..).zip(profiles) {
            let next = &mut next[block_of(*profile)];
            let at = *next as usize;
            *next += 1;
            places[at] = place_in_block(*profile);
            rows[at] = row;
        }
        Self { starts, places, rows: Some(rows) }
    }

    pub(crate) fn blocks(&self) -> Blocks {
        Blocks { starts: self.starts.clone().into(), places: self.places.clone().into() }
    }

    /// Cells of a segment, in this order.
    pub(crate) fn put<T: Copy>(&self, cells: &[T]) -> Buffer<T> {
        self.put_vec(cells).into()
    }

    /// The same, to be shared as a slice.
    pub(crate) fn put_shared<T: Copy>(&self, cells: &[T]) -> Arc<[T]> {
        self.put_vec(cells).into()
    }

    fn put_vec<T: Copy>(&self, cells: &[T]) -> Vec<T> {
        match &self.rows {
            Some(rows) => rows.iter().map(|row| cells[*row as usize]).collect(),
            None => cells.to_vec(),
        }
    }
}

fn block_of(profile: u32) -> usize {
    (profile as usize) / BLOCK_PROFILES
}

/// Where a profile stands in its block.
#[expect(clippy::cast_possible_truncation, reason = "the lower half of a number is its place in its block")]
pub fn place_in_block(profile: u32) -> u16 {
    profile as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_block_by_block_and_in_their_order() {
        let profiles = [70_000, 3, 65_536, 5, 3, 200_000];
        let order = Order::of(&profiles);
        let values = order.put(&[0, 1, 2, 3, 4, 5]);
        let blocks = order.blocks();
        assert_eq!(*values, [1, 3, 4, 0, 2, 5]);
        assert_eq!(*blocks.places, [3, 5, 3, 4_464, 0, 3_392]);
        let rows = [0, 1, 2, 3, 4].map(|block| blocks.rows(block));
        assert_eq!(rows, [0..3, 3..5, 5..5, 5..6, 0..0]);
    }

    #[test]
    fn a_segment_of_nobody_has_no_blocks() {
        let blocks = Order::of(&[]).blocks();
        assert_eq!(blocks.rows(0), 0..0);
    }
}
