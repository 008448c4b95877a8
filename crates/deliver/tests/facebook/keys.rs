//! Which values travel under which keys: mapped fields, ids of apps and pages, limited data use, values as they are.

use deliver::SyncJob;
use deliver::conformance::people;
use model::{Person, Value as Known};
use serde_json::{Value, json};

use crate::stage::Stage;

fn members() -> Vec<Person> {
    let mut people = people(3);
    for (number, person) in (0..).zip(&mut people) {
        person.traits.insert("work_email".to_owned(), Known::from(format!("Work{number}@Example.com").as_str()));
        person.traits.insert("crm_id".to_owned(), Known::from(format!("crm-{number}").as_str()));
        person.traits.insert("facebook_app_user_id".to_owned(), Known::from(format!("10{number}").as_str()));
        person.traits.insert("opted_out".to_owned(), Known::Flag(number == 1));
        person.traits.insert("privacy".to_owned(), Known::Object([("opted_out".to_owned(), Known::Flag(number == 1))].into()));
    }
    people
}

/// The payload of the one upload.
async fn payload(yaml: &str, fields: &[(&str, &str)], match_on: &[&str]) -> Value {
    let stage = Stage::new(&format!("minimum_size: 1\n{yaml}")).await;
    let pair = |(key, field): &(&str, &str)| ((*key).to_owned(), (*field).to_owned());
    let job = SyncJob {
        fields: fields.iter().map(pair).collect(),
        match_on: match_on.iter().map(|word| (*word).to_owned()).collect(),
        ..Stage::job("big", members())
    };
    let outcome = stage.settle_job(&job).await;
    assert_eq!(outcome.rows_added, 3, "{outcome:?}");
    stage.check_manners();
    stage.calls("POST", "/users").remove(0).params["payload"].clone()
}

fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn mapped_fields_take_the_place_of_the_usual_ones() {
    let payload = payload("", &[("email", "work_email"), ("external_id", "crm_id")], &["email", "external_id"]).await;
    assert_eq!(payload["schema"], json!(["EXTERN_ID", "EMAIL"]));
    assert_eq!(payload["data"][0], json!(["crm-0", sha256("work0@example.com")]));
}

#[tokio::test]
async fn ids_of_apps_travel_with_the_app() {
    assert!(!payload("", &[], &[]).await["schema"].to_string().contains("APPUID"), "whose ids they are is not known");
    let payload = payload("app_ids: [\"4711\"]\npage_id: \"4712\"", &[("page_user_id", "crm_id")], &["app_user_id", "page_user_id"]).await;
    assert_eq!(payload["schema"], json!(["APPUID", "PAGEUID"]));
    assert_eq!((&payload["app_ids"], &payload["page_ids"]), (&json!(["4711"]), &json!(["4712"])));
    assert_eq!(payload["data"][2], json!(["102", "crm-2"]));
}

#[tokio::test]
async fn limited_data_use_stands_in_every_row_it_is_meant_for() {
    let everybody = payload("limited_data_use: everybody", &[], &["email"]).await;
    assert_eq!(everybody["schema"], json!(["EMAIL", "DATA_PROCESSING_OPTIONS"]));
    assert_eq!(everybody["data"][0][1], json!(["LDU"]));
    for who in ["opted_out", "privacy.opted_out"] {
        let some = payload(&format!("limited_data_use: {{ who: {who}, country: 1, state: 1000 }}"), &[], &["email"]).await;
        let flags: Vec<Value> = some["data"].as_array().unwrap().iter().map(|row| json!(row.as_array().unwrap()[1..])).collect();
        assert_eq!(flags, [json!([[], 0, 0]), json!([["LDU"], 1, 1000]), json!([[], 0, 0])], "{who}");
    }
}

#[tokio::test]
async fn values_can_be_hashed_as_they_are() {
    let payload = payload("formatting: false", &[("email", "work_email")], &["email"]).await;
    let email = payload["data"][1].as_array().unwrap().last().unwrap().clone();
    assert_eq!(email, json!(sha256("Work1@Example.com")));
}
