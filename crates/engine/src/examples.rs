//! The tests beside definitions: each example person is written into a lake of its own, and asked about with the real
//! evaluator. Nothing here touches the workspace's data; no data folder or store is needed.
//!
//! Decisions where the language is silent:
//! - The person has an identifier of every kind: a test is about `who`, not about `identified_by`.
//! - A paused or retired audience is tested as if it were live: a test is about the definition, not about its life.
//! - Memberships that the test gives are since ever, and of everybody in it, an account's users too: `for_at_least` holds, and nobody entered or exited lately. Without
//!   them the audiences referred to are evaluated from the person's own facts, and no earlier run is known.
//! - A trait named like a computed one stands in for it, for everybody of that kind in the test.
//! - Events written of an account were done by somebody in it, beside the users that are named.
//! - Events later than the test's as-of are not visible, as in a run.

mod catalog;
mod world;

use definitions::{AudienceTest, Catalog, Condition, phrase};
use evaluate::{EvaluateError, Evaluator};
use lake::{Lake, LakeError, Reader};
use model::{AsOf, AudienceKey};
use serde::Serialize;

use catalog::Trial;
use world::World;

/// Memory for decoded columns: example people have few facts.
const COLUMN_BUDGET_BYTES: usize = 1 << 26;

/// The tests could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ExampleError {
    /// There is no place for temporary files.
    #[error("could not make a temporary folder")]
    Folder(#[source] std::io::Error),
    /// The facts of a person could not be written.
    #[error("could not write the facts of the test `{test}` of audience `{audience}`")]
    Write {
        /// Whose test.
        audience: AudienceKey,
        /// Which test.
        test: String,
        /// Why.
        source: LakeError,
    },
    /// The audience could not be evaluated.
    #[error("could not evaluate the test `{test}` of audience `{audience}`")]
    Evaluate {
        /// Whose test.
        audience: AudienceKey,
        /// Which test.
        test: String,
        /// Why.
        source: EvaluateError,
    },
}

/// How one test ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExampleOutcome {
    /// Whose test it is.
    pub audience: AudienceKey,
    /// What it shows.
    pub name: String,
    /// The file, relative to the definitions' folder.
    pub file: std::path::PathBuf,
    /// The line it begins on.
    pub line: usize,
    /// The moment asked about.
    pub as_of: AsOf,
    /// Whether the person should be in.
    pub expect_in: bool,
    /// Whether the person is in.
    pub found_in: bool,
    /// How `who` joins its parts.
    pub joined: Joined,
    /// The conditions right under `who`, in order.
    pub parts: Vec<ExamplePart>,
}

impl ExampleOutcome {
    /// Whether the person is where the test says.
    pub fn passed(&self) -> bool {
        self.expect_in == self.found_in
    }
}

/// How `who` joins its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Joined {
    /// Each must hold; also when there is only one.
    All,
    /// One must hold.
    Any,
    /// None may hold.
    None,
}

/// One of the conditions right under `who`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExamplePart {
    /// The condition in one line.
    pub condition: String,
    /// Whether it held for the person.
    pub held: bool,
}

/// Runs the tests of these audiences, in order. Keys that the catalog does not hold are passed over.
///
/// # Errors
/// When a temporary lake cannot be written or read.
pub fn run_examples(catalog: &Catalog, keys: &[AudienceKey]) -> Result<Vec<ExampleOutcome>, ExampleError> {
    let mut outcomes = Vec::new();
    for audience in keys.iter().filter_map(|key| catalog.audiences.get(key)) {
        for test in &audience.tests {
            outcomes.push(run_example(catalog, &audience.key, &audience.who, test)?);
        }
    }
    Ok(outcomes)
}

fn run_example(catalog: &Catalog, key: &AudienceKey, who: &Condition, test: &AudienceTest) -> Result<ExampleOutcome, ExampleError> {
    let folder = tempfile::tempdir().map_err(ExampleError::Folder)?;
    let unwritten = |source| ExampleError::Write { audience: key.clone(), test: test.name.clone(), source };
    let lake = Lake::open(folder.path()).map_err(unwritten)?;
    let world = World::of(&test.person, catalog.audiences[key].of);
    let snapshot = world.snapshot(&lake).map_err(unwritten)?;

    let (joined, parts) = parts(who);
    let trial = Trial::of(catalog, key, parts, &test.person, &world);
    let evaluator = Evaluator::new(Reader::new(lake, COLUMN_BUDGET_BYTES));
    let evaluation = evaluator
        .evaluate(&trial.catalog, &snapshot, &trial.recorded, test.as_of)
        .map_err(|source| ExampleError::Evaluate { audience: key.clone(), test: test.name.clone(), source })?;
    let holds = |key: &AudienceKey| evaluation.memberships.get(key).is_some_and(|members| members.contains(World::PERSON));
    Ok(ExampleOutcome {
        audience: key.clone(),
        name: test.name.clone(),
        file: test.place.file.clone(),
        line: test.place.line,
        as_of: test.as_of,
        expect_in: test.expect_in,
        found_in: holds(key),
        joined,
        parts: trial.parts.iter().zip(parts).map(|(key, part)| ExamplePart { condition: phrase(part), held: holds(key) }).collect(),
    })
}

/// The conditions right under `who`; it is its own only one when it is no group.
fn parts(who: &Condition) -> (Joined, &[Condition]) {
    match who {
        Condition::All(parts) => (Joined::All, parts),
        Condition::Any(parts) => (Joined::Any, parts),
        Condition::None(parts) => (Joined::None, parts),
        Condition::Event(_)
        | Condition::Traits(_)
        | Condition::ActiveWithin(_)
        | Condition::InactiveFor(_)
        | Condition::InAudience(_)
        | Condition::NotInAudience(_)
        | Condition::MemberFor { .. }
        | Condition::EnteredAudience { .. }
        | Condition::ExitedAudience { .. }
        | Condition::AnyUser(_)
        | Condition::AllUsers(_)
        | Condition::NoUser(_)
        | Condition::Account(_)
        | Condition::Sample { .. } => (Joined::All, std::slice::from_ref(who)),
    }
}
