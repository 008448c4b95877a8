//! Owners: whose a row is.
//!
//! A row belongs to the survivor of the profile it was written with. Where accounts are asked about, it belongs to every
//! account that profile is linked to: an account's events are those of all its users, whenever they happened, and its
//! own. A link is visible once it was said, at or before the as-of.

use model::{AsOf, Collection, People, ProfileId};
use roaring::RoaringBitmap;

/// Who belongs to which accounts as of a moment, by survivors.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Links {
    /// (user, account), ascending, each once.
    pairs: Vec<(u32, u32)>,
    accounts: RoaringBitmap,
}

impl Links {
    /// The links that are visible.
    pub(crate) fn of(people: &People, as_of: AsOf) -> Self {
        let visible = people.links.iter().filter(|link| link.since <= as_of.moment());
        let mut pairs: Vec<(u32, u32)> = visible.map(|link| (people.survivor(link.user).0, people.survivor(link.account).0)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        Self { pairs, accounts: accounts(people) }
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
}
