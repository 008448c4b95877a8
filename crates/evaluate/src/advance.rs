//! Advance: from the members as of one moment to those as of a later one, at the cost of what changed in between.
//!
//! What the last evaluation found is kept: the counts of every window, the newest values of traits, the answer of every
//! leaf, the members of every audience. A step adds the rows that arrived or came due and takes back those that left a
//! window ([`counted`]), judges again the traits of whom something newer was said ([`heard`]), and asks what cannot be undone
//! again for whom it may have changed ([`ordered`]); then each audience is decided again for just the profiles for which one
//! of its leaves changed.
//!
//! **Invariants:** a segment names only profiles that were known when it became part of the lake: the store makes both true
//! in one transaction. The members are those that a full evaluation finds, whatever the order in which facts arrived. Where
//! what is kept does not lead to what is asked (other definitions, an earlier moment, a segment that is gone), everything
//! is evaluated in full. What is kept is a cache: it is gone with the process, and rebuilt by one full evaluation.

mod audiences;
mod counted;
mod heard;
mod ordered;
mod tally;
mod toggle;
mod universes;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use definitions::{Catalog, ComputedTrait};
use lake::Reader;
use model::{AsOf, AudienceKey, Membership, People, SegmentId, TraitKey, WorkspaceZone};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::embedded::{Ground, LeafEngine, complete};
use crate::error::EvaluateError;
use crate::events::{self, Set};
use crate::indexes::Indexes;
use crate::leaf::{Leaf, LeafId, Tally};
use crate::newest;
use crate::operator::Clock;
use crate::owners::Links;
use crate::plan::Plan;
use crate::recorded::Recorded;
use crate::segments::Snapshot;
use crate::standing::Standing;
use crate::timeline::Timeline;
use crate::{Evaluation, demand};

use audiences::Decided;
use counted::{CountedGroup, Flip, Step};
use heard::HeardTrait;
use ordered::{Happened, Ordered};
use toggle::toggle;
use universes::Universes;

/// Everything that one evaluation leaves behind for the next.
pub(crate) struct Progress {
    plan: Plan,
    traits: BTreeMap<TraitKey, ComputedTrait>,
    zone: WorkspaceZone,
    as_of: AsOf,
    /// Each by its number and its path: without the rows of somebody erased it keeps the one, and not the other.
    segments: Vec<(SegmentId, String)>,
    people: Arc<People>,
    counted: Vec<CountedGroup>,
    heard: Vec<HeardTrait>,
    ordered: Ordered,
    /// The leaves that are asked anew each time: their filter moves with time, or they count for accounts.
    others: Vec<LeafId>,
    links: Links,
    leaves: Vec<RoaringBitmap>,
    universes: Universes,
    memberships: BTreeMap<AudienceKey, Membership>,
}

/// What is asked.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) indexes: &'a Indexes,
    pub(crate) standing: &'a Standing,
    pub(crate) catalog: &'a Catalog,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) recorded: &'a Recorded,
    pub(crate) clock: Clock,
}

impl Progress {
    /// Evaluates in full.
    pub(crate) fn begin(question: Question<'_>) -> Result<(Self, Evaluation), EvaluateError> {
        let Question { reader, indexes, standing, catalog, snapshot, clock, .. } = question;
        let plan = Plan::of(catalog);
        let links = Links::of(&snapshot.people, clock.as_of);
        let engine = LeafEngine { reader, indexes, standing, snapshot, links: &links, clock };
        let Split { events, said, ordered, others } = Split::of(&plan);
        let ground = Ground::of(&engine);
        let source = engine.source(&ground);

        let (counted, heard) = rayon::join(
            || events.into_par_iter().map(|sets| counted::begin(sets, source)).collect::<Result<Vec<_>, _>>(),
            || {
                let begin = |(name, leaves)| HeardTrait::begin(name, leaves, &engine);
                said.into_par_iter().map(begin).collect::<Result<Vec<_>, _>>()
            },
        );
        let mut answers = Vec::new();
        let mut tally = Tally::default();
        let mut take = |found: Vec<(LeafId, RoaringBitmap)>, part: Tally| {
            answers.extend(found);
            tally += part;
        };
        let keep = |(kept, found, part)| {
            take(found, part);
            kept
        };
        let counted = counted?.into_iter().flat_map(keep).collect();
        let keep = |(kept, (found, part))| {
            take(found, part);
            kept
        };
        let heard = heard?.into_iter().map(keep).collect();
        let (ordered, part) = Ordered::begin(catalog, &plan, &engine, ordered)?;
        take(Vec::new(), part);
        let asked: Vec<LeafId> = ordered.leaves().iter().chain(&others).copied().collect();
        let (found, part) = engine.ask(&plan, &ordered.traits, &asked)?;
        take(found, part);

        let mut progress = Self {
            leaves: complete(answers, plan.leaves.len()),
            plan,
            traits: catalog.traits.clone(),
            zone: clock.zone,
            as_of: clock.as_of,
            segments: named(&snapshot.segments).collect(),
            people: Arc::clone(&snapshot.people),
            counted,
            heard,
            ordered,
            others,
            links: Links::default(),
            universes: Universes::default(),
            memberships: BTreeMap::new(),
        };
        progress.universes.begin(&progress.plan, &snapshot.people, clock.as_of);
        progress.decide(question, &links, Decided::Everybody)?;
        progress.links.clone_from(&links);
        let evaluation = progress.evaluation(tally, false);
        Ok((progress, evaluation))
    }

    /// Whether what is kept leads to what is asked.
    pub(crate) fn leads_to(&self, question: Question<'_>) -> bool {
        let Question { catalog, snapshot, clock, .. } = question;
        let known = snapshot.segments.get(..self.segments.len());
        clock.as_of >= self.as_of
            && clock.zone == self.zone
            && snapshot.people.len() >= self.people.len()
            && known.is_some_and(|known| {
                let known = known.iter().map(|(number, segment)| (number, &segment.path));
                known.eq(self.segments.iter().map(|(number, path)| (number, path)))
            })
            && catalog.traits == self.traits
            && Plan::of(catalog) == self.plan
    }

    /// Moves on to a moment that it leads to.
    pub(crate) fn step(&mut self, question: Question<'_>) -> Result<Evaluation, EvaluateError> {
        let Question { reader, indexes, standing, catalog, snapshot, clock, .. } = question;
        let (old, new) = snapshot.segments.split_at(self.segments.len());
        let (known, news) = (timeline(old), timeline(new));
        let people = &snapshot.people;
        let same_people = Arc::ptr_eq(&self.people, people);
        let merges = if same_people { Vec::new() } else { merges(&self.people, people) };
        let arrived = number(self.people.len())..number(people.len());
        let step = Step {
            reader,
            since: self.as_of,
            known: &known,
            news: &news,
            canonical: &people.canonical,
            arrived: &arrived,
            merges: &merges,
            clock,
        };

        let (counted, heard) = rayon::join(
            || self.counted.par_iter_mut().map(|group| group.step(step)).collect::<Result<Vec<_>, _>>(),
            || self.heard.par_iter_mut().map(|said| said.step(step)).collect::<Result<Vec<_>, _>>(),
        );
        let mut tally = Tally::default();
        let mut flips = Vec::new();
        for (more, part) in counted?.into_iter().chain(heard?) {
            tally += part;
            flips.extend(more);
        }
        let links = if same_people { self.links.at(people, clock.as_of) } else { Links::of(people, clock.as_of) };
        let engine = LeafEngine { reader, indexes, standing, snapshot, links: &links, clock };
        let happened = Happened { fresh: &new.iter().map(|(number, _)| *number).collect(), linked: links != self.links };
        let (more, part) = self.ordered.step(catalog, &self.plan, &engine, step, happened)?;
        tally += part;
        flips.extend(more);
        let (found, part) = engine.ask(&self.plan, &self.ordered.traits, &self.others)?;
        tally += part;
        let everybody = range(0..number(people.len()));
        flips.extend(found.into_iter().map(|(leaf, holds)| Flip { leaf, asked: &everybody | &holds, holds }));
        let changed = self.turn(flips);

        let universe_changes = self.universes.step(&self.plan, people, same_people, clock.as_of);
        self.people = Arc::clone(people);
        self.as_of = clock.as_of;
        self.segments.extend(named(new));
        self.decide(question, &links, Decided::Changed { leaves: &changed, universes: &universe_changes })?;
        self.links.clone_from(&links);
        Ok(self.evaluation(tally, true))
    }

    /// Brings the answers of leaves up to date; for each leaf that changed, for whom.
    fn turn(&mut self, flips: Vec<Flip>) -> BTreeMap<LeafId, RoaringBitmap> {
        let mut of_leaf: Vec<Option<Flip>> = self.leaves.iter().map(|_| None).collect();
        for flip in flips {
            let place = flip.leaf.0;
            assert!(of_leaf[place].replace(flip).is_none(), "a leaf is looked at in one place");
        }
        let turned = self.leaves.par_iter_mut().zip(of_leaf).filter_map(|(answer, flip)| {
            let flip = flip?;
            let difference = (&*answer & &flip.asked) ^ flip.holds;
            toggle(answer, &difference);
            (!difference.is_empty()).then_some((flip.leaf, difference))
        });
        turned.collect()
    }

    fn evaluation(&self, tally: Tally, advanced: bool) -> Evaluation {
        Evaluation {
            memberships: self.memberships.par_iter().map(|(key, members)| (key.clone(), members.clone())).collect(),
            mismatches: tally.mismatches,
            zone_missing: tally.zone_missing,
            rows: tally.rows,
            leaves: self.plan.leaves.len(),
            advanced,
        }
    }
}

/// The leaves of a plan by how they move on.
struct Split {
    events: Vec<Vec<Set>>,
    said: Vec<(String, Vec<(LeafId, definitions::PathMatch)>)>,
    ordered: Vec<LeafId>,
    others: Vec<LeafId>,
}

impl Split {
    fn of(plan: &Plan) -> Self {
        let (mut counted, mut said, mut ordered, mut others) = (Vec::new(), BTreeMap::<String, Vec<_>>::new(), Vec::new(), Vec::new());
        for (id, leaf) in plan.numbered() {
            match leaf {
                // Account links become visible with time, and a filter may move with it.
                Leaf::Event(event) if is_steady(event) => counted.push((id, leaf)),
                Leaf::Activity(activity) if activity.of == model::Collection::Users => counted.push((id, leaf)),
                Leaf::Trait(condition) => {
                    let name = condition.path.first().cloned().unwrap_or_default();
                    said.entry(name).or_default().push((id, condition.clone()));
                }
                Leaf::Sequence(_) | Leaf::Compared(_) => ordered.push(id),
                Leaf::Event(_) | Leaf::Activity(_) => others.push(id),
            }
        }
        Self { events: events::sets(events::groups(&counted)), said: said.into_iter().collect(), ordered, others }
    }
}

fn is_steady(leaf: &crate::leaf::EventLeaf) -> bool {
    leaf.of == model::Collection::Users && !demand::conditions(&leaf.filter).any(demand::moves_with_time)
}

/// Segments by number and path.
fn named(segments: &[(SegmentId, model::Segment)]) -> impl Iterator<Item = (SegmentId, String)> + '_ {
    segments.iter().map(|(number, segment)| (*number, segment.path.clone()))
}

fn timeline(segments: &[(SegmentId, model::Segment)]) -> Timeline<'_> {
    Timeline::over(segments.iter().map(|(_, segment)| segment))
}

/// Who was a profile of its own and is not any more, and whom it turned out to be.
fn merges(before: &People, after: &People) -> Vec<(u32, u32)> {
    let was_own = |profile: u32| before.canonical.get(profile as usize).is_none_or(|survivor| survivor.0 == profile);
    newest::merged(&after.canonical).into_iter().filter(|(profile, _)| was_own(*profile)).collect()
}

fn number(profiles: usize) -> u32 {
    u32::try_from(profiles).expect("profile numbers are 32 bits")
}

/// Profiles in a range of numbers.
fn range(profiles: Range<u32>) -> RoaringBitmap {
    let mut range = RoaringBitmap::new();
    range.insert_range(profiles);
    range
}
