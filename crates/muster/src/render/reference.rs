//! The reference of codes, operators and keys: entries for `muster explain`, and the whole page in Markdown.
//!
//! Everything here comes from tables of `definitions`; only headings and how an entry is put together are written here.

use definitions::language::{
    AUDIENCE_KEYS, COMPANION_KEYS, CONDITION_HEADS, DATABASE_KEYS, GUARD_KEYS, HeadSpec, IDENTIFY_KEYS, KeySpec, MODEL_KEYS, PERSON_KEYS,
    SOURCE_KEYS, STEP_HEADS, SYNC_KEYS, Shape, TEST_EVENT_KEYS, TEST_KEYS, TRAIT_KEYS, UNITS,
};
use definitions::{CODES, OPERATORS, OperatorSpec, Takes};
use model::IdentifierKind;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A finding's code.
    Code,
    /// An operator or modifier of matchers.
    Operator,
    /// A head of conditions.
    Head,
    /// A head of a sequence's steps.
    StepHead,
    /// What stands beside a head.
    Companion,
    /// A key of a file or of a map in it.
    Key(&'static str),
}

impl Kind {
    /// In words.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Operator => "operator",
            Self::Head => "condition",
            Self::StepHead => "step under `then`",
            Self::Companion => "beside a condition",
            Self::Key(of) => of,
        }
    }
}

/// Something that can be asked about.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    doc: &'static str,
    /// What may stand under it; empty for a code.
    takes: String,
    /// What may stand beside it.
    beside: &'static [&'static str],
}

impl Entry {
    /// The explanation in one paragraph.
    pub(crate) fn text(&self) -> String {
        let takes = if self.takes.is_empty() { String::new() } else { format!(" Takes {}.", self.takes) };
        let beside = if self.beside.is_empty() { String::new() } else { format!(" Beside it may stand {}.", names(self.beside)) };
        format!("{}{takes}{beside}", self.doc)
    }
}

/// The maps of keys, by what they are.
const MAPS: [(&str, &str, &[KeySpec]); 11] = [
    ("key of an audience", "Audiences: `audiences/*.yaml`", AUDIENCE_KEYS),
    ("key of a computed trait", "Computed traits: `traits/*.yaml`", TRAIT_KEYS),
    ("key of a model", "Models: `models/*.yaml`", MODEL_KEYS),
    ("key of a model's rows", "Under `from`", SOURCE_KEYS),
    ("key of a database", "Under `database`", DATABASE_KEYS),
    ("key of a model's people", "Under `identify`", IDENTIFY_KEYS),
    ("key of a sync", "Under `sync`, in a list", SYNC_KEYS),
    ("key of guards", "Under `guards`", GUARD_KEYS),
    ("key of a test", "Under `tests`, in a list", TEST_KEYS),
    ("key of a person", "Under `person`", PERSON_KEYS),
    ("key of a person's event", "Under `events`, in a list", TEST_EVENT_KEYS),
];

/// Everything there is, in the order of the page.
pub(crate) fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    entries.extend(CONDITION_HEADS.iter().map(|head| head_entry(Kind::Head, head)));
    entries.extend(COMPANION_KEYS.iter().map(|key| key_entry(Kind::Companion, key)));
    entries.extend(STEP_HEADS.iter().map(|head| head_entry(Kind::StepHead, head)));
    entries.extend(OPERATORS.iter().map(operator_entry));
    for (of, _, keys) in MAPS {
        entries.extend(keys.iter().map(|key| key_entry(Kind::Key(of), key)));
    }
    let code = |(name, doc): &(&'static str, &'static str)| Entry { kind: Kind::Code, name, doc, takes: String::new(), beside: &[] };
    let mut codes: Vec<Entry> = CODES.iter().chain(deliver::CODES).chain(engine::LIFE_CODES).map(code).collect();
    codes.sort_by_key(|entry| entry.name);
    entries.extend(codes);
    entries
}

/// The whole page.
pub(crate) fn markdown() -> String {
    let entries = entries();
    let mut page = "# Reference\n\nMade by `muster explain --markdown > docs/reference.md` from the tables that the checker reads by; not edited by hand.\n".to_owned();
    let mut section = |title: &str, intro: &str, kind: Kind| {
        page.push_str(&format!("\n## {title}\n\n{intro}"));
        let chosen: Vec<&Entry> = entries.iter().filter(|entry| entry.kind == kind).collect();
        page.push_str(&table(&chosen, kind));
    };
    section("Conditions", "A condition is a map with exactly one of these keys.\n\n", Kind::Head);
    section("Beside a condition", "", Kind::Companion);
    section("Steps of a sequence", "Under `then`, up to five deep.\n\n", Kind::StepHead);
    let intro = "What a trait or property must be: a bare value, or a map of these, all of which hold. Where a reference may stand, `{ trait: name }` is a trait of the same profile and `{ parent: property }` the event before in a sequence.\n\n";
    section("Operators", intro, Kind::Operator);
    for (of, title, _) in MAPS {
        section(title, "", Kind::Key(of));
    }
    section(
        "Codes",
        "What is found in definitions, by code. `muster check` finds all of it but `missing-secret` and `no-client`: those are met where a destination is connected, so `muster destination check` and the syncs of a run tell of them.\n\n",
        Kind::Code,
    );
    let units: Vec<String> = UNITS.iter().map(|unit| format!("`{unit}s`")).collect();
    page.push_str(&format!(
        "\n## Units and identifiers\n\nA length is a number, a space and one of {}, singular or plural.\n\n",
        units.join(", ")
    ));
    page.push_str(&format!("Identifiers are of the kinds {}.\n", names(&IdentifierKind::KNOWN)));
    page
}

fn table(entries: &[&Entry], kind: Kind) -> String {
    let (head, rule) = match kind {
        Kind::Code => ("| code | meaning |", "|---|---|"),
        Kind::Head | Kind::StepHead => ("| key | holds when | takes | beside it |", "|---|---|---|---|"),
        Kind::Operator | Kind::Companion | Kind::Key(_) => ("| key | meaning | takes |", "|---|---|---|"),
    };
    let mut text = format!("{head}\n{rule}\n");
    for entry in entries {
        text.push_str(&match kind {
            Kind::Code => format!("| `{}` | {} |\n", entry.name, entry.doc),
            Kind::Head | Kind::StepHead => format!("| `{}` | {} | {} | {} |\n", entry.name, entry.doc, entry.takes, names(entry.beside)),
            Kind::Operator | Kind::Companion | Kind::Key(_) => format!("| `{}` | {} | {} |\n", entry.name, entry.doc, entry.takes),
        });
    }
    text
}

fn head_entry(kind: Kind, head: &HeadSpec) -> Entry {
    Entry { kind, name: head.key.name, doc: head.key.doc, takes: under(head.key.shape), beside: head.beside }
}

fn key_entry(kind: Kind, key: &KeySpec) -> Entry {
    let must = if key.required { "; must be there" } else { "" };
    Entry { kind, name: key.name, doc: key.doc, takes: format!("{}{must}", under(key.shape)), beside: &[] }
}

fn operator_entry(spec: &OperatorSpec) -> Entry {
    let takes = match spec.takes {
        Takes::Scalar(_) => "a flag, number or text",
        Takes::Scalars(_) => "a list of flags, numbers or texts",
        Takes::Text(_) => "a text",
        Takes::Texts(_) => "a list of texts",
        Takes::Number(_) => "a number",
        Takes::Flag(_) => "`true` or `false`",
        Takes::Moment(_) => "a moment",
        Takes::Lookback(_) => "a length",
        Takes::Modifier => "`true`",
    };
    let reference = if spec.reference.is_some() { ", or a reference" } else { "" };
    Entry { kind: Kind::Operator, name: spec.name, doc: spec.doc, takes: format!("{takes}{reference}"), beside: &[] }
}

/// What may stand under a key, in words.
fn under(shape: Shape) -> String {
    let words = match shape {
        Shape::Text => "a text",
        Shape::TextOf(least, most) => return format!("a text of {least} to {most} characters"),
        Shape::Title => "one line of at most 100 characters",
        Shape::OwnKey => "a key: lower-case letters, digits and `_`",
        Shape::Audience => "the key of an audience",
        Shape::Destination => "the key of a destination",
        Shape::Event => "the name of an event",
        Shape::Property => "the path of a property",
        Shape::Trait => "the name of a trait",
        Shape::Choice(words) => return words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or "),
        Shape::Identifiers => "a list of kinds of identifiers",
        Shape::Line => "one line of text",
        Shape::Texts => "a list of texts",
        Shape::Audiences => "a list of keys of audiences",
        Shape::Length => "a length such as `7 days`",
        Shape::Moment => "a moment: `2025-11-28`, `2025-11-28T10:00:00Z`, `30 days ago`, `7 days from now`, `now` or `today`",
        Shape::Instant => "a timestamp with its offset, such as `2025-06-10T12:00:00Z`",
        Shape::Count(least) => return format!("a whole number from {least} on"),
        Shape::Percent => "a share such as `30%`",
        Shape::True => "`true`",
        Shape::Scalar => "a flag, number or text",
        Shape::Values => "a map of names and values",
        Shape::Condition => "a condition",
        Shape::Conditions => "a list of conditions",
        Shape::Step => "a step",
        Shape::Matchers => "a map of paths and what each must be",
        Shape::MatcherSets => "a list of at least two such maps",
        Shape::Aggregate => "`of` with the path of a property, and operators",
        Shape::NumberAggregate => "`of` with the path of a property, and operators on numbers",
        Shape::MostFrequent => "the path of a property, or `{ of: path, at_least: 3 }`",
        Shape::Same => "the path of a property, or a map of pairs",
        Shape::Sample => "`percent` above 0 and at most 100, and a `salt`",
        Shape::Map(_) => "a map",
        Shape::Maps(_) | Shape::MapsOrNone(_) => "a list of maps",
        Shape::Columns => "`all`, or a map of columns",
        Shape::RowSource => "a file or a query",
        Shape::Person => "a person",
        Shape::People => "a list of people",
    };
    words.to_owned()
}

fn names(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
