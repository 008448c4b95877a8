//! Whoever is not named as moved has the same answer at both as-ofs, and asking about some is asking about all and
//! looking at some: on random histories, with late events, merges and links, for definitions of every kind.

use std::collections::BTreeSet;

use definitions::Catalog;
use lake::{Lake, Reader};
use model::{AccountLink, AsOf, EventName, Fact, FactKind, MessageKey, Moment, People, ProfileId, Segment, SegmentId, SourceOrder, Value};
use proptest::prelude::*;
use proptest::sample::select;
use roaring::RoaringBitmap;

use super::{Moved, Passage, moved_value};
use crate::computed::Computed;
use crate::embedded::LeafEngine;
use crate::indexes::Indexes;
use crate::known::{KnownTraits, TraitNames};
use crate::leaf::Leaf;
use crate::operator::Clock;
use crate::owners::Links;
use crate::plan::Plan;
use crate::segments::Snapshot;
use crate::setting::{Setting, Whom};
use crate::standing::Standing;

const PROFILES: u32 = 40;
const ACCOUNTS: u32 = 3;
const HOUR: i64 = 3_600_000_000;
/// Whole days around the end of February, where months are of different lengths.
const DAYS: i64 = 70;

const TRAITS: &[(&str, &str)] = &[
    ("orders", r#""event": "B", "within": "3 days", "count": true"#),
    ("spent", r#""event": "B", "where": { "q": { "above": 1 } }, "sum": "q""#),
    ("latest", r#""event": "A", "from": "20 days ago", "until": "5 days ago", "last": "p""#),
    ("favourite", r#""event": "A", "within": "1 month", "most_frequent": { "of": "p", "at_least": 1 }"#),
    ("above_wish", r#""event": "B", "where": { "q": { "at_least": { "trait": "wish" } } }, "count": true"#),
    ("like_latest", r#""event": "B", "where": { "p": { "equals": { "trait": "latest" } } }, "max": "q""#),
    ("dated", r#""event": "B", "where": { "d": { "within_last": "10 days" } }, "min": "q""#),
    ("company_orders", r#""of": "accounts", "event": "B", "within": "5 days", "unique_count": "p""#),
];

const CONDITIONS: &[(&str, &str)] = &[
    ("users", r#""did": "A", "within": "3 days", "then": { "did": "B", "within": "1 day" }"#),
    ("users", r#""did": "A", "within": "5 days", "then": { "did_not": "B", "within": "2 days" }"#),
    ("users", r#""did": "A", "then": { "did_not": "B", "within": "1 month" }"#),
    ("users", r#""did": "A", "where": { "p": "x" }, "then": { "did": "B", "same": "p", "exactly": 1, "within": "3 days" }"#),
    ("users", r#""did": "A", "then": { "did_not": "B", "same": { "p": "q" } }"#),
    ("users", r#""did": "A", "at_least": 2, "within": "1 month", "then": { "did": "B", "then": { "did_not": "A", "within": "1 day" } }"#),
    ("users", r#""did": "A", "which": "last", "then": { "did": "A", "within": "12 hours" }"#),
    (
        "users",
        r#""did": "A", "which": "first", "from": "30 days ago", "until": "7 days ago", "then": { "did": "B", "at_least": 1, "at_most": 2, "within": "5 days" }"#,
    ),
    ("users", r#""did": "B", "within": "7 days", "sum": { "of": "q", "at_least": 5 }"#),
    ("users", r#""did": "B", "where": { "q": { "at_least": { "trait": "wish" } } }, "within": "4 days""#),
    ("users", r#""did": "B", "where": { "q": { "above": { "trait": "spent" } } }"#),
    ("users", r#""did": "B", "last": { "of": "d", "before": "3 days ago" }"#),
    ("users", r#""did": "A", "then": { "did": "B", "where": { "d": { "within_next": "2 days" } } }"#),
    ("accounts", r#""did": "A", "within": "4 days", "then": { "did_not": "B", "same": "p", "within": "1 day" }"#),
    ("accounts", r#""did": "B", "within": "6 days", "max": { "of": "q", "below": 7 }"#),
];

fn catalog(zone: &str) -> Catalog {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |path: &str, text: String| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        std::fs::write(path, text).expect("a writable folder");
    };
    write("muster.yaml", format!("timezone: {zone}\n"));
    for (key, body) in TRAITS {
        write(&format!("traits/{key}.yaml"), format!(r#"{{ "trait": "{key}", "description": "For a test.", {body} }}"#));
    }
    for (number, (of, who)) in CONDITIONS.iter().enumerate() {
        let head = format!(r#""audience": "a{number}", "description": "For a test.", "of": "{of}""#);
        let kind = if *of == "users" { "user_id" } else { "group_id" };
        write(&format!("audiences/a{number}.yaml"), format!(r#"{{ {head}, "identified_by": ["{kind}"], "who": {{ {who} }} }}"#));
    }
    let loaded = definitions::load(folder.path());
    loaded.catalog.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

fn fact() -> impl Strategy<Value = Fact> {
    let value = prop_oneof![
        4 => select(vec!["x", "y", "5", "true"]).prop_map(|text| Some(Value::from(text))),
        2 => select(vec![1.0, 5.0, 7.5]).prop_map(|number| Some(Value::from(number))),
        1 => Just(Some(Value::List(vec![Value::from("x"), Value::from(5.0)]))),
        1 => Just(None),
    ];
    let date = select(vec!["2025-02-01", "2025-02-20", "2025-03-01T00:00:00Z", "2025-03-10"]);
    let properties = (value, select(vec![0.5, 2.0, 5.0, 9.0]), date).prop_map(|(p, q, d)| {
        let values = [("p", p), ("q", Some(Value::from(q))), ("d", Some(Value::from(d)))];
        values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    });
    let event = |name: &str| EventName::parse(name).expect("plain");
    let kind = prop_oneof![
        8 => (select(vec!["A", "B"]), properties).prop_map(move |(name, properties)| FactKind::Event { name: event(name), properties }),
        1 => prop::option::of(select(vec![1.0, 5.0])).prop_map(|wish| FactKind::Traits(vec![("wish".to_owned(), wish.map(Value::from))])),
    ];
    let profile = prop_oneof![2 => 0..6_u32, 1 => 0..PROFILES];
    (profile, moment(), 0..3_u32, kind).prop_map(|(profile, occurred_at, place, kind)| Fact {
        profile: ProfileId(profile),
        occurred_at,
        received_at: Moment::from_micros(0),
        message_key: MessageKey(0),
        source_order: SourceOrder { batch: 1, place },
        kind,
    })
}

fn moment() -> impl Strategy<Value = Moment> {
    let base = Moment::parse("2025-01-20").expect("plain");
    (0..DAYS, select(vec![0, 0, 1, 6 * HOUR, 12 * HOUR, 24 * HOUR - 1]))
        .prop_map(move |(day, of_day)| base.plus_micros(day * 24 * HOUR + of_day))
}

/// The first numbers are accounts. Merges are between users.
fn people() -> impl Strategy<Value = [People; 2]> {
    let user = || ACCOUNTS..PROFILES;
    let merges = prop::collection::vec((user(), user(), any::<bool>()), 0..4);
    let links = prop::collection::vec((user(), 0..ACCOUNTS, moment()), 0..5);
    (merges, links).prop_map(|(merges, links)| {
        let mut canonical: Vec<ProfileId> = (0..PROFILES).map(ProfileId).collect();
        let mut early = canonical.clone();
        let merge = |canonical: &mut Vec<ProfileId>, from: u32, into: u32| {
            let (from, into) = (canonical[from as usize], canonical[into as usize]);
            canonical.iter_mut().filter(|survivor| **survivor == from).for_each(|survivor| *survivor = into);
        };
        for (from, into, is_early) in merges {
            merge(&mut canonical, from, into);
            if is_early {
                merge(&mut early, from, into);
            } else {
                // Whatever is early comes before.
                break;
            }
        }
        let link = |(user, account, since)| AccountLink { user: ProfileId(user), account: ProfileId(account), since };
        let links: Vec<AccountLink> = links.into_iter().map(link).collect();
        let accounts: Vec<ProfileId> = (0..ACCOUNTS).map(ProfileId).collect();
        [early, canonical].map(|canonical| People { canonical, accounts: accounts.clone(), links: links.clone(), ..People::default() })
    })
}

#[derive(Debug)]
struct Case {
    batches: [Vec<Fact>; 2],
    people: [People; 2],
    as_ofs: [AsOf; 2],
}

fn case() -> impl Strategy<Value = Case> {
    let facts = || prop::collection::vec(fact(), 0..160);
    (facts(), prop::collection::vec(fact(), 0..8), people(), moment(), select(vec![1, HOUR, 24 * HOUR, 72 * HOUR])).prop_map(
        |(known, late, people, since, step)| {
            let mut batches = [known, late];
            for (number, fact) in batches.iter_mut().flatten().enumerate() {
                fact.message_key = MessageKey((number as u128 * 7_919) % 104_729);
            }
            Case { batches, people, as_ofs: [AsOf(since), AsOf(since.plus_micros(step))] }
        },
    )
}

/// One of two moments with all that was known then.
struct Then<'a> {
    reader: &'a Reader,
    snapshot: Snapshot,
    links: Links,
    indexes: &'a Indexes,
    standing: &'a Standing,
    clock: Clock,
}

impl Then<'_> {
    fn engine(&self) -> LeafEngine<'_> {
        LeafEngine {
            reader: self.reader,
            indexes: self.indexes,
            standing: self.standing,
            snapshot: &self.snapshot,
            links: &self.links,
            clock: self.clock,
        }
    }

    fn setting<'s>(&'s self, traits: &'s KnownTraits) -> Setting<'s> {
        let Self { reader, snapshot, links, indexes, clock, .. } = self;
        Setting { reader, snapshot, links, indexes, traits, clock: *clock }
    }
}

fn changed(names: &TraitNames, before: &KnownTraits, after: &KnownTraits) -> RoaringBitmap {
    let differs =
        |profile: &u32| names.0.values().any(|named| before.value(named, *profile as usize) != after.value(named, *profile as usize));
    (0..PROFILES).filter(differs).collect()
}

fn hold(catalog: &Catalog, case: &Case) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let lake = Lake::open(folder.path()).expect("an empty lake");
    let mut segments: Vec<(SegmentId, Segment)> = Vec::new();
    let mut known = 0;
    for (number, batch) in case.batches.iter().enumerate() {
        for segment in lake.write(batch).expect("a writable lake") {
            segments.push((SegmentId(1 + i64::try_from(segments.len()).expect("few")), segment));
        }
        if number == 0 {
            known = segments.len();
        }
    }
    let fresh: BTreeSet<SegmentId> = segments[known..].iter().map(|(number, _)| *number).collect();
    let (reader, indexes, standing) = (Reader::new(lake, 1 << 20), Indexes::default(), Standing::default());
    let then = |number: usize, segments: &[(SegmentId, Segment)]| {
        let (people, as_of) = (case.people[number].clone(), case.as_ofs[number]);
        let clock = Clock { as_of, zone: catalog.settings.zone };
        let snapshot = Snapshot { segments: segments.to_vec(), people: people.into() };
        Then { reader: &reader, links: Links::of(&snapshot.people, as_of), snapshot, indexes: &indexes, standing: &standing, clock }
    };
    let (before, after) = (then(0, &segments[..known]), then(1, &segments));
    let plan = Plan { traits: Plan::of_traits(catalog).traits, ..Plan::of(catalog) };
    let traits = |then: &Then<'_>| then.engine().traits(catalog, &plan).expect("own lake").0;
    let (traits_before, traits_after) = (traits(&before), traits(&after));

    let merged = (0_u32..).zip(case.people[0].canonical.iter().zip(&case.people[1].canonical));
    let merged: RoaringBitmap =
        merged.filter(|(_, (one, other))| one != other).flat_map(|(profile, (one, other))| [profile, one.0, other.0]).collect();
    let linked = before.links.pairs() != after.links.pairs();
    let settings = (before.setting(&traits_before), after.setting(&traits_after));

    for leaf in &plan.leaves {
        let Leaf::Sequence(leaf) = leaf else { continue };
        let answer = |setting: Setting<'_>, whom: Whom<'_>| leaf.answer(setting, whom).expect("own lake").0;
        let changed = changed(&leaf.names, &traits_before, &traits_after);
        let passage = Passage { since: case.as_ofs[0], fresh: &fresh, changed: &changed, merged: &merged, linked };
        let moved = leaf.moved(settings.1, passage).expect("own lake");
        let (old, new) = (answer(settings.0, Whom::All), answer(settings.1, Whom::All));
        for few in [0..2, 5..6, 0..PROFILES, 30..90].map(RoaringBitmap::from_sorted_iter).map(|few| few.expect("in order")) {
            prop_assert_eq!(answer(settings.1, Whom::These(&few)), &new & &few, "of {:?}: {:?}", few, leaf.condition);
        }
        if let Moved::These(moved) = moved {
            prop_assert_eq!(&old - &moved, &new - &moved, "moved {:?}: {:?}", moved, leaf.condition);
            prop_assert_eq!(answer(settings.1, Whom::These(&moved)), &new & &moved, "of {:?}: {:?}", moved, leaf.condition);
        }
    }
    for planned in &plan.traits {
        let definition = &catalog.traits[&planned.key];
        let changed = changed(&planned.names, &traits_before, &traits_after);
        let passage = Passage { since: case.as_ofs[0], fresh: &fresh, changed: &changed, merged: &merged, linked };
        let moved = moved_value(definition, settings.1, passage).expect("own lake");
        let mut advanced: Computed = traits_before.computed(&planned.key).expect("computed").clone();
        advanced.compute_anew(definition, &planned.names, settings.1, moved.whom()).expect("own lake");
        let anew = traits_after.computed(&planned.key).expect("computed");
        for profile in 0..PROFILES as usize {
            prop_assert_eq!(advanced.value(profile), anew.value(profile), "of {}, moved {:?}: {:?}", profile, moved, definition);
        }
    }
    Ok(())
}

#[test]
fn who_is_not_named_has_not_moved() {
    let catalogs = ["UTC", "Europe/Berlin"].map(catalog);
    let config = ProptestConfig { cases: 48, max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(case in case(), zone in 0..2_usize)| hold(&catalogs[zone], &case)?);
}
