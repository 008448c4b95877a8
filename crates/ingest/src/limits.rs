//! Merge protection: what one profile may hold.
//!
//! Today there is one limit: a profile has one `user_id`, so a mailbox or a browser that two people share never makes
//! them one. Limits on other kinds, with periods, and priorities of a workspace's own belong here too: one function
//! decides, and whoever resolves drops identifiers until it agrees.

use std::collections::BTreeSet;

const USER_IDS_MAX: usize = 1;

/// Whether a message with this `user_id` may make one profile of those it found, each given by its user ids,
/// none of them twice.
///
/// A profile that is over the limit already (the limit was once higher) still takes what adds nothing to it.
pub(crate) fn may_join<'a, T: Ord + 'a>(found: impl Iterator<Item = &'a [T]> + Clone, user_ids: impl Iterator<Item = &'a T>) -> bool {
    let mut joined: BTreeSet<&T> = found.clone().flatten().collect();
    joined.extend(user_ids);
    joined.len() <= USER_IDS_MAX || found.into_iter().any(|one| one.len() == joined.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: &[&[&str]], user_ids: &[&str], expected: bool) {
        assert_eq!(may_join(found.iter().copied(), user_ids.iter()), expected);
    }

    #[test]
    fn one_profile_has_one_user_id() {
        check(&[], &["a"], true);
        check(&[&[]], &["a"], true);
        check(&[&["a"], &[]], &[], true);
        check(&[&["a"], &[]], &["a"], true);
        check(&[&["a"]], &["b"], false);
        check(&[&["a"], &["b"]], &[], false);
        check(&[], &["a", "b"], false);
    }

    #[test]
    fn whoever_has_two_keeps_them() {
        check(&[&["a", "b"]], &["a"], true);
        check(&[&["a", "b"], &[]], &["b"], true);
        check(&[&["a", "b"]], &["c"], false);
    }
}
