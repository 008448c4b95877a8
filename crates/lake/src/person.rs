//! The rows of a few profiles: found by number and time alone, then read out of the row groups they stand in.
//!
//! Rows of a segment are in order of time, not of profiles, so a row group's statistics on `profile_id` rule nothing out. What
//! is looked through are the columns of profiles and moments, kept decoded while there is room; what the rows say is decoded
//! only of row groups that hold one of them, and there only from the first of them to the last.

use model::{Fact, ProfileId, Segment, Span};
use polars::prelude::{IdxCa, IdxSize};
use rayon::prelude::*;

use crate::error::{Damage, LakeError};
use crate::lake::Lake;
use crate::reader::Reader;
use crate::{decode, parquet};

impl Reader {
    /// For each of these segments, the rows of these profiles in a span of time, ascending.
    ///
    /// # Errors
    /// When a file is missing, damaged or cannot be read.
    pub fn rows_of(&self, segments: &[&Segment], profiles: &[ProfileId], within: Span) -> Result<Vec<Vec<usize>>, LakeError> {
        let mut wanted: Vec<u32> = profiles.iter().map(|profile| profile.0).collect();
        wanted.sort_unstable();
        segments.par_iter().map(|segment| self.rows_in(segment, &wanted, within)).collect()
    }

    fn rows_in(&self, segment: &Segment, wanted: &[u32], within: Span) -> Result<Vec<usize>, LakeError> {
        let frame = self.frame(segment, &[])?;
        let start = frame.occurred_at.partition_point(|at| *at < within.start.micros());
        let end = frame.occurred_at.partition_point(|at| *at < within.end.micros()).max(start);
        let profiles = frame.profiles[start..end].iter().enumerate();
        // Most people are known under one number, and comparing with one goes at the speed of memory.
        Ok(match wanted {
            [only] => profiles.filter(|(_, profile)| *profile == only).map(|(row, _)| start + row).collect(),
            several => profiles.filter(|(_, profile)| several.binary_search(profile).is_ok()).map(|(row, _)| start + row).collect(),
        })
    }
}

impl Lake {
    /// What some rows of a segment say; `rows` are ascending.
    ///
    /// # Errors
    /// When the file is missing, damaged or cannot be read, or has no such rows.
    pub fn facts_at(&self, segment: &Segment, rows: &[usize]) -> Result<Vec<Fact>, LakeError> {
        let damaged = |damage| self.damaged(segment, damage);
        let mut facts = Vec::with_capacity(rows.len());
        let (mut left, mut start) = (rows, 0);
        for length in parquet::row_groups(self.file(segment)?).map_err(damaged)? {
            let end = start + length;
            let (here, later) = left.split_at(left.partition_point(|row| *row < end));
            if let (Some(first), Some(last)) = (here.first(), here.last()) {
                let table = parquet::read_rows(self.file(segment)?, |_| true, *first..*last + 1)
                    .and_then(|table| decode::complete(table, (last - first + 1) as u64))
                    .map_err(damaged)?;
                let places = here.iter().map(|row| IdxSize::try_from(row - first).expect("a row group is small")).collect();
                let table = table.take(&IdxCa::from_vec("".into(), places)).map_err(|error| damaged(Damage::Parquet(error)))?;
                facts.extend(decode::facts(&table, &segment.log).map_err(damaged)?);
            }
            (left, start) = (later, end);
        }
        if facts.len() == rows.len() {
            return Ok(facts);
        }
        Err(damaged(Damage::Rows { expected: rows.len() as u64, found: facts.len() as u64 }))
    }
}
