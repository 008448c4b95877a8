//! Who is meant: identifiers to profiles, message by message in order of arrival.
//!
//! None known: a new profile. One: the message is about it, and its identifiers become the profile's. Several: they are
//! one person, unless [`limits`] forbids it; then the least trusted identifier is left aside and the question put again.
//! **Invariants:** pure (what the store knows is handed in by [`Resolver::learn`] and [`Resolver::learn_held`]); the answer is
//! the same wherever a batch ends, because what was resolved is remembered as the store will remember it; whatever is left
//! aside is told.

use std::collections::BTreeMap;
use std::hash::RandomState;

use hashbrown::HashMap;
use model::{AccountLink, Collection, Identifier, Moment, ProfileId};
use store::{AttachedIdentifier, Attachments, Merge, NewProfile};

use crate::block::IdRef;
use crate::held::{Held, Owners};
use crate::kinds::{Kind, Kinds};
use crate::limits::{self, Excess, Joined};
use crate::message::{MessageKind, When};
use crate::numbers::{Number, Numbers};

/// What a batch changed about who is who, as the store takes it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct IdentityChanges {
    pub(crate) profiles: Vec<NewProfile>,
    pub(crate) identifiers: Vec<AttachedIdentifier>,
    pub(crate) merges: Vec<Merge>,
    pub(crate) links: Vec<AccountLink>,
    /// Identifiers left aside, by kind and by the rule that they would have broken.
    pub(crate) aside: BTreeMap<(Kind, Excess), Aside>,
}

/// Identifiers left aside for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aside {
    /// How many.
    pub(crate) count: u64,
    /// Whom the last message that had one is about.
    pub(crate) profile: ProfileId,
    /// When it was received.
    pub(crate) at: Moment,
}

/// The identifiers of one message, by number.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Numbered {
    /// See [`crate::identifiers::Carried::user`].
    pub(crate) user: Vec<Number>,
    /// Of the account.
    pub(crate) account: Vec<Number>,
    /// As a user's id, and as an anonymous one.
    pub(crate) previous: Option<(Number, Number)>,
}

/// Resolves messages in order.
#[derive(Debug)]
pub(crate) struct Resolver {
    kinds: Kinds,
    next: ProfileId,
    now: Moment,
    /// The store knows nobody: it need not be asked.
    alone: bool,
    numbers: Numbers,
    owners: Owners,
    /// Loser to winner.
    merged: HashMap<ProfileId, ProfileId>,
    /// What each survivor has.
    held: HashMap<ProfileId, Held>,
    links: HashMap<(ProfileId, ProfileId), Moment>,
    /// What was left aside of the message being resolved.
    aside: Vec<(Kind, Excess)>,
    changed: Vec<Number>,
    changes: IdentityChanges,
}

impl Resolver {
    /// Starts where the store's numbers end; what is created or found out is so `now`. The hasher is the one that the
    /// identifiers' hashes come from.
    pub(crate) fn new(next: ProfileId, now: Moment, hasher: RandomState, kinds: Kinds) -> Self {
        Self {
            kinds,
            next,
            now,
            alone: next == ProfileId(0),
            numbers: Numbers::new(hasher),
            owners: Owners::default(),
            merged: HashMap::new(),
            held: HashMap::new(),
            links: HashMap::new(),
            aside: Vec::new(),
            changed: Vec::new(),
            changes: IdentityChanges::default(),
        }
    }

    /// The numbers that identifiers have until everything is forgotten.
    pub(crate) fn number<'b>(&mut self, ids: impl Iterator<Item = IdRef<'b>> + Clone) -> Vec<Number> {
        let numbers = self.numbers.of_all(ids);
        self.owners.make(self.numbers.len());
        numbers
    }

    /// The number of one that stands by itself.
    fn number_of(&mut self, kind: Kind, value: &str) -> Number {
        let number = self.numbers.of_value(kind, value);
        self.owners.make(self.numbers.len());
        number
    }

    /// Whether the store knows nobody, and need not be asked.
    pub(crate) fn is_alone(&self) -> bool {
        self.alone
    }

    /// The identifier, if the store has to be asked about it before a message with it is resolved. Asked once.
    pub(crate) fn needs(&mut self, number: Number) -> Option<Identifier> {
        let owner = self.owners.of_mut(number);
        let asks = !owner.asked && owner.profile.is_none();
        owner.asked = true;
        asks.then(|| self.numbers.identifier(number, &self.kinds))
    }

    /// Whether the store has to be asked what this profile has.
    pub(crate) fn needs_held(&mut self, profile: ProfileId) -> bool {
        let survivor = self.survivor(profile);
        !self.held.contains_key(&survivor)
    }

    /// Takes what the store knows of an identifier.
    pub(crate) fn learn(&mut self, number: Number, profile: ProfileId) {
        // The store keeps the earliest sighting, and is told of the first one here whatever it is.
        self.owners.of_mut(number).profile.get_or_insert(profile);
    }

    /// Takes what the store knows of a profile.
    pub(crate) fn learn_held(&mut self, attachments: &Attachments) {
        let mut held = Held::after(attachments.merges);
        for (identifier, attached_at) in &attachments.identifiers {
            match self.kinds.named(identifier.kind.as_str()) {
                Some(kind) => {
                    let number = self.number_of(kind, &identifier.value);
                    self.owners.of_mut(number).profile.get_or_insert(attachments.profile);
                    self.owners.hold(&mut held, number, *attached_at);
                }
                // Of a kind that messages are searched for no longer: it only counts.
                None => held.identifiers += 1,
            }
        }
        self.held.insert(attachments.profile, held);
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
        self.held.clear();
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
        let account = self.resolve_one(account, Collection::Accounts, when);
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
            let owner = self.owners.of_mut(number);
            owner.changed = false;
            let (profile, first_seen_at, attached_at) = (owner.profile, owner.seen_at, owner.attached_at);
            let Some(profile) = profile.map(|profile| self.survivor(profile)) else { continue };
            let identifier = self.numbers.identifier(number, &self.kinds);
            changes.identifiers.push(AttachedIdentifier { identifier, profile, first_seen_at, attached_at });
        }
        changes
    }

    /// Puts the other id of an alias call among the candidates, behind those at least as trusted.
    fn assert_previous(&self, (as_user, as_anonymous): (Number, Number), user: &mut Vec<Number>) {
        let number = if self.owners.of(as_user).profile.is_some() { as_user } else { as_anonymous };
        if !user.contains(&number) {
            let kind = |number| self.numbers.kind(number);
            let place = user.iter().position(|other| kind(*other) > kind(number)).unwrap_or(user.len());
            user.insert(place, number);
        }
    }

    fn resolve_one(&mut self, candidates: &mut Vec<Number>, collection: Collection, when: When) -> Option<ProfileId> {
        let profile = match self.only_owner(candidates) {
            Some(owner) => owner,
            None => self.join(candidates, collection, when)?,
        };
        for number in candidates {
            self.attach(*number, profile, when);
        }
        for left in self.aside.drain(..) {
            let aside = self.changes.aside.entry(left).or_insert(Aside { count: 0, profile, at: when.received_at });
            *aside = Aside { count: aside.count + 1, profile, at: when.received_at };
        }
        Some(profile)
    }

    /// Whose all of them are already: most messages bring nothing new.
    fn only_owner(&mut self, candidates: &[Number]) -> Option<ProfileId> {
        let mut only = None;
        for number in candidates {
            let owner = self.owners.of(*number).profile?;
            let owner = self.survivor(owner);
            if *only.get_or_insert(owner) != owner {
                return None;
            }
        }
        only
    }

    /// Makes one profile of those found, or a new one; candidates that must not join are left aside.
    fn join(&mut self, candidates: &mut Vec<Number>, collection: Collection, when: When) -> Option<ProfileId> {
        let mut found = self.found(candidates);
        while candidates.len() > 1
            && let Some(excess) = self.excess(candidates, &found, when.received_at)
            && let Some(left) = candidates.pop()
        {
            self.aside.push((self.numbers.kind(left), excess));
            found = self.found(candidates);
        }
        if candidates.is_empty() {
            return None;
        }
        let mut found = found.into_iter();
        let Some(oldest) = found.next() else { return Some(self.create(collection)) };
        for loser in found {
            self.merge(oldest, loser);
        }
        Some(oldest)
    }

    /// The rule that one profile of all these would break at a moment.
    fn excess(&self, candidates: &[Number], found: &[ProfileId], now: Moment) -> Option<Excess> {
        let new: Vec<Kind> = candidates
            .iter()
            .filter(|number| self.owners.of(**number).profile.is_none())
            .map(|number| self.numbers.kind(*number))
            .collect();
        let held = || found.iter().filter_map(|profile| self.held.get(profile));
        let joined = Joined {
            profiles: u32::try_from(found.len()).unwrap_or(u32::MAX),
            merges: held().map(|held| held.merges).sum(),
            identifiers: held().map(|held| held.identifiers).sum(),
            new: u32::try_from(new.len()).unwrap_or(u32::MAX),
        };
        if let Some(excess) = joined.excess(self.kinds.rules()) {
            return Some(excess);
        }
        let mut touched = new.clone();
        if found.len() > 1 {
            touched.extend(held().flat_map(|held| self.owners.held(held)).map(|(number, _)| self.numbers.kind(number)));
        }
        touched.sort_unstable();
        touched.dedup();
        let broken = touched.into_iter().find(|kind| {
            let limit = self.kinds.rule(*kind).limit;
            let since = limit.per.since(now);
            let counts = |at: Moment| since.is_none_or(|since| at > since && at <= now);
            let of_kind = |(number, at): &(Number, Moment)| self.numbers.kind(*number) == *kind && counts(*at);
            let found = held().map(|held| u32::try_from(self.owners.held(held).filter(of_kind).count()).unwrap_or(u32::MAX));
            let new = new.iter().filter(|new| *new == kind).count();
            !limits::fits(found, u32::try_from(new).unwrap_or(u32::MAX), limit)
        });
        broken.map(Excess::Of)
    }

    /// Whose these identifiers are, the profile created first in front.
    fn found(&mut self, candidates: &[Number]) -> Vec<ProfileId> {
        let mut found = Vec::with_capacity(candidates.len());
        for number in candidates {
            if let Some(owner) = self.owners.of(*number).profile {
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
        self.held.insert(profile, Held::default());
        self.changes.profiles.push(NewProfile { profile, collection, created_at: self.now });
        profile
    }

    fn merge(&mut self, winner: ProfileId, loser: ProfileId) {
        self.merged.insert(loser, winner);
        let theirs = self.held.remove(&loser).unwrap_or_default();
        let joined = self.held.entry(winner).or_default();
        self.owners.join(joined, theirs);
        self.changes.merges.push(Merge { winner, loser, merged_at: self.now });
    }

    fn attach(&mut self, number: Number, profile: ProfileId, when: When) {
        let owner = self.owners.of_mut(number);
        let news = owner.profile.is_none();
        owner.profile.get_or_insert(profile);
        if news || when.occurred_at < owner.seen_at {
            owner.seen_at = when.occurred_at;
            if !owner.changed {
                owner.changed = true;
                self.changed.push(number);
            }
        }
        if news {
            self.owners.hold(self.held.entry(profile).or_default(), number, when.received_at);
        }
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

#[cfg(test)]
mod tests;
