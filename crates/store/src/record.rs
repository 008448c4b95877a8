//! What runs hand over to be recorded.

use std::sync::Arc;

use model::{AsOf, AudienceKey, DestinationKey, Fingerprint, Membership, MembershipDiff, Moment, Reason, RunId, SegmentId};

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// Its name, from the claim.
    pub run_id: RunId,
    /// The moment asked about.
    pub as_of: AsOf,
    /// When it was done.
    pub recorded_at: Moment,
    /// The highest segment the run saw: later ones are new to the next run.
    pub segments_seen: Option<SegmentId>,
    /// How many merges the run saw.
    pub merges_seen: u64,
    /// What came out for each audience.
    pub audiences: Vec<AudienceRecord>,
    /// Destinations to bring in step with an audience; one pending sync is kept per pair.
    pub syncs: Vec<(AudienceKey, DestinationKey)>,
    /// Audiences that are retired from now on: their keys are never used again.
    pub retired: Vec<AudienceKey>,
    /// Who is held back from a sync that starts with new members only, where that has changed.
    pub starts: Vec<SyncStart>,
    /// Pairs that the definitions no longer know: how they were configured is forgotten and, once nobody is there any more, how
    /// they started, so that one put back is begun anew.
    pub dropped: Vec<(AudienceKey, DestinationKey)>,
}

/// The members who were there when a sync began that starts with new ones only, and who have not exited since.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncStart {
    /// The audience.
    pub audience: AudienceKey,
    /// The destination.
    pub destination: DestinationKey,
    /// Who is not sent.
    pub held_back: Membership,
}

/// What a run found for one audience.
#[derive(Debug, Clone, PartialEq)]
pub struct AudienceRecord {
    /// Which.
    pub audience: AudienceKey,
    /// What its definition meant.
    pub fingerprint: Fingerprint,
    /// Who is in.
    pub members: FoundMembers,
    /// What changed since the last run, by reason; reasons without a change are left out.
    pub changes: Vec<(Reason, MembershipDiff)>,
}

/// Who is in an audience after a run.
#[derive(Debug, Clone, PartialEq)]
pub enum FoundMembers {
    /// These.
    Are(Arc<Membership>),
    /// Whoever was in after this run, which is the one that recorded the audience last. To find that another one did is an
    /// error: the writer's lease was lost on the way.
    AsAfter(RunId),
    /// A later run among those recorded with this one says it. No later one doing so is an error.
    ToldLater,
}
