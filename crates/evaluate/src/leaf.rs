//! Leaves: the indivisible parts of conditions, and what a leaf engine answers about them.
//!
//! This is the narrow waist of evaluation. A leaf engine takes leaves and an as-of and returns, for each leaf, the
//! profiles for which it is true; plan, boolean algebra, diff and delivery do not notice which engine answered.
//! **Invariant:** an answer covers every leaf and every row the manifest names, or it is an error: nothing read must
//! never look like nobody matching.

use definitions::{CountRange, Filter, PathMatch};
use model::{Collection, EventName, Lookback, Window};

use crate::compared::ComparedLeaf;
use crate::known::Named;
use crate::operator::Finding;
use crate::sequence::SequenceLeaf;

/// An indivisible condition, true or false for each profile.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Leaf {
    /// How many matching events lie in a window.
    Event(EventLeaf),
    /// Whether anything at all was done in a window.
    Activity(ActivityLeaf),
    /// What follows events, or what a property comes to over them.
    Sequence(SequenceLeaf),
    /// What the newest value of a trait is, as said.
    Trait(PathMatch),
    /// What a computed trait is, or one trait beside another.
    Compared(ComparedLeaf),
}

impl Leaf {
    /// The traits that have to be known before it can be answered.
    pub(crate) fn named(&self) -> Vec<&Named> {
        match self {
            Self::Event(_) | Self::Activity(_) | Self::Trait(_) => Vec::new(),
            Self::Sequence(leaf) => leaf.names.0.values().collect(),
            Self::Compared(leaf) => leaf.names.0.values().chain([&leaf.named]).collect(),
        }
    }
}

/// The number of an event's rows that pass the filter and lie in the window is in the range.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EventLeaf {
    pub(crate) event: EventName,
    pub(crate) filter: Filter,
    pub(crate) window: Window,
    pub(crate) count: CountRange,
    /// Whose events: an account's are those of its users too.
    pub(crate) of: Collection,
}

/// At least one event of any name in the last so-and-so long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ActivityLeaf {
    pub(crate) within: Lookback,
    /// Whose events.
    pub(crate) of: Collection,
}

/// The number of a leaf in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LeafId(pub(crate) usize);

/// What was counted while reading.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Values that could not be read as the constant's type.
    pub(crate) mismatches: u64,
    /// Timestamps without an offset, read as UTC.
    pub(crate) zone_missing: u64,
    /// Rows looked at.
    pub(crate) rows: u64,
}

impl Tally {
    /// Counts what is remarkable about one value.
    pub(crate) fn note(&mut self, finding: Finding) {
        self.mismatches += u64::from(finding.unreadable);
        self.zone_missing += u64::from(finding.zone_missing);
    }
}

impl std::ops::Add for Tally {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.mismatches += other.mismatches;
        self.zone_missing += other.zone_missing;
        self.rows += other.rows;
    }
}
