//! Compaction: small segments of the lake become larger ones, without a word of what they say changing.
//!
//! A merge writes its file; then one transaction of the store names it in place of its sources; then, when nobody reads
//! them, the sources' files go. Death before the transaction leaves a file that nobody names, after it files that nobody
//! names any more: the next writer sweeps both. A merged segment holds either what each recorded run had seen or what it had
//! not, and has a number that says so: the next run finds the same changes, for the same reasons, and asks for the same
//! syncs as if nothing had been merged. (What a rewound or past run had seen is not kept apart: the first tick of a
//! `backfill --replace` may call a change by time one by data.)

mod plan;

use std::sync::Arc;

use lake::LakeError;
use model::{Moment, Segment};
use serde::Serialize;
use store::StoreError;

use crate::lease::{Lease, LeaseError, LeaseName};
use crate::readers::Alone;
use crate::{OpenError, Workspace, cpu};
use plan::{Limits, Merge};

/// After a scheduled run nothing is merged that does not save so many files, and a share of all there are: what a process has
/// counted so far it counts anew after a compaction, which is not worth a few files each hour.
const FILES_SAVED_MIN: u64 = 32;
const SEGMENTS_PER_FILE_SAVED_MAX: u64 = 4;
/// Rows merged at most after a scheduled run: some seconds' work.
const ROWS_A_TIME_MAX: u64 = 4 << 20;

/// The lake could not be compacted, or not to the end; what was merged stays merged.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// Somebody else is writing.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// What a crash left behind could not be removed.
    #[error(transparent)]
    Sweep(#[from] OpenError),
    /// The manifest could not be read or changed.
    #[error("could not read or change the list of segments")]
    Store(#[from] StoreError),
    /// Segments could not be read, or the merged one not be written.
    #[error("could not merge segments")]
    Lake(#[from] LakeError),
}

/// What a compaction did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CompactReport {
    /// Segments of the lake before.
    pub segments_before: u64,
    /// And after.
    pub segments_after: u64,
    /// Segments that were merged into others.
    pub merged: u64,
    /// Segments they were merged into.
    pub results: u64,
    /// Rows in them.
    pub rows: u64,
    /// Size of the files that were merged.
    pub bytes_before: u64,
    /// Size of those they became; absent when nothing was written.
    pub bytes_after: Option<u64>,
    /// Files of merged segments that are still there, because somebody was reading; the next writer removes them.
    pub files_left: u64,
}

/// A merge that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactStep {
    /// Rows merged so far.
    pub rows_done: u64,
    /// Rows to be merged in all.
    pub rows_total: u64,
}

impl Workspace {
    /// Merges all segments that are worth it. `on_step` hears of each merge as it is done, and of the beginning.
    ///
    /// # Errors
    /// When another process is writing, a segment is damaged, or the lake or the store fails.
    pub async fn compact(&self, on_step: &mut (dyn FnMut(CompactStep) + Send)) -> Result<CompactReport, CompactError> {
        let lease = Lease::take(LeaseName::Writer, self).await?;
        let compacted = async {
            self.sweep(&lease).await?;
            let (segments, merges) = self.plan_merges().await?;
            self.merge_all(segments, merges, None, on_step).await
        }
        .await;
        lease.release().await;
        compacted
    }

    /// What a compaction would do. Nothing is changed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn compact_dry_run(&self) -> Result<CompactReport, CompactError> {
        let (segments, merges) = self.plan_merges().await?;
        let mut report = CompactReport { segments_before: segments, segments_after: segments, ..CompactReport::default() };
        for merge in &merges {
            report.add(merge, None);
        }
        Ok(report)
    }

    /// After a scheduled run: merges what saves most files for its rows, if it is enough to begin, for a few seconds at most
    /// and never past half the time until the next tick. Failures are logged: they are no failures of the run.
    pub(crate) async fn compact_a_little(&self, next_tick: Moment) {
        match self.try_compact_a_little(next_tick).await {
            Ok(None) => {}
            Ok(Some(report)) => tracing::info!(merged = report.merged, into = report.results, rows = report.rows, "segments merged"),
            Err(CompactError::Lease(LeaseError::Taken(_))) => tracing::debug!("another process writes; segments are merged later"),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "segments not merged; the next tick tries again"),
        }
    }

    async fn try_compact_a_little(&self, next_tick: Moment) -> Result<Option<CompactReport>, CompactError> {
        let now = self.clock.now();
        let until = now.plus_micros((next_tick.micros() - now.micros()) / 2);
        let (segments, merges) = self.plan_merges().await?;
        if !is_enough(segments, &merges) {
            return Ok(None);
        }
        let lease = Lease::take(LeaseName::Writer, self).await?;
        let compacted = async {
            self.sweep(&lease).await?;
            // Asked again: before the lease was taken somebody else may have merged.
            let (segments, merges) = self.plan_merges().await?;
            self.merge_all(segments, most_saving(merges, ROWS_A_TIME_MAX), Some(until), &mut |_| {}).await
        }
        .await;
        lease.release().await;
        compacted.map(Some)
    }

    /// How many segments there are, and which to merge.
    async fn plan_merges(&self) -> Result<(u64, Vec<Merge>), StoreError> {
        let segments = self.store.segments().await?;
        let seen = self.store.segments_seen().await?;
        Ok((segments.len() as u64, plan::plan(&segments, &seen, self.clock.now().day(), Limits::USUAL)))
    }

    async fn merge_all(
        &self,
        segments: u64,
        merges: Vec<Merge>,
        until: Option<Moment>,
        on_step: &mut (dyn FnMut(CompactStep) + Send),
    ) -> Result<CompactReport, CompactError> {
        let rows_total = merges.iter().map(Merge::rows).sum();
        let mut report =
            CompactReport { segments_before: segments, segments_after: segments, bytes_after: Some(0), ..CompactReport::default() };
        on_step(CompactStep { rows_done: 0, rows_total });
        for merge in merges {
            if until.is_some_and(|until| self.clock.now() >= until) {
                break;
            }
            let merge = Arc::new(merge);
            let merged = self.merge(Arc::clone(&merge)).await?;
            report.add(&merge, Some(&merged));
            if !self.discard(Arc::clone(&merge)).await {
                report.files_left += merge.sources.len() as u64;
            }
            on_step(CompactStep { rows_done: report.rows, rows_total });
        }
        Ok(report)
    }

    /// Writes the merged segment and names it in place of its sources.
    async fn merge(&self, merge: Arc<Merge>) -> Result<Segment, CompactError> {
        let numbers: Vec<_> = merge.sources.iter().map(|(number, _)| *number).collect();
        let lake = self.lake.clone();
        let merged = cpu::run(move || {
            let sources: Vec<&Segment> = merge.sources.iter().map(|(_, source)| source).collect();
            lake.merge(&sources)
        })
        .await?;
        self.store.replace_segments(&numbers, &merged).await?;
        Ok(merged)
    }

    /// Removes the files of sources that are named no longer. `false`: they are still there, and swept later.
    async fn discard(&self, merge: Arc<Merge>) -> bool {
        let (lake, data) = (self.lake.clone(), self.data.clone());
        let discarded: Result<bool, CompactError> = cpu::run(move || {
            let Some(_alone) = Alone::try_begin(&data)? else { return Ok(false) };
            lake.discard(&merge.sources.iter().map(|(_, source)| source).collect::<Vec<_>>())?;
            Ok(true)
        })
        .await;
        discarded.unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "files of merged segments not removed; they are swept later");
            false
        })
    }
}

impl CompactReport {
    fn add(&mut self, merge: &Merge, merged: Option<&Segment>) {
        self.segments_after -= merge.saves();
        self.merged += merge.sources.len() as u64;
        self.results += 1;
        self.rows += merge.rows();
        self.bytes_before += merge.sources.iter().map(|(_, source)| source.bytes).sum::<u64>();
        if let (Some(bytes), Some(merged)) = (&mut self.bytes_after, merged) {
            *bytes += merged.bytes;
        }
    }
}

fn is_enough(segments: u64, merges: &[Merge]) -> bool {
    let saved = merges.iter().map(Merge::saves).sum::<u64>();
    saved >= FILES_SAVED_MIN && saved * SEGMENTS_PER_FILE_SAVED_MAX >= segments
}

/// The merges that save most files for their rows, for so many rows in all; the first of them in any case.
fn most_saving(mut merges: Vec<Merge>, rows_max: u64) -> Vec<Merge> {
    merges.sort_by_key(|merge| merge.rows() / merge.saves());
    let mut rows = 0;
    let affordable = merges.iter().take_while(|merge| {
        rows += merge.rows();
        rows <= rows_max
    });
    let count = affordable.count().max(1);
    merges.truncate(count);
    merges
}
