//! The segment manifest and the progress of imports.

use model::{LogName, ProfileId, SegmentId};

use super::cases::{attached, events, hour, identifier, segment, users};
use crate::{Flush, ImportProgress, Store, StoreError};

pub(super) async fn segments_are_numbered_and_found_by_day(store: &dyn Store) {
    let first = [
        segment("order/2025-03-01/a.parquet", events("Order Completed"), "2025-03-01"),
        segment("order/1969-12-31/a.parquet", events("Order Completed"), "1969-12-31"),
        segment("traits/2025-03-01/a.parquet", LogName::Traits, "2025-03-01"),
    ];
    let second = [
        segment("order/2025-03-02/b.parquet", events("Order Completed"), "2025-03-02"),
        segment("view/2025-03-01/b.parquet", events("Page Viewed"), "2025-03-01"),
    ];
    for segments in [&first[..], &second] {
        store.flush(&Flush { segments: segments.to_vec(), ..Flush::default() }).await.expect("a flush");
    }
    let all = store.segments().await.expect("all");
    assert_eq!(all.iter().map(|(_, segment)| segment.clone()).collect::<Vec<_>>(), [&first[..], &second].concat());
    assert!(all.is_sorted_by(|(a, _), (b, _)| a < b));
    let paths = async |log: &LogName, from: &str, to: &str| {
        let (from, to) = (from.parse().expect("a date"), to.parse().expect("a date"));
        let found = store.segments_of(log, from, to).await.expect("some");
        found.into_iter().map(|(_, segment)| segment.path).collect::<Vec<_>>()
    };
    let orders = events("Order Completed");
    assert_eq!(paths(&orders, "2025-03-01", "2025-03-01").await, ["order/2025-03-01/a.parquet"]);
    assert_eq!(paths(&orders, "2025-03-01", "2025-03-02").await, ["order/2025-03-01/a.parquet", "order/2025-03-02/b.parquet"]);
    assert_eq!(paths(&orders, "1960-01-01", "1970-01-01").await, ["order/1969-12-31/a.parquet"]);
    assert_eq!(paths(&LogName::Traits, "2025-03-01", "2025-03-01").await, ["traits/2025-03-01/a.parquet"]);
    assert_eq!(paths(&orders, "2025-03-03", "2025-03-04").await, [""; 0]);
}

pub(super) async fn the_same_flush_twice_changes_nothing(store: &dyn Store) {
    let flush = Flush {
        identifiers: vec![attached(identifier("email", "mary@example.com"), 0, hour(0))],
        segments: vec![segment("order/2025-03-01/a.parquet", events("Order Completed"), "2025-03-01")],
        ..Flush::default()
    };
    store.flush(&Flush { profiles: users(0, 1), ..flush.clone() }).await.expect("a first flush");
    let again = Flush { profiles: users(1, 1), import: Some(progress(3)), ..flush };
    let refused = store.flush(&again).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    assert_eq!(store.next_profile().await.expect("a count"), ProfileId(1));
    assert_eq!(store.import("c0ffee").await.expect("none"), None);
    let segments = store.segments().await.expect("one");
    assert_eq!(segments.len(), 1);
    let another = Flush { segments: vec![segment("order/2025-03-01/b.parquet", LogName::Traits, "2025-03-01")], ..Flush::default() };
    store.flush(&another).await.expect("a second flush");
    let next = SegmentId(segments[0].0.0 + 1);
    assert_eq!(store.segments().await.expect("two").last().expect("two").0, next, "a refused flush takes no numbers");
}

fn progress(lines: u64) -> ImportProgress {
    let source = "web".to_owned();
    ImportProgress { content: "c0ffee".to_owned(), source, lines, accepted: lines - 3, duplicates: 2, rejected: 1, finished_at: None }
}

pub(super) async fn imports_remember_how_far_they_came(store: &dyn Store) {
    assert_eq!(store.import("c0ffee").await.expect("none"), None);
    let finished = ImportProgress { finished_at: Some(hour(1)), ..progress(20) };
    for step in [progress(10), finished.clone()] {
        store.flush(&Flush { import: Some(step.clone()), ..Flush::default() }).await.expect("a flush");
        assert_eq!(store.import("c0ffee").await.expect("one"), Some(step));
    }
    assert_eq!(store.import("beef").await.expect("none"), None);
}
