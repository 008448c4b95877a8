//! The oracle: who is in, asked one profile and one fact at a time.
//!
//! It holds the real evaluator to its meaning, so it shares no code with it: no columns, no bitmaps, no plan, no
//! indexes, nothing remembered from one question to the next. It is slow and meant to be obviously right; where a
//! choice exists it takes the most literal reading of the rule. It knows `model` (what a moment and a lookback are),
//! `definitions` (what a condition says) and the shape of `evaluate::Recorded`, nothing else of ours.
//!
//! Included by tests with `#[path]`; it is not a test of its own.

#[path = "oracle/aggregates.rs"]
mod aggregates;
#[path = "oracle/events.rs"]
mod events;
#[path = "oracle/matchers.rs"]
mod matchers;
#[path = "oracle/past.rs"]
mod past;
#[path = "oracle/values.rs"]
mod values;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use definitions::{Audience, AudienceState, Catalog, Condition};
use evaluate::Recorded;
use model::{AsOf, AudienceKey, Collection, Fact, FactKind, People, ProfileId, Value};

/// The members of every audience, as profile numbers.
pub(crate) fn evaluate(
    catalog: &Catalog,
    facts: &[Fact],
    people: &People,
    recorded: &Recorded,
    as_of: AsOf,
) -> BTreeMap<AudienceKey, BTreeSet<u32>> {
    let oracle = Oracle { catalog, facts, people, recorded, as_of };
    let members =
        |audience: &Audience| oracle.everybody().filter(|profile| oracle.is_member(audience, *profile)).map(|profile| profile.0).collect();
    catalog.audiences.iter().map(|(key, audience)| (key.clone(), members(audience))).collect()
}

/// The computed traits of every surviving profile that has any.
pub(crate) fn computed_traits(
    catalog: &Catalog,
    facts: &[Fact],
    people: &People,
    as_of: AsOf,
) -> HashMap<ProfileId, BTreeMap<String, Value>> {
    let recorded = Recorded::default();
    let oracle = Oracle { catalog, facts, people, recorded: &recorded, as_of };
    let mut found: HashMap<ProfileId, BTreeMap<String, Value>> = HashMap::new();
    for profile in oracle.everybody() {
        for key in catalog.traits.keys() {
            if let Some(Some(value)) = oracle.computed_trait(profile, key.as_str()) {
                found.entry(profile).or_default().insert(key.as_str().to_owned(), value);
            }
        }
    }
    found
}

struct Oracle<'a> {
    catalog: &'a Catalog,
    facts: &'a [Fact],
    people: &'a People,
    recorded: &'a Recorded,
    as_of: AsOf,
}

impl Oracle<'_> {
    /// Everybody who was not merged into somebody else: users and accounts.
    fn everybody(&self) -> impl Iterator<Item = ProfileId> + '_ {
        let numbers = (0..u32::try_from(self.people.len()).expect("few people in a test")).map(ProfileId);
        numbers.filter(|profile| self.people.survivor(*profile) == *profile)
    }

    /// This profile and all that were merged into it.
    fn merged_into(&self, profile: ProfileId) -> impl Iterator<Item = ProfileId> + '_ {
        let numbers = (0..u32::try_from(self.people.len()).expect("few people in a test")).map(ProfileId);
        numbers.filter(move |number| self.people.survivor(*number) == profile)
    }

    fn collection(&self, profile: ProfileId) -> Collection {
        let is_account = self.people.accounts.iter().any(|account| self.people.survivor(*account) == profile);
        if is_account { Collection::Accounts } else { Collection::Users }
    }

    fn is_member(&self, audience: &Audience, profile: ProfileId) -> bool {
        match audience.state {
            AudienceState::Live => self.is_considered(audience, profile) && self.holds(&audience.who, profile),
            AudienceState::Paused => self.was_recorded_last(&audience.key, profile),
            AudienceState::Retired => false,
        }
    }

    fn is_considered(&self, audience: &Audience, profile: ProfileId) -> bool {
        let is_identified = audience.identified_by.iter().any(|kind| {
            let sightings = self.people.sightings.get(kind).into_iter().flatten();
            sightings
                .into_iter()
                .any(|sighting| self.people.survivor(sighting.profile) == profile && sighting.first_seen_at <= self.as_of.moment())
        });
        is_identified && self.collection(profile) == audience.of
    }

    fn holds(&self, condition: &Condition, profile: ProfileId) -> bool {
        let now = self.as_of.moment();
        let zone = self.catalog.settings.zone;
        let is_in = |key: &AudienceKey| self.is_member(&self.catalog.audiences[key], profile);
        match condition {
            Condition::All(parts) => parts.iter().all(|part| self.holds(part, profile)),
            Condition::Any(parts) => parts.iter().any(|part| self.holds(part, profile)),
            Condition::None(parts) => !parts.iter().any(|part| self.holds(part, profile)),
            Condition::Event(event) => self.event_holds(event, profile),
            Condition::Traits(matches) => matches.iter().all(|path_match| {
                let value = self.trait_value(profile, &path_match.path[0]);
                self.matches(path_match, value.as_ref(), profile, None)
            }),
            Condition::ActiveWithin(length) => {
                self.events_of(profile).iter().any(|event| event.fact.occurred_at >= length.before(now, zone))
            }
            Condition::InactiveFor(length) => {
                !self.events_of(profile).iter().any(|event| event.fact.occurred_at >= length.before(now, zone))
            }
            Condition::InAudience(key) => is_in(key),
            Condition::NotInAudience(key) => !is_in(key),
            Condition::MemberFor { audience, at_least } => {
                is_in(audience) && self.was_in_since(audience, profile, at_least.before(now, zone))
            }
            Condition::EnteredAudience { audience, within } => {
                let entered_now = is_in(audience) && !self.was_recorded_last(audience, profile);
                entered_now || self.entered_since(audience, profile, within.before(now, zone))
            }
            Condition::ExitedAudience { audience, within } => {
                let exited_now = !is_in(audience) && self.was_recorded_last(audience, profile);
                exited_now || self.exited_since(audience, profile, within.before(now, zone))
            }
            Condition::AnyUser(inner) => self.users_of(profile).into_iter().any(|user| self.holds(inner, user)),
            Condition::AllUsers(inner) => {
                let users = self.users_of(profile);
                !users.is_empty() && users.into_iter().all(|user| self.holds(inner, user))
            }
            Condition::NoUser(inner) => !self.users_of(profile).into_iter().any(|user| self.holds(inner, user)),
            Condition::Account(inner) => self.accounts_of(profile).into_iter().any(|account| self.holds(inner, account)),
            Condition::Sample { percent, salt } => {
                let mut bytes = salt.as_bytes().to_vec();
                bytes.extend(profile.0.to_le_bytes());
                (xxhash_rust::xxh3::xxh3_64(&bytes) as f64) < percent / 100.0 * 18_446_744_073_709_551_616.0 || *percent >= 100.0
            }
        }
    }

    /// The users linked to an account by now.
    fn users_of(&self, account: ProfileId) -> BTreeSet<ProfileId> {
        let by_now = self.people.links.iter().filter(|link| link.since <= self.as_of.moment());
        by_now.filter(|link| self.people.survivor(link.account) == account).map(|link| self.people.survivor(link.user)).collect()
    }

    /// The accounts a user is linked to by now.
    fn accounts_of(&self, user: ProfileId) -> BTreeSet<ProfileId> {
        let by_now = self.people.links.iter().filter(|link| link.since <= self.as_of.moment());
        by_now.filter(|link| self.people.survivor(link.user) == user).map(|link| self.people.survivor(link.account)).collect()
    }

    /// What is known about a profile as of the moment asked, also from before profiles were merged into it.
    fn facts_of(&self, profile: ProfileId) -> impl Iterator<Item = &Fact> + '_ {
        let by_then = self.facts.iter().filter(|fact| fact.occurred_at <= self.as_of.moment());
        by_then.filter(move |fact| self.people.survivor(fact.profile) == profile)
    }

    /// A computed trait, or else the last thing said about a trait; nothing when that was that it is gone.
    fn trait_value(&self, profile: ProfileId, name: &str) -> Option<Value> {
        if let Some(value) = self.computed_trait(profile, name) {
            return value;
        }
        let mut said: Vec<(&Fact, &Option<Value>)> = Vec::new();
        for fact in self.facts_of(profile) {
            if let FactKind::Traits(traits) = &fact.kind {
                said.extend(traits.iter().filter(|(known, _)| known == name).map(|(_, value)| (fact, value)));
            }
        }
        said.sort_by_key(|(fact, _)| (fact.occurred_at, fact.received_at, fact.source_order, fact.message_key));
        said.last().and_then(|(_, value)| (*value).clone())
    }

    /// Outer `None`: such profiles have no computed trait of this name. Inner `None`: it is missing.
    #[expect(clippy::option_option, reason = "outer: is there such a trait; inner: does it have a value")]
    fn computed_trait(&self, profile: ProfileId, name: &str) -> Option<Option<Value>> {
        let computed = self.catalog.traits.values().find(|computed| computed.key.as_str() == name)?;
        if computed.of != self.collection(profile) {
            return None;
        }
        let mut events = self.events_of(profile);
        events.retain(|event| self.counts(event, &computed.event, &computed.filter, profile, None));
        events.retain(|event| self.lies_in(computed.window, event.fact.occurred_at));
        Some(aggregates::aggregate(&computed.aggregate, &events).or_else(|| computed.if_none.clone()))
    }
}
