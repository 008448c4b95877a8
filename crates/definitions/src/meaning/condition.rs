//! What conditions mean: groups, events and sequences of them, memberships, quantifiers over users and accounts.

use model::{AudienceKey, EventName, Lookback, Window};
use serde::Serialize;

use super::{Filter, Matcher, PathMatch};

/// A condition over one profile: true or false, never unknown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Every one holds.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// Not a single one holds.
    None(Vec<Condition>),
    /// The number of matching events lies in a range (`did`; `did_not` is the range 0 to 0).
    Event(EventCondition),
    /// Every listed trait matches.
    Traits(Vec<PathMatch>),
    /// Any event at all in the last so-and-so long (`active_within`).
    ActiveWithin(Lookback),
    /// No event at all in the last so-and-so long (`inactive_for`).
    InactiveFor(Lookback),
    /// Member of another audience, same as-of.
    InAudience(AudienceKey),
    /// Not a member of another audience, same as-of.
    NotInAudience(AudienceKey),
    /// Member of another audience now and at every recorded run since that long ago (`for_at_least`).
    MemberFor {
        /// The audience.
        audience: AudienceKey,
        /// For at least this long.
        at_least: Lookback,
    },
    /// A recorded run (or this one) in the last so-and-so long found that the profile entered.
    EnteredAudience {
        /// The audience.
        audience: AudienceKey,
        /// How long ago at most.
        within: Lookback,
    },
    /// The same for having exited.
    ExitedAudience {
        /// The audience.
        audience: AudienceKey,
        /// How long ago at most.
        within: Lookback,
    },
    /// Of an account: at least one of its users meets this.
    AnyUser(Box<Condition>),
    /// Of an account: it has users, and each of them meets this.
    AllUsers(Box<Condition>),
    /// Of an account: not one of its users meets this.
    NoUser(Box<Condition>),
    /// Of a user: belongs to an account that meets this.
    Account(Box<Condition>),
    /// In a share of all profiles that stays the same: a hash of the salt and the profile is below the share.
    Sample {
        /// The share, above 0 and at most 100.
        percent: f64,
        /// Different salts make independent shares.
        salt: String,
    },
}

/// How many matching events a profile has in a window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventCondition {
    /// The event's name, exact.
    pub event: EventName,
    /// Which of the events count.
    pub filter: Filter,
    /// The part of time looked at.
    pub window: Window,
    /// How many there must be; with `then`, only events count that the rest of the sequence follows.
    pub count: CountRange,
    /// What must be true of a property over those events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregate: Option<AggregateMatch>,
    /// Which occurrences a sequence may start from.
    #[serde(skip_serializing_if = "Which::is_any")]
    pub which: Which,
    /// What must follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<Box<Step>>,
}

impl EventCondition {
    /// At least one such event, ever: the base to say more from.
    pub fn did(event: EventName) -> Self {
        Self {
            event,
            filter: Filter::default(),
            window: Window::Ever,
            count: CountRange { at_least: 1, at_most: None },
            aggregate: None,
            which: Which::Any,
            then: None,
        }
    }
}

/// Which of the matching events a sequence starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Each of them.
    #[default]
    Any,
    /// The earliest alone.
    First,
    /// The latest alone.
    Last,
}

impl Which {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
    fn is_any(&self) -> bool {
        *self == Self::Any
    }
}

/// A step of a sequence: how many events must follow the one before it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The event's name.
    pub event: EventName,
    /// Which of the events count; references to `parent` speak of the event before.
    pub filter: Filter,
    /// How long after the event before: later than it, and before this has passed. No limit when absent.
    pub within: Option<Lookback>,
    /// How many there must be (`did_not`: 0 to 0). A range with an upper end holds only once `within` has passed.
    pub count: CountRange,
    /// Properties that must be equal on both events.
    pub same: Vec<SamePath>,
    /// What must follow each of these events for it to count.
    pub then: Option<Box<Step>>,
}

/// A property of a step's event that equals one of the event before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SamePath {
    /// On the event before.
    pub parent_path: Vec<String>,
    /// On the step's own event.
    pub path: Vec<String>,
}

/// A comparison with what a property comes to over several events.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AggregateMatch {
    /// What is computed.
    pub aggregate: Aggregate,
    /// What it must be.
    pub matcher: Matcher,
}

/// One value made of a property over several events.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Aggregate {
    /// How.
    pub reducer: Reducer,
    /// The way to the property's value; empty for [`Reducer::Count`].
    pub path: Vec<String>,
}

/// How one value is made of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reducer {
    /// How many events there are; 0 when there are none.
    Count,
    /// The exact sum of the numbers, each rounded to a millionth.
    Sum,
    /// The sum divided by how many numbers there are, rounded to a millionth.
    Average,
    /// The smallest number.
    Min,
    /// The largest number.
    Max,
    /// The value on the earliest event that has one.
    First,
    /// The value on the latest event that has one.
    Last,
    /// The commonest value as text, the first in alphabetical order among equals.
    MostFrequent {
        /// It must occur so often.
        at_least: u32,
    },
    /// The different values as text, in alphabetical order, at most [`UNIQUE_MAX`] of them.
    Unique,
    /// How many different values there are; 0 when there are none.
    UniqueCount,
}

/// A list of unique values holds at most so many: those that come first in time.
pub const UNIQUE_MAX: usize = 10_000;

/// How often a value must occur to be the most frequent, unless something else is said.
pub const MOST_FREQUENT_AT_LEAST: u32 = 2;

/// A range of counts, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CountRange {
    /// At least so many.
    pub at_least: u32,
    /// At most so many; no end when absent.
    pub at_most: Option<u32>,
}

impl CountRange {
    /// Whether the count lies inside.
    pub fn contains(self, count: u32) -> bool {
        count >= self.at_least && self.at_most.is_none_or(|at_most| count <= at_most)
    }
}
