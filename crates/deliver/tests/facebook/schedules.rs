//! Random schedules of faults: whatever goes wrong in whatever order, and wherever the process is killed meanwhile, when
//! quiet returns the fake holds exactly the rows that were meant, and the ledger knows it.
//!
//! `MUSTER_FAULT_CASES` runs more of them.

use std::collections::BTreeSet;

use deliver::conformance::person;
use fake_graph::Options;
use model::{LedgerState, Person, SyncState};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::stage::Stage;

const CASES: u32 = 100;
/// Runs after quiet returned, two hours apart, until everything must be in step.
const QUIET_RUNS_MAX: u32 = 3;

/// One fault of the kinds that lose or spoil answers, throttle, or refuse rows.
fn fault() -> impl Strategy<Value = Value> {
    let action = prop_oneof![
        Just(json!({ "kind": "close" })),
        Just(json!({ "kind": "html500" })),
        Just(json!({ "kind": "empty_body" })),
        Just(json!({ "kind": "service_unavailable" })),
        Just(json!({ "kind": "success_false" })),
        Just(json!({ "kind": "malformed_json" })),
        Just(json!({ "kind": "truncated_body" })),
        Just(json!({ "kind": "error", "code": 2, "transient": true, "status": 500 })),
        Just(json!({ "kind": "error", "code": 190, "subcode": 463 })),
        Just(json!({ "kind": "error", "code": 200, "subcode": 1_870_047 })),
        Just(json!({ "kind": "error", "code": 2650, "subcode": 1_870_145 })),
        Just(json!({ "kind": "error", "code": 2650, "subcode": 1_870_148 })),
        Just(json!({ "kind": "error", "code": 17, "status": 429 })),
        Just(json!({ "kind": "throttle_until", "minutes": 3 })),
        Just(json!({ "kind": "short_num_received", "by": 3 })),
        Just(json!({ "kind": "pages_of", "size": 0 })),
        Just(json!({ "kind": "expire_token" })),
        Just(json!({ "kind": "revoke_terms" })),
    ];
    let path = prop_oneof![Just("*"), Just("*/users"), Just("*/customaudiences")];
    (action, path, any::<Option<bool>>(), 0.05..0.6_f64, any::<u64>()).prop_map(|(action, path, applied, probability, seed)| {
        let mut fault = json!({ "match": { "path": path, "probability": probability, "seed": seed, "times": 6 }, "action": action });
        let takes_applied =
            matches!(action["kind"].as_str(), Some("close" | "html500" | "empty_body" | "service_unavailable" | "malformed_json"));
        if let (Some(applied), true) = (applied, takes_applied) {
            fault["applied"] = json!(applied);
        }
        fault
    })
}

/// One run: who is in the audience, and what goes wrong meanwhile. People have one address or two, share them, and change
/// them from run to run.
#[derive(Debug, Clone)]
struct Run {
    members: BTreeSet<u32>,
    addresses: u32,
    faults: Vec<Value>,
    /// After how many steps of the ledger the process is killed, and whether the last of them still took effect.
    killed: Option<(u32, bool)>,
}

fn run() -> impl Strategy<Value = Run> {
    let killed = proptest::option::weighted(0.3, (0_u32..30, any::<bool>()));
    (proptest::collection::btree_set(0_u32..60, 0..60), 10_u32..70, proptest::collection::vec(fault(), 0..4), killed)
        .prop_map(|(members, addresses, faults, killed)| Run { members, addresses, faults, killed })
}

/// How the destination is set up, and how slow Facebook is with a replace.
fn setup() -> impl Strategy<Value = (&'static str, i64)> {
    (prop_oneof![Just("adaptive"), Just("diff"), Just("replace")], prop_oneof![Just(0_i64), Just(7_000)])
}

fn people(run: &Run) -> Vec<Person> {
    let with_addresses = |number: &u32| {
        let mut person_with = person(*number, &format!("address{}@example.com", number % run.addresses));
        if number.is_multiple_of(4) {
            person_with.identifiers.extend(person(*number, &format!("second{}@example.com", number % (run.addresses / 2))).identifiers);
        }
        person_with
    };
    run.members.iter().map(with_addresses).collect()
}

async fn play((strategy, replace_delay_s): (&str, i64), runs: Vec<Run>) {
    let yaml = format!("minimum_size: 10\nmax_rows_per_request: 7\nstrategy: {strategy}");
    let stage = Stage::with(Options { replace_delay_s, ..Options::default() }, &yaml).await;
    for run in &runs {
        for fault in &run.faults {
            stage.fault(fault.clone());
        }
        match run.killed {
            Some(killed) => stage.settle_until_killed("stormy", people(run), killed).await,
            None => drop(stage.settle("stormy", people(run)).await),
        }
        stage.fake.clear_faults();
        stage.advance(5_000);
    }
    let last = runs.last().unwrap();
    // What was begun may take Facebook its ninety minutes, and a deferral or a half-done search one more run.
    let mut outcome = stage.settle("stormy", people(last)).await;
    for _ in 0..QUIET_RUNS_MAX {
        if outcome.state != SyncState::Held {
            break;
        }
        stage.advance(7_200);
        outcome = stage.settle("stormy", people(last)).await;
    }
    if outcome.state == SyncState::BelowMinimum {
        assert!(last.members.len() < 10);
        assert!(stage.held("stormy").is_empty());
        return;
    }
    assert!(matches!(outcome.state, SyncState::Sent | SyncState::SentBelowMinimum), "{outcome:?}");
    let wanted: BTreeSet<String> = last.members.iter().map(|number| format!("p-{number}")).collect();
    assert_eq!(stage.held("stormy"), wanted);
    let rows_wanted: usize = people(last).iter().map(|person| person.identifiers.len()).sum();
    let audience = stage.audience("stormy").unwrap();
    assert_eq!(audience.rows.len(), rows_wanted, "no row is missing, and no old one left");
    let rows = stage.rows("stormy").await;
    assert!(rows.iter().all(|row| row.state == LedgerState::Added));
    assert_eq!(rows.len(), rows_wanted);
    stage.check_manners();
}

#[test]
fn when_quiet_returns_the_rows_are_those_that_were_meant() {
    #[expect(clippy::disallowed_methods, reason = "tests are run with more cases from the outside")]
    let cases = std::env::var("MUSTER_FAULT_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = ProptestConfig { cases, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(setup in setup(), runs in proptest::collection::vec(run(), 1..6))| {
        runtime.block_on(play(setup, runs));
    });
}
