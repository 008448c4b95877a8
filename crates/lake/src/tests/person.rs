//! The rows of a few profiles: those that a look at all rows finds, and nothing else.

use model::{Fact, Moment, ProfileId, Segment, Span};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::round_trip::facts;
use super::{DAY, event, lake};
use crate::parquet::ROW_GROUP_ROWS;
use crate::{Lake, Reader};

const EVER: Span = Span { start: Moment::from_micros(i64::MIN), end: Moment::from_micros(i64::MAX) };

fn found(lake: &Lake, segments: &[Segment], profiles: &[ProfileId], within: Span) -> Vec<Fact> {
    let reader = Reader::new(lake.clone(), 1 << 20);
    let segments: Vec<&Segment> = segments.iter().collect();
    let rows = reader.rows_of(&segments, profiles, within).expect("readable");
    segments.iter().zip(rows).flat_map(|(segment, rows)| lake.facts_at(segment, &rows).expect("readable")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_is_found_is_what_is_there(facts in facts(), picks in vec(any::<Index>(), 1..4), start in -2_i64..3, micros in 0_i64..5) {
        prop_assume!(!facts.is_empty());
        let (_folder, lake) = lake();
        let segments = lake.write(&facts).expect("written");
        let profiles: Vec<ProfileId> = picks.into_iter().map(|pick| pick.get(&facts).profile).collect();
        let some_time = Span { start: Moment::from_micros(DAY + start), end: Moment::from_micros(DAY + start + micros) };
        for within in [some_time, EVER] {
            let all = segments.iter().flat_map(|segment| lake.facts(segment).expect("readable"));
            let expected: Vec<Fact> = all.filter(|fact| profiles.contains(&fact.profile) && within.contains(fact.occurred_at)).collect();
            prop_assert_eq!(found(&lake, &segments, &profiles, within), expected);
        }
    }
}

#[test]
fn rows_of_several_row_groups_are_found() {
    let (_folder, lake) = lake();
    let count = i64::try_from(ROW_GROUP_ROWS).expect("small") + 1_000;
    // Every 50,000th event is somebody else's.
    let whose = |second: i64| if second % 50_000 == 1 { 8 } else { 7 };
    let at = |second: i64| Fact { profile: ProfileId(whose(second)), ..event("Tick", second % 80_000, &[("n", (second as f64).into())]) };
    let facts: Vec<Fact> = (0..count).map(at).collect();
    let (first, rest) = facts.split_at(facts.len() / 2);
    let parts: Vec<Segment> = [first, rest].iter().flat_map(|facts| lake.write(facts).expect("written")).collect();
    let merged = lake.merge(&parts.iter().collect::<Vec<_>>()).expect("merged");
    let expected: Vec<Fact> = lake.facts(&merged).expect("readable").into_iter().filter(|fact| fact.profile == ProfileId(8)).collect();
    assert_eq!(expected.len(), 3);
    assert_eq!(found(&lake, &[merged], &[ProfileId(8)], EVER), expected);
}

#[test]
fn rows_that_are_not_there_are_damage() {
    let (_folder, lake) = lake();
    let segments = lake.write(&[event("Tick", 1, &[])]).expect("written");
    assert!(lake.facts_at(&segments[0], &[]).expect("none").is_empty());
    assert!(lake.facts_at(&segments[0], &[0, 1]).is_err());
    assert!(lake.facts_at(&segments[0], &[7]).is_err());
}
