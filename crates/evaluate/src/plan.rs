//! The plan: all audiences of a catalog, lowered into shared leaves and an expression each.
//!
//! Structurally equal leaves are one leaf, whichever audiences they stand in. The plan knows no data and no as-of.

use definitions::{Catalog, Condition, EventCondition};
use model::{AudienceKey, IdentifierKind};

use crate::expression::Expression;
use crate::leaf::{EventLeaf, Leaf, LeafId};

/// What a run has to find out, and how audiences follow from it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Plan {
    /// All different leaves.
    pub(crate) leaves: Vec<Leaf>,
    /// The audiences; whoever is referred to comes first.
    pub(crate) audiences: Vec<PlannedAudience>,
}

/// One audience, lowered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlannedAudience {
    pub(crate) key: AudienceKey,
    pub(crate) identified_by: Vec<IdentifierKind>,
    pub(crate) who: Expression,
}

impl Plan {
    /// Lowers all audiences of the catalog.
    pub(crate) fn of(catalog: &Catalog) -> Self {
        let mut plan = Self::default();
        for audience in catalog.order.iter().filter_map(|key| catalog.audiences.get(key)) {
            let who = plan.lower(&audience.who);
            plan.audiences.push(PlannedAudience { key: audience.key.clone(), identified_by: audience.identified_by.clone(), who });
        }
        plan
    }

    fn lower(&mut self, condition: &Condition) -> Expression {
        match condition {
            Condition::All(parts) => Expression::All(self.lower_each(parts)),
            Condition::Any(parts) => Expression::Any(self.lower_each(parts)),
            Condition::None(parts) => Expression::None(self.lower_each(parts)),
            Condition::Event(event) => self.leaf(Leaf::Event(event_leaf(event))),
            Condition::Traits(matches) => {
                Expression::All(matches.iter().map(|condition| self.leaf(Leaf::Trait(condition.clone()))).collect())
            }
            Condition::InAudience(audience) => Expression::Member(audience.clone()),
            Condition::NotInAudience(audience) => Expression::NotMember(audience.clone()),
            Condition::ActiveWithin(_)
            | Condition::InactiveFor(_)
            | Condition::MemberFor { .. }
            | Condition::EnteredAudience { .. }
            | Condition::ExitedAudience { .. }
            | Condition::AnyUser(_)
            | Condition::AllUsers(_)
            | Condition::NoUser(_)
            | Condition::Account(_)
            | Condition::Sample { .. } => unimplemented!(),
        }
    }

    fn lower_each(&mut self, parts: &[Condition]) -> Vec<Expression> {
        parts.iter().map(|part| self.lower(part)).collect()
    }

    fn leaf(&mut self, leaf: Leaf) -> Expression {
        let known = self.leaves.iter().position(|known| *known == leaf);
        let number = known.unwrap_or_else(|| {
            self.leaves.push(leaf);
            self.leaves.len() - 1
        });
        Expression::Leaf(LeafId(number))
    }
}

fn event_leaf(condition: &EventCondition) -> EventLeaf {
    EventLeaf { event: condition.event.clone(), filter: condition.filter.clone(), window: condition.window, count: condition.count }
}

#[cfg(test)]
mod tests {
    use model::{EventName, Lookback, Window};

    use super::*;

    fn did(event: &str, window: Window) -> Condition {
        Condition::Event(EventCondition { window, ..EventCondition::did(EventName::parse(event).expect("plain")) })
    }

    #[test]
    fn equal_leaves_are_one_leaf_wherever_they_stand() {
        let week = Window::Within(Lookback::parse("7 days").expect("plain"));
        let mut plan = Plan::default();
        let first = plan.lower(&Condition::All(vec![did("A", week), did("B", week)]));
        let second = plan.lower(&Condition::None(vec![did("B", week), did("A", Window::Ever)]));
        let leaf = |number| Expression::Leaf(LeafId(number));
        assert_eq!(first, Expression::All(vec![leaf(0), leaf(1)]));
        assert_eq!(second, Expression::None(vec![leaf(1), leaf(2)]));
        assert_eq!(plan.leaves.len(), 3);
    }
}
