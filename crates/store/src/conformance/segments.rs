//! The segment manifest and the progress of imports.

use model::{LogName, ProfileId, Segment, SegmentId};

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

/// Four segments of one log on four days and one of another, numbered by the store.
async fn five(store: &dyn Store) -> Vec<(SegmentId, Segment)> {
    let day = |day: u32| segment(&format!("order/{day}.parquet"), events("Order Completed"), &format!("2025-03-0{day}"));
    let mut segments: Vec<_> = (1..=4).map(day).collect();
    segments.push(segment("view/1.parquet", events("Page Viewed"), "2025-03-01"));
    store.flush(&Flush { segments, ..Flush::default() }).await.expect("a flush");
    store.segments().await.expect("five")
}

fn merged(path: &str, sources: &[&(SegmentId, Segment)]) -> (Vec<SegmentId>, Segment) {
    let (first, last) = (&sources[0].1, &sources[sources.len() - 1].1);
    let rows = sources.iter().map(|(_, source)| source.rows).sum();
    let merged = Segment { path: path.to_owned(), rows, last_at: last.last_at, bytes: 99, ..first.clone() };
    (sources.iter().map(|(number, _)| *number).collect(), merged)
}

pub(super) async fn a_merged_segment_stands_for_its_sources(store: &dyn Store) {
    let before = five(store).await;
    let (sources, merged) = merged("order/1-3.parquet", &[&before[0], &before[1], &before[2]]);
    let number = store.replace_segments(&sources, &merged).await.expect("replaced");
    assert_eq!(number, before[2].0, "whoever has seen the sources has seen it");
    let after = [(number, merged.clone()), before[3].clone(), before[4].clone()];
    assert_eq!(store.segments().await.expect("three"), after);

    let found = async |first: &str, last: &str| {
        let days = (first.parse().expect("a date"), last.parse().expect("a date"));
        let found = store.segments_of(&merged.log, days.0, days.1).await.expect("some");
        found.into_iter().map(|(_, segment)| segment.path).collect::<Vec<_>>()
    };
    for day in ["2025-03-01", "2025-03-02", "2025-03-03"] {
        assert_eq!(found(day, day).await, ["order/1-3.parquet"], "{day}");
    }
    assert_eq!(found("2025-03-04", "2025-03-09").await, ["order/4.parquet"]);
    assert_eq!(found("2025-02-01", "2025-02-28").await, [""; 0]);

    let later = segment("order/5.parquet", merged.log.clone(), "2025-03-05");
    store.flush(&Flush { segments: vec![later], ..Flush::default() }).await.expect("a flush");
    let numbers: Vec<_> = store.segments().await.expect("four").into_iter().map(|(number, _)| number).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b) && numbers.last() > Some(&before[4].0), "numbers go on: {numbers:?}");
}

pub(super) async fn what_does_not_add_up_is_not_merged(store: &dyn Store) {
    let before = five(store).await;
    let (sources, fitting) = merged("order/1-2.parquet", &[&before[0], &before[1]]);
    let short = Segment { rows: fitting.rows - 1, ..fitting.clone() };
    let of_another_log = [sources[0], before[4].0];
    let unknown = [sources[0], SegmentId(4_711)];
    let named = Segment { path: before[3].1.path.clone(), ..fitting.clone() };
    for (sources, merged) in
        [(&[][..], &fitting), (&sources, &short), (&of_another_log, &fitting), (&unknown, &fitting), (&sources, &named)]
    {
        let refused = store.replace_segments(sources, merged).await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
        assert_eq!(store.segments().await.expect("five"), before);
    }
    store.replace_segments(&sources, &fitting).await.expect("what was refused left nothing behind");
    let again = store.replace_segments(&sources, &Segment { path: "order/again.parquet".to_owned(), ..fitting }).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    assert_eq!(store.segments().await.expect("four").len(), 4);
}

pub(super) async fn what_was_merged_is_never_named_again(store: &dyn Store) {
    let before = five(store).await;
    let (sources, merged) = merged("order/1-2.parquet", &[&before[0], &before[1]]);
    store.replace_segments(&sources, &merged).await.expect("replaced");
    let after = store.segments().await.expect("four");
    let again = store.flush(&Flush { segments: vec![before[0].1.clone()], profiles: users(0, 1), ..Flush::default() }).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    let taken = Segment { path: before[1].1.path.clone(), ..merged };
    let renamed = store.replace_segments(&[after[1].0], &Segment { rows: after[1].1.rows, ..taken }).await;
    assert!(matches!(renamed, Err(StoreError::Conflict { .. })), "{renamed:?}");
    assert_eq!(store.segments().await.expect("four"), after);
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
    store.forget_imports(&["beef".to_owned(), "c0ffee".to_owned()]).await.expect("forgotten");
    assert_eq!(store.import("c0ffee").await.expect("none"), None);
}
