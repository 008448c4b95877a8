//! Who is meant: identifiers to profiles, message by message in order of arrival.
//!
//! None known: a new profile. One: the message is about it, and its identifiers become the profile's. Several: they are
//! one person, unless [`limits`] forbids it; then the least trusted identifier is left aside and the question put again.
//! **Invariants:** pure (what the store knows is handed in by [`Resolver::learn`]); the answer is the same wherever a
//! batch ends, because what was resolved is remembered as the store will remember it.

use std::collections::{BTreeSet, HashMap};

use model::{AccountLink, Collection, Identifier, IdentifierKind, Moment, ProfileId};
use store::{AttachedIdentifier, Merge, NewProfile};

use crate::identifiers::{Carried, Previous};
use crate::limits;
use crate::message::{MessageKind, When};

/// What a batch changed about who is who, as the store takes it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct IdentityChanges {
    pub(crate) profiles: Vec<NewProfile>,
    pub(crate) identifiers: Vec<AttachedIdentifier>,
    pub(crate) merges: Vec<Merge>,
    pub(crate) links: Vec<AccountLink>,
}

/// What is remembered of an identifier.
#[derive(Debug, Clone, Copy)]
struct Owner {
    /// Whose; map through `merged`.
    profile: ProfileId,
    /// The store knows it to be seen this early, or earlier.
    seen_at: Moment,
    /// It changed since the last changes were taken.
    changed: bool,
}

/// Resolves messages in order.
#[derive(Debug)]
pub(crate) struct Resolver {
    next: ProfileId,
    now: Moment,
    owners: HashMap<Identifier, Owner>,
    /// Loser to winner.
    merged: HashMap<ProfileId, ProfileId>,
    user_ids: HashMap<ProfileId, BTreeSet<String>>,
    links: HashMap<(ProfileId, ProfileId), Moment>,
    changed: Vec<Identifier>,
    changes: IdentityChanges,
}

impl Resolver {
    /// Starts where the store's numbers end; what is created or found out is so `now`.
    pub(crate) fn new(next: ProfileId, now: Moment) -> Self {
        Self {
            next,
            now,
            owners: HashMap::new(),
            merged: HashMap::new(),
            user_ids: HashMap::new(),
            links: HashMap::new(),
            changed: Vec::new(),
            changes: IdentityChanges::default(),
        }
    }

    /// Whether the store has to be asked about this identifier before a message with it is resolved.
    pub(crate) fn needs(&self, identifier: &Identifier) -> bool {
        !self.owners.contains_key(identifier)
    }

    /// Whether the store has to be asked about this profile's user ids.
    pub(crate) fn needs_user_ids(&mut self, profile: ProfileId) -> bool {
        let survivor = self.survivor(profile);
        !self.user_ids.contains_key(&survivor)
    }

    /// Takes what the store knows of an identifier.
    pub(crate) fn learn(&mut self, identifier: Identifier, profile: ProfileId) {
        // The store keeps the earliest sighting, and is told of the first one here whatever it is.
        let owner = Owner { profile, seen_at: Moment::from_micros(i64::MAX), changed: false };
        self.owners.entry(identifier).or_insert(owner);
    }

    /// Takes what the store knows of a profile's identifiers.
    pub(crate) fn learn_user_ids(&mut self, profile: ProfileId, identifiers: Vec<Identifier>) {
        let user_ids = identifiers.into_iter().filter(is_user_id).map(|identifier| identifier.value);
        self.user_ids.entry(profile).or_default().extend(user_ids);
    }

    /// How many identifiers are remembered.
    pub(crate) fn len(&self) -> usize {
        self.owners.len()
    }

    /// Forgets what the store knows as well. Only between taking changes and learning again.
    pub(crate) fn forget(&mut self) {
        *self = Self::new(self.next, self.now);
    }

    /// The profile a message is about: the account in a group call, else the person.
    pub(crate) fn resolve(&mut self, kind: MessageKind, carried: Carried, when: When) -> Option<ProfileId> {
        let Carried { mut user, account, previous } = carried;
        if let Some(previous) = previous {
            self.assert_previous(previous, &mut user);
        }
        let user = self.resolve_one(user, Collection::Users, when);
        let account = self.resolve_one(account.into_iter().collect(), Collection::Accounts, when);
        if let (Some(user), Some(account)) = (user, account) {
            self.link(user, account, when.occurred_at);
        }
        match kind {
            MessageKind::Group => account,
            MessageKind::Identify | MessageKind::Track | MessageKind::Page | MessageKind::Screen | MessageKind::Alias => user,
        }
    }

    /// The changes since the last time.
    pub(crate) fn take_changes(&mut self) -> IdentityChanges {
        let mut changes = std::mem::take(&mut self.changes);
        for identifier in std::mem::take(&mut self.changed) {
            let Some(owner) = self.owners.get_mut(&identifier) else { continue };
            owner.changed = false;
            let owner = *owner;
            let profile = self.survivor(owner.profile);
            changes.identifiers.push(AttachedIdentifier { identifier, profile, first_seen_at: owner.seen_at });
        }
        changes
    }

    /// Puts the other id of an alias call among the candidates, behind those at least as trusted.
    fn assert_previous(&self, previous: Previous, user: &mut Vec<Identifier>) {
        let identifier = if self.owners.contains_key(&previous.as_user) { previous.as_user } else { previous.as_anonymous };
        if !user.contains(&identifier) {
            let place = user.iter().position(|other| trust(other) > trust(&identifier)).unwrap_or(user.len());
            user.insert(place, identifier);
        }
    }

    fn resolve_one(&mut self, mut candidates: Vec<Identifier>, collection: Collection, when: When) -> Option<ProfileId> {
        while candidates.len() > 1 && !self.may_join(&candidates) {
            candidates.pop();
        }
        if candidates.is_empty() {
            return None;
        }
        let mut found = self.found(&candidates).into_iter();
        let profile = match found.next() {
            None => self.create(collection),
            Some(oldest) => {
                for loser in found {
                    self.merge(oldest, loser);
                }
                oldest
            }
        };
        for identifier in candidates {
            self.attach(identifier, profile, when.occurred_at);
        }
        Some(profile)
    }

    fn may_join(&mut self, candidates: &[Identifier]) -> bool {
        static NONE: BTreeSet<String> = BTreeSet::new();
        let found = self.found(candidates);
        let theirs = found.iter().map(|profile| self.user_ids.get(profile).unwrap_or(&NONE));
        let own = candidates.iter().filter(|identifier| is_user_id(identifier)).map(|identifier| identifier.value.as_str());
        limits::may_join(theirs, own)
    }

    /// Whose these identifiers are, the profile created first in front.
    fn found(&mut self, candidates: &[Identifier]) -> Vec<ProfileId> {
        let mut found = Vec::with_capacity(candidates.len());
        for identifier in candidates {
            if let Some(owner) = self.owners.get(identifier).copied() {
                found.push(self.survivor(owner.profile));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn create(&mut self, collection: Collection) -> ProfileId {
        let profile = self.next;
        self.next = ProfileId(profile.0.checked_add(1).expect("fewer than 2^32 profiles: their numbers are 32 bits wide"));
        self.user_ids.insert(profile, BTreeSet::new());
        self.changes.profiles.push(NewProfile { profile, collection, created_at: self.now });
        profile
    }

    fn merge(&mut self, winner: ProfileId, loser: ProfileId) {
        self.merged.insert(loser, winner);
        let theirs = self.user_ids.remove(&loser).unwrap_or_default();
        self.user_ids.entry(winner).or_default().extend(theirs);
        self.changes.merges.push(Merge { winner, loser, merged_at: self.now });
    }

    fn attach(&mut self, identifier: Identifier, profile: ProfileId, seen_at: Moment) {
        if let Some(owner) = self.owners.get_mut(&identifier) {
            if seen_at < owner.seen_at {
                owner.seen_at = seen_at;
                if !owner.changed {
                    owner.changed = true;
                    self.changed.push(identifier);
                }
            }
            return;
        }
        if is_user_id(&identifier) {
            self.user_ids.entry(profile).or_default().insert(identifier.value.clone());
        }
        self.changed.push(identifier.clone());
        self.owners.insert(identifier, Owner { profile, seen_at, changed: true });
    }

    /// Notes a link that is new, or older than known.
    fn link(&mut self, user: ProfileId, account: ProfileId, since: Moment) {
        let known = self.links.entry((user, account)).or_insert(Moment::from_micros(i64::MAX));
        if since < *known {
            *known = since;
            self.changes.links.push(AccountLink { user, account, since });
        }
    }

    fn survivor(&mut self, profile: ProfileId) -> ProfileId {
        let mut survivor = profile;
        while let Some(winner) = self.merged.get(&survivor) {
            survivor = *winner;
        }
        // Shortens the way for the next who asks.
        let mut at = profile;
        while at != survivor {
            at = self.merged.insert(at, survivor).unwrap_or(survivor);
        }
        survivor
    }
}

fn is_user_id(identifier: &Identifier) -> bool {
    identifier.kind.as_str() == IdentifierKind::USER_ID
}

/// `user_id`, `email`, then all other kinds by name: smaller is more trusted.
fn trust(identifier: &Identifier) -> (u8, &str) {
    match identifier.kind.as_str() {
        kind @ IdentifierKind::USER_ID => (0, kind),
        kind @ IdentifierKind::EMAIL => (1, kind),
        kind => (2, kind),
    }
}

#[cfg(test)]
mod tests;
