//! Segments as evaluation reads them: chosen by log and time, opened completely or not at all.

use std::sync::Arc;

use lake::{BlockFrame, Frame, Reader, Times};
use model::{LogName, People, Segment, SegmentId};

use crate::error::EvaluateError;

/// What is known at the moment of a run: the segments the manifest names, and who is who.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Every segment with its number, ascending.
    pub segments: Vec<(SegmentId, Segment)>,
    /// Who is who.
    pub people: Arc<People>,
}

impl Snapshot {
    /// The segments of one log, oldest first.
    pub(crate) fn log<'a>(&'a self, log: &LogName) -> Vec<&'a Segment> {
        let mut segments: Vec<&Segment> = self.segments.iter().map(|(_, segment)| segment).filter(|segment| segment.log == *log).collect();
        segments.sort_by(|a, b| (a.first_at, &a.path).cmp(&(b.first_at, &b.path)));
        segments
    }
}

/// Reads some columns of a segment, and proves that every row the manifest names is there.
pub(crate) fn open(reader: &Reader, segment: &Segment, columns: &[&str]) -> Result<Frame, EvaluateError> {
    let frame = reader.frame(segment, columns).map_err(|source| EvaluateError::Read { path: segment.path.clone(), source })?;
    let found = frame.profiles.len() as u64;
    if found != segment.rows || frame.occurred_at.len() != frame.profiles.len() {
        return Err(EvaluateError::Incomplete { path: segment.path.clone(), expected: segment.rows, found });
    }
    Ok(frame)
}

/// The same with the rows put together in blocks of profiles.
pub(crate) fn open_blocks(reader: &Reader, segment: &Segment, columns: &[&str], times: Times) -> Result<BlockFrame, EvaluateError> {
    let frame = reader.blocks(segment, columns, times).map_err(|source| EvaluateError::Read { path: segment.path.clone(), source })?;
    let found = frame.blocks.places.len() as u64;
    if found != segment.rows || frame.occurred_at.as_ref().is_some_and(|times| times.len() as u64 != found) {
        return Err(EvaluateError::Incomplete { path: segment.path.clone(), expected: segment.rows, found });
    }
    Ok(frame)
}
