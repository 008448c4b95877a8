//! Fingerprints change when, and only when, the meaning does.

use definitions::Catalog;

use crate::made;

#[track_caller]
fn catalog(text: &str) -> Catalog {
    let loaded = made::with("audiences/plain.yaml", text.as_bytes());
    loaded.catalog.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

const FIRST: &str = r"
audience: plain
description: Bought at least once.
identified_by: [email, user_id]
who:
  all:
    - did: Order Completed
      within: 30 days
      where: { total: { above: 50, below: 100 }, coupon: { one_of: [A, B] } }
    - traits: { plan: gold, address.city: Wien, big: 18446744073709551615 }
";

#[track_caller]
fn check(change: impl Fn(&str) -> String, same: bool) {
    let changed = change(FIRST);
    assert_ne!(changed, FIRST, "nothing was changed");
    assert_eq!(catalog(FIRST).fingerprint == catalog(&changed).fingerprint, same, "{changed}");
}

#[test]
fn layout_does_not_count() {
    check(|text| format!("# a comment\n{text}"), true);
    check(|text| text.replace("[email, user_id]", "[user_id, email]"), true);
    check(|text| text.replace("Bought at least once", "Has bought something"), true);
    check(|text| text.replace("description", "title: Buyers\ndescription"), true);
    check(|text| text.replace("{ above: 50, below: 100 }", "{ below: 100, above: 50.0 }"), true);
    check(|text| text.replace("[A, B]", "[\"B\", 'A']"), true);
    check(|text| text.replace("plan: gold,", "plan: { equals: gold },"), true);
    check(|text| text.replace("within: 30 days", "at_least: 1\n      within: 30 days"), true);
}

#[test]
fn meaning_does() {
    check(|text| text.replace("30 days", "31 days"), false);
    check(|text| text.replace("above: 50", "at_least: 50"), false);
    check(|text| text.replace("[email, user_id]", "[email]"), false);
    check(|text| text.replace("all:", "any:"), false);
    check(|text| text.replace("address.city", "city.address"), false);
    check(|text| text.replace("did:", "did_not:"), false);
    check(|text| text.replace("plan: gold", "plan: { equals: gold, or_missing: true }"), false);
    check(|text| text.replace("18446744073709551615", "18446744073709551614"), false);
}

#[test]
fn a_change_reaches_whoever_refers_to_it() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let audiences = folder.path().join("audiences");
    std::fs::create_dir(&audiences).expect("make a folder");
    let outer = "audience: outer\ndescription: Everybody in the inner one.\nwho: { in_audience: plain }\n";
    let other = "audience: other\ndescription: Nothing to do with it.\nwho: { did: Signed Up }\n";
    std::fs::write(audiences.join("outer.yaml"), outer).expect("write");
    std::fs::write(audiences.join("other.yaml"), other).expect("write");
    let load = |text: &str| {
        std::fs::write(audiences.join("plain.yaml"), text).expect("write");
        definitions::load(folder.path()).catalog.expect("valid")
    };
    let before = load(made::PLAIN);
    let after = load(&made::PLAIN.replace("Order Completed", "Order Refunded"));
    let fingerprint = |catalog: &Catalog, key: &str| {
        let key = model::AudienceKey::parse(key).expect("a key");
        catalog.audiences[&key].fingerprint.clone()
    };
    assert_ne!(fingerprint(&before, "plain"), fingerprint(&after, "plain"));
    assert_ne!(fingerprint(&before, "outer"), fingerprint(&after, "outer"));
    assert_eq!(fingerprint(&before, "other"), fingerprint(&after, "other"));
    assert_eq!(fingerprint(&before, "other").0.len(), 32);
}
