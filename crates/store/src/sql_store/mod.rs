//! The store over SQL: each method opens one transaction and hands it to the module of its subject.

mod erased_members;
mod erasures;
mod flush;
mod identities;
mod imports;
mod leases;
mod ledger;
mod lives;
mod merging;
mod models;
mod news;
mod observed;
mod overview;
mod profiles;
mod recording;
mod runs;
mod scrub;
mod segments;
mod suppressions;
mod syncs;
mod write_keys;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use chrono::NaiveDate;
use model::{
    AsOf, AudienceKey, Collection, DestinationKey, Fingerprint, Identifier, IdentifierKind, LedgerChange, LedgerRow, LogName, Membership,
    ModelKey, Moment, People, ProfileId, RemoteAudience, RunId, Segment, SegmentId, SyncStatus,
};
use sqlx::AnyPool;
use sqlx::migrate::Migrator;

use crate::work::Work;
use crate::{
    Attachments, Claimed, Crowd, Crowded, Erasure, ErasureRequest, ErasureState, Flush, Guarded, Hold, Holdings, IdentityCounts,
    ImportProgress, KeptOut, KeyPurpose, LeftAt, LinkedProfile, Merge, ModelRow, ModelState, News, ObservedRow, PendingSync, PeopleMark,
    ProfileIdentity, ProfileName, ProfileRecord, PublicMerge, RecordedChange, RecordedMembership, RecordedRefusals, Refusals, RunClaim,
    RunRecord, RunSummary, Seen, Store, StoreError, Suppression, SyncStart, WriteKey, migrations,
};

/// What differs between databases.
pub(crate) struct Backend {
    /// Its tables.
    pub(crate) migrations: fn() -> Migrator,
    /// Whether migrations need a transaction around them to keep two processes apart.
    pub(crate) migrate_in_transaction: bool,
    /// What each connection begins with.
    pub(crate) session: &'static str,
    /// How a transaction begins that reads one state of the store.
    pub(crate) begin_read: &'static str,
    /// How a transaction begins that writes.
    pub(crate) begin_write: &'static str,
    /// What leaves nothing of deleted rows behind, outside of transactions.
    pub(crate) scrub: &'static str,
}

impl Backend {
    pub(crate) const SQLITE: Self = Self {
        migrations: migrations::sqlite,
        migrate_in_transaction: true,
        session: include_str!("../../../../sql/sqlite/queries/session.sql"),
        begin_read: include_str!("../../../../sql/sqlite/queries/begin_read.sql"),
        begin_write: include_str!("../../../../sql/sqlite/queries/begin_write.sql"),
        scrub: include_str!("../../../../sql/sqlite/queries/scrub.sql"),
    };
    pub(crate) const POSTGRES: Self = Self {
        migrations: migrations::postgres,
        migrate_in_transaction: false,
        session: include_str!("../../../../sql/postgres/queries/session.sql"),
        begin_read: include_str!("../../../../sql/postgres/queries/begin_read.sql"),
        begin_write: include_str!("../../../../sql/postgres/queries/begin_write.sql"),
        scrub: include_str!("../../../../sql/postgres/queries/scrub.sql"),
    };
}

/// A store in a SQL database.
pub(crate) struct SqlStore {
    pub(crate) pool: AnyPool,
    /// Connections that write. SQLite has one writer at a time; a connection of its own keeps the pages it wrote at hand, which
    /// others would read again.
    pub(crate) writers: AnyPool,
    pub(crate) backend: &'static Backend,
    /// Where it is, for messages.
    pub(crate) at: String,
}

impl SqlStore {
    pub(crate) async fn read(&self, doing: &'static str) -> Result<Work<'_>, StoreError> {
        self.begin(&self.pool, doing, self.backend.begin_read).await
    }

    pub(crate) async fn write(&self, doing: &'static str) -> Result<Work<'_>, StoreError> {
        self.begin(&self.writers, doing, self.backend.begin_write).await
    }

    async fn begin(&self, pool: &AnyPool, doing: &'static str, how: &'static str) -> Result<Work<'_>, StoreError> {
        let begun = pool.begin_with(how).await;
        let transaction = begun.map_err(|error| StoreError::from_database(doing, &self.at, error))?;
        Ok(Work { transaction, doing, at: &self.at })
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn next_profile(&self) -> Result<ProfileId, StoreError> {
        let mut work = self.read("count the profiles").await?;
        identities::next_profile(&mut work).await
    }

    async fn find_profiles(&self, identifiers: &[Identifier]) -> Result<HashMap<Identifier, ProfileId>, StoreError> {
        let mut work = self.read("find profiles").await?;
        identities::find_profiles(&mut work, identifiers).await
    }

    async fn people(&self) -> Result<People, StoreError> {
        let mut work = self.read("load all people").await?;
        identities::people(&mut work).await
    }

    async fn news(&self, since: Option<PeopleMark>) -> Result<News, StoreError> {
        let mut work = self.read("load what is new").await?;
        news::news(&mut work, since).await
    }

    async fn identities(&self, profiles: &[ProfileId]) -> Result<Vec<ProfileIdentity>, StoreError> {
        let mut work = self.read("load identities").await?;
        identities::identities(&mut work, profiles).await
    }

    async fn attachments(&self, profiles: &[ProfileId]) -> Result<Vec<Attachments>, StoreError> {
        let mut work = self.read("look up what is attached to profiles").await?;
        identities::attachments(&mut work, profiles).await
    }

    async fn identity_counts(&self) -> Result<IdentityCounts, StoreError> {
        let mut work = self.read("count identities").await?;
        overview::counts(&mut work).await
    }

    async fn latest_merges(&self, limit: u32) -> Result<Vec<PublicMerge>, StoreError> {
        let mut work = self.read("list the latest merges").await?;
        overview::latest_merges(&mut work, limit).await
    }

    async fn crowded(&self, crowd: &Crowd, least: u32, limit: u32) -> Result<Vec<Crowded>, StoreError> {
        let mut work = self.read("look for crowded profiles").await?;
        overview::crowded(&mut work, crowd, least, limit).await
    }

    async fn note_refusals(&self, refusals: &[Refusals]) -> Result<(), StoreError> {
        let mut work = self.write("note what was refused").await?;
        overview::note_refusals(&mut work, refusals).await?;
        work.commit().await
    }

    async fn refusals(&self, limit: u32) -> Result<Vec<RecordedRefusals>, StoreError> {
        let mut work = self.read("list what was refused").await?;
        overview::refusals(&mut work, limit).await
    }

    async fn profile(&self, name: &ProfileName) -> Result<Option<ProfileRecord>, StoreError> {
        let mut work = self.read("look a profile up").await?;
        profiles::find(&mut work, name).await
    }

    async fn linked(
        &self,
        profile: ProfileId,
        of: Collection,
        after: Option<ProfileId>,
        limit: u32,
    ) -> Result<Vec<LinkedProfile>, StoreError> {
        let mut work = self.read("list who is linked with a profile").await?;
        profiles::linked(&mut work, profile, of, after, limit).await
    }

    async fn identifier_kinds(&self) -> Result<Vec<IdentifierKind>, StoreError> {
        let mut work = self.read("list kinds of identifiers").await?;
        identities::kinds(&mut work).await
    }

    async fn merges_since(&self, seen: u64) -> Result<(Vec<Merge>, u64), StoreError> {
        let mut work = self.read("list merges").await?;
        merging::merges_since(&mut work, seen).await
    }

    async fn flush(&self, flush: &Flush) -> Result<(), StoreError> {
        let mut work = self.write("flush a batch").await?;
        flush::flush(&mut work, flush).await?;
        work.commit().await
    }

    async fn segments(&self) -> Result<Vec<(SegmentId, Segment)>, StoreError> {
        let mut work = self.read("list segments").await?;
        segments::all(&mut work).await
    }

    async fn segments_of(&self, log: &LogName, first: NaiveDate, last: NaiveDate) -> Result<Vec<(SegmentId, Segment)>, StoreError> {
        let mut work = self.read("list segments").await?;
        segments::of(&mut work, log, first, last).await
    }

    async fn segments_between(&self, first: Moment, last: Moment) -> Result<Vec<(SegmentId, Segment)>, StoreError> {
        let mut work = self.read("list segments").await?;
        segments::between(&mut work, first, last).await
    }

    async fn observed(&self) -> Result<Vec<ObservedRow>, StoreError> {
        let mut work = self.read("look at what was observed").await?;
        observed::all(&mut work).await
    }

    async fn replace_segments(&self, sources: &[SegmentId], merged: &Segment) -> Result<SegmentId, StoreError> {
        let mut work = self.write("replace segments by a merged one").await?;
        let number = segments::replace(&mut work, sources, merged).await?;
        work.commit().await?;
        Ok(number)
    }

    async fn segments_seen(&self) -> Result<BTreeSet<SegmentId>, StoreError> {
        let mut work = self.read("look up what runs have seen").await?;
        segments::seen(&mut work).await
    }

    async fn import(&self, content: &str) -> Result<Option<ImportProgress>, StoreError> {
        let mut work = self.read("look an import up").await?;
        imports::find(&mut work, content).await
    }

    async fn forget_imports(&self, contents: &[String]) -> Result<(), StoreError> {
        let mut work = self.write("forget imports").await?;
        imports::forget(&mut work, contents).await?;
        work.commit().await
    }

    async fn begin_model_sync(&self, model: &ModelKey) -> Result<u64, StoreError> {
        let mut work = self.write("begin a model's sync").await?;
        let sync = models::begin(&mut work, model).await?;
        work.commit().await?;
        Ok(sync)
    }

    async fn models(&self) -> Result<Vec<ModelState>, StoreError> {
        let mut work = self.read("list models").await?;
        models::states(&mut work).await
    }

    async fn model_rows(&self, model: &ModelKey, keys: &[String]) -> Result<Vec<ModelRow>, StoreError> {
        let mut work = self.read("look a model's rows up").await?;
        models::rows(&mut work, model, keys).await
    }

    async fn unseen_model_rows(&self, model: &ModelKey, sync: u64, limit: u32) -> Result<Vec<ModelRow>, StoreError> {
        let mut work = self.read("look for a model's deleted rows").await?;
        models::unseen(&mut work, model, sync, limit).await
    }

    async fn forget_model_checksums(&self, model: &ModelKey) -> Result<(), StoreError> {
        let mut work = self.write("forget what a model's rows said").await?;
        models::forget_checksums(&mut work, model).await?;
        work.commit().await
    }

    async fn model_rows_about(&self, identifiers: &[Identifier]) -> Result<Vec<(ModelKey, ModelRow)>, StoreError> {
        let mut work = self.read("look for rows of models about somebody").await?;
        models::about(&mut work, identifiers).await
    }

    async fn add_write_key(&self, purpose: KeyPurpose, key: &WriteKey) -> Result<(), StoreError> {
        let mut work = self.write("keep a key").await?;
        write_keys::add(&mut work, purpose, key).await?;
        work.commit().await
    }

    async fn write_keys(&self, purpose: KeyPurpose) -> Result<Vec<WriteKey>, StoreError> {
        let mut work = self.read("list keys").await?;
        write_keys::all(&mut work, purpose).await
    }

    async fn revoke_write_keys(&self, purpose: KeyPurpose, key_hashes: &[String], at: Moment) -> Result<(), StoreError> {
        let mut work = self.write("revoke keys").await?;
        write_keys::revoke(&mut work, purpose, key_hashes, at).await?;
        work.commit().await
    }

    async fn lease(&self, name: &str, holder: &str, now: Moment, until: Moment) -> Result<bool, StoreError> {
        let mut work = self.write("take a lease").await?;
        let taken = leases::take(&mut work, name, holder, now, until).await?;
        work.commit().await?;
        Ok(taken)
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        let mut work = self.write("give a lease back").await?;
        leases::release(&mut work, name, holder).await?;
        work.commit().await
    }

    async fn claim_runs(&self, claims: &[RunClaim]) -> Result<Vec<Claimed>, StoreError> {
        let mut work = self.write("claim a run").await?;
        let claimed = runs::claim(&mut work, claims).await?;
        work.commit().await?;
        Ok(claimed)
    }

    async fn recorded_run(&self, fingerprint: &Fingerprint, as_of: AsOf) -> Result<Option<RunSummary>, StoreError> {
        let mut work = self.read("look a run up").await?;
        runs::recorded(&mut work, fingerprint, as_of).await
    }

    async fn rewind(&self, from: AsOf, memberships: &BTreeMap<AudienceKey, RecordedMembership>) -> Result<(), StoreError> {
        let mut work = self.write("rewind the runs").await?;
        runs::rewind(&mut work, from, memberships).await?;
        work.commit().await
    }

    async fn record_runs(&self, records: &[RunRecord]) -> Result<(), StoreError> {
        let mut work = self.write("record a run").await?;
        recording::record(&mut work, records).await?;
        for record in records {
            syncs::request(&mut work, &record.run_id, &record.syncs, record.recorded_at).await?;
            lives::record(&mut work, record).await?;
        }
        work.commit().await
    }

    async fn seen_by(&self, run_id: &RunId) -> Result<Option<Seen>, StoreError> {
        let mut work = self.read("look a run up").await?;
        runs::seen_by(&mut work, run_id).await
    }

    async fn seen(&self) -> Result<Option<Seen>, StoreError> {
        let mut work = self.read("look the latest run up").await?;
        runs::seen(&mut work).await
    }

    async fn runs(&self, limit: u32) -> Result<Vec<RunSummary>, StoreError> {
        let mut work = self.read("list runs").await?;
        runs::latest(&mut work, limit).await
    }

    async fn memberships(&self) -> Result<BTreeMap<AudienceKey, RecordedMembership>, StoreError> {
        let mut work = self.read("load memberships").await?;
        runs::memberships(&mut work).await
    }

    async fn changes(&self, audience: Option<&AudienceKey>, first: AsOf, last: AsOf) -> Result<Vec<RecordedChange>, StoreError> {
        let mut work = self.read("load changes").await?;
        runs::changes(&mut work, audience, first, last).await
    }

    async fn retired_audiences(&self) -> Result<BTreeMap<AudienceKey, Moment>, StoreError> {
        let mut work = self.read("list retired audiences").await?;
        lives::retired(&mut work).await
    }

    async fn known_audiences(&self) -> Result<BTreeSet<AudienceKey>, StoreError> {
        let mut work = self.read("list known audiences").await?;
        lives::known(&mut work).await
    }

    async fn sent_pairs(&self) -> Result<BTreeSet<(AudienceKey, DestinationKey)>, StoreError> {
        let mut work = self.read("list what was sent where").await?;
        lives::sent_pairs(&mut work).await
    }

    async fn guards(&self) -> Result<BTreeMap<AudienceKey, Guarded>, StoreError> {
        let mut work = self.read("load guards").await?;
        lives::guards(&mut work).await
    }

    async fn allow_membership(&self, audience: &AudienceKey, members: &Membership, at: Moment) -> Result<(), StoreError> {
        let mut work = self.write("allow a membership").await?;
        lives::allow(&mut work, audience, members, at).await?;
        work.commit().await
    }

    async fn hold_membership(&self, audience: &AudienceKey, hold: &Hold) -> Result<(), StoreError> {
        let mut work = self.write("hold a membership").await?;
        lives::hold(&mut work, audience, hold).await?;
        work.commit().await
    }

    async fn sync_starts(&self) -> Result<Vec<SyncStart>, StoreError> {
        let mut work = self.read("load how syncs started").await?;
        lives::starts(&mut work).await
    }

    async fn save_sync_starts(&self, starts: &[SyncStart]) -> Result<(), StoreError> {
        let mut work = self.write("note how syncs started").await?;
        lives::save_starts(&mut work, starts).await?;
        work.commit().await
    }

    async fn request_syncs(&self, run_id: &RunId, pairs: &[(AudienceKey, DestinationKey)], at: Moment) -> Result<(), StoreError> {
        let mut work = self.write("ask for syncs").await?;
        syncs::request(&mut work, run_id, pairs, at).await?;
        work.commit().await
    }

    async fn pending_syncs(&self) -> Result<Vec<PendingSync>, StoreError> {
        let mut work = self.read("list pending syncs").await?;
        syncs::pending(&mut work).await
    }

    async fn settle_sync(&self, sync: &PendingSync, status: &SyncStatus) -> Result<(), StoreError> {
        let mut work = self.write("settle a sync").await?;
        syncs::settle(&mut work, sync, status).await?;
        work.commit().await
    }

    async fn sync_statuses(&self) -> Result<Vec<SyncStatus>, StoreError> {
        let mut work = self.read("list syncs").await?;
        syncs::statuses(&mut work).await
    }

    async fn remote_audience(&self, audience: &AudienceKey, destination: &DestinationKey) -> Result<Option<RemoteAudience>, StoreError> {
        let mut work = self.read("look a remote audience up").await?;
        syncs::remote_audience(&mut work, audience, destination).await
    }

    async fn save_remote_audience(
        &self,
        audience: &AudienceKey,
        destination: &DestinationKey,
        remote: &RemoteAudience,
    ) -> Result<(), StoreError> {
        let mut work = self.write("remember a remote audience").await?;
        syncs::save_remote_audience(&mut work, audience, destination, remote).await?;
        work.commit().await
    }

    async fn ledger(&self, audience: &AudienceKey, destination: &DestinationKey) -> Result<Vec<LedgerRow>, StoreError> {
        let mut work = self.read("read the ledger").await?;
        ledger::rows(&mut work, audience, destination).await
    }

    async fn change_ledger(&self, audience: &AudienceKey, destination: &DestinationKey, change: &LedgerChange) -> Result<(), StoreError> {
        let mut work = self.write("change the ledger").await?;
        ledger::change(&mut work, audience, destination, change).await?;
        work.commit().await
    }

    async fn ledger_of(&self, destination: &DestinationKey, profiles: &[ProfileId]) -> Result<Vec<(AudienceKey, LedgerRow)>, StoreError> {
        let mut work = self.read("look people up in the ledger").await?;
        ledger::rows_of(&mut work, destination, profiles).await
    }

    async fn ledger_of_people(&self, profiles: &[ProfileId]) -> Result<Vec<(AudienceKey, DestinationKey, LedgerRow)>, StoreError> {
        let mut work = self.read("look people up in all ledgers").await?;
        ledger::rows_of_people(&mut work, profiles).await
    }

    async fn not_before(&self, subject: &str) -> Result<Option<Moment>, StoreError> {
        let mut work = self.read("look limits up").await?;
        syncs::not_before(&mut work, subject).await
    }

    async fn set_not_before(&self, subject: &str, until: Option<Moment>) -> Result<(), StoreError> {
        let mut work = self.write("note limits").await?;
        syncs::set_not_before(&mut work, subject, until).await?;
        work.commit().await
    }

    async fn suppressions(&self) -> Result<Vec<Suppression>, StoreError> {
        let mut work = self.read("list who is suppressed").await?;
        suppressions::all(&mut work).await
    }

    async fn suppress(&self, digests: &[String], profile: Option<ProfileId>, at: Moment) -> Result<(), StoreError> {
        let mut work = self.write("suppress somebody").await?;
        suppressions::add(&mut work, digests, profile, at).await?;
        work.commit().await
    }

    async fn unsuppress(&self, digests: &[String]) -> Result<u64, StoreError> {
        let mut work = self.write("let somebody be sent again").await?;
        let removed = suppressions::remove(&mut work, digests).await?;
        work.commit().await?;
        Ok(removed)
    }

    async fn kept_out(&self, known: Option<u64>) -> Result<Option<KeptOut>, StoreError> {
        let mut work = self.read("look up who is kept out").await?;
        suppressions::kept_out(&mut work, known).await
    }

    async fn profiles_kept_out(&self) -> Result<BTreeSet<ProfileId>, StoreError> {
        let mut work = self.read("look up who is kept out").await?;
        suppressions::profiles(&mut work).await
    }

    async fn request_erasure(&self, request: &ErasureRequest) -> Result<(), StoreError> {
        let mut work = self.write("ask for an erasure").await?;
        erasures::request(&mut work, request).await?;
        work.commit().await
    }

    async fn extend_erasure(&self, erasure_id: &str, profiles: &[ProfileId], digests: &[String]) -> Result<(), StoreError> {
        let mut work = self.write("add to an erasure").await?;
        erasures::extend(&mut work, erasure_id, profiles, digests).await?;
        work.commit().await
    }

    async fn erasures(&self, limit: u32) -> Result<Vec<Erasure>, StoreError> {
        let mut work = self.read("list erasures").await?;
        erasures::latest(&mut work, limit).await
    }

    async fn unfinished_erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        let mut work = self.read("list erasures").await?;
        erasures::unfinished(&mut work).await
    }

    async fn erasure(&self, erasure_id: &str) -> Result<Option<Erasure>, StoreError> {
        let mut work = self.read("look an erasure up").await?;
        erasures::find(&mut work, erasure_id).await
    }

    async fn note_left(&self, erasure_id: &str, left: &[LeftAt], state: ErasureState) -> Result<(), StoreError> {
        let mut work = self.write("note how far an erasure is").await?;
        erasures::note_left(&mut work, erasure_id, left, state).await?;
        work.commit().await
    }

    async fn erase_members(&self, erasure_id: &str) -> Result<(), StoreError> {
        let mut work = self.read("look for somebody's memberships").await?;
        let Some(erasure) = erasures::find(&mut work, erasure_id).await? else {
            return Err(work.not_found(format!("erasure `{erasure_id}`")));
        };
        let stripped = erased_members::find(&mut work, &erasure.profiles).await?;
        work.commit().await?;
        let mut work = self.write("erase somebody's memberships").await?;
        erased_members::write(&mut work, erasure_id, &stripped).await?;
        work.commit().await
    }

    async fn rewrite_segment(&self, erasure_id: &str, before: (SegmentId, &Segment), rest: Option<&Segment>) -> Result<(), StoreError> {
        let mut work = self.write("replace a segment by what is left of it").await?;
        erasures::rewrite_segment(&mut work, erasure_id, before, rest).await?;
        work.commit().await
    }

    async fn erase_person(&self, erasure_id: &str, digests: &[String], at: Moment) -> Result<(), StoreError> {
        let mut work = self.write("erase somebody").await?;
        erasures::erase_person(&mut work, erasure_id, digests, at).await?;
        work.commit().await
    }

    async fn finish_erasure(&self, erasure_id: &str, damaged_files: u64, at: Moment) -> Result<(), StoreError> {
        let mut work = self.write("finish an erasure").await?;
        erasures::finish(&mut work, erasure_id, damaged_files, at).await?;
        work.commit().await
    }

    async fn holdings(&self, profiles: &[ProfileId]) -> Result<Holdings, StoreError> {
        let mut work = self.read("count what is held of somebody").await?;
        erasures::holdings(&mut work, profiles).await
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        scrub::scrub(self).await
    }

    async fn hash_key(&self) -> Result<String, StoreError> {
        let mut work = self.read("look the key of hashes up").await?;
        suppressions::hash_key(&mut work).await
    }

    async fn workspace_id(&self) -> Result<String, StoreError> {
        let mut work = self.read("look the workspace's id up").await?;
        syncs::workspace_id(&mut work).await
    }
}
