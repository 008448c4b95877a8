//! Merge protection: what one profile may hold.
//!
//! One function decides, and whoever resolves leaves identifiers aside until it agrees. A mailbox or a browser that two
//! people share never makes them one, because a profile has one `user_id`.

use model::{IdentityRules, Limit, Period};

use crate::kinds::{Kind, Kinds};

/// The rule that making one profile would break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Excess {
    /// It would have more of one kind than it may.
    Of(Kind),
    /// It would have more identifiers.
    Identifiers,
    /// More profiles would be merged into it.
    Merges,
}

/// What the profiles found have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Joined {
    /// How many they are.
    pub(crate) profiles: u32,
    /// How many were merged into them.
    pub(crate) merges: u32,
    /// How many identifiers they have.
    pub(crate) identifiers: u32,
    /// How many a message adds.
    pub(crate) new: u32,
}

impl Joined {
    /// The rule that does not depend on kinds and is broken.
    pub(crate) fn excess(self, rules: &IdentityRules) -> Option<Excess> {
        let merging = self.profiles > 1;
        if merging && self.merges + self.profiles - 1 > rules.merges_max {
            return Some(Excess::Merges);
        }
        // What adds nothing is always taken: the number may have been higher once.
        let adding = merging || self.new > 0;
        (adding && self.identifiers + self.new > rules.identifiers_max).then_some(Excess::Identifiers)
    }
}

/// Whether one profile may have what each of those found has of a kind, and `new` more. No two profiles share any.
///
/// A profile that is over the limit already (the limit was once higher) still takes what adds nothing to it.
pub(crate) fn fits(found: impl Iterator<Item = u32> + Clone, new: u32, limit: Limit) -> bool {
    let all = found.clone().sum::<u32>() + new;
    all <= limit.most || found.into_iter().any(|one| one == all)
}

impl Excess {
    /// The rule, in words that never name a value.
    pub(crate) fn reason(self, kinds: &Kinds) -> String {
        match self {
            Self::Of(kind) => {
                let rule = kinds.rule(kind);
                let Limit { most, per } = rule.limit;
                let period = match per {
                    Period::Ever => String::new(),
                    Period::Week | Period::Month | Period::Year => format!(" in a {}", per.as_str()),
                };
                format!("one profile may have {most} `{}`{period}", rule.kind)
            }
            Self::Identifiers => format!("one profile may have {} identifiers", kinds.rules().identifiers_max),
            Self::Merges => format!("{} profiles may merge into one", kinds.rules().merges_max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: &[u32], new: u32, most: u32, expected: bool) {
        assert_eq!(fits(found.iter().copied(), new, Limit { most, per: Period::Ever }), expected);
    }

    #[test]
    fn one_profile_has_so_many() {
        check(&[], 1, 1, true);
        check(&[0], 1, 1, true);
        check(&[1, 0], 0, 1, true);
        check(&[1], 1, 1, false);
        check(&[1, 1], 0, 1, false);
        check(&[], 2, 1, false);
        check(&[2, 2], 1, 5, true);
        check(&[3, 2], 1, 5, false);
    }

    #[test]
    fn whoever_has_more_keeps_them() {
        check(&[2], 0, 1, true);
        check(&[2, 0], 0, 1, true);
        check(&[2], 1, 1, false);
    }

    #[test]
    fn merges_and_identifiers_have_an_end() {
        let rules = IdentityRules::new(Vec::new(), &[], 3, 10);
        let excess = |profiles, merges, identifiers, new| Joined { profiles, merges, identifiers, new }.excess(&rules);
        assert_eq!(excess(2, 2, 4, 0), None);
        assert_eq!(excess(2, 3, 4, 0), Some(Excess::Merges));
        assert_eq!(excess(1, 9, 4, 1), None);
        assert_eq!(excess(1, 0, 10, 1), Some(Excess::Identifiers));
        assert_eq!(excess(1, 0, 11, 0), None);
        assert_eq!(excess(2, 0, 11, 0), Some(Excess::Identifiers));
        assert_eq!(excess(0, 0, 0, 11), Some(Excess::Identifiers));
    }
}
