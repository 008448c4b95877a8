//! The difference between two memberships, and its laws.
//!
//! A pure middle: no clock, no storage, no destinations. The laws, held by property tests:
//! `apply(before, diff(before, after)) == after`; entered and exited are disjoint; `diff(a, a)` is empty;
//! `then(diff(a, b), diff(b, c)) == diff(a, c)`.

use model::{Membership, MembershipDiff};

/// Who entered and who exited between two memberships.
///
/// Memberships are large and their changes small: one pass finds who changed, and only those are looked at again.
pub fn diff(before: &Membership, after: &Membership) -> MembershipDiff {
    let changed = before.either(after);
    let entered = changed.intersection(after);
    MembershipDiff { exited: changed.minus(&entered), entered }
}

/// The membership after a change.
pub fn apply(before: &Membership, change: &MembershipDiff) -> Membership {
    before.minus(&change.exited).union(&change.entered)
}

/// Two changes one after the other, as one. Who entered and exited again (or the reverse) is in neither half.
pub fn then(first: &MembershipDiff, second: &MembershipDiff) -> MembershipDiff {
    MembershipDiff {
        entered: first.entered.minus(&second.exited).union(&second.entered.minus(&first.exited)),
        exited: first.exited.minus(&second.entered).union(&second.exited.minus(&first.entered)),
    }
}

#[cfg(test)]
mod tests {
    use model::ProfileId;
    use proptest::prelude::*;

    use super::*;

    fn members(profiles: &[u32]) -> Membership {
        profiles.iter().copied().map(ProfileId).collect()
    }

    #[track_caller]
    fn check(before: &[u32], after: &[u32], entered: &[u32], exited: &[u32]) {
        let expected = MembershipDiff { entered: members(entered), exited: members(exited) };
        assert_eq!(diff(&members(before), &members(after)), expected);
    }

    #[test]
    fn one_exits_as_another_enters() {
        check(&[1, 2], &[2, 3], &[3], &[1]);
    }

    #[test]
    fn everybody_enters_an_audience_that_was_empty() {
        check(&[], &[1, 2], &[1, 2], &[]);
    }

    #[test]
    fn everybody_exits_an_audience_that_empties() {
        check(&[1, 2], &[], &[], &[1, 2]);
    }

    /// Small and clustered, so that the three memberships overlap in every way; large numbers cross containers.
    fn membership() -> impl Strategy<Value = Membership> {
        let profile = prop_oneof![0..40_u32, 65_530..65_545_u32, any::<u32>()];
        prop::collection::vec(profile, 0..60).prop_map(|profiles| members(&profiles))
    }

    proptest! {
        #[test]
        fn applying_a_diff_arrives(before in membership(), after in membership()) {
            prop_assert_eq!(apply(&before, &diff(&before, &after)), after);
        }

        #[test]
        fn nobody_enters_and_exits_at_once(before in membership(), after in membership()) {
            let change = diff(&before, &after);
            prop_assert!(change.entered.intersection(&change.exited).is_empty());
        }

        #[test]
        fn nothing_differs_from_itself(membership in membership()) {
            prop_assert!(diff(&membership, &membership).is_empty());
        }

        #[test]
        fn steps_add_up(a in membership(), b in membership(), c in membership()) {
            prop_assert_eq!(then(&diff(&a, &b), &diff(&b, &c)), diff(&a, &c));
        }
    }
}
