//! Tables of a warehouse become the messages that they were.

use std::path::{Path, PathBuf};

use crate::scene::{Scene, now};
use ingest::{Format, ImportOptions, ImportReport, MessageKind, RejectionReason, warehouse_files};
use model::{FactKind, Moment, Value};

async fn import(scene: &Scene, file: &Path) -> ImportReport {
    let options = ImportOptions { format: Format::Warehouse, batch_lines: 3, ..ImportOptions::default() };
    scene.try_import(file, &options, now()).await.unwrap()
}

const IDENTIFIES: &str = "id,received_at,sent_at,timestamp,anonymous_id,user_id,context_ip,email,plan\n\
    i-1,2025-03-01 10:00:00.5 UTC,2025-03-01 09:00:00,2025-03-01 09:59:59,b1,007,127.0.0.1,ada@example.com,pro\n";
const TRACKS: &str = "id,received_at,event,event_text,anonymous_id,user_id\n\
    t-1,2025-03-02 10:00:00+00,order_completed,Order Completed,,007\n\
    t-2,2025-03-02 11:00:00+00,signed_out,Signed Out,b1,\n";
const ORDERS: &str = concat!(
    r#"{"id":"t-1","received_at":"2025-03-02T10:00:00Z","event":"order_completed","event_text":"Order Completed","user_id":"007","revenue":9.5,"product_id":12,"context_page_url":"x","uuid_ts":null}"#,
    "\n"
);
const USERS: &str = "id,received_at,email,plan\n007,2025-03-03 10:00:00,ada@example.com,free\n,2025-03-03 10:00:00,,\n";

fn tables(scene: &Scene) -> Vec<PathBuf> {
    let folder = scene.path("exports");
    std::fs::create_dir_all(&folder).unwrap();
    let pages = "id,received_at,user_id,name,category,path\np-1,2025-03-02 12:00:00,007,Home,Start,/\n";
    let groups = "id,received_at,user_id,group_id,employees\ng-1,2025-03-02 12:00:00,007,acme,40\n";
    let aliases = "id,received_at,user_id,previous_id\na-1,2025-03-02 12:00:00,007,b9\n";
    for (name, content) in [
        ("tracks.csv", TRACKS),
        ("users.csv", USERS),
        ("order_completed.ndjson", ORDERS),
        ("identifies.csv", IDENTIFIES),
        ("pages.csv", pages),
        ("groups.csv", groups),
        ("aliases.csv", aliases),
        ("README.txt", "no table"),
    ] {
        std::fs::write(folder.join(name), content).unwrap();
    }
    warehouse_files(&[folder]).unwrap()
}

#[tokio::test]
async fn a_folder_is_imported_table_by_table_and_each_message_once() {
    let scene = Scene::new().await;
    let files = tables(&scene);
    let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["identifies.csv", "aliases.csv", "groups.csv", "order_completed.ndjson", "pages.csv", "tracks.csv", "users.csv"]);
    let mut reports = Vec::new();
    for file in &files {
        reports.push(import(&scene, file).await);
    }
    let counts: Vec<_> = reports.iter().map(|report| (report.accepted, report.duplicates, report.rejected)).collect();
    assert_eq!(counts, [(1, 0, 0), (1, 0, 0), (1, 0, 0), (1, 0, 0), (1, 0, 0), (1, 1, 0), (1, 0, 1)]);
    assert_eq!(reports[6].rejections[&RejectionReason::NoUser].samples[0].line, 3);
    assert_eq!(reports[2].messages[&MessageKind::Group], 1);
    for identifier in ["user_id:007", "email:ada@example.com", "anonymous_id:b1", "anonymous_id:b9"] {
        assert_eq!(scene.profile(identifier).await, Some(0), "{identifier}");
    }
    let mut events = Vec::new();
    let mut plans = Vec::new();
    let mut facts = scene.state().await.facts;
    facts.sort_by_key(|fact| fact.occurred_at);
    for fact in facts {
        match fact.kind {
            FactKind::Event { name, properties } => {
                let texts = properties.iter().map(|(name, value)| format!("{name}={}", value.to_text().unwrap()));
                events.push(format!("{} {}", name.as_str(), texts.collect::<Vec<_>>().join(" ")));
            }
            FactKind::Traits(traits) => {
                let plan = traits.into_iter().find(|(name, _)| name == "plan");
                plans.extend(plan.map(|(_, value)| (fact.occurred_at, value)));
            }
        }
    }
    assert_eq!(
        events,
        ["Order Completed product_id=12 revenue=9.5", "Signed Out ", "Page Viewed category=Start name=Home page_name=Home path=/"]
    );
    let at = |text: &str| Moment::parse(text).unwrap();
    assert_eq!(plans, [(at("2025-03-01T09:59:59Z"), Some(Value::from("pro"))), (at("2025-03-03T10:00:00Z"), Some(Value::from("free")))]);
}

#[tokio::test]
async fn an_event_whose_table_has_another_name_is_that_event() {
    let scene = Scene::new().await;
    let report = import(&scene, &scene.file("signed_out.csv", "id,received_at,user_id\n1,2025-03-02 11:00:00,u\n")).await;
    assert_eq!(report.event_names.keys().collect::<Vec<_>>(), ["signed_out"]);
}

#[tokio::test]
async fn tables_are_recognised_by_their_columns() {
    let scene = Scene::new().await;
    for (name, content) in [("identifies.csv", IDENTIFIES), ("order_completed.ndjson", ORDERS)] {
        let report = scene.try_import(&scene.file(name, content), &ImportOptions::default(), now()).await.unwrap();
        assert_eq!((report.source.as_str(), report.accepted, report.rejected), ("warehouse", 1, 0), "{name}");
    }
    let other = scene.try_import(&scene.file("orders.csv", "id,customer\n1,u\n"), &ImportOptions::default(), now()).await;
    assert!(matches!(other, Err(ingest::IngestError::NoMapping { .. })));
    let message = r#"{"type":"track","userId":"u","event":"E","id":1,"received_at":"x"}"#;
    let report = scene.try_import(&scene.file("messages.ndjson", message), &ImportOptions::default(), now()).await.unwrap();
    assert_eq!(report.source, "messages.ndjson");
}
