//! Merged segments: the same rows in the same order, whatever the sources hold; damage found, not copied.

use std::collections::BTreeMap;
use std::fs;

use model::{LogName, MessageKey, Segment};
use polars::prelude::{ParquetReader, SerReader as _};
use proptest::prelude::*;

use super::round_trip::{facts, order};
use super::{event, files, lake, traits};
use crate::parquet::ROW_GROUP_ROWS;
use crate::{Lake, LakeError, Reader};

/// The segments of each log.
fn by_log(segments: Vec<Segment>) -> Vec<Vec<Segment>> {
    let mut logs: BTreeMap<LogName, Vec<Segment>> = BTreeMap::new();
    for segment in segments {
        logs.entry(segment.log.clone()).or_default().push(segment);
    }
    logs.into_values().collect()
}

fn merge(lake: &Lake, sources: &[Segment]) -> Result<Segment, LakeError> {
    lake.merge(&sources.iter().collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn merging_changes_no_row(batches in proptest::collection::vec(facts(), 1..5)) {
        let (_folder, lake) = lake();
        let segments: Vec<Segment> = batches.iter().flat_map(|facts| lake.write(facts).expect("written")).collect();
        for mut sources in by_log(segments) {
            sources.dedup_by(|a, b| a.path == b.path);
            let mut expected: Vec<_> = sources.iter().flat_map(|source| lake.facts(source).expect("readable")).collect();
            expected.sort_by_key(order);

            let merged = merge(&lake, &sources).expect("merged");
            prop_assert_eq!(&lake.facts(&merged).expect("readable"), &expected);
            prop_assert_eq!((merged.rows, merged.first_at), (expected.len() as u64, expected[0].occurred_at));
            prop_assert_eq!(merged.last_at, expected[expected.len() - 1].occurred_at);
            prop_assert_eq!((merged.day, &merged.log), (merged.first_at.day(), &sources[0].log));

            // The manifest tells of the same values as it did of the sources.
            let mut told = BTreeMap::new();
            for column in sources.iter().flat_map(|source| &source.columns) {
                *told.entry((column.name.clone(), column.value_type)).or_insert(0) += column.rows;
            }
            let tells: BTreeMap<_, _> = merged.columns.iter().map(|column| ((column.name.clone(), column.value_type), column.rows)).collect();
            prop_assert_eq!(tells.len(), merged.columns.len());
            prop_assert_eq!(tells, told);

            // Every day's keys are found, and no others.
            let mut keys: BTreeMap<_, Vec<MessageKey>> = BTreeMap::new();
            for fact in &expected {
                keys.entry(fact.occurred_at.day()).or_default().push(fact.message_key);
            }
            let some = |day: chrono::NaiveDate| keys.contains_key(&day) && day != merged.day;
            if keys.len() < 40 && (merged.last_day() - merged.day).num_days() < 400 {
                let found = lake.message_keys_on(&merged, |_| true).expect("readable");
                prop_assert_eq!(&found.into_iter().filter(|(_, keys)| !keys.is_empty()).collect::<BTreeMap<_, _>>(), &keys);
                let found: BTreeMap<_, _> = lake.message_keys_on(&merged, some).expect("readable").into_iter().collect();
                keys.remove(&merged.day);
                prop_assert_eq!(found, keys);
            }

            let again = merge(&lake, &sources.iter().rev().cloned().collect::<Vec<_>>()).expect("merged");
            prop_assert_eq!(again, merged);
        }
    }
}

#[test]
fn the_folder_names_all_days() {
    let (folder, lake) = lake();
    let day = 86_400;
    let mut sources = lake.write(&[event("Login", 1, &[]), event("Login", day + 1, &[("n", 1.0.into())])]).expect("written");
    sources.extend(lake.write(&[event("Login", 2, &[("n", "one".into())])]).expect("written"));
    let merged = merge(&lake, &sources).expect("merged");
    assert!(merged.path.starts_with("events/event=Login/day=2025-03-01_2025-03-02/"), "{}", merged.path);
    let of_a_day = merge(&lake, &[sources[0].clone(), sources[2].clone()]).expect("merged");
    assert!(of_a_day.path.starts_with("events/event=Login/day=2025-03-01/"), "{}", of_a_day.path);

    lake.discard(&sources.iter().chain([&of_a_day]).collect::<Vec<_>>()).expect("gone");
    lake.discard(&[&of_a_day]).expect("gone already");
    assert_eq!(files(folder.path()), std::slice::from_ref(&merged.path));
    assert!(!folder.path().join("events/event=Login/day=2025-03-01").exists());
    assert_eq!(lake.facts(&merged).expect("readable").len(), 3);
}

#[test]
#[expect(clippy::redundant_closure_for_method_calls, reason = "polars does not hand out the names of these types")]
fn row_groups_tell_their_times() {
    let (folder, lake) = lake();
    let rows = i64::try_from(2 * ROW_GROUP_ROWS + 10).expect("few");
    let batch = |rest: i64| {
        (0..rows).filter(|row| row % 3 == rest).map(|row| event("Login", row, &[("n", (row as f64).into())])).collect::<Vec<_>>()
    };
    let sources: Vec<Segment> = (0..3).flat_map(|rest| lake.write(&batch(rest)).expect("written")).collect();
    let merged = merge(&lake, &sources).expect("merged");

    let file = fs::File::open(folder.path().join(&merged.path)).expect("a file");
    let mut reader = ParquetReader::new(file);
    let metadata = reader.get_metadata().expect("valid Parquet");
    let groups: Vec<usize> = metadata.row_groups.iter().map(|group| group.num_rows()).collect();
    assert_eq!(groups, [ROW_GROUP_ROWS, ROW_GROUP_ROWS, 10]);
    let mut columns = metadata.row_groups.iter().flat_map(|group| group.parquet_columns());
    assert!(columns.all(|column| column.statistics(&metadata.footer_buf).is_some_and(|statistics| statistics.is_ok())));

    let frame = Reader::new(lake.clone(), 1 << 30).frame(&merged, &["n"]).expect("readable");
    let numbers = frame.columns[0].numbers.as_ref().expect("numbers");
    assert!((0..rows).all(|row| numbers.get(usize::try_from(row).expect("positive")) == Some(row as f64)));
    let asked = merged.last_day();
    let found = lake.message_keys_on(&merged, |day| day == asked).expect("readable");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1.len(), frame.occurred_at.iter().filter(|at| model::Moment::from_micros(**at).day() == asked).count());
}

#[test]
fn damage_is_found_and_not_copied() {
    let (folder, lake) = lake();
    let sources = [lake.write(&[traits(1, &[("plan", None)])]).expect("written"), lake.write(&[traits(2, &[])]).expect("written")].concat();
    let path = folder.path().join(&sources[1].path);
    let good = fs::read(&path).expect("bytes");
    let before = files(folder.path());
    let mut bad = good.clone();
    bad[40] ^= 1;
    for (bytes, sources) in [(&bad, sources.clone()), (&good, vec![sources[0].clone(), Segment { rows: 2, ..sources[1].clone() }])] {
        fs::write(&path, bytes).expect("written");
        assert!(matches!(merge(&lake, &sources), Err(LakeError::Corrupt { .. })));
        assert_eq!(files(folder.path()), before, "nothing is left of what failed");
    }
    // A column that the manifest does not tell of would be lost.
    let untold = Segment { columns: Vec::new(), ..sources[0].clone() };
    assert!(matches!(merge(&lake, &[untold, sources[1].clone()]), Err(LakeError::Corrupt { .. })));
    fs::remove_file(&path).expect("gone");
    assert!(matches!(merge(&lake, &sources), Err(LakeError::Missing { .. })));
    assert_eq!(files(folder.path()).len(), 1);
}
