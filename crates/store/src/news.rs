//! What is new to somebody who asked before.

use model::{People, PeopleChanges, Segment, SegmentId};

/// How far an answer about people reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeopleMark {
    /// Profile numbers given.
    pub(crate) profiles: u32,
    /// Merges found out.
    pub(crate) merges: u64,
    /// Changes to the identities of profiles known before.
    pub(crate) changes: u64,
}

/// What is known now, said to somebody who knows some of it.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    /// All segments of the lake, by number: one merged from others may bear a number that was known before.
    pub segments: Vec<(SegmentId, Segment)>,
    /// What became known of people.
    pub people: PeopleNews,
    /// How far this reaches.
    pub mark: PeopleMark,
}

/// What became known of people.
#[derive(Debug, Clone, PartialEq)]
pub enum PeopleNews {
    /// Nothing.
    Nothing,
    /// This.
    Changes(PeopleChanges),
    /// Too much happened since, or nobody asked before: everybody.
    Everybody(People),
}
