//! The message keys of some days of a segment. Where it holds several days, only the row groups with those days are read.

use chrono::NaiveDate;
use model::{MessageKey, Moment, Segment};

use crate::error::LakeError;
use crate::lake::Lake;
use crate::layout::{MESSAGE_KEY, OCCURRED_AT};
use crate::{decode, parquet};

impl Lake {
    /// The keys of the messages of those days of a segment that are `wanted`, day by day.
    ///
    /// # Errors
    /// When the file is missing, damaged or cannot be read.
    pub fn message_keys_on(
        &self,
        segment: &Segment,
        wanted: impl Fn(NaiveDate) -> bool,
    ) -> Result<Vec<(NaiveDate, Vec<MessageKey>)>, LakeError> {
        if segment.day == segment.last_day() {
            return if wanted(segment.day) { Ok(vec![(segment.day, self.message_keys(segment)?)]) } else { Ok(Vec::new()) };
        }
        let days: Vec<NaiveDate> =
            segment.day.iter_days().take_while(|day| *day <= segment.last_day()).filter(|day| wanted(*day)).collect();
        let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(Vec::new()) };
        let times = parquet::read(self.file(segment)?, |column| column == OCCURRED_AT)
            .and_then(|table| decode::occurred_at(&decode::complete(table, segment.rows)?))
            .map_err(|damage| self.damaged(segment, damage))?;
        let place = |bound: NaiveDate| times.partition_point(|at| Moment::from_micros(*at).day() < bound);
        let after = |day: NaiveDate| day.succ_opt().map_or(times.len(), place);
        let (start, end) = (place(*first), after(*last));
        let keys = parquet::read_rows(self.file(segment)?, |column| column == MESSAGE_KEY, start..end)
            .and_then(|table| decode::message_keys(&decode::complete(table, (end - start) as u64)?))
            .map_err(|damage| self.damaged(segment, damage))?;
        let on = |day: NaiveDate| (day, keys[place(day) - start..after(day) - start].iter().copied().map(MessageKey).collect());
        Ok(days.into_iter().map(on).collect())
    }
}
