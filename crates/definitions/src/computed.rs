//! Computed traits: `traits/*.yaml`.
//!
//! `if_none` has the type that the trait has: a number for counts and sums, a text for the commonest value. A list of
//! unique values takes a text too, and is then a list of that one. First and last values can be anything.

use model::{Collection, Fingerprint, TraitKey, Value};

use crate::audience;
use crate::diagnostic::Diagnostic;
use crate::event;
use crate::fields::unknown_key;
use crate::filter::FilterYaml;
use crate::matcher::Subject;
use crate::meaning::{Aggregate, ComputedTrait, Reducer, Scalar};
use crate::named::{description, file_key};
use crate::quote::alternatives;
use crate::reducer::{FOREIGN_REDUCERS, REDUCERS, ReducerYaml};
use crate::scalar;
use crate::scope::{Scope, TraitReference};
use crate::suggest::suggest;
use crate::tree::{Data, Key, Node};
use crate::value;
use crate::window::WindowYaml;

/// One trait file as far as it was understood, before its references are followed.
#[derive(Debug)]
pub(crate) struct TraitDraft {
    /// From the file's name; absent when that is no key.
    pub(crate) key: Option<TraitKey>,
    /// Present when everything in the file was understood.
    pub(crate) computed: Option<ComputedTrait>,
    /// Absent when the file could not be read.
    pub(crate) of: Option<Collection>,
    pub(crate) references: Vec<TraitReference>,
}

impl TraitDraft {
    /// A file that is there but could not be read: others may still refer to it.
    pub(crate) fn unread(stem: &str) -> Self {
        Self { key: TraitKey::parse(stem).ok(), computed: None, of: None, references: Vec::new() }
    }
}

/// Reads one file's tree. `stem` is the file's name without its ending.
pub(crate) fn computed_trait(stem: &str, root: &Node, scope: &mut Scope) -> TraitDraft {
    let errors = scope.errors();
    let mut draft = TraitDraft::unread(stem);
    let Some(mut fields) = scope.keep(root.as_map()) else { return draft };
    file_key("trait", stem, TraitKey::parse(stem).map(drop), &mut fields, scope);
    let description = description(&mut fields, scope);
    let owner = fields.take("owner").and_then(|node| scope.keep(node.as_text()).map(str::to_owned));
    scope.collection = audience::of(&mut fields, scope);
    draft.of = Some(scope.collection);
    let name = fields
        .require_or("event", &["did", "track"])
        .map_err(|finding| finding.help_or("name the event it is made of: `event: Order Completed`"));
    let name = scope.keep(name);
    let written = name.map_or("", event::written_name);
    let name = name.and_then(|node| event::event_name(node, scope));
    let window = WindowYaml::take(&mut fields).read(scope);
    let filter = FilterYaml::take(&mut fields).read(Subject::Property { event: written, parent: None }, scope);
    let reducers = ReducerYaml::take(&mut fields, scope);
    let aggregates: Vec<Option<Aggregate>> = reducers.iter().map(|typed| typed.read(written, scope)).collect();
    let if_none = fields.take_entry("if_none");
    let place = fields.place();
    let rest = fields.rest();
    if reducers.is_empty() && !rest.iter().any(|(key, _)| means_reducer(key)) {
        let finding = Diagnostic::error("no-reducer", "nothing says what the trait is made of").at(place);
        let names = alternatives(REDUCERS.iter().map(|(name, _)| *name));
        scope.report(finding.help(format!("add one of {names}: `count: true`, `sum: revenue`")));
    }
    refuse_rest(&rest, scope);
    draft.references = std::mem::take(&mut scope.trait_references);
    // Of a trait that says too much, nothing else is sure.
    let Ok([aggregate]) = <[_; 1]>::try_from(aggregates) else { return draft };
    let if_none = match (if_none, &aggregate) {
        (Some((_, node)), Some(aggregate)) => self::if_none(node, aggregate.reducer, scope),
        _ => None,
    };
    if let (true, Some(key), Some(description), Some(event), Some(window), Some(filter), Some(aggregate)) =
        (scope.errors() == errors, draft.key.clone(), description, name, window, filter, aggregate)
    {
        // Filled in when the traits it refers to are known.
        let fingerprint = Fingerprint(String::new());
        let of = scope.collection;
        draft.computed = Some(ComputedTrait { key, description, owner, of, event, filter, window, aggregate, if_none, fingerprint });
    }
    draft
}

fn if_none(node: &Node, reducer: Reducer, scope: &mut Scope) -> Option<Value> {
    if node.is_null() {
        let finding = Diagnostic::error("null-value", "a trait without events has no value anyway").at(&node.place);
        scope.report(finding.help("leave `if_none` out"));
        return None;
    }
    if let Data::List(_) | Data::Map(_) = &node.data {
        scope.report(node.wrong_type("one value such as `0` or `none`").help("write one value; `unique` makes a list of it"));
        return None;
    }
    let scalar = scalar::scalar(node, scope)?;
    let (expected, help) = match (reducer, scalar) {
        (Reducer::First | Reducer::Last, scalar)
        | (
            Reducer::Count | Reducer::Sum | Reducer::Average | Reducer::Min | Reducer::Max | Reducer::UniqueCount,
            scalar @ (Scalar::Number(_) | Scalar::Integer(_)),
        )
        | (Reducer::MostFrequent { .. }, scalar @ Scalar::Text(_)) => return Some(value::of_scalar(scalar)),
        (Reducer::Unique, scalar @ Scalar::Text(_)) => return Some(Value::List(vec![value::of_scalar(scalar)])),
        (Reducer::Count | Reducer::Sum | Reducer::Average | Reducer::Min | Reducer::Max | Reducer::UniqueCount, _) => {
            ("a number", "the trait is a number: write for example `if_none: 0`")
        }
        (Reducer::MostFrequent { .. }, _) => ("a text", "the commonest value is a text: put it in quotes"),
        (Reducer::Unique, _) => ("a text", "unique values are texts: put it in quotes"),
    };
    scope.report(node.wrong_type(expected).help(help));
    None
}

/// Keys that stand in an audience or beside `did`, and have no place here.
const ELSEWHERE: [(&str, &str); 12] = [
    ("title", "a trait is known by its key; `description` says what it is"),
    ("who", "a trait is made of one event: `event: Order Completed`"),
    ("sync", "an audience sends a trait: `value` in its `sync`"),
    ("identified_by", "a trait is computed for everybody"),
    ("state", "to stop computing a trait, delete its file"),
    ("guards", "guards belong to an audience"),
    ("tests", "tests belong to an audience that uses the trait"),
    ("at_least", "the condition that uses the trait compares it: `traits: { orders: { at_least: 3 } }`"),
    ("at_most", "the condition that uses the trait compares it: `traits: { orders: { at_most: 3 } }`"),
    ("exactly", "the condition that uses the trait compares it: `traits: { orders: 3 }`"),
    ("then", "a trait is made of one event; sequences belong to an audience"),
    ("which", "to take one value of several, write `first` or `last` with a property"),
];

fn refuse_rest(rest: &[(&Key, &Node)], scope: &mut Scope) {
    let known: Vec<&'static str> =
        ["trait", "description", "owner", "of", "event", "where", "where_any", "within", "from", "until", "if_none"]
            .into_iter()
            .chain(REDUCERS.map(|(name, _)| name))
            .collect();
    let foreign: Vec<(&str, &str)> =
        [("name", "trait"), ("key", "trait"), ("default", "if_none"), ("else", "if_none")].into_iter().chain(FOREIGN_REDUCERS).collect();
    for (key, _) in rest {
        scope.report(match ELSEWHERE.iter().find(|(name, _)| *name == key.text) {
            Some((name, help)) => Diagnostic::error("misplaced-key", format!("`{name}` does not go in a trait")).at(&key.place).help(*help),
            None => unknown_key(key, &known, &foreign),
        });
    }
}

/// Whether an unknown key was probably meant to be a reducer: that is then the one mistake to report.
fn means_reducer(key: &Key) -> bool {
    let lower = key.text.to_lowercase();
    FOREIGN_REDUCERS.iter().any(|(word, _)| *word == lower) || suggest(&key.text, REDUCERS.map(|(name, _)| name)).is_some()
}

// Whether a computed trait is a number is asked of syncs, which send it as one.
impl Reducer {
    /// Whether its value can be a number.
    pub(crate) fn may_be_number(self) -> bool {
        match self {
            Self::Count | Self::Sum | Self::Average | Self::Min | Self::Max | Self::UniqueCount | Self::First | Self::Last => true,
            Self::MostFrequent { .. } | Self::Unique => false,
        }
    }
}
