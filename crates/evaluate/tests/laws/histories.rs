//! Random histories: few people, few names, few moments, so that everything collides.
//!
//! Facts come late, at once (in the same batch and in different ones) and twice; profiles are merged; users belong to
//! accounts.

use std::collections::BTreeMap;

use model::{
    AccountLink, AsOf, EventName, Fact, FactKind, IdentifierKind, MessageKey, Moment, People, ProfileId, Sighting, SourceOrder, Value,
    WorkspaceZone,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

pub(crate) const EVENTS: [&str; 3] = ["A", "B", "Page Viewed"];
/// Values of any type, mostly texts, mostly numbers: a column of one type takes a way of its own. Nobody sends the
/// last two.
pub(crate) const NAMES: [&str; 5] = ["p", "q", "r", "c", "d"];
const SENT: [&str; 3] = ["p", "q", "r"];
pub(crate) const MEMBERS: [&str; 2] = ["city", "items"];
pub(crate) const KINDS: [&str; 3] = ["user_id", "email", "anonymous_id"];
pub(crate) const KINDS_ACCOUNTS: [&str; 1] = ["group_id"];
pub(crate) const TEXTS: [&str; 24] = [
    "",
    "vip",
    "VIPassana",
    "5",
    "5.0",
    "-0",
    "100 EUR",
    "true",
    "no",
    "Rene\u{301}",
    "REN\u{c9}",
    "ΟΔΟΣ",
    "οδος",
    "9007199254740993",
    "2025-03-10",
    "2024-02-29",
    "1984-03-12",
    "2025-03-09",
    "2025-03-17",
    "2025-03-10T00:00:00Z",
    "2025-03-10T00:30:00+01:00",
    "2025-03-10T12:00:00",
    "2025-04-09T11:59:59.999999Z",
    "2025-02-08T12:00:00.000Z",
];
/// Days that come round, and moments, on borders.
const DATES: [&str; 6] = ["2024-02-29", "1984-02-29", "1984-03-12", "2025-03-10", "2025-03-10T00:00:00Z", "2025-03-17"];
pub(crate) const NUMBERS: [f64; 12] =
    [0.0, 1.0, 5.0, 5.5, -1.0, 0.1, 0.2, 0.000_000_5, 100.0, 1_000_000_000_001.0, 9_007_199_254_740_992.0, 1e21];
pub(crate) const INTEGERS: [i128; 3] = [9_007_199_254_740_993, -9_007_199_254_740_993, 18_446_744_073_709_551_615];
const DAYS: [i64; 14] = [-31, -30, -28, -10, -9, -8, -7, -6, -1, 0, 1, 7, 14, 20];
pub(crate) const PROFILES: u32 = 7;
pub(crate) const DAY: i64 = 86_400_000_000;

/// What happened, and to whom.
#[derive(Debug, Clone)]
pub(crate) struct History {
    /// Facts in the order they were written, in the batches they were written in.
    pub(crate) batches: Vec<Vec<Fact>>,
    pub(crate) people: People,
    pub(crate) zone: WorkspaceZone,
    pub(crate) as_ofs: Vec<AsOf>,
}

pub(crate) fn history() -> impl Strategy<Value = History> {
    let batches = prop::collection::vec(prop::collection::vec(fact(), 0..24), 1..4);
    let zone = select(vec![chrono_tz::UTC, chrono_tz::Europe::Berlin, chrono_tz::America::New_York, chrono_tz::Asia::Kolkata]);
    // Windows are tried at their borders: so long after something happened, and a moment off.
    let later = select(vec![0, -1, DAY, 7 * DAY, 7 * DAY + 1, 30 * DAY, 30 * DAY + 1, DAY / 2, 31 * DAY]);
    let as_ofs = prop::collection::vec((any::<prop::sample::Index>(), later), 2..4);
    let again = prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..4);
    (batches, again, people(), zone, moment(), as_ofs).prop_map(|(mut batches, again, people, zone, otherwise, as_ofs)| {
        for (batch, fact) in again {
            let all: Vec<Fact> = batches.concat();
            if !all.is_empty() {
                let number = batch.index(batches.len());
                batches[number].push(all[fact.index(all.len())].clone());
            }
        }
        // Every message has a key of its own, in no order.
        for (number, fact) in batches.iter_mut().flatten().enumerate() {
            fact.message_key = MessageKey((number as u128 * 7_919) % 104_729);
        }
        let moments: Vec<Moment> = batches.iter().flatten().map(|fact| fact.occurred_at).chain([otherwise]).collect();
        let as_of = |(fact, later): (prop::sample::Index, i64)| AsOf(moments[fact.index(moments.len())].plus_micros(later));
        History { batches, people, zone, as_ofs: as_ofs.into_iter().map(as_of).collect() }
    })
}

/// Days around 10 March 2025 that lie on the borders of windows, and moments that lie on the borders of days.
pub(crate) fn moment() -> impl Strategy<Value = Moment> {
    let base = Moment::parse("2025-03-10").expect("plain");
    let of_day = select(vec![0, 0, -1, 1, DAY / 2, DAY / 2, DAY - 1, DAY - DAY / 48]);
    (prop_oneof![select(vec![-7, 0]), select(DAYS.to_vec())], of_day).prop_map(move |(day, of_day)| base.plus_micros(day * DAY + of_day))
}

fn fact() -> impl Strategy<Value = Fact> {
    let properties = values()
        .prop_map(|values| SENT.map(str::to_owned).into_iter().zip(values).filter_map(|(name, value)| Some((name, value?))).collect());
    let traits = (values(), any::<prop::sample::Index>()).prop_map(|(values, name)| {
        let said = SENT.map(str::to_owned).into_iter().zip(values);
        let gone = SENT[name.index(SENT.len())];
        said.filter(|(name, value)| value.is_some() || name == gone).collect()
    });
    let kind = prop_oneof![
        3 => (prop_oneof![select(vec!["A", "B"]), select(EVENTS.to_vec())], properties)
            .prop_map(|(name, properties)| FactKind::Event { name: EventName::parse(name).expect("plain"), properties }),
        1 => traits.prop_map(FactKind::Traits),
    ];
    let received_at = select(vec![0, 0, 1, DAY]).prop_map(move |later| Moment::from_micros(1_800_000_000_000_000 + later));
    let source_order = (1..3_u32, 0..6_u32).prop_map(|(batch, place)| SourceOrder { batch, place });
    // Most of it is about two of them, so that there is something to count.
    let profile = prop_oneof![2 => 0..2_u32, 1 => 0..PROFILES];
    (profile, moment(), received_at, source_order, kind).prop_map(|(profile, occurred_at, received_at, source_order, kind)| Fact {
        profile: ProfileId(profile),
        occurred_at,
        received_at,
        message_key: MessageKey(0),
        source_order,
        kind,
    })
}

/// A value, or none, for each of the names.
fn values() -> impl Strategy<Value = [Option<Value>; 3]> {
    let texts = prop_oneof![
        5 => select(TEXTS.to_vec()).prop_map(Value::from),
        4 => select(DATES.to_vec()).prop_map(Value::from),
        1 => value(),
    ];
    let numbers = prop_oneof![9 => select(NUMBERS.to_vec()).prop_map(Value::from), 1 => value()];
    let some = 0.6;
    let option = prop::option::weighted::<BoxedStrategy<Value>>;
    (option(some, value().boxed()), option(some, texts.boxed()), option(some, numbers.boxed()))
        .prop_map(|(any, text, number)| [any, text, number])
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        6 => select(TEXTS.to_vec()).prop_map(Value::from),
        3 => select(NUMBERS.to_vec()).prop_map(Value::from),
        1 => select(INTEGERS.to_vec()).prop_map(Value::Integer),
        1 => any::<bool>().prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 12, 3, |inner| {
        let object = prop::collection::btree_map(select(MEMBERS.to_vec()), inner.clone(), 0..3);
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Value::List),
            object.prop_map(|members| Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())),
        ]
    })
}

/// Users and accounts, who was merged into whom (never across), who belongs where, and who was seen with what.
fn people() -> impl Strategy<Value = People> {
    let parents = prop::collection::vec(prop::option::weighted(0.3, any::<prop::sample::Index>()), PROFILES as usize);
    let accounts = prop_oneof![1 => Just(Vec::new()), 3 => subsequence((0..PROFILES).collect::<Vec<_>>(), 1..4)];
    let early = Moment::parse("2024-12-01").expect("plain");
    let since = move || prop_oneof![2 => Just(early), 1 => moment()];
    let known = prop::collection::vec(prop::bool::weighted(0.7), PROFILES as usize);
    let seen = prop::collection::vec((0..PROFILES, any::<prop::sample::Index>(), since()), 0..12);
    let links = prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), since()), 0..10);
    (parents, any::<bool>(), accounts, known, seen, links).prop_map(move |(parents, upwards, accounts, known, seen, links)| {
        let users: Vec<u32> = (0..PROFILES).filter(|number| !accounts.contains(number)).collect();
        let mut sightings: BTreeMap<IdentifierKind, Vec<Sighting>> = BTreeMap::new();
        for (number, _) in (0..PROFILES).zip(known).filter(|(_, known)| *known) {
            let kinds: &[&str] = if accounts.contains(&number) { &KINDS_ACCOUNTS } else { &KINDS };
            for kind in kinds {
                let seen = Sighting { profile: ProfileId(number), first_seen_at: early };
                sightings.entry(IdentifierKind::new(kind)).or_default().push(seen);
            }
        }
        for (number, kind, first_seen_at) in seen {
            let kinds: &[&str] = if accounts.contains(&number) { &KINDS_ACCOUNTS } else { &KINDS };
            let kind = IdentifierKind::new(kinds[kind.index(kinds.len())]);
            sightings.entry(kind).or_default().push(Sighting { profile: ProfileId(number), first_seen_at });
        }
        let link = |(user, account, since): (prop::sample::Index, prop::sample::Index, Moment)| AccountLink {
            user: ProfileId(users[user.index(users.len())]),
            account: ProfileId(accounts[account.index(accounts.len())]),
            since,
        };
        let links = if accounts.is_empty() { Vec::new() } else { links.into_iter().map(link).collect() };
        let canonical = survivors(&parents, &accounts, upwards);
        People { canonical, accounts: accounts.into_iter().map(ProfileId).collect(), sightings, links }
    })
}

/// Merges into lower numbers, or all into higher ones; chains are flattened.
fn survivors(parents: &[Option<prop::sample::Index>], accounts: &[u32], upwards: bool) -> Vec<ProfileId> {
    let mut order: Vec<u32> = (0..PROFILES).collect();
    if upwards {
        order.reverse();
    }
    let mut survivors: BTreeMap<u32, u32> = BTreeMap::new();
    for (number, parent) in order.into_iter().zip(parents) {
        let alike: Vec<u32> = survivors.keys().copied().filter(|known| accounts.contains(known) == accounts.contains(&number)).collect();
        let survivor = match parent {
            Some(parent) if !alike.is_empty() => survivors[&alike[parent.index(alike.len())]],
            Some(_) | None => number,
        };
        survivors.insert(number, survivor);
    }
    survivors.into_values().map(ProfileId).collect()
}

impl History {
    pub(crate) fn facts(&self) -> Vec<Fact> {
        self.batches.concat()
    }
}
