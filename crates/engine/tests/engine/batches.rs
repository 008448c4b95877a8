//! The law of backfills: recorded in batches, killed on the way and begun again, they leave in the store what the same runs
//! leave that were done one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use engine::{Backfill, BackfillReport, BackfillTick, BatchLimits, Every, Workspace};
use model::{AsOf, AudienceKey, Fingerprint, Membership, MembershipDiff, Moment, Reason, SegmentId};
use proptest::prelude::*;
use store::RunKind;

use crate::shop::{BUYERS, Shop, moment};

const HOUR_MICROS: i64 = 3_600_000_000;

/// Something said, about one of a few people, at an hour of the first days of March.
#[derive(Debug, Clone)]
enum Said {
    Order {
        user: u8,
        hour: u8,
    },
    BrowserOrder {
        browser: u8,
        hour: u8,
    },
    /// The browser turns out to be the user's.
    Login {
        user: u8,
        browser: u8,
        hour: u8,
    },
}

/// How `buyers` is defined.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Buyers {
    Weekly,
    Daily,
    Paused,
}

/// What arrives and is edited, and the ticks after it, six hours apart.
#[derive(Debug, Clone)]
struct Stage {
    said: Vec<Said>,
    buyers: Buyers,
    retire: bool,
    ticks: u8,
    batch: BatchLimits,
    /// The backfill is killed once it has told of so many ticks.
    killed_after: Option<u8>,
}

fn said() -> impl Strategy<Value = Said> {
    let (user, browser, hour) = (0..4_u8, 0..3_u8, 0..96_u8);
    prop_oneof![
        4 => (user.clone(), hour.clone()).prop_map(|(user, hour)| Said::Order { user, hour }),
        2 => (browser.clone(), hour.clone()).prop_map(|(browser, hour)| Said::BrowserOrder { browser, hour }),
        2 => (user, browser, hour).prop_map(|(user, browser, hour)| Said::Login { user, browser, hour }),
    ]
}

fn stage() -> impl Strategy<Value = Stage> {
    let buyers = prop_oneof![3 => Just(Buyers::Weekly), 1 => Just(Buyers::Daily), 1 => Just(Buyers::Paused)];
    let wait = Duration::from_mins(1);
    let batch = prop_oneof![
        3 => (1..5_usize).prop_map(move |ticks_max| BatchLimits { ticks_max, bytes_max: usize::MAX, wait }),
        1 => (0..200_usize).prop_map(move |bytes_max| BatchLimits { ticks_max: 100, bytes_max, wait }),
        1 => Just(BatchLimits { wait: Duration::ZERO, ..BatchLimits::default() }),
        1 => Just(BatchLimits::default()),
    ];
    (prop::collection::vec(said(), 0..8), buyers, prop::bool::weighted(0.1), 1..7_u8, batch, prop::option::of(1..5_u8))
        .prop_map(|(said, buyers, retire, ticks, batch, killed_after)| Stage { said, buyers, retire, ticks, batch, killed_after })
}

fn line(number: usize, said: &Said) -> String {
    let at = |hour: u8| format!("2025-03-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24);
    let order = |who: String, hour: u8| {
        format!(r#"{{"type":"track","messageId":"m{number}",{who},"event":"Order Completed","timestamp":"{}"}}"#, at(hour))
    };
    match said {
        Said::Order { user, hour } => order(format!(r#""userId":"u{user}""#), *hour),
        Said::BrowserOrder { browser, hour } => {
            order(format!(r#""anonymousId":"b{browser}","context":{{"traits":{{"email":"b{browser}@example.com"}}}}"#), *hour)
        }
        Said::Login { user, browser, hour } => format!(
            r#"{{"type":"identify","messageId":"m{number}","userId":"u{user}","anonymousId":"b{browser}","timestamp":"{}"}}"#,
            at(*hour)
        ),
    }
}

/// A shop with audiences that ask about one another's past, where no destination answers.
struct Told {
    shop: Shop,
    lines: usize,
    retired: bool,
}

impl Told {
    async fn open() -> Self {
        let told = Self { shop: Shop::open().await, lines: 0, retired: false };
        let askers = [
            ("loyal", "in_audience: buyers\n  for_at_least: 1 day"),
            ("fresh", "entered_audience: buyers\n  within: 1 day"),
            ("gone", "exited_audience: buyers\n  within: 2 days"),
            ("twice", "did: Order Completed\n  at_least: 2"),
        ];
        for (name, who) in askers {
            told.write(name, "", who);
        }
        told
    }

    fn write(&self, name: &str, state: &str, who: &str) {
        let text = format!("audience: {name}\n{state}description: Asks about orders in some way.\nwho:\n  {who}\n");
        self.shop.write(&format!("audiences/{name}.yaml"), &text);
    }

    /// Brings the shop to the beginning of a stage.
    async fn begin(&mut self, stage: &Stage) -> Workspace {
        self.retired |= stage.retire;
        self.write("friends", if self.retired { "state: retired\n" } else { "" }, "in_audience: buyers");
        let buyers = match stage.buyers {
            Buyers::Weekly => BUYERS.to_owned(),
            Buyers::Daily => BUYERS.replace("7 days", "1 day"),
            Buyers::Paused => format!("state: paused\n{BUYERS}"),
        };
        self.shop.write("audiences/buyers.yaml", &buyers);
        let workspace = self.shop.workspace().await.with_sinks(BTreeMap::new());
        if !stage.said.is_empty() {
            let lines: Vec<_> = (self.lines..).zip(&stage.said).map(|(number, said)| line(number, said)).collect();
            self.shop.ingest(&workspace, &lines).await;
        }
        self.lines += stage.said.len();
        workspace
    }
}

/// Everything recorded, with runs called by their moments.
#[derive(Debug, PartialEq)]
struct Kept {
    runs: Vec<(AsOf, Fingerprint)>,
    seen: Option<(AsOf, Option<SegmentId>, u64)>,
    memberships: Vec<(AudienceKey, Membership, AsOf, AsOf, Option<AsOf>, Fingerprint)>,
    changes: Vec<(AsOf, AudienceKey, Reason, MembershipDiff)>,
    retired: BTreeSet<AudienceKey>,
}

async fn kept(workspace: &Workspace) -> Kept {
    let store = workspace.store.as_ref();
    let runs = store.runs(u32::MAX).await.expect("runs");
    let moments: BTreeMap<_, _> = runs.iter().map(|run| (run.run_id.clone(), run.as_of)).collect();
    let memberships = store.memberships().await.expect("memberships").into_iter();
    let changes = store.changes(None, AsOf(Moment::from_micros(0)), AsOf(Moment::from_micros(i64::MAX))).await.expect("changes");
    Kept {
        runs: runs.into_iter().map(|run| (run.as_of, run.fingerprint)).collect(),
        seen: store.seen().await.expect("seen").map(|seen| (seen.run.as_of, seen.segments, seen.merges)),
        memberships: memberships
            .map(|(key, of)| (key, of.members, of.as_of, of.since, moments.get(&of.run_id).copied(), of.fingerprint))
            .collect(),
        changes: changes.into_iter().map(|change| (change.as_of, change.audience, change.reason, change.diff)).collect(),
        retired: store.retired_audiences().await.expect("retired").into_keys().collect(),
    }
}

/// Runs a backfill, kills it once it has told of so many ticks, and begins it again.
async fn bear(workspace: &Workspace, plan: Backfill, killed_after: Option<u8>) -> BackfillReport {
    if let Some(killed_after) = killed_after {
        let told = AtomicU64::new(0);
        let mut on_tick = |_: &BackfillTick| {
            told.fetch_add(1, Ordering::SeqCst);
        };
        tokio::select! {
            biased;
            () = async { while told.load(Ordering::SeqCst) < u64::from(killed_after) { tokio::task::yield_now().await } } => {}
            done = workspace.backfill(plan, &mut on_tick) => return done.expect("backfills"),
        }
        let recorded = workspace.store.runs(u32::MAX).await.expect("runs").len() as u64;
        assert!(recorded >= told.load(Ordering::SeqCst), "what was told of is recorded");
    }
    workspace.backfill(plan, &mut |_| {}).await.expect("backfills")
}

async fn check(stages: &[Stage]) -> Result<(), TestCaseError> {
    let (mut singly, mut batched) = (Told::open().await, Told::open().await);
    let mut next = moment("2025-03-01T00:00:00Z");
    let mut story = String::new();
    for stage in stages {
        let (one, other) = (singly.begin(stage).await, batched.begin(stage).await.with_batches(stage.batch));
        let step = 6 * HOUR_MICROS;
        let plan = Backfill {
            from: next,
            to: next.plus_micros(step * i64::from(stage.ticks - 1)),
            every: Every::parse("6h").expect("plain"),
            replace: false,
        };
        for tick in plan.every.ticks(plan.from, plan.to) {
            one.run(AsOf(tick), RunKind::Manual).await.expect("runs");
        }
        bear(&other, plan, stage.killed_after).await;
        next = plan.to.plus_micros(step);
        writeln!(story, "{stage:?}").expect("text grows");
        prop_assert_eq!(kept(&one).await, kept(&other).await, "after\n{}", story);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_backfill_in_batches_leaves_what_single_runs_leave(stages in prop::collection::vec(stage(), 1..5)) {
        tokio::runtime::Runtime::new().expect("a runtime").block_on(check(&stages))?;
    }
}
