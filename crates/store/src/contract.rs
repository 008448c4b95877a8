//! The contract: what every store promises. `conformance` holds each backend to it.
//!
//! Every method is one transaction: it happens wholly or not at all. Moments are given by the caller; a store never asks
//! what time it is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use chrono::NaiveDate;
use model::{
    AccountLink, AsOf, AudienceKey, Collection, DestinationKey, Fingerprint, Identifier, IdentifierKind, LedgerChange, LedgerRow, LogName,
    Membership, MembershipDiff, ModelKey, Moment, People, ProfileId, PublicId, Reason, RemoteAudience, RunId, Segment, SegmentId,
    SyncStatus,
};

use crate::{
    Attachments, Crowd, Crowded, Erasure, ErasureRequest, ErasureState, Holdings, IdentityCounts, KeptOut, LeftAt, LinkedProfile, News,
    ObservedRow, PeopleMark, ProfileName, ProfileRecord, PublicMerge, RecordedRefusals, Refusals, RunRecord, StoreError, Suppression,
    SyncStart,
};

/// What ingest hands over when a batch is done: all of it or nothing becomes true.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Flush {
    /// New profiles: their numbers go on from [`Store::next_profile`] without gaps, ascending.
    pub profiles: Vec<NewProfile>,
    /// Identifiers that now belong to a profile, or were seen earlier than known (the earliest sighting is kept).
    pub identifiers: Vec<AttachedIdentifier>,
    /// Merges, in order: the loser's identifiers, and whoever was merged into it, follow to the winner. A profile that was
    /// merged before stands for its survivor; two that are one already do not merge again, nor count.
    pub merges: Vec<Merge>,
    /// Users that belong to accounts.
    pub links: Vec<AccountLink>,
    /// Segments already on disk, which become part of the lake now.
    pub segments: Vec<Segment>,
    /// How far the import that this batch belongs to has come.
    pub import: Option<ImportProgress>,
    /// What this batch says of the rows of a model.
    pub model: Option<ModelBatch>,
    /// What of the batch was not taken, each source, subject and reason once.
    pub refusals: Vec<Refusals>,
}

/// A part of a model's sync, true together with the facts it made.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelBatch {
    /// Which model.
    pub model: ModelKey,
    /// Which of its syncs, as [`Store::begin_model_sync`] numbered it.
    pub sync: u64,
    /// Rows that are new or say something new; their `seen` does not count.
    pub saved: Vec<ModelRow>,
    /// Keys of rows that say what they said.
    pub seen: Vec<String>,
    /// Keys of rows that are gone.
    pub deleted: Vec<String>,
    /// When the sync was done to its end; absent while rows are left.
    pub finished_at: Option<Moment>,
}

/// What was said of a row of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRow {
    /// Its primary key, as text.
    pub key: String,
    /// Tells whether it says something new; empty after [`Store::forget_model_checksums`].
    pub checksum: String,
    /// Whom it was about: a deleted row has nothing but its key.
    pub identifiers: Vec<Identifier>,
    /// The latest sync that met it.
    pub seen: u64,
}

/// How a model stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelState {
    /// Which.
    pub model: ModelKey,
    /// How many syncs were begun.
    pub syncs: u64,
    /// When one was done to its end last.
    pub synced_at: Option<Moment>,
    /// How many rows are known.
    pub rows: u64,
}

/// A profile that did not exist.
#[derive(Debug, Clone, PartialEq)]
pub struct NewProfile {
    /// Its number.
    pub profile: ProfileId,
    /// User or account.
    pub collection: Collection,
    /// When it was created here.
    pub created_at: Moment,
}

/// An identifier of a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct AttachedIdentifier {
    /// The identifier.
    pub identifier: Identifier,
    /// Whose.
    pub profile: ProfileId,
    /// The `occurred_at` of the message that carried it.
    pub first_seen_at: Moment,
    /// The `received_at` of the message that gave it to its profile; the first one told stays.
    pub attached_at: Moment,
}

/// Two profiles that are one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// Survives: created first, or the smaller number.
    pub winner: ProfileId,
    /// Lives on as an alias.
    pub loser: ProfileId,
    /// When it was found out.
    pub merged_at: Moment,
}

/// How far a file's import has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportProgress {
    /// SHA-256 of the file's bytes, hex: the same file again is recognised whatever its name.
    pub content: String,
    /// The source its messages belong to.
    pub source: String,
    /// Lines done, from the start of the file.
    pub lines: u64,
    /// Messages accepted so far.
    pub accepted: u64,
    /// Messages known already so far.
    pub duplicates: u64,
    /// Lines rejected so far.
    pub rejected: u64,
    /// When the last line was done; absent while lines are left.
    pub finished_at: Option<Moment>,
}

/// What a key is good for, and for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPurpose {
    /// Messages come in under it.
    Write,
    /// Profiles are asked for under it.
    Read,
}

/// A key under which messages may come in, or profiles be asked for, over HTTP. The key itself is kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteKey {
    /// SHA-256 of the key, hex.
    pub key_hash: String,
    /// The source its messages belong to, or the name of who reads.
    pub source: String,
    /// When it was made.
    pub created_at: Moment,
    /// Since when it is good no longer.
    pub revoked_at: Option<Moment>,
}

/// Why somebody runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// A tick of the schedule.
    Schedule,
    /// A person asked.
    Manual,
    /// A tick of a backfill.
    Backfill,
}

/// A run about to start.
#[derive(Debug, Clone, PartialEq)]
pub struct RunClaim {
    /// What all definitions mean.
    pub fingerprint: Fingerprint,
    /// The moment asked about.
    pub as_of: AsOf,
    /// Why.
    pub kind: RunKind,
    /// When it starts.
    pub started_at: Moment,
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Claimed {
    /// Go ahead under this name. Also given for a run that was claimed before and never recorded (its process died).
    Granted(RunId),
    /// A run of the same fingerprint and as-of was recorded already.
    AlreadyDone(RunSummary),
}

/// One recorded run.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RunSummary {
    /// Its name.
    pub run_id: RunId,
    /// The moment asked about.
    pub as_of: AsOf,
    /// Why it ran.
    pub kind: RunKind,
    /// What all definitions meant.
    pub fingerprint: Fingerprint,
    /// When it started.
    pub started_at: Moment,
    /// When it was recorded.
    pub recorded_at: Moment,
}

/// What is recorded of an audience: its latest membership.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedMembership {
    /// Who is in.
    pub members: Membership,
    /// As of when.
    pub as_of: AsOf,
    /// As of which run the audience was recorded first, of those that still stand.
    pub since: AsOf,
    /// By which run.
    pub run_id: RunId,
    /// What the definition meant then.
    pub fingerprint: Fingerprint,
}

/// What the guards of an audience know.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Guarded {
    /// The membership that was last allowed to be sent; none was yet when absent.
    pub allowed: Option<Membership>,
    /// What is held, while something is.
    pub held: Option<Hold>,
}

/// A change of a membership that waits for somebody to look at it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Hold {
    /// Why, in words.
    pub reason: String,
    /// Since when something of this audience has been held without a break.
    pub since: Moment,
}

/// A recorded change of one audience in one run, for one reason.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedChange {
    /// The run.
    pub run_id: RunId,
    /// Its as-of.
    pub as_of: AsOf,
    /// The audience.
    pub audience: AudienceKey,
    /// Why.
    pub reason: Reason,
    /// Who.
    pub diff: MembershipDiff,
}

/// What the latest recorded run had seen; the next run asks what came after.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The latest recorded run.
    pub run: RunSummary,
    /// The highest segment it saw.
    pub segments: Option<SegmentId>,
    /// How many merges it saw.
    pub merges: u64,
}

/// A destination waits to be brought in step with an audience.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingSync {
    /// Its number.
    pub sync_id: i64,
    /// The audience.
    pub audience: AudienceKey,
    /// The destination.
    pub destination: DestinationKey,
    /// The latest run that asked for it.
    pub run_id: RunId,
    /// Since when it has been pending.
    pub pending_since: Moment,
}

/// A profile's name and identifiers, merged profiles' included.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileIdentity {
    /// Its number (the survivor's).
    pub profile: ProfileId,
    /// Its name for the outside world.
    pub public_id: PublicId,
    /// In order of first sight, then kind, then value.
    pub identifiers: Vec<Identifier>,
}

/// Identities, segment manifest, memberships, runs, syncs and ledger.
#[async_trait]
pub trait Store: Send + Sync {
    /// The number the next new profile gets.
    async fn next_profile(&self) -> Result<ProfileId, StoreError>;
    /// Whose these identifiers are (survivors); unknown ones are left out.
    async fn find_profiles(&self, identifiers: &[Identifier]) -> Result<HashMap<Identifier, ProfileId>, StoreError>;
    /// Everybody, for evaluation.
    async fn people(&self) -> Result<People, StoreError>;
    /// All segments, and what became known of people since an earlier answer, as of one state of the store. Whoever applies
    /// the changes to the people of that answer has those that [`Store::people`] would give.
    async fn news(&self, since: Option<PeopleMark>) -> Result<News, StoreError>;
    /// Name and identifiers of these profiles, in the order asked. A merged one is answered with its survivor; a number never
    /// given is an error.
    async fn identities(&self, profiles: &[ProfileId]) -> Result<Vec<ProfileIdentity>, StoreError>;
    /// What these profiles have, each once. A merged one is answered with its survivor; a number never given is an error.
    async fn attachments(&self, profiles: &[ProfileId]) -> Result<Vec<Attachments>, StoreError>;
    /// How many profiles and identifiers there are.
    async fn identity_counts(&self) -> Result<IdentityCounts, StoreError>;
    /// The latest merges, newest first.
    async fn latest_merges(&self, limit: u32) -> Result<Vec<PublicMerge>, StoreError>;
    /// The profiles that have at least so many of something, the most crowded first.
    async fn crowded(&self, crowd: &Crowd, least: u32, limit: u32) -> Result<Vec<Crowded>, StoreError>;
    /// Adds what was not taken outside a flush, as a flush does within.
    async fn note_refusals(&self, refusals: &[Refusals]) -> Result<(), StoreError>;
    /// What was not taken, the latest first.
    async fn refusals(&self, limit: u32) -> Result<Vec<RecordedRefusals>, StoreError>;
    /// What identity knows of the profile of this name; nothing when there is none.
    async fn profile(&self, name: &ProfileName) -> Result<Option<ProfileRecord>, StoreError>;
    /// The accounts of a user, or the users of an account, by number from the one after `after` on, at most `limit`. `of` is what
    /// the profile is, which must be a survivor.
    async fn linked(
        &self,
        profile: ProfileId,
        of: Collection,
        after: Option<ProfileId>,
        limit: u32,
    ) -> Result<Vec<LinkedProfile>, StoreError>;
    /// The kinds of identifiers that anybody has, by name.
    async fn identifier_kinds(&self) -> Result<Vec<IdentifierKind>, StoreError>;
    /// Losers of the merges after the first `seen`, and how many merges there are in all.
    async fn merges_since(&self, seen: u64) -> Result<(Vec<Merge>, u64), StoreError>;

    /// Makes a flushed batch true. A segment path, once named, is never named again: doing the same flush twice is an error.
    async fn flush(&self, flush: &Flush) -> Result<(), StoreError>;
    /// All segments of the lake, by number.
    async fn segments(&self) -> Result<Vec<(SegmentId, Segment)>, StoreError>;
    /// The segments of one log that reach into the UTC days from `first` to `last` (both included), by number.
    async fn segments_of(&self, log: &LogName, first: NaiveDate, last: NaiveDate) -> Result<Vec<(SegmentId, Segment)>, StoreError>;
    /// The segments of events that reach into the time from `first` to `last` (both included), by number.
    async fn segments_between(&self, first: Moment, last: Moment) -> Result<Vec<(SegmentId, Segment)>, StoreError>;
    /// What was flushed so far, counted: by log, name, type and source. Merging segments changes nothing of it.
    async fn observed(&self) -> Result<Vec<ObservedRow>, StoreError>;
    /// Names `merged` instead of `sources`, whose rows it holds, under the highest of their numbers: what was seen before is
    /// seen after. Refused when one of them is not named (any more), or they are not all of its log, or not as many rows.
    /// Their paths are never named again.
    async fn replace_segments(&self, sources: &[SegmentId], merged: &Segment) -> Result<SegmentId, StoreError>;
    /// The highest segments that runs had seen which something is still compared with: the latest run, and those that recorded
    /// the present memberships.
    async fn segments_seen(&self) -> Result<BTreeSet<SegmentId>, StoreError>;
    /// How far the import of a file with this content has come.
    async fn import(&self, content: &str) -> Result<Option<ImportProgress>, StoreError>;

    /// Forgets files that nobody will import again.
    async fn forget_imports(&self, contents: &[String]) -> Result<(), StoreError>;

    /// Begins a sync of a model: its number, higher than that of any before, however they ended.
    async fn begin_model_sync(&self, model: &ModelKey) -> Result<u64, StoreError>;
    /// The models that a sync was begun of, by name.
    async fn models(&self) -> Result<Vec<ModelState>, StoreError>;
    /// What was said of these rows; unknown ones are left out.
    async fn model_rows(&self, model: &ModelKey, keys: &[String]) -> Result<Vec<ModelRow>, StoreError>;
    /// Rows that this sync did not meet, by key, at most `limit`.
    async fn unseen_model_rows(&self, model: &ModelKey, sync: u64, limit: u32) -> Result<Vec<ModelRow>, StoreError>;
    /// Forgets what the rows of a model said, though not whom they were about: the next sync says all of it again.
    async fn forget_model_checksums(&self, model: &ModelKey) -> Result<(), StoreError>;
    /// Rows of models that name one of these identifiers, by model and key.
    async fn model_rows_about(&self, identifiers: &[Identifier]) -> Result<Vec<(ModelKey, ModelRow)>, StoreError>;
    /// Keeps a new key. The same one twice is an error, whatever it is good for.
    async fn add_write_key(&self, purpose: KeyPurpose, key: &WriteKey) -> Result<(), StoreError>;
    /// All keys of a purpose, revoked ones too, by source and then by age.
    async fn write_keys(&self, purpose: KeyPurpose) -> Result<Vec<WriteKey>, StoreError>;
    /// Revokes keys of a purpose by their hashes. One that is revoked already stays so since then; an unknown one is an error.
    async fn revoke_write_keys(&self, purpose: KeyPurpose, key_hashes: &[String], at: Moment) -> Result<(), StoreError>;

    /// Takes (or renews, for the same holder) a lease until `until` (not included), if nobody else holds it at `now`. `false`:
    /// somebody does.
    async fn lease(&self, name: &str, holder: &str, now: Moment, until: Moment) -> Result<bool, StoreError>;
    /// Gives a lease back; nothing happens when it is not held by `holder`.
    async fn release(&self, name: &str, holder: &str) -> Result<(), StoreError>;

    /// Claims runs, each of another pair of fingerprint and as-of; the answers are in the order asked.
    async fn claim_runs(&self, claims: &[RunClaim]) -> Result<Vec<Claimed>, StoreError>;
    /// Claims a run.
    async fn claim_run(&self, claim: &RunClaim) -> Result<Claimed, StoreError> {
        let claimed = self.claim_runs(std::slice::from_ref(claim)).await?;
        claimed.into_iter().next().ok_or(StoreError::Corrupt { what: "the answer to a claim", source: None })
    }
    /// The recorded run of this fingerprint and as-of, if there is one.
    async fn recorded_run(&self, fingerprint: &Fingerprint, as_of: AsOf) -> Result<Option<RunSummary>, StoreError>;
    /// Forgets every run as of `from` or later, claims and changes included, and makes `memberships` the latest ones.
    /// What destinations hold (remote audiences, ledger, statuses) stays, and so does what is pending. A membership may name
    /// a run that is forgotten: nothing is known of that run any more, and it is not claimed again.
    async fn rewind(&self, from: AsOf, memberships: &BTreeMap<AudienceKey, RecordedMembership>) -> Result<(), StoreError>;
    /// Records claimed runs, one after the other and all or none: the changes, pending syncs and lives of each, the memberships
    /// as they are after the last. Recording one twice is an error, and so is recording one when a run of a later as-of is
    /// recorded: whoever lost the writer's lease on the way writes nothing.
    async fn record_runs(&self, records: &[RunRecord]) -> Result<(), StoreError>;
    /// Records a claimed run.
    async fn record_run(&self, record: &RunRecord) -> Result<(), StoreError> {
        self.record_runs(std::slice::from_ref(record)).await
    }
    /// What a recorded run had seen; nothing when it was never recorded or is forgotten.
    async fn seen_by(&self, run_id: &RunId) -> Result<Option<Seen>, StoreError>;
    /// The latest recorded run (by order of recording) and what it had seen.
    async fn seen(&self) -> Result<Option<Seen>, StoreError>;
    /// The latest recorded runs, newest first.
    async fn runs(&self, limit: u32) -> Result<Vec<RunSummary>, StoreError>;
    /// Latest memberships of all audiences ever recorded.
    async fn memberships(&self) -> Result<BTreeMap<AudienceKey, RecordedMembership>, StoreError>;
    /// Changes of one audience (or of all) in runs with an as-of in `first..=last`, by order of recording: that is how they
    /// add up. Within a run by audience and reason, moves first.
    async fn changes(&self, audience: Option<&AudienceKey>, first: AsOf, last: AsOf) -> Result<Vec<RecordedChange>, StoreError>;

    /// The retired audiences, and when the run was recorded that retired them. Rewinding brings none back.
    async fn retired_audiences(&self) -> Result<BTreeMap<AudienceKey, Moment>, StoreError>;
    /// Every audience of which something is kept: a recorded membership, a counterpart at a destination, a ledger.
    async fn known_audiences(&self) -> Result<BTreeSet<AudienceKey>, StoreError>;
    /// Where people are, or may be: the pairs whose ledger holds a row that was not refused.
    async fn sent_pairs(&self) -> Result<BTreeSet<(AudienceKey, DestinationKey)>, StoreError>;
    /// What the guards know of each audience that was ever allowed or held.
    async fn guards(&self) -> Result<BTreeMap<AudienceKey, Guarded>, StoreError>;
    /// This membership may be sent: it is what guards compare with from now on, and nothing is held any more.
    async fn allow_membership(&self, audience: &AudienceKey, members: &Membership, at: Moment) -> Result<(), StoreError>;
    /// Holds an audience. Held already: the reason is the new one, `since` stays.
    async fn hold_membership(&self, audience: &AudienceKey, hold: &Hold) -> Result<(), StoreError>;
    /// Who is held back from syncs that start with new members only; a pair that never began so is missing.
    async fn sync_starts(&self) -> Result<Vec<SyncStart>, StoreError>;
    /// Notes who is held back outside a run, as `record_run` does within one.
    async fn save_sync_starts(&self, starts: &[SyncStart]) -> Result<(), StoreError>;

    /// Asks for syncs outside a run, as `record_run` does within one.
    async fn request_syncs(&self, run_id: &RunId, pairs: &[(AudienceKey, DestinationKey)], at: Moment) -> Result<(), StoreError>;
    /// What is pending, oldest first.
    async fn pending_syncs(&self) -> Result<Vec<PendingSync>, StoreError>;
    /// Notes how a sync went. `Sent`, `SentBelowMinimum` and `BelowMinimum` settle it (unless it was asked for again
    /// meanwhile); `Held` and `Failed` leave it pending.
    async fn settle_sync(&self, sync: &PendingSync, status: &SyncStatus) -> Result<(), StoreError>;
    /// The latest status of every audience at every destination.
    async fn sync_statuses(&self) -> Result<Vec<SyncStatus>, StoreError>;

    /// The audience's counterpart at a destination.
    async fn remote_audience(&self, audience: &AudienceKey, destination: &DestinationKey) -> Result<Option<RemoteAudience>, StoreError>;
    /// Remembers it.
    async fn save_remote_audience(
        &self,
        audience: &AudienceKey,
        destination: &DestinationKey,
        remote: &RemoteAudience,
    ) -> Result<(), StoreError>;
    /// Every ledger row of an audience at a destination, in order of profile, schema and cells.
    async fn ledger(&self, audience: &AudienceKey, destination: &DestinationKey) -> Result<Vec<LedgerRow>, StoreError>;
    /// Changes the ledger.
    async fn change_ledger(&self, audience: &AudienceKey, destination: &DestinationKey, change: &LedgerChange) -> Result<(), StoreError>;
    /// The ledger rows of these profiles at a destination, whatever the audience.
    async fn ledger_of(&self, destination: &DestinationKey, profiles: &[ProfileId]) -> Result<Vec<(AudienceKey, LedgerRow)>, StoreError>;
    /// The ledger rows of these profiles, wherever they were sent.
    async fn ledger_of_people(&self, profiles: &[ProfileId]) -> Result<Vec<(AudienceKey, DestinationKey, LedgerRow)>, StoreError>;
    /// Until when a subject of limits, such as an ad account, is to be left in peace, while it is.
    async fn not_before(&self, subject: &str) -> Result<Option<Moment>, StoreError>;
    /// Sets or clears it.
    async fn set_not_before(&self, subject: &str, until: Option<Moment>) -> Result<(), StoreError>;
    /// The suppressed identifiers, oldest first.
    async fn suppressions(&self) -> Result<Vec<Suppression>, StoreError>;
    /// Keeps out people with these keyed hashes of identifiers. Doing it twice changes nothing.
    async fn suppress(&self, digests: &[String], profile: Option<ProfileId>, at: Moment) -> Result<(), StoreError>;
    /// Lets them in again, with all identifiers that an erasure knows to be the same person's: how many were suppressed.
    async fn unsuppress(&self, digests: &[String]) -> Result<u64, StoreError>;
    /// Whose messages are refused; nothing when that list is the one that is `known` by its version.
    async fn kept_out(&self, known: Option<u64>) -> Result<Option<KeptOut>, StoreError>;
    /// The profiles that no audience may hold: suppressed, or being erased. Numbers as they were then.
    async fn profiles_kept_out(&self) -> Result<BTreeSet<ProfileId>, StoreError>;

    /// Notes that somebody is to be erased; from now on everything said of them is refused.
    async fn request_erasure(&self, request: &ErasureRequest) -> Result<(), StoreError>;
    /// Notes more profiles and identifiers of the person: destinations have to be asked again.
    async fn extend_erasure(&self, erasure_id: &str, profiles: &[ProfileId], digests: &[String]) -> Result<(), StoreError>;
    /// The latest erasures, newest first.
    async fn erasures(&self, limit: u32) -> Result<Vec<Erasure>, StoreError>;
    /// The erasures that are not finished, oldest first.
    async fn unfinished_erasures(&self) -> Result<Vec<Erasure>, StoreError>;
    /// One of them.
    async fn erasure(&self, erasure_id: &str) -> Result<Option<Erasure>, StoreError>;
    /// Notes how destinations let the person go, and how far the erasure is by that. Of rows the most that were ever found count.
    async fn note_left(&self, erasure_id: &str, left: &[LeftAt], state: ErasureState) -> Result<(), StoreError>;
    /// Takes the erasure's profiles out of every membership and change, and of what guards and starts of syncs remember. Only
    /// the writer may.
    async fn erase_members(&self, erasure_id: &str) -> Result<(), StoreError>;
    /// Names what is left of a segment instead of it, under its number. Refused when it is not in the lake any more.
    async fn rewrite_segment(&self, erasure_id: &str, before: (SegmentId, &Segment), rest: Option<&Segment>) -> Result<(), StoreError>;
    /// Forgets identifiers, links, ledger rows and rows of models of the erasure's profiles, and gives each another public id.
    /// What happened until `at` and carries one of these keyed hashes stays refused.
    async fn erase_person(&self, erasure_id: &str, digests: &[String], at: Moment) -> Result<(), StoreError>;
    /// Notes that nothing is left anywhere.
    async fn finish_erasure(&self, erasure_id: &str, damaged_files: u64, at: Moment) -> Result<(), StoreError>;
    /// What is held of these profiles beside identifiers and memberships.
    async fn holdings(&self, profiles: &[ProfileId]) -> Result<Holdings, StoreError>;
    /// Leaves nothing of what was deleted in free places, as far as the database lets us. No transaction, and not quick.
    async fn scrub(&self) -> Result<(), StoreError>;
    /// What keyed hashes are made with: 64 hexadecimal digits, made once.
    async fn hash_key(&self) -> Result<String, StoreError>;
    /// What tells this store from every other one: twelve hexadecimal digits, made once.
    async fn workspace_id(&self) -> Result<String, StoreError>;
}
