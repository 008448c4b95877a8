//! Who is in, as of a moment: pure, synchronous, deterministic.
//!
//! The way: `plan` lowers all audiences of a catalog into shared leaves and boolean expressions; a leaf engine
//! (`embedded`) reads the lake and answers each leaf with a bitmap; `expression` combines the bitmaps, audience by
//! audience in the catalog's order, within each audience's `universe`. Every condition of one evaluation is asked as
//! of the same moment, and no fact after it is visible; equal inputs give equal results, byte for byte.
//!
//! `advance` goes on from one moment to a later one at the cost of what changed in between, and finds the same members.
//!
//! Nothing here asks what time it is, writes anything, or knows destinations.
#![warn(clippy::wildcard_enum_match_arm)] // a new operator must not compile until it is handled

mod advance;
mod bits;
mod column;
mod compared;
mod computed;
mod counters;
mod counts;
mod demand;
mod embedded;
mod error;
mod events;
mod expression;
mod filter;
mod follow;
mod frequent;
mod gather;
mod gathered;
mod indexes;
mod known;
mod leaf;
mod lookup;
mod matcher;
mod moved;
mod newest;
mod one_pass;
mod opened;
mod operator;
mod outermost;
mod owner_index;
mod owners;
mod packed;
mod pass;
mod past;
mod places;
mod plan;
mod recorded;
mod reduce;
mod same;
mod sample;
mod segments;
mod sequence;
mod setting;
mod shares;
mod slices;
mod standing;
mod stretch;
mod summed;
mod timeline;
mod touched;
mod traits;
mod universe;
mod values;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use definitions::Catalog;
use lake::{LakeError, Reader};
use model::{AsOf, AudienceKey, Collection, Membership, People, ProfileId, SegmentId, Value};
use rayon::prelude::*;
use roaring::RoaringBitmap;

pub use error::EvaluateError;
pub use recorded::{Recorded, RecordedAudience};
pub use segments::Snapshot;

use advance::{Progress, Question};
use embedded::LeafEngine;
use expression::{Known, NotYetEvaluated};
use indexes::Indexes;
use leaf::LeafId;
use operator::Clock;
use owners::Links;
use plan::{Members, Plan, PlannedAudience};
use setting::Whom;
use standing::Standing;

/// Computed traits of so many profiles are computed for them alone.
const FEW: u64 = 100;

/// Evaluates catalogs over one lake; keeps for the next evaluation the columns it read, which rows whose are, and how far it
/// advanced.
pub struct Evaluator {
    reader: Reader,
    indexes: Indexes,
    standing: Standing,
    progress: Mutex<Option<Progress>>,
}

/// Who is in, and what was noticed on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The members of every audience of the catalog.
    pub memberships: BTreeMap<AudienceKey, Membership>,
    /// Values that a matcher looked at and could not read as its constant's type. For events a value is counted once
    /// for each group of leaves (same event and filter) that has a window over it, for traits once for each leaf.
    pub mismatches: u64,
    /// Timestamps without an offset that a date operator read as UTC, counted in the same way.
    pub zone_missing: u64,
    /// Rows looked at, once for each group of leaves.
    pub rows: u64,
    /// Different leaves, whatever the number of audiences they stand in.
    pub leaves: usize,
    /// Whether it went on from an earlier evaluation; else everything was looked at.
    pub advanced: bool,
}

impl Evaluator {
    /// An evaluator over the lake of this reader.
    pub fn new(reader: Reader) -> Self {
        Self { reader, indexes: Indexes::default(), standing: Standing::default(), progress: Mutex::default() }
    }

    /// The members of every audience as of a moment. A paused audience keeps its recorded members, a retired one has none.
    ///
    /// # Errors
    /// When a segment cannot be read completely, or the catalog's order is broken: there is no partial result.
    pub fn evaluate(&self, catalog: &Catalog, snapshot: &Snapshot, recorded: &Recorded, as_of: AsOf) -> Result<Evaluation, EvaluateError> {
        let plan = Plan::of(catalog);
        let clock = Clock { as_of, zone: catalog.settings.zone };
        let links = Links::of(&snapshot.people, as_of);
        let engine = LeafEngine { reader: &self.reader, indexes: &self.indexes, standing: &self.standing, snapshot, links: &links, clock };
        let everything: Vec<LeafId> = plan.numbered().map(|(id, _)| id).collect();
        let people: &People = &snapshot.people;
        let (universes, found) = rayon::join(
            || universe::all(&plan, people, as_of),
            || {
                let (traits, mut tally) = engine.traits(catalog, &plan)?;
                let (answers, part) = engine.ask(&plan, &traits, &everything)?;
                tally += part;
                Ok::<_, EvaluateError>((answers, tally))
            },
        );
        let (answers, tally) = found?;
        let leaves = embedded::complete(answers, plan.leaves.len());
        let mut memberships = BTreeMap::new();
        for generation in plan.generations() {
            let known = Known { leaves: &leaves, memberships: &memberships, links: &links, people, recorded, clock };
            let decide = |audience: &PlannedAudience| {
                let members = match &audience.members {
                    Members::Meet(who) => who
                        .within(&universes[&universe::name(audience)], known)
                        .map_err(|NotYetEvaluated(referred)| EvaluateError::Order { audience: audience.key.clone(), referred })?,
                    Members::Recorded => {
                        let before = recorded.audiences.get(&audience.key);
                        before.map(|before| past::survivors(people, before.members.bitmap())).unwrap_or_default()
                    }
                    Members::Nobody => RoaringBitmap::new(),
                };
                Ok((audience.key.clone(), Membership::from_bitmap(members)))
            };
            let decided = generation.par_iter().map(decide).collect::<Result<Vec<_>, EvaluateError>>()?;
            memberships.extend(decided);
        }
        Ok(Evaluation {
            memberships,
            mismatches: tally.mismatches,
            zone_missing: tally.zone_missing,
            rows: tally.rows,
            leaves: plan.leaves.len(),
            advanced: false,
        })
    }

    /// The same, going on from what the latest advance of this evaluator found, where that leads to what is asked: then the
    /// cost follows what changed since, not the history. Else it is a full evaluation. Members are the same either way; what
    /// is noticed on the way (rows, mismatches) is of what was looked at.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`].
    pub fn advance(&self, catalog: &Catalog, snapshot: &Snapshot, recorded: &Recorded, as_of: AsOf) -> Result<Evaluation, EvaluateError> {
        let clock = Clock { as_of, zone: catalog.settings.zone };
        let question =
            Question { reader: &self.reader, indexes: &self.indexes, standing: &self.standing, catalog, snapshot, recorded, clock };
        let mut kept = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out: what an error leaves half-way is not gone on from.
        if let Some(mut progress) = kept.take().filter(|progress| progress.leads_to(question)) {
            let evaluation = progress.step(question)?;
            *kept = Some(progress);
            return Ok(evaluation);
        }
        let (progress, evaluation) = Progress::begin(question)?;
        *kept = Some(progress);
        Ok(evaluation)
    }

    /// The computed traits of these profiles as of a moment, for destinations. A profile that has none is left out, and so
    /// are traits of another collection than the profile's.
    ///
    /// # Errors
    /// When a segment cannot be read completely.
    pub fn computed_traits(
        &self,
        catalog: &Catalog,
        snapshot: &Snapshot,
        profiles: &Membership,
        as_of: AsOf,
    ) -> Result<HashMap<ProfileId, BTreeMap<String, Value>>, EvaluateError> {
        let clock = Clock { as_of, zone: catalog.settings.zone };
        let links = Links::of(&snapshot.people, as_of);
        let engine = LeafEngine { reader: &self.reader, indexes: &self.indexes, standing: &self.standing, snapshot, links: &links, clock };
        // Of a few, only their own rows are looked at.
        let few: Option<RoaringBitmap> =
            (profiles.len() <= FEW).then(|| profiles.iter().map(|profile| snapshot.people.survivor(profile).0).collect());
        let whom = few.as_ref().map_or(Whom::All, Whom::These);
        let (traits, _) = engine.traits_of(catalog, &Plan::of_traits(catalog), whom)?;
        let accounts = owners::accounts(&snapshot.people);
        let mut found: HashMap<ProfileId, BTreeMap<String, Value>> = HashMap::new();
        for profile in profiles.iter() {
            let survivor = snapshot.people.survivor(profile);
            let of = if accounts.contains(survivor.0) { Collection::Accounts } else { Collection::Users };
            for definition in catalog.traits.values().filter(|definition| definition.of == of) {
                if let Some(value) = traits.computed(&definition.key).and_then(|computed| computed.value(survivor.index())) {
                    found.entry(profile).or_default().insert(definition.key.to_string(), value.clone());
                }
            }
        }
        Ok(found)
    }

    /// Saves the columns that were decoded, where the reader has a folder for them: the next process begins with them at hand.
    ///
    /// # Errors
    /// When the folder cannot be written in; evaluation goes on without.
    pub fn save_columns(&self, snapshot: &Snapshot) -> Result<(), LakeError> {
        self.reader.save(snapshot.segments.iter().map(|(_, segment)| segment))
    }

    /// The profiles about whom something was said in (`since`, `as_of`], or in segments numbered above `seen` (in any
    /// segment, when none was seen) at or before `as_of`. Tells a change by data from one by time.
    ///
    /// # Errors
    /// When a segment cannot be read completely.
    pub fn touched(&self, snapshot: &Snapshot, since: AsOf, seen: Option<SegmentId>, as_of: AsOf) -> Result<Membership, EvaluateError> {
        touched::touched(&self.reader, snapshot, since, seen, as_of)
    }

    /// The newest traits of these profiles as of a moment, for destinations. A profile without traits is left out.
    ///
    /// # Errors
    /// When a segment cannot be read completely.
    pub fn traits(
        &self,
        snapshot: &Snapshot,
        profiles: &Membership,
        as_of: AsOf,
    ) -> Result<HashMap<ProfileId, BTreeMap<String, Value>>, EvaluateError> {
        traits::of_profiles(&self.standing, &self.reader, snapshot, profiles, as_of)
    }
}
