//! What conditions name of the data: events, properties and traits, each with its place.
//!
//! Collected while a file is read, so that definitions can be held against what has been observed: a name that never
//! occurs, a number asked of a property that is always text. Nothing here knows what was observed.

use model::Collection;

use crate::diagnostic::Place;
use crate::meaning::{Operator, Scalar};

/// Something of the data that a condition names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// What sort of thing.
    pub kind: Mentioned,
    /// Its name; of a property or trait the first step of the path.
    pub name: String,
    /// Where it is named.
    pub place: Place,
    /// How its value is read, when every operator reads it the same way and the path ends at the name.
    pub read_as: Option<ReadAs>,
}

/// What sort of thing is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mentioned {
    /// An event.
    Event,
    /// A property of this event.
    Property {
        /// The event's name.
        event: String,
    },
    /// A trait.
    Trait {
        /// Of users or of accounts.
        of: Collection,
    },
}

/// How a value is read when it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadAs {
    /// `true` or `false`.
    Flag,
    /// A number.
    Number,
    /// A piece of text.
    Text,
    /// A date or timestamp.
    Date,
}

/// How these operators read the value, when they agree.
pub fn read_as(operators: &[Operator]) -> Option<ReadAs> {
    let mut readings = operators.iter().flat_map(readings);
    let first = readings.next()?;
    readings.all(|reading| reading == first).then_some(first).flatten()
}

/// How one operator reads it, once for each constant; nothing where any value will do.
fn readings(operator: &Operator) -> Vec<Option<ReadAs>> {
    match operator {
        Operator::Equals(scalar) | Operator::NotEquals(scalar) | Operator::Includes(scalar) => vec![Some(of_scalar(scalar))],
        Operator::OneOf(scalars)
        | Operator::NoneOf(scalars)
        | Operator::IncludesAny(scalars)
        | Operator::IncludesAll(scalars)
        | Operator::IncludesNone(scalars) => scalars.iter().map(|scalar| Some(of_scalar(scalar))).collect(),
        Operator::Contains(_) | Operator::NotContains(_) | Operator::ContainsAny(_) | Operator::StartsWith(_) | Operator::EndsWith(_) => {
            vec![Some(ReadAs::Text)]
        }
        Operator::Above(_) | Operator::AtLeast(_) | Operator::Below(_) | Operator::AtMost(_) => vec![Some(ReadAs::Number)],
        Operator::Before(_)
        | Operator::After(_)
        | Operator::WithinLast(_)
        | Operator::WithinNext(_)
        | Operator::AnniversaryWithinNext(_) => vec![Some(ReadAs::Date)],
        Operator::Exists(_) => Vec::new(),
        // The other value decides, and what that is only the data knows.
        Operator::Compare { .. } => vec![None],
    }
}

fn of_scalar(scalar: &Scalar) -> ReadAs {
    match scalar {
        Scalar::Flag(_) => ReadAs::Flag,
        Scalar::Number(_) | Scalar::Integer(_) => ReadAs::Number,
        Scalar::Text(_) => ReadAs::Text,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::condition;
    use crate::reader;
    use crate::scope::Scope;

    /// Reads a condition about this collection: what was noted on the way.
    #[track_caller]
    fn read(of: Collection, text: &str) -> Scope {
        let mut scope = Scope::new(chrono_tz::UTC);
        scope.collection = of;
        let root = reader::read(Path::new("a.yaml"), text, &mut scope.findings).expect("YAML");
        let understood = condition::condition(&root, 1, &mut scope);
        assert!(understood.is_some(), "{:#?}", scope.findings);
        scope
    }

    fn named(scope: &Scope) -> Vec<(String, &str, Option<ReadAs>)> {
        let kind = |mention: &Mention| match &mention.kind {
            Mentioned::Event => "event".to_owned(),
            Mentioned::Property { event } => format!("property of {event}"),
            Mentioned::Trait { of } => format!("trait of {of:?}"),
        };
        scope.observed.iter().map(|mention| (kind(mention), mention.name.as_str(), mention.read_as)).collect()
    }

    #[test]
    fn everything_named_is_noted_with_how_it_is_read() {
        let scope = read(
            Collection::Users,
            "
did: A
where: { price: { above: 5, exists: true }, tags: { one_of: [x, 1] }, shipped.at: { after: now }, gift: true }
last: { of: plan, starts_with: g }
then:
  did_not: B
  same: { cart_id: cart.id }
  where: { total: { at_least: { parent: price } }, level: { equals: { trait: level.max } } }
",
        );
        let (a, b, user) = ("property of A", "property of B", "trait of Users");
        let expected = [
            ("event", "A", None),
            (a, "price", Some(ReadAs::Number)),
            (a, "tags", None),
            (a, "shipped", None),
            (a, "gift", Some(ReadAs::Flag)),
            (a, "plan", Some(ReadAs::Text)),
            ("event", "B", None),
            (a, "price", None),
            (b, "total", None),
            (user, "level", None),
            (b, "level", None),
            (a, "cart_id", None),
            (b, "cart", None),
        ];
        assert_eq!(named(&scope), expected.map(|(kind, name, read_as)| (kind.to_owned(), name, read_as)));
        let place = &scope.observed[1].place;
        assert_eq!((place.line, place.column), (3, 10));
    }

    #[test]
    fn references_know_the_collection_they_were_made_in() {
        let scope = read(
            Collection::Accounts,
            "
all:
  - traits: { plan: { equals: { trait: wanted } } }
  - in_audience: big
  - any_user:
      all:
        - traits: { role: admin }
        - { entered_audience: buyers, within: 7 days }
        - account: { in_audience: rich, for_at_least: 7 days }
  - not_in_audience: gone
",
        );
        let references: Vec<_> = scope.references.iter().map(|reference| (reference.to.as_str(), reference.of)).collect();
        let (users, accounts) = (Collection::Users, Collection::Accounts);
        assert_eq!(references, [("big", accounts), ("buyers", users), ("rich", accounts), ("gone", accounts)]);
        let traits: Vec<_> = scope.trait_references.iter().map(|reference| (reference.name.as_str(), reference.of)).collect();
        assert_eq!(traits, [("wanted", accounts), ("plan", accounts), ("role", users)]);
        assert_eq!((scope.collection, scope.turned), (accounts, 0));
    }

    #[test]
    fn the_view_turns_only_where_there_is_something_to_turn_to() {
        for (of, text, help) in [
            (Collection::Users, "any_user: { did: A }", "`of: accounts`"),
            (Collection::Accounts, "account: { did: A }", "in its place"),
            (Collection::Accounts, "no_user: { all_users: { did: A } }", "in its place"),
        ] {
            let mut scope = Scope::new(chrono_tz::UTC);
            scope.collection = of;
            let root = reader::read(Path::new("a.yaml"), text, &mut scope.findings).expect("YAML");
            assert_eq!(condition::condition(&root, 1, &mut scope), None, "{text}");
            let [finding] = scope.findings.as_slice() else { panic!("{:#?}", scope.findings) };
            assert_eq!(finding.code, "wrong-collection", "{text}");
            assert!(finding.help.as_ref().is_some_and(|found| found.contains(help)), "{finding:#?}");
        }
    }
}
