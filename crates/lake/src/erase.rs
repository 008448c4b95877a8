//! Erasure: a segment without the rows of some profiles.
//!
//! Like a merge it only adds a file. That the manifest names what is left instead of the segment is the store's transaction,
//! and only then, when nobody reads it any more, is the segment discarded.

use model::{Moment, ProfileId, Segment};
use polars::prelude::{BooleanChunked, DataFrame, NewChunkedArray as _};

use crate::compact_file::RowGroups;
use crate::error::{Damage, LakeError};
use crate::lake::{Lake, file_name};
use crate::layout::{PROFILE_ID, is_fixed};
use crate::{decode, encode, layout, parquet};

impl Lake {
    /// How many rows of a segment are of these profiles.
    ///
    /// # Errors
    /// When the file is missing, damaged or cannot be read.
    pub fn rows_of(&self, segment: &Segment, profiles: &[ProfileId]) -> Result<u64, LakeError> {
        let found = parquet::read(self.file(segment)?, |column| column == PROFILE_ID)
            .and_then(|table| decode::profiles(&decode::complete(table, segment.rows)?))
            .map_err(|damage| self.damaged(segment, damage))?;
        Ok(found.into_iter().filter(|profile| profiles.contains(&ProfileId(*profile))).count() as u64)
    }

    /// Writes one segment with the rows of another that are not of these profiles, durable on return; nothing where none is
    /// left. Properties that only they had are gone. The source is held to the hash it is named after.
    ///
    /// # Errors
    /// When the source is missing or damaged, or the file cannot be written. Nothing is left then.
    pub fn without(&self, segment: &Segment, profiles: &[ProfileId]) -> Result<Option<Segment>, LakeError> {
        let table = self.table(segment)?;
        let rest = rest(&table, profiles).map_err(|damage| self.damaged(segment, damage))?;
        let times = decode::occurred_at(&rest).map_err(|damage| self.damaged(segment, damage))?;
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return Ok(None) };
        let (first_at, last_at) = (Moment::from_micros(*first), Moment::from_micros(*last));
        let folder = layout::folder(segment.log.event(), first_at.day(), last_at.day());
        let layout = rest.columns().iter().map(|column| (column.name().to_string(), column.dtype().clone())).collect();
        let columns = encode::describe(&rest, |row| Moment::from_micros(times[row]));
        let mut file = RowGroups::create(&self.absolute(&folder), &layout)?;
        file.push(rest)?;
        let rows = file.rows();
        let (hash, bytes) = file.finish(&self.root, &self.absolute(&folder))?;
        let path = format!("{folder}/{}", file_name(hash));
        Ok(Some(Segment { path, log: segment.log.clone(), day: first_at.day(), rows, first_at, last_at, bytes, columns }))
    }
}

/// The rows of others, and the columns that one of them has a value in.
fn rest(table: &DataFrame, profiles: &[ProfileId]) -> Result<DataFrame, Damage> {
    let stays: Vec<bool> = decode::profiles(table)?.into_iter().map(|profile| !profiles.contains(&ProfileId(profile))).collect();
    let rest = table.filter(&BooleanChunked::from_slice("".into(), &stays)).map_err(Damage::Parquet)?;
    let said = rest.columns().iter().filter(|column| is_fixed(column.name()) || column.null_count() < column.len());
    let columns = said.cloned().collect();
    DataFrame::new(rest.height(), columns).map_err(Damage::Parquet)
}
