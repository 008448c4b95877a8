//! Lists: order, pages, filters and totals.

use serde_json::{Value, json};

use crate::client::{ACCOUNT, Rig};

/// Follows `next` to its end, and answers the names page by page.
async fn walk(rig: &Rig, query: &str) -> Vec<Vec<String>> {
    let mut path = format!("{ACCOUNT}/customaudiences?{query}");
    let mut pages = Vec::new();
    for _ in 0..50 {
        let page = rig.get(&path).await.json;
        let names = page["data"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned());
        pages.push(names.collect());
        let Some(next) = page["paging"]["next"].as_str() else { return pages };
        next.strip_prefix(&rig.fake.url()).expect("an address of the fake").clone_into(&mut path);
    }
    panic!("the list never ended");
}

#[tokio::test]
async fn pages_come_newest_first_and_end_without_next() {
    let rig = Rig::quiet().await;
    let empty = rig.get(&format!("{ACCOUNT}/customaudiences")).await.json;
    assert_eq!(empty, json!({ "data": [] }), "no `paging` at all");
    for name in ["a", "b", "c", "d", "e"] {
        rig.create(name).await;
    }
    assert_eq!(walk(&rig, "fields=name&limit=2").await, [vec!["e", "d"], vec!["c", "b"], vec!["a"]]);
    let only = rig.get(&format!("{ACCOUNT}/customaudiences?summary=true")).await.json;
    assert!(only["paging"]["cursors"]["after"].is_string() && only["paging"].get("next").is_none());
    assert_eq!(only["summary"]["total_count"], 5);
    assert_eq!(only["data"][0].as_object().unwrap().len(), 1, "`id` alone");
}

#[tokio::test]
async fn twenty_five_by_default() {
    let rig = Rig::quiet().await;
    for number in 0..30 {
        rig.create(&number.to_string()).await;
    }
    let sizes: Vec<usize> = walk(&rig, "fields=name").await.iter().map(Vec::len).collect();
    assert_eq!(sizes, [25, 5]);
    for bad in ["limit=0", "limit=many", "after=nonsense"] {
        assert_eq!(rig.get(&format!("{ACCOUNT}/customaudiences?{bad}")).await.refusal(), (400, 100, 0), "{bad}");
    }
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let rig = Rig::quiet().await;
    for name in ["big", "bigger", "small"] {
        rig.create(name).await;
    }
    rig.control("audiences", json!({ "change": "created", "account": "1234567890", "name": "big", "subtype": "LOOKALIKE" })).await;
    let cases = [
        (json!([{ "field": "name", "operator": "EQUAL", "value": "big" }]), vec!["big", "big"]),
        (json!([{ "field": "name", "operator": "CONTAIN", "value": "BIG" }]), vec!["big", "bigger", "big"]),
        (json!([{ "field": "name", "operator": "IN", "value": ["small", "other"] }]), vec!["small"]),
        (json!([{ "field": "name", "operator": "STARTS_WITH", "value": "bigg" }]), vec!["bigger"]),
        (
            json!([{ "field": "name", "operator": "EQUAL", "value": "big" }, { "field": "subtype", "operator": "EQUAL", "value": "CUSTOM" }]),
            vec!["big"],
        ),
        (json!([{ "field": "name", "operator": "EQUAL", "value": "none" }]), vec![]),
    ];
    for (filter, names) in cases {
        let query = format!("fields=name&filtering={}", escape(&filter));
        assert_eq!(walk(&rig, &query).await.concat(), names, "{filter}");
    }
    let bad = escape(&json!([{ "field": "shoes", "operator": "EQUAL", "value": "1" }]));
    assert_eq!(rig.get(&format!("{ACCOUNT}/customaudiences?filtering={bad}")).await.refusal(), (400, 100, 0));
}

#[tokio::test]
async fn accounts_do_not_see_each_other() {
    let accounts = vec!["1234567890".to_owned(), "222".to_owned()];
    let rig = Rig::start(fake_graph::Options { accounts, ..fake_graph::Options::default() }).await;
    rig.create("mine").await;
    assert_eq!(rig.get("/act_222/customaudiences").await.json, json!({ "data": [] }));
}

#[tokio::test]
async fn pages_of_one_and_empty_pages() {
    let rig = Rig::quiet().await;
    for name in ["a", "b", "c"] {
        rig.create(name).await;
    }
    rig.control("faults", json!({ "match": { "nth": 2 }, "action": { "kind": "pages_of", "size": 0 } })).await;
    assert_eq!(walk(&rig, "fields=name&limit=2").await, [vec!["c", "b"], vec![], vec!["a"]]);
    rig.fake.clear_faults();
    rig.control("faults", json!({ "action": { "kind": "pages_of", "size": 1 } })).await;
    assert_eq!(walk(&rig, "fields=name").await, [["c"], ["b"], ["a"]]);
}

fn escape(value: &Value) -> String {
    value.to_string().replace('"', "%22").replace('{', "%7B").replace('}', "%7D")
}
