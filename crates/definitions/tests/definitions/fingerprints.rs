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

/// A folder in which a computed trait is used directly, through another audience, by accounts, and not at all.
const FOLDER: [(&str, &str); 6] = [
    ("audiences/spenders.yaml", "audience: spenders\ndescription: Spent a lot of money.\nwho: { traits: { spent: { above: 500 } } }\n"),
    ("audiences/behind.yaml", "audience: behind\ndescription: Everybody in another one.\nwho: { in_audience: spenders }\n"),
    ("audiences/others.yaml", "audience: others\ndescription: Nothing to do with it.\nwho: { traits: { plan: gold } }\n"),
    (
        "audiences/firms.yaml",
        "audience: firms\ndescription: Accounts that spent, as they say.\nof: accounts\nwho: { traits: { spent: 5 } }\n",
    ),
    (
        "traits/spent.yaml",
        "trait: spent\ndescription: Money spent in a year.\nevent: Order Completed\nwithin: 365 days\nwhere: { currency: USD }\nsum: cart.total\nif_none: 0\n",
    ),
    (
        "traits/favourite.yaml",
        "trait: favourite\ndescription: What is bought most.\nof: accounts\nevent: Order Completed\nmost_frequent: category\n",
    ),
];

/// The folder with one file changed.
fn folder(path: &str, change: impl Fn(&str) -> String) -> Catalog {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    for (name, text) in FOLDER {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("make a folder");
        let changed = if name == path { change(text) } else { text.to_owned() };
        assert!(name != path || changed != text, "nothing was changed");
        std::fs::write(file, changed).expect("write");
    }
    let loaded = definitions::load(folder.path());
    loaded.catalog.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

/// Which audiences have another meaning after a change, and whether the catalog has.
#[track_caller]
fn changes(path: &str, from: &str, to: &str, audiences: &[&str], catalog: bool) {
    let before = folder("", str::to_owned);
    let after = folder(path, |text| text.replacen(from, to, 1));
    let changed: Vec<&str> = before
        .audiences
        .iter()
        .filter(|(key, audience)| after.audiences[*key].fingerprint != audience.fingerprint)
        .map(|(key, _)| key.as_str())
        .collect();
    assert_eq!(changed, audiences, "{to}");
    assert_eq!(before.fingerprint != after.fingerprint, catalog, "{to}");
}

#[test]
fn every_key_of_a_computed_trait_reaches_whoever_uses_it() {
    for (from, to) in [
        ("Order Completed", "Order Paid"),
        ("365 days", "52 weeks"),
        ("within: 365 days", "from: 365 days ago"),
        ("currency: USD", "currency: EUR"),
        ("where: { currency: USD }\n", ""),
        ("sum:", "average:"),
        ("sum: cart.total", "count: true"),
        ("cart.total", "total.cart"),
        ("if_none: 0", "if_none: 1"),
        ("if_none: 0\n", ""),
    ] {
        changes("traits/spent.yaml", from, to, &["behind", "spenders"], true);
    }
    // It is now a trait of accounts: users have the one that messages say, accounts the computed one.
    changes("traits/spent.yaml", "event", "of: accounts\nevent", &["behind", "firms", "spenders"], true);
    changes("traits/favourite.yaml", "category", "{ of: category, at_least: 3 }", &[], true);
}

#[test]
fn layout_of_a_computed_trait_does_not_count() {
    for (from, to) in [
        ("Money spent", "All the money spent"),
        ("event", "owner: growth-team\nevent"),
        ("event", "of: users\nevent"),
        ("if_none: 0", "if_none: 0.0 # nothing"),
        ("trait: spent\n", "# first\ntrait: spent\n"),
        ("currency: USD", "currency: { equals: \"USD\" }"),
    ] {
        changes("traits/spent.yaml", from, to, &[], false);
    }
    changes("traits/favourite.yaml", "category", "{ of: category, at_least: 2 }", &[], false);
}

#[test]
fn the_life_of_an_audience_counts_where_it_changes_the_answer() {
    let path = "audiences/others.yaml";
    changes(path, "who", "of: accounts\nidentified_by: [group_id]\nwho", &["others"], true);
    changes(path, "who", "state: retired\nwho", &["others"], true);
    // A recorded membership stays the answer while nobody asks anew; only a run finds something else.
    changes(path, "who", "state: paused\nwho", &[], true);
    changes("audiences/spenders.yaml", "who", "state: paused\nwho", &[], true);
    changes(path, "who", "state: live\nof: users\nwho", &[], false);
}

#[test]
fn what_is_sent_when_and_how_it_is_tested_does_not_count() {
    let path = "audiences/others.yaml";
    changes(path, "who", "guards: { max_change: 30%, min_size: 1 }\nwho", &[], false);
    changes(path, "who", "title: Others\nowner: somebody\nwho", &[], false);
    changes(path, "who", "tests: [{ name: a, as_of: 2025-06-10T12:00:00Z, person: {}, expect: out }]\nwho", &[], false);
}
