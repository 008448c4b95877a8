//! Cases 18 to 21: what follows what, when it is over, and which occurrence is looked at.

use model::{Fact, IdentifierKind, SourceOrder};
use serde_json::json;

use crate::scene::{IN, OUT, ask, check, check_at, did, is_in, known_by, world_of};

const A_THEN_B: &str = "did: A\nthen: { did: B }";

#[test]
fn case_18_at_the_same_moment_only_the_same_batch_has_an_order() {
    let placed = |name: &str, batch: u32, place: u32| Fact {
        source_order: SourceOrder { batch, place },
        ..did(name, "2025-06-01T10:00:00Z", json!({}))
    };
    let holds = |a: (u32, u32), b: (u32, u32)| {
        let facts = [placed("A", a.0, a.1), placed("B", b.0, b.1)];
        is_in(&ask(&world_of(known_by(IdentifierKind::USER_ID), &facts), A_THEN_B, "2025-06-02"))
    };
    assert!(!holds((1, 0), (2, 1)), "different batches");
    assert!(holds((1, 0), (1, 1)), "later in the same batch");
    assert!(!holds((1, 1), (1, 0)), "earlier in the same batch");
    assert!(!holds((1, 1), (1, 1)), "the same place");
}

#[test]
fn case_19_did_not_within_waits_until_the_time_is_over() {
    let who = "did: A\nwhich: any\nthen: { did_not: B, within: 1 day }";
    let a = || did("A", "2025-06-08T10:00:00Z", json!({}));
    check_at("2025-06-09T09:00:00Z", who, &[a()], OUT);
    check_at("2025-06-09T10:00:00Z", who, &[a()], IN);
    let in_time = [a(), did("B", "2025-06-09T09:59:59.999Z", json!({}))];
    for as_of in ["2025-06-09T09:00:00Z", "2025-06-09T10:00:00Z", "2025-07-09T10:00:00Z"] {
        check_at(as_of, who, &in_time, OUT);
    }
    let too_late = [a(), did("B", "2025-06-09T10:00:00Z", json!({}))];
    check_at("2025-06-09T09:59:59.999Z", who, &too_late, OUT);
    check_at("2025-06-09T10:00:00Z", who, &too_late, IN);
}

#[test]
fn case_20_the_occurrence_looked_at_decides() {
    let facts = [
        did("A", "2025-06-08T09:00:00Z", json!({})),
        did("A", "2025-06-08T12:00:00Z", json!({})),
        did("B", "2025-06-08T12:30:00Z", json!({})),
    ];
    let who = |which: &str| format!("did: A\nwhich: {which}\nthen: {{ did_not: B, within: 1 hour }}");
    check(&who("any"), &facts, IN);
    check(&who("first"), &facts, IN);
    check(&who("last"), &facts, OUT);
}

#[test]
fn case_21_what_is_missing_on_one_side_is_the_same_as_nothing() {
    let who = "did: A\nthen: { did: B, same: cart_id }";
    let pair = |a: serde_json::Value, b: serde_json::Value| [did("A", "2025-06-08T09:00:00Z", a), did("B", "2025-06-08T10:00:00Z", b)];
    check(who, &pair(json!({ "cart_id": 1 }), json!({ "cart_id": 1 })), IN);
    check(who, &pair(json!({ "cart_id": 1 }), json!({ "cart_id": 2 })), OUT);
    check(who, &pair(json!({ "cart_id": 1 }), json!({})), OUT);
    check(who, &pair(json!({}), json!({ "cart_id": 1 })), OUT);
    check(who, &pair(json!({}), json!({})), OUT);
    check(who, &pair(json!({ "cart_id": [1, 2] }), json!({ "cart_id": [2, 3] })), IN);
}
