//! Cases 22 and 40, and what must hold of every run: references in order, the same answer twice, no partial answer.

use evaluate::{Evaluator, Recorded, RecordedAudience, Snapshot};
use model::{AsOf, AudienceKey, Fact, IdentifierKind, Membership, ProfileId};
use serde_json::json;

use crate::scene::{T, catalog_of, known_by, moment, world_of, x};
use crate::{folder, written};

#[test]
fn case_22_a_cycle_of_audiences_is_refused() {
    let loaded = written::load(&[("a", "in_audience: b"), ("b", "in_audience: a")], "UTC");
    assert!(loaded.catalog.is_none());
    let names_the_path = loaded.diagnostics.iter().any(|diagnostic| diagnostic.message.contains("a -> b -> a"));
    assert!(names_the_path, "{:#?}", loaded.diagnostics);
}

#[test]
fn case_22_a_paused_audience_stays_as_it_was() {
    let files = [
        ("audiences/a.yaml", "audience: a\ndescription: Made for a test.\nstate: paused\nwho: { did: X }\n"),
        ("audiences/b.yaml", "audience: b\ndescription: Made for a test.\nwho: { in_audience: a }\n"),
    ];
    let warned = folder::load(&files.map(|(path, text)| (path.to_owned(), text.to_owned())), "UTC").diagnostics;
    assert!(warned.iter().any(|finding| finding.message.contains("paused")), "{warned:#?}");

    let catalog = catalog_of(&files);
    let world = world_of(known_by(IdentifierKind::USER_ID), &[x("2025-06-01", json!({}))]);
    let key = |name: &str| AudienceKey::parse(name).expect("plain");
    for members in [Membership::empty(), Membership::from_iter([ProfileId(0)])] {
        let past = RecordedAudience { members: members.clone(), since: Some(AsOf(moment("2025-06-01"))), changes: Vec::new() };
        let recorded = Recorded { audiences: [(key("a"), past)].into() };
        let evaluation = world.evaluator().evaluate(&catalog, &world.snapshot(), &recorded, AsOf(moment(T))).expect("own lake");
        assert_eq!([&evaluation.memberships[&key("a")], &evaluation.memberships[&key("b")]], [&members, &members]);
    }
}

#[test]
fn case_40_asking_twice_gives_the_same_bytes() {
    let facts: Vec<Fact> = (1..=9).map(|day| x(&format!("2025-06-0{day}T10:00:00Z"), json!({ "p": day }))).collect();
    let world = world_of(known_by(IdentifierKind::USER_ID), &facts);
    let who = "any: [{ did: X, within: 3 days, at_least: 2, where: { p: { above: 7 } } }, { did_not: X }]";
    let (evaluator, catalog) = (world.evaluator(), written::catalog(&[("case", who)], "UTC"));
    let once = |evaluator: &Evaluator| {
        let evaluation = evaluator.evaluate(&catalog, &world.snapshot(), &Recorded::default(), AsOf(moment(T))).expect("own lake");
        let bytes: Vec<_> = evaluation.memberships.values().map(Membership::to_bytes).collect();
        (bytes, evaluation)
    };
    let first = once(&evaluator);
    assert_eq!(first, once(&evaluator), "with columns in memory");
    assert_eq!(first, once(&world.evaluator()), "read afresh");
}

/// A segment that cannot be read completely must never look like nobody matching.
#[test]
fn what_cannot_be_read_is_an_error() {
    let world = world_of(known_by(IdentifierKind::USER_ID), &[x("2025-06-01", json!({})), x("2025-06-02", json!({}))]);
    let catalog = written::catalog(&[("case", "did: X")], "UTC");
    let ask = |snapshot: &Snapshot| world.evaluator().evaluate(&catalog, snapshot, &Recorded::default(), AsOf(moment(T)));
    assert!(ask(&world.snapshot()).is_ok());

    let mut missing = world.snapshot();
    missing.segments[1].1.path = "events/event=X/day=2025-06-02/gone.parquet".to_owned();
    let mut longer = world.snapshot();
    longer.segments[1].1.rows += 1;
    for snapshot in [missing, longer] {
        assert!(ask(&snapshot).is_err());
        assert!(world.evaluator().touched(&snapshot, AsOf(moment("2025-06-01")), None, AsOf(moment(T))).is_err());
    }
}
