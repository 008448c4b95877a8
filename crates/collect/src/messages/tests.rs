//! Messages of a body: what is added, what is rejected, and that nothing that is sent can do harm.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn now() -> Moment {
    Moment::parse("2025-03-08T12:00:00Z").expect("a moment")
}

fn judge() -> Judge {
    Judge::new(std::sync::Arc::default())
}

fn taken(body: &str, call: Call) -> (Vec<Value>, Vec<(usize, &'static str)>) {
    let limits = Limits { event_bytes: 2_000, batch_events: 50, ..Limits::default() };
    let sent = Sent::read(body.as_bytes(), call, &limits).expect("a body");
    let found = sent.lines(now(), (&judge(), &Barred::default()), &limits, &mut |_, _| {}).expect("within limits");
    let text = String::from_utf8(found.lines).expect("text");
    assert_eq!(text.lines().count(), found.taken.accepted);
    assert_eq!(found.rejected, found.taken.rejected.len());
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (lines, found.taken.rejected.iter().map(|rejected| (rejected.index, rejected.code)).collect())
}

#[track_caller]
fn refused(body: &[u8], call: Call, expected: &str) {
    let limits = Limits { batch_events: 3, ..Limits::default() };
    match Sent::read(body, call, &limits) {
        Err(Refusal::Unreadable(code, _)) => assert_eq!(code, expected),
        Err(Refusal::TooLarge(_)) => assert_eq!("too-large", expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_batch_is_merged_under_its_messages() {
    let body = json!({
        "writeKey": "secret", "sentAt": "2025-03-08T11:59:59Z",
        "context": { "library": { "name": "x" }, "ip": "192.0.2.1" },
        "batch": [
            { "type": "track", "userId": "u", "event": "E", "messageId": "m-1", "context": { "ip": "192.0.2.2" } },
            { "type": "identify", "userId": "u", "messageId": 7, "sentAt": null, "writeKey": "secret" },
        ],
    });
    let (lines, rejected) = taken(&body.to_string(), Call::Batch);
    assert_eq!(rejected, []);
    assert_eq!(lines[0]["context"], json!({ "library": { "name": "x" }, "ip": "192.0.2.2" }));
    assert_eq!(lines[1]["context"], json!({ "library": { "name": "x" }, "ip": "192.0.2.1" }));
    assert_eq!((&lines[0]["messageId"], &lines[1]["messageId"]), (&json!("m-1"), &json!(7)));
    for line in &lines {
        assert_eq!(line["sentAt"], "2025-03-08T11:59:59Z");
        assert_eq!(line["receivedAt"], "2025-03-08T12:00:00+00:00");
        assert!(line.get("writeKey").is_none());
    }
}

#[test]
fn memory_is_kept_for_a_context_that_every_message_takes_over() {
    let limits = Limits { request_bytes: 5_000, ..Limits::default() };
    let copied = |body: &Value| Sent::read(body.to_string().as_bytes(), Call::Batch, &limits).expect("a body").copied_bytes(&limits);
    let message = json!({ "type": "track", "userId": "u", "event": "E" });
    assert_eq!(copied(&json!({ "batch": [message, message, message] })), 0);
    let context = json!({ "ip": "192.0.2.1" });
    assert_eq!(copied(&json!({ "context": context, "batch": [message, message, message] })), 2 * context.to_string().len());
    let large = json!({ "page": "x".repeat(4_000) });
    assert_eq!(copied(&json!({ "context": large, "batch": [message, message, message] })), 5_000);
}

#[test]
fn a_single_call_is_what_its_path_says() {
    let body = "{\n \"userId\": \"u\",\r\n \"event\": \"E\", \"type\": \"identify\", \"receivedAt\": \"1999-01-01T00:00:00Z\"}";
    let (lines, rejected) = taken(body, Call::One("track"));
    assert_eq!(rejected, []);
    assert_eq!((&lines[0]["type"], &lines[0]["receivedAt"]), (&json!("track"), &json!("2025-03-08T12:00:00+00:00")));
    let id = lines[0]["messageId"].as_str().expect("an id was given");
    let again = taken(body, Call::One("track")).0;
    assert_ne!(again[0]["messageId"].as_str(), Some(id), "sent twice without an id it is two messages");
}

#[test]
fn one_bad_message_costs_no_other() {
    let long = "x".repeat(3_000);
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    let good = r#"{"type":"track","userId":"u","event":"E"}"#;
    let body = format!(
        r#"{{"batch":[{good},1,null,{{"type":"track","event":"E"}},{{"type":"track","userId":"u","event":"{long}"}},
            {{"type":"identify","userId":"u","traits":{{"a":{deep}}}}},{{"type":"identify","userId":"u","context":7}},{good}]}}"#
    );
    let (lines, rejected) = taken(&body, Call::Batch);
    assert_eq!(lines.len(), 2);
    let expected = [(1, "not-an-object"), (2, "not-an-object"), (3, "no-user"), (4, "too-long"), (5, "too-deep"), (6, "bad-field")];
    assert_eq!(rejected, expected);
}

#[test]
fn a_body_that_says_nothing_is_refused() {
    refused(b"", Call::Batch, "invalid-json");
    refused(b"{\"batch\":[]}{\"batch\":[]}", Call::Batch, "invalid-json");
    refused(b"{\"batch\":[{}", Call::Batch, "invalid-json");
    refused(b"\xff\xfe", Call::Batch, "invalid-utf8");
    refused(b"[1]", Call::One("track"), "not-an-object");
    refused(b"\"text\"", Call::One("track"), "not-an-object");
    refused(b"{}", Call::Batch, "no-batch");
    refused(b"{\"batch\":{}}", Call::Batch, "no-batch");
    refused(b"{\"batch\":[1,2,3,4]}", Call::Batch, "too-large");
    refused("[".repeat(1_000_000).as_bytes(), Call::Batch, "invalid-json");
}

#[test]
fn an_envelope_cannot_make_messages_huge() {
    let item = r#"{"type":"track","userId":"u","event":"E"}"#;
    let body = format!(r#"{{"context":{{"x":"{}"}},"batch":[{}]}}"#, "x".repeat(100_000), vec![item; 100].join(","));
    let limits = Limits { request_bytes: 1 << 20, ..Limits::default() };
    let sent = Sent::read(body.as_bytes(), Call::Batch, &limits).expect("a body");
    assert!(matches!(sent.lines(now(), (&judge(), &Barred::default()), &limits, &mut |_, _| {}), Err(Refusal::TooLarge(_))));
}

#[test]
fn a_refusal_repeats_nothing() {
    for body in ["{\"email\": mary@example.com}", "mary", "{\"mary\"}"] {
        let refusal = Sent::read(body.as_bytes(), Call::Batch, &Limits::default()).expect_err("refused");
        assert!(!format!("{refusal:?}").contains("mary"), "{refusal:?}");
    }
}

proptest! {
    /// Whatever the bytes are, reading them ends, and what is taken is whole lines that the import takes too.
    #[test]
    fn garbage_does_no_harm(body in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        r#"\{"batch":\[[\{\}\[\]",:a-z0-9 \n]{0,60}\]\}"#.prop_map(String::into_bytes),
    ]) {
        let limits = Limits::default();
        for call in [Call::Batch, Call::One("track")] {
            if let Ok(sent) = Sent::read(&body, call, &limits) {
                let found = sent.lines(now(), (&judge(), &Barred::default()), &limits, &mut |_, _| {}).expect("small");
                let lines: Vec<_> = found.lines.split_inclusive(|byte| *byte == b'\n').collect();
                prop_assert_eq!(lines.len(), found.taken.accepted);
                for line in lines {
                    prop_assert_eq!(judge().check(line, now(), &Barred::default()), Ok(()));
                }
            }
        }
    }
}
