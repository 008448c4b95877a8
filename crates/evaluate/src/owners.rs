//! Owners: whose a row is.
//!
//! A row belongs to the survivor of the profile it was written with. Where accounts are asked about, it belongs to every
//! account that profile is linked to: an account's events are those of all its users, whenever they happened, and its
//! own. A link is visible once it was said, at or before the as-of. The same is told the other way round: with which
//! numbers an owner's rows were written.

use std::sync::Arc;

use model::{AsOf, Collection, People, ProfileId};
use roaring::RoaringBitmap;

use crate::bits::Bits;

/// Who belongs to which accounts as of a moment, by survivors.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Links {
    /// (user, account), ascending, each once.
    pairs: Vec<(u32, u32)>,
    /// The same as (account, user), by account.
    by_account: Vec<(u32, u32)>,
    accounts: Arc<RoaringBitmap>,
    merged: Arc<Merged>,
}

/// Who was merged into whom.
#[derive(Debug, PartialEq, Eq, Default)]
struct Merged {
    /// (survivor, merged), ascending.
    pairs: Vec<(u32, u32)>,
    survivors: Bits,
}

impl Links {
    /// The links that are visible.
    pub(crate) fn of(people: &People, as_of: AsOf) -> Self {
        Self { accounts: Arc::new(accounts(people)), merged: Arc::new(Merged::of(people)), ..Self::default() }.at(people, as_of)
    }

    /// Those of the same people that are visible at another moment.
    pub(crate) fn at(&self, people: &People, as_of: AsOf) -> Self {
        let visible = people.links.iter().filter(|link| link.since <= as_of.moment());
        let mut pairs: Vec<(u32, u32)> = visible.map(|link| (people.survivor(link.user).0, people.survivor(link.account).0)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut by_account: Vec<(u32, u32)> = pairs.iter().map(|(user, account)| (*account, *user)).collect();
        by_account.sort_unstable();
        Self { pairs, by_account, accounts: Arc::clone(&self.accounts), merged: Arc::clone(&self.merged) }
    }

    /// Every (user, account), by user.
    pub(crate) fn pairs(&self) -> &[(u32, u32)] {
        &self.pairs
    }

    fn accounts_of(&self, user: u32) -> &[(u32, u32)] {
        let start = self.pairs.partition_point(|(linked, _)| *linked < user);
        let end = self.pairs.partition_point(|(linked, _)| *linked <= user);
        &self.pairs[start..end]
    }

    fn users_of(&self, account: u32) -> &[(u32, u32)] {
        let start = self.by_account.partition_point(|(linked, _)| *linked < account);
        let end = self.by_account.partition_point(|(linked, _)| *linked <= account);
        &self.by_account[start..end]
    }
}

impl Merged {
    fn of(people: &People) -> Self {
        let numbered = (0_u32..).zip(&people.canonical);
        let mut pairs: Vec<(u32, u32)> =
            numbered.filter(|(profile, survivor)| *profile != survivor.0).map(|(profile, survivor)| (survivor.0, profile)).collect();
        pairs.sort_unstable();
        let mut survivors = Bits::none(people.len());
        for (survivor, _) in &pairs {
            survivors.set(*survivor);
        }
        Self { pairs, survivors }
    }

    fn merged_into(&self, survivor: u32) -> &[(u32, u32)] {
        if !self.survivors.get(survivor) {
            return &[];
        }
        let start = self.pairs.partition_point(|(into, _)| *into < survivor);
        let end = self.pairs.partition_point(|(into, _)| *into <= survivor);
        &self.pairs[start..end]
    }
}

/// The surviving profiles that are accounts.
pub(crate) fn accounts(people: &People) -> RoaringBitmap {
    people.accounts.iter().map(|account| people.survivor(*account).0).collect()
}

/// Whose rows are, where profiles of one collection are asked about.
#[derive(Clone, Copy)]
pub(crate) struct Owners<'a> {
    pub(crate) people: &'a People,
    pub(crate) links: &'a Links,
    pub(crate) of: Collection,
}

impl Owners<'_> {
    /// Calls back with each owner of a row written with this profile. A number beyond the people known has no
    /// identifier, so nobody asks about it.
    pub(crate) fn each(self, profile: u32, mut own: impl FnMut(u32)) {
        if profile as usize >= self.people.len() {
            return;
        }
        let survivor = self.people.survivor(ProfileId(profile)).0;
        match self.of {
            Collection::Users => own(survivor),
            Collection::Accounts => {
                if self.links.accounts.contains(survivor) {
                    own(survivor);
                }
                for (_, account) in self.links.accounts_of(survivor) {
                    if *account != survivor {
                        own(*account);
                    }
                }
            }
        }
    }
    /// Calls back with each profile number that rows of this owner were written with, each once.
    pub(crate) fn written_with(self, owner: u32, mut with: impl FnMut(u32)) {
        match self.of {
            Collection::Users => self.survivor_written_with(owner, &mut with),
            Collection::Accounts => {
                if self.links.accounts.contains(owner) {
                    self.survivor_written_with(owner, &mut with);
                }
                for (_, user) in self.links.users_of(owner) {
                    if *user != owner {
                        self.survivor_written_with(*user, &mut with);
                    }
                }
            }
        }
    }

    fn survivor_written_with(self, survivor: u32, with: &mut impl FnMut(u32)) {
        if self.people.canonical.get(survivor as usize).is_some_and(|itself| itself.0 == survivor) {
            with(survivor);
            self.links.merged.merged_into(survivor).iter().for_each(|(_, merged)| with(*merged));
        }
    }
}
