//! Which segments to merge: pure, from the manifest, the day and the limits.
//!
//! Only segments of one log are merged, and only within one UTC day or, for days that are over, within one calendar month.
//! They are taken in the order of time for as long as the result keeps within the limits; of those, one that outweighs all
//! smaller ones together is left alone, so that a row is rewritten only when the segment it is in at least doubles: late
//! events trickle into a month without its large segments being rewritten each time.
//!
//! **Laws**, property-tested: every row is in exactly one segment afterwards; a merge has at least two sources, all of one
//! log, within the limits; no merge mixes what a run had seen with what it had not; what a plan made of the manifest, a
//! second plan leaves alone.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use lake::SegmentDays;
use model::{LogName, Segment, SegmentId, ValueType};

/// How large merged segments may get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Rows of a merged segment.
    pub(crate) rows_max: u64,
    /// Rows of a merged segment times its columns: what a merge holds in memory.
    pub(crate) cells_max: u64,
}

impl Limits {
    /// About a million rows: large enough that opening a file costs nothing beside reading it, small enough that a merge
    /// takes a second or two.
    pub(crate) const USUAL: Self = Self { rows_max: 1 << 20, cells_max: 16 << 20 };
}

/// Segments of one log that should be one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Merge {
    pub(crate) sources: Vec<(SegmentId, Segment)>,
}

impl Merge {
    pub(crate) fn rows(&self) -> u64 {
        self.sources.iter().map(|(_, source)| source.rows).sum()
    }

    /// How many files fewer there will be.
    pub(crate) fn saves(&self) -> u64 {
        self.sources.len() as u64 - 1
    }
}

/// What may be merged with one another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Bucket<'s> {
    log: &'s LogName,
    /// How many of the marks it lies above: to each run it was there already, or is new, as a whole.
    epoch: usize,
    days: SegmentDays,
}

/// The merges that are worth their while. `seen` are the marks of the runs that something is still compared with: the highest
/// segment each of them saw.
pub(crate) fn plan(segments: &[(SegmentId, Segment)], seen: &BTreeSet<SegmentId>, today: NaiveDate, limits: Limits) -> Vec<Merge> {
    let open_from = lake::open_from(today);
    let mut buckets: BTreeMap<Bucket<'_>, Vec<&(SegmentId, Segment)>> = BTreeMap::new();
    for numbered in segments {
        let (number, segment) = numbered;
        if let Some(days) = days(segment, open_from) {
            let epoch = seen.range(..number).count();
            buckets.entry(Bucket { log: &segment.log, epoch, days }).or_default().push(numbered);
        }
    }
    let groups = buckets.into_values().flat_map(|bucket| groups(bucket, limits));
    let merges = groups.map(worthwhile).filter(|sources| sources.len() > 1);
    merges.map(|sources| Merge { sources: sources.into_iter().cloned().collect() }).collect()
}

/// Where a segment may go; nowhere, if its days are not all over (a clock was set back) or not of one month.
fn days(segment: &Segment, open_from: NaiveDate) -> Option<SegmentDays> {
    let (first, last) = (SegmentDays::of(segment.day, open_from), SegmentDays::of(segment.last_day(), open_from));
    (first == last).then_some(first)
}

/// A bucket in the order of time, cut wherever the next segment would not fit.
fn groups(mut bucket: Vec<&(SegmentId, Segment)>, limits: Limits) -> Vec<Vec<&(SegmentId, Segment)>> {
    // A merged segment takes the place of the earliest of its sources: it begins with it, and no number of them is higher.
    bucket.sort_by_key(|(number, segment)| (segment.first_at, *number));
    let mut groups: Vec<Vec<&(SegmentId, Segment)>> = Vec::new();
    let mut size = Size::default();
    for numbered in bucket {
        let with_it = size.with(&numbered.1);
        match groups.last_mut() {
            Some(group) if with_it.fits(limits) => {
                group.push(numbered);
                size = with_it;
            }
            _ => {
                groups.push(vec![numbered]);
                size = Size::default().with(&numbered.1);
            }
        }
    }
    groups
}

#[derive(Clone, Default)]
struct Size<'s> {
    rows: u64,
    columns: BTreeSet<(&'s str, ValueType)>,
}

/// Columns that every row has.
const FIXED_COLUMNS: u64 = 5;

impl<'s> Size<'s> {
    fn with(&self, segment: &'s Segment) -> Self {
        let mut columns = self.columns.clone();
        columns.extend(segment.columns.iter().map(|column| (column.name.as_str(), column.value_type)));
        Self { rows: self.rows + segment.rows, columns }
    }

    fn fits(&self, limits: Limits) -> bool {
        let cells = self.rows.saturating_mul(self.columns.len() as u64 + FIXED_COLUMNS);
        self.rows <= limits.rows_max && cells <= limits.cells_max
    }
}

/// A group without those that outweigh all smaller ones together.
fn worthwhile(mut group: Vec<&(SegmentId, Segment)>) -> Vec<&(SegmentId, Segment)> {
    group.sort_by_key(|(number, segment)| (segment.rows, *number));
    let mut smaller: u64 = group.iter().map(|(_, segment)| segment.rows).sum();
    while let Some((_, largest)) = group.last() {
        smaller -= largest.rows;
        if largest.rows <= smaller {
            break;
        }
        group.pop();
    }
    group.sort_by_key(|(number, segment)| (segment.first_at, *number));
    group
}

#[cfg(test)]
mod tests;
