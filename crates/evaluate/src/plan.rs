//! The plan: a catalog lowered into computed traits, shared leaves, and an expression for each audience.
//!
//! Structurally equal leaves are one leaf, whichever audiences they stand in. A condition is lowered for the collection
//! it speaks about: that decides whose events count and which computed trait a name means. The plan knows no data and no
//! as-of.

use std::collections::{BTreeMap, BTreeSet};

use definitions::{AudienceState, Catalog, Condition, EventCondition, Matcher, PathMatch, ReferenceOf};
use model::{AudienceKey, Collection, IdentifierKind, TraitKey};

use crate::compared::ComparedLeaf;
use crate::demand;
use crate::expression::Expression;
use crate::known::{Named, TraitNames};
use crate::leaf::{ActivityLeaf, EventLeaf, Leaf, LeafId};
use crate::matcher::{reference, refers};
use crate::sequence::{self, SequenceLeaf};

/// What a run has to find out, and how audiences follow from it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Plan {
    /// All different leaves.
    pub(crate) leaves: Vec<Leaf>,
    /// The computed traits that leaves look at, directly or through others; whichever is referred to comes first.
    pub(crate) traits: Vec<PlannedTrait>,
    /// The audiences, generation by generation.
    pub(crate) audiences: Vec<PlannedAudience>,
}

/// One computed trait, and the traits it refers to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlannedTrait {
    pub(crate) key: TraitKey,
    pub(crate) names: TraitNames,
}

/// One audience, lowered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlannedAudience {
    pub(crate) key: AudienceKey,
    pub(crate) of: Collection,
    pub(crate) identified_by: Vec<IdentifierKind>,
    pub(crate) members: Members,
    /// Later than those of the audiences it refers to.
    generation: usize,
}

/// Where the members of an audience come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Members {
    /// Live: whoever meets this.
    Meet(Expression),
    /// Paused: whoever was recorded last.
    Recorded,
    /// Retired: nobody.
    Nobody,
}

impl Plan {
    /// Lowers all audiences of the catalog, and the computed traits that they look at.
    pub(crate) fn of(catalog: &Catalog) -> Self {
        let mut plan = Self::default();
        let mut generations = BTreeMap::new();
        for audience in catalog.order.iter().filter_map(|key| catalog.audiences.get(key)) {
            let members = match audience.state {
                AudienceState::Live => Members::Meet(plan.lower(&audience.who, audience.of, catalog)),
                AudienceState::Paused => Members::Recorded,
                AudienceState::Retired => Members::Nobody,
            };
            let generation = match &members {
                Members::Meet(who) => generation(who, &generations),
                Members::Recorded | Members::Nobody => 0,
            };
            generations.insert(&audience.key, generation);
            let (key, identified_by) = (audience.key.clone(), audience.identified_by.clone());
            plan.audiences.push(PlannedAudience { key, of: audience.of, identified_by, members, generation });
        }
        plan.audiences.sort_by_key(|audience| audience.generation);
        let looked_at: BTreeSet<TraitKey> = plan.leaves.iter().flat_map(Leaf::named).filter_map(computed).cloned().collect();
        plan.traits = planned_traits(catalog, looked_at);
        plan
    }

    /// A plan that computes every trait of the catalog and asks nothing else.
    pub(crate) fn of_traits(catalog: &Catalog) -> Self {
        Self { traits: planned_traits(catalog, catalog.traits.keys().cloned().collect()), ..Self::default() }
    }

    /// The audiences in parts: those of one refer to none but those of the parts before it.
    pub(crate) fn generations(&self) -> impl Iterator<Item = &[PlannedAudience]> {
        self.audiences.chunk_by(|one, other| one.generation == other.generation)
    }

    /// All leaves with their numbers.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (LeafId, &Leaf)> {
        self.leaves.iter().enumerate().map(|(number, leaf)| (LeafId(number), leaf))
    }

    /// Every trait that has to be found as it was said.
    pub(crate) fn said(&self) -> BTreeSet<String> {
        let by_traits = self.traits.iter().flat_map(|planned| planned.names.said());
        let by_leaves = self.leaves.iter().flat_map(Leaf::named).filter_map(|named| match named {
            Named::Said(name) => Some(name),
            Named::Computed(_) => None,
        });
        by_traits.chain(by_leaves).cloned().collect()
    }

    fn lower(&mut self, condition: &Condition, of: Collection, catalog: &Catalog) -> Expression {
        let mut inner = |condition: &Condition, of| Box::new(self.lower(condition, of, catalog));
        match condition {
            Condition::All(parts) => Expression::All(self.lower_each(parts, of, catalog)),
            Condition::Any(parts) => Expression::Any(self.lower_each(parts, of, catalog)),
            Condition::None(parts) => Expression::None(self.lower_each(parts, of, catalog)),
            Condition::Event(event) => self.leaf(event_leaf(event, of, catalog)),
            Condition::Traits(matches) => {
                let leaves = matches.iter().map(|condition| self.leaf(trait_leaf(condition, of, catalog)));
                Expression::All(leaves.collect())
            }
            Condition::ActiveWithin(within) => self.leaf(Leaf::Activity(ActivityLeaf { within: *within, of })),
            Condition::InactiveFor(within) => Expression::None(vec![self.leaf(Leaf::Activity(ActivityLeaf { within: *within, of }))]),
            Condition::InAudience(audience) => Expression::Member(audience.clone()),
            Condition::NotInAudience(audience) => Expression::NotMember(audience.clone()),
            Condition::MemberFor { audience, at_least } => Expression::MemberFor(audience.clone(), *at_least),
            Condition::EnteredAudience { audience, within } => Expression::Entered(audience.clone(), *within),
            Condition::ExitedAudience { audience, within } => Expression::Exited(audience.clone(), *within),
            Condition::AnyUser(condition) => Expression::AnyUser(inner(condition, Collection::Users)),
            Condition::AllUsers(condition) => Expression::AllUsers(inner(condition, Collection::Users)),
            Condition::NoUser(condition) => Expression::None(vec![Expression::AnyUser(inner(condition, Collection::Users))]),
            Condition::Account(condition) => Expression::Account(inner(condition, Collection::Accounts)),
            Condition::Sample { percent, salt } => Expression::Sample(*percent, salt.clone()),
        }
    }

    fn lower_each(&mut self, parts: &[Condition], of: Collection, catalog: &Catalog) -> Vec<Expression> {
        parts.iter().map(|part| self.lower(part, of, catalog)).collect()
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

/// One more than the latest generation of those that are referred to, given that of each audience planned so far.
fn generation(who: &Expression, generations: &BTreeMap<&AudienceKey, usize>) -> usize {
    let mut generation = 0;
    who.depends_on(&mut |part| {
        if let Expression::Member(key)
        | Expression::NotMember(key)
        | Expression::MemberFor(key, _)
        | Expression::Entered(key, _)
        | Expression::Exited(key, _) = part
        {
            generation = generation.max(generations.get(key).map_or(0, |referred| referred + 1));
        }
        true
    });
    generation
}

fn event_leaf(condition: &EventCondition, of: Collection, catalog: &Catalog) -> Leaf {
    if sequence::needs_order(condition) {
        let names = names(sequence::matchers(condition), of, catalog);
        return Leaf::Sequence(SequenceLeaf { condition: condition.clone(), of, names });
    }
    let EventCondition { event, filter, window, count, aggregate: _, which: _, then: _ } = condition.clone();
    Leaf::Event(EventLeaf { event, filter, window, count, of })
}

fn trait_leaf(condition: &PathMatch, of: Collection, catalog: &Catalog) -> Leaf {
    let named = Named::of(catalog, condition.path.first().map_or("", String::as_str), of);
    if matches!(named, Named::Said(_)) && !refers(condition) {
        return Leaf::Trait(condition.clone());
    }
    let names = names(vec![&condition.matcher], of, catalog);
    Leaf::Compared(ComparedLeaf { condition: condition.clone(), of, named, names })
}

/// The traits that these matchers refer to.
fn names(matchers: Vec<&Matcher>, of: Collection, catalog: &Catalog) -> TraitNames {
    let operators = matchers.into_iter().flat_map(|matcher| &matcher.operators);
    let traits = operators.filter_map(reference).filter(|reference| reference.of == ReferenceOf::Trait);
    let referred = traits.filter_map(|reference| reference.path.first());
    TraitNames(referred.map(|name| (name.clone(), Named::of(catalog, name, of))).collect())
}

fn computed(named: &Named) -> Option<&TraitKey> {
    match named {
        Named::Computed(key) => Some(key),
        Named::Said(_) => None,
    }
}

/// These traits and all that they refer to, in the catalog's order.
fn planned_traits(catalog: &Catalog, mut wanted: BTreeSet<TraitKey>) -> Vec<PlannedTrait> {
    let mut planned = Vec::new();
    for definition in catalog.trait_order.iter().rev().filter_map(|key| catalog.traits.get(key)) {
        if wanted.contains(&definition.key) {
            let matchers = demand::conditions(&definition.filter).map(|condition| &condition.matcher).collect();
            let names = names(matchers, definition.of, catalog);
            wanted.extend(names.0.values().filter_map(computed).cloned());
            planned.push(PlannedTrait { key: definition.key.clone(), names });
        }
    }
    planned.reverse();
    planned
}

#[cfg(test)]
mod tests {
    use definitions::Settings;
    use model::{EventName, Fingerprint, Lookback, Window};

    use super::*;

    fn did(event: &str, window: Window) -> Condition {
        Condition::Event(EventCondition { window, ..EventCondition::did(EventName::parse(event).expect("plain")) })
    }

    fn empty() -> Catalog {
        Catalog {
            settings: Settings::default(),
            audiences: BTreeMap::new(),
            order: Vec::new(),
            traits: BTreeMap::new(),
            trait_order: Vec::new(),
            destinations: BTreeMap::new(),
            models: BTreeMap::new(),
            fingerprint: Fingerprint(String::new()),
        }
    }

    #[test]
    fn equal_leaves_are_one_leaf_wherever_they_stand() {
        let week = Window::Within(Lookback::parse("7 days").expect("plain"));
        let mut plan = Plan::default();
        let mut lower = |condition, of| plan.lower(&condition, of, &empty());
        let first = lower(Condition::All(vec![did("A", week), did("B", week)]), Collection::Users);
        let second = lower(Condition::None(vec![did("B", week), did("A", Window::Ever)]), Collection::Users);
        let of_accounts = lower(did("A", week), Collection::Accounts);
        let leaf = |number| Expression::Leaf(LeafId(number));
        assert_eq!(first, Expression::All(vec![leaf(0), leaf(1)]));
        assert_eq!(second, Expression::None(vec![leaf(1), leaf(2)]));
        assert_eq!(of_accounts, leaf(3), "an account's events are other events");
        assert_eq!(plan.leaves.len(), 4);
    }

    #[test]
    fn whoever_refers_comes_a_generation_later() {
        let key = |name| AudienceKey::parse(name).expect("plain");
        let (buyers, lapsed) = (key("buyers"), key("lapsed"));
        let planned = BTreeMap::from([(&buyers, 0), (&lapsed, 3)]);
        let generation = |who: Expression| generation(&who, &planned);
        assert_eq!(generation(Expression::Leaf(LeafId(0))), 0);
        assert_eq!(generation(Expression::Any(vec![Expression::Leaf(LeafId(0)), Expression::Member(buyers.clone())])), 1);
        assert_eq!(generation(Expression::All(vec![Expression::NotMember(lapsed.clone()), Expression::Member(buyers.clone())])), 4);
        assert_eq!(generation(Expression::AnyUser(Box::new(Expression::Member(lapsed.clone())))), 4);
        let day = Lookback::parse("1 day").expect("plain");
        for asks in [Expression::MemberFor, Expression::Entered, Expression::Exited] {
            assert_eq!(generation(asks(lapsed.clone(), day)), 4);
        }
    }
}
