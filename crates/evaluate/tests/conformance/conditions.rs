//! Cases 1 to 17 and 23: counts, windows, matchers and what is missing.

use definitions::Severity;
use model::{Fact, IdentifierKind};
use serde_json::json;

use crate::scene::{IN, OUT, T, ask, check, check_at, check_trait, is_in, known_by, moment, said, world_of, x};
use crate::written;

#[test]
fn case_01_a_window_holds_its_start_and_the_as_of() {
    let who = "did: X\nwithin: 7 days";
    check(who, &[x("2025-06-03T12:00:00Z", json!({}))], IN);
    check(who, &[x("2025-06-03T11:59:59.999Z", json!({}))], OUT);
    check(who, &[x("2025-06-10T11:59:59.999Z", json!({}))], IN);
    // An event at the very as-of counts in this run; a later one in a later run.
    check(who, &[x(T, json!({}))], IN);
    let later = [x("2025-06-10T12:00:00.001Z", json!({}))];
    check(who, &later, OUT);
    check_at("2025-06-10T13:00:00Z", who, &later, IN);
}

#[test]
fn case_02_a_slice_holds_its_start_and_not_its_end() {
    let who = "did: X\nfrom: 60 days ago\nuntil: 30 days ago";
    check(who, &[x("2025-05-11T12:00:00Z", json!({}))], OUT);
    check(who, &[x("2025-05-11T11:59:59.999Z", json!({}))], IN);
    check(who, &[x("2025-04-11T12:00:00Z", json!({}))], IN);
    check(who, &[x("2025-04-11T11:59:59.999Z", json!({}))], OUT);
}

#[test]
fn case_03_who_did_nothing_did_not_if_considered_at_all() {
    let facts = [said("2025-06-01", json!({ "plan": "pro" }))];
    check("did_not: X", &facts, IN);
    let visitor = world_of(known_by(IdentifierKind::ANONYMOUS_ID), &facts);
    assert!(!is_in(&ask(&visitor, "did_not: X", T)));
}

#[test]
fn case_04_did_not_with_a_filter_minds_only_what_passes_it() {
    let who = "did_not: X\nwhere: { p: 1 }";
    check(who, &[x("2025-06-01", json!({ "p": 2 }))], IN);
    check(who, &[x("2025-06-01", json!({ "p": 2 })), x("2025-06-01", json!({ "p": 1 }))], OUT);
}

/// What is stored is counted; that a message sent twice is stored once is the work of ingest.
#[test]
fn case_05_every_stored_event_counts() {
    let twice = [x("2025-06-01T10:00:00Z", json!({})), x("2025-06-01T10:00:00Z", json!({}))];
    check("did: X\nexactly: 2", &twice, IN);
    check("did: X\nexactly: 2", &twice[..1], OUT);
    check("did: X\nexactly: 1", &twice, OUT);
}

#[test]
fn case_06_whether_zero_counts_is_said_by_the_author() {
    let loaded = written::load(&[("case", "did: X\nat_most: 2")], "UTC");
    assert!(loaded.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error), "{:#?}", loaded.diagnostics);
    check("did: X\nat_least: 0\nat_most: 2", &[], IN);
    check("did: X\nat_least: 1\nat_most: 2", &[], OUT);
    let once = x("2025-06-01", json!({}));
    check("did: X\nat_least: 1\nat_most: 2", &[once.clone(), once.clone()], IN);
    check("did: X\nat_least: 1\nat_most: 2", &[once.clone(), once.clone(), once], OUT);
}

#[test]
fn case_07_a_missing_value_is_not_unequal_unless_allowed() {
    check("traits: { country: { not_equals: US } }", &[], OUT);
    check("traits: { country: { not_equals: US, or_missing: true } }", &[], IN);
}

#[test]
fn case_08_a_missing_value_does_not_lack_a_text() {
    check("traits: { country: { not_contains: US } }", &[], OUT);
}

#[test]
fn case_09_an_empty_text_is_a_value_and_null_takes_it_away() {
    check_trait("{ exists: true }", &json!(""), IN);
    check_trait("\"\"", &json!(""), IN);
    let taken_away = [said("2025-06-01", json!({ "t": "" })), said("2025-06-02", json!({ "t": null }))];
    check("traits: { t: { exists: false } }", &taken_away, IN);
    check("traits: { t: { exists: true } }", &taken_away, OUT);
}

#[test]
fn case_10_a_number_is_read_from_a_decimal_text_and_from_nothing_else() {
    assert_eq!(check_trait("{ at_least: 100 }", &json!("100"), IN).mismatches, 0);
    assert_eq!(check_trait("{ at_least: 100 }", &json!("100 EUR"), OUT).mismatches, 1);
    assert_eq!(check_trait("{ at_least: 100 }", &json!(true), OUT).mismatches, 1);
    let counted =
        check("did: X\nwhere: { p: { at_least: 100 } }", &[x(T, json!({ "p": "x" })), x(T, json!({ "p": "x" })), x(T, json!({}))], OUT);
    assert_eq!(counted.mismatches, 2, "two events say something else than a number, one says nothing");
}

#[test]
fn case_11_true_is_read_from_true_alone() {
    check_trait("{ equals: true }", &json!("true"), IN);
    assert_eq!(check_trait("{ equals: true }", &json!(1), OUT).mismatches, 1);
}

#[test]
fn case_12_the_constant_decides_how_a_value_is_read() {
    check_trait("{ equals: \"5\" }", &json!(5), IN);
    check_trait("{ equals: 5 }", &json!("5.0"), IN);
    check_trait("{ equals: \"5\" }", &json!("5.0"), OUT);
}

#[test]
fn case_13_a_path_through_a_list_has_several_values() {
    let facts = [x("2025-06-01", json!({ "products": [{ "category": "Bags" }, { "category": "Shoes" }] }))];
    check("did: X\nwhere: { products.category: Shoes }", &facts, IN);
    check("did: X\nwhere: { products.category: { not_equals: Shoes } }", &facts, OUT);
    check("did: X\nwhere: { products.category: { not_equals: Hats } }", &facts, IN);
}

#[test]
fn case_14_includes_looks_at_whole_elements() {
    check_trait("{ includes: vip }", &json!(["vipassana"]), OUT);
    check_trait("{ includes: vip }", &json!(["vipassana", "vip"]), IN);
    check_trait("{ includes: vip }", &json!("vip"), IN);
}

#[test]
fn case_15_a_bare_date_of_today_is_ahead_all_day() {
    for hour in 0..24 {
        let as_of = format!("2025-06-10T{hour:02}:30:00Z");
        check_at(&as_of, "traits: { t: { within_next: 3 days } }", &[said("2025-06-01", json!({ "t": "2025-06-10" }))], IN);
    }
}

#[test]
fn case_16_a_timestamp_without_a_zone_is_utc_and_counted() {
    let counted = check_trait("{ after: \"2025-06-10T12:00:00Z\" }", &json!("2025-06-10T12:00:00"), IN);
    assert_eq!((counted.zone_missing, counted.mismatches), (1, 0));
    let counted = check_trait("{ before: \"2025-06-10T12:00:00Z\" }", &json!("2025-06-10T12:00:00"), OUT);
    assert_eq!(counted.zone_missing, 1);
    assert_eq!(check_trait("{ before: 2025-06-10 }", &json!("2025-06-09"), IN).zone_missing, 0, "a bare date lacks no zone");
}

#[test]
fn case_17_an_older_value_that_arrives_later_changes_nothing() {
    let facts = [said("2025-06-02", json!({ "plan": "pro" })), said("2025-06-01", json!({ "plan": "trial" }))];
    check("traits: { plan: pro }", &facts, IN);
    // Said at the same moment: what was received later is newer, then the greater message key.
    let at_once = |received_at: &str, plan: &str| Fact { received_at: moment(received_at), ..said("2025-06-02", json!({ "plan": plan })) };
    check("traits: { plan: pro }", &[at_once("2025-06-04", "pro"), at_once("2025-06-03", "trial")], IN);
    check("traits: { plan: pro }", &[at_once("2025-06-03", "trial"), at_once("2025-06-03", "pro")], IN);
}

#[test]
fn case_23_nothing_is_unknown() {
    // De Morgan, on a value that cannot be read, a missing one and a list.
    for value in [json!("n/a"), json!(null), json!([]), json!({ "a": 1 })] {
        let facts = [said("2025-06-01", json!({ "t": value, "u": "yes" }))];
        check("any: [{ traits: { u: \"yes\" } }, { traits: { t: { above: 5 } } }]", &facts, IN);
        check("all: [{ traits: { u: \"yes\" } }, { traits: { t: { above: 5 } } }]", &facts, OUT);
        check("none: [{ traits: { t: { above: 5 } } }]", &facts, IN);
        check("none: [{ none: [{ traits: { t: { above: 5 } } }] }]", &facts, OUT);
    }
}
