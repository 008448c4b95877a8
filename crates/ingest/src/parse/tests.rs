//! Parsing: what is taken, what is rejected, and why.

use std::collections::BTreeMap;

use std::sync::Arc;

use model::{BlockedValue, Collection, IdentityRules, KindRule, Moment, Value};
use serde::Deserialize;

use super::*;
use crate::identifiers;
use crate::kinds::Kinds;
use crate::rejection::RejectionReason;

const TAKEN: &str = include_str!("../../../../fixtures/messages/taken.ndjson");
const REFUSED: &str = include_str!("../../../../fixtures/messages/refused.ndjson");

fn now() -> Moment {
    Moment::parse("2025-03-08T12:00:00Z").unwrap()
}

/// A workspace with kinds of its own.
fn kinds() -> Kinds {
    let spelled = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let loyalty = KindRule { fields: spelled(&["loyalty_id", "loyaltyId"]), ..KindRule::of("loyalty_id") };
    let site = KindRule { collection: Collection::Accounts, fields: spelled(&["site_id", "siteId"]), ..KindRule::of("site_id") };
    let blocked = BlockedValue::new("*@example.invalid").into_iter().collect();
    let email = KindRule { blocked, ..KindRule::of("email") };
    Kinds::new(Arc::new(IdentityRules::new(vec![loyalty, site, email, KindRule::of("phone")], &[], 100, 1_000)))
}

/// A message of a fixture says itself what is to become of it, under keys that a reader passes over.
#[derive(Deserialize)]
struct Case {
    #[serde(rename = "_case")]
    title: String,
    #[serde(rename = "_log", default)]
    log: Option<String>,
    #[serde(rename = "_says", default)]
    says: BTreeMap<String, Option<Value>>,
    #[serde(rename = "_at", default)]
    at: Option<String>,
    #[serde(rename = "_ids", default)]
    ids: Vec<String>,
    #[serde(rename = "_refused", default)]
    refused: Vec<String>,
    #[serde(rename = "_zone_missing", default)]
    zone_missing: bool,
    #[serde(rename = "_reason", default)]
    reason: Option<String>,
}

#[test]
fn messages_are_taken_as_their_fixtures_say() {
    let kinds = kinds();
    for line in TAKEN.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let message = message(line.as_bytes(), now()).unwrap_or_else(|rejection| panic!("{}: {}", case.title, rejection.message));
        let value = |given: Given<'_>| match given {
            Given::Text(text) => Value::from(&*text),
            Given::Other(value) => value,
        };
        let log = message.event.as_ref().map_or("traits", EventName::as_str);
        let says: BTreeMap<_, _> = message.members.iter().map(|(name, given)| (name.to_string(), given.clone().map(value))).collect();
        assert!(message.event.is_none() || says.values().all(Option::is_some), "{}: a property is never null", case.title);
        assert_eq!(log, case.log.as_deref().unwrap_or("traits"), "{}", case.title);
        assert_eq!(says, case.says, "{}", case.title);
        assert_eq!(message.when.zone_missing, case.zone_missing, "{}", case.title);
        let mut refused = Vec::new();
        let at = case.at.map_or(now(), |at| Moment::parse(&at).unwrap());
        assert_eq!(message.when.occurred_at, at, "{}", case.title);
        let carried = identifiers::of(&message, &kinds, &mut |kind, refusal| refused.push(format!("{kind}: {refusal}")));
        let ids: Vec<String> = carried.all().map(|id| format!("{}:{}", kinds.rule(id.kind).kind, id.value)).collect();
        assert_eq!(ids, case.ids, "{}", case.title);
        assert_eq!(refused, case.refused, "{}", case.title);
    }
}

#[test]
fn messages_are_refused_as_their_fixtures_say() {
    for line in REFUSED.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let refused = message(line.as_bytes(), now()).map_err(|rejection| rejection.reason.as_str());
        assert_eq!(refused.err(), case.reason.as_deref(), "{}", case.title);
    }
}

#[track_caller]
fn check(line: &[u8], expected: RejectionReason) {
    assert_eq!(message(line, now()).map_err(|rejection| rejection.reason), Err(expected));
}

#[test]
fn lines_that_are_no_json_objects() {
    check(b"{", RejectionReason::InvalidJson);
    check(b"userId,event", RejectionReason::InvalidJson);
    check(b"{} {}", RejectionReason::InvalidJson);
    check(br#"{"type":"track","userId":"u","event":"E","properties":{"n":1e999}}"#, RejectionReason::InvalidJson);
    check(b"[1,2]", RejectionReason::NotAnObject);
    check(b"null", RejectionReason::NotAnObject);
    check(b"\"text\"", RejectionReason::NotAnObject);
    check(b"{\"type\":\"track\xff\"}", RejectionReason::InvalidUtf8);
    let deep = format!(r#"{{"type":"identify","userId":"u","traits":{{"a":{}1{}}}}}"#, "[".repeat(200), "]".repeat(200));
    check(deep.as_bytes(), RejectionReason::TooDeep);
}

#[test]
fn limits_on_names_and_numbers() {
    let identify = |traits: &str| format!(r#"{{"type":"identify","userId":"u","traits":{{{traits}}}}}"#);
    let many = |count: usize| (0..count).map(|n| format!(r#""t{n}":1"#)).collect::<Vec<_>>().join(",");
    assert!(message(identify(&many(300)).as_bytes(), now()).is_ok());
    check(identify(&many(301)).as_bytes(), RejectionReason::TooManyProperties);
    let named = |length: usize| format!(r#""{}":1"#, "n".repeat(length));
    assert!(message(identify(&named(200)).as_bytes(), now()).is_ok());
    check(identify(&named(201)).as_bytes(), RejectionReason::LongName);
    let message_id = |length: usize| format!(r#"{{"type":"identify","userId":"u","messageId":"{}"}}"#, "ü".repeat(length));
    assert!(message(message_id(100).as_bytes(), now()).is_ok());
    check(message_id(101).as_bytes(), RejectionReason::LongMessageId);
}

#[test]
fn a_rejection_never_repeats_what_was_sent() {
    let secret = "mary@example.com";
    for line in [
        format!(r#"{{"type":"{secret}"}}"#),
        format!(r#"{{"type":"track","userId":"u","event":"{secret}\n"}}"#),
        format!(r#"{{"type":"track","userId":"u","event":"E","timestamp":"{secret}"}}"#),
        format!(r#"{{"type":"identify","userId":"u","traits":{{"{}":1}}}}"#, secret.repeat(20)),
        format!(r#"{{"type":"identify","userId":"u","traits":"{secret}"}}"#),
        format!(r#"{{"type":"identify","userId":{{"{secret}":1}}}}"#),
        format!(r#"{{"type" "{secret}"}}"#),
        secret.to_owned(),
        format!(r#"{{"type":"identify","userId":"{secret}"#),
    ] {
        let rejection = message(line.as_bytes(), now()).unwrap_err();
        assert!(!rejection.message.contains("mary"), "{}", rejection.message);
    }
}

#[test]
fn reasons_are_written_as_they_are_called() {
    for reason in [RejectionReason::Before1970, RejectionReason::InvalidUtf8, RejectionReason::NotAnObject, RejectionReason::NoUser] {
        assert_eq!(serde_json::to_string(&reason).unwrap(), format!("\"{reason}\""));
    }
}
