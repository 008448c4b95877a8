//! Laws: the evaluator says what the oracle says, on random definitions and random histories.
//!
//! Histories hold late and simultaneous facts, merged profiles, accounts and their users, properties that are a number
//! here and a list there, and are written in several batches through the real lake. By default a small fixed number of
//! cases runs; for the long mode set their number:
//!
//! ```text
//! MUSTER_LAW_CASES=100000 cargo test --release -p evaluate --test laws
//! ```
//!
//! The smallest case that breaks the first law is printed as a story, ready for `fixtures/stories/`.

#[path = "laws/case.rs"]
mod case;
#[path = "laws/catalogs.rs"]
mod catalogs;
#[path = "laws/conditions.rs"]
mod conditions;
#[path = "world/folder.rs"]
mod folder;
#[path = "story/format.rs"]
mod format;
#[path = "laws/histories.rs"]
mod histories;
#[path = "laws/matchers.rs"]
mod matchers;
#[path = "../../../tests/oracle.rs"]
mod oracle;
#[path = "laws/pasts.rs"]
mod pasts;
#[path = "laws/spelling.rs"]
mod spelling;
#[path = "story/telling.rs"]
mod telling;
mod world;

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use definitions::Severity;
use evaluate::Recorded;
use model::{AsOf, FactKind, Membership, ProfileId, Value};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use case::{Asked, Case, case};
use format::{Definitions, Story};
use histories::{PROFILES, history};
use world::World;

const CASES_DEFAULT: u32 = 48;

/// What a catalog may be refused for though it was drawn to be spelled: it contradicts itself.
const CONTRADICTIONS: [&str; 3] = ["contradiction", "empty-window", "count-before-then"];
/// Asks everything of both; on the first difference says what was asked, and which answers differ.
fn difference(case: &Case) -> Result<(), (Asked<'_>, String)> {
    let history = &case.history;
    let world = written(history);
    let evaluator = world.evaluator();
    let everybody: Membership = (0..PROFILES).map(ProfileId).filter(|id| history.people.survivor(*id) == *id).collect();
    for asked in case.questions() {
        let catalog = asked.defined.catalog(history.zone);
        let fail = |what: String| Err((asked, what));
        let evaluation = match evaluator.evaluate(&catalog, &world.snapshot(), asked.recorded, asked.as_of) {
            Ok(evaluation) => evaluation,
            Err(error) => return fail(format!("could not evaluate: {error:?}")),
        };
        let expected = asked.memberships();
        if evaluation.memberships != expected {
            return fail(format!("evaluator: {:?}\noracle: {expected:?}", evaluation.memberships));
        }
        let found = match evaluator.computed_traits(&catalog, &world.snapshot(), &everybody, asked.as_of) {
            Ok(found) => found,
            Err(error) => return fail(format!("could not compute: {error:?}")),
        };
        let expected = asked.computed();
        if found != expected {
            return fail(format!("evaluator: {found:?}\noracle: {expected:?}"));
        }
    }
    Ok(())
}

fn written(history: &histories::History) -> World {
    let mut world = World::new(history.people.clone());
    for batch in &history.batches {
        world.write(batch);
    }
    world
}

#[track_caller]
fn hold<S: Strategy>(cases: u32, strategy: &S, law: impl Fn(S::Value) -> Result<(), TestCaseError>) -> Result<(), TestError<S::Value>> {
    let config = Config { cases, max_shrink_iters: 4_000, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(strategy, law)
}

#[test]
fn the_evaluator_says_what_the_oracle_says() {
    let law = |case: Case| difference(&case).map_err(|(_, what)| TestCaseError::fail(what));
    match hold(cases(), &case(), law) {
        Ok(()) => {}
        Err(TestError::Fail(_, smallest)) => match difference(&smallest) {
            Err((asked, what)) => panic!("{what}\n{}", asked.story()),
            Ok(()) => panic!("a difference that comes and goes: {smallest:?}"),
        },
        Err(abort @ TestError::Abort(_)) => panic!("{abort}"),
    }
}

/// Advancing from moment to moment finds what evaluating the last one in full finds, while batches arrive in any order of
/// time, people come into sight, and profiles turn out to be one person on the way.
#[test]
fn advancing_arrives_where_evaluating_does() {
    let (asked, advanced_to) = (Cell::new(0_u32), Cell::new(0_u32));
    let law = |case: Case| {
        let history = &case.history;
        let mut as_ofs = history.as_ofs.clone();
        as_ofs.sort_unstable();
        for (defined, recorded) in case.catalogs() {
            let catalog = defined.catalog(history.zone);
            let mut world = World::new(strangers(&history.people, &history.batches[0]));
            let evaluator = world.evaluator();
            let mut batches = history.batches.iter();
            // A moment is asked about again after each batch that arrives meanwhile; the last one until all are there.
            let mut journey: Vec<AsOf> = as_ofs.iter().flat_map(|as_of| [*as_of, *as_of]).collect();
            journey.extend(as_ofs.last().into_iter().flat_map(|last| vec![*last; history.batches.len()]));
            for (step, as_of) in journey.into_iter().enumerate() {
                if let Some(batch) = (step % 2 == 1 || step >= 2 * as_ofs.len()).then(|| batches.next()).flatten() {
                    world.write(batch);
                }
                if step == as_ofs.len() {
                    world.people = history.people.clone();
                }
                let snapshot = world.snapshot();
                let ask = |evaluator: &evaluate::Evaluator| evaluator.evaluate(&catalog, &snapshot, recorded, as_of);
                let expected = ask(&world.evaluator()).map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
                let advanced = evaluator.advance(&catalog, &snapshot, recorded, as_of);
                let advanced = advanced.map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
                asked.set(asked.get() + 1);
                advanced_to.set(advanced_to.get() + u32::from(advanced.advanced));
                prop_assert_eq!(&advanced.memberships, &expected.memberships, "step {} as of {} of {:?}", step, as_of, defined);
            }
        }
        Ok(())
    };
    match hold(cases() / 2, &case(), law) {
        Ok(()) => {}
        Err(TestError::Fail(reason, smallest)) => panic!(
            "{reason}
{smallest:#?}"
        ),
        Err(abort @ TestError::Abort(_)) => panic!("{abort}"),
    }
}

/// The same people before anybody knew which of them are one person; the last of them is not known yet, unless something was
/// said about it already: a segment names only whom the store knows.
fn strangers(people: &model::People, said: &[model::Fact]) -> model::People {
    let named = said.iter().any(|fact| fact.profile.0 == PROFILES - 1);
    let profiles = if named { PROFILES } else { PROFILES - 1 };
    let known = |profile: ProfileId| profile.0 < profiles;
    let sightings =
        people.sightings.iter().map(|(kind, seen)| (kind.clone(), seen.iter().copied().filter(|it| known(it.profile)).collect()));
    model::People {
        canonical: (0..profiles).map(ProfileId).collect(),
        accounts: people.accounts.iter().copied().filter(|account| known(*account)).collect(),
        sightings: sightings.collect(),
        links: people.links.iter().copied().filter(|link| known(link.user) && known(link.account)).collect(),
    }
}

/// What is printed when a law breaks can be pasted: it is read again as the same definitions, and comes true.
#[test]
fn a_case_printed_as_a_story_is_the_same_case() {
    let (printed, read) = (Cell::new(0_u32), Cell::new(0_u32));
    let law = |case: Case| {
        for asked in case.questions().take(1) {
            printed.set(printed.get() + 1);
            let text = asked.story();
            let story: Story = serde_json::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            let loaded = Definitions::of(&story).load(story.zone.as_deref());
            let Some(catalog) = loaded.catalog else {
                let mut errors = loaded.diagnostics.iter().filter(|found| found.severity == Severity::Error);
                let refused = errors.find(|found| !CONTRADICTIONS.contains(&found.code));
                prop_assert!(refused.is_none(), "{:?}\n{}", refused, text);
                continue;
            };
            read.set(read.get() + 1);
            for audience in &asked.defined.audiences {
                let again = &catalog.audiences[&audience.key];
                prop_assert_eq!(spelling::audience(again), spelling::audience(audience), "{}", text);
            }
            for computed in &asked.defined.traits {
                let again = &catalog.traits[&computed.key];
                prop_assert_eq!(spelling::computed_trait(again), spelling::computed_trait(computed), "{}", text);
            }
            telling::tell(&story);
        }
        Ok(())
    };
    match hold(cases() / 2, &case(), law) {
        Ok(()) => {}
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(abort @ TestError::Abort(_)) => panic!("{abort}"),
    }
    assert!(read.get() * 4 >= printed.get(), "{} of {} printed cases could be read", read.get(), printed.get());
}

/// What `touched` promises, in the words of the rule.
#[test]
fn touched_are_those_about_whom_something_was_said() {
    let law = |history: histories::History| {
        let mut world = World::new(history.people.clone());
        world.write(&history.batches[0]);
        let seen = world.snapshot().segments.last().map(|(number, _)| *number);
        for batch in &history.batches[1..] {
            world.write(batch);
        }
        let (since, as_of) = (history.as_ofs[0].min(history.as_ofs[1]), history.as_ofs[0].max(history.as_ofs[1]));
        let news = |number: usize, at: AsOf| (number > 0 || at > since) && at <= as_of;
        let batches = history.batches.iter().enumerate();
        let said = batches.flat_map(|(number, batch)| batch.iter().filter(move |fact| news(number, AsOf(fact.occurred_at))));
        let mut expected: Membership = said.map(|fact| history.people.survivor(fact.profile)).collect();
        // Whatever is said of a user concerns its accounts, and the other way round.
        let links = history.people.links.iter().filter(|link| AsOf(link.since) <= as_of);
        let pairs = links.map(|link| (history.people.survivor(link.user), history.people.survivor(link.account)));
        let beside = pairs.flat_map(|(user, account)| [(user, account), (account, user)]).filter(|(one, _)| expected.contains(*one));
        expected = expected.union(&beside.map(|(_, other)| other).collect());
        let found = world.evaluator().touched(&world.snapshot(), since, seen, as_of).expect("own lake");
        prop_assert_eq!(found, expected, "touched in ({}, {}] or above segment {:?}", since, as_of, seen);
        Ok(())
    };
    if let Err(failure) = hold(cases() / 4, &history(), law) {
        panic!("{failure}");
    }
}

/// What `traits` promises: play all that was said in order, and see what stands at the end.
#[test]
fn traits_are_what_was_said_last() {
    let law = |history: histories::History| {
        let as_of = history.as_ofs[0];
        let asked: Membership = (0..5).map(ProfileId).collect();
        let mut facts = history.facts();
        facts.retain(|fact| AsOf(fact.occurred_at) <= as_of);
        facts.sort_by_key(|fact| (fact.occurred_at, fact.received_at, fact.source_order, fact.message_key));
        let mut expected: HashMap<ProfileId, BTreeMap<String, Value>> = HashMap::new();
        for profile in asked.iter() {
            let mut traits = BTreeMap::new();
            for fact in facts.iter().filter(|fact| history.people.survivor(fact.profile) == history.people.survivor(profile)) {
                if let FactKind::Traits(said) = &fact.kind {
                    for (name, value) in said {
                        match value {
                            Some(value) => traits.insert(name.clone(), value.clone()),
                            None => traits.remove(name),
                        };
                    }
                }
            }
            if !traits.is_empty() {
                expected.insert(profile, traits);
            }
        }
        let world = written(&history);
        let found = world.evaluator().traits(&world.snapshot(), &asked, as_of).expect("own lake");
        prop_assert_eq!(found, expected);
        Ok(())
    };
    if let Err(failure) = hold(cases() / 4, &history(), law) {
        panic!("{failure}");
    }
}

/// Nothing recorded is an empty past: no condition about the past is special then.
#[test]
fn an_empty_past_is_one_in_which_nobody_was_in() {
    let law = |case: Case| {
        let world = written(&case.history);
        for asked in case.questions().take(2) {
            let catalog = asked.defined.catalog(case.history.zone);
            let ask =
                |recorded: &Recorded| world.evaluator().evaluate(&catalog, &world.snapshot(), recorded, asked.as_of).expect("own lake");
            let keys = asked.defined.audiences.iter().map(|audience| (audience.key.clone(), evaluate::RecordedAudience::default()));
            prop_assert_eq!(ask(&Recorded::default()), ask(&Recorded { audiences: keys.collect() }));
        }
        Ok(())
    };
    if let Err(failure) = hold(cases() / 8, &case(), law) {
        panic!("{failure}");
    }
}

#[expect(clippy::disallowed_methods, reason = "the length of the long mode is set from outside, like proptest's own settings")]
fn cases() -> u32 {
    std::env::var("MUSTER_LAW_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES_DEFAULT)
}
