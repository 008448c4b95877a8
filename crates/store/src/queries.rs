//! The named queries of `sql/queries`: one text each, which means the same on every backend.
//!
//! Many rows travel as one JSON text, in (`json_each($1)`, an array of arrays) as well as out (`string_agg`): binding and
//! fetching row by row would cost more than the query itself.

pub(crate) const CHANGES: &str = include_str!("../../../sql/queries/changes.sql");
pub(crate) const CLAIM_RUN: &str = include_str!("../../../sql/queries/claim_run.sql");
pub(crate) const CLAIMED_RUN: &str = include_str!("../../../sql/queries/claimed_run.sql");
pub(crate) const CLEAR_NOT_BEFORE: &str = include_str!("../../../sql/queries/clear_not_before.sql");
pub(crate) const DELETE_LEDGER_ROWS: &str = include_str!("../../../sql/queries/delete_ledger_rows.sql");
pub(crate) const DELETE_PENDING_SYNC: &str = include_str!("../../../sql/queries/delete_pending_sync.sql");
pub(crate) const FIND_PROFILES: &str = include_str!("../../../sql/queries/find_profiles.sql");
pub(crate) const FIND_SURVIVORS: &str = include_str!("../../../sql/queries/find_survivors.sql");
pub(crate) const FORGET_CHANGES: &str = include_str!("../../../sql/queries/forget_changes.sql");
pub(crate) const FORGET_MAPPINGS: &str = include_str!("../../../sql/queries/forget_mappings.sql");
pub(crate) const FORGET_MEMBERSHIPS: &str = include_str!("../../../sql/queries/forget_memberships.sql");
pub(crate) const FORGET_RECORDINGS: &str = include_str!("../../../sql/queries/forget_recordings.sql");
pub(crate) const FORGET_RUNS: &str = include_str!("../../../sql/queries/forget_runs.sql");
pub(crate) const IDENTIFIERS_OF: &str = include_str!("../../../sql/queries/identifiers_of.sql");
pub(crate) const IMPORT: &str = include_str!("../../../sql/queries/import.sql");
pub(crate) const INSERT_CHANGE: &str = include_str!("../../../sql/queries/insert_change.sql");
pub(crate) const INSERT_LEDGER: &str = include_str!("../../../sql/queries/insert_ledger.sql");
pub(crate) const INSERT_LINKS: &str = include_str!("../../../sql/queries/insert_links.sql");
pub(crate) const INSERT_MERGES: &str = include_str!("../../../sql/queries/insert_merges.sql");
pub(crate) const INSERT_PROFILES: &str = include_str!("../../../sql/queries/insert_profiles.sql");
pub(crate) const INSERT_RECORDING: &str = include_str!("../../../sql/queries/insert_recording.sql");
pub(crate) const INSERT_SEGMENTS: &str = include_str!("../../../sql/queries/insert_segments.sql");
pub(crate) const LEDGER: &str = include_str!("../../../sql/queries/ledger.sql");
pub(crate) const LEDGER_ROWS: &str = include_str!("../../../sql/queries/ledger_rows.sql");
pub(crate) const MEMBERSHIPS: &str = include_str!("../../../sql/queries/memberships.sql");
pub(crate) const MERGE_FOLLOWERS: &str = include_str!("../../../sql/queries/merge_followers.sql");
pub(crate) const MERGE_LOSERS: &str = include_str!("../../../sql/queries/merge_losers.sql");
pub(crate) const MERGES_SINCE: &str = include_str!("../../../sql/queries/merges_since.sql");
pub(crate) const NOT_BEFORE: &str = include_str!("../../../sql/queries/not_before.sql");
pub(crate) const NUMBERS_GIVEN: &str = include_str!("../../../sql/queries/numbers_given.sql");
pub(crate) const PENDING_SYNCS: &str = include_str!("../../../sql/queries/pending_syncs.sql");
pub(crate) const PEOPLE_ACCOUNTS: &str = include_str!("../../../sql/queries/people_accounts.sql");
pub(crate) const PEOPLE_KIND_AFTER: &str = include_str!("../../../sql/queries/people_kind_after.sql");
pub(crate) const PEOPLE_MERGED: &str = include_str!("../../../sql/queries/people_merged.sql");
pub(crate) const PEOPLE_SIGHTINGS: &str = include_str!("../../../sql/queries/people_sightings.sql");
pub(crate) const RELEASE_LEASE: &str = include_str!("../../../sql/queries/release_lease.sql");
pub(crate) const REMOTE_AUDIENCE: &str = include_str!("../../../sql/queries/remote_audience.sql");
pub(crate) const REQUEST_SYNCS: &str = include_str!("../../../sql/queries/request_syncs.sql");
pub(crate) const RUN_AS_OF: &str = include_str!("../../../sql/queries/run_as_of.sql");
pub(crate) const RUNS: &str = include_str!("../../../sql/queries/runs.sql");
pub(crate) const SAVE_IMPORT: &str = include_str!("../../../sql/queries/save_import.sql");
pub(crate) const SAVE_MEMBERSHIP: &str = include_str!("../../../sql/queries/save_membership.sql");
pub(crate) const SAVE_REMOTE_AUDIENCE: &str = include_str!("../../../sql/queries/save_remote_audience.sql");
pub(crate) const SAVE_SYNC_STATUS: &str = include_str!("../../../sql/queries/save_sync_status.sql");
pub(crate) const SEEN: &str = include_str!("../../../sql/queries/seen.sql");
pub(crate) const SEGMENTS: &str = include_str!("../../../sql/queries/segments.sql");
pub(crate) const SEGMENTS_OF: &str = include_str!("../../../sql/queries/segments_of.sql");
pub(crate) const SET_NOT_BEFORE: &str = include_str!("../../../sql/queries/set_not_before.sql");
pub(crate) const SYNC_STATUSES: &str = include_str!("../../../sql/queries/sync_statuses.sql");
pub(crate) const TAKE_LEASE: &str = include_str!("../../../sql/queries/take_lease.sql");
pub(crate) const TAKE_NUMBERS: &str = include_str!("../../../sql/queries/take_numbers.sql");
pub(crate) const UPSERT_IDENTIFIERS: &str = include_str!("../../../sql/queries/upsert_identifiers.sql");
pub(crate) const UPSERT_LEDGER_ROWS: &str = include_str!("../../../sql/queries/upsert_ledger_rows.sql");
