//! The same messages in every packing make the same facts; a dry run makes none.

use std::fmt::Write as _;
use std::io::Write as _;

use crate::scene::{Scene, State, csv, gzip, messages, now, small_batches};
use ingest::{Effect, Format, ImportOptions, IngestError, MessageKind, RejectionReason, Truncation};
use lake::{ExportColumn, parquet_bytes};
use model::{CsvMapping, CsvMessage, FactKind, Value};

fn zstd(content: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 0).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

async fn imported(name: &str, content: &[u8]) -> State {
    let scene = Scene::new().await;
    let options = ImportOptions { source: Some("events".to_owned()), ..small_batches() };
    scene.try_import(&scene.file(name, content), &options, now()).await.unwrap();
    scene.state().await
}

#[tokio::test]
async fn the_content_says_how_it_is_packed_whatever_the_name() {
    let text = messages(40);
    let expected = imported("events.ndjson", text.as_bytes()).await;
    for (name, content) in [("a.ndjson", gzip(text.as_bytes())), ("b.gz", zstd(text.as_bytes())), ("c.zst", text.clone().into_bytes())] {
        assert_eq!(imported(name, &content).await, expected, "{name}");
    }
    let (first, second) = text.split_at(text[..text.len() / 2].rfind('\n').unwrap() + 1);
    let frames = [zstd(first.as_bytes()), zstd(second.as_bytes())].concat();
    assert_eq!(imported("frames.ndjson.zst", &frames).await, expected);
}

#[tokio::test]
async fn zstd_that_breaks_off_keeps_what_came_before() {
    let scene = Scene::new().await;
    let (whole, rest) = (zstd(messages(20).as_bytes()), zstd(messages(40).as_bytes()));
    let cut = [whole.as_slice(), &rest[..rest.len() - 5]].concat();
    let report = scene.import(&scene.file("events.ndjson.zst", &cut)).await;
    assert!(matches!(report.truncated, Some(Truncation::BreaksOff { after_line }) if after_line >= 20), "{report:?}");
    assert_eq!(report.source, "events.ndjson");
    let mut damaged = whole;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    let report = scene.import(&scene.file("damaged.ndjson.zst", &damaged)).await;
    assert!(matches!(report.truncated, Some(Truncation::Damaged { .. })), "{report:?}");
}

/// A Parquet file of texts, `|` between cells, an empty one missing.
fn parquet(scene: &Scene, name: &str, table: &str) -> std::path::PathBuf {
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('|').map(str::trim).collect()).collect();
    let column = |place: usize| rows[1..].iter().map(|row| Some(row[place].to_owned()).filter(|cell| !cell.is_empty())).collect();
    let columns: Vec<_> = (0..rows[0].len()).map(|place| (rows[0][place], ExportColumn::Text(column(place)))).collect();
    std::fs::write(scene.path(name), parquet_bytes(&columns).unwrap()).unwrap();
    scene.path(name)
}

#[tokio::test]
async fn parquet_columns_are_the_fields_of_messages() {
    let scene = Scene::new().await;
    let file = parquet(
        &scene,
        "events.parquet",
        r#"type     | userId | event | messageId | timestamp            | properties   | traits
           identify | u1     |       | m1        | 2025-03-01T00:00:00Z |              | {"email":"ada@example.com"}
           track    | u1     | Paid  | m2        | 2025-03-02T00:00:00Z | {"total":9}  |
           track    |        | Paid  | m3        | 2025-03-02T00:00:00Z |              |"#,
    );
    let report = scene.import(&file).await;
    assert_eq!((report.accepted, report.events, report.rejected), (2, 1, 1));
    assert_eq!(report.rejections[&RejectionReason::NoUser].samples[0].line, 3);
    assert_eq!(scene.profile("email:ada@example.com").await, Some(0));
    let paid = scene.state().await.facts.into_iter().find_map(|fact| match fact.kind {
        FactKind::Event { properties, .. } => Some(properties),
        FactKind::Traits(_) => None,
    });
    assert_eq!(paid.unwrap(), [("total".to_owned(), Value::Number(9.0))]);
    assert!(scene.import(&file).await.already);
}

#[tokio::test]
async fn a_mapping_reads_parquet_as_it_reads_csv() {
    let mapping = CsvMapping {
        message: CsvMessage::Identify,
        user_id: Some("id".to_owned()),
        anonymous_id: None,
        email: Some("mail".to_owned()),
        message_id: Some("id".to_owned()),
        timestamp: None,
        columns: std::collections::BTreeMap::new(),
        delimiter: ';',
    };
    let text = "id|mail|note\n007|ada@example.com|a \"b\"; c\n8||true";
    let scene = Scene::new().await;
    let options = |mapping: &CsvMapping| ImportOptions { source: Some("people".to_owned()), ..csv(mapping.clone()) };
    scene.try_import(&parquet(&scene, "people.parquet", text), &options(&mapping), now()).await.unwrap();
    let read = scene.state().await;
    assert_eq!(read.facts.len(), 2);

    let scene = Scene::new().await;
    let lines = "id;mail;note\n007;ada@example.com;\"a \"\"b\"\"; c\"\n8;;true\n";
    scene.try_import(&scene.file("people.csv", lines), &options(&mapping), now()).await.unwrap();
    assert_eq!(scene.state().await, read);
}

#[tokio::test]
async fn a_file_that_only_begins_like_parquet_is_named() {
    let scene = Scene::new().await;
    let error = scene.try_import(&scene.file("x.parquet", "PAR1, they said"), &small_batches(), now()).await.unwrap_err();
    assert!(matches!(error, IngestError::Lake(_)), "{error:?}");
}

#[tokio::test]
async fn a_dry_run_tells_what_an_import_does_and_leaves_nothing() {
    let scene = Scene::new().await;
    scene.import(&scene.file("before.ndjson", messages(10))).await;
    let before = scene.state().await;
    let mut text = messages(60);
    writeln!(text, "no message").unwrap();
    let file = scene.file("events.ndjson", text);
    let options = ImportOptions { effect: Effect::DryRun, format: Format::Ndjson, ..small_batches() };
    let told = scene.try_import(&file, &options, now()).await.unwrap();
    assert_eq!(scene.state().await, before);
    let files = || walk(&scene.path("lake"));
    let files_before = files();
    assert_eq!(scene.try_import(&file, &options, now()).await.unwrap(), told);
    assert_eq!(files(), files_before);
    assert_eq!(told.messages[&MessageKind::Track], 20);
    assert_eq!(told.event_names.values().sum::<u64>(), told.events);
    assert!(told.known_profiles > 0 && told.new_profiles > 0, "{told:?}");

    let done = scene.import(&file).await;
    assert_eq!(ingest::ImportReport { dry_run: true, ..done }, told);
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
