//! Options of files: every mistake at once, at its place, with a way out.

use crate::stage::{check_audience, configure, problems_of_page, shown};

#[track_caller]
fn check(more: &str, expected: &[&str]) {
    let (sink, problems) = configure(&format!("type: file\npath: /srv/shelf\n{more}\n"));
    assert_eq!(sink.is_some(), expected.is_empty());
    let found: Vec<String> = problems.iter().map(shown).collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found} should say {expected}");
    }
}

#[test]
fn good_options_are_taken() {
    check("", &[]);
    check("format: csv\nwrite: changes\nspreadsheet_safe: true\nhash: sha256\nminimum_size: 20", &[]);
    check("format: parquet\nwrite: members\nfields: [id, android.idfa, traits.address.city]\nhash: none", &[]);
}

#[test]
fn mistakes_are_told_where_they_stand() {
    check("format: xlsx", &["4:9 unknown-word: `format` cannot be `xlsx` (write one of `csv`, `ndjson`, `parquet`)"]);
    check("write: member", &["4:8 unknown-word: `write` cannot be `member` (did you mean `members`?)"]);
    check("fields: [emial]", &["4:10 unknown-word: `fields` cannot be `emial` (did you mean `email`?)"]);
    check("fields: []", &["4:9 invalid-option"]);
    check("fields: [id, email, id]", &["4:21 invalid-option: `id` is there twice"]);
    check("fields: [traits.]", &["4:10 unknown-word"]);
    check("fields: email", &["4:9 wrong-type"]);
    check("format: ndjson\nspreadsheet_safe: true", &["5:19 invalid-option: `spreadsheet_safe` is for `format: csv` only"]);
    check("minimum_size: -1", &["4:15 invalid-option"]);
    check("hash: md5\nfolder: x", &["4:7 unknown-word", "5:1 unknown-key"]);
}

#[test]
fn a_path_is_needed() {
    let (sink, problems) = configure("type: file\n");
    assert!(sink.is_none());
    assert_eq!(shown(&problems[0]), "1:1 missing-key: `path` is missing (name a folder: `path: /srv/audiences`)");
    let (_, problems) = configure("type: file\npath: ' '\n");
    assert!(shown(&problems[0]).starts_with("3:7 invalid-option"), "{problems:?}");
}

#[test]
fn parquet_needs_somebody_who_writes_it() {
    let catalog = crate::stage::catalog("type: file\npath: /srv/shelf\nformat: parquet\n", &[]);
    let (sink, problems) = deliver::configure(catalog.destinations.values().next().unwrap(), &crate::stage::Vault);
    assert!(sink.is_none() && problems[0].message.contains("parquet cannot be written here"));
}

#[test]
fn audiences_do_not_match_on_anything_here() {
    let yaml = "type: file\npath: /srv/shelf\n";
    assert_eq!(check_audience(yaml, ""), [""; 0]);
    let found = check_audience(yaml, "    match_on: [email]\n");
    assert!(found[0].contains("unknown-match-key") && found[0].contains("chosen by `fields`"), "{found:?}");
}

#[test]
fn the_example_of_the_page_is_right() {
    assert_eq!(problems_of_page("file"), [""; 0]);
}
