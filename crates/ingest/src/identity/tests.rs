//! Identity: cases one by one, and the law that batches do not matter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use model::{IdentifierKind, IdentityRules, KindRule, Limit, Period};

use super::*;
use crate::identifiers::{Carried, Id, Previous};
use crate::kinds::Kinds;

/// What a store would remember: identifiers and their owners, mapped through merges. Written to be obviously right.
#[derive(Default)]
struct Remembered {
    profiles: u32,
    /// Whose, since when seen, since when attached.
    owners: BTreeMap<Identifier, (ProfileId, Moment, Moment)>,
    merged_into: BTreeMap<ProfileId, ProfileId>,
    links: BTreeSet<(ProfileId, ProfileId)>,
    /// How many identifiers were left aside.
    left: u64,
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
        for AttachedIdentifier { identifier, profile, first_seen_at, attached_at } in changes.identifiers {
            let owner = self.owners.entry(identifier).or_insert((profile, first_seen_at, attached_at));
            *owner = (profile, owner.1.min(first_seen_at), owner.2);
        }
        self.links.extend(changes.links.into_iter().map(|link| (link.user, link.account)));
    }

    fn survivor(&self, profile: ProfileId) -> ProfileId {
        self.merged_into.get(&profile).map_or(profile, |winner| self.survivor(*winner))
    }

    fn teach(&self, resolver: &mut Resolver, carried: &[Carried<'static>]) {
        for id in carried.iter().flat_map(Carried::all) {
            let identifier = &owned(&resolver.kinds, id);
            let number = resolver.number_of(id.kind, &id.value);
            let Some(asked) = resolver.needs(number) else { continue };
            assert_eq!(asked, *identifier);
            let Some((owner, ..)) = self.owners.get(identifier) else { continue };
            let profile = self.survivor(*owner);
            resolver.learn(number, profile);
            if resolver.needs_held(profile) {
                let theirs = self.owners.iter().filter(|(_, (owner, ..))| self.survivor(*owner) == profile);
                let identifiers = theirs.map(|(identifier, (.., attached_at))| (identifier.clone(), *attached_at)).collect();
                let merges = self.merged_into.keys().filter(|loser| self.survivor(**loser) == profile).count();
                resolver.learn_held(&Attachments { profile, merges: u32::try_from(merges).unwrap(), identifiers });
            }
        }
    }

    /// Everything that can be told from outside.
    fn told(&self) -> (Vec<Told>, BTreeSet<(ProfileId, ProfileId)>) {
        let owners = self.owners.iter().map(|(identifier, (owner, seen, _))| (identifier.clone(), self.survivor(*owner), *seen));
        let links = self.links.iter().map(|(user, account)| (self.survivor(*user), self.survivor(*account)));
        (owners.collect(), links.collect())
    }
}

fn identifier(text: &str) -> Identifier {
    let (kind, value) = text.split_once(':').unwrap();
    Identifier { kind: IdentifierKind::new(kind), value: value.to_owned() }
}

fn owned(kinds: &Kinds, id: &Id<'_>) -> Identifier {
    Identifier { kind: kinds.rule(id.kind).kind.clone(), value: id.value.to_string() }
}

/// Kinds in their default order, whatever their limits are.
fn id(text: &str) -> Id<'static> {
    let Identifier { kind, value } = identifier(text);
    let kind = Kinds::new(Arc::default()).named(kind.as_str()).unwrap();
    Id { kind, value: value.into() }
}

fn carried(user: &[&str]) -> Carried<'static> {
    Carried { user: user.iter().map(|text| id(text)).collect(), ..Carried::default() }
}

fn resolver() -> Resolver {
    resolver_by(IdentityRules::default())
}

fn resolver_by(rules: IdentityRules) -> Resolver {
    Resolver::new(ProfileId(0), Moment::from_micros(0), RandomState::new(), Kinds::new(Arc::new(rules)))
}

fn limited(kind: &str, most: u32, per: Period) -> KindRule {
    KindRule { limit: Limit { most, per }, ..KindRule::of(kind) }
}

/// Resolves a message given by its identifiers.
fn resolve(resolver: &mut Resolver, kind: MessageKind, carried: &Carried<'_>, when: When) -> Option<ProfileId> {
    let mut number = |id: &Id<'_>| resolver.number_of(id.kind, &id.value);
    let mut numbered = Numbered {
        user: carried.user.iter().map(&mut number).collect(),
        account: carried.account.iter().map(&mut number).collect(),
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

/// A person with one user id and as many browsers as are given, each at a day.
#[track_caller]
fn browsers(most: u32, per: Period, days: &[i64], expected: &[u32]) {
    let mut resolver = resolver_by(IdentityRules::new(vec![limited("anonymous_id", most, per)], &[], 100, 1_000));
    for (number, day) in days.iter().enumerate() {
        let message = carried(&["user_id:u", &format!("anonymous_id:{number}")]);
        assert_eq!(resolve(&mut resolver, MessageKind::Track, &message, at(day * 24 * 60)), Some(ProfileId(0)), "it lands by the user id");
    }
    let attached: Vec<_> = resolver.take_changes().identifiers.into_iter().map(|attached| attached.identifier.value).collect();
    let expected: Vec<_> = std::iter::once("u".to_owned()).chain(expected.iter().map(u32::to_string)).collect();
    assert_eq!(attached, expected);
}

#[test]
fn one_more_browser_than_a_week_allows_is_attached_a_week_later() {
    browsers(5, Period::Week, &[0, 0, 1, 2, 3, 6, 7], &[0, 1, 2, 3, 4, 6]);
    browsers(2, Period::Ever, &[0, 0, 400], &[0, 1]);
    browsers(1, Period::Month, &[0, 29, 30], &[0, 2]);
    browsers(1, Period::Year, &[0, 364, 365], &[0, 2]);
}

#[test]
fn what_is_left_aside_is_told_with_its_reason_and_whom_it_was_about() {
    let mut resolver = resolver();
    resolve(&mut resolver, MessageKind::Track, &carried(&["user_id:a", "email:x"]), at(0));
    resolve(&mut resolver, MessageKind::Track, &carried(&["user_id:b", "email:x"]), at(1));
    resolve(&mut resolver, MessageKind::Track, &carried(&["user_id:b", "email:x"]), at(2));
    let kinds = resolver.kinds.clone();
    let aside = resolver.take_changes().aside;
    let told: Vec<_> =
        aside.iter().map(|((kind, excess), aside)| (kinds.rule(*kind).kind.as_str(), excess.reason(&kinds), *aside)).collect();
    let expected = Aside { count: 2, profile: ProfileId(1), at: at(2).received_at };
    assert_eq!(told, [("email", "one profile may have 1 `user_id`".to_owned(), expected)]);
}

#[test]
fn merges_end_and_events_still_land() {
    let mut resolver = resolver_by(IdentityRules::new(Vec::new(), &[], 1, 1_000));
    let mut about = |ids: &[&str]| resolve(&mut resolver, MessageKind::Track, &carried(ids), at(0)).unwrap().0;
    assert_eq!([about(&["user_id:u"]), about(&["anonymous_id:a"]), about(&["anonymous_id:b"])], [0, 1, 2]);
    assert_eq!(about(&["user_id:u", "anonymous_id:a"]), 0);
    assert_eq!(about(&["user_id:u", "anonymous_id:b"]), 0, "the browser is left aside");
    assert_eq!(about(&["anonymous_id:b"]), 2);
}

#[test]
fn identifiers_end_and_events_still_land() {
    let mut resolver = resolver_by(IdentityRules::new(Vec::new(), &[], 100, 2));
    let mut about = |ids: &[&str]| resolve(&mut resolver, MessageKind::Track, &carried(ids), at(0)).unwrap().0;
    assert_eq!(about(&["user_id:u", "email:x"]), 0);
    assert_eq!(about(&["user_id:u", "email:x", "anonymous_id:a"]), 0);
    assert_eq!(about(&["anonymous_id:a"]), 1, "nobody's yet");
}

#[test]
fn a_workspace_trusts_what_it_says_it_trusts() {
    let rules = IdentityRules::new(Vec::new(), &["email", "user_id"].map(IdentifierKind::new), 100, 1_000);
    let kinds = Kinds::new(Arc::new(rules.clone()));
    let id = |text: &str| {
        let Identifier { kind, value } = identifier(text);
        Id { kind: kinds.named(kind.as_str()).unwrap(), value: value.into() }
    };
    let mut resolver = resolver_by(rules);
    let mut about = |ids: &[&str]| {
        let mut user: Vec<_> = ids.iter().map(|text| id(text)).collect();
        user.sort_by_key(|id| id.kind);
        resolve(&mut resolver, MessageKind::Track, &Carried { user, ..Carried::default() }, at(0)).unwrap().0
    };
    assert_eq!(about(&["user_id:a", "email:x"]), 0);
    assert_eq!(about(&["user_id:b", "email:x"]), 0, "the user id is left aside, not the address");
    assert_eq!(about(&["user_id:b"]), 1);
}

#[test]
fn a_group_call_is_about_the_account_and_links_its_user() {
    let mut resolver = resolver();
    let group = |user: &[&str]| Carried { account: vec![id("group_id:g")], ..carried(user) };
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
        4 => Just((MessageKind::Track, Vec::new(), None)),
        1 => (0..3_u8).prop_map(|n| (MessageKind::Group, vec![id(&format!("group_id:{n}"))], None)),
        1 => (0..6_u8).prop_map(|n| (MessageKind::Alias, Vec::new(), alias("", &n.to_string()).previous)),
    ];
    (person, other, 0..20_i64)
        .prop_map(|(user, (kind, account, previous), day)| (kind, Carried { user, account, previous }, at(day * 24 * 60)))
}

/// Limits so low that they are met often.
fn any_rules() -> impl Strategy<Value = IdentityRules> {
    let per = prop_oneof![Just(Period::Ever), Just(Period::Week)];
    let limit = || (1..4_u32, per.clone());
    (limit(), limit(), limit(), 0..4_u32, 3..9_u32).prop_map(|(email, anonymous, ios, merges_max, identifiers_max)| {
        let kinds =
            vec![limited("email", email.0, email.1), limited("anonymous_id", anonymous.0, anonymous.1), limited("ios.id", ios.0, ios.1)];
        IdentityRules::new(kinds, &[], merges_max, identifiers_max)
    })
}

type Messages = Vec<(MessageKind, Carried<'static>, When)>;

/// Feeds messages in batches that end after the given counts; `forgetful`: keeping nothing from batch to batch.
fn feed(rules: &IdentityRules, messages: &Messages, ends: &[usize], forgetful: bool) -> (Vec<Option<ProfileId>>, Remembered) {
    let mut remembered = Remembered::default();
    let mut resolver = resolver_by(rules.clone());
    let mut about = Vec::new();
    let mut start = 0;
    for end in ends.iter().copied().chain([messages.len()]) {
        let end = end.clamp(start, messages.len());
        let batch = &messages[start..end];
        remembered.teach(&mut resolver, &batch.iter().map(|(_, carried, _)| carried.clone()).collect::<Vec<_>>());
        for (kind, carried, when) in batch {
            about.push(resolve(&mut resolver, *kind, carried, *when));
        }
        let changes = resolver.take_changes();
        remembered.left += changes.aside.values().map(|aside| aside.count).sum::<u64>();
        remembered.apply(changes);
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
        rules in any_rules(),
    ) {
        ends.sort_unstable();
        let one_by_one: Vec<usize> = (1..messages.len()).collect();
        let (about, remembered) = feed(&rules, &messages, &one_by_one, true);
        for (ends, forgetful) in [(ends.as_slice(), true), (ends.as_slice(), false), (&[], false), (one_by_one.as_slice(), false)] {
            let (same_about, same) = feed(&rules, &messages, ends, forgetful);
            prop_assert_eq!(&same_about, &about);
            prop_assert_eq!(same.told(), remembered.told());
            prop_assert_eq!(same.left, remembered.left);
        }
    }

    #[test]
    fn nobody_ever_has_two_user_ids(messages in proptest::collection::vec(any_message(), 1..60)) {
        let (_, remembered) = feed(&IdentityRules::default(), &messages, &[], false);
        let users: Vec<_> = remembered.told().0.into_iter().filter(|(identifier, ..)| identifier.kind.as_str() == IdentifierKind::USER_ID).map(|(_, profile, _)| profile).collect();
        let distinct: BTreeSet<_> = users.iter().collect();
        prop_assert_eq!(distinct.len(), users.len());
    }
}
