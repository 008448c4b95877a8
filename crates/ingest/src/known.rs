//! Messages taken before: the same message is never taken twice.
//!
//! A message is looked for in its own log, on its day and the days beside it (a corrected clock may have moved it over
//! midnight). One that says nothing of its own time has the import's, which is another each time it is read: it is
//! looked for on every day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use hashbrown::{HashMap, HashSet};
use lake::Lake;
use model::{EventName, LogName};
use store::Store;

use crate::IngestError;
use crate::block::{Block, Row};
use crate::keys::KeySet;
use crate::message::TimeSource;

/// Above this many keys (some 300 MB), those of days that the batch does not touch are forgotten after it.
const KEYS_HELD_MAX: usize = 10_000_000;

/// The keys read or written during one import.
#[derive(Default)]
pub(crate) struct KnownKeys {
    events: HashMap<EventName, LogKeys>,
    traits: LogKeys,
    held: usize,
}

#[derive(Default)]
struct LogKeys {
    /// Days whose keys are all here.
    days: BTreeMap<NaiveDate, KeySet>,
    /// Every day of the log that has keys is here.
    whole: bool,
}

/// Where messages of a batch may have been taken before.
#[derive(Default)]
struct Wanted {
    days: BTreeSet<NaiveDate>,
    whole: bool,
}

impl KnownKeys {
    /// Reads what the batch will be compared with, where it is not here yet.
    ///
    /// # Errors
    /// When the store does not say what there is, or the lake cannot read it.
    pub(crate) async fn load(&mut self, batch: &[Block], lake: &Lake, store: &dyn Store) -> Result<(), IngestError> {
        let wanted = wanted(batch);
        if self.held > KEYS_HELD_MAX {
            self.make_room(&wanted);
        }
        for (event, wanted) in wanted {
            let log = event.map_or(LogName::Traits, |event| LogName::Events(event.clone()));
            let held = log_of(event, &mut self.events, &mut self.traits);
            let missing: BTreeSet<_> = wanted.days.into_iter().filter(|day| !held.days.contains_key(day)).collect();
            let span =
                if wanted.whole { Some((NaiveDate::MIN, NaiveDate::MAX)) } else { missing.first().copied().zip(missing.last().copied()) };
            let Some((first, last)) = span.filter(|_| !held.whole) else { continue };
            let segments = store.segments_of(&log, first, last).await.map_err(IngestError::Store)?;
            let mut read: BTreeMap<NaiveDate, KeySet> = missing.into_iter().map(|day| (day, KeySet::default())).collect();
            for (_, segment) in segments {
                let is_asked = |day| (wanted.whole || read.contains_key(&day)) && !held.days.contains_key(&day);
                for (day, keys) in lake.message_keys_on(&segment, is_asked).map_err(IngestError::Lake)? {
                    self.held += keys.len();
                    read.entry(day).or_default().extend(keys);
                }
            }
            held.days.extend(read);
            held.whole |= wanted.whole;
        }
        Ok(())
    }

    /// Notes a message as taken. `false`: it was taken before. Only after [`KnownKeys::load`] with it.
    pub(crate) fn take(&mut self, event: Option<&EventName>, row: &Row) -> bool {
        let log = log_of(event, &mut self.events, &mut self.traits);
        let taken = match row.when.source {
            TimeSource::Message => around(row.day).into_iter().any(|day| log.days.get(&day).is_some_and(|keys| keys.contains(&row.key))),
            TimeSource::Import => log.days.values().any(|keys| keys.contains(&row.key)),
        };
        if !taken {
            log.days.entry(row.day).or_default().insert(row.key);
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
    /// Forgets the days that are not wanted.
    fn keep(&mut self, wanted: &Wanted) -> bool {
        if !wanted.whole {
            self.days.retain(|day, _| wanted.days.contains(day));
            self.whole = false;
        }
        true
    }

    fn len(&self) -> usize {
        self.days.values().map(KeySet::len).sum()
    }
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
