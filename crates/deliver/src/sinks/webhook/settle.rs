//! One sync, read aloud: who should be there, who was told, the minimum, exits, then entries.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{LedgerChange, LedgerRow, LedgerState, Moment, RemoteAudience, SyncState};

use super::client::Client;
use super::message::{Details, SCHEMA, Transition, entry, message};
use super::options::Options;
use super::send::{Line, Suspect};
use super::verdict::Failure;
use crate::dispatch::{Stop, Verdict};
use crate::roster::{Entry, Exits, Plan, Telling, Told};
use crate::{Context, LedgerError, Pacing, SyncJob, SyncOutcome};

/// People looked at before other work gets a turn.
const PEOPLE_AT_A_TIME: usize = 500;
const HALVING_CALLS_MAX: u32 = 30;
/// How long a receiver is left alone that limits the calls and does not say for how long.
const PEACE: Duration = Duration::from_mins(1);
/// Two messages about one person have moments that a timestamp tells apart.
const TICK_MICROS: i64 = 1_000;

/// What has happened so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) added: u64,
    pub(super) removed: u64,
    pub(super) rejected: BTreeMap<String, u64>,
    /// What a person should know although the sync went on.
    pub(super) notes: Vec<String>,
    /// Messages that stay pending although the sync came to its end.
    pub(super) left: u64,
    pub(super) calls: u64,
}

/// One sync under way.
pub(super) struct Settling<'a> {
    pub(super) options: &'a Options,
    pub(super) job: &'a SyncJob,
    pub(super) context: &'a Context<'a>,
    pub(super) client: &'a Client,
    pub(super) pacing: Pacing,
    pub(super) tally: Tally,
    /// Messages in one call; fewer after a call was too large.
    pub(super) batch: usize,
    /// Calls that may still go into finding bad messages.
    pub(super) halving_calls: u32,
    pub(super) suspects: Vec<Suspect>,
    /// Whether the receiver took anything in this sync.
    pub(super) has_been_taken: bool,
    /// Tells what is begun now from everything begun before.
    session_id: i64,
}

impl<'a> Settling<'a> {
    pub(super) fn new(options: &'a Options, job: &'a SyncJob, context: &'a Context<'a>, client: &'a Client, pacing: Pacing) -> Self {
        Self {
            options,
            job,
            context,
            client,
            pacing,
            tally: Tally::default(),
            batch: options.batch,
            halving_calls: HALVING_CALLS_MAX,
            suspects: Vec::new(),
            has_been_taken: false,
            session_id: rand::random_range(1..=i64::MAX),
        }
    }

    /// Brings the receiver in step, and says how it went.
    pub(super) async fn run(mut self) -> Result<SyncOutcome, LedgerError> {
        let (state, words) = match self.bring_in_step().await {
            Ok(state) => (state, None),
            Err(Stop::Halt(state, words)) => (state, Some(words)),
            Err(Stop::Ledger(error)) => return Err(error),
        };
        let said: Vec<String> = words.into_iter().chain(self.tally.notes).collect();
        Ok(SyncOutcome {
            state,
            message: (!said.is_empty()).then(|| said.join("; ")),
            sendable: self.job.people.len() as u64,
            rows_added: self.tally.added,
            rows_removed: self.tally.removed,
            rejected: self.tally.rejected,
            emptied: BTreeMap::new(),
            remote: BTreeMap::new(),
            calls: self.tally.calls,
        })
    }

    async fn bring_in_step(&mut self) -> Result<SyncState, Stop> {
        self.keep_the_peace().await?;
        let (ledger, audience, destination) = (self.context.ledger, &self.job.audience, self.context.destination);
        let is_below_minimum = (self.job.people.len() as u64) < self.options.minimum_size;
        if ledger.remote_audience(audience, destination).await?.is_none() {
            if is_below_minimum {
                let (people, minimum) = (self.job.people.len(), self.options.minimum_size);
                let words = format!("below minimum: {people} of {minimum} people; held until there are enough");
                return Err(Stop::Halt(SyncState::BelowMinimum, words));
            }
            let begun = RemoteAudience::new(audience.to_string(), self.job.title.clone());
            ledger.save_remote_audience(audience, destination, &begun).await?;
        }
        let entries = self.entries().await;
        let rows = ledger.rows(audience, destination).await?;
        let plan = SCHEMA.plan(&entries, rows, &Exits::of(self.job));
        let plan = plan.map_err(|unreadable| Stop::Halt(SyncState::Failed, unreadable.to_string()))?;
        self.carry_out(&entries, plan).await?;
        Ok(match (self.tally.left, is_below_minimum) {
            (0, false) => SyncState::Sent,
            (0, true) => SyncState::SentBelowMinimum,
            _ => SyncState::Held,
        })
    }

    /// Exits first, then entries: who is known by an id that somebody else had is not sent away by their exit.
    async fn carry_out(&mut self, entries: &[Entry], plan: Plan) -> Result<(), Stop> {
        for refused in plan.refused {
            *self.tally.rejected.entry(refused.reason.unwrap_or_default()).or_default() += 1;
        }
        self.change_ledger(&LedgerChange { upsert: Vec::new(), delete: plan.forget }).await?;
        for exits in plan.exits.chunks(self.options.batch) {
            let lines: Vec<Line> = exits.iter().map(|told| self.exit(told)).collect();
            self.deliver(&lines).await?;
        }
        for tellings in plan.tellings.chunks(self.options.batch) {
            let lines: Vec<Line> = tellings.iter().map(|telling| self.telling(entries, telling)).collect();
            self.deliver(&lines).await?;
        }
        match self.suspects.first() {
            Some(suspect) if !self.has_been_taken => {
                let failure = Failure::new(Verdict::Data, suspect.reason.clone());
                Err(self.halt(failure).await?)
            }
            _ => self.record_refused().await,
        }
    }

    fn exit(&self, told: &Told) -> Line {
        let begun = (told.row.state == LedgerState::PendingRemove).then(|| told.row.clone());
        let pending = begun.unwrap_or_else(|| LedgerRow {
            state: LedgerState::PendingRemove,
            session_id: Some(self.session_id),
            reason: None,
            // Never before the entry it ends, whatever became of the clock.
            updated_at: self.now().max(told.row.updated_at.plus_micros(TICK_MICROS)),
            ..told.row.clone()
        });
        let message = self.message(Transition::Exited, &pending, &told.cells, None);
        Line { pending, replaces: Vec::new(), message }
    }

    fn telling(&self, entries: &[Entry], telling: &Telling) -> Line {
        let entry = &entries[telling.index];
        let latest = telling.replaces.iter().map(|told| told.row.updated_at.plus_micros(TICK_MICROS)).max();
        let at = latest.map_or(self.now(), |latest| latest.max(self.now()));
        let begun = telling.begun.clone();
        let pending = begun.unwrap_or_else(|| SCHEMA.row(entry, LedgerState::PendingAdd, self.session_id, at));
        let transition = if telling.is_change { Transition::Changed } else { Transition::Entered };
        let details = Details::of(&self.job.people[telling.index], self.job);
        let message = self.message(transition, &pending, &entry.cells, Some(&details));
        Line { pending, replaces: telling.replaces.iter().map(|told| told.row.clone()).collect(), message }
    }

    fn message(&self, transition: Transition, row: &LedgerRow, cells: &[String], details: Option<&Details>) -> serde_json::Value {
        message((self.options.call, transition), (self.job, self.context), (row, cells), details)
    }

    /// Everybody as the ledger will know them. Other work gets a turn now and then: a million people take seconds.
    async fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(self.job.people.len());
        for people in self.job.people.chunks(PEOPLE_AT_A_TIME) {
            entries.extend(people.iter().map(|person| entry(person, &Details::of(person, self.job))));
            tokio::task::yield_now().await;
        }
        entries
    }

    pub(super) fn now(&self) -> Moment {
        (self.context.clock)()
    }

    pub(super) async fn change_ledger(&self, change: &LedgerChange) -> Result<(), Stop> {
        if change.upsert.is_empty() && change.delete.is_empty() {
            return Ok(());
        }
        Ok(self.context.ledger.change(&self.job.audience, self.context.destination, change).await?)
    }

    /// What the receiver's limits are about: this destination alone.
    fn limits(&self) -> String {
        format!("{} {}", super::KIND, self.context.destination)
    }

    /// Nothing is sent while the receiver has asked to be left alone.
    async fn keep_the_peace(&self) -> Result<(), Stop> {
        let (ledger, subject) = (self.context.ledger, self.limits());
        let Some(until) = ledger.not_before(&subject).await? else { return Ok(()) };
        if self.now() < until {
            return Err(Stop::Halt(SyncState::Held, format!("the receiver asked to wait; nothing is sent until {until}")));
        }
        Ok(ledger.set_not_before(&subject, None).await?)
    }

    /// What follows from a failure that ends the sync. A limit is remembered, so that not even a restart asks too early.
    pub(super) async fn halt(&self, failure: Failure) -> Result<Stop, Stop> {
        let (words, what) = (failure.words(), &failure.what);
        Ok(match failure.verdict {
            Verdict::Throttle => {
                let wait = failure.wait.unwrap_or(PEACE).max(Duration::from_secs(1));
                let until = self.now().plus_micros(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX));
                self.context.ledger.set_not_before(&self.limits(), Some(until)).await?;
                Stop::Halt(SyncState::Held, format!("{words}; nothing is sent until {until} ({what})"))
            }
            Verdict::Retry | Verdict::Defer => Stop::Halt(SyncState::Held, format!("{words} ({what})")),
            Verdict::Auth | Verdict::Config | Verdict::Data => Stop::Halt(SyncState::Failed, format!("{words} ({what})")),
        })
    }
}
