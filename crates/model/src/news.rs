//! News of people: what became known since an earlier state, so that whoever knows everybody need not ask for everybody.
//!
//! **Law:** people brought up to date are equal to people asked for anew.

use std::collections::BTreeMap;

use crate::{AccountLink, IdentifierKind, Membership, People, ProfileId, Sighting};

/// What became known of people since an earlier state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PeopleChanges {
    /// How many profile numbers were given by now.
    pub profiles: u32,
    /// The accounts among the new profiles, ascending.
    pub accounts: Vec<ProfileId>,
    /// Winner and loser of each merge, in order; both stood for themselves until then.
    pub merges: Vec<(ProfileId, ProfileId)>,
    /// Profiles known before of whom all sightings, and as users all links, are told anew.
    pub changed: Membership,
    /// The sightings of new and changed profiles.
    pub sightings: Vec<(IdentifierKind, Sighting)>,
    /// The links of new and changed users.
    pub links: Vec<AccountLink>,
}

impl People {
    /// Brings people up to date.
    pub fn apply(&mut self, changes: PeopleChanges) {
        let PeopleChanges { profiles, accounts, merges, changed, sightings, links } = changes;
        let known = u32::try_from(self.len()).expect("profile numbers are 32 bits wide");
        self.canonical.extend((known..profiles).map(ProfileId));
        self.accounts.extend(accounts);
        self.merge(&merges);
        if !changed.is_empty() {
            for sightings in self.sightings.values_mut() {
                drop_of(&changed, sightings, |sighting| sighting.profile);
            }
            drop_of(&changed, &mut self.links, |link| link.user);
        }
        let mut told: BTreeMap<IdentifierKind, Vec<Sighting>> = BTreeMap::new();
        for (kind, sighting) in sightings {
            told.entry(kind).or_default().push(sighting);
        }
        for (kind, mut told) in told {
            let sightings = self.sightings.entry(kind).or_default();
            sightings.append(&mut told);
            // Stable sorts find the part that is in order and merge the rest into it.
            sightings.sort_by_key(|sighting| (sighting.profile, sighting.first_seen_at));
        }
        self.sightings.retain(|_, sightings| !sightings.is_empty());
        if !links.is_empty() {
            self.links.extend(links);
            self.links.sort();
        }
    }

    fn merge(&mut self, merges: &[(ProfileId, ProfileId)]) {
        if merges.is_empty() {
            return;
        }
        let into: BTreeMap<ProfileId, ProfileId> = merges.iter().map(|(winner, loser)| (*loser, *winner)).collect();
        let losers: Membership = into.keys().copied().collect();
        for survivor in self.canonical.iter_mut().filter(|survivor| losers.contains(**survivor)) {
            while let Some(winner) = into.get(survivor) {
                *survivor = *winner;
            }
        }
    }
}

/// Drops what is said of these profiles; `rows` are in order of the profiles.
fn drop_of<T>(changed: &Membership, rows: &mut Vec<T>, profile: impl Fn(&T) -> ProfileId) {
    let mut changed = changed.iter().peekable();
    rows.retain(|row| {
        let profile = profile(row);
        while changed.next_if(|changed| *changed < profile).is_some() {}
        changed.peek() != Some(&profile)
    });
}

#[cfg(test)]
mod tests {
    use crate::Moment;

    use super::*;

    fn sighting(profile: u32, at: i64) -> Sighting {
        Sighting { profile: ProfileId(profile), first_seen_at: Moment::from_micros(at) }
    }

    fn link(user: u32, account: u32, at: i64) -> AccountLink {
        AccountLink { user: ProfileId(user), account: ProfileId(account), since: Moment::from_micros(at) }
    }

    #[test]
    fn what_is_new_takes_its_place_and_what_changed_is_replaced() {
        let (email, user_id) = (IdentifierKind::new("email"), IdentifierKind::new("user_id"));
        let mut people = People {
            canonical: [0, 1, 1, 3].map(ProfileId).to_vec(),
            accounts: vec![ProfileId(3)],
            sightings: [(email.clone(), vec![sighting(1, 5)]), (user_id.clone(), vec![sighting(0, 1), sighting(1, 2), sighting(2, 3)])]
                .into(),
            links: vec![link(0, 3, 1), link(1, 3, 9)],
        };
        people.apply(PeopleChanges {
            profiles: 6,
            accounts: vec![ProfileId(5)],
            merges: [(0, 1), (4, 0)].map(|(winner, loser)| (ProfileId(winner), ProfileId(loser))).to_vec(),
            changed: [1].map(ProfileId).into_iter().collect(),
            sightings: vec![(user_id.clone(), sighting(4, 7)), (user_id.clone(), sighting(1, 1))],
            links: vec![link(4, 5, 2), link(1, 3, 4)],
        });
        let expected = People {
            canonical: [4, 4, 4, 3, 4, 5].map(ProfileId).to_vec(),
            accounts: [3, 5].map(ProfileId).to_vec(),
            sightings: [(user_id, vec![sighting(0, 1), sighting(1, 1), sighting(2, 3), sighting(4, 7)])].into(),
            links: vec![link(0, 3, 1), link(1, 3, 4), link(4, 5, 2)],
        };
        assert_eq!(people, expected);
    }
}
