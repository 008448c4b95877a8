//! Models: what a table says today, compared with what it said before.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::crash::dying_after;
use crate::scene::{Scene, now};
use ingest::{Effect, IfEmpty, IngestError, ModelOptions, ModelReport, ModelRows, RejectionReason, sync_model};
use model::{BlockedValue, FactKind, IdentityRules, KindRule, ModelKey, Moment, RowModel, RowSource, RowTraits, Value};
use store::QueryRows;

fn members() -> RowModel {
    RowModel {
        key: ModelKey::parse("members").unwrap(),
        description: "Members.".to_owned(),
        from: RowSource::File("members.csv".to_owned()),
        primary_key: "id".to_owned(),
        user_id: Some("user".to_owned()),
        anonymous_id: None,
        email: Some("mail".to_owned()),
        traits: RowTraits::Of(BTreeMap::from([("tier".to_owned(), "tier".to_owned())])),
        every: None,
    }
}

/// Hours after the first sync.
fn hour(hours: i64) -> Moment {
    now().plus_micros(hours * 3_600_000_000)
}

async fn try_sync(scene: &Scene, model: &RowModel, table: &str, options: ModelOptions, at: Moment) -> Result<ModelReport, IngestError> {
    let rows = ModelRows::file(&scene.file("members.csv", table), model)?;
    sync_model(model, rows, options, &scene.lake, &scene.store, at, &mut |_| {}).await
}

async fn sync(scene: &Scene, table: &str, at: Moment) -> [u64; 5] {
    counts(&try_sync(scene, &members(), table, ModelOptions::default(), at).await.unwrap())
}

/// New, updated, deleted, unchanged, rejected.
fn counts(report: &ModelReport) -> [u64; 5] {
    [report.new, report.updated, report.deleted, report.unchanged, report.rejected]
}

/// The traits of a person as they stand.
async fn traits(scene: &Scene, identifier: &str) -> BTreeMap<String, Value> {
    let Some(profile) = scene.profile(identifier).await else { return BTreeMap::new() };
    let mut facts = scene.state().await.facts;
    facts.sort_by_key(|fact| (fact.occurred_at, fact.received_at, fact.source_order));
    let mut traits = BTreeMap::new();
    for fact in facts.into_iter().filter(|fact| fact.profile.0 == profile) {
        if let FactKind::Traits(said) = fact.kind {
            traits.extend(said.into_iter().filter_map(|(name, value)| Some((name, value?))));
        }
    }
    traits
}

async fn has_row(scene: &Scene, identifier: &str) -> Option<Value> {
    traits(scene, identifier).await.remove("model_members")
}

#[tokio::test]
async fn rows_are_new_updated_deleted_or_unchanged() {
    let scene = Scene::new().await;
    let first = "id,user,mail,tier,note\n1,u1,ada@example.com,gold,x\n2,u2,,silver,\n3,,ben@example.com,,\n";
    assert_eq!(sync(&scene, first, hour(0)).await, [3, 0, 0, 0, 0]);
    assert_eq!(sync(&scene, first, hour(1)).await, [0, 0, 0, 3, 0]);
    let expected = BTreeMap::from([("email", "ada@example.com".into()), ("model_members", true.into()), ("tier", "gold".into())]);
    let expected: BTreeMap<String, Value> = expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(traits(&scene, "user_id:u1").await, expected);

    // The note is no part of the model; an empty cell takes nothing away.
    let second = "id,user,mail,tier,note\n1,u1,ada@example.com,,y\n2,u2,,silver,changed\n";
    assert_eq!(sync(&scene, second, hour(2)).await, [0, 1, 1, 1, 0]);
    assert_eq!(traits(&scene, "user_id:u1").await, expected);
    assert_eq!(has_row(&scene, "email:ben@example.com").await, Some(false.into()));

    let third = "id,user,mail,tier\n3,,ben@example.com,gold\n1,u1,ada@example.com,\n2,u2,,silver\n";
    assert_eq!(sync(&scene, third, hour(3)).await, [1, 0, 0, 2, 0]);
    assert_eq!(has_row(&scene, "email:ben@example.com").await, Some(true.into()));

    scene.store.forget_model_checksums(&members().key).await.unwrap();
    assert_eq!(sync(&scene, "id,user,mail,tier\n1,u1,,\n", hour(4)).await, [1, 0, 2, 0, 0]);
}

#[tokio::test]
async fn a_row_that_passes_to_somebody_else_leaves_nobody_marked() {
    let scene = Scene::new().await;
    sync(&scene, "id,user,mail,tier\n1,u1,ada@example.com,gold\n", hour(0)).await;
    assert_eq!(sync(&scene, "id,user,mail,tier\n1,u2,ben@example.com,gold\n", hour(1)).await, [0, 1, 0, 0, 0]);
    assert_eq!(has_row(&scene, "user_id:u1").await, Some(false.into()));
    assert_eq!(has_row(&scene, "user_id:u2").await, Some(true.into()));
    // Another address alone is no other person.
    sync(&scene, "id,user,mail,tier\n1,u2,other@example.com,gold\n", hour(2)).await;
    assert_eq!(has_row(&scene, "email:other@example.com").await, Some(true.into()));
}

#[tokio::test]
async fn a_row_that_keeps_its_address_leaves_nobody_marked_either() {
    let scene = Scene::new().await;
    sync(&scene, "id,user,mail,tier\n1,u1,shared@example.com,gold\n", hour(0)).await;
    // The address is u1's: whose row it is now, the more trusted id says.
    sync(&scene, "id,user,mail,tier\n1,u2,shared@example.com,gold\n", hour(1)).await;
    assert_eq!(has_row(&scene, "user_id:u1").await, Some(false.into()));
    assert_eq!(has_row(&scene, "user_id:u2").await, Some(true.into()));
}

#[tokio::test]
async fn an_identifier_that_was_blocked_since_keeps_no_mark() {
    let scene = Scene::new().await;
    sync(&scene, "id,user,mail,tier\n1,,desk@example.com,gold\n2,,shop@example.com,gold\n", hour(0)).await;
    let blocked = vec![BlockedValue::new("*@example.com").unwrap()];
    let rules = IdentityRules::new(vec![KindRule { blocked, ..KindRule::of("email") }], &[], 1000, 1000);
    let options = ModelOptions { identity: Arc::new(rules), ..ModelOptions::default() };
    let corrected = "id,user,mail,tier\n2,,shop@example.net,gold\n";
    let report = try_sync(&scene, &members(), corrected, options, hour(1)).await.unwrap();
    assert_eq!(counts(&report), [0, 1, 1, 0, 0]);
    assert_eq!(has_row(&scene, "email:desk@example.com").await, Some(false.into()), "a row that is gone");
    assert_eq!(has_row(&scene, "email:shop@example.com").await, Some(false.into()), "a row that was corrected");
    assert_eq!(has_row(&scene, "email:shop@example.net").await, Some(true.into()));
}

#[tokio::test]
async fn rows_that_cannot_be_taken_are_named_and_are_not_gone() {
    let scene = Scene::new().await;
    sync(&scene, "id,user,mail,tier\n1,u1,,\n2,u2,,\n", hour(0)).await;
    let bad = "id,user,mail,tier\n,u0,,\n1,,,\n2,u2,,\n2,u3,,gold\n3,null,,\n4,u4\n";
    let report = try_sync(&scene, &members(), bad, ModelOptions::default(), hour(1)).await.unwrap();
    assert_eq!(counts(&report), [0, 0, 0, 1, 5]);
    let lines: Vec<_> = report.rejections.iter().map(|(reason, found)| (*reason, found.samples[0].line)).collect();
    assert_eq!(
        lines,
        [
            (RejectionReason::NoUser, 3),
            (RejectionReason::Nobody, 6),
            (RejectionReason::WrongWidth, 7),
            (RejectionReason::NoKey, 2),
            (RejectionReason::DuplicateKey, 5),
        ]
    );
    assert_eq!(has_row(&scene, "user_id:u1").await, Some(true.into()));
}

#[tokio::test]
async fn a_table_without_rows_deletes_nobody_unasked() {
    let scene = Scene::new().await;
    sync(&scene, "id,user,mail,tier\n1,u1,,\n", hour(0)).await;
    for empty in ["id,user,mail,tier\n", "id,user,mail,tier\n,u1,,\n"] {
        let error = try_sync(&scene, &members(), empty, ModelOptions::default(), hour(1)).await.unwrap_err();
        assert!(matches!(error, IngestError::NoRows { known: 1, .. }), "{error:?}");
    }
    assert_eq!(has_row(&scene, "user_id:u1").await, Some(true.into()));
    let allowed = ModelOptions { if_empty: IfEmpty::DeleteAll, ..ModelOptions::default() };
    let report = try_sync(&scene, &members(), "id,user,mail,tier\n", allowed, hour(2)).await.unwrap();
    assert_eq!(counts(&report), [0, 0, 1, 0, 0]);
    assert_eq!(has_row(&scene, "user_id:u1").await, Some(false.into()));
}

#[tokio::test]
async fn what_cannot_be_read_to_its_end_deletes_nobody() {
    let scene = Scene::new().await;
    sync(&scene, "id,user,mail,tier\n1,u1,,\n2,u2,,\n", hour(0)).await;
    let whole = crate::scene::gzip(b"id,user,mail,tier\n1,u1,,gold\n");
    let cut = scene.file("cut.csv.gz", &whole[..whole.len() - 4]);
    let rows = ModelRows::file(&cut, &members()).unwrap();
    let error = sync_model(&members(), rows, ModelOptions::default(), &scene.lake, &scene.store, hour(1), &mut |_| {}).await;
    assert!(matches!(error, Err(IngestError::Truncated { .. })), "{error:?}");
    let error = try_sync(&scene, &members(), "id,user,tier\n", ModelOptions::default(), hour(1)).await.unwrap_err();
    assert!(matches!(error, IngestError::MissingColumns { .. }), "{error:?}");
    assert_eq!(has_row(&scene, "user_id:u2").await, Some(true.into()));
}

#[tokio::test]
async fn a_sync_killed_in_the_middle_is_made_up_for_by_the_next() {
    let scene = Scene::new().await;
    sync(&scene, "id,user,mail,tier\n1,u1,,\n2,u2,,\n", hour(0)).await;
    // A sync that was begun, met one row and died.
    let begun = scene.store.begin_model_sync(&members().key).await.unwrap();
    let seen = store::ModelBatch {
        model: members().key,
        sync: begun,
        saved: Vec::new(),
        seen: vec!["1".to_owned()],
        deleted: Vec::new(),
        finished_at: None,
    };
    scene.store.flush(&store::Flush { model: Some(seen), ..store::Flush::default() }).await.unwrap();
    let scene = scene.reopened().await;
    assert_eq!(sync(&scene, "id,user,mail,tier\n1,u1,,gold\n3,u3,,\n", hour(1)).await, [1, 1, 1, 0, 0]);
}

#[tokio::test]
async fn a_dry_run_counts_and_writes_nothing() {
    let scene = Scene::new().await;
    sync(&scene, "id,user,mail,tier\n1,u1,,\n2,u2,,\n", hour(0)).await;
    let before = scene.state().await;
    let dry = ModelOptions { effect: Effect::DryRun, ..ModelOptions::default() };
    let table = "id,user,mail,tier\n1,u1,,gold\n3,u3,,\n3,u4,,\n";
    let told = try_sync(&scene, &members(), table, dry, hour(1)).await.unwrap();
    assert_eq!((counts(&told), told.new_profiles, told.known_profiles), ([1, 1, 1, 0, 1], 1, 1));
    assert_eq!(scene.state().await, before);
    let done = try_sync(&scene, &members(), table, ModelOptions::default(), hour(1)).await.unwrap();
    assert_eq!(counts(&done), counts(&told));
}

#[tokio::test]
async fn more_rows_than_a_chunk_come_and_go() {
    let scene = Scene::new().await;
    let rows = |numbers: std::ops::Range<u32>| -> String {
        let rows = numbers.map(|number| format!("{{\"id\":{number},\"user\":\"u{number}\",\"tier\":null}}\n"));
        rows.collect()
    };
    let options = ModelOptions { chunk_rows: 5_000, ..ModelOptions::default() };
    let sync = async |numbers, at| {
        let rows = ModelRows::file(&scene.file("members.ndjson", rows(numbers)), &members()).unwrap();
        sync_model(&members(), rows, options.clone(), &scene.lake, &scene.store, at, &mut |_| {}).await.unwrap()
    };
    assert_eq!(counts(&sync(0..12_000, hour(0)).await), [12_000, 0, 0, 0, 0]);
    assert_eq!(counts(&sync(11_000..13_000, hour(1)).await), [1_000, 0, 11_000, 1_000, 0]);
    assert_eq!(has_row(&scene, "user_id:u3").await, Some(false.into()));
}

#[tokio::test]
async fn rows_of_a_query_are_rows_like_any_others() {
    let scene = Scene::new().await;
    let url = format!("sqlite://{}", scene.path("muster.db").display());
    let sync = async |model: &RowModel, sql: &str, at| {
        let rows = ModelRows::query(QueryRows::ask(&url, sql).unwrap());
        sync_model(model, rows, ModelOptions::default(), &scene.lake, &scene.store, at, &mut |_| {}).await
    };
    let all = RowModel { traits: RowTraits::All, ..members() };
    let sql = "SELECT 1 AS id, 'u1' AS user, NULL AS mail, 7.5 AS spent UNION ALL SELECT 2, 'u2', 'ben@example.com', NULL";
    assert_eq!(counts(&sync(&all, sql, hour(0)).await.unwrap()), [2, 0, 0, 0, 0]);
    assert_eq!(traits(&scene, "user_id:u1").await["spent"], Value::Number(7.5));
    let error = sync(&members(), "SELECT 1 AS id, 'u1' AS user, NULL AS mail", hour(1)).await.unwrap_err();
    assert!(matches!(&error, IngestError::MissingOfQuery { missing, .. } if missing == &["tier"]), "{error:?}");
    let error = sync(&all, "SELECT 1 AS id, 'u1' AS user, nothing AS mail", hour(1)).await.unwrap_err();
    assert!(matches!(error, IngestError::Source(_)), "{error:?}");
    assert_eq!(has_row(&scene, "user_id:u2").await, Some(true.into()));
}

/// What is true after a first table and a second one, and how many facts say so.
async fn all_marks(scene: &Scene) -> (Vec<Option<Value>>, usize, usize) {
    let mut marks = Vec::new();
    for number in 0..12 {
        marks.push(has_row(scene, &format!("user_id:u{number}")).await);
    }
    let state = scene.state().await;
    (marks, state.facts.len(), state.people.len())
}

#[tokio::test]
async fn dying_anywhere_nothing_is_lost_and_nothing_said_twice() {
    let table = |numbers: std::ops::Range<u32>, tier: &str| -> String {
        let rows = numbers.map(|number| format!("{number},u{number},,{tier}\n"));
        format!("id,user,mail,tier\n{}", rows.collect::<String>())
    };
    let (first, second) = (table(0..8, "gold"), table(4..12, "silver"));
    let small = ModelOptions { chunk_rows: 3, ..ModelOptions::default() };
    let expected = {
        let scene = Scene::new().await;
        sync(&scene, &first, hour(0)).await;
        sync(&scene, &second, hour(1)).await;
        all_marks(&scene).await
    };
    for waits in 0.. {
        let scene = Scene::new().await;
        sync(&scene, &first, hour(0)).await;
        let ended = dying_after(waits, try_sync(&scene, &members(), &second, small.clone(), hour(1))).await;
        let scene = scene.reopened().await;
        sync(&scene, &second, hour(2)).await;
        assert!(all_marks(&scene).await == expected, "after {waits} waits");
        if ended.is_some() {
            assert!(waits > 10, "died at {waits} places only");
            break;
        }
    }
}

#[tokio::test]
async fn rows_that_are_refused_are_counted_where_everything_is() {
    let scene = Scene::new().await;
    let table = "id,user,mail,tier\n,u1,,gold\n2,null,two@example.com,gold\n";
    try_sync(&scene, &members(), table, ModelOptions::default(), hour(0)).await.unwrap();
    let told = scene.store.refusals(10).await.unwrap();
    let mut told: Vec<_> = told.iter().map(|told| (told.source.as_str(), told.subject.as_str(), told.count)).collect();
    told.sort_unstable();
    assert_eq!(told, [("models/members", "message", 1), ("models/members", "user_id", 1)]);
}
