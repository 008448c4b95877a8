//! Files: names, order, columns, sweeping.

use std::collections::HashSet;
use std::fs;

use chrono::NaiveDate;
use polars::prelude::{DataType, ParquetReader, SerReader as _, TimeUnit};

use super::{event, files, lake, traits};
use crate::{ExportColumn, Lake, LakeError, open_from, parquet_bytes, told};

#[test]
fn a_segment_has_the_documented_columns() {
    let (folder, lake) = lake();
    let facts = [
        event("Order Completed", 1, &[("total", 5.0.into()), ("note", "x".into()), ("gift", true.into())]),
        event("Order Completed", 2, &[("total", "five".into()), ("items", model::Value::List(vec![1.0.into()]))]),
    ];
    let segments = lake.write(&facts).expect("written");
    let (parent, name) = segments[0].path.rsplit_once('/').expect("a path");
    assert_eq!(parent, "events/event=Order%20Completed/day=2025-03-01");
    assert_eq!(name.len(), "0123456789abcdef0123456789abcdef.parquet".len());
    assert_eq!(files(folder.path()), [segments[0].path.clone()]);

    let file = fs::File::open(folder.path().join(&segments[0].path)).expect("a file");
    assert_eq!(file.metadata().expect("a size").len(), segments[0].bytes);
    let table = ParquetReader::new(file).finish().expect("valid Parquet");
    let schema: Vec<_> = table.schema().iter().map(|(name, kind)| (name.to_string(), kind.clone())).collect();
    let moment = DataType::Datetime(TimeUnit::Microseconds, None);
    let expected = [
        ("profile_id", DataType::UInt32),
        ("occurred_at", moment.clone()),
        ("received_at", moment),
        ("message_key", DataType::Binary),
        ("source_order", DataType::UInt64),
        ("gift:flag", DataType::Boolean),
        ("items:json", DataType::String),
        ("note:text", DataType::String),
        ("total:number", DataType::Float64),
        ("total:text", DataType::String),
    ];
    assert_eq!(schema, expected.map(|(name, kind)| (name.to_owned(), kind)));
    let key = table.column("message_key").expect("a column").binary().expect("bytes").get(0).expect("a key").to_vec();
    assert_eq!(key, 1u128.to_be_bytes());
}

#[test]
fn the_same_facts_make_the_same_files() {
    let (folder, lake) = lake();
    let mut facts: Vec<_> = (0..50).map(|day| event("Login", day * 40_000, &[("day", (day as f64).into())])).collect();
    facts.extend((0..50).map(|day| traits(day * 40_000, &[("plan", None), ("seats", Some((day as f64).into()))])));
    let once = lake.write(&facts).expect("written");
    facts.reverse();
    assert_eq!(lake.write(&facts).expect("written"), once);
    assert_eq!(files(folder.path()).len(), once.len());
    assert_ne!(lake.write(&facts[1..]).expect("written"), once);
}

#[test]
fn days_that_are_over_share_a_file_with_their_month() {
    let (_folder, lake) = lake();
    let facts = [-1, 0, 4, 20, 21].map(|day| event("Login", day * 86_400, &[]));
    let (members, starts) = told::members(&facts);
    let told: Vec<_> = facts.iter().zip(starts.windows(2)).map(|(fact, own)| told::told(fact, &members[own[0]..own[1]])).collect();
    let open_from = open_from(NaiveDate::from_ymd_opt(2025, 3, 23).expect("a day"));
    let segments = lake.write_told(&told, open_from).expect("written");
    let folders: Vec<_> = segments.iter().map(|segment| segment.path.rsplit_once('/').expect("a path").0).collect();
    let of = |days| format!("events/event=Login/day={days}");
    assert_eq!(folders, [of("2025-02-28"), of("2025-03-01_2025-03-05"), of("2025-03-21"), of("2025-03-22")]);
    let read: Vec<_> = segments.iter().flat_map(|segment| lake.facts(segment).expect("read")).collect();
    assert_eq!(read, facts);
}

#[test]
fn nothing_makes_no_file() {
    let (folder, lake) = lake();
    assert_eq!(lake.write(&[]).expect("nothing to do"), []);
    assert_eq!(files(folder.path()), Vec::<String>::new());
}

#[test]
fn a_sweep_leaves_what_the_manifest_names() {
    let (folder, lake) = lake();
    let named = lake.write(&[event("Login", 1, &[])]).expect("written");
    let lost = lake.write(&[event("Logout", 1, &[]), traits(1, &[])]).expect("written");
    let half = format!("{}/.half.parquet.tmp", named[0].path.rsplit_once('/').expect("a path").0);
    fs::write(folder.path().join(&half), "PAR").expect("written");
    fs::write(folder.path().join("notes.txt"), "not the lake's").expect("written");

    let manifest: HashSet<String> = [named[0].path.clone()].into();
    let mut removed = lake.sweep(&manifest).expect("swept");
    removed.sort();
    let mut expected = vec![lost[0].path.clone(), lost[1].path.clone(), half];
    expected.sort();
    assert_eq!(removed, expected);
    assert_eq!(files(folder.path()), [named[0].path.clone(), "notes.txt".to_owned()]);
    assert!(!folder.path().join("traits").exists());
    assert!(lake.sweep(&manifest).expect("swept").is_empty());
    lake.facts(&named[0]).expect("still there");
}

#[test]
fn a_failed_write_leaves_nothing() {
    let (folder, lake) = lake();
    let before = lake.write(&[event("Login", 1, &[])]).expect("written");
    fs::write(folder.path().join("traits"), "in the way").expect("written");
    let error =
        lake.write(&[event("Login", 1, &[]), event("Logout", 1, &[]), traits(1, &[])]).expect_err("a file where a folder should be");
    assert!(matches!(error, LakeError::Write { .. }), "{error:?}");
    assert_eq!(files(folder.path()), [before[0].path.clone(), "traits".to_owned()]);
}

#[test]
fn a_folder_that_cannot_be_is_said_so() {
    let (folder, _) = lake();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    for path in [file.clone(), file.join("lake")] {
        let error = Lake::open(&path).expect_err("no folder");
        assert!(matches!(error, LakeError::Folder { .. }));
        assert!(error.to_string().contains(path.to_str().expect("text")), "{error}");
    }
}

#[test]
fn tables_are_exported() {
    let ids = ExportColumn::Text(vec![Some("a".to_owned()), None]);
    let bytes = parquet_bytes(&[("public_id", ids.clone()), ("orders", ExportColumn::Number(vec![3, 4]))]).expect("made");
    let table = ParquetReader::new(std::io::Cursor::new(bytes)).finish().expect("valid Parquet");
    assert_eq!(table.column("public_id").expect("a column").str().expect("text").get(0), Some("a"));
    assert_eq!(table.column("public_id").expect("a column").null_count(), 1);
    assert_eq!(table.column("orders").expect("a column").u64().expect("numbers").get(1), Some(4));
    parquet_bytes(&[("public_id", ids), ("orders", ExportColumn::Number(vec![3]))]).expect_err("unequal lengths");
}
