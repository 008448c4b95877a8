//! Case 24: accounts and their users.

use std::collections::BTreeMap;

use evaluate::Recorded;
use model::{AccountLink, AsOf, AudienceKey, Fact, IdentifierKind, People, ProfileId, Sighting};
use serde_json::json;

use crate::scene::{IN, OUT, T, catalog_of, moment, said, world_of, x};

const USERS: [ProfileId; 2] = [ProfileId(0), ProfileId(1)];
const ACCOUNT: ProfileId = ProfileId(2);

/// An account with so many users, each of whom did `X` or did not.
#[track_caller]
fn check(quantifier: &str, users: &[bool], expected: bool) {
    let since = moment("2025-01-01");
    let sightings =
        BTreeMap::from([(IdentifierKind::new(IdentifierKind::GROUP_ID), vec![Sighting { profile: ACCOUNT, first_seen_at: since }])]);
    let links = USERS[..users.len()].iter().map(|user| AccountLink { user: *user, account: ACCOUNT, since }).collect();
    let people = People { canonical: vec![USERS[0], USERS[1], ACCOUNT], accounts: vec![ACCOUNT], sightings, links };
    let mut facts = vec![Fact { profile: ACCOUNT, ..said("2025-06-01", json!({ "name": "Acme" })) }];
    let active = USERS.iter().zip(users).filter(|(_, active)| **active);
    facts.extend(active.map(|(user, _)| Fact { profile: *user, ..x("2025-06-01", json!({})) }));
    let text = format!(
        "audience: case\ndescription: Made for a test.\nof: accounts\nidentified_by: [group_id]\nwho: {{ {quantifier}: {{ did: X }} }}\n"
    );
    let world = world_of(people, &facts);
    let catalog = catalog_of(&[("audiences/case.yaml", &text)]);
    let evaluation = world.evaluator().evaluate(&catalog, &world.snapshot(), &Recorded::default(), AsOf(moment(T))).expect("own lake");
    let members = &evaluation.memberships[&AudienceKey::parse("case").expect("plain")];
    assert_eq!(members.iter().collect::<Vec<_>>(), if expected { vec![ACCOUNT] } else { Vec::new() }, "{quantifier} of {users:?}");
}

#[test]
fn case_24_an_account_without_users_has_none_that_did_and_not_all() {
    check("any_user", &[], OUT);
    check("all_users", &[], OUT);
    check("no_user", &[], IN);
}

#[test]
fn case_24_quantifiers_look_at_every_user() {
    check("any_user", &[true, false], IN);
    check("all_users", &[true, false], OUT);
    check("no_user", &[true, false], OUT);
    check("all_users", &[true, true], IN);
    check("any_user", &[false, false], OUT);
    check("no_user", &[false, false], IN);
}
