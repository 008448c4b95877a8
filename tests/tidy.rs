//! The borders that compilers do not hold: which crate may depend on which, and what the tree may hold.
//!
//! The tables here are those of `ARCHITECTURE.md`; when one changes, so does the other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const OURS: [&str; 12] =
    ["collect", "definitions", "deliver", "diff", "engine", "evaluate", "fake-graph", "ingest", "lake", "model", "muster", "store"];

/// For each crate, which of ours it may use.
const ARROWS: [(&str, &[&str]); 12] = [
    ("model", &[]),
    ("diff", &["model"]),
    ("definitions", &["model"]),
    ("lake", &["model"]),
    ("store", &["model"]),
    ("ingest", &["model", "lake", "store"]),
    ("evaluate", &["model", "definitions", "lake", "diff"]),
    ("deliver", &["model", "diff", "definitions"]),
    ("engine", &["model", "diff", "definitions", "lake", "store", "ingest", "evaluate", "deliver"]),
    ("collect", &["model", "ingest"]),
    ("muster", &["model", "diff", "definitions", "lake", "store", "ingest", "evaluate", "deliver", "engine", "collect", "fake-graph"]),
    ("fake-graph", &[]),
];

/// For each crate of others, who of ours may use it: the borders that matter.
const KEPT_TO: [(&str, &[&str]); 7] = [
    ("polars", &["lake"]),
    ("sqlx", &["store"]),
    ("reqwest", &["deliver"]),
    ("saphyr-parser", &["definitions"]),
    ("axum", &["collect", "muster", "fake-graph"]),
    ("clap", &["muster", "fake-graph"]),
    ("tokio", &["store", "ingest", "deliver", "engine", "collect", "muster", "fake-graph"]),
];

fn root() -> PathBuf {
    PathBuf::from("../..")
}

/// The names under `[dependencies]` of a crate's manifest.
fn dependencies(name: &str) -> BTreeSet<String> {
    let path = root().join("crates").join(name).join("Cargo.toml");
    let manifest = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let section = manifest.split("\n[dependencies]\n").nth(1).expect("a [dependencies] section");
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| line.split(['.', ' ', '=']).next()).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn arrows_between_crates_are_those_of_the_architecture() {
    for (name, allowed) in ARROWS {
        let used: Vec<_> = dependencies(name).into_iter().filter(|used| OURS.contains(&used.as_str())).collect();
        for arrow in used {
            assert!(allowed.contains(&arrow.as_str()), "`{name}` may not depend on `{arrow}`");
        }
    }
}

#[test]
fn every_crate_is_in_the_table() {
    let folders = fs::read_dir(root().join("crates")).expect("crates/");
    let found: BTreeSet<String> = folders.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(found, OURS.iter().map(|name| (*name).to_owned()).collect());
}

#[test]
fn each_kind_of_work_is_kept_to_its_crate() {
    for (theirs, ours) in KEPT_TO {
        for name in OURS {
            let allowed = ours.contains(&name);
            assert!(allowed || !dependencies(name).contains(theirs), "`{name}` may not use `{theirs}`");
        }
    }
}

#[test]
fn the_top_level_holds_what_it_should() {
    let allowed = [
        ".cargo",
        ".ci",
        ".dockerignore",
        ".git",
        ".gitignore",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Cargo.lock",
        "Cargo.toml",
        "Dockerfile",
        "LICENSE",
        "README.md",
        "clippy.toml",
        "crates",
        "deny.toml",
        "docker-compose.yml",
        "docs",
        "fixtures",
        "rustfmt.toml",
        "sql",
        "target",
        "tests",
    ];
    for entry in fs::read_dir(root()).expect("the top level") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        assert!(allowed.contains(&name.as_str()), "`{name}` has no place at the top level");
    }
}

#[test]
fn nothing_is_left_for_later() {
    let mut sources = Vec::new();
    rust_files(&root().join("crates"), &mut sources);
    assert!(sources.len() > 50, "the search went wrong: {} files", sources.len());
    for path in sources {
        let text = fs::read_to_string(&path).expect("source");
        for mark in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("unimple", "mented!"), concat!("to", "do!(")] {
            assert!(!text.contains(mark), "{} holds `{mark}`", path.display());
        }
        assert!(text.starts_with("//!"), "{} does not say what it is for", path.display());
    }
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

/// Whatever code a finding has, `muster explain` knows it and the reference lists it.
#[test]
fn every_code_is_in_the_reference() {
    let reference = fs::read_to_string(root().join("docs/reference.md")).expect("the reference");
    let mut missing = BTreeSet::new();
    let mut sources = Vec::new();
    rust_files(&root().join("crates"), &mut sources);
    for path in sources {
        let text = fs::read_to_string(&path).expect("source");
        for made in ["Diagnostic::error(\"", "Diagnostic::warning(\"", "Diagnostic::hint(\""] {
            for rest in text.split(made).skip(1) {
                let code = rest.split('"').next().unwrap_or_default();
                if !reference.contains(&format!("| `{code}` |")) {
                    missing.insert(code.to_owned());
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
