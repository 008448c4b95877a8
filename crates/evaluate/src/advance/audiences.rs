//! Audiences decided: everybody at first, and later just those for whom something changed.

use std::collections::BTreeMap;

use model::{AudienceKey, Collection, IdentifierKind, Membership};
use roaring::RoaringBitmap;

use super::universes;
use super::{Progress, Question};
use crate::error::EvaluateError;
use crate::expression::{Expression, Known, NotYetEvaluated};
use crate::leaf::LeafId;
use crate::owners::Links;
use crate::past;
use crate::plan::Members;

/// For whom audiences are decided.
#[derive(Clone, Copy)]
pub(crate) enum Decided<'a> {
    Everybody,
    /// Those for whom one of these changed.
    Changed {
        leaves: &'a BTreeMap<LeafId, RoaringBitmap>,
        universes: &'a BTreeMap<(Vec<IdentifierKind>, Collection), RoaringBitmap>,
    },
}

impl Progress {
    /// Decides every audience, each after those it refers to.
    pub(super) fn decide(&mut self, question: Question<'_>, links: &Links, decided: Decided<'_>) -> Result<(), EvaluateError> {
        let people = &question.snapshot.people;
        let mut changes: BTreeMap<&AudienceKey, RoaringBitmap> = BTreeMap::new();
        for audience in &self.plan.audiences {
            let key = &audience.key;
            let before = self.memberships.remove(key).unwrap_or_default().into_bitmap();
            let known = Known {
                leaves: &self.leaves,
                memberships: &self.memberships,
                links,
                people,
                recorded: question.recorded,
                clock: question.clock,
            };
            let universe = || self.universes.of(audience);
            let scope = match (decided, &audience.members) {
                (Decided::Changed { leaves, universes }, Members::Meet(who)) => {
                    scope(who, leaves, universes.get(&universes::name(audience)), &changes)
                }
                (Decided::Everybody, _) | (Decided::Changed { .. }, Members::Recorded | Members::Nobody) => None,
            };
            let found = match (&audience.members, &scope) {
                (Members::Meet(who), None) => who.within(universe(), known),
                (Members::Meet(who), Some(scope)) => who.within(&(scope & universe()), known),
                (Members::Recorded, _) => {
                    let recorded = question.recorded.audiences.get(key);
                    Ok(recorded.map(|recorded| past::survivors(people, recorded.members.bitmap())).unwrap_or_default())
                }
                (Members::Nobody, _) => Ok(RoaringBitmap::new()),
            };
            let found = found.map_err(|NotYetEvaluated(referred)| EvaluateError::Order { audience: key.clone(), referred })?;
            let change = match &scope {
                Some(scope) => (&before & scope) ^ found,
                None => &before ^ found,
            };
            let members = if change.is_empty() { before } else { before ^ &change };
            changes.insert(key, change);
            self.memberships.insert(key.clone(), Membership::from_bitmap(members));
        }
        Ok(())
    }
}

/// Outside of this an audience is what it was; nothing when that cannot be told.
fn scope(
    who: &Expression,
    leaves: &BTreeMap<LeafId, RoaringBitmap>,
    universe: Option<&RoaringBitmap>,
    audiences: &BTreeMap<&AudienceKey, RoaringBitmap>,
) -> Option<RoaringBitmap> {
    let mut scope = universe.cloned().unwrap_or_default();
    who.depends_on(&mut |part| {
        match part {
            Expression::Leaf(leaf) => scope |= leaves.get(leaf).unwrap_or(&RoaringBitmap::new()),
            Expression::Member(key) | Expression::NotMember(key) => scope |= audiences.get(key).unwrap_or(&RoaringBitmap::new()),
            // What is recorded goes by time, and what is asked of others goes along links.
            Expression::MemberFor(..)
            | Expression::Entered(..)
            | Expression::Exited(..)
            | Expression::AnyUser(_)
            | Expression::AllUsers(_)
            | Expression::Account(_) => return false,
            Expression::All(_) | Expression::Any(_) | Expression::None(_) | Expression::Sample(..) => {}
        }
        true
    })
    .then_some(scope)
}
