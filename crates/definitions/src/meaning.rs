//! What definitions mean once checked: the catalog that everything downstream reads.
//!
//! **Invariant:** a catalog holds only what was understood and checked: keys are unique, references lead somewhere,
//! there is no cycle. Nothing here remembers how it was spelled, except destinations' options, which only the sink
//! that reads them can judge.

mod condition;
mod matcher;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use model::{
    AsOf, AudienceKey, Collection, CsvMapping, DestinationKey, EventName, Fingerprint, IdentifierKind, IdentityRules, ListKey, ModelKey,
    Moment, RowModel, TraitKey, Value, Window, WorkspaceZone,
};
use serde::Serialize;

use crate::diagnostic::Place;
use crate::tree::Node;

pub use condition::{
    Aggregate, AggregateMatch, Condition, CountRange, EventCondition, MOST_FREQUENT_AT_LEAST, Reducer, SamePath, Step, UNIQUE_MAX, Which,
};
pub use matcher::{Comparison, Filter, Matcher, Operator, PathMatch, Reference, ReferenceOf, Scalar};

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
    /// The models by key.
    pub models: BTreeMap<ModelKey, RowModel>,
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
    /// Events that say who is on a list and who no longer, and which list.
    pub list_events: BTreeMap<EventName, ListKey>,
    /// Where messages come from over HTTP: what each source is, by name. Their keys are in the store.
    pub sources: BTreeMap<String, String>,
    /// How messages are taken over HTTP; absent: not at all, unless the command line says so.
    pub collect: Option<CollectSettings>,
    /// What finds a profile, and how much one may have.
    pub identity: Arc<IdentityRules>,
    /// How profiles are asked for over HTTP; absent: not at all.
    pub api: Option<ApiSettings>,
}

/// How `muster serve` answers who asks for profiles over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiSettings {
    /// Where it listens: never where messages come in.
    pub listen: SocketAddr,
    /// Requests a second that each token may make.
    pub requests_per_second: NonZeroU32,
}

/// How `muster serve` takes messages over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The origins whose pages may send, such as `https://www.example.com`.
    pub origins: Vec<String>,
    /// Requests a second that each write key may make.
    pub requests_per_second: NonZeroU32,
    /// The largest message, in KiB.
    pub event_kib_max: u32,
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
    /// How many may enter and exit together, in percent of the members that were last allowed to be sent.
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
    /// What is said about it there, when it differs from the audience's own description.
    pub description: Option<String>,
    /// The id of an audience that is there already.
    pub audience_id: Option<String>,
    /// The identifiers and traits to match on, such as `email`; empty: all that the sink knows.
    pub match_on: Vec<Word>,
    /// For keys of `match_on`: the trait or kind of identifier that holds their values, where the usual ones are not meant.
    pub fields: Vec<(Word, String)>,
    /// The number trait sent as each member's value, with its place.
    pub value: Option<(String, Place)>,
    /// What happens to those who exit.
    pub on_exit: OnExit,
    /// Who is sent at first.
    pub start_with: StartWith,
}

impl AudienceSync {
    /// A sync of which nothing is said but where it goes.
    pub fn to(to: DestinationKey) -> Self {
        Self {
            to,
            title: None,
            description: None,
            audience_id: None,
            match_on: Vec::new(),
            fields: Vec::new(),
            value: None,
            on_exit: OnExit::default(),
            start_with: StartWith::default(),
        }
    }
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
