//! Two profiles turn out to be one person: nobody enters again because of it, and what is at the destination is the union of
//! the members' identifiers, whichever side they were known on.

use serde_json::{Value, json};

use crate::shop::Shop;

const BUYERS: &str = "\
audience: buyers
description: Whoever bought something.
identified_by: [email]
who:
  did: Order Completed
sync:
  - to: facebook_main
    match_on: [email]
";

const PAIRS: &str = "\
audience: pairs
description: Whoever bought exactly twice.
identified_by: [email]
who:
  did: Order Completed
  exactly: 2
sync:
  - to: facebook_main
    match_on: [email]
";

/// Orders of A and of B before they are one; whether each audience holds A, B and the one person; entered and exited then.
struct Case {
    name: &'static str,
    orders: (u32, u32),
    audience: &'static str,
    before: (bool, bool),
    after: bool,
    changes: (u64, u64),
}

const CASES: [Case; 6] = [
    Case { name: "in and in stays in", orders: (1, 1), audience: "buyers", before: (true, true), after: true, changes: (0, 0) },
    Case { name: "in and out stays in", orders: (1, 0), audience: "buyers", before: (true, false), after: true, changes: (0, 0) },
    Case { name: "out and in stays in", orders: (0, 1), audience: "buyers", before: (false, true), after: true, changes: (0, 0) },
    Case { name: "in and out goes", orders: (2, 1), audience: "pairs", before: (true, false), after: false, changes: (0, 1) },
    Case { name: "in and in goes once", orders: (2, 2), audience: "pairs", before: (true, true), after: false, changes: (0, 1) },
    Case { name: "out and out enters", orders: (1, 1), audience: "pairs", before: (false, false), after: true, changes: (1, 0) },
];

fn identify(who: &Value, email: &str) -> String {
    let mut message = json!({ "type": "identify", "timestamp": "2025-03-01T08:00:00Z", "traits": { "email": email } });
    add(&mut message, who);
    format!("{message}\n")
}

fn orders(who: &Value, count: u32) -> String {
    let order = |number: u32| {
        let at = format!("2025-03-01T{:02}:00:00Z", 9 + number);
        let mut message = json!({ "type": "track", "timestamp": at, "event": "Order Completed" });
        add(&mut message, who);
        format!("{message}\n")
    };
    (0..count).map(order).collect()
}

fn add(message: &mut Value, who: &Value) {
    for (name, value) in who.as_object().expect("ids") {
        message[name] = value.clone();
    }
}

/// Runs, and says who entered and exited the audience.
fn run(shop: &Shop, at: &str, audience: &str) -> (u64, u64) {
    let told: Value = serde_json::from_str(&shop.expect(0, &["--json", "run", "--as-of", at])).expect("JSON");
    let told = told["audiences"].as_array().expect("audiences").iter().find(|told| told["audience"] == audience).expect("the audience");
    (told["entered"].as_u64().expect("a count"), told["exited"].as_u64().expect("a count"))
}

fn rows(shop: &Shop, audience: &str) -> usize {
    let audiences = shop.graph.state().audiences;
    audiences.into_iter().find(|there| there.name == audience).map_or(0, |there| there.rows.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_enters_again_because_of_a_merge() {
    for case in CASES {
        let shop = Shop::new(&[
            ("audiences/buyers.yaml", BUYERS),
            ("audiences/pairs.yaml", PAIRS),
            ("destinations/facebook_main.yaml", "minimum_size: 1\n"),
        ])
        .await;
        let (a, b) = (json!({ "userId": "a" }), json!({ "anonymousId": "b" }));
        let before = [identify(&a, "a@example.com"), orders(&a, case.orders.0), identify(&b, "b@example.com"), orders(&b, case.orders.1)];
        shop.write("before.ndjson", &before.concat());
        shop.expect(0, &["ingest", "before.ndjson"]);
        let entered = u64::from(case.before.0) + u64::from(case.before.1);
        assert_eq!(run(&shop, "2025-03-02T00:00:00Z", case.audience), (entered, 0), "{}", case.name);
        assert_eq!(rows(&shop, case.audience) as u64, entered, "{}: an address each", case.name);

        let one = json!({ "type": "identify", "userId": "a", "anonymousId": "b", "timestamp": "2025-03-02T08:00:00Z" });
        shop.write("one.ndjson", &one.to_string());
        shop.expect(0, &["ingest", "one.ndjson"]);
        assert_eq!(run(&shop, "2025-03-03T00:00:00Z", case.audience), case.changes, "{}", case.name);
        let both = if case.after { 2 } else { 0 };
        assert_eq!(rows(&shop, case.audience), both, "{}: both addresses, or none", case.name);
        assert_eq!(run(&shop, "2025-03-04T00:00:00Z", case.audience), (0, 0), "{}: and nothing more", case.name);
    }
}
