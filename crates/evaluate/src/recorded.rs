//! What earlier runs recorded: who was in, and who entered and exited when. Some conditions ask about it.
//!
//! It is handed in, never read from anywhere: equal inputs give equal results. Moments are the as-ofs of runs, so that
//! "for at least 30 days" is as exact as the schedule.

use std::collections::BTreeMap;

use model::{AsOf, AudienceKey, Membership, MembershipDiff};

/// The recorded past, as of the run that is being evaluated.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recorded {
    /// By audience; one that was never recorded is missing.
    pub audiences: BTreeMap<AudienceKey, RecordedAudience>,
}

/// The recorded past of one audience. Profiles are named as they were when recorded, before later merges.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordedAudience {
    /// Who was in after the last run.
    pub members: Membership,
    /// The as-of of the first run that recorded it.
    pub since: Option<AsOf>,
    /// Who entered and exited at which run, oldest first, as far back as any condition asks.
    pub changes: Vec<(AsOf, MembershipDiff)>,
}
