//! Definitions as data: every folder under `fixtures/definitions` is loaded, and everything found is compared with
//! its `expected.txt`. `UPDATE_FIXTURES=1` rewrites those.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{drawing, made, unseen};
use definitions::{Audience, AudienceState, CODES, Catalog, ComputedTrait, Filter, Guards, Loaded, OnExit, StartWith, load};
use model::Collection;

#[test]
fn valid_definitions_mean_what_is_expected() {
    for case in cases("valid") {
        let loaded = load(&case);
        let mut text = drawing::findings(&loaded);
        let catalog = loaded.catalog.unwrap_or_else(|| panic!("{} has errors:\n{text}", case.display()));
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&meaning(&catalog));
        compare(&case, &text);
    }
}

#[test]
fn invalid_definitions_are_refused_with_every_mistake_at_its_place() {
    let cases = cases("invalid");
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    for case in cases {
        let loaded = load(&case);
        assert!(loaded.catalog.is_none(), "{} has no error", case.display());
        assert!(!loaded.diagnostics.is_empty(), "{}", case.display());
        compare(&case, &drawing::findings(&loaded));
    }
}

#[test]
fn every_code_is_explained_and_shown_by_a_case() {
    let mut shown: BTreeSet<&str> = BTreeSet::new();
    for case in cases("valid").into_iter().chain(cases("invalid")) {
        shown.extend(load(&case).diagnostics.iter().map(|finding| finding.code));
    }
    shown.extend(made::all().iter().flat_map(|loaded| &loaded.diagnostics).map(|finding| finding.code));
    shown.extend(unseen::all().iter().map(|finding| finding.code));
    let explained: BTreeSet<&str> = CODES.iter().map(|(code, _)| *code).collect();
    assert_eq!(explained.len(), CODES.len(), "a code is explained twice");
    assert_eq!(shown, explained);
}

#[test]
fn findings_are_in_order_and_point_into_their_files() {
    for case in cases("valid").into_iter().chain(cases("invalid")) {
        let Loaded { diagnostics, sources, .. } = load(&case);
        let positions: Vec<_> = diagnostics.iter().map(|f| f.place.as_ref().map(|p| (p.file.clone(), p.line, p.column))).collect();
        assert!(positions.is_sorted(), "{}", case.display());
        let places = diagnostics.iter().flat_map(|f| f.place.iter().chain(f.labels.iter().map(|label| &label.place)));
        for place in places {
            // A file that could not be read has no text to point into.
            let Some(text) = sources.get(&place.file) else { continue };
            assert!(text.get(place.span.clone()).is_some(), "{}: {place:?}", case.display());
            let before = &text[..place.span.start];
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            assert_eq!(place.line, before.matches('\n').count() + 1, "{}: {place:?}", case.display());
            assert_eq!(place.column, before[line_start..].chars().count() + 1, "{}: {place:?}", case.display());
        }
    }
}

/// What a catalog means, as text.
fn meaning(catalog: &Catalog) -> String {
    let mut text = format!("settings: {:#?}\n", catalog.settings);
    let order: Vec<&str> = catalog.order.iter().map(model::AudienceKey::as_str).collect();
    let _ = writeln!(text, "order: {}", order.join(", "));
    for audience in catalog.audiences.values() {
        let kinds: Vec<&str> = audience.identified_by.iter().map(model::IdentifierKind::as_str).collect();
        let _ = writeln!(
            text,
            "\naudience {} (title {:?}, owner {:?}, identified by {})",
            audience.key,
            audience.title,
            audience.owner,
            kinds.join(", ")
        );
        let _ = writeln!(text, "{:?}", audience.description);
        let _ = writeln!(text, "{}", serde_json::to_string_pretty(&audience.who).expect("a condition is JSON"));
        for sync in &audience.syncs {
            let _ = writeln!(text, "sync to {} (title {:?}, match on {:?})", sync.to, sync.title, sync.match_on);
            if let Some((name, _)) = &sync.value {
                let _ = writeln!(text, "  value {name}");
            }
            if (sync.on_exit, sync.start_with) != (OnExit::Remove, StartWith::Everyone) {
                let _ = writeln!(text, "  on exit {:?}, start with {:?}", sync.on_exit, sync.start_with);
            }
        }
        life(&mut text, audience);
    }
    if !catalog.trait_order.is_empty() {
        let order: Vec<&str> = catalog.trait_order.iter().map(model::TraitKey::as_str).collect();
        let _ = writeln!(text, "\norder of traits: {}", order.join(", "));
    }
    for computed in catalog.traits.values() {
        let ComputedTrait { key, description, owner, of, event, filter, window, aggregate, if_none, fingerprint: _ } = computed;
        let _ = writeln!(text, "\ntrait {key} of {of:?} (owner {owner:?})\n{description:?}");
        let _ = writeln!(text, "{:?} over {} of {event}, {window:?}, if none {if_none:?}", aggregate.reducer, aggregate.path.join(" > "));
        if *filter != Filter::default() {
            let _ = writeln!(text, "{}", serde_json::to_string_pretty(filter).expect("a filter is JSON"));
        }
    }
    for model in catalog.models.values() {
        let _ = writeln!(text, "\n{model:#?}");
    }
    for destination in catalog.destinations.values() {
        let kind = destination.kind.as_text().expect("checked");
        let options = destination.options.as_map().expect("always a map").rest();
        let options: Vec<&str> = options.iter().map(|(key, _)| key.text.as_str()).collect();
        let _ = writeln!(text, "\ndestination {} ({kind}, {:?}), options {options:?}", destination.key, destination.description);
    }
    text
}

/// What is not as it is by default.
fn life(text: &mut String, audience: &Audience) {
    if (audience.of, audience.state) != (Collection::Users, AudienceState::Live) {
        let _ = writeln!(text, "of {:?}, {:?}", audience.of, audience.state);
    }
    if audience.guards != Guards::default() {
        let _ = writeln!(text, "{:?}", audience.guards);
    }
    for test in &audience.tests {
        let place = format!("{}:{}:{}", test.place.file.display(), test.place.line, test.place.column);
        let _ = writeln!(text, "test {:?} at {place}, as of {}, in: {}", test.name, test.as_of, test.expect_in);
        let _ = writeln!(text, "{:#?}", test.person);
    }
}

fn fixtures() -> PathBuf {
    PathBuf::from("../../fixtures/definitions")
}

fn cases(sort: &str) -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> =
        fs::read_dir(fixtures().join(sort)).expect("the fixtures").map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    cases
}

#[track_caller]
#[expect(clippy::disallowed_methods, reason = "the switch of a test, not of the product")]
fn compare(case: &Path, found: &str) {
    let file = case.join("expected.txt");
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        fs::write(&file, found).expect("write the expectation");
        return;
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(found, expected, "{} differs; UPDATE_FIXTURES=1 rewrites it", file.display());
}
