//! What definitions mean once checked: the catalog that everything downstream reads.
//!
//! **Invariant:** a catalog holds only what was understood and checked: keys are unique, references lead somewhere,
//! there is no cycle. Nothing here remembers how it was spelled, except destinations' options, which only the sink
//! that reads them can judge.

use std::collections::BTreeMap;

use model::{AudienceKey, CsvMapping, DestinationKey, EventName, Fingerprint, IdentifierKind, Lookback, MomentSpec, Window, WorkspaceZone};
use serde::Serialize;

use crate::tree::Node;

/// All checked definitions together.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// How this workspace runs.
    pub settings: Settings,
    /// The audiences by key.
    pub audiences: BTreeMap<AudienceKey, Audience>,
    /// The same audiences in order of evaluation: whoever is referred to comes first.
    pub order: Vec<AudienceKey>,
    /// The destinations by key.
    pub destinations: BTreeMap<DestinationKey, Destination>,
    /// Changes when, and only when, the meaning of an audience or a setting that evaluation depends on changes.
    pub fingerprint: Fingerprint,
}

/// `muster.yaml`: how this workspace runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder for the lake, the embedded store and caches; as written, relative to the definitions' folder.
    pub data: String,
    /// The store: `sqlite` (a file in the data folder), or the name of the environment variable that holds a
    /// PostgreSQL URL.
    pub store: StoreSetting,
    /// The zone in which calendar days and months lie.
    pub zone: WorkspaceZone,
    /// When runs happen: a cron expression of five fields, in UTC. Default: every hour on the hour.
    pub schedule: String,
    /// How CSV files are read, by name of the mapping.
    pub csv: BTreeMap<String, CsvMapping>,
}

/// Where identities, memberships and runs are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreSetting {
    /// The embedded default: `muster.db` in the data folder.
    Sqlite,
    /// PostgreSQL; its URL is in this environment variable, so that no password stands in a file under version control.
    UrlFromEnv(String),
}

/// A named condition over profiles.
#[derive(Debug, Clone, PartialEq)]
pub struct Audience {
    /// Its permanent name.
    pub key: AudienceKey,
    /// Its name at destinations; the key when absent.
    pub title: Option<String>,
    /// One sentence a colleague understands.
    pub description: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// A member has at least one identifier of these kinds.
    pub identified_by: Vec<IdentifierKind>,
    /// Who is in.
    pub who: Condition,
    /// Where its members are sent.
    pub syncs: Vec<AudienceSync>,
    /// Changes when, and only when, its meaning does, or that of an audience it refers to.
    pub fingerprint: Fingerprint,
}

/// Where and how an audience's members are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudienceSync {
    /// The destination.
    pub to: DestinationKey,
    /// The audience's name there, when it differs.
    pub title: Option<String>,
    /// The identifiers and traits to match on, such as `email`; empty: all that the sink knows.
    pub match_on: Vec<String>,
}

/// The configured place: `destinations/*.yaml`.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Its name.
    pub key: DestinationKey,
    /// The word that chooses the sink, such as `facebook`, with its place.
    pub kind: Node,
    /// A sentence for colleagues.
    pub description: Option<String>,
    /// Everything else in the file: a map that the sink reads and judges.
    pub options: Node,
}

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
    /// Member of another audience, same as-of.
    InAudience(AudienceKey),
    /// Not a member of another audience, same as-of.
    NotInAudience(AudienceKey),
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
    /// How many there must be.
    pub count: CountRange,
}

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

/// Which events count: all of `all` match and, when `any` is not empty, all of at least one of its sets.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Filter {
    /// From `where`.
    pub all: Vec<PathMatch>,
    /// From `where_any`.
    pub any: Vec<Vec<PathMatch>>,
}

/// A matcher applied to the value at a path.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PathMatch {
    /// The way to the value: the first step names the trait or property, the others walk into objects. Arrays on the
    /// way are stepped through: the path then has several values.
    pub path: Vec<String>,
    /// What the value must be.
    pub matcher: Matcher,
}

/// What a value must be: every operator holds, or the value is missing and that is allowed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Matcher {
    /// All of these hold.
    pub operators: Vec<Operator>,
    /// Compare text without regard to case.
    pub ignore_case: bool,
    /// A missing value passes.
    pub or_missing: bool,
}

/// One comparison. The constant's type decides how the value is read; a value that cannot be read so does not match.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// Exactly this (any element of a list).
    Equals(Scalar),
    /// Present and not this (every element of a list).
    NotEquals(Scalar),
    /// Exactly one of these.
    OneOf(Vec<Scalar>),
    /// Present and none of these.
    NoneOf(Vec<Scalar>),
    /// Text contains this.
    Contains(String),
    /// Text is present and does not contain this.
    NotContains(String),
    /// Text contains at least one of these.
    ContainsAny(Vec<String>),
    /// Text starts with this.
    StartsWith(String),
    /// Text ends with this.
    EndsWith(String),
    /// Number is greater.
    Above(f64),
    /// Number is this or greater.
    AtLeast(f64),
    /// Number is smaller.
    Below(f64),
    /// Number is this or smaller.
    AtMost(f64),
    /// `true`: a value is present; `false`: none is. The only operator that holds for a missing value.
    Exists(bool),
    /// Date is earlier than this moment.
    Before(MomentSpec),
    /// Date is this moment or later.
    After(MomentSpec),
    /// Date lies between that long ago (included) and the as-of (not included).
    WithinLast(Lookback),
    /// Date lies between the as-of (included) and that far ahead (not included).
    WithinNext(Lookback),
}

/// A constant in a definition.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `true` or `false`.
    Flag(bool),
    /// A number that a 64-bit float holds exactly as written.
    Number(f64),
    /// A whole number beyond 2^53.
    Integer(i128),
    /// Text, NFC.
    Text(String),
}
