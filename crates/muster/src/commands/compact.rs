//! `muster compact`: small segments of the lake become larger ones; what they say stays as it is.

use std::time::Instant;

use engine::{CompactReport, CompactStep};

use crate::cli::CompactArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::numbers::{counted, grouped};
use crate::render::progress;
use crate::{opening, output};

pub(crate) async fn run(asked: &Asked, args: &CompactArgs) -> anyhow::Result<Ending> {
    let workspace = opening::workspace(&asked.folder).await?;
    let started = Instant::now();
    let report = if args.dry_run {
        workspace.compact_dry_run().await?
    } else {
        let bar = progress::rows(0);
        bar.set_prefix("compact");
        let mut on_step = |step: CompactStep| {
            bar.set_length(step.rows_total);
            bar.set_position(step.rows_done);
        };
        let ended = workspace.compact(&mut on_step).await;
        bar.finish_and_clear();
        ended?
    };
    if asked.json {
        output::json(&report)?;
    } else {
        output::text(&told(&report, started.elapsed().as_secs_f64()))?;
    }
    Ok(Ending::Done)
}

/// A compaction as people read it.
fn told(report: &CompactReport, seconds: f64) -> String {
    if report.merged == 0 {
        return format!("nothing to merge: {}\n", counted(report.segments_before, "segment"));
    }
    let merged = format!("{} into {} ({})", counted(report.merged, "segment"), grouped(report.results), counted(report.rows, "row"));
    let lake = format!("{} became {}", counted(report.segments_before, "segment"), grouped(report.segments_after));
    let Some(bytes_after) = report.bytes_after else {
        let lake = lake.replace("became", "would become");
        return format!("would merge {merged}, {}; {lake}\nnothing was changed\n", mebibytes(report.bytes_before));
    };
    let sizes = format!("{} became {}", mebibytes(report.bytes_before), mebibytes(bytes_after));
    let mut text = format!("merged {merged}, {sizes}; {lake}; {seconds:.1} s\n");
    if report.files_left > 0 {
        let left = counted(report.files_left, "old file");
        text.push_str(&format!("{left} stayed, because somebody was reading: the next import or compaction removes them\n"));
    }
    text
}

fn mebibytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size for people")]
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    format!("{mebibytes:.1} MiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(report: &CompactReport, expected: &str) {
        assert_eq!(told(report, 2.345), expected);
    }

    #[test]
    fn what_was_done_is_told_in_a_line() {
        check(&CompactReport { segments_before: 12, segments_after: 12, ..CompactReport::default() }, "nothing to merge: 12 segments\n");
        let done = CompactReport {
            segments_before: 5_110,
            segments_after: 84,
            merged: 5_098,
            results: 72,
            rows: 5_000_000,
            bytes_before: 300 << 20,
            bytes_after: Some(250 << 20),
            files_left: 0,
        };
        let expected = "merged 5,098 segments into 72 (5,000,000 rows), 300.0 MiB became 250.0 MiB; 5,110 segments became 84; 2.3 s\n";
        check(&done, expected);
        let left = "1 old file stayed, because somebody was reading: the next import or compaction removes them\n";
        check(&CompactReport { files_left: 1, ..done.clone() }, &format!("{expected}{left}"));
        let expected =
            "would merge 5,098 segments into 72 (5,000,000 rows), 300.0 MiB; 5,110 segments would become 84\nnothing was changed\n";
        check(&CompactReport { bytes_after: None, ..done }, expected);
    }
}
