//! One job for a sink: everybody who should be there, with all that the destination may match on or be told.

use std::sync::Arc;

use definitions::{Audience, AudienceSync, OnExit};
use deliver::{Context, Sink, SyncJob, SyncOutcome};
use evaluate::{EvaluateError, Snapshot};
use model::{AsOf, Membership, Person, ProfileId};
use store::RecordedMembership;

use super::{DeliveryError, Known};
use crate::ledger::StoreLedger;
use crate::{Workspace, cpu};

/// Why somebody is not sent.
const SUPPRESSED: &str = "suppressed";

/// Who should be at a destination, and by which rules.
pub(super) struct Wanted<'a> {
    pub(super) audience: &'a Audience,
    pub(super) sync: AudienceSync,
    pub(super) recorded: Option<&'a RecordedMembership>,
    pub(super) members: Membership,
}

impl Workspace {
    pub(super) async fn send(&self, sink: &Arc<dyn Sink>, wanted: Wanted<'_>, known: &Known) -> Result<SyncOutcome, DeliveryError> {
        let Wanted { audience, sync, recorded, members } = wanted;
        let former = match sync.on_exit {
            // Suppressed people are no exits that may stay.
            OnExit::Keep => former(known.today.snapshot(), &members).into_iter().chain(known.suppressions.profiles()).collect(),
            OnExit::Remove => Vec::new(),
        };
        let mut people = match recorded {
            Some(recorded) => self.people(members, recorded, Arc::clone(known.today.snapshot())).await?,
            None => Vec::new(),
        };
        let members = people.len();
        people.retain(|person| !known.suppressions.hold(person));
        let suppressed = (members - people.len()) as u64;
        let job = SyncJob {
            audience: audience.key.clone(),
            title: sync.title.as_ref().or(audience.title.as_ref()).map_or_else(|| audience.key.to_string(), String::clone),
            description: sync.description.as_ref().unwrap_or(&audience.description).clone(),
            remote_id: sync.audience_id.clone(),
            fields: sync.fields.iter().map(|(key, name)| (key.text.clone(), name.clone())).collect(),
            match_on: sync.match_on.iter().map(|word| word.text.clone()).collect(),
            value: sync.value.as_ref().map(|(name, _)| name.clone()),
            on_exit: sync.on_exit,
            former,
            people,
        };
        let ledger = StoreLedger(Arc::clone(&self.store));
        let clock = || self.clock.now();
        let context = Context { ledger: &ledger, destination: &sync.to, workspace: &known.workspace, clock: &clock };
        let mut outcome = sink.settle(&job, &context).await?;
        if suppressed > 0 {
            *outcome.rejected.entry(SUPPRESSED.to_owned()).or_default() += suppressed;
        }
        Ok(outcome)
    }

    /// The members with all that a destination may match on: what was said until now, and what was computed as of the run. A
    /// computed trait takes the place of one of that name that was said.
    async fn people(
        &self,
        members: Membership,
        recorded: &RecordedMembership,
        snapshot: Arc<Snapshot>,
    ) -> Result<Vec<Person>, DeliveryError> {
        let profiles: Vec<_> = members.iter().collect();
        let identities = self.store.identities(&profiles).await?;
        let (evaluator, catalog) = (Arc::clone(&self.evaluator), Arc::clone(&self.catalog));
        let (now, as_of) = (AsOf(self.clock.now()), recorded.as_of);
        let (mut said, mut computed) = cpu::run(move || {
            let computed = evaluator.computed_traits(&catalog, &snapshot, &members, as_of)?;
            Ok::<_, EvaluateError>((evaluator.traits(&snapshot, &members, now)?, computed))
        })
        .await?;
        let person = |identity: store::ProfileIdentity| {
            let mut traits = said.remove(&identity.profile).unwrap_or_default();
            traits.extend(computed.remove(&identity.profile).unwrap_or_default());
            Person { traits, profile: identity.profile, public_id: identity.public_id, identifiers: identity.identifiers }
        };
        Ok(identities.into_iter().map(person).collect())
    }
}

/// The numbers of those who turned out to be one of these: what was sent under them is theirs.
fn former(snapshot: &Snapshot, members: &Membership) -> Vec<ProfileId> {
    let numbers = (0..).zip(&snapshot.people.canonical).map(|(number, survivor)| (ProfileId(number), *survivor));
    numbers.filter(|(profile, survivor)| profile != survivor && members.contains(*survivor)).map(|(profile, _)| profile).collect()
}
