//! What was observed: counted as it is flushed, by source, whatever becomes of the segments.

use model::{LogName, ModelKey, Segment, SegmentColumn, ValueType};

use super::cases::{column, events, hour, segment};
use crate::{Flush, ImportProgress, ModelBatch, ObservedRow, Store};

fn import(source: &str) -> ImportProgress {
    let content = format!("c0ffee of {source}");
    ImportProgress { content, source: source.to_owned(), lines: 1, accepted: 1, duplicates: 0, rejected: 0, finished_at: None }
}

pub(super) async fn what_is_flushed_is_counted(store: &dyn Store) {
    assert_eq!(store.observed().await.expect("nothing"), []);
    let number = |path: &str, day: &str| segment(path, events("Order Completed"), day);
    let texts = SegmentColumn { first_at: Some(hour(30)), last_at: Some(hour(30).plus_micros(7)), ..column("größe", ValueType::Text, 1) };
    let mixed = Segment { columns: [number("", "2025-03-02").columns, vec![texts]].concat(), ..number("c", "2025-03-02") };
    let traits = Segment { columns: vec![column("plan", ValueType::Gone, 3)], ..segment("d", LogName::Traits, "2025-03-01") };
    let model = ModelKey::parse("cards").expect("a key");
    let sync = store.begin_model_sync(&model).await.expect("begun");
    let batch = ModelBatch { model, sync, saved: Vec::new(), seen: Vec::new(), deleted: Vec::new(), finished_at: None };
    for flush in [
        Flush { segments: vec![number("a", "2025-03-01"), number("b", "2025-03-03")], import: Some(import("web")), ..Flush::default() },
        Flush { segments: vec![mixed], import: Some(import("web")), ..Flush::default() },
        Flush { segments: vec![number("e", "2025-03-02")], import: Some(import("app")), ..Flush::default() },
        Flush { segments: vec![traits], model: Some(batch), ..Flush::default() },
        Flush { import: Some(import("silent")), ..Flush::default() },
    ] {
        store.flush(&flush).await.expect("a flush");
    }
    let row = |source: &str, log: &LogName, value: Option<(&str, ValueType)>, rows, (first, last): (i64, i64)| ObservedRow {
        source: source.to_owned(),
        log: log.clone(),
        value: value.map(|(name, of)| (name.to_owned(), of)),
        rows,
        first_at: hour(first),
        last_at: hour(last).plus_micros(7),
    };
    let orders = events("Order Completed");
    let expected = [
        row("app", &orders, None, 3, (24, 24)),
        row("web", &orders, None, 9, (0, 48)),
        row("app", &orders, Some(("größe", ValueType::Number)), 2, (24, 24)),
        row("web", &orders, Some(("größe", ValueType::Number)), 6, (0, 48)),
        row("web", &orders, Some(("größe", ValueType::Text)), 1, (30, 30)),
        row("cards", &LogName::Traits, None, 3, (0, 0)),
        row("cards", &LogName::Traits, Some(("plan", ValueType::Gone)), 3, (0, 0)),
    ];
    assert_eq!(store.observed().await.expect("seven"), expected);

    // A flush that is refused counts nothing, and merging changes nothing.
    let again = Flush { segments: vec![number("a", "2025-03-01")], import: Some(import("web")), ..Flush::default() };
    store.flush(&again).await.expect_err("named already");
    let segments = store.segments().await.expect("five");
    let sources: Vec<_> = segments.iter().filter(|(_, segment)| segment.log == orders).collect();
    let rows = sources.iter().map(|(_, segment)| segment.rows).sum();
    let merged = Segment { path: "merged".to_owned(), rows, last_at: sources[1].1.last_at, ..sources[0].1.clone() };
    let numbers: Vec<_> = sources.iter().map(|(number, _)| *number).collect();
    store.replace_segments(&numbers, &merged).await.expect("replaced");
    assert_eq!(store.observed().await.expect("seven"), expected);
}

pub(super) async fn events_are_found_by_time(store: &dyn Store) {
    let day = |path: &str, day: &str| segment(path, events(path), day);
    let segments =
        vec![day("a", "2025-03-01"), day("b", "2025-03-02"), segment("c", LogName::Traits, "2025-03-02"), day("d", "2025-03-03")];
    store.flush(&Flush { segments, ..Flush::default() }).await.expect("a flush");
    let paths = async |first, last| {
        let found = store.segments_between(first, last).await.expect("some");
        found.into_iter().map(|(_, segment)| segment.path).collect::<Vec<_>>()
    };
    assert_eq!(paths(hour(0), hour(100)).await, ["a", "b", "d"]);
    assert_eq!(paths(hour(1), hour(24)).await, ["b"]);
    assert_eq!(paths(hour(0).plus_micros(7), hour(23)).await, ["a"]);
    assert_eq!(paths(hour(0).plus_micros(8), hour(23)).await, [""; 0]);
}
