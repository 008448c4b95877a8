//! In which order the keys of a map stand: by what the map is, which follows from the keys that lead to it.

use crate::language::{
    AUDIENCE_KEYS, COMPANION_KEYS, CONDITION_HEADS, GUARD_KEYS, IDENTIFY_KEYS, KeySpec, MODEL_KEYS, PERSON_KEYS, REDUCER_KEYS, SOURCE_KEYS,
    SYNC_KEYS, TEST_EVENT_KEYS, TEST_KEYS, TRAIT_KEYS,
};

/// What a map or list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Audience,
    Trait,
    Destination,
    Model,
    ModelSource,
    ModelIds,
    Settings,
    CsvMappings,
    CsvMapping,
    Collect,
    Api,
    Condition,
    /// Conditions in a list.
    Conditions,
    /// Paths with their matchers.
    Paths,
    /// Lists of [`Role::Paths`].
    PathSets,
    Matcher,
    /// `sum: { of: .., at_least: .. }` and its like.
    Aggregate,
    Syncs,
    Sync,
    Guards,
    Tests,
    Test,
    People,
    Person,
    TestEvents,
    TestEvent,
    /// The author's order is kept.
    Free,
}

const CSV_MAPPING: &[&str] = &["event", "message", "user_id", "anonymous_id", "email", "message_id", "timestamp", "columns", "delimiter"];

impl Role {
    /// What a file is, by the keys at its top.
    pub(super) fn of_file<'a>(mut keys: impl Iterator<Item = &'a str> + Clone) -> Self {
        let has = |name: &str| keys.clone().any(|key| key == name);
        if has("audience") || has("who") {
            Self::Audience
        } else if has("trait") {
            Self::Trait
        } else if has("model") {
            Self::Model
        } else if has("destination") {
            Self::Destination
        } else {
            keys.next().map_or(Self::Free, |_| Self::Settings)
        }
    }

    /// What the value under a key is.
    pub(super) fn under(self, key: &str) -> Self {
        match (self, key) {
            (Self::Audience, "who") | (Self::Condition, "any_user" | "all_users" | "no_user" | "account" | "then") => Self::Condition,
            (Self::Condition, "all" | "any" | "none") => Self::Conditions,
            (Self::Condition, "traits" | "where") | (Self::Trait, "where") => Self::Paths,
            (Self::Condition | Self::Trait, "where_any") => Self::PathSets,
            (Self::Condition | Self::Trait, _) if REDUCER_KEYS.contains(&key) => Self::Aggregate,
            (Self::Paths, _) => Self::Matcher,
            (Self::Audience, "sync") => Self::Syncs,
            (Self::Audience, "guards") => Self::Guards,
            (Self::Audience, "tests") => Self::Tests,
            (Self::Test, "person") | (Self::Person, "account") => Self::Person,
            (Self::Person, "users") => Self::People,
            (Self::Person, "events") => Self::TestEvents,
            (Self::Model, "from") => Self::ModelSource,
            (Self::Model, "identify") => Self::ModelIds,
            (Self::Settings, "csv") => Self::CsvMappings,
            (Self::Settings, "collect") => Self::Collect,
            (Self::Settings, "api") => Self::Api,
            (Self::CsvMappings, _) => Self::CsvMapping,
            _ => Self::Free,
        }
    }

    /// What an item of the list is.
    pub(super) fn item(self) -> Self {
        match self {
            Self::Conditions => Self::Condition,
            Self::PathSets => Self::Paths,
            Self::Syncs => Self::Sync,
            Self::Tests => Self::Test,
            Self::People => Self::Person,
            Self::TestEvents => Self::TestEvent,
            Self::Audience
            | Self::Trait
            | Self::Destination
            | Self::Model
            | Self::ModelSource
            | Self::ModelIds
            | Self::Settings
            | Self::CsvMappings
            | Self::CsvMapping
            | Self::Collect
            | Self::Api
            | Self::Condition
            | Self::Paths
            | Self::Matcher
            | Self::Aggregate
            | Self::Sync
            | Self::Guards
            | Self::Test
            | Self::Person
            | Self::TestEvent
            | Self::Free => Self::Free,
        }
    }

    /// Whether it is written in brackets whenever it fits.
    pub(super) fn is_small(self) -> bool {
        matches!(self, Self::Matcher | Self::Aggregate)
    }

    /// Where a key stands among the others; unknown ones behind all.
    pub(super) fn rank(self, key: &str) -> usize {
        let listed = |order: &[&str]| order.iter().position(|known| *known == key).unwrap_or(order.len());
        let among = |order: &[KeySpec]| order.iter().position(|known| known.name == key).unwrap_or(order.len());
        match self {
            Self::Audience => among(AUDIENCE_KEYS),
            Self::Trait => among(TRAIT_KEYS),
            Self::Destination => listed(&["destination", "type", "description"]),
            Self::Model => among(MODEL_KEYS),
            Self::ModelSource => among(SOURCE_KEYS),
            Self::ModelIds => among(IDENTIFY_KEYS),
            Self::Settings => listed(&["data", "store", "timezone", "schedule", "csv", "list_events", "sources", "collect", "api"]),
            Self::CsvMapping => listed(CSV_MAPPING),
            Self::Collect => listed(&["listen", "origins", "requests_per_second", "event_kib_max"]),
            Self::Api => listed(&["listen", "requests_per_second"]),
            // A head comes first, whichever it is; then what says more about it.
            Self::Condition if CONDITION_HEADS.iter().any(|head| head.key.name == key) => 0,
            Self::Condition => 1 + among(COMPANION_KEYS),
            Self::Aggregate => listed(&["of"]),
            Self::Sync => among(SYNC_KEYS),
            Self::Guards => among(GUARD_KEYS),
            Self::Test => among(TEST_KEYS),
            Self::Person => among(PERSON_KEYS),
            Self::TestEvent => among(TEST_EVENT_KEYS),
            // What changes the operators comes behind them.
            Self::Matcher => usize::from(matches!(key, "ignore_case" | "or_missing")),
            Self::CsvMappings
            | Self::Conditions
            | Self::Paths
            | Self::PathSets
            | Self::Syncs
            | Self::Tests
            | Self::People
            | Self::TestEvents
            | Self::Free => 0,
        }
    }
}
