//! Files in, facts out: once each, whatever the file looks like.

use crate::scene::{Scene, gzip, messages, now, small_batches};
use ingest::{Format, ImportOptions, IngestError, KnownKeys, RejectionReason, Truncation, import_next};
use model::{AsOf, FactKind, Moment, Value};

#[tokio::test]
async fn every_message_becomes_one_fact() {
    let scene = Scene::new().await;
    let report = scene.import(&scene.file("events.ndjson", messages(60))).await;
    assert_eq!((report.lines, report.accepted, report.duplicates, report.rejected), (60, 60, 0, 0));
    assert_eq!((report.events, report.traits), (30, 30));
    assert_eq!(report.source, "events.ndjson");
    let state = scene.state().await;
    assert_eq!(state.facts.len(), 60);
    assert_eq!(report.new_profiles, state.people.len() as u64);
    let merged = state.people.canonical.iter().enumerate().filter(|(number, survivor)| survivor.index() != *number).count();
    assert_eq!(report.merges, merged as u64);
    assert_eq!(state.people.accounts.len(), 3);
    assert!(scene.profile("user_id:u3").await.is_some());
    assert_eq!(scene.profile("user_id:u3").await, scene.profile("email:p3@example.com").await);
}

#[tokio::test]
async fn batches_do_not_show() {
    let expected = {
        let scene = Scene::new().await;
        scene.try_import(&scene.file("events.ndjson", messages(40)), &ImportOptions::default(), now()).await.unwrap();
        scene.state().await
    };
    for batch_lines in [0, 1, 7, 50] {
        let scene = Scene::new().await;
        let options = ImportOptions { batch_lines, ..ImportOptions::default() };
        scene.try_import(&scene.file("events.ndjson", messages(40)), &options, now()).await.unwrap();
        assert_eq!(scene.state().await, expected, "{batch_lines}");
    }
}

#[tokio::test]
async fn the_same_content_changes_nothing_whatever_its_name() {
    let scene = Scene::new().await;
    let file = scene.file("events.ndjson", messages(30));
    assert!(!scene.import(&file).await.already);
    let before = scene.state().await;
    let copy = scene.file("copy.ndjson", messages(30));
    for path in [&file, &copy] {
        let again = scene.import(path).await;
        assert!(again.already);
        assert_eq!((again.accepted, again.lines), (0, 0));
    }
    assert_eq!(scene.state().await, before);
}

#[tokio::test]
async fn a_file_that_grew_brings_only_what_is_new() {
    let scene = Scene::new().await;
    let file = scene.file("events.ndjson", messages(30).trim_end());
    scene.import(&file).await;
    scene.file("events.ndjson", messages(45));
    let later = now().plus_micros(3 * 86_400_000_000);
    let report = scene.try_import(&file, &small_batches(), later).await.unwrap();
    assert_eq!((report.accepted, report.duplicates), (15, 30));
    assert_eq!(scene.state().await.facts.len(), 45);
    // And so does a compressed copy of it, under the name a log rotation gives it.
    let packed = scene.file("events.ndjson.gz", gzip(messages(50).as_bytes()));
    let report = scene.try_import(&packed, &small_batches(), later).await.unwrap();
    assert_eq!((report.accepted, report.duplicates, report.source.as_str()), (5, 45, "events.ndjson"));
}

#[tokio::test]
async fn messages_without_a_time_are_known_again_days_later() {
    let line = |n: u32| format!("{{\"type\":\"track\",\"userId\":\"u\",\"event\":\"E\",\"properties\":{{\"n\":{n}}}}}\n");
    let scene = Scene::new().await;
    let file = scene.file("events.ndjson", (0..10).map(line).collect::<String>());
    scene.import(&file).await;
    scene.file("events.ndjson", (0..12).map(line).collect::<String>());
    let later = now().plus_micros(40 * 86_400_000_000);
    let report = scene.try_import(&file, &small_batches(), later).await.unwrap();
    assert_eq!((report.accepted, report.duplicates), (2, 10));
}

#[tokio::test]
async fn a_message_sent_twice_counts_once() {
    let one = |id: &str, at: &str| {
        format!("{{\"type\":\"track\",\"userId\":\"u\",\"event\":\"E\",\"messageId\":\"{id}\",\"timestamp\":\"{at}\"}}\n")
    };
    let scene = Scene::new().await;
    // Next to each other, a batch apart, and over midnight.
    let mut text = one("a", "2025-03-01T10:00:00Z") + &one("a", "2025-03-01T10:00:00Z") + &one("b", "2025-03-01T23:59:59Z");
    text += &(0..20).map(|n| one(&format!("c{n}"), "2025-03-02T10:00:00Z")).collect::<String>();
    text += &(one("a", "2025-03-01T10:00:00Z") + &one("b", "2025-03-02T00:00:01Z"));
    let report = scene.import(&scene.file("events.ndjson", text)).await;
    assert_eq!((report.accepted, report.duplicates), (22, 3));
    // Another source has ids of its own.
    let report = scene.import(&scene.file("other.ndjson", one("a", "2025-03-01T10:00:00Z"))).await;
    assert_eq!((report.accepted, report.duplicates), (1, 0));
}

#[tokio::test]
async fn gzip_in_one_member_or_several() {
    let expected = {
        let scene = Scene::new().await;
        scene.import(&scene.file("events.ndjson", messages(40))).await;
        scene.state().await
    };
    let text = messages(40);
    let (first, second) = text.as_bytes().split_at(1000);
    for packed in [gzip(text.as_bytes()), [gzip(first), gzip(second)].concat()] {
        let scene = Scene::new().await;
        scene.import(&scene.file("events.ndjson.gz", packed)).await;
        assert_eq!(scene.state().await, expected);
    }
}

#[tokio::test]
async fn truncated_gzip_keeps_what_came_before_and_a_whole_copy_brings_the_rest() {
    let scene = Scene::new().await;
    let options = ImportOptions { batch_lines: 400, ..ImportOptions::default() };
    let whole = gzip(messages(3000).as_bytes());
    let file = scene.file("events.ndjson.gz", &whole[..whole.len() / 2]);
    let import = || scene.try_import(&file, &options, now());
    let report = import().await.unwrap();
    assert_eq!(report.truncated, Some(Truncation::BreaksOff { after_line: report.lines }));
    assert!(report.accepted > 100 && report.rejected == 0, "{}", report.accepted);
    let again = import().await.unwrap();
    assert!(!again.already && again.truncated.is_some());
    assert_eq!((again.accepted, again.duplicates), (0, 0));

    scene.file("events.ndjson.gz", &whole);
    let rest = import().await.unwrap();
    assert_eq!((rest.truncated, rest.accepted + report.accepted, rest.duplicates), (None, 3000, report.accepted));
    assert_eq!(scene.state().await.facts.len(), 3000);
}

#[tokio::test]
async fn damaged_gzip_is_told_from_one_that_breaks_off() {
    let scene = Scene::new().await;
    let mut packed = gzip(messages(3000).as_bytes());
    let end = packed.len() - 6;
    packed[end] ^= 0xff; // in the checksum
    let file = scene.file("events.ndjson.gz", packed);
    let report = scene.try_import(&file, &ImportOptions::default(), now()).await.unwrap();
    assert_eq!(report.truncated, Some(Truncation::Damaged { after_line: 3000 }));
    let error = scene.try_import(&scene.file("x.gz", [0x1f, 0x8b, 8]), &small_batches(), now()).await.unwrap_err();
    assert!(matches!(error, IngestError::GzipHeader { .. }), "{error}");
}

#[tokio::test]
async fn bad_lines_are_counted_sampled_and_stop_nothing() {
    let scene = Scene::new().await;
    let good = r#"{"type":"track","userId":"u","event":"E","timestamp":"2025-03-01T10:00:00Z"}"#;
    let mut text = format!("{good}\n\n{{\n").into_bytes();
    text.extend(b"{\"type\":\"track\xff\"}\n");
    text.extend(vec![b'x'; 10 << 20]);
    text.extend(format!("\n{}\n", good.replace("2025", "1925")).bytes());
    text.extend(format!("{}\n", good.replace("2025", "2125")).bytes());
    text.extend(format!("{}\n", good.replace("\"u\"", "\"null\"")).bytes());
    text.extend("{\n".repeat(9).bytes());
    text.extend(good.replace('E', "F").bytes());
    let report = scene.import(&scene.file("events.ndjson", text)).await;
    assert_eq!((report.lines, report.accepted, report.rejected), (18, 2, 15));
    let counts: Vec<_> = report.rejections.iter().map(|(reason, rejections)| (*reason, rejections.count)).collect();
    assert_eq!(
        counts,
        [
            (RejectionReason::TooLong, 1),
            (RejectionReason::InvalidUtf8, 1),
            (RejectionReason::InvalidJson, 10),
            (RejectionReason::Nobody, 1),
            (RejectionReason::Before1970, 1),
            (RejectionReason::InFuture, 1),
        ]
    );
    let lines: Vec<_> = report.rejections[&RejectionReason::InvalidJson].samples.iter().map(|sample| sample.line).collect();
    assert_eq!(lines, [3, 9, 10, 11, 12]);
    assert_eq!(report.rejections[&RejectionReason::TooLong].samples[0].line, 5);
    assert_eq!(report.refusals.len(), 1);
    assert_eq!((report.refusals[0].kind.as_str(), report.refusals[0].count), ("user_id", 1));
}

#[tokio::test]
async fn a_property_may_be_a_number_here_and_a_text_there() {
    let scene = Scene::new().await;
    let line = |value: &str| format!("{{\"type\":\"track\",\"userId\":\"u\",\"event\":\"E\",\"properties\":{{\"p\":{value}}}}}\n");
    let report = scene.import(&scene.file("events.ndjson", line("1") + &line("\"1\"") + &line("true") + &line("[1]"))).await;
    assert_eq!(report.accepted, 4);
    let mut values: Vec<_> = scene.state().await.facts.into_iter().map(|fact| format!("{:?}", property(&fact.kind))).collect();
    values.sort();
    assert_eq!(values, ["Flag(true)", "List([Number(1.0)])", "Number(1.0)", "Text(\"1\")"]);
}

fn property(kind: &FactKind) -> Value {
    match kind {
        FactKind::Event { properties, .. } => properties[0].1.clone(),
        FactKind::Traits(traits) => traits[0].1.clone().unwrap(),
    }
}

#[tokio::test]
async fn a_blocked_id_does_not_identify_and_the_event_still_lands() {
    let scene = Scene::new().await;
    let line = r#"{"type":"track","userId":"00000000-0000-0000-0000-000000000000","anonymousId":"a","event":"E"}"#;
    let report = scene.import(&scene.file("events.ndjson", line)).await;
    assert_eq!((report.accepted, report.refusals.len()), (1, 1));
    assert_eq!(scene.profile("anonymous_id:a").await, Some(0));
    assert_eq!(scene.profile("user_id:00000000-0000-0000-0000-000000000000").await, None);
}

#[tokio::test]
async fn a_timestamp_without_a_zone_is_utc_and_counted() {
    let scene = Scene::new().await;
    let line = r#"{"type":"track","userId":"u","event":"E","timestamp":"2025-03-01T10:00:00"}"#;
    let report = scene.import(&scene.file("events.ndjson", line)).await;
    assert_eq!(report.zone_missing, 1);
    assert_eq!(scene.state().await.facts[0].occurred_at, Moment::parse("2025-03-01T10:00:00Z").unwrap());
}

#[tokio::test]
async fn an_older_identify_that_arrives_later_keeps_its_own_time() {
    let scene = Scene::new().await;
    let line = |plan: &str, at: &str| {
        format!("{{\"type\":\"identify\",\"userId\":\"u\",\"traits\":{{\"plan\":\"{plan}\"}},\"timestamp\":\"{at}\"}}\n")
    };
    scene.import(&scene.file("traits.ndjson", line("pro", "2025-03-02T00:00:00Z") + &line("free", "2025-03-01T00:00:00Z"))).await;
    let mut facts = scene.state().await.facts;
    facts.sort_by_key(|fact| fact.occurred_at);
    let plans: Vec<_> = facts.iter().map(|fact| property(&fact.kind)).collect();
    assert_eq!(plans, [Value::from("free"), Value::from("pro")]);
    let people = scene.state().await.people;
    let first = people.sightings.values().flatten().map(|sighting| sighting.first_seen_at).min();
    assert_eq!(first, Some(AsOf(Moment::parse("2025-03-01T00:00:00Z").unwrap()).moment()));
}

#[tokio::test]
async fn files_that_cannot_be_read_say_why() {
    let scene = Scene::new().await;
    let missing = scene.try_import(&scene.path("none.ndjson"), &small_batches(), now()).await.unwrap_err();
    assert!(matches!(missing, IngestError::Open { .. }), "{missing}");
    let folder = scene.try_import(&scene.path(""), &small_batches(), now()).await.unwrap_err();
    assert!(matches!(folder, IngestError::Folder { .. }), "{folder}");
    let no_mapping = scene.try_import(&scene.file("a.CSV.gz", "x"), &small_batches(), now()).await.unwrap_err();
    assert!(matches!(no_mapping, IngestError::NoMapping { .. }), "{no_mapping}");
    let empty = ImportOptions { format: Format::Ndjson, ..small_batches() };
    let report = scene.try_import(&scene.file("empty.ndjson", ""), &empty, now()).await.unwrap();
    assert_eq!((report.lines, report.truncated), (0, None));
}

#[tokio::test]
async fn progress_ends_at_the_end() {
    let scene = Scene::new().await;
    let file = scene.file("events.ndjson", messages(25_000));
    let mut told = Vec::new();
    let options = ImportOptions::default();
    ingest::import_file(&file, &options, &scene.lake, &scene.store, now(), &mut |progress| told.push(*progress)).await.unwrap();
    assert!(told.len() >= 4, "{}", told.len());
    assert!(told.is_sorted_by_key(|progress| (progress.bytes_done, progress.lines)));
    let last = told.last().unwrap();
    assert_eq!((last.bytes_done, last.lines, last.accepted), (last.bytes_total, 25_000, 25_000));
}

/// Imports lines of messages by number, with what is known from the imports before.
async fn next(scene: &Scene, name: &str, numbers: std::ops::Range<u32>, known: &mut KnownKeys) -> (u64, u64) {
    let line = |number: u32| {
        let day = 1 + number % 3;
        format!(r#"{{"type":"track","userId":"u","event":"E","messageId":"m-{number}","timestamp":"2025-03-0{day}T10:00:00Z"}}"#)
    };
    let file = scene.file(name, numbers.map(line).collect::<Vec<_>>().join("\n"));
    let options = ImportOptions { source: Some("web".to_owned()), ..small_batches() };
    let report = import_next(&file, &options, &scene.lake, &scene.store, now(), &mut |_| {}, known).await.unwrap();
    (report.accepted, report.duplicates)
}

#[tokio::test]
async fn one_import_after_the_other_knows_what_came_before_whoever_wrote_it() {
    let scene = Scene::new().await;
    let mut known = KnownKeys::default();
    assert_eq!(next(&scene, "1", 0..20, &mut known).await, (20, 0));
    assert_eq!(next(&scene, "2", 10..30, &mut known).await, (10, 10));
    // Another process, which has read nothing yet.
    assert_eq!(next(&scene, "3", 25..40, &mut KnownKeys::default()).await, (10, 5));
    assert_eq!(next(&scene, "4", 0..41, &mut known).await, (1, 40));
    // One that only tries leaves nothing noted as taken that is not.
    let torn = scene.file("torn.ndjson.gz", &gzip(b"no json at all")[..12]);
    let options = ImportOptions { source: Some("web".to_owned()), effect: ingest::Effect::DryRun, ..small_batches() };
    import_next(&torn, &options, &scene.lake, &scene.store, now(), &mut |_| {}, &mut known).await.unwrap();
    assert_eq!(next(&scene, "5", 30..50, &mut known).await, (9, 11));
}
