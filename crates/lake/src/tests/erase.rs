//! Erased rows: everybody else's stay as they are, in their order.

use model::{Fact, ProfileId};
use proptest::prelude::*;

use super::round_trip::facts;
use super::{event, files, lake};

fn of(profile: u32, fact: Fact) -> Fact {
    Fact { profile: ProfileId(profile), ..fact }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_rows_of_others_stay(all in facts(), gone in proptest::collection::vec(0..8_u32, 0..8)) {
        let (_folder, lake) = lake();
        let gone: Vec<_> = gone.into_iter().map(ProfileId).collect();
        let all: Vec<_> = all.into_iter().map(|fact| of(fact.profile.0 % 8, fact)).collect();
        for segment in lake.write(&all).expect("written") {
            let before = lake.facts(&segment).expect("readable");
            let theirs = before.iter().filter(|fact| gone.contains(&fact.profile)).count() as u64;
            prop_assert_eq!(lake.rows_of(&segment, &gone).expect("readable"), theirs);
            let expected: Vec<_> = before.into_iter().filter(|fact| !gone.contains(&fact.profile)).collect();
            match lake.without(&segment, &gone).expect("written") {
                None => prop_assert!(expected.is_empty()),
                Some(rest) => {
                    prop_assert_eq!(&lake.facts(&rest).expect("readable"), &expected);
                    prop_assert_eq!((rest.rows, rest.first_at), (expected.len() as u64, expected[0].occurred_at));
                    prop_assert_eq!(rest.last_at, expected[expected.len() - 1].occurred_at);
                    prop_assert!(rest.columns.iter().all(|column| column.rows > 0));
                }
            }
        }
    }
}

#[test]
fn a_property_that_only_they_had_is_gone() {
    let (folder, lake) = lake();
    let said = [
        of(1, event("Order", 1, &[("secret", "planted".into()), ("total", 3.0.into())])),
        of(2, event("Order", 2, &[("total", 4.0.into())])),
        of(2, event("Order", 3, &[])),
    ];
    let segment = lake.write(&said).expect("written").remove(0);
    let rest = lake.without(&segment, &[ProfileId(1)]).expect("written").expect("two rows");
    assert_eq!(rest.columns.iter().map(|column| (column.name.as_str(), column.rows)).collect::<Vec<_>>(), [("total", 1)]);
    lake.discard(&[&segment]).expect("removed");
    assert_eq!(files(folder.path()), std::slice::from_ref(&rest.path));
    assert_eq!(lake.without(&rest, &[ProfileId(2)]).expect("read"), None);
}

/// Which is why the store lets such a path be named again (`what_a_merge_took_in_may_be_left_again`).
#[test]
fn what_was_merged_before_they_came_is_left_byte_for_byte() {
    let (_folder, lake) = lake();
    let write = |second: i64, profile: u32| lake.write(&[of(profile, event("Cancelled", second, &[]))]).expect("written").remove(0);
    let ours = lake.merge(&[&write(1, 1), &write(2, 2)]).expect("merged");
    let both = lake.merge(&[&ours, &write(3, 3)]).expect("merged");
    assert_eq!(lake.without(&both, &[ProfileId(3)]).expect("written"), Some(ours));
}
