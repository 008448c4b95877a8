//! Messages taken before: the same message is never taken twice.
//!
//! A message is looked for in its own log, on its day and the days beside it (a corrected clock may have moved it over
//! midnight). One that says nothing of its own time has the import's, which is another each time it is read: it is
//! looked for on every day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use hashbrown::{HashMap, HashSet};
use lake::Lake;
use model::{EventName, LogName, Segment};
use store::Store;
use xxhash_rust::xxh3::xxh3_64;

use crate::IngestError;
use crate::block::{Block, Row};
use crate::keys::KeySet;
use crate::message::TimeSource;

/// Above this many keys (some 300 MB), those of days that the batch does not touch are forgotten after it.
const KEYS_HELD_MAX: usize = 10_000_000;
/// Above this many keys (some 60 MB), all are forgotten between imports.
const KEYS_KEPT_MAX: usize = 2_000_000;

/// The keys read or written during one import, or during one after the other: what another process wrote in between is
/// read when an import begins.
#[derive(Default)]
pub struct KnownKeys {
    events: HashMap<EventName, LogKeys>,
    traits: LogKeys,
    held: usize,
    /// Which import this is.
    import: u64,
}

#[derive(Default)]
struct LogKeys {
    days: BTreeMap<NaiveDate, Day>,
    /// In which import every day of the log that has keys was found to be here.
    whole: Option<u64>,
}

/// The keys of a day.
#[derive(Default)]
struct Day {
    keys: KeySet,
    /// The segments whose keys are here, by the hashes of their paths.
    read: HashSet<u64>,
    /// In which import they were found to be all there are.
    checked: Option<u64>,
}

/// Where messages of a batch may have been taken before.
#[derive(Default)]
struct Wanted {
    days: BTreeSet<NaiveDate>,
    whole: bool,
}

impl KnownKeys {
    /// Begins another import.
    pub(crate) fn begin(&mut self) {
        let import = self.import + 1;
        if self.held > KEYS_KEPT_MAX {
            *self = Self::default();
        }
        self.import = import;
    }

    /// Reads what the batch will be compared with, where it is not here yet.
    ///
    /// # Errors
    /// When the store does not say what there is, or the lake cannot read it.
    pub(crate) async fn load(&mut self, batch: &[Block], lake: &Lake, store: &dyn Store) -> Result<(), IngestError> {
        let wanted = wanted(batch);
        if self.held > KEYS_HELD_MAX {
            self.make_room(&wanted);
        }
        let now = Some(self.import);
        for (event, wanted) in wanted {
            let log = event.map_or(LogName::Traits, |event| LogName::Events(event.clone()));
            let held = log_of(event, &mut self.events, &mut self.traits);
            if held.whole == now {
                continue;
            }
            let is_checked = |day: &NaiveDate| held.days.get(day).is_some_and(|day| day.checked == now);
            let missing: BTreeSet<_> = wanted.days.into_iter().filter(|day| !is_checked(day)).collect();
            let span =
                if wanted.whole { Some((NaiveDate::MIN, NaiveDate::MAX)) } else { missing.first().copied().zip(missing.last().copied()) };
            let Some((first, last)) = span else { continue };
            for (_, segment) in store.segments_of(&log, first, last).await.map_err(IngestError::Store)? {
                self.held += held.read(&segment, lake, |day| wanted.whole || missing.contains(&day))?;
            }
            for day in missing {
                held.days.entry(day).or_default().checked = now;
            }
            if wanted.whole {
                held.whole = now;
            }
        }
        Ok(())
    }

    /// Notes segments that hold what was taken: they need not be read.
    pub(crate) fn written(&mut self, segments: &[Segment]) {
        for segment in segments {
            let log = log_of(segment.log.event(), &mut self.events, &mut self.traits);
            for (_, day) in log.days.range_mut(segment.day..=segment.last_day()) {
                day.read.insert(name(segment));
            }
        }
    }

    /// Notes a message as taken. `false`: it was taken before. Only after [`KnownKeys::load`] with it.
    pub(crate) fn take(&mut self, event: Option<&EventName>, row: &Row) -> bool {
        let log = log_of(event, &mut self.events, &mut self.traits);
        let taken = match row.when.source {
            TimeSource::Message => around(row.day).into_iter().any(|day| log.days.get(&day).is_some_and(|day| day.keys.contains(&row.key))),
            TimeSource::Import => log.days.values().any(|day| day.keys.contains(&row.key)),
        };
        if !taken {
            log.days.entry(row.day).or_default().keys.insert(row.key);
            self.held += 1;
        }
        !taken
    }

    fn make_room(&mut self, wanted: &BTreeMap<Option<&EventName>, Wanted>) {
        self.events.retain(|event, log| wanted.get(&Some(event)).is_some_and(|wanted| log.keep(wanted)));
        if !wanted.get(&None).is_some_and(|wanted| self.traits.keep(wanted)) {
            self.traits = LogKeys::default();
        }
        self.held = self.events.values().map(LogKeys::len).sum::<usize>() + self.traits.len();
    }
}

impl LogKeys {
    /// Reads the keys of a segment on the days that are asked for and for which it was not read. Says how many.
    fn read(&mut self, segment: &Segment, lake: &Lake, is_asked: impl Fn(NaiveDate) -> bool) -> Result<usize, IngestError> {
        let name = name(segment);
        let is_missing = |day: NaiveDate| is_asked(day) && !self.days.get(&day).is_some_and(|day| day.read.contains(&name));
        if !segment.day.iter_days().take_while(|day| *day <= segment.last_day()).any(is_missing) {
            return Ok(0);
        }
        let found = lake.message_keys_on(segment, is_missing).map_err(IngestError::Lake)?;
        let mut count = 0;
        for (day, keys) in found {
            count += keys.len();
            let day = self.days.entry(day).or_default();
            day.keys.extend(keys);
            day.read.insert(name);
        }
        Ok(count)
    }

    /// Forgets the days that are not wanted.
    fn keep(&mut self, wanted: &Wanted) -> bool {
        if !wanted.whole {
            self.days.retain(|day, _| wanted.days.contains(day));
            self.whole = None;
        }
        true
    }

    fn len(&self) -> usize {
        self.days.values().map(|day| day.keys.len()).sum()
    }
}

/// What tells a segment from every other one there ever was.
fn name(segment: &Segment) -> u64 {
    xxh3_64(segment.path.as_bytes())
}

/// The keys of a log: of an event's, or of the traits'. Looked up by reference, for no copy of the name per message.
fn log_of<'k>(event: Option<&EventName>, events: &'k mut HashMap<EventName, LogKeys>, traits: &'k mut LogKeys) -> &'k mut LogKeys {
    let Some(event) = event else { return traits };
    if !events.contains_key(event) {
        events.insert(event.clone(), LogKeys::default());
    }
    events.get_mut(event).unwrap_or(traits)
}

fn wanted(batch: &[Block]) -> BTreeMap<Option<&EventName>, Wanted> {
    let mut wanted: BTreeMap<_, Wanted> = BTreeMap::new();
    for block in batch {
        // A block has many rows and few days.
        let days: HashSet<_> = block.rows.iter().map(|row| (row.event, row.day, row.when.source)).collect();
        let mut days: Vec<_> = days.into_iter().collect();
        days.sort_unstable_by_key(|(event, day, _)| (*event, *day));
        for (event, day, source) in days {
            let log = wanted.entry(event.map(|event| block.event(event))).or_default();
            log.days.extend(around(day));
            log.whole |= source == TimeSource::Import;
        }
    }
    wanted
}

fn around(day: NaiveDate) -> [NaiveDate; 3] {
    let one = Days::new(1);
    [day, day.checked_sub_days(one).unwrap_or(day), day.checked_add_days(one).unwrap_or(day)]
}
