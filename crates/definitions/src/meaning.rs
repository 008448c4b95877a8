//! What definitions mean once checked: the catalog that everything downstream reads.
//!
//! **Invariant:** a catalog holds only what was understood and checked: keys are unique, references lead somewhere,
//! there is no cycle. Nothing here remembers how it was spelled, except destinations' options, which only the sink
//! that reads them can judge.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use model::{
    AsOf, AudienceKey, Collection, CsvMapping, DestinationKey, EventName, Fingerprint, IdentifierKind, Lookback, Moment, MomentSpec,
    TraitKey, Value, Window, WorkspaceZone,
};
use serde::Serialize;

use crate::diagnostic::Place;
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
    /// The computed traits by key.
    pub traits: BTreeMap<TraitKey, ComputedTrait>,
    /// The same traits in order of evaluation: whichever is referred to comes first. All come before the audiences.
    pub trait_order: Vec<TraitKey>,
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
    /// What its members are: users or accounts.
    pub of: Collection,
    /// Whether it is evaluated and sent.
    pub state: AudienceState,
    /// A member has at least one identifier of these kinds.
    pub identified_by: Vec<IdentifierKind>,
    /// Who is in.
    pub who: Condition,
    /// Where its members are sent.
    pub syncs: Vec<AudienceSync>,
    /// What must hold for a change of its membership to be sent.
    pub guards: Guards,
    /// Example people, and whether they are in.
    pub tests: Vec<AudienceTest>,
    /// Changes when, and only when, its meaning does, or that of an audience or computed trait it refers to.
    pub fingerprint: Fingerprint,
}

/// Where an audience is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AudienceState {
    /// Evaluated at every run, and sent.
    #[default]
    Live,
    /// Its membership stays as it was recorded last, and nothing is sent.
    Paused,
    /// Nobody is in any more; everybody is removed everywhere, and its key is never used again.
    Retired,
}

/// Limits on a membership and its changes: beyond them a change is recorded, but not sent until somebody releases it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Guards {
    /// Fewest members.
    pub min_size: Option<u64>,
    /// Most members.
    pub max_size: Option<u64>,
    /// How many may enter and exit together, in percent of the members sent last.
    pub max_change_percent: Option<u32>,
}

/// One example person beside the definition.
#[derive(Debug, Clone, PartialEq)]
pub struct AudienceTest {
    /// What it shows.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The moment asked about.
    pub as_of: AsOf,
    /// Who is asked about: a user, or an account for an audience of accounts.
    pub person: TestPerson,
    /// Whether that person is in.
    pub expect_in: bool,
}

/// An example person, or an account with its users.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TestPerson {
    /// Its traits, known since ever. Those named like a computed trait stand in place of the computation.
    pub traits: BTreeMap<String, Value>,
    /// Its memberships in the audiences referred to, since ever; when not given these are evaluated from the rest.
    pub audiences: Option<BTreeSet<AudienceKey>>,
    /// What it did.
    pub events: Vec<TestEvent>,
    /// Of an account: its users.
    pub users: Vec<TestPerson>,
    /// Of a user: the account it belongs to.
    pub account: Option<Box<TestPerson>>,
}

/// Something an example person did.
#[derive(Debug, Clone, PartialEq)]
pub struct TestEvent {
    /// The event's name.
    pub event: EventName,
    /// When it happened.
    pub at: Moment,
    /// Its properties.
    pub properties: BTreeMap<String, Value>,
}

/// A trait computed from events: `traits/*.yaml`. It takes the place of a trait of that name that messages say.
#[derive(Debug, Clone, PartialEq)]
pub struct ComputedTrait {
    /// Its permanent name, by which conditions and syncs speak of it.
    pub key: TraitKey,
    /// One sentence a colleague understands.
    pub description: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Whose trait it is. An account's events are those of all its users.
    pub of: Collection,
    /// The event's name.
    pub event: EventName,
    /// Which of the events count.
    pub filter: Filter,
    /// The part of time looked at.
    pub window: Window,
    /// What is made of them.
    pub aggregate: Aggregate,
    /// The value where there would be none.
    pub if_none: Option<Value>,
    /// Changes when, and only when, its meaning does, or that of a computed trait it refers to.
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
    pub match_on: Vec<Word>,
    /// The number trait sent as each member's value, with its place.
    pub value: Option<(String, Place)>,
    /// What happens to those who exit.
    pub on_exit: OnExit,
    /// Who is sent at first.
    pub start_with: StartWith,
}

/// A word of a definition that somebody else judges, and where it stands. Two are equal when the words are, and only the
/// word is shown: its place is no part of the meaning.
#[derive(Clone)]
pub struct Word {
    /// The word.
    pub text: String,
    /// Its place.
    pub place: Place,
}

impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Word {}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// What happens at a destination to those who exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExit {
    /// They are removed.
    #[default]
    Remove,
    /// They stay, until the audience is retired.
    Keep,
}

/// Who is sent when an audience is first sent to a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StartWith {
    /// Everybody who is in.
    #[default]
    Everyone,
    /// Only those who enter from then on.
    NewOnly,
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
    /// An anniversary of the date lies in the days from today (included) to that far ahead (not included).
    AnniversaryWithinNext(Lookback),
    /// A list with this element; a value that is no list is a list of one.
    Includes(Scalar),
    /// A list with at least one of these elements.
    IncludesAny(Vec<Scalar>),
    /// A list with every one of these elements.
    IncludesAll(Vec<Scalar>),
    /// A list with at least one element and none of these.
    IncludesNone(Vec<Scalar>),
    /// Compared with another value of the same profile or of the event before, whose type then decides.
    Compare {
        /// How.
        comparison: Comparison,
        /// With what.
        with: Reference,
    },
}

/// The comparisons whose right-hand side may be a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// As [`Operator::Equals`].
    Equals,
    /// As [`Operator::NotEquals`].
    NotEquals,
    /// As [`Operator::Contains`].
    Contains,
    /// As [`Operator::NotContains`].
    NotContains,
    /// As [`Operator::StartsWith`].
    StartsWith,
    /// As [`Operator::EndsWith`].
    EndsWith,
    /// As [`Operator::Above`].
    Above,
    /// As [`Operator::AtLeast`].
    AtLeast,
    /// As [`Operator::Below`].
    Below,
    /// As [`Operator::AtMost`].
    AtMost,
    /// As [`Operator::Before`].
    Before,
    /// As [`Operator::After`].
    After,
}

/// A value that stands in place of a constant. A missing one makes the comparison false.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reference {
    /// Whose value.
    pub of: ReferenceOf,
    /// The way to it.
    pub path: Vec<String>,
}

/// Whose value a reference means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceOf {
    /// A trait of the same profile, as of the run; a computed one too.
    Trait,
    /// A property of the event before, in a sequence.
    Parent,
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
