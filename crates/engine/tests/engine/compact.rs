//! Compaction beside runs: nothing they find changes, nothing is lost or doubled wherever it dies, readers are not disturbed.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, poll_fn};
use std::path::Path;
use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use engine::{CompactReport, Lease, LeaseName, RunOutcome, RunReport, Schedule, Served, Workspace};
use model::{AsOf, Fact, Segment};
use store::RunKind;

use crate::shop::{BUYERS, Shop, as_of, moment};

/// A shop whose orders came in many small files, on days long over and on days that are not; the clock stands on 10 March.
async fn shop_with_many_files() -> Shop {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    for file in 0..4 {
        for day in ["2025-02-27", "2025-03-01", "2025-03-02", "2025-03-05", "2025-03-09"] {
            order(&shop, &workspace, &format!("u{file}-{day}"), &format!("{day}T1{file}:00:00Z")).await;
        }
    }
    shop
}

async fn order(shop: &Shop, workspace: &Workspace, user: &str, at: &str) {
    let email = format!(r#""context":{{"traits":{{"email":"{user}@example.com"}}}}"#);
    let order = format!(
        r#"{{"type":"track","userId":"{user}",{email},"event":"Order Completed","timestamp":"{at}","properties":{{"total":5,"note":"{user}"}}}}"#
    );
    let identify = format!(r#"{{"type":"identify","userId":"{user}","timestamp":"{at}","traits":{{"plan":null}}}}"#);
    shop.ingest(workspace, &[order, identify]).await;
}

async fn compact(workspace: &Workspace) -> CompactReport {
    workspace.compact(&mut |_| {}).await.expect("compacts")
}

async fn run(workspace: &Workspace, at: &str) -> RunReport {
    match workspace.run(as_of(at), RunKind::Manual).await.expect("runs").0 {
        RunOutcome::Done(report) => RunReport { run_id: None, rows: 0, ..report },
        RunOutcome::AlreadyDone(summary) => panic!("already done: {summary:?}"),
    }
}

async fn segments(workspace: &Workspace) -> Vec<Segment> {
    workspace.store.segments().await.expect("some").into_iter().map(|(_, segment)| segment).collect()
}

async fn facts(workspace: &Workspace) -> Vec<Fact> {
    let mut facts: Vec<Fact> =
        segments(workspace).await.iter().flat_map(|segment| workspace.lake.facts(segment).expect("readable")).collect();
    facts.sort_by_key(|fact| fact.message_key);
    facts
}

/// The lake's files, as the manifest would name them.
fn files(shop: &Shop) -> BTreeSet<String> {
    let lake = shop.folder.path().join("data/lake");
    let mut found = BTreeSet::new();
    let mut folders = vec![lake.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(&lake).expect("below it").to_string_lossy().into_owned());
            }
        }
    }
    found
}

async fn named(workspace: &Workspace) -> BTreeSet<String> {
    segments(workspace).await.into_iter().map(|segment| segment.path).collect()
}

#[tokio::test]
async fn small_segments_become_large_ones() {
    let shop = shop_with_many_files().await;
    let workspace = shop.workspace().await;
    let (before, segments_before) = (facts(&workspace).await, segments(&workspace).await);
    assert_eq!(segments_before.len(), 40);

    let would = workspace.compact_dry_run().await.expect("plans");
    assert_eq!(segments(&workspace).await, segments_before);
    let did = compact(&workspace).await;
    assert_eq!(CompactReport { bytes_after: did.bytes_after, ..would }, did);
    assert_eq!((did.segments_before, did.segments_after, did.results, did.files_left), (40, 6, 6, 0));

    let days: BTreeSet<String> =
        segments(&workspace).await.iter().map(|segment| segment.path.rsplit_once('/').expect("a folder").0.to_owned()).collect();
    let spans = ["2025-02-27", "2025-03-01_2025-03-05", "2025-03-09"];
    let expected = spans.iter().flat_map(|days| [format!("events/event=Order%20Completed/day={days}"), format!("traits/day={days}")]);
    assert_eq!(days, expected.collect());
    assert_eq!(facts(&workspace).await, before);
    assert_eq!(files(&shop), named(&workspace).await);

    let again = compact(&workspace).await;
    assert_eq!((again.merged, again.segments_after), (0, 6), "a second compaction has nothing to do");
}

#[tokio::test]
async fn what_was_observed_stays_true() {
    let shop = shop_with_many_files().await;
    let workspace = shop.workspace().await;
    let observed = async || engine::observed(shop.folder.path(), &workspace.catalog.settings, &crate::shop::Token).await.expect("read");
    let before = observed().await;
    assert!(before.is_some());
    compact(&workspace).await;
    assert_eq!(observed().await, before);
}

/// What three runs find and ask for, with late orders between them, and something merged after each or not.
async fn history(compacts: bool) -> (Vec<RunReport>, Vec<(usize, usize)>, usize) {
    let shop = shop_with_many_files().await;
    let workspace = shop.workspace().await;
    let (mut reports, mut sent) = (Vec::new(), Vec::new());
    for (user, late, at) in [
        ("x", "2025-03-02T09:00:00Z", "2025-03-08T00:00:00Z"),
        ("u1-2025-03-05", "2025-03-01T09:00:00Z", "2025-03-08T10:30:00Z"),
        ("y", "2025-03-04T09:00:00Z", "2025-03-09T11:30:00Z"),
        ("z", "2025-03-04T10:00:00Z", "2025-03-09T12:30:00Z"),
    ] {
        if compacts {
            assert!(compact(&workspace).await.merged > 0 || !sent.is_empty());
        }
        order(&shop, &workspace, user, late).await;
        if compacts {
            // Also what no run has seen yet.
            compact(&workspace).await;
        }
        // A process that knows nothing but what is stored.
        let workspace = shop.workspace().await;
        reports.push(run(&workspace, at).await);
        // Nothing was said since: no sync is asked for, merged or not.
        if compacts {
            compact(&workspace).await;
        }
        let idle = run(&workspace, &at.replace(":30:00Z", ":40:00Z").replace("T00:00:00Z", "T00:10:00Z")).await;
        reports.push(idle);
        sent.push(shop.rows_sent());
    }
    let segments = segments(&workspace).await.len();
    (reports, sent, segments)
}

#[tokio::test]
async fn a_compaction_between_runs_changes_no_membership_no_reason_and_no_sync() {
    let (reports, sent, many) = history(false).await;
    let (same_reports, same_sent, few) = history(true).await;
    assert_eq!(reports, same_reports);
    assert_eq!(sent, same_sent);
    assert!(few * 3 < many, "{few} of {many}");
    let reasons: BTreeSet<_> = reports.iter().flat_map(|report| &report.audiences).flat_map(|audience| audience.reasons.keys()).collect();
    assert!(reasons.len() >= 3, "by definition, by data and by time: {reasons:?}");
}

#[tokio::test]
async fn what_a_paused_audience_was_last_compared_with_is_kept_apart() {
    let mut found = Vec::new();
    for compacts in [false, true] {
        let shop = shop_with_many_files().await;
        let workspace = shop.workspace().await;
        run(&workspace, "2025-03-08T00:00:00Z").await;
        shop.write("audiences/buyers.yaml", &BUYERS.replace("who:", "state: paused\nwho:"));
        let paused = shop.workspace().await;
        for (user, late, at) in
            [("u1-2025-02-27", "2025-03-05T09:00:00Z", "2025-03-08T10:00:00Z"), ("w", "2025-03-02T09:30:00Z", "2025-03-08T11:00:00Z")]
        {
            order(&shop, &paused, user, late).await;
            run(&paused, at).await;
            if compacts {
                compact(&paused).await;
            }
        }
        shop.write("audiences/buyers.yaml", BUYERS);
        found.push(run(&shop.workspace().await, "2025-03-09T20:00:00Z").await);
    }
    assert_eq!(found[0], found[1]);
}

/// Runs a future until it has had to wait more than `waits` times, then drops it where it stands.
async fn dying_after<F: Future>(waits: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut waited = 0;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if waited == waits => Poll::Ready(None),
        Poll::Pending => {
            waited += 1;
            Poll::Pending
        }
    })
    .await
}

#[test]
fn dying_anywhere_loses_and_doubles_nothing() {
    for waits in 0.. {
        let process = || tokio::runtime::Runtime::new().expect("a runtime");
        let first = process();
        let (shop, before) = first.block_on(async {
            let shop = shop_with_many_files().await;
            let before = facts(&shop.workspace().await).await;
            (shop, before)
        });
        let ended = process().block_on(async {
            let workspace = shop.workspace().await;
            dying_after(waits, compact(&workspace)).await
        });
        process().block_on(async {
            let workspace = shop.workspace().await;
            assert_eq!(facts(&workspace).await, before, "after {waits} waits");
            compact(&workspace).await;
            assert_eq!(facts(&workspace).await, before, "after {waits} waits");
            assert_eq!(files(&shop), named(&workspace).await, "after {waits} waits");
            assert_eq!(segments(&workspace).await.len(), 6);
        });
        if ended.is_some() {
            assert!(waits > 10, "died at {waits} places only");
            break;
        }
    }
}

#[tokio::test]
async fn files_stay_while_somebody_reads() {
    let shop = shop_with_many_files().await;
    let workspace = shop.workspace().await;
    let before = named(&workspace).await;
    // As a dry run of another process holds it.
    let reading = std::fs::File::options().create(true).truncate(false).write(true).open(shop.folder.path().join("data/readers.lock"));
    let reading = reading.expect("a lock file");
    reading.lock_shared().expect("locked");
    let report = compact(&workspace).await;
    assert_eq!(report.files_left, report.merged);
    assert!(files(&shop).is_superset(&before), "whoever reads what was there goes on");
    let lease = Lease::take(LeaseName::Writer, &workspace).await.expect("free");
    workspace.sweep(&lease).await.expect("leaves them alone");
    assert!(files(&shop).is_superset(&before));
    reading.unlock().expect("unlocked");
    workspace.sweep(&lease).await.expect("sweeps");
    lease.release().await;
    assert_eq!(files(&shop), named(&workspace).await);
}

#[tokio::test]
async fn a_message_known_before_is_known_after() {
    let shop = shop_with_many_files().await;
    let workspace = shop.workspace().await;
    let line = |number: u32| {
        let at = format!("2025-03-0{}T08:00:00Z", number % 5 + 1);
        format!(r#"{{"messageId":"m{number}","type":"track","userId":"u","event":"Order Completed","timestamp":"{at}"}}"#)
    };
    let import = async |lines: Vec<String>| {
        let path = shop.folder.path().join("messages.ndjson");
        std::fs::write(&path, lines.join("\n")).expect("written");
        let (options, now) = (ingest::ImportOptions::default(), moment("2025-03-10T00:00:00Z"));
        let report = ingest::import_file(&path, &options, &workspace.lake, &workspace.store, now, &mut |_| {}).await.expect("ingested");
        (report.accepted, report.duplicates)
    };
    assert_eq!(import((0..20).map(line).collect()).await, (20, 0));
    assert!(compact(&workspace).await.merged > 0);
    assert_eq!(import((10..30).map(line).collect()).await, (10, 10));
}

#[tokio::test]
async fn the_schedule_merges_by_itself() {
    let shop = shop_with_many_files().await;
    let workspace = shop.workspace().await;
    let runs: Mutex<Vec<AsOf>> = Mutex::default();
    let mut on_run = |at: AsOf, served: &Served| {
        assert!(matches!(served, Ok((RunOutcome::Done(_), _))), "{served:?}");
        runs.lock().expect("not poisoned").push(at);
    };
    let hourly = Schedule::parse("0 * * * *").expect("hourly");
    workspace.serve(&hourly, tokio::time::sleep(Duration::from_millis(1_500)), &mut Clone::clone, &mut on_run).await;
    assert_eq!(*runs.lock().expect("not poisoned"), [as_of("2025-03-10T00:00:00Z")]);
    assert_eq!(segments(&workspace).await.len(), 6);
    assert_eq!(files(&shop), named(&workspace).await);
}

#[tokio::test]
async fn a_damaged_segment_is_not_merged_and_fails_no_run() {
    let shop = shop_with_many_files().await;
    let workspace = shop.workspace().await;
    let before = segments(&workspace).await;
    let path = shop.folder.path().join("data/lake").join(&before[0].path);
    damage(&path);
    assert!(workspace.compact(&mut |_| {}).await.is_err());
    let left: BTreeMap<_, _> = segments(&workspace).await.into_iter().map(|segment| (segment.path.clone(), segment)).collect();
    assert_eq!(left.get(&before[0].path), Some(&before[0]), "it is still named, for a backup to bring back");
    assert!(Lease::take(LeaseName::Writer, &workspace).await.is_ok(), "the lease was given back");
}

/// Changes a byte of the rows, not of what describes them.
fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).expect("a file");
    bytes[20] ^= 1;
    std::fs::write(path, bytes).expect("written");
}
