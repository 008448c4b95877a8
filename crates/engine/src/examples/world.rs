//! The world of one test: the person, its account or its users, and what they did.

use std::collections::BTreeMap;

use definitions::TestPerson;
use evaluate::Snapshot;
use lake::{Lake, LakeError};
use model::{
    AccountLink, AudienceKey, Collection, Fact, FactKind, IdentifierKind, Membership, MessageKey, Moment, People, ProfileId, SegmentId,
    Sighting, SourceOrder, Value,
};

/// A trait that nobody can be said to have: of those whose memberships are given.
pub(super) const GIVEN: &str = "\u{1}memberships given";

/// A trait that nobody can be said to have: of those who are given as members of this audience.
pub(super) fn given_in(audience: &AudienceKey) -> String {
    format!("\u{1}in {audience}")
}

/// Before anything that a test can say: year 1.
pub(super) const BEGINNING: Moment = Moment::from_micros(-62_135_596_800_000_000);

/// Everybody of one test and their facts.
pub(super) struct World {
    facts: Vec<Fact>,
    people: People,
    /// Who is given as a member of what, since ever.
    given: Vec<(AudienceKey, ProfileId)>,
}

impl World {
    /// The person the test asks about.
    pub(super) const PERSON: ProfileId = ProfileId(0);

    /// The world of this person, who gets the first profile.
    pub(super) fn of(person: &TestPerson, collection: Collection) -> Self {
        let mut world = Self { facts: Vec::new(), people: People::default(), given: Vec::new() };
        world.add(person, collection);
        let sighted = |profile: &ProfileId| Sighting { profile: *profile, first_seen_at: BEGINNING };
        let everybody: Vec<Sighting> = world.people.canonical.iter().map(sighted).collect();
        world.people.sightings =
            IdentifierKind::KNOWN.iter().map(|kind| (IdentifierKind::new(kind), everybody.clone())).collect::<BTreeMap<_, _>>();
        world
    }

    /// Those given as members of an audience.
    pub(super) fn given(&self, audience: &AudienceKey) -> Membership {
        self.given.iter().filter(|(key, _)| key == audience).map(|(_, profile)| *profile).collect()
    }

    /// Writes everything down.
    pub(super) fn snapshot(&self, lake: &Lake) -> Result<Snapshot, LakeError> {
        let written = lake.write(&self.facts)?;
        let segments = (1..).map(SegmentId).zip(written).collect();
        Ok(Snapshot { segments, people: self.people.clone().into() })
    }

    fn add(&mut self, person: &TestPerson, collection: Collection) -> ProfileId {
        let profile = ProfileId(u32::try_from(self.people.canonical.len()).unwrap_or(u32::MAX));
        self.people.canonical.push(profile);
        if collection == Collection::Accounts {
            self.people.accounts.push(profile);
        }
        let mut traits: Vec<_> = person.traits.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
        if let Some(audiences) = &person.audiences {
            traits.push((GIVEN.to_owned(), Some(Value::Flag(true))));
            for audience in audiences {
                traits.push((given_in(audience), Some(Value::Flag(true))));
                self.given.push((audience.clone(), profile));
            }
        }
        if !traits.is_empty() {
            self.say(profile, BEGINNING, FactKind::Traits(traits));
        }
        // What is written of an account are things its users did: somebody in it who is not named otherwise.
        let doer = if collection == Collection::Accounts && !person.events.is_empty() {
            let somebody = self.add(&TestPerson::default(), Collection::Users);
            self.people.links.push(AccountLink { user: somebody, account: profile, since: BEGINNING });
            somebody
        } else {
            profile
        };
        for event in &person.events {
            let properties = event.properties.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            self.say(doer, event.at, FactKind::Event { name: event.event.clone(), properties });
        }
        for user in &person.users {
            let user = self.add(user, Collection::Users);
            self.people.links.push(AccountLink { user, account: profile, since: BEGINNING });
        }
        if let Some(account) = &person.account {
            let account = self.add(account, Collection::Accounts);
            self.people.links.push(AccountLink { user: profile, account, since: BEGINNING });
        }
        profile
    }

    /// Events of one moment keep the order they are written in.
    fn say(&mut self, profile: ProfileId, occurred_at: Moment, kind: FactKind) {
        let number = self.facts.len();
        let place = u32::try_from(number).unwrap_or(u32::MAX);
        self.facts.push(Fact {
            profile,
            occurred_at,
            received_at: occurred_at,
            message_key: MessageKey(number as u128),
            source_order: SourceOrder { batch: 1, place },
            kind,
        });
    }
}
