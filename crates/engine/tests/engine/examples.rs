//! Tests beside definitions: example people, asked about with the real evaluator.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use definitions::{AudienceState, AudienceTest, Catalog, Place, TestEvent, TestPerson};
use engine::{ExampleOutcome, run_examples};
use model::{AudienceKey, EventName, Value};

use crate::shop::{as_of, moment};

/// Audiences given as (key, who); those whose key ends in `accounts` are of accounts.
fn catalog(audiences: &[(&str, &str)]) -> Catalog {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("audiences")).expect("a writable folder");
    for (name, who) in audiences {
        let (of, kind) = if name.ends_with("accounts") { ("accounts", "group_id") } else { ("users", "email") };
        let text = format!("audience: {name}\nof: {of}\ndescription: Made for a test.\nidentified_by: [{kind}]\nwho: {who}\n");
        std::fs::write(folder.path().join(format!("audiences/{name}.yaml")), text).expect("a writable folder");
    }
    let loaded = definitions::load(folder.path());
    assert!(!folder.path().join("data").exists());
    loaded.catalog.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

fn key(name: &str) -> AudienceKey {
    AudienceKey::parse(name).expect(name)
}

fn did(event: &str, at: &str) -> TestEvent {
    let properties = BTreeMap::from([("price".to_owned(), Value::Number(5.0))]);
    TestEvent { event: EventName::parse(event).expect(event), at: moment(at), properties }
}

/// Asks about one person as of 2025-06-10, expected to be in.
fn ask(catalog: &Catalog, audience: &str, person: TestPerson) -> ExampleOutcome {
    let mut catalog = catalog.clone();
    let place = Place { file: PathBuf::from(format!("audiences/{audience}.yaml")), span: 0..0, line: 31, column: 5 };
    let test = AudienceTest { name: "asked".to_owned(), place, as_of: as_of("2025-06-10T00:00:00Z"), person, expect_in: true };
    catalog.audiences.get_mut(&key(audience)).expect("an audience").tests.push(test);
    run_examples(&catalog, &[key(audience)]).expect("a working evaluator").remove(0)
}

fn held(outcome: &ExampleOutcome) -> Vec<(&str, bool)> {
    outcome.parts.iter().map(|part| (part.condition.as_str(), part.held)).collect()
}

const CART: &str =
    "{ all: [{ did: Product Added, within: 7 days, where: { price: { at_least: 5 } } }, { did_not: Order Completed, within: 7 days }] }";

#[test]
fn a_person_is_in_or_out_and_it_is_said_why() {
    let catalog = catalog(&[("cart", CART)]);
    let added = did("Product Added", "2025-06-08T09:00:00Z");
    let bought = did("Order Completed", "2025-06-09T09:00:00Z");
    let outcome = ask(&catalog, "cart", TestPerson { events: vec![added.clone()], ..TestPerson::default() });
    assert!(outcome.passed());

    let outcome = ask(&catalog, "cart", TestPerson { events: vec![bought, added.clone()], ..TestPerson::default() });
    assert!(!outcome.passed() && !outcome.found_in);
    let expected = [("did: Product Added, where: `price`, within: 7 days", true), ("did_not: Order Completed, within: 7 days", false)];
    assert_eq!(held(&outcome), expected);
    assert_eq!(outcome.line, 31);

    // What lies after the as-of is not there yet.
    let later = did("Order Completed", "2025-06-10T00:00:01Z");
    assert!(ask(&catalog, "cart", TestPerson { events: vec![added, later], ..TestPerson::default() }).passed());
    assert!(!ask(&catalog, "cart", TestPerson::default()).passed());
}

#[test]
fn audiences_referred_to_are_given_or_evaluated() {
    let catalog = catalog(&[
        ("buyers", "{ did: Order Completed }"),
        ("fans", "{ all: [{ in_audience: buyers }, { traits: { plan: pro } }] }"),
        ("part_1", "{ not_in_audience: buyers }"),
    ]);
    let traits = BTreeMap::from([("plan".to_owned(), Value::from("pro"))]);
    let events = vec![did("Order Completed", "2025-06-09T09:00:00Z")];
    let given = |keys: &[&str]| Some(keys.iter().map(|name| key(name)).collect::<BTreeSet<_>>());
    let person = TestPerson { traits, events, ..TestPerson::default() };

    assert!(ask(&catalog, "fans", person.clone()).passed());
    let nobody = TestPerson { audiences: given(&[]), ..person.clone() };
    assert_eq!(held(&ask(&catalog, "fans", nobody)), [("in_audience: buyers", false), ("traits: `plan`", true)]);
    let member = TestPerson { audiences: given(&["buyers"]), events: Vec::new(), ..person };
    assert!(ask(&catalog, "fans", member.clone()).passed());
    assert_eq!(held(&ask(&catalog, "part_1", member)), [("not_in_audience: buyers", false)]);
}

/// An account and its users state memberships of their own; whoever states none has them evaluated.
#[test]
fn each_person_of_a_test_states_its_own_memberships() {
    let catalog = catalog(&[
        ("idle_accounts", "{ did_not: User Logged In }"),
        ("vip", "{ did: Order Completed }"),
        ("of_idle", "{ all: [{ account: { in_audience: idle_accounts } }, { not_in_audience: vip }] }"),
        ("with_vip_accounts", "{ any_user: { in_audience: vip } }"),
    ]);
    let given = |keys: &[&str]| Some(keys.iter().map(|name| key(name)).collect::<BTreeSet<_>>());
    let busy = || TestPerson { events: vec![did("User Logged In", "2025-06-09T09:00:00Z")], ..TestPerson::default() };
    let of = |account: TestPerson| TestPerson { account: Some(Box::new(account)), audiences: given(&[]), ..TestPerson::default() };
    assert!(!ask(&catalog, "of_idle", of(busy())).passed(), "evaluated");
    assert!(ask(&catalog, "of_idle", of(TestPerson { audiences: given(&["idle_accounts"]), ..busy() })).passed(), "given");
    assert!(!ask(&catalog, "of_idle", of(TestPerson { audiences: given(&[]), ..TestPerson::default() })).passed(), "given as none");

    let user = |audiences| TestPerson { users: vec![TestPerson { audiences, ..TestPerson::default() }], ..TestPerson::default() };
    assert!(ask(&catalog, "with_vip_accounts", user(given(&["vip"]))).passed());
    assert!(!ask(&catalog, "with_vip_accounts", user(None)).passed());
}

#[test]
fn a_definition_is_tested_whatever_its_state() {
    let mut catalog = catalog(&[("buyers", "{ did: Order Completed }")]);
    catalog.audiences.get_mut(&key("buyers")).expect("an audience").state = AudienceState::Paused;
    let events = vec![did("Order Completed", "2025-06-10T00:00:00Z")];
    assert!(ask(&catalog, "buyers", TestPerson { events, ..TestPerson::default() }).passed());
}
