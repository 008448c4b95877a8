//! Who is meant: identifiers to profiles, message by message in order of arrival.
//!
//! None known: a new profile. One: the message is about it, and its identifiers become the profile's. Several: they are
//! one person, unless [`limits`] forbids it; then the least trusted identifier is left aside and the question put again.
//! **Invariants:** pure (what the store knows is handed in by [`Resolver::learn`]); the answer is the same wherever a
//! batch ends, because what was resolved is remembered as the store will remember it.

use std::hash::RandomState;

use hashbrown::HashMap;
use model::{AccountLink, Collection, Identifier, IdentifierKind, Moment, ProfileId};
use store::{AttachedIdentifier, Merge, NewProfile};

use crate::block::IdRef;
use crate::limits;
use crate::message::{MessageKind, When};
use crate::numbers::{Number, Numbers};

/// What a batch changed about who is who, as the store takes it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct IdentityChanges {
    pub(crate) profiles: Vec<NewProfile>,
    pub(crate) identifiers: Vec<AttachedIdentifier>,
    pub(crate) merges: Vec<Merge>,
    pub(crate) links: Vec<AccountLink>,
}

/// The identifiers of one message, by number.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Numbered {
    /// See [`crate::identifiers::Carried::user`].
    pub(crate) user: Vec<Number>,
    /// Of the account.
    pub(crate) account: Option<Number>,
    /// As a user's id, and as an anonymous one.
    pub(crate) previous: Option<(Number, Number)>,
}

/// What is remembered of an identifier.
#[derive(Debug, Clone, Copy)]
struct Owner {
    /// Whose; map through `merged`. Nobody's, as far as was asked, while there is none.
    profile: Option<ProfileId>,
    /// The store knows it to be seen this early, or earlier.
    seen_at: Moment,
    /// It changed since the last changes were taken.
    changed: bool,
    /// The store was asked.
    asked: bool,
}

/// Resolves messages in order.
#[derive(Debug)]
pub(crate) struct Resolver {
    next: ProfileId,
    now: Moment,
    /// The store knows nobody: it need not be asked.
    alone: bool,
    numbers: Numbers,
    /// By number.
    owners: Vec<Owner>,
    /// Loser to winner.
    merged: HashMap<ProfileId, ProfileId>,
    /// Each once.
    user_ids: HashMap<ProfileId, Vec<Number>>,
    links: HashMap<(ProfileId, ProfileId), Moment>,
    changed: Vec<Number>,
    changes: IdentityChanges,
}

impl Resolver {
    /// Starts where the store's numbers end; what is created or found out is so `now`. The hasher is the one that the
    /// identifiers' hashes come from.
    pub(crate) fn new(next: ProfileId, now: Moment, hasher: RandomState) -> Self {
        Self {
            next,
            now,
            alone: next == ProfileId(0),
            numbers: Numbers::new(hasher),
            owners: Vec::new(),
            merged: HashMap::new(),
            user_ids: HashMap::new(),
            links: HashMap::new(),
            changed: Vec::new(),
            changes: IdentityChanges::default(),
        }
    }

    /// The number that an identifier has until everything is forgotten.
    pub(crate) fn number(&mut self, id: IdRef<'_>) -> Number {
        let number = self.numbers.of(id);
        self.make_owner();
        number
    }

    /// The same of one that stands by itself.
    pub(crate) fn number_of(&mut self, identifier: &Identifier) -> Number {
        let number = self.numbers.of_identifier(identifier);
        self.make_owner();
        number
    }

    /// The identifier, if the store has to be asked about it before a message with it is resolved. Asked once.
    pub(crate) fn needs(&mut self, number: Number) -> Option<Identifier> {
        let owner = &mut self.owners[number.index()];
        let asks = !owner.asked && owner.profile.is_none() && !self.alone;
        owner.asked = true;
        asks.then(|| self.numbers.identifier(number))
    }

    /// Whether the store has to be asked about this profile's user ids.
    pub(crate) fn needs_user_ids(&mut self, profile: ProfileId) -> bool {
        let survivor = self.survivor(profile);
        !self.user_ids.contains_key(&survivor)
    }

    /// Takes what the store knows of an identifier.
    pub(crate) fn learn(&mut self, number: Number, profile: ProfileId) {
        // The store keeps the earliest sighting, and is told of the first one here whatever it is.
        self.owners[number.index()].profile.get_or_insert(profile);
    }

    /// Takes what the store knows of a profile's identifiers.
    pub(crate) fn learn_user_ids(&mut self, profile: ProfileId, identifiers: &[Identifier]) {
        self.user_ids.entry(profile).or_default();
        for identifier in identifiers.iter().filter(|identifier| identifier.kind.as_str() == IdentifierKind::USER_ID) {
            let number = self.number_of(identifier);
            add(self.user_ids.entry(profile).or_default(), number);
        }
    }

    /// How many identifiers are remembered.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Forgets what the store knows as well. Only between taking changes and learning again.
    pub(crate) fn forget(&mut self) {
        self.numbers.clear();
        self.owners.clear();
        self.merged.clear();
        self.user_ids.clear();
        self.links.clear();
        self.alone = self.next == ProfileId(0);
    }

    /// The profile a message is about: the account in a group call, else the person.
    pub(crate) fn resolve(&mut self, kind: MessageKind, carried: &mut Numbered, when: When) -> Option<ProfileId> {
        let Numbered { user, account, previous } = carried;
        if let Some(previous) = previous {
            self.assert_previous(*previous, user);
        }
        let user = self.resolve_one(user, Collection::Users, when);
        let account = self.resolve_one(&mut account.iter().copied().collect(), Collection::Accounts, when);
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
        for number in std::mem::take(&mut self.changed) {
            let owner = &mut self.owners[number.index()];
            owner.changed = false;
            let (profile, first_seen_at) = (owner.profile, owner.seen_at);
            let Some(profile) = profile.map(|profile| self.survivor(profile)) else { continue };
            changes.identifiers.push(AttachedIdentifier { identifier: self.numbers.identifier(number), profile, first_seen_at });
        }
        changes
    }

    /// Each number has an owner, known or not.
    fn make_owner(&mut self) {
        if self.owners.len() < self.numbers.len() {
            self.owners.push(Owner { profile: None, seen_at: Moment::from_micros(i64::MAX), changed: false, asked: false });
        }
    }

    /// Puts the other id of an alias call among the candidates, behind those at least as trusted.
    fn assert_previous(&self, (as_user, as_anonymous): (Number, Number), user: &mut Vec<Number>) {
        let number = if self.owners[as_user.index()].profile.is_some() { as_user } else { as_anonymous };
        if !user.contains(&number) {
            let trust = |number| trust(self.numbers.kind(number));
            let place = user.iter().position(|other| trust(*other) > trust(number)).unwrap_or(user.len());
            user.insert(place, number);
        }
    }

    fn resolve_one(&mut self, candidates: &mut Vec<Number>, collection: Collection, when: When) -> Option<ProfileId> {
        let profile = match self.only_owner(candidates) {
            Some(owner) => owner,
            None => self.join(candidates, collection)?,
        };
        for number in candidates {
            self.attach(*number, profile, when.occurred_at);
        }
        Some(profile)
    }

    /// Whose all of them are already: most messages bring nothing new.
    fn only_owner(&mut self, candidates: &[Number]) -> Option<ProfileId> {
        let mut only = None;
        for number in candidates {
            let owner = self.owners[number.index()].profile?;
            let owner = self.survivor(owner);
            if *only.get_or_insert(owner) != owner {
                return None;
            }
        }
        only
    }

    /// Makes one profile of those found, or a new one; candidates that must not join are dropped.
    fn join(&mut self, candidates: &mut Vec<Number>, collection: Collection) -> Option<ProfileId> {
        while candidates.len() > 1 && !self.may_join(candidates) {
            candidates.pop();
        }
        if candidates.is_empty() {
            return None;
        }
        let mut found = self.found(candidates).into_iter();
        let Some(oldest) = found.next() else { return Some(self.create(collection)) };
        for loser in found {
            self.merge(oldest, loser);
        }
        Some(oldest)
    }

    fn may_join(&mut self, candidates: &[Number]) -> bool {
        let found = self.found(candidates);
        let theirs = found.iter().map(|profile| self.user_ids.get(profile).map_or([].as_slice(), Vec::as_slice));
        limits::may_join(theirs, candidates.iter().filter(|number| self.is_user_id(**number)))
    }

    /// Whose these identifiers are, the profile created first in front.
    fn found(&mut self, candidates: &[Number]) -> Vec<ProfileId> {
        let mut found = Vec::with_capacity(candidates.len());
        for number in candidates {
            if let Some(owner) = self.owners[number.index()].profile {
                found.push(self.survivor(owner));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn create(&mut self, collection: Collection) -> ProfileId {
        let profile = self.next;
        self.next = ProfileId(profile.0.checked_add(1).expect("fewer than 2^32 profiles: their numbers are 32 bits wide"));
        self.user_ids.insert(profile, Vec::new());
        self.changes.profiles.push(NewProfile { profile, collection, created_at: self.now });
        profile
    }

    fn merge(&mut self, winner: ProfileId, loser: ProfileId) {
        self.merged.insert(loser, winner);
        let theirs = self.user_ids.remove(&loser).unwrap_or_default();
        let joined = self.user_ids.entry(winner).or_default();
        for number in theirs {
            add(joined, number);
        }
        self.changes.merges.push(Merge { winner, loser, merged_at: self.now });
    }

    fn attach(&mut self, number: Number, profile: ProfileId, seen_at: Moment) {
        let owner = &mut self.owners[number.index()];
        let news = owner.profile.is_none();
        owner.profile.get_or_insert(profile);
        if news || seen_at < owner.seen_at {
            owner.seen_at = seen_at;
            if !owner.changed {
                owner.changed = true;
                self.changed.push(number);
            }
        }
        if news && self.is_user_id(number) {
            add(self.user_ids.entry(profile).or_default(), number);
        }
    }

    fn is_user_id(&self, number: Number) -> bool {
        self.numbers.kind(number) == IdentifierKind::USER_ID
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

fn add(numbers: &mut Vec<Number>, number: Number) {
    if !numbers.contains(&number) {
        numbers.push(number);
    }
}

/// `user_id`, `email`, then all other kinds by name: smaller is more trusted.
fn trust(kind: &str) -> (u8, &str) {
    match kind {
        IdentifierKind::USER_ID => (0, kind),
        IdentifierKind::EMAIL => (1, kind),
        _ => (2, kind),
    }
}

#[cfg(test)]
mod tests;
