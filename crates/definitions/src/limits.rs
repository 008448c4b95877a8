//! How much one audience may hold.
//!
//! A leaf is one thing asked of a profile: an event, each step of a sequence, each trait, each audience referred to,
//! any activity, a sample. Groups, `account` and the quantifiers over users are none; what they hold is.

use crate::diagnostic::{Diagnostic, Place};
use crate::scope::Scope;

/// How many leaf conditions one audience may have.
const LEAVES_MAX: usize = 50;
/// How deep conditions may nest.
const DEPTH_MAX: usize = 16;

/// Counts leaves met at this place; the first one beyond the limit is a finding.
pub(crate) fn count_leaves(more: usize, place: &Place, scope: &mut Scope) {
    let before = scope.leaves;
    scope.leaves += more;
    if before <= LEAVES_MAX && scope.leaves > LEAVES_MAX {
        let finding = Diagnostic::error("too-many-conditions", format!("an audience has at most {LEAVES_MAX} conditions")).at(place);
        scope.report(finding.help("make a part of it an audience of its own, and name it with `in_audience`"));
    }
}

/// Nothing, after a finding, when a condition lies too deep.
pub(crate) fn refuse_depth(depth: usize, place: &Place, scope: &mut Scope) -> Option<()> {
    if depth <= DEPTH_MAX {
        return Some(());
    }
    let finding = Diagnostic::error("nested-too-deep", format!("conditions nest deeper than {DEPTH_MAX}")).at(place);
    scope.report(finding.help("make the inner part an audience of its own, and name it with `in_audience`"));
    None
}
