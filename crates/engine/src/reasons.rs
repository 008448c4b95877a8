//! Why a profile entered or exited: a diff, split by reason.
//!
//! An edited definition explains every change of its audience. Else a merge explains the profiles it touched, something
//! newly said explains the profiles it was said about, and what is left is the passing of time.

use std::sync::Arc;

use model::{Membership, MembershipDiff, Reason};

/// What happened since the last run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Happened {
    /// Survivors of merges since then.
    pub(crate) merged: Arc<Membership>,
    /// Profiles about whom something was said since then.
    pub(crate) touched: Membership,
}

impl Happened {
    /// Whether anything happened that may change how members are sent.
    pub(crate) fn concerns(&self, members: &Membership) -> bool {
        !self.merged.is_empty() || !self.touched.is_disjoint(members)
    }
}

/// Splits a diff; reasons without a change are left out.
pub(crate) fn split(change: MembershipDiff, edited: bool, happened: &Happened) -> Vec<(Reason, MembershipDiff)> {
    if change.is_empty() {
        return Vec::new();
    }
    if edited {
        return vec![(Reason::Definition, change)];
    }
    let (merged, rest) = part(change, &happened.merged);
    let (data, time) = part(rest, &happened.touched);
    [(Reason::Data, data), (Reason::Time, time), (Reason::Merge, merged)].into_iter().filter(|(_, part)| !part.is_empty()).collect()
}

/// What concerns these profiles, and the rest.
pub(crate) fn part(change: MembershipDiff, profiles: &Membership) -> (MembershipDiff, MembershipDiff) {
    if profiles.is_empty() {
        return (MembershipDiff::default(), change);
    }
    let (entered, exited) = (change.entered.split(profiles), change.exited.split(profiles));
    (MembershipDiff { entered: entered.0, exited: exited.0 }, MembershipDiff { entered: entered.1, exited: exited.1 })
}

#[cfg(test)]
mod tests {
    use model::ProfileId;

    use super::*;

    fn members(profiles: &[u32]) -> Membership {
        profiles.iter().copied().map(ProfileId).collect()
    }

    #[test]
    fn every_change_has_exactly_one_reason() {
        let change = MembershipDiff { entered: members(&[1, 2, 3]), exited: members(&[4, 5]) };
        let happened = Happened { merged: Arc::new(members(&[3])), touched: members(&[1, 3, 4]) };
        let parts = split(change, false, &happened);
        let expected = vec![
            (Reason::Data, MembershipDiff { entered: members(&[1]), exited: members(&[4]) }),
            (Reason::Time, MembershipDiff { entered: members(&[2]), exited: members(&[5]) }),
            (Reason::Merge, MembershipDiff { entered: members(&[3]), exited: members(&[]) }),
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn an_edited_definition_explains_everything() {
        let change = MembershipDiff { entered: members(&[1]), exited: members(&[2]) };
        let happened = Happened { merged: Arc::new(members(&[1])), touched: members(&[2]) };
        assert_eq!(split(change.clone(), true, &happened), vec![(Reason::Definition, change)]);
    }

    #[test]
    fn nothing_changed_for_no_reason() {
        assert!(split(MembershipDiff::default(), true, &Happened::default()).is_empty());
    }
}
