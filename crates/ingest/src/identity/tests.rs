//! Identity: cases one by one, and the law that batches do not matter.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::identifiers::{Carried, Id, Previous};
use crate::numbers::known;

/// What a store would remember: identifiers and their owners, mapped through merges. Written to be obviously right.
#[derive(Default)]
struct Remembered {
    profiles: u32,
    owners: BTreeMap<Identifier, (ProfileId, Moment)>,
    merged_into: BTreeMap<ProfileId, ProfileId>,
    links: BTreeSet<(ProfileId, ProfileId)>,
}

/// An identifier, whose it is, and since when.
type Told = (Identifier, ProfileId, Moment);

impl Remembered {
    fn apply(&mut self, changes: IdentityChanges) {
        for new in changes.profiles {
            assert_eq!(new.profile, ProfileId(self.profiles), "numbers without gaps");
            self.profiles += 1;
        }
        for merge in changes.merges {
            assert!(merge.winner < merge.loser);
            assert!(merge.loser.0 < self.profiles && !self.merged_into.contains_key(&merge.loser), "merged once");
            self.merged_into.insert(merge.loser, merge.winner);
        }
        for AttachedIdentifier { identifier, profile, first_seen_at } in changes.identifiers {
            let owner = self.owners.entry(identifier).or_insert((profile, first_seen_at));
            *owner = (profile, owner.1.min(first_seen_at));
        }
        self.links.extend(changes.links.into_iter().map(|link| (link.user, link.account)));
    }

    fn survivor(&self, profile: ProfileId) -> ProfileId {
        self.merged_into.get(&profile).map_or(profile, |winner| self.survivor(*winner))
    }

    fn teach(&self, resolver: &mut Resolver, carried: &[Carried<'static>]) {
        for id in carried.iter().flat_map(Carried::all) {
            let identifier = &owned(id);
            let number = resolver.number_of(identifier);
            let Some(asked) = resolver.needs(number) else { continue };
            assert_eq!(asked, *identifier);
            let Some((owner, _)) = self.owners.get(identifier) else { continue };
            let profile = self.survivor(*owner);
            resolver.learn(number, profile);
            if resolver.needs_user_ids(profile) {
                let theirs = self.owners.iter().filter(|(_, (owner, _))| self.survivor(*owner) == profile);
                let theirs: Vec<_> = theirs.map(|(identifier, _)| identifier.clone()).collect();
                resolver.learn_user_ids(profile, &theirs);
            }
        }
    }

    /// Everything that can be told from outside.
    fn told(&self) -> (Vec<Told>, BTreeSet<(ProfileId, ProfileId)>) {
        let owners = self.owners.iter().map(|(identifier, (owner, seen))| (identifier.clone(), self.survivor(*owner), *seen));
        let links = self.links.iter().map(|(user, account)| (self.survivor(*user), self.survivor(*account)));
        (owners.collect(), links.collect())
    }
}

fn identifier(text: &str) -> Identifier {
    let (kind, value) = text.split_once(':').unwrap();
    Identifier { kind: IdentifierKind::new(kind), value: value.to_owned() }
}

fn owned(id: &Id<'_>) -> Identifier {
    Identifier { kind: IdentifierKind::new(id.kind), value: id.value.to_string() }
}

fn id(text: &str) -> Id<'static> {
    let Identifier { kind, value } = identifier(text);
    Id { kind: known(&kind), value: value.into() }
}

fn carried(user: &[&str]) -> Carried<'static> {
    Carried { user: user.iter().map(|text| id(text)).collect(), ..Carried::default() }
}

fn resolver() -> Resolver {
    Resolver::new(ProfileId(0), Moment::from_micros(0), RandomState::new())
}

/// Resolves a message given by its identifiers.
fn resolve(resolver: &mut Resolver, kind: MessageKind, carried: &Carried<'_>, when: When) -> Option<ProfileId> {
    let mut number = |id: &Id<'_>| resolver.number_of(&owned(id));
    let mut numbered = Numbered {
        user: carried.user.iter().map(&mut number).collect(),
        account: carried.account.as_ref().map(&mut number),
        previous: carried.previous.as_ref().map(|previous| (number(&previous.as_user), number(&previous.as_anonymous))),
    };
    resolver.resolve(kind, &mut numbered, when)
}

fn at(minute: i64) -> When {
    let moment = Moment::from_micros(minute * 60_000_000);
    When { occurred_at: moment, received_at: moment, zone_missing: false, source: crate::message::TimeSource::Message }
}

/// Resolves messages, each given by its identifiers, and says whom each is about and who is who in the end.
#[track_caller]
fn check(messages: &[&[&str]], expected: &[u32], owners: &[(&str, u32)]) {
    let mut resolver = resolver();
    let mut about = Vec::new();
    for message in messages {
        about.push(resolve(&mut resolver, MessageKind::Identify, &carried(message), at(0)).unwrap().0);
    }
    assert_eq!(about, expected);
    let mut remembered = Remembered::default();
    remembered.apply(resolver.take_changes());
    let found: BTreeMap<String, u32> = remembered
        .told()
        .0
        .into_iter()
        .map(|(identifier, profile, _)| (format!("{}:{}", identifier.kind, identifier.value), profile.0))
        .collect();
    assert_eq!(found, owners.iter().map(|(text, profile)| ((*text).to_owned(), *profile)).collect());
}

#[test]
fn one_person_by_many_ids() {
    check(
        &[&["anonymous_id:a"], &["user_id:u", "anonymous_id:a"], &["user_id:u", "email:x"], &["email:x"]],
        &[0, 0, 0, 0],
        &[("anonymous_id:a", 0), ("email:x", 0), ("user_id:u", 0)],
    );
}

#[test]
fn two_who_turn_out_to_be_one() {
    check(
        &[&["anonymous_id:a"], &["user_id:u"], &["anonymous_id:b"], &["user_id:u", "anonymous_id:a", "anonymous_id:b"], &["user_id:u"]],
        &[0, 1, 2, 0, 0],
        &[("anonymous_id:a", 0), ("anonymous_id:b", 0), ("user_id:u", 0)],
    );
}

#[test]
fn a_shared_mailbox_joins_nobody() {
    check(
        &[&["user_id:a", "email:x"], &["user_id:b", "email:x"], &["email:x"], &["user_id:b"]],
        &[0, 1, 0, 1],
        &[("email:x", 0), ("user_id:a", 0), ("user_id:b", 1)],
    );
}

#[test]
fn the_least_trusted_is_left_aside_first() {
    check(
        &[&["user_id:a", "anonymous_id:s"], &["user_id:b", "email:y"], &["user_id:b", "email:y", "anonymous_id:s"], &["anonymous_id:s"]],
        &[0, 1, 1, 0],
        &[("anonymous_id:s", 0), ("email:y", 1), ("user_id:a", 0), ("user_id:b", 1)],
    );
}

#[test]
fn an_address_outranks_a_browser_that_leads_to_somebody_else() {
    check(
        &[&["user_id:a", "email:x"], &["user_id:b", "anonymous_id:s"], &["email:x", "anonymous_id:s"]],
        &[0, 1, 0],
        &[("anonymous_id:s", 1), ("email:x", 0), ("user_id:a", 0), ("user_id:b", 1)],
    );
}

fn alias(user: &str, previous: &str) -> Carried<'static> {
    let previous = Previous { as_user: id(&format!("user_id:{previous}")), as_anonymous: id(&format!("anonymous_id:{previous}")) };
    Carried { user: vec![id(&format!("user_id:{user}"))], previous: Some(previous), ..Carried::default() }
}

#[test]
fn an_alias_joins_a_browser_but_never_two_users() {
    let mut resolver = resolver();
    let mut resolve = |kind, carried| resolve(&mut resolver, kind, &carried, at(0)).unwrap().0;
    assert_eq!(resolve(MessageKind::Track, carried(&["anonymous_id:p"])), 0);
    assert_eq!(resolve(MessageKind::Alias, alias("u", "p")), 0);
    assert_eq!(resolve(MessageKind::Track, carried(&["user_id:u"])), 0);
    assert_eq!(resolve(MessageKind::Track, carried(&["user_id:q"])), 1);
    assert_eq!(resolve(MessageKind::Alias, alias("u", "q")), 0);
    assert_eq!(resolve(MessageKind::Track, carried(&["user_id:q"])), 1);
    // Nobody's yet: from now on a browser of the user's.
    assert_eq!(resolve(MessageKind::Alias, alias("u", "r")), 0);
    assert_eq!(resolve(MessageKind::Track, carried(&["anonymous_id:r"])), 0);
}

#[test]
fn a_group_call_is_about_the_account_and_links_its_user() {
    let mut resolver = resolver();
    let group = |user: &[&str]| Carried { account: Some(id("group_id:g")), ..carried(user) };
    assert_eq!(resolve(&mut resolver, MessageKind::Group, &group(&["user_id:u"]), at(0)), Some(ProfileId(1)));
    assert_eq!(resolve(&mut resolver, MessageKind::Group, &group(&[]), at(0)), Some(ProfileId(1)));
    let changes = resolver.take_changes();
    let collections: Vec<_> = changes.profiles.iter().map(|new| new.collection).collect();
    assert_eq!(collections, [Collection::Users, Collection::Accounts]);
    assert_eq!(changes.links, [AccountLink { user: ProfileId(0), account: ProfileId(1), since: at(0).occurred_at }]);
}

#[test]
fn only_what_is_news_is_told_again() {
    let mut resolver = resolver();
    resolve(&mut resolver, MessageKind::Track, &carried(&["user_id:u"]), at(5));
    assert_eq!(resolver.take_changes().identifiers.len(), 1);
    resolve(&mut resolver, MessageKind::Track, &carried(&["user_id:u"]), at(6));
    assert_eq!(resolver.take_changes(), IdentityChanges::default());
    resolve(&mut resolver, MessageKind::Track, &carried(&["user_id:u"]), at(4));
    assert_eq!(resolver.take_changes().identifiers[0].first_seen_at, at(4).occurred_at);
}

fn any_message() -> impl Strategy<Value = (MessageKind, Carried<'static>, When)> {
    let one = |kind: &'static str, count: u8| proptest::option::of((0..count).prop_map(move |n| id(&format!("{kind}:{n}"))));
    let ids = (one("user_id", 4), one("email", 4), one("anonymous_id", 6), one("ios.id", 3));
    let person = ids.prop_map(|(user, email, anonymous, ios)| [user, email, anonymous, ios].into_iter().flatten().collect::<Vec<_>>());
    let person = person.prop_filter("somebody", |user| !user.is_empty());
    let other = prop_oneof![
        4 => Just((MessageKind::Track, None, None)),
        1 => (0..3_u8).prop_map(|n| (MessageKind::Group, Some(id(&format!("group_id:{n}"))), None)),
        1 => (0..6_u8).prop_map(|n| (MessageKind::Alias, None, alias("", &n.to_string()).previous)),
    ];
    (person, other, 0..50_i64).prop_map(|(user, (kind, account, previous), minute)| (kind, Carried { user, account, previous }, at(minute)))
}

type Messages = Vec<(MessageKind, Carried<'static>, When)>;

/// Feeds messages in batches that end after the given counts; `forgetful`: keeping nothing from batch to batch.
fn feed(messages: &Messages, ends: &[usize], forgetful: bool) -> (Vec<Option<ProfileId>>, Remembered) {
    let mut remembered = Remembered::default();
    let mut resolver = resolver();
    let mut about = Vec::new();
    let mut start = 0;
    for end in ends.iter().copied().chain([messages.len()]) {
        let end = end.clamp(start, messages.len());
        let batch = &messages[start..end];
        remembered.teach(&mut resolver, &batch.iter().map(|(_, carried, _)| carried.clone()).collect::<Vec<_>>());
        for (kind, carried, when) in batch {
            about.push(resolve(&mut resolver, *kind, carried, *when));
        }
        remembered.apply(resolver.take_changes());
        if forgetful {
            resolver.forget();
        }
        start = end;
    }
    (about, remembered)
}

proptest! {
    #[test]
    fn the_answer_is_the_same_wherever_a_batch_ends(
        messages in proptest::collection::vec(any_message(), 1..60),
        mut ends in proptest::collection::vec(0..60_usize, 0..8),
    ) {
        ends.sort_unstable();
        let one_by_one: Vec<usize> = (1..messages.len()).collect();
        let (about, remembered) = feed(&messages, &one_by_one, true);
        for (ends, forgetful) in [(ends.as_slice(), true), (ends.as_slice(), false), (&[], false), (one_by_one.as_slice(), false)] {
            let (same_about, same) = feed(&messages, ends, forgetful);
            prop_assert_eq!(&same_about, &about);
            prop_assert_eq!(same.told(), remembered.told());
        }
    }

    #[test]
    fn nobody_ever_has_two_user_ids(messages in proptest::collection::vec(any_message(), 1..60)) {
        let (_, remembered) = feed(&messages, &[], false);
        let users: Vec<_> = remembered.told().0.into_iter().filter(|(identifier, ..)| identifier.kind.as_str() == IdentifierKind::USER_ID).map(|(_, profile, _)| profile).collect();
        let distinct: BTreeSet<_> = users.iter().collect();
        prop_assert_eq!(distinct.len(), users.len());
    }
}
