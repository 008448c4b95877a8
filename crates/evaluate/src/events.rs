//! Event leaves: counting rows, one pass over each event's segments for all leaves about it.
//!
//! Leaves with the same event and filter form a group and differ only in window and count: their windows are cut into
//! slices ([`crate::slices`]), each row touches one counter ([`crate::counters`]), and every window is read off the
//! totals. Segments outside every window are not opened; a segment is opened once for all groups that need it, with
//! just the columns they look at. Rows may be counted in any order and in parallel, since addition does not mind.

use std::collections::BTreeSet;
use std::sync::Arc;

use definitions::CountRange;
use lake::{Column, Reader};
use model::{Collection, EventName, LogName, Segment};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::counters::Counters;
use crate::error::EvaluateError;
use crate::filter::Sieve;
use crate::leaf::{EventLeaf, LeafId, Tally};
use crate::operator::Clock;
use crate::owners::Links;
use crate::segments::{self, Snapshot};
use crate::slices::Slices;

/// All leaves about one event.
pub(crate) struct EventPass<'p> {
    event: &'p EventName,
    groups: Vec<Group>,
}

/// The leaves that share an event, a filter and whose events they mean.
struct Group {
    of: Collection,
    sieve: Option<Sieve>,
    leaves: Vec<(LeafId, CountRange)>,
    slices: Slices,
}

/// A task for a thread has at least so many rows: every task fills counters of its own.
const ROWS_PER_TASK_MIN: u64 = 200_000;

/// The passes that answer these leaves, in order of their first leaves.
pub(crate) fn passes<'p>(leaves: &[(LeafId, &'p EventLeaf)], clock: Clock) -> Vec<EventPass<'p>> {
    let mut events: Vec<&EventName> = Vec::new();
    for (_, leaf) in leaves {
        if !events.contains(&&leaf.event) {
            events.push(&leaf.event);
        }
    }
    let about = |event: &EventName| leaves.iter().filter(move |(_, leaf)| leaf.event == *event).copied().collect::<Vec<_>>();
    events.into_iter().map(|event| EventPass { event, groups: groups(&about(event), clock) }).collect()
}

fn groups(leaves: &[(LeafId, &EventLeaf)], clock: Clock) -> Vec<Group> {
    let mut sets: Vec<Vec<(LeafId, &EventLeaf)>> = Vec::new();
    for (id, leaf) in leaves {
        match sets.iter_mut().find(|set| set[0].1.filter == leaf.filter && set[0].1.of == leaf.of) {
            Some(set) => set.push((*id, leaf)),
            None => sets.push(vec![(*id, leaf)]),
        }
    }
    let group = |set: Vec<(LeafId, &EventLeaf)>| {
        let spans: Vec<_> = set.iter().map(|(_, leaf)| leaf.window.resolve(clock.as_of, clock.zone)).collect();
        Group {
            of: set[0].1.of,
            sieve: Sieve::prepare(&set[0].1.filter, clock),
            leaves: set.iter().map(|(id, leaf)| (*id, leaf.count)).collect(),
            slices: Slices::cut(&spans),
        }
    };
    sets.into_iter().map(group).collect()
}

impl EventPass<'_> {
    /// Counts, and answers every leaf of the pass.
    pub(crate) fn run(
        &self,
        reader: &Reader,
        snapshot: &Snapshot,
        links: &Links,
    ) -> Result<(Vec<(LeafId, RoaringBitmap)>, Tally), EvaluateError> {
        let log = LogName::Events(self.event.clone());
        let segments: Vec<&Segment> = snapshot.log(&log).into_iter().filter(|segment| self.needs(segment)).collect();
        let profiles = snapshot.people.len();
        let counted: Vec<(Vec<Counters>, Tally)> =
            tasks(&segments).into_par_iter().map(|task| self.count(reader, task, profiles)).collect::<Result<_, _>>()?;

        let mut totals = self.counters(profiles);
        let mut tally = Tally::default();
        for (counters, part) in counted {
            tally += part;
            for (total, counters) in totals.iter_mut().zip(counters) {
                total.add(counters);
            }
        }
        let answers: Vec<_> = self
            .groups
            .par_iter()
            .zip(totals)
            .flat_map_iter(|(group, mut total)| {
                total.merge_profiles(&snapshot.people.canonical);
                if group.of == Collection::Accounts {
                    total.add_to_accounts(links.pairs());
                }
                group.answers(&total)
            })
            .collect();
        Ok((answers, tally))
    }

    fn needs(&self, segment: &Segment) -> bool {
        self.groups.iter().any(|group| group.needs(segment))
    }

    fn counters(&self, profiles: usize) -> Vec<Counters> {
        self.groups.iter().map(|group| Counters::new(group.slices.len(), profiles)).collect()
    }

    fn count(&self, reader: &Reader, segments: &[&Segment], profiles: usize) -> Result<(Vec<Counters>, Tally), EvaluateError> {
        let mut counters = self.counters(profiles);
        let mut tally = Tally::default();
        for segment in segments {
            let needed: Vec<usize> = (0..self.groups.len()).filter(|group| self.groups[*group].needs(segment)).collect();
            let sieves = needed.iter().filter_map(|group| self.groups[*group].sieve.as_ref());
            let columns: Vec<&str> = sieves.flat_map(Sieve::columns).collect::<BTreeSet<_>>().into_iter().collect();
            let frame = segments::open(reader, segment, &columns)?;
            let opened = Opened { names: &columns, columns: &frame.columns };
            for group in needed {
                self.groups[group].count(&opened, &frame.profiles, &frame.occurred_at, &mut counters[group], &mut tally);
            }
        }
        Ok((counters, tally))
    }
}

/// Columns of one segment, by name.
struct Opened<'a> {
    names: &'a [&'a str],
    columns: &'a [Arc<Column>],
}

impl Group {
    fn needs(&self, segment: &Segment) -> bool {
        self.slices.touch(segment.first_at.micros(), segment.last_at.micros())
    }

    fn count(&self, opened: &Opened<'_>, profiles: &[u32], times: &[i64], counters: &mut Counters, tally: &mut Tally) {
        let sieve = self.sieve.as_ref().map(|sieve| sieve.open(|name| opened.column(name)));
        for (slice, rows) in self.slices.rows(times) {
            tally.rows += rows.len() as u64;
            let counts = counters.slice_mut(slice);
            match &sieve {
                Some(sieve) => {
                    let kept = sieve.sift(&rows, tally);
                    for (profile, kept) in profiles[rows].iter().zip(kept) {
                        add(counts, *profile, u32::from(kept));
                    }
                }
                None => {
                    for profile in &profiles[rows] {
                        add(counts, *profile, 1);
                    }
                }
            }
        }
    }

    fn answers(&self, counters: &Counters) -> Vec<(LeafId, RoaringBitmap)> {
        let questions: Vec<_> = self.slices.windows.iter().cloned().zip(self.leaves.iter().map(|(_, count)| *count)).collect();
        self.leaves.iter().map(|(id, _)| *id).zip(counters.bitmaps(&questions)).collect()
    }
}

/// A number beyond the people known has no identifier, so nobody can ask for its count.
fn add(counts: &mut [u32], profile: u32, more: u32) {
    if let Some(count) = counts.get_mut(profile as usize) {
        *count += more;
    }
}

impl<'a> Opened<'a> {
    fn column(&self, name: &str) -> &'a Column {
        let place = self.names.iter().position(|known| *known == name).expect("every column a sieve looks at was asked for");
        &self.columns[place]
    }
}

/// Neighbouring segments in pieces of about equal numbers of rows, one or a few for each thread.
fn tasks<'s>(segments: &'s [&'s Segment]) -> Vec<&'s [&'s Segment]> {
    let rows: u64 = segments.iter().map(|segment| segment.rows).sum();
    let share = (rows / rayon::current_num_threads() as u64 + 1).max(ROWS_PER_TASK_MIN);
    let mut tasks = Vec::new();
    let (mut start, mut pending) = (0, 0);
    for (place, segment) in segments.iter().enumerate() {
        pending += segment.rows;
        if pending >= share || place + 1 == segments.len() {
            tasks.push(&segments[start..=place]);
            (start, pending) = (place + 1, 0);
        }
    }
    tasks
}
