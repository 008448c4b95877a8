//! What is remembered of identifiers, and which of them each profile has: chains through one long list, because most
//! profiles have a handful and there are very many profiles.

use model::{Moment, ProfileId};

use crate::numbers::Number;

/// What is remembered of an identifier.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    /// Whose; map through merges. Nobody's, as far as was asked, while there is none.
    pub(crate) profile: Option<ProfileId>,
    /// The store knows it to be seen this early, or earlier.
    pub(crate) seen_at: Moment,
    /// When the message was received that gave it to its profile.
    pub(crate) attached_at: Moment,
    /// It changed since the last changes were taken.
    pub(crate) changed: bool,
    /// The store was asked.
    pub(crate) asked: bool,
    /// It is in a chain.
    is_held: bool,
    /// The next one of its profile.
    next: Option<Number>,
}

/// Owners by number.
#[derive(Debug, Default)]
pub(crate) struct Owners(Vec<Owner>);

/// What a profile has.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Held {
    /// How many identifiers, those of forgotten kinds included.
    pub(crate) identifiers: u32,
    /// How many profiles were merged into it.
    pub(crate) merges: u32,
    chain: Option<(Number, Number)>,
}

impl Held {
    /// Of a profile that so many were merged into, before its identifiers are told.
    pub(crate) fn after(merges: u32) -> Self {
        Self { merges, ..Self::default() }
    }
}

impl Owners {
    /// Makes an owner, not known, for each number up to a count.
    pub(crate) fn make(&mut self, count: usize) {
        let never = Moment::from_micros(i64::MAX);
        let unknown = Owner { profile: None, seen_at: never, attached_at: never, changed: false, asked: false, is_held: false, next: None };
        self.0.resize(count, unknown);
    }

    pub(crate) fn of(&self, number: Number) -> &Owner {
        &self.0[number.index()]
    }

    pub(crate) fn of_mut(&mut self, number: Number) -> &mut Owner {
        &mut self.0[number.index()]
    }

    /// Adds an identifier to what a profile has, once.
    pub(crate) fn hold(&mut self, held: &mut Held, number: Number, attached_at: Moment) {
        let owner = self.of_mut(number);
        if owner.is_held {
            return;
        }
        (owner.is_held, owner.attached_at) = (true, attached_at);
        held.identifiers += 1;
        match &mut held.chain {
            Some((_, last)) => {
                let before = std::mem::replace(last, number);
                self.of_mut(before).next = Some(number);
            }
            None => held.chain = Some((number, number)),
        }
    }

    /// Adds what another profile has, which is merged into this one.
    pub(crate) fn join(&mut self, held: &mut Held, theirs: Held) {
        held.identifiers += theirs.identifiers;
        held.merges += theirs.merges + 1;
        held.chain = match (held.chain, theirs.chain) {
            (Some((first, last)), Some((their_first, their_last))) => {
                self.of_mut(last).next = Some(their_first);
                Some((first, their_last))
            }
            (one, other) => one.or(other),
        };
    }

    /// What a profile has, and since when it has had it.
    pub(crate) fn held(&self, held: &Held) -> impl Iterator<Item = (Number, Moment)> {
        let first = held.chain.map(|(first, _)| first);
        std::iter::successors(first, |number| self.of(*number).next).map(|number| (number, self.of(number).attached_at))
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
