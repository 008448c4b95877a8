//! Suppression: out of every destination at once, and out of them for good.

use serde_json::json;

use crate::shop::Shop;

const AUDIENCE: &str = "\
audience: KEY
description: Everybody who ever bought something.
who:
  did: Order Completed
sync:
  - to: facebook_main
    match_on: [email, phone]
    on_exit: ON_EXIT
  - to: files
    on_exit: ON_EXIT
";

fn person(number: u32, email: &str) -> String {
    let user = format!("u-{number}");
    let who = json!({ "type": "identify", "userId": user, "timestamp": "2025-03-01T08:00:00Z", "traits": { "email": email } });
    let order = json!({ "type": "track", "userId": user, "timestamp": "2025-03-01T09:00:00Z", "event": "Order Completed" });
    format!("{who}\n{order}\n")
}

/// Three buyers in two audiences, one of which keeps exits; the second and third share an address.
async fn shop() -> Shop {
    let audience = |key: &str, on_exit: &str| AUDIENCE.replace("KEY", key).replace("ON_EXIT", on_exit);
    let shop = Shop::new(&[
        ("audiences/buyers.yaml", &audience("buyers", "remove")),
        ("audiences/keepers.yaml", &audience("keepers", "keep")),
        ("destinations/facebook_main.yaml", "minimum_size: 1\n"),
    ])
    .await;
    let files = shop.folder.path().join("destinations/files.yaml");
    std::fs::write(files, "destination: files\ntype: file\npath: out\nformat: csv\n").expect("written");
    let people = [person(1, "ann@example.com"), person(2, "family@example.com"), person(3, "dan@example.com")];
    shop.write("people.ndjson", &people.concat());
    shop.expect(0, &["ingest", "people.ndjson"]);
    shop.expect(0, &["run", "--as-of", "2025-03-02T10:00:00Z"]);
    shop
}

/// How many people are in each audience on Facebook, and whether the address is in any members' file.
fn held(shop: &Shop, address: &str) -> (usize, usize, bool) {
    let members = |key: &str| std::fs::read_to_string(shop.folder.path().join(format!("out/{key}.members.csv"))).expect("a members' file");
    let is_filed = ["buyers", "keepers"].iter().any(|key| members(key).contains(address));
    (shop.there("buyers").rows.len(), shop.there("keepers").rows.len(), is_filed)
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_goes_from_everywhere_and_stays_out() {
    let shop = shop().await;
    assert_eq!(held(&shop, "ann@example.com"), (3, 3, true));
    let told = shop.expect(0, &["suppress", "user_id:u-1"]);
    assert!(told.contains("2 identifiers suppressed") && told.contains("facebook_main: 2 rows removed"), "{told}");
    assert!(told.contains("files: 2 rows removed"), "{told}");
    assert_eq!(held(&shop, "ann@example.com"), (2, 2, false), "`on_exit: keep` keeps nobody who is suppressed");

    // What is said of the person is refused, and the next run has them in no audience.
    let again =
        json!({ "type": "identify", "anonymousId": "a-9", "timestamp": "2025-03-02T11:00:00Z", "traits": { "email": "ANN@example.com" } });
    shop.write("again.ndjson", &format!("{again}\n{}", person(4, "new@example.com")));
    let told = shop.expect(1, &["ingest", "again.ndjson"]);
    assert!(told.contains("1 rejected: suppressed") && !told.to_lowercase().contains("ann@"), "{told}");
    shop.expect(0, &["run", "--as-of", "2025-03-03T10:00:00Z"]);
    assert_eq!(shop.expect(0, &["members", "buyers", "--count"]).trim(), "3");
    assert_eq!(held(&shop, "ann@example.com"), (3, 3, false));

    let told = shop.expect(0, &["suppress", "email:ann@example.com"]);
    assert!(told.contains("nothing is there"), "twice changes nothing: {told}");
    assert!(shop.expect(0, &["suppressions"]).contains("2 identifiers suppressed"));
    let told = shop.expect(0, &["unsuppress", "email:ann@example.com"]);
    assert!(told.contains("let in again"), "{told}");
    assert_eq!(held(&shop, "ann@example.com"), (3, 3, false), "the next run says who is a member");
    shop.expect(0, &["run", "--as-of", "2025-03-03T11:00:00Z"]);
    assert_eq!(held(&shop, "ann@example.com"), (4, 4, true));
    assert!(shop.expect(0, &["unsuppress", "email:ann@example.com"]).contains("nobody is suppressed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_done_is_said_and_done_later() {
    let shop = shop().await;
    let closed = json!({ "match": { "path": "*/usersofanyaudience" }, "action": { "kind": "error", "code": 190, "subcode": 463 } });
    shop.graph.add_fault(serde_json::from_value(closed).expect("a fault"));
    let told = shop.expect(1, &["suppress", "user_id:u-1"]);
    assert!(told.contains("facebook_main: not yet: ") && told.contains("system-user token"), "{told}");
    shop.graph.clear_faults();
    shop.expect(0, &["suppress", "user_id:u-1"]);
    assert_eq!(held(&shop, "ann@example.com"), (2, 2, false));
    let told = shop.expect(0, &["--json", "suppress", "user_id:nobody-yet"]);
    assert!(told.contains("\"is_known\": false") || told.contains("\"is_known\":false"), "{told}");
    for typed in ["dora@example.com", "email:"] {
        let complaint = shop.expect(2, &["suppress", typed]);
        assert!(!complaint.contains("dora@"), "{complaint}");
    }
}
