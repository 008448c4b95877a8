//! List events: people added to a list and taken off it, by the keys of customer lists.

use std::collections::BTreeMap;

use crate::scene::{Scene, now, small_batches};
use ingest::{ImportOptions, ImportReport, RejectionReason};
use model::{EventName, FactKind, ListKey, Value};

async fn import(scene: &Scene, name: &str, lines: &str) -> ImportReport {
    let event = EventName::parse("USER_ADD").unwrap();
    let list_events = BTreeMap::from([(event, ListKey::parse("vip_list").unwrap())]);
    let options = ImportOptions { list_events, source: Some("s".to_owned()), ..small_batches() };
    scene.try_import(&scene.file(name, lines), &options, now()).await.unwrap()
}

fn event(id: &str, day: u32, properties: &str) -> String {
    let at = format!("2025-03-0{day}T00:00:00Z");
    format!(
        r#"{{"type":"track","event":"USER_ADD","anonymousId":"sender","messageId":"{id}","timestamp":"{at}","properties":{properties}}}"#
    ) + "\n"
}

/// Whether somebody is on the list, and the other traits.
async fn traits(scene: &Scene, identifier: &str) -> BTreeMap<String, Value> {
    let profile = scene.profile(identifier).await.unwrap_or_else(|| panic!("{identifier} is unknown"));
    let mut facts = scene.state().await.facts;
    facts.sort_by_key(|fact| fact.occurred_at);
    let mut traits = BTreeMap::new();
    for fact in facts.into_iter().filter(|fact| fact.profile.0 == profile) {
        let FactKind::Traits(said) = fact.kind else { panic!("an event was kept") };
        traits.extend(said.into_iter().filter_map(|(name, value)| Some((name, value?))));
    }
    traits
}

const HASH: &str = "B5D54C39E66671C9731B9F471E585D8262CD4F54963F0C93082D8DCF334D4C78";

#[tokio::test]
async fn people_are_added_and_taken_off() {
    let scene = Scene::new().await;
    let added = format!(
        r#"{{"sessionIdAdd":123,"userListAdd":[{{"EMAIL":"Ada@example.com","FN":"Ada","doby":1990}},{{"email":"{HASH}"}},{{"Extern_Id":"u3","Phone":"+15555550100"}},{{"MADID":"AB1234CD-E123-12FA-A123-AB1234CDE123"}}]}}"#
    );
    let removed = r#"{"userListDelete":[{"Email":"ada@EXAMPLE.com "}]}"#;
    let lines = event("m1", 1, &added) + &event("m2", 2, removed);
    let report = import(&scene, "events.ndjson", &lines).await;
    assert_eq!((report.lines, report.accepted, report.events, report.rejected), (2, 5, 0, 0));
    let ada = traits(&scene, "email:ada@example.com").await;
    assert_eq!((&ada["list_vip_list"], &ada["first_name"], &ada["birth_year"]), (&false.into(), &"Ada".into(), &1990.0.into()));
    for identifier in [&format!("email:{}", HASH.to_lowercase()), "user_id:u3", "ios.idfa:ab1234cd-e123-12fa-a123-ab1234cde123"] {
        assert_eq!(traits(&scene, identifier).await["list_vip_list"], true.into(), "{identifier}");
    }
    assert_eq!(traits(&scene, "user_id:u3").await["phone"], "+15555550100".into());
    assert_eq!(scene.profile("anonymous_id:sender").await, None);

    let again = import(&scene, "again.ndjson", &(lines + "\n")).await;
    assert_eq!((again.accepted, again.duplicates), (0, 5));
}

#[tokio::test]
async fn who_cannot_be_taken_is_counted() {
    let scene = Scene::new().await;
    let nobody = r#"{"userListAdd":[{"FN":"Ada"},"ada",{"EMAIL":""},{"EMAIL":"ada@example.com"}],"userListDelete":"all"}"#;
    let many: Vec<_> = (0..1_102).map(|n| format!(r#"{{"EMAIL":"p{n}@example.com"}}"#)).collect();
    let many = format!(r#"{{"userListAdd":[{}]}}"#, many.join(","));
    let report = import(&scene, "events.ndjson", &(event("m1", 1, nobody) + &event("m2", 1, "{}") + &event("m3", 1, &many))).await;
    assert_eq!((report.accepted, report.rejected), (1_101, 7));
    let counts: Vec<_> = report.rejections.iter().map(|(reason, found)| (*reason, found.count, found.samples[0].line)).collect();
    assert_eq!(counts, [(RejectionReason::BadField, 3, 1), (RejectionReason::Nobody, 2, 1), (RejectionReason::ListTooLong, 2, 3)]);
}

#[tokio::test]
async fn other_events_are_events() {
    let scene = Scene::new().await;
    let other = event("m1", 1, r#"{"userListAdd":[{"EMAIL":"ada@example.com"}]}"#).replace("USER_ADD", "Something Else");
    let report = import(&scene, "events.ndjson", &other).await;
    assert_eq!((report.accepted, report.events), (1, 1));
}
