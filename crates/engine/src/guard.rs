//! Guards: whether a membership may be sent, compared with the one that was last allowed to.
//!
//! The base of comparison is what was allowed, not what the last tick found: a hold does not dissolve by waiting. The
//! first time there is no base, and from nobody any change is endless: then only the sizes are looked at. A release lets
//! through the membership that was looked at; when it changes and is still out of bounds, it is held again.

use definitions::Guards;
use model::{AudienceKey, Membership};

/// Why a membership is held; nothing when it may be sent.
pub(crate) fn objection(audience: &AudienceKey, guards: &Guards, allowed: Option<&Membership>, members: &Membership) -> Option<String> {
    if allowed == Some(members) {
        return None;
    }
    let size = members.len();
    let counted = || format!("{} member{}", grouped(size), if size == 1 { "" } else { "s" });
    let mut reasons = Vec::new();
    if let Some(least) = guards.min_size.filter(|least| size < *least) {
        reasons.push(format!("{}, fewer than `min_size: {least}`", counted()));
    }
    if let Some(most) = guards.max_size.filter(|most| size > *most) {
        reasons.push(format!("{}, more than `max_size: {most}`", counted()));
    }
    if let (Some(percent), Some(allowed)) = (guards.max_change_percent, allowed.filter(|allowed| !allowed.is_empty())) {
        let change = diff::diff(allowed, members);
        let (moved, base) = (change.entered.len() + change.exited.len(), allowed.len());
        if u128::from(moved) * 100 > u128::from(percent) * u128::from(base) {
            // Rounded up: it must not look as if it were within bounds.
            let share = (moved * 100).div_ceil(base);
            let (moved, base) = (grouped(moved), grouped(base));
            reasons.push(format!("membership moved {share} % ({moved} of {base}), more than `max_change: {percent}%`"));
        }
    }
    let help = format!("look at it, then release it with `muster deliver --release {audience}`");
    (!reasons.is_empty()).then(|| format!("{}; {help}", reasons.join("; ")))
}

/// `12904` as `12,904`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use model::ProfileId;

    use super::*;

    fn first(count: u32) -> Membership {
        (0..count).map(ProfileId).collect()
    }

    /// The beginning of each objection.
    #[track_caller]
    fn check(guards: Guards, allowed: Option<&Membership>, members: &Membership, expected: &[&str]) {
        let key = AudienceKey::parse("carts").expect("a key");
        let objection = objection(&key, &guards, allowed, members);
        match (&objection, expected) {
            (None, []) => {}
            (Some(text), parts) if !parts.is_empty() => {
                assert!(parts.iter().all(|part| text.contains(part)), "{text}");
                assert!(text.ends_with("release it with `muster deliver --release carts`"), "{text}");
            }
            _ => panic!("{objection:?} is not {expected:?}"),
        }
    }

    #[test]
    fn a_change_is_measured_against_what_was_allowed() {
        let guards = Guards { max_change_percent: Some(30), ..Guards::default() };
        check(guards, Some(&first(10)), &first(13), &[]);
        check(guards, Some(&first(10)), &first(14), &["membership moved 40 % (4 of 10), more than `max_change: 30%`"]);
        check(guards, Some(&first(10)), &first(6), &["moved 40 %"]);
        check(guards, Some(&first(1000)), &first(699), &["moved 31 % (301 of 1,000)"]);
        // Nobody more and nobody less, and yet everybody is somebody else.
        let others: Membership = (10..20).map(ProfileId).collect();
        check(guards, Some(&first(10)), &others, &["moved 200 % (20 of 10)"]);
    }

    #[test]
    fn without_a_base_only_sizes_count() {
        let guards = Guards { min_size: Some(5), max_size: Some(50), max_change_percent: Some(1) };
        check(guards, None, &first(10), &[]);
        check(guards, Some(&first(0)), &first(10), &[]);
        check(guards, None, &first(4), &["4 members, fewer than `min_size: 5`"]);
        check(guards, None, &first(1), &["1 member, fewer"]);
        check(guards, Some(&first(50)), &first(51), &["51 members, more than `max_size: 50`", "moved 2 %"]);
    }

    #[test]
    fn what_was_released_stays_released_until_it_changes() {
        let guards = Guards { min_size: Some(5), ..Guards::default() };
        check(guards, Some(&first(3)), &first(3), &[]);
        check(guards, Some(&first(3)), &first(4), &["4 members"]);
    }

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_904, "12,904"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
