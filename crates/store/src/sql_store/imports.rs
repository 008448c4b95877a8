//! How far imports have come.

use model::Moment;
use sqlx::query;

use crate::work::{Work, to_i64, to_u64};
use crate::{ImportProgress, StoreError, queries};

type ImportRow = (String, String, i64, i64, i64, i64, Option<i64>);

const COUNT: &str = "a count of lines";

pub(crate) async fn find(work: &mut Work<'_>, content: &str) -> Result<Option<ImportProgress>, StoreError> {
    let row: Option<ImportRow> = work.optional(query(queries::IMPORT).bind(content.to_owned())).await?;
    let Some((content, source, lines, accepted, duplicates, rejected, finished_at)) = row else { return Ok(None) };
    Ok(Some(ImportProgress {
        content,
        source,
        lines: to_u64(lines, COUNT)?,
        accepted: to_u64(accepted, COUNT)?,
        duplicates: to_u64(duplicates, COUNT)?,
        rejected: to_u64(rejected, COUNT)?,
        finished_at: finished_at.map(Moment::from_micros),
    }))
}

pub(crate) async fn save(work: &mut Work<'_>, import: &ImportProgress) -> Result<(), StoreError> {
    let save = query(queries::SAVE_IMPORT)
        .bind(import.content.clone())
        .bind(import.source.clone())
        .bind(to_i64(import.lines))
        .bind(to_i64(import.accepted))
        .bind(to_i64(import.duplicates))
        .bind(to_i64(import.rejected))
        .bind(import.finished_at.map(Moment::micros));
    work.execute(save).await?;
    Ok(())
}

pub(crate) async fn forget(work: &mut Work<'_>, contents: &[String]) -> Result<(), StoreError> {
    let rows: Vec<(&String,)> = contents.iter().map(|content| (content,)).collect();
    work.write_rows(queries::FORGET_IMPORTS, &rows).await
}
