//! The drain: what was accepted becomes facts, once, whatever was interrupted.

use std::sync::Arc;

use engine::{Backfill, DrainReport, Every, RunOutcome, Workspace};
use ingest::inbox::{Accepted, Inbox, InboxLimits};
use store::RunKind;

use crate::shop::{Shop, as_of, moment};

fn inbox(workspace: &Workspace) -> Arc<Inbox> {
    Arc::new(Inbox::open(&workspace.inbox_folder(), InboxLimits::default()).expect("an inbox"))
}

/// Orders on 9 March by their ids: each of somebody else.
fn orders(source: &str, ids: &[&str]) -> Accepted {
    let line = |id: &&str| {
        format!(
            r#"{{"type":"track","userId":"{id}","messageId":"{id}","event":"Order Completed","timestamp":"2025-03-09T10:00:00Z","receivedAt":"2025-03-09T10:00:01Z"}}"#
        ) + "\n"
    };
    Accepted { source: source.to_owned(), lines: ids.iter().map(line).collect::<String>().into_bytes() }
}

fn drained(files: u64, accepted: u64, duplicates: u64) -> DrainReport {
    DrainReport { files, accepted, duplicates, rejected: 0 }
}

#[tokio::test]
async fn a_message_is_one_fact_by_source_and_id() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    let inbox = inbox(&workspace);
    let workspace = workspace.with_inbox(Arc::clone(&inbox));
    inbox.append(&[orders("web", &["a", "b"]), orders("app", &["a"]), orders("web", &["b", "c"])]).expect("written");
    assert_eq!(workspace.drain().await.expect("drained"), drained(1, 4, 1));
    inbox.append(&[orders("web", &["c", "d"])]).expect("written");
    assert_eq!(workspace.drain().await.expect("drained"), drained(1, 1, 1));
    assert_eq!(workspace.drain().await.expect("nothing is left"), drained(0, 0, 0));
    assert!(inbox.sealed().expect("a list").is_empty());
}

#[tokio::test]
async fn a_file_that_comes_back_changes_nothing() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    let inbox = inbox(&workspace);
    inbox.append(&[orders("web", &["a"]), orders("app", &["b"])]).expect("written");
    let sealed = inbox.seal().expect("sealed").remove(0);
    drop(inbox);
    let bytes = std::fs::read(&sealed).expect("bytes");
    // As a process that only runs: nobody accepts messages, so every file is sealed.
    assert_eq!(workspace.drain().await.expect("drained"), drained(1, 2, 0));
    std::fs::write(&sealed, bytes).expect("put back");
    let again = workspace.drain().await.expect("drained");
    assert_eq!((again.files, again.accepted, again.duplicates, again.rejected), (1, 0, 2, 0), "each message is known");
    assert!(!sealed.exists());
}

#[tokio::test]
async fn a_run_sees_what_was_accepted_before_it() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    let inbox = inbox(&workspace);
    let workspace = workspace.with_inbox(Arc::clone(&inbox));
    inbox.append(&[orders("web", &["a", "b"])]).expect("written");
    let (outcome, _) = workspace.run(as_of("2025-03-09T12:00:00Z"), RunKind::Schedule).await.expect("runs");
    let RunOutcome::Done(report) = outcome else { panic!("{outcome:?}") };
    assert_eq!(report.audiences[0].members, 2);
}

#[tokio::test]
async fn a_backfill_sees_what_was_accepted_before_it() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    let inbox = inbox(&workspace);
    let workspace = workspace.with_inbox(Arc::clone(&inbox));
    inbox.append(&[orders("web", &["a", "b"])]).expect("written");
    let (from, to) = (moment("2025-03-09T12:00:00Z"), moment("2025-03-09T13:00:00Z"));
    let plan = Backfill { from, to, every: Every::parse("1h").expect("plain"), replace: false };
    let report = workspace.backfill(plan, &mut |_| {}).await.expect("backfills");
    assert_eq!((report.recorded, report.entered), (2, 2));
}

#[tokio::test]
async fn damage_costs_only_what_is_damaged_and_stops_nothing() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    let inbox = inbox(&workspace);
    inbox.append(&[orders("web", &["a"]), orders("web", &["b"])]).expect("written");
    let sealed = inbox.seal().expect("sealed").remove(0);
    let mut bytes = std::fs::read(&sealed).expect("bytes");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&sealed, bytes).expect("damaged");
    let workspace = workspace.with_inbox(inbox);
    assert_eq!(workspace.drain().await.expect("drained"), drained(1, 1, 0));
    assert!(sealed.with_extension("damaged").exists());
    assert_eq!(workspace.drain().await.expect("nothing is left"), drained(0, 0, 0));
}
