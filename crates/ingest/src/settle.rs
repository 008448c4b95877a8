//! Making messages true: whom they are about, what of them is new, and all of a batch at once.
//!
//! Whoever has messages (a file, a model) hands them over in blocks; what else becomes true with them (how far the file is
//! done, what a row said) goes into the same transaction.

use std::collections::BTreeSet;
use std::hash::RandomState;
use std::sync::Arc;

use lake::{Lake, Member, Told};
use model::{IdentifierKind, Moment, ProfileId, Refusal, SourceOrder};
use rayon::prelude::*;
use store::{Flush, Refusals, Store};
use tracing::debug;

use crate::block::{Block, IdPlaces, Row};
use crate::flushing::Flushing;
use crate::identity::{IdentityChanges, Numbered, Resolver};
use crate::kinds::Kinds;
use crate::known::KnownKeys;
use crate::known_people::KnownPeople;
use crate::numbers::Number;
use crate::rejection::Rejection;
use crate::tally::Tally;
use crate::verdicts::Verdicts;
use crate::{Effect, ImportReport, IngestError, keys};

/// Identifiers remembered (some 150 MB) before those of earlier batches are forgotten.
const IDENTIFIERS_HELD_MAX: usize = 1_000_000;
/// Identifiers or profiles asked of the store at once.
const ASKED_MAX: usize = 50_000;

/// Whether messages may have been taken before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// They are compared with what was taken.
    Possible,
    /// They were made just now.
    Impossible,
}

/// Settles the batches of one source.
pub(crate) struct Settler<'a> {
    lake: &'a Lake,
    store: &'a Arc<dyn Store>,
    flushing: Flushing,
    effect: Effect,
    /// Tells this source from others; a file that grew is the same batch.
    batch: u32,
    pub(crate) known: KnownKeys,
    kinds: Kinds,
    now: Moment,
    /// What of the batch under way is not taken.
    tally: Tally,
    pub(crate) verdicts: Verdicts,
    resolver: Resolver,
    spoken_of: KnownPeople,
    pub(crate) report: ImportReport,
}

impl<'a> Settler<'a> {
    /// Begins with what the store knows. The hasher and the kinds are those that blocks are filled with.
    pub(crate) async fn new(
        lake: &'a Lake,
        store: &'a Arc<dyn Store>,
        now: Moment,
        source: &str,
        effect: Effect,
        (hasher, kinds): (RandomState, Kinds),
    ) -> Result<Self, IngestError> {
        let next_profile = store.next_profile().await.map_err(IngestError::Store)?;
        let mut verdicts = Verdicts::default();
        verdicts.renew(store.as_ref()).await.map_err(IngestError::Store)?;
        let dry_run = effect == Effect::DryRun;
        Ok(Self {
            lake,
            store,
            flushing: Flushing::to(store),
            effect,
            batch: keys::batch(source),
            known: KnownKeys::default(),
            verdicts,
            resolver: Resolver::new(next_profile, now, hasher, kinds.clone()),
            kinds,
            now,
            tally: Tally::default(),
            spoken_of: KnownPeople::before(next_profile),
            report: ImportReport { source: source.to_owned(), dry_run, ..ImportReport::default() },
        })
    }

    /// Begins to make blocks true, with what else `rest` says of them once they are counted; [`Settler::finish`] waits until they
    /// are. In a dry run nothing becomes true.
    ///
    /// Until then the store does not know what they say, but everything here does that may meet it again.
    pub(crate) async fn settle(
        &mut self,
        blocks: Vec<Block>,
        repeats: Repeats,
        rest: impl FnOnce(&ImportReport) -> Flush + Send,
    ) -> Result<(), IngestError> {
        self.verdicts.renew(self.store.as_ref()).await.map_err(IngestError::Store)?;
        let numbers: Vec<Vec<Number>> = blocks.iter().map(|block| self.number(block)).collect();
        let mut new: Vec<Vec<bool>> = blocks.iter().zip(&numbers).map(|(block, numbers)| self.welcome_rows(block, numbers)).collect();
        if repeats == Repeats::Possible {
            self.known.load(&blocks, self.lake, self.store.as_ref()).await?;
            for (block, new) in blocks.iter().zip(&mut new) {
                self.keep_new_rows(block, new);
            }
        }
        self.learn(&blocks, &new, &numbers).await?;

        let members: Vec<Vec<Member<'_>>> = blocks.par_iter().map(Block::members).collect();
        let mut facts = Vec::with_capacity(blocks.iter().map(|block| block.rows.len()).sum());
        for (place, block) in blocks.iter().enumerate() {
            self.tell_facts(block, &new[place], &numbers[place], &members[place], &mut facts);
        }
        let changes = self.resolver.take_changes();
        let refusals = self.refusals(&blocks, &new, &changes);
        self.report.new_profiles += changes.profiles.len() as u64;
        self.report.merges += changes.merges.len() as u64;
        self.report.known_profiles = self.spoken_of.count();
        if self.effect == Effect::DryRun {
            return Ok(());
        }
        let segments = self.lake.write_told(&facts, lake::open_from(self.now.day())).map_err(IngestError::Lake)?;
        debug!(facts = facts.len(), segments = segments.len(), profiles = changes.profiles.len(), "batch written");
        drop(facts);
        drop(members);
        drop(blocks);

        let flush = Flush {
            profiles: changes.profiles,
            identifiers: changes.identifiers,
            merges: changes.merges,
            links: changes.links,
            segments,
            refusals,
            ..rest(&self.report)
        };
        self.known.written(&flush.segments);
        self.flushing.begin(flush).await?;
        if self.resolver.len() > IDENTIFIERS_HELD_MAX {
            // From now on only the store knows.
            self.finish().await?;
            self.resolver.forget();
            self.verdicts.forget();
        }
        Ok(())
    }

    /// Waits until everything settled is true.
    pub(crate) async fn finish(&mut self) -> Result<(), IngestError> {
        self.flushing.finish().await
    }

    /// What of a batch is not taken, once for each subject and reason, counted for the report as well.
    fn refusals(&mut self, blocks: &[Block], new: &[Vec<bool>], changes: &IdentityChanges) -> Vec<Refusals> {
        let mut tally = std::mem::take(&mut self.tally);
        for (block, new) in blocks.iter().zip(new) {
            for rejected in &block.rejected {
                tally.rejected(rejected.line, &rejected.rejection);
                rejected.refused.iter().for_each(|(kind, refusal)| tally.refused(kind, *refusal));
            }
            for (_, kind, refusal) in block.refused.iter().filter(|(place, ..)| new[*place]) {
                self.report.refuse(kind.clone(), *refusal);
                tally.refused(kind, *refusal);
            }
        }
        for ((kind, excess), aside) in &changes.aside {
            let (kind, reason) = (self.kinds.rule(*kind).kind.clone(), excess.reason(&self.kinds));
            self.report.set_aside(kind.clone(), reason.clone(), aside.count);
            tally.set_aside(&kind, reason, *aside);
        }
        tally.done(&self.report.source, self.now)
    }

    /// Which rows are about nobody who is kept out; the others are rejected.
    fn welcome_rows(&mut self, block: &Block, numbers: &[Number]) -> Vec<bool> {
        let mut welcome = vec![true; block.rows.len()];
        for (row, welcome) in block.rows.iter().zip(&mut welcome) {
            if let Some(rejection) = self.verdicts.refuses(row, numbers) {
                self.reject(row.line, &rejection);
                *welcome = false;
            }
        }
        welcome
    }

    /// Notes what is no message, for the report and for the store.
    pub(crate) fn reject(&mut self, line: u64, rejection: &Rejection) {
        self.report.reject(line, rejection);
        self.tally.rejected(line, rejection);
    }

    /// Notes a value that identifies nobody, likewise.
    pub(crate) fn refuse(&mut self, kind: &IdentifierKind, refusal: Refusal) {
        self.report.refuse(kind.clone(), refusal);
        self.tally.refused(kind, refusal);
    }

    /// Keeps, of the rows that may be new, those that were not taken before.
    fn keep_new_rows(&mut self, block: &Block, new: &mut [bool]) {
        for (row, new) in block.rows.iter().zip(new).filter(|(_, new)| **new) {
            *new = self.known.take(block.event_of(row), row);
            self.report.duplicates += u64::from(!*new);
        }
    }

    /// The numbers of a block's identifiers, each of which is judged.
    fn number(&mut self, block: &Block) -> Vec<Number> {
        let Self { resolver, verdicts, kinds, .. } = self;
        let numbers = resolver.number(block.ids());
        if !verdicts.barred.is_empty() {
            block.ids().zip(&numbers).for_each(|(id, number)| verdicts.judge(id, kinds, *number));
        }
        numbers
    }

    /// Asks the store about everybody in the batch who is not known here.
    async fn learn(&mut self, blocks: &[Block], new: &[Vec<bool>], numbers: &[Vec<Number>]) -> Result<(), IngestError> {
        if self.resolver.is_alone() {
            return Ok(());
        }
        let mut unknown = Vec::new();
        for ((block, new), numbers) in blocks.iter().zip(new).zip(numbers) {
            for row in block.rows.iter().zip(new).filter(|(_, new)| **new).map(|(row, _)| row) {
                for number in &numbers[row.all_ids()] {
                    unknown.extend(self.resolver.needs(*number).map(|identifier| (identifier, *number)));
                }
            }
        }
        let mut profiles = BTreeSet::new();
        for asked in unknown.chunks(ASKED_MAX) {
            let identifiers: Vec<_> = asked.iter().map(|(identifier, _)| identifier.clone()).collect();
            let found = self.store.find_profiles(&identifiers).await.map_err(IngestError::Store)?;
            for (identifier, number) in asked {
                if let Some(profile) = found.get(identifier) {
                    self.resolver.learn(*number, *profile);
                    profiles.insert(*profile);
                }
            }
        }
        let profiles: Vec<_> = profiles.into_iter().filter(|profile| self.resolver.needs_held(*profile)).collect();
        for asked in profiles.chunks(ASKED_MAX) {
            for attachments in self.store.attachments(asked).await.map_err(IngestError::Store)? {
                self.resolver.learn_held(&attachments);
            }
        }
        Ok(())
    }

    /// Settles whom each new row is about.
    fn tell_facts<'b>(&mut self, block: &'b Block, new: &[bool], numbers: &[Number], members: &'b [Member<'b>], facts: &mut Vec<Told<'b>>) {
        let mut carried = Numbered::default();
        for (row, _) in block.rows.iter().zip(new).filter(|(_, new)| **new) {
            let IdPlaces { user, account, previous } = row.id_places();
            carried.user.clear();
            carried.user.extend_from_slice(&numbers[user]);
            carried.account.clear();
            carried.account.extend_from_slice(&numbers[account]);
            carried.previous = previous.map(|(as_user, as_anonymous)| (numbers[as_user], numbers[as_anonymous]));
            let profile = self.resolver.resolve(row.kind, &mut carried, row.when).expect("what identifies nobody was rejected when read");
            self.spoken_of.note(profile);
            facts.push(self.fact(block, row, profile, &members[row.said()]));
        }
    }

    fn fact<'b>(&mut self, block: &'b Block, row: &Row, profile: ProfileId, members: &'b [Member<'b>]) -> Told<'b> {
        let event = block.event_of(row);
        self.report.accepted += 1;
        self.report.zone_missing += u64::from(row.when.zone_missing);
        *self.report.messages.entry(row.kind).or_default() += 1;
        match event {
            Some(name) => {
                self.report.events += 1;
                self.report.count_event(name);
            }
            None => self.report.traits += 1,
        }
        let (occurred_at, received_at) = (row.when.occurred_at, row.when.received_at);
        let place = u32::try_from(row.line).unwrap_or(u32::MAX);
        let source_order = SourceOrder { batch: self.batch, place };
        Told { profile, occurred_at, received_at, message_key: row.key, source_order, event, members }
    }
}
