//! The laws of a plan, on random manifests; and a few plans by hand.

use chrono::Datelike as _;
use model::{EventName, Moment, SegmentColumn};
use proptest::prelude::*;

use super::*;

const DAY: i64 = 86_400_000_000;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 3, 20).expect("a day")
}

fn log(number: usize) -> LogName {
    let name = ["Order Completed", "Page Viewed"].get(number);
    name.map_or(LogName::Traits, |name| LogName::Events(EventName::parse(name).expect("an event name")))
}

/// A segment of `rows` rows that begins so many days before today and lasts so many microseconds.
fn segment(number: i64, log: LogName, days_ago: i64, lasts: i64, rows: u64, columns: &[&str]) -> (SegmentId, Segment) {
    let today = Moment::parse("2025-03-20").expect("a date");
    let first_at = today.plus_micros(-days_ago * DAY);
    let column =
        |name: &&str| SegmentColumn { name: (*name).to_owned(), value_type: ValueType::Number, rows, first_at: None, last_at: None };
    let segment = Segment {
        path: format!("{number}.parquet"),
        log,
        day: first_at.day(),
        rows,
        first_at,
        last_at: first_at.plus_micros(lasts),
        bytes: rows * 10,
        columns: columns.iter().map(column).collect(),
    };
    (SegmentId(number), segment)
}

const LIMITS: Limits = Limits { rows_max: 1_000, cells_max: 8_000 };

prop_compose! {
    fn segments()(parts in proptest::collection::vec((0..3usize, 0..70i64, 0..DAY, 0..20usize, 0..2i64, proptest::sample::subsequence(vec!["a", "b", "c", "d", "e", "f"], 0..6)), 0..60))
        -> Vec<(SegmentId, Segment)>
    {
        let sizes = [1, 1, 1, 1, 2, 3, 5, 5, 10, 20, 40, 80, 100, 200, 300, 400, 499, 500, 501, 1_000];
        let segments = parts.into_iter().zip(1..).map(|((of, ago, lasts, rows, more, columns), number)| {
            let (number, mut segment) = segment(number, log(of), ago, 0, sizes[rows], &columns);
            // Some begin at the same moment as others; some, merged before, reach into the next day.
            if lasts % 3 > 0 {
                segment.first_at = segment.first_at.plus_micros(lasts / 2);
            }
            segment.last_at = segment.first_at.plus_micros(lasts / 3 + more * (lasts % 4 / 3) * DAY);
            (number, segment)
        });
        segments.collect()
    }
}

/// What the lake and the store make of a merge.
fn merged(merge: &Merge) -> (SegmentId, Segment) {
    let sources = || merge.sources.iter().map(|(_, source)| source);
    let first_at = sources().map(|source| source.first_at).min().expect("sources");
    let columns: BTreeMap<_, _> =
        sources().flat_map(|source| &source.columns).map(|column| ((column.name.clone(), column.value_type), column.clone())).collect();
    let number = merge.sources.iter().map(|(number, _)| *number).max().expect("sources");
    let merged = Segment {
        path: format!("merged-{}", merge.sources.iter().map(|(number, _)| number.to_string()).collect::<Vec<_>>().join("-")),
        log: merge.sources[0].1.log.clone(),
        day: first_at.day(),
        rows: merge.rows(),
        first_at,
        last_at: sources().map(|source| source.last_at).max().expect("sources"),
        bytes: 1,
        columns: columns.into_values().collect(),
    };
    (number, merged)
}

fn carry_out(segments: &[(SegmentId, Segment)], merges: &[Merge]) -> Vec<(SegmentId, Segment)> {
    let replaced: BTreeSet<SegmentId> = merges.iter().flat_map(|merge| &merge.sources).map(|(number, _)| *number).collect();
    let kept = segments.iter().filter(|(number, _)| !replaced.contains(number)).cloned();
    kept.chain(merges.iter().map(merged)).collect()
}

proptest! {
    #[test]
    fn plans_keep_the_laws(segments in segments(), seen in proptest::collection::btree_set((0..70i64).prop_map(SegmentId), 0..4)) {
        let merges = plan(&segments, &seen, today(), LIMITS);
        let sources: Vec<SegmentId> = merges.iter().flat_map(|merge| &merge.sources).map(|(number, _)| *number).collect();
        prop_assert_eq!(sources.iter().collect::<BTreeSet<_>>().len(), sources.len(), "no row in two segments");
        prop_assert!(merges.iter().flat_map(|merge| &merge.sources).all(|source| segments.contains(source)));
        for merge in &merges {
            prop_assert!(merge.sources.len() > 1);
            let (number, result) = merged(merge);
            prop_assert!(merge.sources.iter().all(|(_, source)| source.log == result.log));
            prop_assert!(result.rows <= LIMITS.rows_max && result.rows * (result.columns.len() as u64 + FIXED_COLUMNS) <= LIMITS.cells_max);
            for mark in &seen {
                let is_new = number > *mark;
                prop_assert!(merge.sources.iter().all(|(source, _)| (source > mark) == is_new), "a run saw a part of it");
            }
            let (first, last) = (result.day, result.last_day());
            let days_since = (today() - last).num_days();
            prop_assert!((first.year(), first.month()) == (last.year(), last.month()));
            prop_assert!(first == last || days_since > 2, "open days are not mixed");
            let largest = merge.sources.iter().map(|(_, source)| source.rows).max().unwrap_or(0);
            prop_assert!(result.rows >= 2 * largest, "who is rewritten at least doubles");
        }
        let after = carry_out(&segments, &merges);
        let rows = |segments: &[(SegmentId, Segment)]| segments.iter().map(|(_, segment)| segment.rows).sum::<u64>();
        prop_assert_eq!(rows(&after), rows(&segments));
        prop_assert_eq!(after.iter().map(|(number, _)| number).collect::<BTreeSet<_>>().len(), after.len(), "numbers are unique");
        prop_assert_eq!(after.iter().map(|(number, _)| number).max(), segments.iter().map(|(number, _)| number).max());

        // In any order, and half of it first: what is planned once is planned no more.
        prop_assert_eq!(plan(&after, &seen, today(), LIMITS), vec![]);
        let half = carry_out(&segments, &merges[..merges.len() / 2]);
        let rest = plan(&half, &seen, today(), LIMITS);
        prop_assert_eq!(rest.len(), merges.len() - merges.len() / 2);
        let mut reversed = segments;
        reversed.reverse();
        prop_assert_eq!(plan(&reversed, &seen, today(), LIMITS), merges);
    }
}

/// Sources by number, of each merge.
#[track_caller]
fn check(segments: &[(SegmentId, Segment)], seen: &[i64], expected: &[&[i64]]) {
    let merges = plan(segments, &seen.iter().copied().map(SegmentId).collect(), today(), LIMITS);
    let numbers: Vec<Vec<i64>> = merges.iter().map(|merge| merge.sources.iter().map(|(number, _)| number.0).collect()).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn days_that_are_over_are_merged_by_the_month() {
    let day = |number: i64, ago: i64| segment(number, log(0), ago, DAY / 2, 10, &["total"]);
    // 20 and 21 days ago it was February; today, yesterday and the day before are open.
    check(&[day(1, 21), day(2, 20), day(3, 10), day(4, 3), day(5, 2), day(6, 0), day(7, 0)], &[], &[&[1, 2], &[3, 4], &[6, 7]]);
    // Between 3 and 4 a run has looked.
    check(&[day(1, 10), day(2, 9), day(3, 8), day(4, 7), day(5, 6)], &[3], &[&[1, 2, 3], &[4, 5]]);
    check(&[day(1, 10), day(2, 9)], &[1], &[]);
    check(&[day(1, 10), segment(2, log(1), 9, 0, 10, &[])], &[], &[]);
}

#[test]
fn large_segments_are_not_rewritten_for_a_few_rows() {
    let of = |number: i64, rows: u64| segment(number, log(2), 10, number, rows, &[]);
    check(&[of(1, 400), of(2, 1), of(3, 1), of(4, 30)], &[], &[&[2, 3]]);
    check(&[of(1, 400), of(2, 200), of(3, 200)], &[], &[&[1, 2, 3]]);
    check(&[of(1, 900), of(2, 200), of(3, 100)], &[], &[]);
    check(&[of(1, 1_000), of(2, 1_000)], &[], &[]);
}

#[test]
fn wide_segments_stay_small() {
    let of = |number: i64, columns: &[&str]| segment(number, log(0), 10, number, 400, columns);
    check(&[of(1, &["a"]), of(2, &["a"])], &[], &[&[1, 2]]);
    // 800 rows of 11 columns would be too many cells.
    check(&[of(1, &["a", "b", "c"]), of(2, &["d", "e", "f"])], &[], &[]);
}
