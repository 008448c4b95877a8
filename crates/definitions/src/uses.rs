//! What a definition depends on: the audiences and traits that it names, wherever they stand.
//!
//! A trait is told apart by whose it is: under `account:` it is the account's, under `any_user:` a user's.

use std::collections::BTreeSet;

use model::{AudienceKey, Collection};

use crate::meaning::{AggregateMatch, Condition, EventCondition, Filter, Matcher, Operator, PathMatch, Reference, ReferenceOf, Step};

/// Audiences and traits by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Uses {
    pub(crate) audiences: BTreeSet<AudienceKey>,
    pub(crate) traits: BTreeSet<(String, Collection)>,
}

impl Uses {
    /// What a condition about one of this collection names.
    pub(crate) fn of_condition(condition: &Condition, of: Collection) -> Self {
        let mut uses = Self::default();
        uses.condition(condition, of);
        uses
    }

    /// What a filter of events of one of this collection names.
    pub(crate) fn of_filter(filter: &Filter, of: Collection) -> Self {
        let mut uses = Self::default();
        uses.filter(filter, of);
        uses
    }

    fn condition(&mut self, condition: &Condition, of: Collection) {
        match condition {
            Condition::All(members) | Condition::Any(members) | Condition::None(members) => {
                for member in members {
                    self.condition(member, of);
                }
            }
            Condition::Event(event) => self.event(event, of),
            Condition::Traits(matches) => {
                for one in matches {
                    self.traits.extend(one.path.first().map(|name| (name.clone(), of)));
                    self.matcher(&one.matcher, of);
                }
            }
            Condition::InAudience(key)
            | Condition::NotInAudience(key)
            | Condition::MemberFor { audience: key, .. }
            | Condition::EnteredAudience { audience: key, .. }
            | Condition::ExitedAudience { audience: key, .. } => {
                self.audiences.insert(key.clone());
            }
            Condition::AnyUser(inner) | Condition::AllUsers(inner) | Condition::NoUser(inner) => self.condition(inner, Collection::Users),
            Condition::Account(inner) => self.condition(inner, Collection::Accounts),
            Condition::ActiveWithin(_) | Condition::InactiveFor(_) | Condition::Sample { .. } => {}
        }
    }

    fn event(&mut self, event: &EventCondition, of: Collection) {
        self.filter(&event.filter, of);
        if let Some(AggregateMatch { aggregate: _, matcher }) = &event.aggregate {
            self.matcher(matcher, of);
        }
        let mut next = event.then.as_deref();
        while let Some(Step { filter, then, .. }) = next {
            self.filter(filter, of);
            next = then.as_deref();
        }
    }

    fn filter(&mut self, filter: &Filter, of: Collection) {
        for PathMatch { path: _, matcher } in filter.all.iter().chain(filter.any.iter().flatten()) {
            self.matcher(matcher, of);
        }
    }

    fn matcher(&mut self, matcher: &Matcher, of: Collection) {
        for operator in &matcher.operators {
            if let Operator::Compare { comparison: _, with: Reference { of: ReferenceOf::Trait, path } } = operator {
                self.traits.extend(path.first().map(|name| (name.clone(), of)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use model::EventName;

    use super::*;
    use crate::meaning::{Comparison, CountRange};

    fn compared(of: ReferenceOf, name: &str) -> Filter {
        let operator = Operator::Compare { comparison: Comparison::Above, with: Reference { of, path: vec![name.to_owned()] } };
        let matcher = Matcher { operators: vec![operator], ignore_case: false, or_missing: false };
        Filter { all: Vec::new(), any: vec![vec![PathMatch { path: vec!["total".to_owned()], matcher }]] }
    }

    #[test]
    fn traits_are_found_wherever_they_are_named_and_told_apart_by_whose_they_are() {
        let event = EventName::parse("A").expect("a name");
        let step = |name: &str, then| Step {
            event: event.clone(),
            filter: compared(ReferenceOf::Trait, name),
            within: None,
            count: CountRange { at_least: 1, at_most: None },
            same: Vec::new(),
            then,
        };
        let then = Some(Box::new(step("second", Some(Box::new(step("third", None))))));
        let filter = compared(ReferenceOf::Parent, "no_trait");
        let sequence = Condition::Event(EventCondition { filter, then, ..EventCondition::did(event.clone()) });
        let inside = Condition::Account(Box::new(Condition::All(vec![
            Condition::InAudience(AudienceKey::parse("firms").expect("a key")),
            Condition::Event(EventCondition { filter: compared(ReferenceOf::Trait, "first"), ..EventCondition::did(event.clone()) }),
        ])));
        let uses = Uses::of_condition(&Condition::Any(vec![sequence, inside]), Collection::Users);
        let named = |name: &str, of| (name.to_owned(), of);
        let traits = [named("first", Collection::Accounts), named("second", Collection::Users), named("third", Collection::Users)];
        assert_eq!(uses.traits, BTreeSet::from(traits));
        assert_eq!(uses.audiences, BTreeSet::from([AudienceKey::parse("firms").expect("a key")]));
    }
}
