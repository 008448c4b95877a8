//! A small world: a lake in a temporary folder, and who is known.

use std::sync::Arc;

use lake::{Lake, Reader};
use model::{Fact, People, Segment, SegmentId};
use tempfile::TempDir;

use evaluate::{Evaluator, Snapshot};

const CACHE_BYTES: usize = 1 << 24;

pub(crate) struct World {
    folder: TempDir,
    lake: Lake,
    segments: Vec<(SegmentId, Segment)>,
    pub(crate) people: People,
}

impl World {
    pub(crate) fn new(people: People) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let lake = Lake::open(folder.path()).expect("an empty lake");
        Self { folder, lake, segments: Vec::new(), people }
    }

    /// Writes a batch and numbers its segments, as a flush does.
    pub(crate) fn write(&mut self, facts: &[Fact]) {
        let written = self.lake.write(facts).expect("a writable lake");
        for segment in written {
            let number = SegmentId(1 + i64::try_from(self.segments.len()).expect("few"));
            self.segments.push((number, segment));
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot { segments: self.segments.clone(), people: Arc::new(self.people.clone()) }
    }

    pub(crate) fn evaluator(&self) -> Evaluator {
        let lake = Lake::open(self.folder.path()).expect("the same lake");
        Evaluator::new(Reader::new(lake, CACHE_BYTES))
    }
}
