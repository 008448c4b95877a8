//! Mentions of what traffic has never shown: findings that need more than files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use definitions::mention::{Mention, Mentioned, ReadAs};
use definitions::observed::{Observed, ObservedEvent, ObservedValues, check};
use definitions::{Diagnostic, Place};
use model::{Collection, EventName, Moment, ValueType};

/// One finding of each kind.
pub(crate) fn all() -> Vec<Diagnostic> {
    let flags = ObservedValues { types: BTreeMap::from([(ValueType::Flag, 1)]), days: None };
    let moment = Moment::from_micros(0);
    let properties = BTreeMap::from([("price".to_owned(), flags.clone())]);
    let event = ObservedEvent { count: 1, first_at: moment, last_at: moment, properties, sources: BTreeMap::new() };
    let observed = Observed {
        events: BTreeMap::from([(EventName::parse("Order Completed").expect("plain"), event)]),
        traits: BTreeMap::from([("plan".to_owned(), flags)]),
    };
    let of_order = || Mentioned::Property { event: "Order Completed".to_owned() };
    let mentions = [
        (Mentioned::Event, "Order Complete", None),
        (of_order(), "prise", None),
        (of_order(), "price", Some(ReadAs::Number)),
        (Mentioned::Trait { of: Collection::Users }, "plann", None),
    ];
    let place = Place { file: PathBuf::from("audiences/a.yaml"), span: 0..1, line: 1, column: 1 };
    let mention = |(kind, name, read_as): (Mentioned, &str, _)| Mention { kind, name: name.to_owned(), place: place.clone(), read_as };
    check(&mentions.map(mention), &BTreeSet::new(), &observed)
}
