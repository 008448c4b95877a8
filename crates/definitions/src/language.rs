//! The keys of the language in one table: what each is for, what may stand under it, and in which order they stand.
//!
//! It drives the editor schema, the canonical layout and the reference page. **Invariant:** the order of a table is the
//! canonical order of its keys. What a value means is checked elsewhere.

/// A key and what may stand under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeySpec {
    /// The key.
    pub name: &'static str,
    /// What may stand under it.
    pub shape: Shape,
    /// What it says, in one sentence.
    pub doc: &'static str,
    /// Whether it must be there.
    pub required: bool,
}

/// What may stand under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Any text.
    Text,
    /// A text of at least and at most so many characters.
    TextOf(usize, usize),
    /// A title: one line of at most 100 characters.
    Title,
    /// One line of text.
    Line,
    /// The key of this file.
    OwnKey,
    /// The key of an audience.
    Audience,
    /// The key of a destination.
    Destination,
    /// The name of an event.
    Event,
    /// The way to a property.
    Property,
    /// The name of a trait.
    Trait,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Kinds of identifiers.
    Identifiers,
    /// Several different texts.
    Texts,
    /// The keys of audiences; may be empty.
    Audiences,
    /// A length of time.
    Length,
    /// A moment, fixed or relative.
    Moment,
    /// A moment with its offset.
    Instant,
    /// A whole number of at least so many.
    Count(u32),
    /// A share such as `30%`.
    Percent,
    /// Only `true`.
    True,
    /// A flag, number or text.
    Scalar,
    /// Any map.
    Values,
    /// One condition.
    Condition,
    /// Conditions, at least one.
    Conditions,
    /// A step of a sequence.
    Step,
    /// Paths with their matchers.
    Matchers,
    /// Several [`Shape::Matchers`].
    MatcherSets,
    /// `{ of: property, ..operators }`.
    Aggregate,
    /// The same for what comes to a number.
    NumberAggregate,
    /// A property, or `{ of: property, at_least: 3 }`.
    MostFrequent,
    /// A property, or pairs of properties.
    Same,
    /// `{ percent: 10, salt: text }`.
    Sample,
    /// A map of these keys.
    Map(&'static [KeySpec]),
    /// A list of maps of these keys.
    Maps(&'static [KeySpec]),
    /// The same, and there may be none.
    MapsOrNone(&'static [KeySpec]),
    /// One example person, and people within it.
    Person,
    /// Several of them.
    People,
    /// `all`, or names with their columns.
    Columns,
    /// `{ file: path }`, or `{ sql: query, database: .. }`.
    RowSource,
}

impl Shape {
    /// Whether it is one value made of several events.
    pub fn is_aggregate(self) -> bool {
        matches!(self, Self::Aggregate | Self::NumberAggregate)
    }
}

/// A head of a condition or step, and the keys that may stand beside it.
#[derive(Debug, Clone, Copy)]
pub struct HeadSpec {
    /// The head itself.
    pub key: KeySpec,
    /// The companions, by name.
    pub beside: &'static [&'static str],
    /// Companions that must be there.
    pub needs: &'static [&'static str],
}

const fn key(name: &'static str, shape: Shape, doc: &'static str) -> KeySpec {
    KeySpec { name, shape, doc, required: false }
}

const fn required(name: &'static str, shape: Shape, doc: &'static str) -> KeySpec {
    KeySpec { required: true, ..key(name, shape, doc) }
}

const fn head(name: &'static str, shape: Shape, doc: &'static str, beside: &'static [&'static str]) -> HeadSpec {
    HeadSpec { key: required(name, shape, doc), beside, needs: &[] }
}

const OF: KeySpec = key("of", Shape::Choice(&["users", "accounts"]), "Whose it is: `users` (default) or `accounts`.");
const OWNER: KeySpec = key("owner", Shape::Text, "Who answers for it.");
const DESCRIPTION: KeySpec = required("description", Shape::TextOf(10, 1_000), "One sentence that a colleague understands.");

/// The keys of an audience file.
pub const AUDIENCE_KEYS: &[KeySpec] = &[
    required("audience", Shape::OwnKey, "The permanent key; it equals the file's name."),
    key("title", Shape::Title, "The name at destinations; the key when left out."),
    DESCRIPTION,
    OWNER,
    OF,
    key("state", Shape::Choice(&["live", "paused", "retired"]), "`live` (default), `paused` or `retired`."),
    key("identified_by", Shape::Identifiers, "A member has at least one of these identifiers."),
    required("who", Shape::Condition, "The condition that members meet."),
    key("sync", Shape::Maps(SYNC_KEYS), "Where its members are sent."),
    key("guards", Shape::Map(GUARD_KEYS), "What must hold for a change to be sent."),
    key("tests", Shape::Maps(TEST_KEYS), "Example people, and whether they are in."),
];

/// The keys of a computed trait's file.
pub const TRAIT_KEYS: &[KeySpec] = &[
    required("trait", Shape::OwnKey, "The permanent name; it equals the file's name."),
    DESCRIPTION,
    OWNER,
    OF,
    required("event", Shape::Event, "The event it is computed from."),
    WHERE,
    WHERE_ANY,
    WITHIN,
    FROM,
    UNTIL,
    key("count", Shape::True, "How many such events there are."),
    key("sum", Shape::Property, "The total of a number property."),
    key("average", Shape::Property, "The mean of a number property."),
    key("min", Shape::Property, "The smallest value of a number property."),
    key("max", Shape::Property, "The largest value of a number property."),
    key("first", Shape::Property, "The value on the earliest event that has one."),
    key("last", Shape::Property, "The value on the latest event that has one."),
    key("most_frequent", Shape::MostFrequent, "The commonest value."),
    key("unique", Shape::Property, "The list of different values."),
    key("unique_count", Shape::Property, "How many different values there are."),
    key("if_none", Shape::Scalar, "The value where there would be none."),
];

/// The keys of a model's file.
pub const MODEL_KEYS: &[KeySpec] = &[
    required("model", Shape::OwnKey, "The permanent name; it equals the file's name."),
    DESCRIPTION,
    required("from", Shape::RowSource, "Where the rows are: a file, or a query of a database."),
    required("primary_key", Shape::Line, "The column that tells rows apart from one time to the next."),
    required("identify", Shape::Map(IDENTIFY_KEYS), "The columns that say whom a row is about; at least one."),
    key("traits", Shape::Columns, "`all`, or traits and their columns; none when left out."),
    key("every", Shape::Length, "How often `muster serve` syncs it; by hand alone when left out."),
];

/// The keys of `from` in a model.
pub const SOURCE_KEYS: &[KeySpec] = &[
    key("file", Shape::Line, "A CSV, NDJSON or Parquet file, plain, gzip or zstd; relative to this folder."),
    key("sql", Shape::Text, "One `SELECT`."),
    key("database", Shape::Map(DATABASE_KEYS), "Where the database's URL is kept."),
];

/// The keys of `database` in a model.
pub const DATABASE_KEYS: &[KeySpec] = &[
    key("env", Shape::Line, "The environment variable that holds the URL: `postgres://...` or `sqlite://...`."),
    key("file", Shape::Line, "The file that holds it."),
];

/// The keys of `identify` in a model.
pub const IDENTIFY_KEYS: &[KeySpec] = &[
    key("user_id", Shape::Line, "The column of the user id."),
    key("anonymous_id", Shape::Line, "The column of the anonymous id."),
    key("email", Shape::Line, "The column of the e-mail address."),
];

/// The keys of which a computed trait has exactly one.
pub const REDUCER_KEYS: [&str; 10] = ["count", "sum", "average", "min", "max", "first", "last", "most_frequent", "unique", "unique_count"];

/// Those of them that make a number.
pub const NUMBER_REDUCERS: [&str; 6] = ["count", "sum", "average", "min", "max", "unique_count"];

/// Those of them that make texts.
pub const TEXT_REDUCERS: [&str; 2] = ["most_frequent", "unique"];

/// What stands for a phone number in `identified_by`: accepted beside identifiers, because definitions brought from
/// elsewhere have it, and never the only one.
pub const PHONE: &str = "phone";

/// The keys of a sync.
pub const SYNC_KEYS: &[KeySpec] = &[
    required("to", Shape::Destination, "A file in `destinations/`."),
    key("title", Shape::Title, "The audience's name there, when it differs."),
    key("description", Shape::Line, "What is said about it there, when it differs."),
    key("audience_id", Shape::Line, "The id of an audience that is there already, in quotes."),
    key("match_on", Shape::Texts, "The identifiers and traits to match on; all that the destination knows when left out."),
    key("fields", Shape::Values, "Where the values of a key of `match_on` are: a trait or a kind of identifier."),
    key("value", Shape::Trait, "The number trait sent as each member's value."),
    key("on_exit", Shape::Choice(&["remove", "keep"]), "What happens to those who exit: `remove` (default) or `keep`."),
    key("start_with", Shape::Choice(&["everyone", "new_only"]), "Who is sent at first: `everyone` (default) or `new_only`."),
];

/// The keys of `guards`.
pub const GUARD_KEYS: &[KeySpec] = &[
    key("min_size", Shape::Count(0), "Fewest members; with fewer the sync is held."),
    key("max_size", Shape::Count(1), "Most members; with more the sync is held."),
    key("max_change", Shape::Percent, "How many may enter and exit at once, such as `30%`."),
];

/// The keys of a test.
pub const TEST_KEYS: &[KeySpec] = &[
    required("name", Shape::Text, "What the test shows."),
    required("as_of", Shape::Instant, "The moment asked about, with its offset."),
    required("person", Shape::Person, "Who is asked about."),
    required("expect", Shape::Choice(&["in", "out"]), "Whether that person is in."),
];

/// The keys of an example person.
pub const PERSON_KEYS: &[KeySpec] = &[
    key("traits", Shape::Values, "Its traits; one named like a computed trait stands in for it."),
    key("audiences", Shape::Audiences, "The audiences it is in, since ever; when left out they are evaluated from the rest."),
    key("events", Shape::MapsOrNone(TEST_EVENT_KEYS), "What it did."),
    key("users", Shape::People, "Of an account: its users."),
    key("account", Shape::Person, "Of a user: the account it belongs to."),
];

/// The keys of an example event.
pub const TEST_EVENT_KEYS: &[KeySpec] = &[
    required("event", Shape::Event, "The event's name."),
    required("at", Shape::Instant, "When it happened, with its offset."),
    key("properties", Shape::Values, "Its properties."),
];

const WHERE: KeySpec = key("where", Shape::Matchers, "Every listed property of the event matches.");
const WHERE_ANY: KeySpec = key("where_any", Shape::MatcherSets, "At least one of these sets of properties matches.");
const WITHIN: KeySpec = key("within", Shape::Length, "In the last so-and-so long before the run; in a sequence, after the event before.");
const FROM: KeySpec = key("from", Shape::Moment, "The start of a period, included.");
const UNTIL: KeySpec = key("until", Shape::Moment, "The end of a period, not included.");

/// Everything that may stand beside some head.
pub const COMPANION_KEYS: &[KeySpec] = &[
    key("for_at_least", Shape::Length, "For at least so long without a break."),
    key("same", Shape::Same, "A property that is equal on this event and the one before; or pairs `before: this`."),
    WHERE,
    WHERE_ANY,
    WITHIN,
    FROM,
    UNTIL,
    key("at_least", Shape::Count(0), "How many times at least; once when nothing is said."),
    key("at_most", Shape::Count(1), "How many times at most; `at_least` must stand beside it."),
    key("exactly", Shape::Count(1), "How many times exactly."),
    key("sum", Shape::NumberAggregate, "The total of a number property over the events."),
    key("average", Shape::NumberAggregate, "The mean of a number property over the events."),
    key("min", Shape::NumberAggregate, "The smallest value of a number property over the events."),
    key("max", Shape::NumberAggregate, "The largest value of a number property over the events."),
    key("first", Shape::Aggregate, "The value on the earliest event that has one."),
    key("last", Shape::Aggregate, "The value on the latest event that has one."),
    key("most_frequent", Shape::Aggregate, "The commonest value over the events."),
    key("unique_count", Shape::NumberAggregate, "How many different values the events have."),
    key("which", Shape::Choice(&["any", "first", "last"]), "The occurrence that a sequence starts from; `any` when left out."),
    key("then", Shape::Step, "What must follow."),
];

/// The heads of conditions, exactly one in each.
pub const CONDITION_HEADS: &[HeadSpec] = &[
    head("all", Shape::Conditions, "Every one of these holds.", &[]),
    head("any", Shape::Conditions, "At least one of these holds.", &[]),
    head("none", Shape::Conditions, "Not a single one of these holds.", &[]),
    head(
        "did",
        Shape::Event,
        "Did this at least once, or as often as is said beside it.",
        &[
            "where",
            "where_any",
            "within",
            "from",
            "until",
            "at_least",
            "at_most",
            "exactly",
            "sum",
            "average",
            "min",
            "max",
            "first",
            "last",
            "most_frequent",
            "unique_count",
            "which",
            "then",
        ],
    ),
    head("did_not", Shape::Event, "Did not do this, not once.", &["where", "where_any", "within", "from", "until"]),
    head("active_within", Shape::Length, "Did anything at all in the last so-and-so long.", &[]),
    head("inactive_for", Shape::Length, "Did nothing at all in the last so-and-so long.", &[]),
    head("traits", Shape::Matchers, "Every listed trait matches.", &[]),
    head("in_audience", Shape::Audience, "Is a member of another audience.", &["for_at_least"]),
    head("not_in_audience", Shape::Audience, "Is not a member of another audience.", &[]),
    HeadSpec { needs: &["within"], ..head("entered_audience", Shape::Audience, "Entered another audience lately.", &["within"]) },
    HeadSpec { needs: &["within"], ..head("exited_audience", Shape::Audience, "Exited another audience lately.", &["within"]) },
    head("any_user", Shape::Condition, "Of an account: at least one of its users meets this.", &[]),
    head("all_users", Shape::Condition, "Of an account: it has users, and each of them meets this.", &[]),
    head("no_user", Shape::Condition, "Of an account: not one of its users meets this.", &[]),
    head("account", Shape::Condition, "Of a user: belongs to an account that meets this.", &[]),
    head("sample", Shape::Sample, "A share of all profiles that stays the same from run to run.", &[]),
];

/// The heads of a sequence's steps, exactly one in each.
pub const STEP_HEADS: &[HeadSpec] = &[
    head(
        "did",
        Shape::Event,
        "Then did this at least once, or as often as is said beside it.",
        &["same", "where", "where_any", "within", "at_least", "at_most", "exactly", "then"],
    ),
    head("did_not", Shape::Event, "Then did not do this; holds once `within` has passed.", &["same", "where", "where_any", "within"]),
];

/// The units of lengths, singular.
pub const UNITS: [&str; 5] = ["minute", "hour", "day", "week", "month"];

/// A companion by its name.
pub(crate) fn companion(name: &str) -> Option<&'static KeySpec> {
    COMPANION_KEYS.iter().find(|key| key.name == name)
}

#[cfg(test)]
mod tests {
    use model::Lookback;

    use super::*;

    #[test]
    fn companions_are_in_the_table_and_in_its_order() {
        for head in CONDITION_HEADS.iter().chain(STEP_HEADS) {
            let places: Vec<_> = head.beside.iter().map(|name| COMPANION_KEYS.iter().position(|key| key.name == *name)).collect();
            assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{}", head.key.name);
            assert!(head.needs.iter().all(|name| head.beside.contains(name)));
        }
        assert!(REDUCER_KEYS.iter().all(|name| TRAIT_KEYS.iter().any(|key| key.name == *name)));
    }

    #[test]
    fn units_are_those_that_lengths_are_read_with() {
        for unit in UNITS {
            assert!(Lookback::parse(&format!("1 {unit}")).is_ok() && Lookback::parse(&format!("2 {unit}s")).is_ok(), "{unit}");
        }
    }
}
