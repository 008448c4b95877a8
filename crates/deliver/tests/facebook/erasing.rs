//! Erasure: everywhere in the account, by everything that was ever sent, and nobody else for long.

use std::collections::BTreeSet;

use deliver::conformance::{WORKSPACE, people, person};
use deliver::{Context, Erasure, SyncJob};
use model::{AudienceKey, LedgerState, Person, ProfileId, SyncState};
use serde_json::json;

use crate::stage::{Stage, ids};

async fn erase(stage: &Stage, profiles: &[u32]) -> Erasure {
    let clock = || stage.now();
    let context = Context { ledger: &stage.ledger, destination: &stage.destination, workspace: WORKSPACE, clock: &clock };
    let profiles: Vec<_> = profiles.iter().copied().map(ProfileId).collect();
    stage.sink.erase(&profiles, &context).await.unwrap()
}

async fn filled() -> Stage {
    let stage = Stage::new("minimum_size: 1").await;
    stage.settle("one", people(5)).await;
    stage.settle("two", people(8)).await;
    stage
}

#[tokio::test]
async fn people_go_from_every_audience_and_from_the_ledger() {
    let stage = filled().await;
    let erased = erase(&stage, &[3, 7]).await;
    assert_eq!(erased, Erasure { state: SyncState::Sent, message: None, rows: 3, to_sync: Vec::new() });
    assert_eq!(stage.calls("DELETE", "/usersofanyaudience").len(), 1);
    assert_eq!(stage.held("one"), BTreeSet::from([0, 1, 2, 4]).iter().map(|number| format!("p-{number}")).collect());
    assert_eq!((stage.held("two").len(), stage.rows("two").await.len()), (6, 6));
    let again = erase(&stage, &[3, 7]).await;
    assert_eq!((again.state, again.rows), (SyncState::Sent, 0));
    assert_eq!(stage.calls("DELETE", "/usersofanyaudience").len(), 1, "nothing is left to ask for");
    stage.check_manners();
}

#[tokio::test]
async fn an_erasure_is_nobody_elses_change() {
    let stage = filled().await;
    stage.advance(3_600);
    erase(&stage, &[3]).await;
    let left = || people(5).into_iter().filter(|person| person.profile != ProfileId(3)).collect();
    for _ in 0..2 {
        assert_eq!(stage.settle("one", left()).await.message, None);
        stage.advance(3_600);
    }
}

#[tokio::test]
async fn what_was_sent_counts_not_what_is_known_today() {
    let stage = filled().await;
    // The address has changed since, and the removal of the old row is still pending.
    stage.fault(json!({ "match": { "method": "DELETE" }, "action": { "kind": "error", "code": 200, "subcode": 1_870_047 } }));
    let mut members = people(5);
    members[3] = person(3, "new@example.com");
    stage.settle("one", members).await;
    stage.fake.clear_faults();
    erase(&stage, &[3]).await;
    let rows = stage.audience("one").unwrap().rows;
    assert!(rows.iter().all(|row| row["EXTERN_ID"] != "p-3"), "{rows:?}");
    assert_eq!(rows.len(), 4);
}

#[tokio::test]
async fn whoever_shares_an_address_comes_back() {
    let stage = Stage::new("minimum_size: 1").await;
    let family = || vec![person(1, "family@example.com"), person(2, "family@example.com"), person(3, "own@example.com")];
    stage.settle("one", family()).await;
    let erased = erase(&stage, &[1]).await;
    assert_eq!(erased.to_sync.iter().map(AudienceKey::as_str).collect::<Vec<_>>(), ["one"]);
    assert_eq!(stage.rows_in("one", LedgerState::PendingAdd).await, 1);
    stage.settle("one", family().split_off(1)).await;
    assert_eq!(stage.held("one"), ids(2..4));
}

#[tokio::test]
async fn whoever_has_the_same_name_and_place_comes_back() {
    let stage = Stage::new("minimum_size: 1").await;
    let namesakes = |numbers: &[u32]| {
        let mut members: Vec<Person> = numbers.iter().map(|number| person(*number, &format!("own{number}@example.com"))).collect();
        for member in &mut members {
            member.traits.extend([("last_name", "Smith"), ("zip", "94025")].map(|(name, value)| (name.to_owned(), value.into())));
            member.traits.insert("first_name".to_owned(), if member.profile.0 < 3 { "Mary" } else { "Ann" }.into());
        }
        let match_on = ["first_name", "last_name", "zip"].map(str::to_owned).to_vec();
        SyncJob { match_on, ..Stage::job("one", members) }
    };
    stage.settle_job(&namesakes(&[1, 2, 3])).await;
    assert_eq!(stage.audience("one").unwrap().rows.len(), 2);
    let erased = erase(&stage, &[1]).await;
    assert_eq!(erased.to_sync.iter().map(AudienceKey::as_str).collect::<Vec<_>>(), ["one"]);
    assert_eq!(stage.rows_in("one", LedgerState::PendingAdd).await, 1);
    stage.settle_job(&namesakes(&[2, 3])).await;
    assert_eq!(stage.audience("one").unwrap().rows.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_erased_now_stays_to_be_erased() {
    let stage = filled().await;
    stage.fault(json!({ "match": { "path": "*/usersofanyaudience" }, "action": { "kind": "close" }, "applied": false }));
    let erased = erase(&stage, &[3]).await;
    assert_eq!((erased.state, erased.rows), (SyncState::Held, 2));
    assert_eq!(stage.rows_in("one", LedgerState::PendingRemove).await, 1);
    stage.fake.clear_faults();
    stage.fault(json!({ "match": { "path": "*/usersofanyaudience", "times": 1 }, "action": { "kind": "close" }, "applied": true }));
    assert_eq!(erase(&stage, &[3]).await.state, SyncState::Sent, "a lost answer heals");
    assert_eq!((stage.held("one").len(), stage.rows("one").await.len()), (4, 4));
}
