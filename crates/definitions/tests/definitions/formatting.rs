//! The canonical layout: what it looks like, and that it never changes what a file says.

use std::fs;
use std::path::{Path, PathBuf};

use definitions::format::{FormatError, format};
use definitions::load;

#[track_caller]
fn formatted(text: &str) -> String {
    format(Path::new("a.yaml"), text).unwrap_or_else(|error| panic!("{error:?}:\n{text}"))
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let once = formatted(text);
    assert_eq!(once, expected);
    assert_eq!(formatted(&once), once, "not settled after once");
}

#[test]
fn keys_stand_in_the_order_of_the_language() {
    check(
        "who:\n    within: 7 days\n    at_least: 2\n    colour: red\n    where: {price: {or_missing: true, above: 5}}\n    did: Order Completed\ndescription: Somebody.\naudience: a\nsync:\n- match_on: [email]\n  to: shop\n",
        "audience: a\ndescription: Somebody.\nwho:\n  did: Order Completed\n  where: { price: { above: 5, or_missing: true } }\n  within: 7 days\n  at_least: 2\n  colour: red\nsync:\n  - to: shop\n    match_on: [email]\n",
    );
    check("if_none: 0\nsum: revenue\nevent: A\ntrait: total\n", "trait: total\nevent: A\nsum: revenue\nif_none: 0\n");
    check(
        "minimum_size: 5\ntype: shop\nad_account: \"1\"\ndestination: x\n",
        "destination: x\ntype: shop\nminimum_size: 5\nad_account: \"1\"\n",
    );
    check("schedule: 0 * * * *\ntimezone: UTC\n", "timezone: UTC\nschedule: \"0 * * * *\"\n");
}

#[test]
fn comments_stay_with_what_they_are_about() {
    check(
        "# yaml-language-server: $schema=x.json\n#second\n\n\ntitle: T # the title\n# the key\naudience: a   # permanent\nwho:   # everybody\n  # one of\n  any:\n    # first\n    - did: A # a\n      # inside\n      within: 7 days\n      # end of the first\n    # second\n\n    - did: B\n    # - did: C\n  # end of who\n\n# the end\n",
        "# yaml-language-server: $schema=x.json\n#second\n\n# the key\naudience: a # permanent\ntitle: T # the title\nwho: # everybody\n  # one of\n  any:\n    # first\n    - did: A # a\n      # inside\n      within: 7 days\n      # end of the first\n    # second\n\n    - did: B\n    # - did: C\n  # end of who\n\n# the end\n",
    );
}

#[test]
fn a_comment_in_brackets_makes_a_block() {
    check(
        "audience: a\nidentified_by: [user_id, # ours\n  email\n  # no more\n  ] # done\nwho: { did: A } # all of it\n",
        "audience: a\nidentified_by: # done\n  - user_id # ours\n  - email\n  # no more\nwho: { did: A } # all of it\n",
    );
    check("who:\n  all: [ # both\n    {did: A}, # a\n    {did: B} ]\n", "who:\n  all: # both\n    - { did: A } # a\n    - { did: B }\n");
    check(
        "who:\n  all:\n    - # odd\n      did: A\n    - within: 7 days\n      # the head\n      did: B\n",
        "who:\n  all:\n    # odd\n    - did: A\n    # the head\n    - did: B\n      within: 7 days\n",
    );
    check(
        "title: # one\n  # two\n  Text # three\nwho: []\n",
        "# one\n# two\ntitle: Text # three\nwho: []\n".replace("# one\n# two\n", "# two\n# one\n").as_str(),
    );
}

#[test]
fn what_looks_like_a_comment_in_a_text_is_none() {
    check(
        "title: \"a # b\" # c\ndescription: |\n  # not a comment\n  two # nor this\nowner: 'it''s # x'\nx: a#b\n",
        "title: \"a # b\" # c\ndescription: |\n  # not a comment\n  two # nor this\nowner: \"it's # x\"\nx: a#b\n",
    );
    check("description: >- # why\n  One line\n  of text.\n# next\nwho: x\n", "description: One line of text. # why\n# next\nwho: x\n");
}

#[test]
fn brackets_hold_what_fits() {
    check(
        "audience: a\nidentified_by:\n  - user_id\n  - email\nwho:\n  traits:\n    plan:\n      one_of:\n        - pro\n        - team\n    tags: {one_of: [aaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbb, cccccccccccccccccccccccc, ddddd, eee]}\n",
        "audience: a\nidentified_by: [user_id, email]\nwho:\n  traits:\n    plan: { one_of: [pro, team] }\n    tags:\n      one_of: [aaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbb, cccccccccccccccccccccccc, ddddd, eee]\n",
    );
    let long = format!("description: >-\n  {}\n", "word ".repeat(30).trim());
    let text = formatted(&long);
    assert!(text.starts_with("description: >-\n  word word") && text.lines().all(|line| line.len() <= 100), "{text}");
    assert_eq!(formatted(&text), text);
    let on_one_line = format!("description: {}\n", "word ".repeat(30).trim());
    check(&on_one_line, &on_one_line);
}

#[test]
fn odd_documents_have_a_layout_too() {
    check("", "");
    check("# only this\n\n\n# and this", "# only this\n\n# and this\n");
    check("\u{feff}%YAML 1.2\n---\r\naudience: a\r\n...\r\n", "audience: a\n");
    check("just text", "just text\n");
    check("- - a\n  - b\n- [ {c: 1} ]\n-\n- ~\n", "- [a, b]\n- [{ c: 1 }]\n-\n- null\n");
    check("{\"a\": 1, \"b\": [ ], c: {}} # end\n", "a: 1\nb: []\nc: {}\n# end\n");
    check("? a\n: b\n'on': x\n2: y\n", "a: b\n\"on\": x\n\"2\": \"y\"\n");
    check("a: \"x\\ny\"\nb: [\"x\\ny\", z]\nc: \" lead\\n\"\n", "a: |-\n  x\n  y\nb:\n  - |-\n    x\n    y\n  - z\nc: \" lead\\n\"\n");
}

#[test]
fn a_file_with_mistakes_of_yaml_is_refused() {
    for text in ["a: 'x", "a: 1\na: 2\n", "a: &x 1\n", "a: !t 1\n", "a: 1\n---\nb: 2\n", "a:\n\tb: 1\n"] {
        assert!(matches!(format(Path::new("a.yaml"), text), Err(FormatError::Refused(findings)) if !findings.is_empty()), "{text}");
    }
}

/// Every definition among the fixtures: `format` proves by itself that tree and comments stay; here, that it finds a
/// layout for all of them, that it settles, and that valid ones keep their meaning, fingerprints included.
#[test]
fn every_fixture_keeps_its_meaning() {
    let mut files = Vec::new();
    for root in ["fixtures", "crates/muster/init"] {
        yaml_files(&Path::new("../..").join(root), &mut files);
    }
    let mut done = 0;
    for file in &files {
        let Ok(text) = fs::read_to_string(file) else { continue };
        match format(file, &text) {
            Ok(once) => {
                assert_eq!(format(file, &once).as_deref(), Ok(once.as_str()), "{} is not settled after once", file.display());
                let comment_marks = |text: &str| text.matches('#').count();
                assert_eq!(comment_marks(&text), comment_marks(&once), "{}", file.display());
                done += 1;
            }
            Err(FormatError::Refused(_)) => {}
            Err(FormatError::Unproven) => panic!("{} has no layout", file.display()),
        }
    }
    assert!(done > 100, "only {done} files");
}

#[test]
fn valid_definitions_have_the_same_fingerprint_afterwards() {
    let folder = Path::new("../../fixtures/definitions/valid");
    for case in fs::read_dir(folder).expect("the fixtures").map(|entry| entry.expect("an entry").path()) {
        let copy = tempfile::tempdir().expect("a temporary folder");
        let mut files = Vec::new();
        yaml_files(&case, &mut files);
        for file in files {
            let target = copy.path().join(file.strip_prefix(&case).expect("inside"));
            fs::create_dir_all(target.parent().expect("a folder")).expect("a writable folder");
            fs::write(target, formatted(&fs::read_to_string(&file).expect("UTF-8"))).expect("a writable folder");
        }
        let (before, after) = (load(&case).catalog.expect("valid"), load(copy.path()).catalog.expect("still valid"));
        assert_eq!(before.fingerprint, after.fingerprint, "{}", case.display());
    }
}

/// Comments put at the end of every line, and on lines of their own between all lines, where YAML allows them.
#[test]
fn comments_anywhere_survive() {
    let text = "audience: a\ntitle: T\nwho:\n  all:\n    - within: 7 days\n      did: A\n      where: {x: 1, y: [2, 3]}\n    - did_not: B\n      then:\n      - [a,\n         b]\n      - - c\n        - d: e\nidentified_by: [user_id,\n  email]\nsync:\n- to: x\n";
    let lines: Vec<&str> = text.lines().collect();
    for at in 0..=lines.len() {
        for column in [0, 2, 4, 6, 8, 12] {
            let mut with = lines.clone();
            let own = format!("{}# own", " ".repeat(column));
            with.insert(at, &own);
            let once = formatted(&with.join("\n"));
            assert_eq!(once.matches("# own").count(), 1);
            assert_eq!(formatted(&once), once, "own at {at}, {column}:\n{once}");
        }
        if at < lines.len() {
            let mut with: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            with[at].push_str(" # behind");
            let once = formatted(&with.join("\n"));
            assert_eq!(formatted(&once), once, "behind {at}:\n{once}");
        }
    }
}

/// Files as they are while somebody types: whatever is YAML has a layout, and it settles; nothing panics.
#[test]
fn half_typed_files_settle_or_are_refused() {
    let mut files = Vec::new();
    yaml_files(Path::new("../../fixtures/definitions/valid"), &mut files);
    let junk =
        ["#", " # c\n", "\n", " ", "  ", "- ", ": ", "\"", "'", "[", "]", "{", "}", ",", "|\n", ">\n", "?", "*", "~", "é", "\t", "\r\n"];
    let (mut settled, mut unproven) = (0, Vec::new());
    for (number, file) in files.iter().enumerate() {
        let text = fs::read_to_string(file).expect("UTF-8");
        let places = text.char_indices().map(|(at, _)| at).skip(number % 3).step_by(3);
        for (at, junk) in places.zip(junk.iter().cycle().skip(number)) {
            let typed = format!("{}{junk}{}", &text[..at], &text[at..]);
            match format(file, &typed) {
                Ok(once) => {
                    assert_eq!(format(file, &once).as_deref(), Ok(once.as_str()), "not settled after once:\n{typed}");
                    settled += 1;
                }
                Err(FormatError::Refused(_)) => {}
                Err(FormatError::Unproven) => unproven.push(typed),
            }
        }
    }
    assert!(settled > 500, "only {settled}");
    assert!(unproven.is_empty(), "{} without a layout, such as:\n{}", unproven.len(), unproven[0]);
}

fn yaml_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            yaml_files(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "yaml") && !path.ends_with(".hidden.yaml") {
            into.push(path);
        }
    }
}
