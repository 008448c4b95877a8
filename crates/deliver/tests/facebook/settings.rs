//! Options: every mistake at once, at its place, with a way out; secrets stay secret.

use definitions::{Diagnostic, Severity};

use crate::stage::{TOKEN, Vault, catalog, configure, vault};

const GOOD: &str = "type: facebook\nad_account: act_1234567890\naccess_token: {env: TOKEN}\n";

/// What is wrong with a destination file, as `line:column code: message (help)`.
fn problems(yaml: &str) -> Vec<String> {
    let (sink, problems) = configure(yaml, &vault());
    assert_eq!(sink.is_none(), problems.iter().any(|problem| problem.severity == Severity::Error), "{problems:?}");
    problems.iter().map(shown).collect()
}

fn shown(problem: &Diagnostic) -> String {
    let place = problem.place.as_ref().map_or("nowhere".to_owned(), |place| format!("{}:{}", place.line, place.column));
    let help = problem.help.as_deref().map(|help| format!(" ({help})")).unwrap_or_default();
    format!("{place} {}: {}{help}", problem.code, problem.message)
}

#[track_caller]
fn check(more: &str, place: &str, words: &str) {
    let found = problems(&format!("{GOOD}{more}\n"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with(place) && found[0].contains(words), "{}", found[0]);
}

#[test]
fn good_options_are_taken() {
    for more in [
        "",
        "minimum_size: 0\nbelow_minimum: send\nadopt_by_name: true\nrecreate_missing: true\nrename: false",
        "name: 'CA_{name}'\ncustomer_file_source: PARTNER_PROVIDED_ONLY\ndefault_country: Germany\ncity_style: utf8",
        "max_rows_per_request: 10000\nremove_transport: post_method_delete\napi_version: v25.0",
        "base_url: http://127.0.0.1:8666\napp_secret: {env: APP_SECRET}",
        "base_url: 'http://[::1]:8666/'",
        "base_url: http://localhost:8666",
    ] {
        assert_eq!(problems(&format!("{GOOD}{more}\n")), [""; 0], "{more}");
    }
    for account in ["1234567890", "act_1234567890", "'1234567890'"] {
        let yaml = format!("type: facebook\nad_account: {account}\naccess_token: {{file: /run/token}}\n");
        assert_eq!(problems(&yaml), [""; 0], "{account}");
    }
}

#[test]
fn every_mistake_is_found_at_once() {
    let found =
        problems("type: facebook\nad_acount: 12\naccess_token: {evn: TOKEN}\nminimum_size: lots\nrename: yes\nbelow_minimum: holt\n");
    assert_eq!(found.len(), 5, "{found:#?}");
    for words in ["did you mean `env`?", "did you mean `ad_account`?", "did you mean `hold`?", "`true` or `false`", "whole number"] {
        assert!(found.iter().any(|problem| problem.contains(words)), "{words}: {found:#?}");
    }
}

#[test]
fn mistakes_are_told_where_they_stand() {
    check("name: VIPs", "5:7", "without `{name}`");
    check("name: '{name} {other}'", "5:7", "only placeholder");
    check("base_url: http://graph.example.com", "5:11", "in the clear");
    check("base_url: https://user@graph.example.com", "5:11", "more than a host");
    check("base_url: graph", "5:11", "not a URL");
    check("api_version: v26", "5:14", "`v26.0`");
    check("api_version: 26.0", "5:14", "`v26.0`");
    check("max_rows_per_request: 10001", "5:23", "between 1 and 10000");
    check("max_rows_per_request: 0", "5:23", "between 1 and 10000");
    check("minimum_size: -1", "5:15", "negative");
    check("default_country: Atlantis", "5:18", "not a country");
    check("customer_file_source: USER", "5:23", "USER_PROVIDED_ONLY");
    check("remove_transport: delete", "5:19", "delete_body");
    check("pixel: 12", "5:1", "unknown key");
}

#[test]
fn a_secret_in_the_file_is_refused_without_repeating_it() {
    let found = problems(&format!("type: facebook\nad_account: 12\naccess_token: {TOKEN}\n"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("4:15 secret-in-definition") && !found[0].contains(TOKEN), "{}", found[0]);
}

#[test]
fn secrets_that_are_not_there_are_told_by_name() {
    let nothing = Vault(vec![("EMPTY", String::new()), ("ODD", "two words".to_owned())]);
    for (source, words) in [("env: TOKEN", "`TOKEN`"), ("file: /none", "`/none`"), ("env: EMPTY", "empty"), ("env: ODD", "spaces")] {
        let (sink, problems) = configure(&format!("type: facebook\nad_account: 12\naccess_token: {{{source}}}\n"), &nothing);
        assert!(sink.is_none());
        assert!(problems.iter().any(|problem| shown(problem).contains(words)), "{problems:?}");
    }
}

#[test]
fn an_unknown_sink_is_told_with_the_nearest() {
    let found = problems("type: facebok\n");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("2:7 unknown-sink") && found[0].contains("did you mean `facebook`?"), "{}", found[0]);
}

#[test]
fn checking_needs_no_secrets_and_looks_at_the_audiences() {
    let audience = |sync: &str| {
        format!(
            "audience: big\ndescription: People who bought.\nwho:\n  all:\n    - did: Order Completed\n      within: 30 days\nsync:\n  - to: far_side\n{sync}"
        )
    };
    let check = |sync: &str| {
        let text = audience(sync);
        let catalog = catalog(GOOD, &[("big", &text)]);
        let audiences: Vec<_> = catalog.audiences.values().collect();
        deliver::check(catalog.destinations.values().next().unwrap(), &audiences).iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(check(""), [""; 0]);
    assert_eq!(check("    match_on: [external_id]\n"), [""; 0]);
    assert_eq!(check("    match_on: [first_name, last_name, zip]\n"), [""; 0]);
    let found = check("    match_on: [phone, emial]\n");
    assert!(found[0].starts_with("9:23 unknown-match-key") && found[0].contains("did you mean `email`?"), "{found:?}");
    let found = check("    match_on: [city, country]\n");
    assert!(found[0].starts_with("9:16 weak-match") && found[0].contains("too little"), "{found:?}");
    let prefix = "x".repeat(250);
    let catalog = catalog(&format!("{GOOD}name: '{prefix}{{name}}'\n"), &[("big", &audience("    title: Everybody who bought\n"))]);
    let audiences: Vec<_> = catalog.audiences.values().collect();
    let found = deliver::check(catalog.destinations.values().next().unwrap(), &audiences);
    assert!(found.len() == 1 && found[0].message.contains("longer than 255"), "{found:?}");
}
