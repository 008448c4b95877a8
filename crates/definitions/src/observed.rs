//! What traffic has shown so far, and what definitions say that it has never shown.
//!
//! A name that was never seen may be about to come, so all of this is warnings; whoever wants none asks for strictness.
//! Where nothing was observed at all, nothing is said. Paths are checked by their first step, and types only where every
//! operator reads the value in one way. Traits of accounts are kept in one log with those of users: they are looked for
//! among all of them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use model::{EventName, Moment, ValueType};

use crate::diagnostic::Diagnostic;
use crate::mention::{Mention, Mentioned, ReadAs};
use crate::quote::quoted;
use crate::suggest::suggest;

/// Everything that was observed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The events by name.
    pub events: BTreeMap<EventName, ObservedEvent>,
    /// The traits by name.
    pub traits: BTreeMap<String, ObservedValues>,
}

impl Observed {
    /// Whether nothing was observed at all.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.traits.is_empty()
    }
}

/// One event as it was observed.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedEvent {
    /// How many there are.
    pub count: u64,
    /// When the earliest happened.
    pub first_at: Moment,
    /// When the latest happened.
    pub last_at: Moment,
    /// Its properties by name.
    pub properties: BTreeMap<String, ObservedValues>,
    /// How many came from each source; from the source without a name came those before sources were counted.
    pub sources: BTreeMap<String, u64>,
}

/// The values of one property or trait.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ObservedValues {
    /// How many rows have a value of each type.
    pub types: BTreeMap<ValueType, u64>,
    /// When one was said first and last, to the day.
    pub days: Option<(NaiveDate, NaiveDate)>,
}

impl ObservedValues {
    /// Whether values are of several types, so that an operator that reads one passes over others.
    pub fn is_mixed(&self) -> bool {
        self.types.keys().filter(|value_type| **value_type != ValueType::Gone).count() > 1
    }

    /// How many rows have a value.
    pub fn rows(&self) -> u64 {
        self.types.iter().filter(|(value_type, _)| **value_type != ValueType::Gone).map(|(_, rows)| rows).sum()
    }
}

/// One warning for every mention of what was never seen, or never with such a value. `computed` are the names of
/// computed traits, which are not looked for in traffic.
pub fn check(mentions: &[Mention], computed: &BTreeSet<String>, observed: &Observed) -> Vec<Diagnostic> {
    if observed.is_empty() {
        return Vec::new();
    }
    mentions.iter().filter_map(|mention| judge(mention, computed, observed)).collect()
}

fn judge(mention: &Mention, computed: &BTreeSet<String>, observed: &Observed) -> Option<Diagnostic> {
    match &mention.kind {
        Mentioned::Event => {
            let known = || observed.events.keys().map(EventName::as_str);
            if observed.events.is_empty() || known().any(|name| name == mention.name) {
                return None;
            }
            Some(never_seen("unseen-event", "event", "", mention, known))
        }
        Mentioned::Property { event } => {
            // Of an event never seen nothing more is said.
            let event = observed.events.iter().find(|(name, _)| name.as_str() == event)?;
            let of = format!(" of {}", quoted(event.0.as_str()));
            value("unseen-property", "property", &of, mention, &event.1.properties)
        }
        Mentioned::Trait { .. } => {
            if observed.traits.is_empty() || computed.contains(&mention.name) {
                return None;
            }
            value("unseen-trait", "trait", "", mention, &observed.traits)
        }
    }
}

fn value(code: &'static str, what: &str, of: &str, mention: &Mention, known: &BTreeMap<String, ObservedValues>) -> Option<Diagnostic> {
    let Some(values) = known.get(&mention.name) else {
        return Some(never_seen(code, what, of, mention, || known.keys().map(String::as_str)));
    };
    let read_as = mention.read_as?;
    let fits = |value_type: &ValueType| match read_as {
        // A JSON value may be a list with anything in it.
        // A text may say a number or a flag.
        ReadAs::Number => matches!(value_type, ValueType::Number | ValueType::Text | ValueType::Json),
        ReadAs::Flag => matches!(value_type, ValueType::Flag | ValueType::Text | ValueType::Json),
        // Text operators see numbers and flags as they are written.
        ReadAs::Text => *value_type != ValueType::Gone,
        ReadAs::Date => matches!(value_type, ValueType::Text | ValueType::Number | ValueType::Json),
    };
    if values.rows() == 0 || values.types.keys().any(fits) {
        return None;
    }
    let seen: Vec<&str> = values.types.keys().filter_map(|value_type| plural(*value_type)).collect();
    let asked = match read_as {
        ReadAs::Number => "a number",
        ReadAs::Flag => "`true` or `false`",
        ReadAs::Text => "a text",
        ReadAs::Date => "a date",
    };
    let message = format!("{} is compared with {asked}; only {} have been seen", quoted(&mention.name), seen.join(" and "));
    Some(Diagnostic::warning("unseen-type", message).at(&mention.place).help("compare it with a value of the type that is sent"))
}

fn plural(value_type: ValueType) -> Option<&'static str> {
    match value_type {
        ValueType::Number => Some("numbers"),
        ValueType::Text => Some("texts"),
        ValueType::Flag => Some("flags"),
        ValueType::Json => Some("lists or objects"),
        ValueType::Gone => None,
    }
}

fn never_seen<'a, I: Iterator<Item = &'a str>>(
    code: &'static str,
    what: &str,
    of: &str,
    mention: &Mention,
    known: impl Fn() -> I,
) -> Diagnostic {
    let finding = Diagnostic::warning(code, format!("the {what} {}{of} has never been seen", quoted(&mention.name))).at(&mention.place);
    let lower = mention.name.to_lowercase();
    if let Some(twin) = known().find(|name| name.to_lowercase() == lower) {
        return finding.help(format!("did you mean {}? case counts", quoted(twin)));
    }
    match suggest(&mention.name, known()) {
        Some(nearest) => finding.help(format!("did you mean {}?", quoted(&nearest))),
        None => finding.help("nothing like it has come in so far; check the name, or ignore this until it is sent"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use model::Collection;

    use super::*;
    use crate::diagnostic::Place;

    fn values(types: &[(ValueType, u64)]) -> ObservedValues {
        ObservedValues { types: types.iter().copied().collect(), days: None }
    }

    fn observed() -> Observed {
        let properties = BTreeMap::from([
            ("price".to_owned(), values(&[(ValueType::Text, 3)])),
            ("Total".to_owned(), values(&[(ValueType::Number, 3)])),
            ("tags".to_owned(), values(&[(ValueType::Json, 1)])),
        ]);
        let moment = Moment::parse("2025-01-01").expect("a date");
        let event = ObservedEvent { count: 3, first_at: moment, last_at: moment, properties, sources: BTreeMap::new() };
        let events = BTreeMap::from([(EventName::parse("Order Completed").expect("plain"), event)]);
        let traits = BTreeMap::from([("vip".to_owned(), values(&[(ValueType::Flag, 1), (ValueType::Gone, 1)]))]);
        Observed { events, traits }
    }

    fn mention(kind: Mentioned, name: &str, read_as: Option<ReadAs>) -> Mention {
        let place = Place { file: PathBuf::from("audiences/a.yaml"), span: 0..1, line: 1, column: 1 };
        Mention { kind, name: name.to_owned(), place, read_as }
    }

    #[track_caller]
    fn check_one(mention: Mention, expected: Option<(&str, &str)>) {
        let computed = BTreeSet::from(["orders".to_owned()]);
        let found = check(&[mention], &computed, &observed());
        let found = found.first().map(|finding| (finding.code, finding.help.as_deref().unwrap_or_default()));
        assert_eq!(found, expected);
    }

    fn property(name: &str, read_as: Option<ReadAs>) -> Mention {
        mention(Mentioned::Property { event: "Order Completed".to_owned() }, name, read_as)
    }

    #[test]
    fn names_never_seen_have_a_nearest_one() {
        check_one(mention(Mentioned::Event, "Order Completed", None), None);
        check_one(
            mention(Mentioned::Event, "order completed", None),
            Some(("unseen-event", "did you mean `Order Completed`? case counts")),
        );
        check_one(mention(Mentioned::Event, "Order Complete", None), Some(("unseen-event", "did you mean `Order Completed`?")));
        check_one(property("total", None), Some(("unseen-property", "did you mean `Total`? case counts")));
        check_one(mention(Mentioned::Property { event: "Never".to_owned() }, "total", None), None);
        let of = Collection::Users;
        check_one(mention(Mentioned::Trait { of }, "vipp", None), Some(("unseen-trait", "did you mean `vip`?")));
        check_one(mention(Mentioned::Trait { of }, "orders", Some(ReadAs::Number)), None);
        assert_eq!(check(&[mention(Mentioned::Event, "X", None)], &BTreeSet::new(), &Observed::default()), []);
    }

    #[test]
    fn values_of_several_types_are_mixed() {
        assert!(values(&[(ValueType::Text, 1), (ValueType::Number, 9)]).is_mixed());
        assert!(!values(&[(ValueType::Text, 1), (ValueType::Gone, 9)]).is_mixed());
        assert!(!ObservedValues::default().is_mixed());
    }

    #[test]
    fn values_of_a_type_never_seen_are_noted() {
        // Texts may say numbers and flags.
        for read_as in [ReadAs::Text, ReadAs::Date, ReadAs::Number, ReadAs::Flag] {
            check_one(property("price", Some(read_as)), None);
        }
        check_one(property("price", None), None);
        check_one(property("Total", Some(ReadAs::Text)), None);
        check_one(property("tags", Some(ReadAs::Number)), None);
        let other = "compare it with a value of the type that is sent";
        check_one(property("Total", Some(ReadAs::Flag)), Some(("unseen-type", other)));
        check_one(mention(Mentioned::Trait { of: Collection::Users }, "vip", Some(ReadAs::Date)), Some(("unseen-type", other)));
    }
}
