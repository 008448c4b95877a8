//! Laws: the evaluator says what the oracle says, on random definitions and random histories.
//!
//! Histories hold late and simultaneous facts, merged profiles, accounts, properties that are a number here and a list
//! there, and are written in several batches through the real lake. By default a small fixed number of cases runs;
//! for the long mode set their number:
//!
//! ```text
//! MUSTER_LAW_CASES=100000 cargo test --release -p evaluate --test laws
//! ```

#[path = "laws/catalogs.rs"]
mod catalogs;
#[path = "laws/histories.rs"]
mod histories;
#[path = "../../../tests/oracle.rs"]
mod oracle;
mod world;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use definitions::Audience;
use evaluate::Recorded;
use model::{AsOf, FactKind, Membership, ProfileId, Value};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use catalogs::{audiences, catalog};
use histories::{History, history};
use world::World;

const CASES_DEFAULT: u32 = 150;

/// A history, and catalogs to ask about it: writing a history is what takes time.
#[derive(Clone)]
struct Case {
    history: History,
    catalogs: Vec<Vec<Audience>>,
}

fn case() -> impl Strategy<Value = Case> {
    (history(), prop::collection::vec(audiences(), 1..6)).prop_map(|(history, catalogs)| Case { history, catalogs })
}

/// Definitions as they would be read, facts one a line.
impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for (number, audiences) in self.catalogs.iter().enumerate() {
            writeln!(f, "catalog {number}")?;
            for audience in audiences {
                let kinds: Vec<_> = audience.identified_by.iter().map(ToString::to_string).collect();
                let who = serde_json::to_string_pretty(&audience.who).unwrap_or_else(|error| error.to_string());
                writeln!(f, "audience {} identified by {}: {who}", audience.key, kinds.join(", "))?;
            }
        }
        self.history.fmt(f)
    }
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let history = &case.history;
    let mut world = World::new(history.people.clone());
    for batch in &history.batches {
        world.write(batch);
    }
    let evaluator = world.evaluator();
    let facts = history.facts();
    for (number, audiences) in case.catalogs.iter().enumerate() {
        let catalog = catalog(audiences, history.zone);
        for as_of in &history.as_ofs {
            let evaluation = evaluator
                .evaluate(&catalog, &world.snapshot(), &Recorded::default(), *as_of)
                .map_err(|error| TestCaseError::fail(format!("could not evaluate: {error:?}")))?;
            let expected = oracle::evaluate(&catalog, &facts, &history.people, *as_of);
            prop_assert_eq!(evaluation.memberships.len(), expected.len());
            for (key, members) in expected {
                let members: Membership = members.into_iter().map(ProfileId).collect();
                let found = &evaluation.memberships[&key];
                prop_assert_eq!(found, &members, "catalog {}, audience {} as of {}: evaluator (left), oracle (right)", number, key, as_of);
            }
        }
    }
    Ok(())
}

/// Prints the smallest case found that breaks the law.
#[track_caller]
fn hold<S: Strategy>(cases: u32, strategy: &S, law: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases, max_shrink_iters: 4_000, failure_persistence: None, ..Config::default() };
    if let Err(failure) = TestRunner::new(config).run(strategy, law) {
        panic!("{failure}");
    }
}

#[test]
fn the_evaluator_says_what_the_oracle_says() {
    hold(cases(), &case(), |case| check(&case));
}

/// What `touched` promises, in the words of the rule.
#[test]
fn touched_are_those_about_whom_something_was_said() {
    hold(cases() / 4, &history(), |history| {
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
        let expected: Membership = said.map(|fact| history.people.survivor(fact.profile)).collect();
        let found = world.evaluator().touched(&world.snapshot(), since, seen, as_of).expect("own lake");
        prop_assert_eq!(found, expected, "touched in ({}, {}] or above segment {:?}", since, as_of, seen);
        Ok(())
    });
}

/// What `traits` promises: play all that was said in order, and see what stands at the end.
#[test]
fn traits_are_what_was_said_last() {
    hold(cases() / 4, &history(), |history| {
        let mut world = World::new(history.people.clone());
        for batch in &history.batches {
            world.write(batch);
        }
        let as_of = history.as_ofs[0];
        let asked: Membership = (0..5).map(ProfileId).collect();
        let mut facts = history.facts();
        facts.retain(|fact| AsOf(fact.occurred_at) <= as_of);
        facts.sort_by_key(|fact| (fact.occurred_at, fact.received_at, fact.message_key));
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
        let found = world.evaluator().traits(&world.snapshot(), &asked, as_of).expect("own lake");
        prop_assert_eq!(found, expected);
        Ok(())
    });
}

#[expect(clippy::disallowed_methods, reason = "the length of the long mode is set from outside, like proptest's own settings")]
fn cases() -> u32 {
    std::env::var("MUSTER_LAW_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES_DEFAULT)
}
