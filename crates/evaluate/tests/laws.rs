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

use std::fmt;

use definitions::Audience;
use model::{AsOf, Membership, ProfileId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use catalogs::{audiences, catalog};
use histories::{History, history};
use world::World;

const CASES_DEFAULT: u32 = 80;

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
                .evaluate(&catalog, &world.snapshot(), *as_of)
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

#[test]
fn the_evaluator_says_what_the_oracle_says() {
    let config = Config { cases: cases(), max_shrink_iters: 4_000, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&case(), |case| check(&case));
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[expect(clippy::disallowed_methods, reason = "the length of the long mode is set from outside, like proptest's own settings")]
fn cases() -> u32 {
    std::env::var("MUSTER_LAW_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES_DEFAULT)
}

/// What `touched` promises, in the words of the rule.
#[test]
fn touched_are_those_about_whom_something_was_said() {
    let config = Config { cases: cases() / 4, max_shrink_iters: 1_000, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&case(), |case| {
        let history = &case.history;
        let mut world = World::new(history.people.clone());
        world.write(&history.batches[0]);
        let seen = world.newest_segment();
        for batch in &history.batches[1..] {
            world.write(batch);
        }
        let (since, as_of): (AsOf, AsOf) = (history.as_ofs[0], history.as_ofs[1]);
        let (since, as_of) = (since.min(as_of), since.max(as_of));
        let news = |number: usize, at: AsOf| (number > 0 || seen.is_none() || at > since) && at <= as_of;
        let batches = history.batches.iter().enumerate();
        let said = batches.flat_map(|(number, batch)| batch.iter().filter(move |fact| news(number, AsOf(fact.occurred_at))));
        let expected: Membership = said.map(|fact| history.people.survivor(fact.profile)).collect();
        let found = world.evaluator().touched(&world.snapshot(), since, seen, as_of).expect("own lake");
        prop_assert_eq!(found, expected, "touched in ({}, {}] or above segment {:?}", since, as_of, seen);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
