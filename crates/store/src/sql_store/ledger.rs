//! The ledger of what was really sent.
//!
//! A row is known by its profile, schema and cells. The last two make a long key, so a hash stands for them; it only has
//! to tell the few rows of one profile apart.

use std::collections::BTreeMap;

use model::{AudienceKey, DestinationKey, LedgerChange, LedgerRow, Moment, ProfileId};
use sqlx::query;
use xxhash_rust::xxh3::xxh3_64;

use super::syncs::pair;
use crate::work::{Work, keepable};
use crate::{StoreError, queries, words};

/// Rows fetched at once: some megabytes.
const PAGE_ROWS: i64 = 20_000;

type PackedRow = (ProfileId, i64, String, String, String, Option<i64>, Option<String>, Moment);

pub(crate) async fn rows(work: &mut Work<'_>, audience: &AudienceKey, destination: &DestinationKey) -> Result<Vec<LedgerRow>, StoreError> {
    let Some(ledger) = find(work, audience, destination).await? else { return Ok(Vec::new()) };
    let mut rows: Vec<LedgerRow> = Vec::new();
    let mut after = (-1, 0);
    loop {
        let page = query(queries::LEDGER_ROWS).bind(ledger).bind(after.0).bind(after.1).bind(PAGE_ROWS);
        let page: Vec<PackedRow> = work.packed(page).await?;
        let Some(last) = page.iter().map(|row| (i64::from(row.0.0), row.1)).max() else { break };
        after = last;
        for (profile, _, schema, cells, state, session_id, reason, updated_at) in page {
            let state = words::ledger_state(&state)?;
            rows.push(LedgerRow { profile, schema, cells, state, session_id, reason, updated_at });
        }
    }
    rows.sort_by(|a, b| (a.profile, &a.schema, &a.cells).cmp(&(b.profile, &b.schema, &b.cells)));
    Ok(rows)
}

type OwnedRow = (ProfileId, String, String, String, String, Option<i64>, Option<String>, Moment);

pub(crate) async fn rows_of(
    work: &mut Work<'_>,
    destination: &DestinationKey,
    profiles: &[ProfileId],
) -> Result<Vec<(AudienceKey, LedgerRow)>, StoreError> {
    let asked: Vec<_> = profiles.iter().map(|profile| (*profile, destination.as_str())).collect();
    let found: Vec<OwnedRow> = work.ask_rows(queries::LEDGER_ROWS_OF, &asked).await?;
    let read = |(profile, audience, schema, cells, state, session_id, reason, updated_at): OwnedRow| {
        let (audience, _) = pair(&audience, destination.as_str())?;
        let state = words::ledger_state(&state)?;
        Ok((audience, LedgerRow { profile, schema, cells, state, session_id, reason, updated_at }))
    };
    let mut rows = found.into_iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
    rows.sort_by(|(a, x), (b, y)| (a, x.profile, &x.schema, &x.cells).cmp(&(b, y.profile, &y.schema, &y.cells)));
    Ok(rows)
}

/// Profile, audience, destination, then as [`OwnedRow`].
type SentRow = (ProfileId, String, String, String, String, String, Option<i64>, Option<String>, Moment);

pub(crate) async fn rows_of_people(
    work: &mut Work<'_>,
    profiles: &[ProfileId],
) -> Result<Vec<(AudienceKey, DestinationKey, LedgerRow)>, StoreError> {
    let asked: Vec<_> = profiles.iter().map(|profile| (*profile,)).collect();
    let found: Vec<SentRow> = work.ask_rows(queries::LEDGER_ROWS_OF_PEOPLE, &asked).await?;
    let read = |(profile, audience, destination, schema, cells, state, session_id, reason, updated_at): SentRow| {
        let (audience, destination) = pair(&audience, &destination)?;
        let state = words::ledger_state(&state)?;
        Ok((audience, destination, LedgerRow { profile, schema, cells, state, session_id, reason, updated_at }))
    };
    let mut rows = found.into_iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
    rows.sort_by(|(a, at, x), (b, to, y)| (a, at, x.profile, &x.schema, &x.cells).cmp(&(b, to, y.profile, &y.schema, &y.cells)));
    Ok(rows)
}

pub(crate) async fn change(
    work: &mut Work<'_>,
    audience: &AudienceKey,
    destination: &DestinationKey,
    change: &LedgerChange,
) -> Result<(), StoreError> {
    let ledger = match find(work, audience, destination).await? {
        Some(ledger) => ledger,
        None => create(work, audience, destination).await?,
    };
    let deleted: Vec<_> = change.delete.iter().map(|row| (ledger, row.profile, row_key(row))).collect();
    work.write_rows(queries::DELETE_LEDGER_ROWS, &deleted).await?;
    // Each row once, as last named; sorted, as the table is.
    let upserted: BTreeMap<_, _> = change.upsert.iter().map(|row| ((row.profile, row_key(row)), row)).collect();
    let rows: Vec<_> = upserted.into_iter().map(|((profile, row_key), row)| written(ledger, profile, row_key, row)).collect();
    work.write_rows(queries::UPSERT_LEDGER_ROWS, &rows).await
}

type WrittenRow<'a> = (i64, ProfileId, i64, &'a str, &'a str, &'static str, Option<i64>, Option<String>, Moment);

fn written(ledger: i64, profile: ProfileId, row_key: i64, row: &LedgerRow) -> WrittenRow<'_> {
    let state = words::of_ledger_state(row.state);
    (ledger, profile, row_key, &row.schema, &row.cells, state, row.session_id, row.reason.as_deref().map(keepable), row.updated_at)
}

fn row_key(row: &LedgerRow) -> i64 {
    // A schema never holds a line break, so the two cannot run into each other.
    xxh3_64(format!("{}\n{}", row.schema, row.cells).as_bytes()).cast_signed()
}

async fn find(work: &mut Work<'_>, audience: &AudienceKey, destination: &DestinationKey) -> Result<Option<i64>, StoreError> {
    let find = query(queries::LEDGER).bind(audience.as_str().to_owned()).bind(destination.as_str().to_owned());
    Ok(work.optional(find).await?.map(|(ledger,)| ledger))
}

async fn create(work: &mut Work<'_>, audience: &AudienceKey, destination: &DestinationKey) -> Result<i64, StoreError> {
    let ledger = work.take_numbers("ledgers", 1).await?;
    let insert = query(queries::INSERT_LEDGER).bind(ledger).bind(audience.as_str().to_owned()).bind(destination.as_str().to_owned());
    work.execute(insert).await?;
    Ok(ledger)
}
