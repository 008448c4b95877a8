//! One public suite that every sink passes, and a ledger in memory to run it with.
//!
//! A sink's test brings a [`Rehearsal`]: the sink, connected to an empty stand-in of its destination that can be asked
//! what it holds and told to fail.

mod memory;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use definitions::OnExit;
use model::{AudienceKey, DestinationKey, Identifier, IdentifierKind, LedgerState, Moment, Person, ProfileId, PublicId, SyncState, Value};

use crate::{Context, Erasure, Ledger as _, Sink, Step, StepState, SyncJob, SyncOutcome, Trial};
pub use memory::MemoryLedger;

/// The workspace that rehearses.
pub const WORKSPACE: &str = "0123456789ab";

/// A sink and the stand-in of its destination.
#[async_trait]
pub trait Rehearsal: Send + Sync {
    /// The sink, configured for the stand-in.
    fn sink(&self) -> Arc<dyn Sink>;
    /// How many sendable people an audience needs before it is begun; at least 3.
    fn minimum(&self) -> u32;
    /// Who is in the audience there, by public id.
    async fn held(&self, audience: &AudienceKey) -> BTreeSet<PublicId>;
    /// Calls so far that were meant to change something there.
    async fn writes(&self) -> u64;
    /// The next call that changes something takes effect, and its answer is lost.
    async fn lose_next_answer(&self);
    /// Nothing arrives there from now on, or everything does again.
    async fn set_down(&self, down: bool);
}

/// Holds a sink to the contract. `fresh` brings an empty destination each time.
///
/// # Panics
/// When the sink breaks the contract.
pub async fn all<R: Rehearsal>(fresh: impl AsyncFn() -> R) {
    sends_everybody_and_then_nothing(&fresh().await).await;
    an_exit_removes_what_was_added(&fresh().await).await;
    lost_answers_heal(&fresh().await).await;
    an_outage_loses_nothing(&fresh().await).await;
    small_audiences_are_held_and_then_sent_whole(&fresh().await).await;
    audiences_do_not_touch_each_other(&fresh().await).await;
    kept_exits_stay_until_everybody_goes(&fresh().await).await;
    whoever_is_erased_is_nowhere(&fresh().await).await;
    a_look_into_it_finds_what_is_wrong(&fresh().await).await;
}

/// People 0 to `count`, each with an address and a name.
pub fn people(count: u32) -> Vec<Person> {
    (0..count).map(|number| person(number, &format!("person{number}@example.com"))).collect()
}

/// One person with this address.
///
/// # Panics
/// When the address is none.
pub fn person(number: u32, email: &str) -> Person {
    let kind = IdentifierKind::new(IdentifierKind::EMAIL);
    Person {
        profile: ProfileId(number),
        public_id: PublicId(format!("p-{number}")),
        identifiers: vec![Identifier::parse(&kind, email).expect("an address")],
        traits: BTreeMap::from([("first_name".to_owned(), Value::from(format!("Name{number}").as_str()))]),
    }
}

/// A rehearsal with a ledger and one or more audiences.
struct Stage<'a, R> {
    rehearsal: &'a R,
    sink: Arc<dyn Sink>,
    ledger: MemoryLedger,
    destination: DestinationKey,
}

impl<'a, R: Rehearsal> Stage<'a, R> {
    fn new(rehearsal: &'a R) -> Self {
        let destination = DestinationKey::parse("far_side").expect("a key");
        Self { rehearsal, sink: rehearsal.sink(), ledger: MemoryLedger::default(), destination }
    }

    async fn settle(&self, audience: &str, people: Vec<Person>) -> SyncOutcome {
        self.settle_with(OnExit::Remove, audience, people).await
    }

    async fn settle_with(&self, on_exit: OnExit, audience: &str, people: Vec<Person>) -> SyncOutcome {
        let clock = || Moment::from_micros(1_772_366_400_000_000);
        let context = Context { ledger: &self.ledger, destination: &self.destination, workspace: WORKSPACE, clock: &clock };
        let job = SyncJob {
            audience: AudienceKey::parse(audience).expect("a key"),
            title: format!("Title of {audience}"),
            description: "A rehearsal".to_owned(),
            remote_id: None,
            fields: BTreeMap::new(),
            value: None,
            on_exit,
            former: Vec::new(),
            match_on: Vec::new(),
            people,
        };
        self.sink.settle(&job, &context).await.expect("the ledger in memory works")
    }

    async fn erase(&self, profiles: &[ProfileId]) -> Erasure {
        let clock = || Moment::from_micros(1_772_366_400_000_000);
        let context = Context { ledger: &self.ledger, destination: &self.destination, workspace: WORKSPACE, clock: &clock };
        self.sink.erase(profiles, &context).await.expect("the ledger in memory works")
    }

    async fn examine(&self, trial: Option<&Trial>) -> Vec<Step> {
        let clock = || Moment::from_micros(1_772_366_400_000_000);
        let context = Context { ledger: &self.ledger, destination: &self.destination, workspace: WORKSPACE, clock: &clock };
        self.sink.examine(trial, &context).await
    }

    /// Settles, and sees that the destination and the ledger agree with the people.
    async fn settle_and_check(&self, audience: &str, people: Vec<Person>) -> SyncOutcome {
        let expected: BTreeSet<PublicId> = people.iter().map(|person| person.public_id.clone()).collect();
        let profiles: BTreeSet<ProfileId> = people.iter().map(|person| person.profile).collect();
        let outcome = self.settle(audience, people).await;
        assert!(matches!(outcome.state, SyncState::Sent | SyncState::SentBelowMinimum), "{outcome:?}");
        let audience = AudienceKey::parse(audience).expect("a key");
        assert_eq!(self.rehearsal.held(&audience).await, expected, "who is there");
        let rows = self.ledger.rows(&audience, &self.destination).await.expect("works");
        assert!(rows.iter().all(|row| row.state == LedgerState::Added), "nothing is left pending");
        assert_eq!(rows.iter().map(|row| row.profile).collect::<BTreeSet<_>>(), profiles, "who is in the ledger");
        assert!(rows.iter().all(|row| !row.cells.contains('@')), "the ledger holds no raw address");
        outcome
    }
}

async fn sends_everybody_and_then_nothing<R: Rehearsal>(rehearsal: &R) {
    let stage = Stage::new(rehearsal);
    let count = rehearsal.minimum() + 5;
    let first = stage.settle_and_check("everybody", people(count)).await;
    assert_eq!((first.sendable, first.rows_added, first.rows_removed), (u64::from(count), u64::from(count), 0));
    let writes = rehearsal.writes().await;
    let second = stage.settle_and_check("everybody", people(count)).await;
    assert_eq!((second.rows_added, second.rows_removed), (0, 0));
    assert_eq!(rehearsal.writes().await, writes, "nothing changed, nothing is written");
}

async fn an_exit_removes_what_was_added<R: Rehearsal>(rehearsal: &R) {
    let stage = Stage::new(rehearsal);
    let count = rehearsal.minimum() + 5;
    stage.settle_and_check("leavers", people(count)).await;
    // One changes the address and stays, two leave; what they are called today does not matter.
    let mut stayers = people(count);
    stayers.truncate(usize::try_from(count - 2).expect("small"));
    stayers[0] = person(0, "renamed@example.com");
    let outcome = stage.settle_and_check("leavers", stayers).await;
    assert_eq!((outcome.rows_added, outcome.rows_removed), (1, 3));
    stage.settle_and_check("leavers", people(count)).await;
}

async fn lost_answers_heal<R: Rehearsal>(rehearsal: &R) {
    let stage = Stage::new(rehearsal);
    let count = rehearsal.minimum() + 5;
    for members in [count, count + 7, count - 1] {
        rehearsal.lose_next_answer().await;
        stage.settle("unlucky", people(members)).await;
        stage.settle_and_check("unlucky", people(members)).await;
    }
}

async fn an_outage_loses_nothing<R: Rehearsal>(rehearsal: &R) {
    let stage = Stage::new(rehearsal);
    let count = rehearsal.minimum() + 5;
    rehearsal.set_down(true).await;
    assert_eq!(stage.settle("patient", people(count)).await.state, SyncState::Held);
    rehearsal.set_down(false).await;
    stage.settle_and_check("patient", people(count)).await;
    rehearsal.set_down(true).await;
    assert_eq!(stage.settle("patient", people(count - 1)).await.state, SyncState::Held);
    rehearsal.set_down(false).await;
    stage.settle_and_check("patient", people(count - 1)).await;
}

async fn small_audiences_are_held_and_then_sent_whole<R: Rehearsal>(rehearsal: &R) {
    let stage = Stage::new(rehearsal);
    let minimum = rehearsal.minimum();
    let held = stage.settle("growing", people(minimum - 1)).await;
    assert_eq!((held.state, held.sendable, held.rows_added), (SyncState::BelowMinimum, u64::from(minimum) - 1, 0));
    assert_eq!(rehearsal.writes().await, 0, "nothing is made below the minimum");
    assert_eq!(stage.settle_and_check("growing", people(minimum)).await.state, SyncState::Sent);
    let shrunk = stage.settle_and_check("growing", people(minimum - 1)).await;
    assert_eq!((shrunk.state, shrunk.rows_removed), (SyncState::SentBelowMinimum, 1));
    assert_eq!(stage.settle_and_check("growing", Vec::new()).await.state, SyncState::SentBelowMinimum);
}

async fn audiences_do_not_touch_each_other<R: Rehearsal>(rehearsal: &R) {
    let stage = Stage::new(rehearsal);
    let count = rehearsal.minimum() + 5;
    stage.settle_and_check("first", people(count)).await;
    stage.settle_and_check("second", people(count + 3)).await;
    stage.settle_and_check("first", people(count - 1)).await;
    stage.settle_and_check("second", people(count + 3)).await;
}

async fn kept_exits_stay_until_everybody_goes<R: Rehearsal>(rehearsal: &R) {
    let stage = Stage::new(rehearsal);
    let count = rehearsal.minimum() + 5;
    let key = AudienceKey::parse("keepers").expect("a key");
    let everybody: BTreeSet<PublicId> = people(count).into_iter().map(|person| person.public_id).collect();
    for members in [count, count - 2, count - 3] {
        let outcome = stage.settle_with(OnExit::Keep, "keepers", people(members)).await;
        assert_eq!((outcome.sendable, outcome.rows_removed), (u64::from(members), 0));
        assert_eq!(rehearsal.held(&key).await, everybody, "who exited stays");
    }
    let writes = rehearsal.writes().await;
    stage.settle_with(OnExit::Keep, "keepers", people(count - 3)).await;
    assert_eq!(rehearsal.writes().await, writes, "nothing changed, nothing is written");
    stage.settle_and_check("keepers", Vec::new()).await;
}

async fn whoever_is_erased_is_nowhere<R: Rehearsal>(rehearsal: &R) {
    let stage = Stage::new(rehearsal);
    let count = rehearsal.minimum() + 5;
    for audience in ["first", "second"] {
        stage.settle_and_check(audience, people(count)).await;
    }
    let erased = [ProfileId(0), ProfileId(1)];
    let first = stage.erase(&erased).await;
    assert!(matches!(first.state, SyncState::Sent | SyncState::Held), "{first:?}");
    assert_eq!(first.rows, 4);
    // They are members of nothing any more: whatever of it was not done at once is done by the next syncs.
    for audience in ["first", "second"] {
        stage.settle_and_check(audience, people(count).split_off(erased.len())).await;
    }
    let again = stage.erase(&erased).await;
    assert_eq!((again.state, again.rows, again.message), (SyncState::Sent, 0, None));
    assert_eq!(stage.ledger.rows_of(&stage.destination, &erased).await.expect("works"), []);
}

async fn a_look_into_it_finds_what_is_wrong<R: Rehearsal>(rehearsal: &R) {
    let stage = Stage::new(rehearsal);
    let trial = Trial { email: Trial::EMAIL.to_owned(), keep: false };
    let failed = |steps: &[Step]| steps.iter().filter(|step| step.state == StepState::Failed).count();
    let steps = stage.examine(Some(&trial)).await;
    assert!(!steps.is_empty() && failed(&steps) == 0, "{steps:?}");
    let writes = rehearsal.writes().await;
    stage.examine(None).await;
    assert_eq!(rehearsal.writes().await, writes, "nothing is written without being asked to");
    rehearsal.set_down(true).await;
    let steps = stage.examine(Some(&trial)).await;
    assert_eq!(failed(&steps), 1, "{steps:?}");
    assert!(steps.iter().filter(|step| step.state == StepState::Failed).all(|step| step.help.is_some()), "{steps:?}");
}
