//! Owner indexes kept from one evaluation to the next, up to a budget: the least recently used go first.
//!
//! A cache only: an index says nothing that the segments do not, and is built again when it is not there. It is built
//! again, too, when a segment it knows is gone (segments are replaced when small ones are put together); segments that
//! came later are added to it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use lake::{Frame, Reader};
use model::{EventName, LogName, Segment};
use rayon::prelude::*;

use crate::error::EvaluateError;
use crate::owner_index::{OwnerIndex, Written};
use crate::places::Places;
use crate::segments::{self, Snapshot};

/// Memory that all indexes together may take: some 250 million rows.
const BUDGET_BYTES: usize = 1 << 30;

/// The indexes of one evaluator.
pub(crate) struct Indexes {
    budget_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_event: BTreeMap<EventName, Held>,
    uses: u64,
}

struct Held {
    indexed: Indexed,
    used: u64,
}

/// An index and the segments it is of, by path, in the order of their places.
struct Indexed {
    paths: Arc<Vec<String>>,
    index: Arc<OwnerIndex>,
}

/// An index over all rows a snapshot has of an event.
pub(crate) struct Complete<'s> {
    pub(crate) index: Arc<OwnerIndex>,
    /// In the order of their places.
    pub(crate) segments: Vec<&'s Segment>,
}

impl Default for Indexes {
    fn default() -> Self {
        Self { budget_bytes: BUDGET_BYTES, kept: Mutex::default() }
    }
}

impl Indexes {
    /// Whether there is an index of an event, up to date or nearly so.
    pub(crate) fn has(&self, event: &EventName) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).by_event.contains_key(event)
    }

    /// The index of an event; `None` when it would be larger than the budget. `segments` are all that the snapshot has
    /// of the event, oldest first.
    pub(crate) fn of<'s>(
        &self,
        reader: &Reader,
        snapshot: &'s Snapshot,
        event: &EventName,
        segments: &[&'s Segment],
    ) -> Result<Option<Complete<'s>>, EvaluateError> {
        debug_assert!(segments.iter().all(|segment| segment.log == LogName::Events(event.clone())), "segments of the event");
        let profiles = snapshot.people.len();
        let rows: u64 = segments.iter().map(|segment| segment.rows).sum();
        if usize::try_from(rows).is_ok_and(|rows| (rows + profiles) * size_of::<u32>() > self.budget_bytes) {
            return Ok(None);
        }
        // Taken out while it is worked on: two at once would each build one, and either is right.
        let known = self.take(event);
        let Some((indexed, segments)) = up_to_date(known, reader, profiles, segments)? else { return Ok(None) };
        let index = Arc::clone(&indexed.index);
        self.put(event, indexed);
        Ok(Some(Complete { index, segments }))
    }

    fn take(&self, event: &EventName) -> Option<Indexed> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.by_event.remove(event).map(|held| held.indexed)
    }

    fn put(&self, event: &EventName, indexed: Indexed) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let used = kept.uses;
        kept.by_event.insert(event.clone(), Held { indexed, used });
        while kept.by_event.values().map(|held| held.indexed.index.bytes()).sum::<usize>() > self.budget_bytes {
            let oldest = kept.by_event.iter().min_by_key(|(_, held)| held.used).map(|(event, _)| event.clone());
            let Some(oldest) = oldest else { break };
            kept.by_event.remove(&oldest);
        }
    }
}

/// The index with everything the segments hold, and these in its order; `None` when there are more rows than places.
fn up_to_date<'s>(
    known: Option<Indexed>,
    reader: &Reader,
    profiles: usize,
    segments: &[&'s Segment],
) -> Result<Option<(Indexed, Vec<&'s Segment>)>, EvaluateError> {
    let mut by_path: HashMap<&str, &'s Segment> = segments.iter().map(|segment| (segment.path.as_str(), *segment)).collect();
    if let Some(Indexed { paths, mut index }) = known.filter(|known| known.index.covers(profiles)) {
        let ordered: Option<Vec<&'s Segment>> = paths.iter().map(|path| by_path.remove(path.as_str())).collect();
        if let Some(mut ordered) = ordered {
            if by_path.is_empty() {
                return Ok(Some((Indexed { paths, index }, ordered)));
            }
            let news: Vec<&Segment> = segments.iter().filter(|segment| by_path.contains_key(segment.path.as_str())).copied().collect();
            let mut places = index.places.clone();
            let frames = frames(reader, &news)?;
            let Some(written) = written(&mut places, &frames) else { return Ok(None) };
            let longer = Arc::make_mut(&mut index);
            longer.places = places;
            longer.extend(profiles, &written);
            ordered.extend(news.iter().copied());
            return Ok(Some((Indexed { paths: Arc::new(paths_of(&ordered)), index }, ordered)));
        }
    }
    let mut places = Places::default();
    let frames = frames(reader, segments)?;
    let Some(written) = written(&mut places, &frames) else { return Ok(None) };
    let index = Arc::new(OwnerIndex::build(places, profiles, &written));
    Ok(Some((Indexed { paths: Arc::new(paths_of(segments)), index }, segments.to_vec())))
}

fn frames(reader: &Reader, segments: &[&Segment]) -> Result<Vec<Frame>, EvaluateError> {
    segments.par_iter().map(|segment| segments::open(reader, segment, &[])).collect()
}

fn written<'f>(places: &mut Places, frames: &'f [Frame]) -> Option<Vec<Written<'f>>> {
    let written = |frame: &'f Frame| {
        let profiles: &[u32] = &frame.profiles;
        Some(Written { first: places.add(profiles.len())?, profiles, kept: None })
    };
    frames.iter().map(written).collect()
}

fn paths_of(segments: &[&Segment]) -> Vec<String> {
    segments.iter().map(|segment| segment.path.clone()).collect()
}
