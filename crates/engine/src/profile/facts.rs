//! The facts of one profile, page by page in order of time, from either end.
//!
//! Segments are looked through from that end on, some at a time, until no other one can hold a fact of the page: a look at the
//! latest ten events reads the latest segments and no more.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use lake::{LakeError, Reader};
use model::{Fact, LogName, MessageKey, Moment, ProfileId, Segment, SourceOrder, Span};

use super::ProfileError;
use crate::{Reading, Workspace, cpu};

/// Segments looked through side by side.
const SEGMENTS_AT_ONCE: usize = 16;
/// Rows of one segment read at once, at least and at most.
const ROWS_AT_ONCE: (usize, usize) = (16, 10_000);

/// Which facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logs {
    /// What was said of the profile.
    Traits,
    /// What it did: events of these names, or of all.
    Events {
        /// Only these, where there are some.
        only: BTreeSet<String>,
        /// None of these.
        except: BTreeSet<String>,
    },
}

/// From which end of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortOrder {
    /// The latest first.
    NewestFirst,
    /// The earliest first.
    OldestFirst,
}

/// Where a fact stands among all others: the order of segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FactPlace {
    /// Its `occurred_at`.
    pub occurred_at: Moment,
    /// Its `received_at`.
    pub received_at: Moment,
    /// Its place in its batch.
    pub source_order: SourceOrder,
    /// The key of its message.
    pub message_key: MessageKey,
}

impl FactPlace {
    /// Of a fact.
    pub fn of(fact: &Fact) -> Self {
        let Fact { occurred_at, received_at, source_order, message_key, .. } = *fact;
        Self { occurred_at, received_at, source_order, message_key }
    }
}

/// A page of facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactQuery {
    /// Which.
    pub log: Logs,
    /// Of which time.
    pub within: Span,
    /// How many at most.
    pub limit: usize,
    /// From which end.
    pub order: SortOrder,
    /// Behind which fact the page begins; at the end of time where there is none.
    pub after: Option<FactPlace>,
}

impl Workspace {
    /// A page of the facts of a profile with these numbers.
    ///
    /// # Errors
    /// When the store or the lake does not answer.
    pub async fn facts(&self, numbers: &[ProfileId], query: &FactQuery) -> Result<Vec<Fact>, ProfileError> {
        let _reading = Reading::begin(self).await?;
        let within = query.left();
        let last = within.end.plus_micros(-1);
        let segments = match &query.log {
            Logs::Traits => self.store.segments_of(&LogName::Traits, NaiveDate::MIN, NaiveDate::MAX).await?,
            Logs::Events { .. } => self.store.segments_between(within.start, last).await?,
        };
        let is_asked = |segment: &Segment| segment.last_at >= within.start && segment.first_at <= last && query.log.hold(&segment.log);
        let segments: Vec<Segment> = segments.into_iter().map(|(_, segment)| segment).filter(is_asked).collect();
        let (reader, numbers, query) = (Arc::clone(&self.lookups), numbers.to_vec(), query.clone());
        Ok(cpu::look(move || page(&reader, &segments, &numbers, &query)).await?)
    }
}

impl Logs {
    /// All events.
    pub fn events() -> Self {
        Self::Events { only: BTreeSet::new(), except: BTreeSet::new() }
    }

    fn hold(&self, log: &LogName) -> bool {
        match (self, log) {
            (Self::Traits, LogName::Traits) => true,
            (Self::Events { only, except }, LogName::Events(name)) => {
                (only.is_empty() || only.contains(name.as_str())) && !except.contains(name.as_str())
            }
            (Self::Traits, LogName::Events(_)) | (Self::Events { .. }, LogName::Traits) => false,
        }
    }
}

impl FactQuery {
    /// The time in which the page can lie.
    fn left(&self) -> Span {
        let Span { start, end } = self.within;
        match (self.after, self.order) {
            (None, _) => self.within,
            (Some(after), SortOrder::NewestFirst) => Span { start, end: end.min(after.occurred_at.plus_micros(1)) },
            (Some(after), SortOrder::OldestFirst) => Span { start: start.max(after.occurred_at), end },
        }
    }

    /// Whether a fact stands behind where the page begins.
    fn is_left(&self, fact: &Fact) -> bool {
        let place = FactPlace::of(fact);
        self.after.is_none_or(|after| match self.order {
            SortOrder::NewestFirst => place < after,
            SortOrder::OldestFirst => place > after,
        })
    }

    /// Whether nothing in a segment comes before the end of a full page.
    fn is_done(&self, found: &[Fact], segment: &Segment) -> bool {
        let end = found.last().filter(|_| found.len() >= self.limit);
        end.is_some_and(|end| match self.order {
            SortOrder::NewestFirst => segment.last_at < end.occurred_at,
            SortOrder::OldestFirst => segment.first_at > end.occurred_at,
        })
    }
}

fn page(reader: &Reader, segments: &[Segment], numbers: &[ProfileId], query: &FactQuery) -> Result<Vec<Fact>, LakeError> {
    let mut segments: Vec<&Segment> = segments.iter().collect();
    match query.order {
        SortOrder::NewestFirst => segments.sort_by(|a, b| (b.last_at, &b.path).cmp(&(a.last_at, &a.path))),
        SortOrder::OldestFirst => segments.sort_by(|a, b| (a.first_at, &a.path).cmp(&(b.first_at, &b.path))),
    }
    let mut found: Vec<Fact> = Vec::new();
    for some in segments.chunks(SEGMENTS_AT_ONCE) {
        if query.limit == 0 || query.is_done(&found, some[0]) {
            break;
        }
        let rows = reader.rows_of(some, numbers, query.left())?;
        for (segment, rows) in some.iter().zip(rows) {
            found.extend(nearest(reader, segment, &rows, query)?);
        }
        match query.order {
            SortOrder::NewestFirst => found.sort_by_key(|fact| std::cmp::Reverse(FactPlace::of(fact))),
            SortOrder::OldestFirst => found.sort_by_key(FactPlace::of),
        }
        found.truncate(query.limit);
    }
    Ok(found)
}

/// The facts in some rows of a segment that the page would take, were there no other segment.
fn nearest(reader: &Reader, segment: &Segment, rows: &[usize], query: &FactQuery) -> Result<Vec<Fact>, LakeError> {
    let size = query.limit.clamp(ROWS_AT_ONCE.0, ROWS_AT_ONCE.1);
    let pieces: Vec<&[usize]> = match query.order {
        SortOrder::NewestFirst => rows.rchunks(size).collect(),
        SortOrder::OldestFirst => rows.chunks(size).collect(),
    };
    let mut facts = Vec::new();
    for piece in pieces {
        let left = reader.lake().facts_at(segment, piece)?.into_iter().filter(|fact| query.is_left(fact));
        facts.extend(left);
        if facts.len() >= query.limit {
            break;
        }
    }
    Ok(facts)
}
