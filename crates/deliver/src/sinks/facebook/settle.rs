//! One sync, read aloud: who should be there, what is there, the minimum, the audience, removals, adds.

use std::collections::{BTreeMap, HashSet};

use chrono::Datelike as _;
use definitions::OnExit;
use model::{LedgerChange, LedgerState, RemoteAudience, SyncState};

use super::key::Key;
use super::normalize::Emptied;
use super::options::BelowMinimum;
use super::people::{Desired, INSUFFICIENT, RowRules};
use super::plan::{self, Exits, Plan};
use super::remote::Found;
use super::replace::Replaced;
use super::settling::Settling;
use super::standing;
use super::strategy::{self, Outlook, Way};
use super::upload::{Line, Offered, Operation};
use crate::dispatch::Stop;
use crate::{LedgerError, SyncOutcome};

/// People whose rows are made before other work gets a turn.
const PEOPLE_AT_A_TIME: usize = 500;

impl Settling<'_> {
    /// Brings Facebook in step, and says how it went.
    pub(super) async fn run(mut self) -> Result<SyncOutcome, LedgerError> {
        let desired = match self.desired().await {
            Ok(desired) => desired,
            Err(words) => return Ok(self.outcome(SyncState::Failed, Some(words), 0, BTreeMap::new())),
        };
        let sendable = desired.sendable;
        let emptied = desired.emptied.clone();
        if desired.insufficient > 0 {
            self.tally.rejected.insert(INSUFFICIENT.to_owned(), desired.insufficient);
        }
        let (state, words) = match self.bring_in_step(desired).await {
            Ok(state) => (state, None),
            Err(Stop::Halt(state, words)) => (state, Some(words)),
            Err(Stop::Ledger(error)) => return Err(error),
        };
        Ok(self.outcome(state, words, sendable, emptied))
    }

    async fn bring_in_step(&mut self, desired: Desired) -> Result<SyncState, Stop> {
        let (ledger, audience, destination) = (self.context.ledger, &self.job.audience, self.context.destination);
        self.check_pause().await?;
        let name = self.options.audience_name(&self.job.title).map_err(|words| Stop::Halt(SyncState::Failed, words))?;
        let known = ledger.remote_audience(audience, destination).await?;
        let sendable = desired.sendable;
        if known.is_none() {
            self.check_minimum(sendable)?;
        }
        let mut rows = ledger.rows(audience, destination).await?;
        let Found { mut remote, status } = self.remote(known, (&name, sendable), &mut rows).await?;
        self.end_replace(&mut remote, &mut rows, status).await?;
        let has_pending = plan::has_pending(&rows);
        if remote.doubt.is_some() {
            // What the ledger says is there may not be: it is sent again.
            rows.iter_mut().filter(|row| row.state == LedgerState::Added).for_each(|row| row.state = LedgerState::PendingAdd);
        }
        let members: HashSet<_> = self.job.people.iter().map(|person| person.profile).chain(self.job.former.iter().copied()).collect();
        let exits = match self.job.on_exit {
            OnExit::Remove => Exits::Removed,
            OnExit::Keep => Exits::Kept { members: &members },
        };
        let plan = plan::plan(desired.rows, rows, exits).map_err(|unreadable| Stop::Halt(SyncState::Failed, unreadable.to_string()))?;
        let sent = self.send_plan(&mut remote, plan, status, has_pending).await;
        if self.has_written {
            remote.written_at = Some(self.now());
            self.save_remote(&remote).await?;
        }
        sent?;
        self.throttles.store(0, std::sync::atomic::Ordering::Relaxed);
        Ok(self.end_state(sendable))
    }

    /// Sends what the plan says, one way or the other. Afterwards nothing about the audience is in doubt.
    async fn send_plan(&mut self, remote: &mut RemoteAudience, mut plan: Plan, status: Option<i64>, has_pending: bool) -> Result<(), Stop> {
        let outlook = self.outlook(remote, &plan, status, has_pending);
        let way = if self.options.claims.keep_others { Way::Diff } else { self.options.preference.way(outlook) };
        if way == Way::Replace
            && remote.doubt.is_none()
            && let Some(until) = strategy::waits_until(self.options.replace_every_micros, remote.written_at, self.now())
        {
            return Err(Stop::Halt(SyncState::Pending, format!("the audience is replaced as a whole, next after {until}")));
        }
        if plan.changes() > 0 || remote.doubt.is_some() {
            // Before the first write: a change that is later than this and not ours is somebody else's.
            remote.written_at = remote.written_at.max(Some(self.now()));
            self.save_remote(remote).await?;
        }
        let doubted = remote.doubt.is_some() && !matches!(status, None | Some(standing::UNFILLED));
        self.note_refused(&plan);
        let is_replaced = way == Way::Replace && self.replace(remote, &plan).await? == Replaced::Done;
        if !is_replaced {
            if way == Way::Replace {
                // It was begun in the ledger, where every row waits for an answer now.
                plan.adds.append(&mut plan.kept);
            }
            self.carry_out(&remote.remote_id, plan).await?;
            if doubted && !self.options.claims.keep_others {
                self.tally.notes.push("every member was sent again; whoever else is in the audience stays".to_owned());
            }
        }
        if remote.doubt.take().is_some() {
            remote.drifted_at = None;
            self.save_remote(remote).await?;
        }
        Ok(())
    }

    fn outlook(&self, remote: &RemoteAudience, plan: &Plan, status: Option<i64>, has_pending: bool) -> Outlook {
        let rows = || plan.kept.iter().chain(&plan.adds);
        Outlook {
            status,
            is_doubted: remote.doubt.is_some(),
            has_pending,
            wanted: rows().count(),
            changed: plan.changes(),
            one_schema: rows().all(|row| row.has(Key::ExternId)) || !rows().any(|row| row.has(Key::ExternId)),
            rows_max: self.rows_max,
        }
    }

    /// Whether there are enough people to begin with. An audience of nobody is never begun.
    pub(super) fn check_minimum(&self, sendable: u64) -> Result<(), Stop> {
        let minimum = self.options.minimum_size.max(1);
        let is_held_back = match self.options.below_minimum {
            BelowMinimum::Hold => sendable < minimum,
            BelowMinimum::Send => sendable == 0,
        };
        if !is_held_back {
            return Ok(());
        }
        let words = format!("below minimum: {sendable} of {minimum} sendable people; held until there are enough");
        Err(Stop::Halt(SyncState::BelowMinimum, words))
    }

    /// Removals first and finished, then adds: a removal after an add would undo it where they share a cell.
    async fn carry_out(&mut self, remote_id: &str, plan: Plan) -> Result<(), Stop> {
        let now = self.now();
        let covered: Vec<_> = plan.covered.iter().map(|row| row.to_ledger(LedgerState::Added, None, now)).collect();
        self.tally.removed += covered.len() as u64;
        let delete = plan.forget.into_iter().chain(covered).collect();
        let renewed = plan.renewed.iter().map(|row| row.to_ledger(LedgerState::PendingAdd, None, now));
        let entangled = plan.entangled.iter().map(|row| row.to_ledger(LedgerState::PendingRemove, None, now));
        // A covered row goes only together with the row that covers it: should that one never be sent, its removal still is.
        let cells: HashSet<_> = plan.covered.iter().flat_map(|row| row.cells.iter()).filter(|(key, _)| key.is_strong()).collect();
        let covering = plan.adds.iter().filter(|row| row.cells.iter().any(|cell| cells.contains(cell)));
        let covering = covering.map(|row| row.to_ledger(LedgerState::PendingAdd, None, now));
        let upsert = renewed.chain(entangled).chain(covering).collect();
        self.change_ledger(&LedgerChange { upsert, delete }).await?;

        let removals = plan.removals.into_iter().map(|removal| Line { row: removal.row, sent: removal.sent }).collect();
        if self.upload(remote_id, Operation::Remove, removals).await? == Offered::Deferred {
            tracing::info!(audience = %self.job.audience, "facebook defers removals; adds go on");
        }
        let adds = plan.adds.into_iter().map(|row| Line { sent: row.clone(), row }).collect();
        self.upload(remote_id, Operation::Add, adds).await?;
        Ok(())
    }

    /// Counts the rows that Facebook refused before and that are not sent again.
    fn note_refused(&mut self, plan: &Plan) {
        for refused in &plan.refused {
            let reason = refused.reason.clone().unwrap_or_else(|| "refused".to_owned());
            *self.tally.rejected.entry(reason).or_default() += 1;
        }
    }

    /// Everybody's rows. Other work gets a turn now and then: a million people take seconds.
    async fn desired(&self) -> Result<Desired, String> {
        let cannot = |word: &str| format!("cannot match on `{word}`");
        let keys = self.options.match_keys(&self.job.match_on).map_err(cannot)?;
        let fields = self.job.fields.iter().map(|(word, field)| Key::from_word(word).map(|key| (key, field.clone())).ok_or(word.as_str()));
        let fields: Result<BTreeMap<Key, String>, &str> = fields.collect();
        let rules = RowRules {
            keys,
            fields: fields.map_err(cannot)?,
            formatting: self.options.formatting,
            limited: self.options.limited_data_use.clone(),
            extern_id_suffices: self.job.match_on.iter().any(|word| Key::from_word(word) == Some(Key::ExternId)),
            default_country: self.options.default_country.clone(),
            city_style: self.options.city_style,
            year_max: self.now().to_utc().year(),
            value: self.job.value.clone(),
        };
        let mut desired = Desired::default();
        for people in self.job.people.chunks(PEOPLE_AT_A_TIME) {
            for person in people {
                desired.add(person, &rules);
            }
            tokio::task::yield_now().await;
        }
        Ok(desired)
    }

    fn outcome(self, state: SyncState, words: Option<String>, sendable: u64, emptied: BTreeMap<(Key, Emptied), u64>) -> SyncOutcome {
        let mut said: Vec<String> = words.into_iter().collect();
        if state == SyncState::SentBelowMinimum {
            said.push(format!("below minimum: {sendable} of {}; kept in step, too few for ads", self.options.minimum_size));
        }
        for note in self.tally.notes {
            if !said.contains(&note) {
                said.push(note);
            }
        }
        let emptied =
            emptied.into_iter().map(|((key, reason), count)| ((key.name().to_owned(), reason.as_str().to_owned()), count)).collect();
        SyncOutcome {
            state,
            message: (!said.is_empty()).then(|| said.join("; ")),
            sendable,
            rows_added: self.tally.added,
            rows_removed: self.tally.removed,
            rejected: self.tally.rejected,
            emptied,
            remote: self.facts,
            calls: self.talk.calls,
        }
    }
}
