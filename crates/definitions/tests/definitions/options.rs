//! How a sink reads the options of its destination.

use definitions::{Destination, Diagnostic, Node};

use crate::made;

/// The one destination of a folder.
#[track_caller]
fn destination(options: &str) -> Destination {
    let loaded = made::with("destinations/shop.yaml", format!("destination: shop\ntype: shop\n{options}").as_bytes());
    let catalog = loaded.catalog.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    catalog.destinations.into_values().next().expect("one destination")
}

/// What an imaginary sink understands.
fn read(destination: &Destination) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut fields = destination.options.as_map().expect("options are a map");
    findings.extend(fields.require("account").and_then(Node::as_text).err());
    findings.extend(fields.take("minimum_size").and_then(|node| node.as_integer().err()));
    findings.extend(fields.take("dry").and_then(|node| node.as_flag().err()));
    findings.extend(fields.take("countries").and_then(|node| node.as_list().err()));
    findings.extend(fields.finish());
    findings
}

#[track_caller]
fn check(options: &str, expected: &[(&str, usize, Option<&str>)]) {
    let findings = read(&destination(options));
    let found: Vec<_> = findings
        .iter()
        .map(|finding| (finding.code, finding.place.as_ref().map_or(0, |place| place.line), finding.help.as_deref()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn what_was_asked_for_is_known() {
    check("account: a\nminimum_size: 100\ndry: true\ncountries: [AT]\n", &[]);
}

#[test]
fn every_mistake_has_its_place_and_its_nearest_word() {
    check(
        "acount: a\nminimum_size: many\ndry: yes\ncountries: AT\ncolour: red\n",
        &[
            ("unknown-key", 3, Some("did you mean `account`?")),
            ("wrong-type", 4, None),
            ("wrong-type", 5, Some("write `true`; `yes` and `on` are texts")),
            ("wrong-type", 6, Some("write `[AT]`")),
            ("unknown-key", 7, Some("known here: `account`, `minimum_size`, `dry` or `countries`")),
        ],
    );
    check("dry: false\n", &[("missing-key", 1, None)]);
}
