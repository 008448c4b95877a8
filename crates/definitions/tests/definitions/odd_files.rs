//! Files as editors and accidents leave them.

use definitions::{Diagnostic, Loaded};

use crate::made::{self, PLAIN};

#[track_caller]
fn check(loaded: &Loaded, expected: &[(&str, usize, usize)]) {
    let position = |finding: &Diagnostic| finding.place.as_ref().map_or((0, 0), |place| (place.line, place.column));
    let found: Vec<(&str, usize, usize)> =
        loaded.diagnostics.iter().map(|finding| (finding.code, position(finding).0, position(finding).1)).collect();
    assert_eq!(found, expected);
    assert_eq!(loaded.catalog.is_some(), expected.is_empty());
}

#[test]
fn a_missing_folder_is_a_finding() {
    check(&made::missing_folder(), &[("no-folder", 0, 0)]);
}

#[test]
fn limits_are_findings() {
    check(&made::too_large(), &[("file-too-large", 1, 1)]);
    let loaded = made::too_many_files();
    assert!(loaded.diagnostics.iter().any(|finding| finding.code == "too-many-files"));
}

#[test]
fn a_file_that_cannot_be_opened_is_a_finding() {
    check(&made::dangling_link(), &[("unreadable-file", 1, 1)]);
}

#[test]
fn line_ends_and_byte_order_marks_do_not_matter() {
    check(&made::with("audiences/plain.yaml", PLAIN.replace('\n', "\r\n").as_bytes()), &[]);
    check(&made::with("audiences/plain.yaml", format!("\u{feff}{PLAIN}").as_bytes()), &[]);
    let broken = PLAIN.replace("who:", "colour: red\nwho:").replace('\n', "\r\n");
    check(&made::with("audiences/plain.yaml", broken.as_bytes()), &[("unknown-key", 3, 1)]);
}

#[test]
fn places_count_characters_and_spans_count_bytes() {
    let text = "audience: plain\ndescription: \"Größe: €€\u{1f600}, oder so.\"\nwho: { \"größ\": 1, did: Order Completed }\n";
    let loaded = made::with("audiences/plain.yaml", text.as_bytes());
    check(&loaded, &[("unknown-key", 3, 8)]);
    let place = loaded.diagnostics[0].place.clone().expect("a place");
    assert_eq!(&text[place.span], "\"größ\"");
}

#[test]
fn nothing_a_file_holds_makes_loading_fail() {
    // Every prefix, and every byte put out of order: the reader must answer, whatever it is given.
    let text = "audience: plain\ntitle: \"a\\tb\" # c\nwho:\n  any:\n    - { did: 'X', within: 7 days, where: {a.b: {above: 1e3}} }\n    - |\n      x\n    - &a *a\n    - !t ? [1, ~]\n";
    let sequence = "audience: plain\nwho: { did: A, which: any, sum: { of: a.b, above: { trait: c } }, then: { did_not: B, within: 1 day, same: { d: e.f } } }\n";
    for text in [text, sequence] {
        for end in 0..text.len() {
            made::with("audiences/plain.yaml", &text.as_bytes()[..end]);
        }
    }
    for (index, junk) in (0..text.len()).zip(b"\0\t\n :-?[]{},#&*!|>'\"%@`\\\xff\xc3<~".iter().cycle()) {
        let mut bytes = text.as_bytes().to_vec();
        bytes[index] = *junk;
        made::with("audiences/plain.yaml", &bytes);
        bytes.insert(index, *junk);
        made::with("muster.yaml", &bytes);
    }
}

#[test]
fn deep_nesting_is_refused_before_it_hurts() {
    for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(50_000), "? ".repeat(50_000)] {
        let loaded = made::with("audiences/plain.yaml", text.as_bytes());
        assert!(loaded.catalog.is_none());
    }
}

#[test]
fn large_files_are_answered_in_little_time() {
    const PLAN: &str = "who: { traits: { plan: ";
    const ONE_OF: &str = "who: { traits: { plan: { one_of: [";
    const MATCH_ON: &str = "who: { did: A }\nsync: [{ to: a, match_on: [";
    let filled = |head: &str, item: &str, tail: &str| made::filled(head, |_| item.to_owned(), tail);
    let numbered = |head: &str, item: &str, tail: &str| made::filled(head, |number| format!("{item}{number}, "), tail);
    let begun = std::time::Instant::now();
    for loaded in [
        // One value for ever, in the shapes that a value can have.
        filled(PLAN, "1", " } }"),
        filled(PLAN, "0.1", " } }"),
        filled(&format!("{PLAN}1e"), "9", " } }"),
        filled(&format!("{PLAN}\""), "\\n", "\" } }"),
        filled("who: { traits: { ", "a.", "b: 1 } }"),
        filled("title: |\n", "  a\n", ""),
        filled("title: ", "a", ""),
        // One thing after the other.
        filled(ONE_OF, "*a, ", "] } } }"),
        filled(ONE_OF, "&a !b c, ", "] } } }"),
        filled(ONE_OF, "{ a: 1 }, ", "] } } }"),
        numbered(ONE_OF, "k", "] } } }"),
        numbered(MATCH_ON, "k", "] }]"),
        filled("who: { all: [", "{ did: A, did_not: A }, ", "] }"),
        filled("who: { all: [", "{ in_audience: b }, ", "] }"),
        filled("who: { did: A }\ntests: [", "{ name: a }, ", "]"),
        numbered("who: { did: A }\ntests: [{ name: a, person: { audiences: [", "k", "] } }]"),
        filled("who: { did: A }\nidentified_by: [", "email, ", "]"),
        numbered("who: { did: A }\nwhat: [", "k", "]"),
        filled("", "audience: plain\n", ""),
        filled("who:\n", "  - - - - - -\n", ""),
        filled("", "---\n", ""),
    ] {
        assert!(loaded.diagnostics.iter().all(|finding| finding.message.len() < 1_000));
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}
