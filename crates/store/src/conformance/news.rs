//! News: whoever is told what changed knows what somebody knows who asks for everything.

use model::{AccountLink, Collection, Identifier, People, ProfileId};

use super::cases::{attached, events, hour, identifier, merge, segment, users};
use crate::{Flush, NewProfile, News, PeopleMark, PeopleNews, Store};

/// Somebody who asks from time to time.
#[derive(Default)]
struct Reader {
    people: People,
    mark: Option<PeopleMark>,
}

impl Reader {
    async fn catch_up(&mut self, store: &dyn Store) -> &'static str {
        let News { segments, people, mark } = store.news(self.mark).await.expect("news");
        self.mark = Some(mark);
        let told = match people {
            PeopleNews::Nothing => "nothing",
            PeopleNews::Changes(changes) => {
                self.people.apply(changes);
                "changes"
            }
            PeopleNews::Everybody(everybody) => {
                self.people = everybody;
                "everybody"
            }
        };
        assert_eq!(self.people, store.people().await.expect("people"));
        assert_eq!(segments, store.segments().await.expect("segments"));
        told
    }
}

pub(super) async fn only_what_is_new_is_told(store: &dyn Store) {
    let mut reader = Reader::default();
    assert_eq!(reader.catch_up(store).await, "everybody", "nobody asked before");
    assert_eq!(reader.catch_up(store).await, "nothing");
    let mary = identifier("email", "mary@example.com");
    let first = Flush { profiles: users(0, 3), identifiers: vec![attached(mary.clone(), 0, hour(5))], ..Flush::default() };
    let flushes = [
        (first, "changes"),
        (Flush { segments: vec![segment("a.parquet", events("Order Completed"), "2025-03-01")], ..Flush::default() }, "nothing"),
        (Flush { identifiers: vec![attached(mary.clone(), 0, hour(4))], ..Flush::default() }, "changes"),
        (Flush { identifiers: vec![attached(mary, 1, hour(9))], ..Flush::default() }, "changes"),
        (Flush { merges: vec![merge(0, 1), merge(2, 0)], ..Flush::default() }, "changes"),
        (Flush { links: vec![AccountLink { user: ProfileId(0), account: ProfileId(1), since: hour(1) }], ..Flush::default() }, "changes"),
    ];
    for (flush, told) in flushes {
        store.flush(&flush).await.expect("a flush");
        assert_eq!(reader.catch_up(store).await, told, "{flush:?}");
    }
    let many = |number: u32| attached(identifier("email", &format!("{number}@example.com")), 0, hour(1));
    store.flush(&Flush { identifiers: (0..10_001).map(many).collect(), ..Flush::default() }).await.expect("a bulk import");
    assert_eq!(reader.catch_up(store).await, "everybody");
    assert_eq!(reader.catch_up(store).await, "nothing");
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).expect("31 bits") % sides
    }
}

pub(super) async fn whatever_happens_the_news_add_up(store: &dyn Store) {
    let mut dice = Dice(4_711);
    let mut readers = [Reader::default(), Reader::default(), Reader::default()];
    let mut known = 0;
    for round in 0..60 {
        let new = dice.below(3) + u32::from(known == 0);
        let mut flush = Flush { profiles: users(known, new), ..Flush::default() };
        for profile in &mut flush.profiles {
            if dice.below(4) == 0 {
                *profile = NewProfile { collection: Collection::Accounts, ..profile.clone() };
            }
        }
        known += new;
        for _ in 0..dice.below(4) {
            let identifier: Identifier = identifier(["email", "user_id", "group_id"][dice.below(3) as usize], &dice.below(12).to_string());
            flush.identifiers.push(attached(identifier, dice.below(known), hour(dice.below(30).into())));
        }
        for _ in 0..dice.below(3) {
            let (user, account) = (ProfileId(dice.below(known)), ProfileId(dice.below(known)));
            flush.links.push(AccountLink { user, account, since: hour(dice.below(30).into()) });
        }
        if dice.below(3) == 0 {
            flush.merges.push(merge(dice.below(known), dice.below(known)));
        }
        if dice.below(3) == 0 {
            flush.segments.push(segment(&format!("{round}.parquet"), events("Order Completed"), "2025-03-01"));
        }
        store.flush(&flush).await.expect("a flush");
        // One asks each time, one now and then, one hardly ever.
        for (reader, every) in readers.iter_mut().zip([1, 4, 23]) {
            if round % every == 0 {
                reader.catch_up(store).await;
            }
        }
    }
}
