//! Audiences decided: everybody at first, and later just those for whom something changed.

use std::collections::BTreeMap;

use model::{AudienceKey, Membership};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::toggle::toggle;
use super::universes::Universes;
use super::{Progress, Question};
use crate::error::EvaluateError;
use crate::expression::{Expression, Known, NotYetEvaluated};
use crate::leaf::LeafId;
use crate::owners::Links;
use crate::past;
use crate::plan::{Members, PlannedAudience};
use crate::universe::{self, Name};

/// For whom audiences are decided.
#[derive(Clone, Copy)]
pub(crate) enum Decided<'a> {
    Everybody,
    /// Those for whom one of these changed.
    Changed {
        leaves: &'a BTreeMap<LeafId, RoaringBitmap>,
        universes: &'a BTreeMap<Name, RoaringBitmap>,
    },
}

impl Progress {
    /// Decides every audience, each after those it refers to.
    pub(super) fn decide(&mut self, question: Question<'_>, links: &Links, decided: Decided<'_>) -> Result<(), EvaluateError> {
        let people = &question.snapshot.people;
        let mut changes: BTreeMap<&AudienceKey, RoaringBitmap> = BTreeMap::new();
        for generation in self.plan.generations() {
            let take = |audience: &PlannedAudience| self.memberships.remove(&audience.key).unwrap_or_default().into_bitmap();
            let before: Vec<RoaringBitmap> = generation.iter().map(take).collect();
            let known = Known {
                leaves: &self.leaves,
                memberships: &self.memberships,
                links,
                people,
                recorded: question.recorded,
                clock: question.clock,
            };
            let decide = |(audience, mut members): (&PlannedAudience, RoaringBitmap)| {
                let change = change(audience, &members, &self.universes, decided, &changes, known)?;
                toggle(&mut members, &change);
                Ok((members, change))
            };
            let after = generation.par_iter().zip(before).map(decide).collect::<Result<Vec<_>, EvaluateError>>()?;
            for (audience, (members, change)) in generation.iter().zip(after) {
                changes.insert(&audience.key, change);
                self.memberships.insert(audience.key.clone(), Membership::from_bitmap(members));
            }
        }
        Ok(())
    }
}

/// Who entered an audience or exited it, given its members before.
fn change(
    audience: &PlannedAudience,
    before: &RoaringBitmap,
    universes: &Universes,
    decided: Decided<'_>,
    changes: &BTreeMap<&AudienceKey, RoaringBitmap>,
    known: Known<'_>,
) -> Result<RoaringBitmap, EvaluateError> {
    let scope = match (decided, &audience.members) {
        (Decided::Changed { leaves, universes: turned }, Members::Meet(who)) => {
            scope(who, leaves, turned.get(&universe::name(audience)), changes)
        }
        (Decided::Everybody, _) | (Decided::Changed { .. }, Members::Recorded | Members::Nobody) => None,
    };
    let found = match (&audience.members, &scope) {
        (Members::Meet(who), None) => who.within(universes.of(audience), known),
        (Members::Meet(who), Some(scope)) => who.within(&(scope & universes.of(audience)), known),
        (Members::Recorded, _) => {
            let recorded = known.recorded.audiences.get(&audience.key);
            Ok(recorded.map(|recorded| past::survivors(known.people, recorded.members.bitmap())).unwrap_or_default())
        }
        (Members::Nobody, _) => Ok(RoaringBitmap::new()),
    };
    let found = found.map_err(|NotYetEvaluated(referred)| EvaluateError::Order { audience: audience.key.clone(), referred })?;
    Ok(match &scope {
        Some(scope) => (before & scope) ^ found,
        None => before ^ found,
    })
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
