//! What was said of the rows of models.

use std::collections::BTreeMap;

use model::{Identifier, IdentifierKind, ModelKey, Moment};
use sqlx::query;

use crate::work::{Work, pack, to_i64, to_u64, unpack};
use crate::{ModelBatch, ModelRow, ModelState, StoreError, queries};

const COUNT: &str = "a count of a model's rows";

/// Key, checksum, identifiers, when seen.
type PackedRow = (String, String, Vec<(String, String)>, i64);

pub(crate) async fn begin(work: &mut Work<'_>, model: &ModelKey) -> Result<u64, StoreError> {
    let begun: Option<(i64,)> = work.optional(query(queries::BEGIN_MODEL_SYNC).bind(model.to_string())).await?;
    to_u64(begun.ok_or(StoreError::damaged("the table of models"))?.0, COUNT)
}

pub(crate) async fn states(work: &mut Work<'_>) -> Result<Vec<ModelState>, StoreError> {
    let rows: Vec<(String, i64, Option<i64>, i64)> = work.all(query(queries::MODELS)).await?;
    let state = |(model, syncs, synced_at, rows): (String, i64, Option<i64>, i64)| {
        let model = ModelKey::parse(&model).map_err(|_| StoreError::damaged("the name of a model"))?;
        Ok(ModelState { model, syncs: to_u64(syncs, COUNT)?, synced_at: synced_at.map(Moment::from_micros), rows: to_u64(rows, COUNT)? })
    };
    rows.into_iter().map(state).collect()
}

pub(crate) async fn rows(work: &mut Work<'_>, model: &ModelKey, keys: &[String]) -> Result<Vec<ModelRow>, StoreError> {
    let asked: Vec<_> = keys.iter().map(|key| (model.as_str(), key)).collect();
    work.ask_rows::<_, PackedRow>(queries::MODEL_ROWS, &asked).await?.into_iter().map(row).collect()
}

pub(crate) async fn unseen(work: &mut Work<'_>, model: &ModelKey, sync: u64, limit: u32) -> Result<Vec<ModelRow>, StoreError> {
    let asked = query(queries::UNSEEN_MODEL_ROWS).bind(model.to_string()).bind(to_i64(sync)).bind(i64::from(limit));
    work.packed::<PackedRow>(asked).await?.into_iter().map(row).collect()
}

/// Rows whose identifiers hold one of these. A scan: rows are kept by key, and this is asked rarely.
pub(crate) async fn about(work: &mut Work<'_>, identifiers: &[Identifier]) -> Result<Vec<(ModelKey, ModelRow)>, StoreError> {
    let mut found: BTreeMap<(ModelKey, String), ModelRow> = BTreeMap::new();
    for identifier in identifiers {
        // As `pack_identifiers` writes it; what a pattern would take for more is told apart below.
        let written = pack(&[(identifier.kind.as_str(), &identifier.value)]);
        let written = written.trim_start_matches('[').trim_end_matches(']');
        let pattern: String = written.chars().flat_map(|c| matches!(c, '!' | '%' | '_').then_some('!').into_iter().chain([c])).collect();
        let rows: Vec<(String, String, String, String, i64)> =
            work.all(query(queries::MODEL_ROWS_ABOUT).bind(format!("%{pattern}%"))).await?;
        for (model, key, checksum, identifiers, seen) in rows {
            let model = ModelKey::parse(&model).map_err(|_| StoreError::damaged("the name of a model"))?;
            let row = row((key, checksum, unpack(Some(&identifiers))?, seen))?;
            if row.identifiers.contains(identifier) {
                found.insert((model, row.key.clone()), row);
            }
        }
    }
    Ok(found.into_iter().map(|((model, _), row)| (model, row)).collect())
}

pub(crate) async fn forget_checksums(work: &mut Work<'_>, model: &ModelKey) -> Result<(), StoreError> {
    work.execute(query(queries::FORGET_MODEL_CHECKSUMS).bind(model.to_string())).await?;
    Ok(())
}

/// Makes a batch of a sync true.
pub(crate) async fn save(work: &mut Work<'_>, batch: &ModelBatch) -> Result<(), StoreError> {
    let model = batch.model.as_str();
    let saved: Vec<_> = batch.saved.iter().map(|row| (model, &row.key, &row.checksum, pack_identifiers(row), batch.sync)).collect();
    work.write_rows(queries::SAVE_MODEL_ROWS, &saved).await?;
    let seen: Vec<_> = batch.seen.iter().map(|key| (model, key, batch.sync)).collect();
    work.write_rows(queries::SEE_MODEL_ROWS, &seen).await?;
    let deleted: Vec<_> = batch.deleted.iter().map(|key| (model, key)).collect();
    work.write_rows(queries::DELETE_MODEL_ROWS, &deleted).await?;
    if let Some(at) = batch.finished_at {
        work.execute(query(queries::FINISH_MODEL_SYNC).bind(model.to_owned()).bind(at.micros())).await?;
    }
    Ok(())
}

fn pack_identifiers(row: &ModelRow) -> String {
    let identifiers: Vec<_> = row.identifiers.iter().map(|identifier| (identifier.kind.as_str(), &identifier.value)).collect();
    pack(&identifiers)
}

fn row((key, checksum, identifiers, seen): PackedRow) -> Result<ModelRow, StoreError> {
    let identifiers = identifiers.into_iter().map(|(kind, value)| Identifier { kind: IdentifierKind::new(&kind), value });
    Ok(ModelRow { key, checksum, identifiers: identifiers.collect(), seen: to_u64(seen, COUNT)? })
}
