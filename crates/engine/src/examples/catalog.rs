//! The catalog of one test: the audience, what it refers to, its parts as audiences of their own, and nothing else.

use std::collections::BTreeSet;

use definitions::{Audience, AudienceState, Catalog, Condition, Guards, Matcher, Operator, PathMatch, Scalar, TestPerson};
use evaluate::{Recorded, RecordedAudience};
use model::{AsOf, AudienceKey, Collection, IdentifierKind, Membership, MembershipDiff, TraitKey};

use super::world::{BEGINNING, GIVEN, World, given_in};

/// What one test evaluates.
pub(super) struct Trial {
    pub(super) catalog: Catalog,
    /// The audiences that stand for the parts, in their order.
    pub(super) parts: Vec<AudienceKey>,
    pub(super) recorded: Recorded,
}

impl Trial {
    /// Restricts the catalog to what the test needs, and puts what the test gives in place of what would be computed.
    pub(super) fn of(catalog: &Catalog, key: &AudienceKey, parts: &[Condition], person: &TestPerson, world: &World) -> Self {
        let mut trial = Self { catalog: catalog.clone(), parts: Vec::new(), recorded: Recorded::default() };
        trial.stand_in_for_traits(person, catalog.audiences[key].of);
        let needed = needed(catalog, key);
        trial.catalog.audiences.retain(|key, _| needed.contains(key));
        trial.catalog.order.retain(|key| needed.contains(key));
        for audience in trial.catalog.audiences.values_mut() {
            *audience = bare(audience);
        }
        trial.stand_in_for_audiences(key, world);
        trial.add_parts(key, parts);
        trial
    }

    fn stand_in_for_traits(&mut self, person: &TestPerson, collection: Collection) {
        let mut given = BTreeSet::new();
        said(person, collection, &mut given);
        let computed = |key: &TraitKey, of: Collection| !given.contains(&(of, key.as_str()));
        self.catalog.traits.retain(|key, computed_trait| computed(key, computed_trait.of));
        let left = &self.catalog.traits;
        self.catalog.trait_order.retain(|key| left.contains_key(key));
    }

    /// Whose memberships are given is in the audiences named, now and since ever, and in no other; everybody else's are
    /// evaluated.
    fn stand_in_for_audiences(&mut self, tested: &AudienceKey, world: &World) {
        for (key, audience) in &mut self.catalog.audiences {
            if key == tested {
                continue;
            }
            let evaluated = Condition::All(vec![Condition::None(vec![has(GIVEN.to_owned())]), audience.who.clone()]);
            audience.who = Condition::Any(vec![has(given_in(key)), evaluated]);
            let members = world.given(key);
            if !members.is_empty() {
                let entered = MembershipDiff { entered: members.clone(), exited: Membership::empty() };
                let changes = vec![(AsOf(BEGINNING), entered)];
                self.recorded.audiences.insert(key.clone(), RecordedAudience { members, since: Some(AsOf(BEGINNING)), changes });
            }
        }
    }

    fn add_parts(&mut self, tested: &AudienceKey, parts: &[Condition]) {
        let audience = self.catalog.audiences[tested].clone();
        let mut number = 0_usize;
        for part in parts {
            let key = loop {
                number += 1;
                let name = format!("part_{number}");
                let key = AudienceKey::parse(&name).expect("a plain key");
                if !self.catalog.audiences.contains_key(&key) {
                    break key;
                }
            };
            self.catalog.order.push(key.clone());
            self.catalog.audiences.insert(key.clone(), Audience { key: key.clone(), who: part.clone(), ..audience.clone() });
            self.parts.push(key);
        }
    }
}

fn has(name: String) -> Condition {
    let operators = vec![Operator::Equals(Scalar::Flag(true))];
    Condition::Traits(vec![PathMatch { path: vec![name], matcher: Matcher { operators, ignore_case: false, or_missing: false } }])
}

/// The audience as a question alone: live, open to whoever has any identifier, sent nowhere.
fn bare(audience: &Audience) -> Audience {
    Audience {
        state: AudienceState::Live,
        identified_by: IdentifierKind::KNOWN.iter().map(|kind| IdentifierKind::new(kind)).collect(),
        syncs: Vec::new(),
        guards: Guards::default(),
        tests: Vec::new(),
        ..audience.clone()
    }
}

/// The audience and all that it refers to, however far.
fn needed(catalog: &Catalog, key: &AudienceKey) -> BTreeSet<AudienceKey> {
    let mut needed = BTreeSet::new();
    let mut open = vec![key.clone()];
    while let Some(key) = open.pop() {
        if let Some(audience) = catalog.audiences.get(&key)
            && needed.insert(key)
        {
            referred(&audience.who, &mut open);
        }
    }
    needed
}

fn referred(condition: &Condition, into: &mut Vec<AudienceKey>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
            for part in parts {
                referred(part, into);
            }
        }
        Condition::InAudience(audience)
        | Condition::NotInAudience(audience)
        | Condition::MemberFor { audience, .. }
        | Condition::EnteredAudience { audience, .. }
        | Condition::ExitedAudience { audience, .. } => into.push(audience.clone()),
        Condition::AnyUser(inner) | Condition::AllUsers(inner) | Condition::NoUser(inner) | Condition::Account(inner) => {
            referred(inner, into);
        }
        Condition::Event(_) | Condition::Traits(_) | Condition::ActiveWithin(_) | Condition::InactiveFor(_) | Condition::Sample { .. } => {}
    }
}

/// Every trait that the test says of somebody.
fn said<'a>(person: &'a TestPerson, collection: Collection, into: &mut BTreeSet<(Collection, &'a str)>) {
    into.extend(person.traits.keys().map(|name| (collection, name.as_str())));
    for user in &person.users {
        said(user, Collection::Users, into);
    }
    if let Some(account) = &person.account {
        said(account, Collection::Accounts, into);
    }
}
