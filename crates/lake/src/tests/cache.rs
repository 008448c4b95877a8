//! Cached columns: what is evicted is read again, and answers the same.

use model::{Segment, Value};
use rayon::prelude::*;

use super::{event, lake};
use crate::{Lake, Reader, Times};

const ROWS: i64 = 2_000;

fn fill(lake: &Lake) -> Vec<Segment> {
    let facts: Vec<_> = (0..8)
        .flat_map(|day| {
            (0..ROWS).map(move |row| {
                let number: Value = ((day * ROWS + row) as f64).into();
                event("Order", day * 86_400 + row, &[("total", number), ("day", format!("day {day}").as_str().into())])
            })
        })
        .collect();
    lake.write(&facts).expect("written")
}

#[track_caller]
fn check(reader: &Reader, segments: &[Segment], names: &[&str]) {
    for (day, segment) in segments.iter().enumerate() {
        let frame = reader.frame(segment, names).expect("readable");
        assert_eq!(frame.columns.len(), names.len());
        for (name, column) in names.iter().zip(&frame.columns) {
            match *name {
                "total" => assert_eq!(column.numbers.as_ref().expect("numbers").get(1), Some((day * 2_000 + 1) as f64)),
                "day" => assert_eq!(column.texts.as_ref().expect("texts").values, [format!("day {day}")].iter().collect()),
                _ => assert!(column.is_absent()),
            }
        }
    }
}

#[test]
fn answers_are_right_whatever_the_budget() {
    let (_folder, lake) = lake();
    let segments = fill(&lake);
    // Room for nothing, for one part, for a few, for all.
    for budget in [0, 20_000, 100_000, 10_000_000] {
        let reader = Reader::new(lake.clone(), budget);
        (0..8).into_par_iter().for_each(|round| {
            check(&reader, &segments, &["total"]);
            check(&reader, &segments, &["day", "none", "total", "day"]);
            check(&reader, &segments[round..], &[]);
        });
        assert!(reader.cached_bytes() <= budget);
    }
}

#[test]
fn what_was_read_is_not_read_again() {
    let (folder, lake) = lake();
    let segments = fill(&lake);
    let reader = Reader::new(lake, 10_000_000);
    check(&reader, &segments, &["total"]);
    let path = folder.path().join(&segments[0].path);
    std::fs::remove_file(path).expect("removed");
    check(&reader, &segments, &["total"]);
    reader.frame(&segments[0], &["day"]).expect_err("not in memory");
}

#[test]
fn the_least_recently_used_goes_first() {
    let (folder, lake) = lake();
    let segments = fill(&lake);
    // Rows of a segment take 24 kB: room for three, also once room was made.
    let reader = Reader::new(lake, 90_000);
    for segment in [0, 1, 2, 0, 3] {
        reader.frame(&segments[segment], &[]).expect("readable");
    }
    std::fs::remove_dir_all(folder.path()).expect("removed");
    for (segment, kept) in [(0, true), (1, false), (2, true), (3, true)] {
        assert_eq!(reader.frame(&segments[segment], &[]).is_ok(), kept, "segment {segment}");
    }
}

/// What one process saved, the next one maps; what is broken or of a segment that is gone is decoded, or swept.
#[test]
fn saved_columns_say_the_same_and_may_go_at_any_time() {
    let (folder, lake) = lake();
    let segments = fill(&lake);
    let hot = folder.path().join("cache");
    let reader = || Reader::new(lake.clone(), 1 << 30).with_hot_columns(&hot);
    let names = ["day", "total", "other"];
    let read = |reader: &Reader| -> Vec<_> {
        let of = |segment| {
            let frame = reader.frame(segment, &names).expect("readable");
            let bare = reader.blocks(segment, &names, Times::Unwanted).expect("readable");
            let blocks = reader.blocks(segment, &names, Times::Wanted).expect("readable");
            assert_eq!((bare.occurred_at, &bare.blocks), (None, &blocks.blocks));
            (frame.profiles, frame.occurred_at, frame.columns, blocks.blocks, blocks.occurred_at, blocks.columns)
        };
        segments.iter().map(of).collect()
    };
    let first = reader();
    let decoded = read(&first);
    let held = first.held_bytes();
    assert!(held > 0);
    first.save(segments.iter()).expect("saved");
    assert!(first.held_bytes() == 0, "{} of {held}", first.held_bytes());
    assert_eq!(read(&first), decoded);
    // The files of the lake are not looked at any more.
    std::fs::rename(folder.path().join("events"), folder.path().join("elsewhere")).expect("renamed");
    assert_eq!(read(&reader()), decoded);
    std::fs::rename(folder.path().join("elsewhere"), folder.path().join("events")).expect("renamed");

    for file in super::files(&hot) {
        let path = hot.join(&file);
        let bytes = std::fs::read(&path).expect("a file");
        std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("cut short");
    }
    assert_eq!(read(&reader()), decoded);
    let last = reader();
    read(&last);
    last.save(segments[1..].iter()).expect("saved and swept");
    let left: std::collections::HashSet<String> =
        super::files(&hot).iter().filter_map(|file| Some(file.split_once('/')?.0.to_owned())).collect();
    assert_eq!(left.len(), segments.len() - 1);
}
