//! Places: one number for each row of an event, whichever segment it stands in.
//!
//! Four bytes name a row where segment and row number would take eight. Segments are numbered in the order they were
//! added; each begins at a multiple of [`ALIGNED`], so that marks kept for the rows of one segment share no word with
//! another's.

/// Where segments begin.
pub(crate) const ALIGNED: u32 = 64;

/// How many places one entry of the directory stands for, as a power of two.
const ENTRY: u32 = 12;

/// Where the rows of each segment begin and end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    starts: Vec<u32>,
    /// The first place after the last segment.
    end: u32,
    /// For each run of places, the segment its first place lies in: the search begins there.
    directory: Vec<u32>,
}

impl Places {
    /// Gives the rows of one more segment their places; `None` when there are too many to number.
    pub(crate) fn add(&mut self, rows: usize) -> Option<u32> {
        let start = self.end.checked_next_multiple_of(ALIGNED)?;
        let end = start.checked_add(u32::try_from(rows).ok()?)?;
        end.checked_next_multiple_of(ALIGNED)?;
        let segment = u32::try_from(self.starts.len()).ok()?;
        self.starts.push(start);
        self.end = end;
        while u64::try_from(self.directory.len()).ok()? << ENTRY < u64::from(end) {
            // A run that begins before this segment does was entered with an earlier one, if there is any.
            self.directory.push(segment);
        }
        Some(start)
    }

    /// The first number that is no place.
    pub(crate) fn end(&self) -> usize {
        self.end as usize
    }

    /// Where a segment begins.
    pub(crate) fn start(&self, segment: usize) -> u32 {
        self.starts[segment]
    }

    /// The segment a place lies in, and the row of it.
    pub(crate) fn locate(&self, place: u32) -> (usize, usize) {
        let mut segment = self.directory[(place >> ENTRY) as usize] as usize;
        let until = self.directory.get((place >> ENTRY) as usize + 1).map_or(self.starts.len() - 1, |last| *last as usize);
        if until - segment > 8 {
            segment += self.starts[segment..=until].partition_point(|start| *start <= place) - 1;
        }
        while self.starts.get(segment + 1).is_some_and(|start| *start <= place) {
            segment += 1;
        }
        (segment, (place - self.starts[segment]) as usize)
    }

    /// Memory its arrays take.
    pub(crate) fn bytes(&self) -> usize {
        (self.starts.len() + self.directory.len()) * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_place_and_is_found_there() {
        let mut places = Places::default();
        let sizes = [3, 0, 1, 64, 65, 10_000, 2, 4_096, 0, 0, 12_345, 1].into_iter().chain(std::iter::repeat_n(1, 200));
        let mut segments = Vec::new();
        for rows in sizes {
            segments.push((places.add(rows).expect("few"), rows));
        }
        for (segment, (start, rows)) in segments.iter().enumerate() {
            assert_eq!(places.start(segment), *start);
            for row in 0..*rows {
                assert_eq!(places.locate(*start + u32::try_from(row).expect("small")), (segment, row));
            }
        }
    }

    #[test]
    fn more_rows_than_there_are_numbers_are_refused() {
        let mut places = Places::default();
        assert!(places.add(u32::MAX as usize - 200).is_some());
        assert!(places.add(1_000).is_none());
    }
}
