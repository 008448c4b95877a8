//! CSV files by a mapping.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::scene::{Scene, csv, gzip, now};
use ingest::{ImportOptions, IngestError, RejectionReason};
use model::{CsvMapping, CsvMessage, CsvTimestamp, EventName, FactKind, Moment, Value};

fn orders() -> CsvMapping {
    CsvMapping {
        message: CsvMessage::Track(EventName::parse("Order Completed").unwrap()),
        user_id: Some("customer".to_owned()),
        anonymous_id: None,
        email: Some("mail".to_owned()),
        message_id: None,
        timestamp: Some(CsvTimestamp { column: "date".to_owned(), format: Some("%Y%m%d".to_owned()) }),
        columns: BTreeMap::new(),
        delimiter: ',',
    }
}

fn properties(kind: &FactKind) -> Vec<(String, Value)> {
    match kind {
        FactKind::Event { properties, .. } => properties.clone(),
        FactKind::Traits(traits) => traits.iter().map(|(name, value)| (name.clone(), value.clone().unwrap())).collect(),
    }
}

#[tokio::test]
async fn rows_become_events() {
    let scene = Scene::new().await;
    let text = "customer,date,mail,total,gift,sku,note\n\
                007,20250301,Mary@Example.com,19.90,true,0042,\"a, \"\"b\"\"\nc\"\n\
                \n\
                8,20250302,,,,,\n";
    let report = scene.try_import(&scene.file("orders.csv", text), &csv(orders()), now()).await.unwrap();
    assert_eq!((report.accepted, report.rejected, report.zone_missing), (2, 0, 0));
    let mut facts = scene.state().await.facts;
    facts.sort_by_key(|fact| fact.occurred_at);
    assert_eq!(facts[0].occurred_at, Moment::parse("2025-03-01T00:00:00Z").unwrap());
    let expected = [("gift", Value::from(true)), ("note", "a, \"b\"\nc".into()), ("sku", "0042".into()), ("total", 19.9.into())];
    assert_eq!(properties(&facts[0].kind), expected.map(|(name, value)| (name.to_owned(), value)));
    assert_eq!(properties(&facts[1].kind), []);
    assert_eq!(scene.profile("user_id:007").await, Some(0));
    assert_eq!(scene.profile("email:mary@example.com").await, Some(0));
    assert_eq!(scene.profile("user_id:8").await, Some(1));
}

#[tokio::test]
async fn bad_rows_are_named_by_their_line() {
    let scene = Scene::new().await;
    let text = "customer,date,mail\r\n\
                1,20250301\r\n\
                2,yesterday,\r\n\
                3,,\r\n\
                ,20250301,\r\n\
                4,19250301,\r\n\
                5,20250301,\"x\r\n\
                y\"\r\n\
                6,20250301,\r\n\
                7,20250301,\"never closed\r\n\
                8,20250301,\r\n";
    let report = scene.try_import(&scene.file("orders.csv", text), &csv(orders()), now()).await.unwrap();
    assert_eq!((report.lines, report.accepted, report.rejected), (11, 2, 6));
    let places: Vec<_> =
        report.rejections.iter().flat_map(|(reason, rejections)| rejections.samples.iter().map(|sample| (*reason, sample.line))).collect();
    assert_eq!(
        places,
        [
            (RejectionReason::NoUser, 5),
            (RejectionReason::BadTimestamp, 3),
            (RejectionReason::BadTimestamp, 4),
            (RejectionReason::Before1970, 6),
            (RejectionReason::WrongWidth, 2),
            (RejectionReason::OpenQuote, 10),
        ]
    );
}

#[tokio::test]
async fn a_quote_never_closed_swallows_a_limited_part() {
    let scene = Scene::new().await;
    let mut text = "customer,date,mail\n1,20250301,\"open\n".to_owned();
    for n in 0..50_000 {
        writeln!(text, "{n},20250302,p{n}@example.com").unwrap();
    }
    let options = ImportOptions { batch_lines: 200_000, ..csv(orders()) };
    let report = scene.try_import(&scene.file("orders.csv", text), &options, now()).await.unwrap();
    let open = &report.rejections[&RejectionReason::OpenQuote];
    assert_eq!((open.count, open.samples[0].line), (1, 2));
    assert_eq!(report.rejected, 1);
    assert!(report.accepted > 10_000, "{}", report.accepted);
}

#[tokio::test]
async fn rows_of_traits_with_names_of_their_own() {
    let scene = Scene::new().await;
    let mapping = CsvMapping {
        message: CsvMessage::Identify,
        user_id: None,
        timestamp: None,
        columns: BTreeMap::from([("Plan Name".to_owned(), "plan".to_owned()), ("mail".to_owned(), "contact".to_owned())]),
        delimiter: ';',
        ..orders()
    };
    let file = scene.file("people.csv.gz", gzip("\u{feff}mail;Plan Name;other\nmary@example.com;pro;1\n".as_bytes()));
    let report = scene.try_import(&file, &csv(mapping.clone()), now()).await.unwrap();
    assert_eq!((report.accepted, report.traits), (1, 1));
    let facts = scene.state().await.facts;
    let expected = [("contact", "mary@example.com"), ("email", "mary@example.com"), ("plan", "pro")];
    assert_eq!(properties(&facts[0].kind), expected.map(|(name, value)| (name.to_owned(), Value::from(value))));
    assert!(scene.try_import(&file, &csv(mapping), now()).await.unwrap().already);
}

#[tokio::test]
async fn the_same_file_by_another_mapping_is_another_import() {
    let scene = Scene::new().await;
    let file = scene.file("orders.csv", "customer,date,mail\n1,20250301,\n");
    scene.try_import(&file, &csv(orders()), now()).await.unwrap();
    let people = CsvMapping { message: CsvMessage::Identify, ..orders() };
    let report = scene.try_import(&file, &csv(people), now()).await.unwrap();
    assert_eq!((report.already, report.accepted), (false, 1));
}

#[tokio::test]
async fn a_grown_csv_file_brings_only_what_is_new() {
    let scene = Scene::new().await;
    let file = scene.file("orders.csv", "customer,date,mail\n1,20250301,\n1,20250301,");
    let report = scene.try_import(&file, &csv(orders()), now()).await.unwrap();
    assert_eq!((report.accepted, report.duplicates), (2, 0));
    scene.file("orders.csv", "customer,date,mail\n1,20250301,\n1,20250301,\n2,20250301,\n");
    let report = scene.try_import(&file, &csv(orders()), now()).await.unwrap();
    assert_eq!((report.accepted, report.duplicates), (1, 2));
}

#[tokio::test]
async fn a_header_that_lacks_a_column_says_which_there_are() {
    let scene = Scene::new().await;
    let error = scene.try_import(&scene.file("orders.csv", "client,day,mail\n"), &csv(orders()), now()).await.unwrap_err();
    assert!(matches!(error, IngestError::MissingColumns { .. }));
    let words = error.to_string();
    assert!(words.ends_with("its header lacks `customer`, `date`; it has `client`, `day`, `mail`"), "{words}");
    assert!(!scene.try_import(&scene.file("orders.csv", "customer,date,mail\n"), &csv(orders()), now()).await.unwrap().already);
}

#[tokio::test]
async fn a_first_line_that_is_no_header_is_not_repeated() {
    let scene = Scene::new().await;
    let headless = scene.file("orders.csv", "17,2025-03-01,ada@example.com\n");
    let error = scene.try_import(&headless, &csv(orders()), now()).await.unwrap_err();
    assert!(matches!(error, IngestError::NoHeader { .. }), "{error:?}");
    let words = format!("{error} {error:?}");
    assert!(words.contains("is it a header") && !words.contains("ada@example.com"), "{words}");
}
