//! Erasures: recorded before anything is done, gone on with after any of its steps, and remembered.

use std::collections::{BTreeMap, HashMap};

use model::{AccountLink, Collection, LedgerChange, LedgerRow, LedgerState, LogName, MembershipDiff, ModelKey, ProfileId, Reason, Segment};

use super::cases::{as_of, attached, audience, destination, events, hour, identifier, members, merge, segment, users};
use super::runs::{found, record};
use crate::{
    Erasure, ErasureCounts, ErasureRequest, ErasureState, Flush, Holdings, LeftAt, LeftState, ModelBatch, ModelRow, NewProfile, Refusals,
    Store, StoreError, SyncStart,
};

fn request(id: &str, suppress: bool, profiles: &[u32], digests: &[&str]) -> ErasureRequest {
    ErasureRequest {
        erasure_id: id.to_owned(),
        requested_at: hour(1),
        requested_by: "the desk \u{2713}".to_owned(),
        suppress,
        profiles: profiles.iter().copied().map(ProfileId).collect(),
        digests: digests.iter().map(ToString::to_string).collect(),
    }
}

fn left(key: &str, state: LeftState, rows: u64) -> LeftAt {
    LeftAt { destination: destination(key), state, rows, message: None, at: hour(2) }
}

async fn one(store: &dyn Store, id: &str) -> Erasure {
    store.erasure(id).await.expect("an answer").expect("it is there")
}

pub(super) async fn an_erasure_is_remembered_step_by_step(store: &dyn Store) {
    assert_eq!(store.erasure("e1").await.expect("none"), None);
    assert_eq!(store.unfinished_erasures().await.expect("none"), []);
    store.request_erasure(&request("e1", false, &[7, 3], &["aa", "bb"])).await.expect("asked for");
    let asked = one(store, "e1").await;
    assert_eq!((asked.state, asked.profiles.as_slice()), (ErasureState::Requested, &[ProfileId(3), ProfileId(7)][..]));
    assert_eq!((asked.requested_at, asked.requested_by.as_str(), asked.suppress), (hour(1), "the desk \u{2713}", false));
    assert_eq!(store.profiles_kept_out().await.expect("two"), [ProfileId(3), ProfileId(7)].into());

    let waiting = LeftAt { message: Some("closed: \"try\"\n".to_owned()), ..left("facebook", LeftState::Waiting, 3) };
    store.note_left("e1", &[left("files", LeftState::Removed, 1), waiting.clone()], ErasureState::Requested).await.expect("noted");
    assert_eq!(one(store, "e1").await.destinations, [waiting, left("files", LeftState::Removed, 1)]);
    store.note_left("e1", &[left("facebook", LeftState::Removed, 0)], ErasureState::Left).await.expect("noted");
    let gone = one(store, "e1").await;
    assert_eq!((gone.state, gone.destinations[0].rows, gone.destinations[0].message.clone()), (ErasureState::Left, 3, None));

    store.extend_erasure("e1", &[ProfileId(9)], &["cc".to_owned()]).await.expect("added");
    let extended = one(store, "e1").await;
    assert_eq!((extended.state, extended.profiles.len()), (ErasureState::Requested, 3), "destinations are asked again");
    store.erase_person("e1", &["aa".to_owned(), "dd".to_owned()], hour(3)).await.expect("erased");
    let erased = one(store, "e1").await;
    assert_eq!((erased.state, erased.erased_at, erased.finished_at), (ErasureState::Erased, Some(hour(3)), None));
    assert!(store.profiles_kept_out().await.expect("none").is_empty(), "nothing is left of them");
    assert_eq!(store.unfinished_erasures().await.expect("one"), [erased]);
    store.finish_erasure("e1", 2, hour(4)).await.expect("finished");
    let finished = one(store, "e1").await;
    assert_eq!((finished.state, finished.finished_at, finished.counts.damaged_files), (ErasureState::Finished, Some(hour(4)), 2));
    assert_eq!(store.unfinished_erasures().await.expect("none"), []);

    let later = ErasureRequest { requested_at: hour(5), ..request("e0", false, &[], &["ee"]) };
    store.request_erasure(&later).await.expect("asked for");
    let listed = store.erasures(10).await.expect("two");
    assert_eq!(listed.iter().map(|erasure| erasure.erasure_id.as_str()).collect::<Vec<_>>(), ["e0", "e1"], "newest first");
    assert_eq!(store.erasures(1).await.expect("one").len(), 1);
    let unknown = store.note_left("e7", &[], ErasureState::Left).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { .. })), "{unknown:?}");
    store.scrub().await.expect("nothing stands against it");
}

pub(super) async fn whoever_is_erased_is_kept_out(store: &dyn Store) {
    let empty = store.kept_out(None).await.expect("a list").expect("the first one");
    assert_eq!(store.kept_out(Some(empty.version)).await.expect("the same"), None);
    store.request_erasure(&request("e1", false, &[1], &["aa", "bb"])).await.expect("asked for");
    let asked = store.kept_out(Some(empty.version)).await.expect("a list").expect("another one");
    assert_eq!(asked.erased, HashMap::from([("aa".to_owned(), None), ("bb".to_owned(), None)]));
    store.erase_person("e1", &["cc".to_owned()], hour(3)).await.expect("erased");
    let erased = store.kept_out(Some(asked.version)).await.expect("a list").expect("another one");
    assert_eq!(erased.erased, ["aa", "bb", "cc"].map(|digest| (digest.to_owned(), Some(hour(3)))).into());
    assert!(erased.suppressed.is_empty());

    store.request_erasure(&request("e2", true, &[2], &["bb", "dd"])).await.expect("asked for");
    store.erase_person("e2", &["ee".to_owned()], hour(4)).await.expect("erased");
    let again = store.kept_out(None).await.expect("a list").expect("one");
    assert_eq!((again.erased["aa"], again.erased["bb"]), (Some(hour(3)), Some(hour(4))));
    assert_eq!(again.suppressed, ["bb", "dd", "ee"].map(str::to_owned).into());
    assert_eq!(store.unsuppress(&["dd".to_owned()]).await.expect("let in"), 3, "one of them stands for all");
    let let_in = store.kept_out(Some(again.version)).await.expect("a list").expect("another one");
    assert!(let_in.suppressed.is_empty() && let_in.erased.len() == 5);
}

/// Two people and an account: the first has numbers 0 and 2, and is linked to the account (3), as is the second (1).
async fn people(store: &dyn Store) {
    let account = NewProfile { profile: ProfileId(3), collection: Collection::Accounts, created_at: hour(0) };
    let link = |user| AccountLink { user: ProfileId(user), account: ProfileId(3), since: hour(0) };
    let flush = Flush {
        profiles: users(0, 3).into_iter().chain([account]).collect(),
        identifiers: vec![
            attached(identifier("user_id", "u-0"), 0, hour(0)),
            attached(identifier("email", "ann@example.com"), 2, hour(0)),
            attached(identifier("user_id", "u-1"), 1, hour(0)),
            attached(identifier("group_id", "g"), 3, hour(0)),
        ],
        merges: vec![merge(0, 2)],
        links: vec![link(0), link(1)],
        refusals: vec![Refusals {
            source: "web".to_owned(),
            subject: "email".to_owned(),
            reason: "full".to_owned(),
            count: 3,
            at: hour(0),
            sample: Some("line 7".to_owned()),
            profile: Some(ProfileId(2)),
        }],
        ..Flush::default()
    };
    store.flush(&flush).await.expect("flushed");
    let model = ModelKey::parse("members").expect("a key");
    let sync = store.begin_model_sync(&model).await.expect("begun");
    let row = |key: &str, kind: &str, value: &str| ModelRow {
        key: key.to_owned(),
        checksum: "c".to_owned(),
        identifiers: vec![identifier("user_id", "other"), identifier(kind, value)],
        seen: sync,
    };
    let shared = vec![identifier("user_id", "u-1"), identifier("email", "ann@example.com"), identifier("user_id", "a \"b\"")];
    let saved = vec![
        row("1", "email", "ann@example.com"),
        row("2", "user_id", "u-1"),
        row("3", "user_id", "u-0"),
        ModelRow { identifiers: shared, ..row("4", "", "") },
    ];
    let batch = ModelBatch { model, sync, saved, seen: Vec::new(), deleted: Vec::new(), finished_at: None };
    store.flush(&Flush { model: Some(batch), ..Flush::default() }).await.expect("flushed");
    for (place, profile) in [("facebook", 0), ("facebook", 2), ("files", 2), ("files", 1)] {
        let row = LedgerRow {
            profile: ProfileId(profile),
            schema: "EMAIL".to_owned(),
            cells: format!("[\"{profile}\"]"),
            state: LedgerState::Rejected,
            session_id: None,
            reason: None,
            updated_at: hour(0),
        };
        let change = LedgerChange { upsert: vec![row], delete: Vec::new() };
        store.change_ledger(&audience("a"), &destination(place), &change).await.expect("changed");
    }
}

pub(super) async fn everything_of_a_person_goes_and_nothing_else(store: &dyn Store) {
    people(store).await;
    let mark = store.news(None).await.expect("news").mark;
    let before = store.identities(&[ProfileId(0), ProfileId(1)]).await.expect("two");
    let theirs = [ProfileId(0), ProfileId(2)];
    let ledger_rows = vec![(destination("facebook"), 2), (destination("files"), 1)];
    assert_eq!(store.holdings(&theirs).await.expect("some"), Holdings { links: 1, model_rows: 3, ledger_rows });
    store.request_erasure(&request("e1", false, &[0, 2], &["aa"])).await.expect("asked for");
    store.erase_person("e1", &[], hour(2)).await.expect("erased");

    let counts = ErasureCounts { identifiers: 2, links: 1, ledger_rows: 3, model_rows: 3, ..ErasureCounts::default() };
    assert_eq!(one(store, "e1").await.counts, counts);
    assert_eq!(store.holdings(&theirs).await.expect("none"), Holdings::default());
    let identifiers = [identifier("user_id", "u-0"), identifier("email", "ann@example.com"), identifier("user_id", "u-1")];
    let found = store.find_profiles(&identifiers).await.expect("one");
    assert_eq!(found, HashMap::from([(identifiers[2].clone(), ProfileId(1))]));
    let after = store.identities(&[ProfileId(0), ProfileId(1)]).await.expect("two");
    assert_eq!((after[0].identifiers.as_slice(), &after[1]), (&[][..], &before[1]));
    assert_ne!(after[0].public_id, before[0].public_id, "the name that the outside world knew is gone");
    assert_eq!(store.models().await.expect("one")[0].rows, 2);
    let model = ModelKey::parse("members").expect("a key");
    let left = store.model_rows(&model, &["1", "2", "3", "4"].map(str::to_owned)).await.expect("two");
    let left: BTreeMap<_, _> = left.into_iter().map(|row| (row.key, (row.checksum, row.identifiers))).collect();
    let of_others = vec![identifier("user_id", "u-1"), identifier("user_id", "a \"b\"")];
    assert_eq!(left.keys().collect::<Vec<_>>(), ["2", "4"]);
    assert_eq!(left["4"], (String::new(), of_others), "a row that is about somebody else too is looked at again");
    assert_eq!(store.ledger(&audience("a"), &destination("files")).await.expect("one").len(), 1);

    let refused = store.refusals(9).await.expect("one").remove(0);
    assert_eq!((refused.count, refused.sample, refused.profile), (3, None, None), "it is counted, and no longer says of whom");

    // Whoever knew everybody hears of it.
    let crate::PeopleNews::Changes(changes) = store.news(Some(mark)).await.expect("news").people else { panic!("changes are told") };
    assert!(changes.changed.contains(ProfileId(0)) && changes.changed.contains(ProfileId(2)));
    assert_eq!(store.people().await.expect("people").links.len(), 1);

    // An account is erased like anybody; its users hear of it.
    let mark = store.news(None).await.expect("news").mark;
    store.request_erasure(&request("e2", false, &[3], &["gg"])).await.expect("asked for");
    store.erase_person("e2", &[], hour(3)).await.expect("erased");
    let crate::PeopleNews::Changes(changes) = store.news(Some(mark)).await.expect("news").people else { panic!("changes are told") };
    assert!(changes.changed.contains(ProfileId(1)) && changes.links.is_empty());
}

pub(super) async fn erased_people_were_never_members(store: &dyn Store) {
    let diff = |entered: &[u32], exited: &[u32]| MembershipDiff { entered: members(entered), exited: members(exited) };
    record(store, 1, vec![found("a", &[1, 2], vec![(Reason::Data, diff(&[1, 2], &[]))])]).await;
    let second = found("a", &[1, 3], vec![(Reason::Data, diff(&[3], &[])), (Reason::Time, diff(&[], &[2]))]);
    record(store, 2, vec![second, found("b", &[5], vec![(Reason::Data, diff(&[5], &[]))])]).await;
    store.allow_membership(&audience("a"), &members(&[2, 3]), hour(2)).await.expect("allowed");
    let start = |held_back: &[u32]| SyncStart { audience: audience("a"), destination: destination("files"), held_back: members(held_back) };
    store.save_sync_starts(&[start(&[2, 5])]).await.expect("noted");

    store.request_erasure(&request("e1", false, &[2, 3], &[])).await.expect("asked for");
    store.erase_members("e1").await.expect("erased");
    assert_eq!(one(store, "e1").await.counts.memberships, 1, "they were in one");
    store.erase_members("e1").await.expect("erased again");
    assert_eq!(one(store, "e1").await.counts.memberships, 1);
    let memberships = store.memberships().await.expect("two");
    assert_eq!((&memberships[&audience("a")].members, &memberships[&audience("b")].members), (&members(&[1]), &members(&[5])));
    let changes = store.changes(None, as_of(0), as_of(9)).await.expect("changes");
    let told: Vec<_> = changes.into_iter().map(|change| (change.audience, change.reason, change.diff)).collect();
    assert_eq!(told, [(audience("a"), Reason::Data, diff(&[1], &[])), (audience("b"), Reason::Data, diff(&[5], &[]))]);
    assert_eq!(store.guards().await.expect("one")[&audience("a")].allowed, Some(members(&[])));
    assert_eq!(store.sync_starts().await.expect("one"), [start(&[5])]);
}

pub(super) async fn a_segment_is_named_without_their_rows(store: &dyn Store) {
    let segments =
        vec![segment("traits/a.parquet", LogName::Traits, "2025-03-01"), segment("order/a.parquet", events("Order"), "2025-03-01")];
    store.flush(&Flush { segments, ..Flush::default() }).await.expect("flushed");
    store.request_erasure(&request("e1", false, &[0], &[])).await.expect("asked for");
    let before = store.segments().await.expect("two");
    let rest = Segment { path: "traits/b.parquet".to_owned(), rows: 1, ..before[0].1.clone() };
    store.rewrite_segment("e1", (before[0].0, &before[0].1), Some(&rest)).await.expect("replaced");
    assert_eq!(store.segments().await.expect("two"), [(before[0].0, rest.clone()), before[1].clone()], "under the same number");
    let again = store.rewrite_segment("e1", (before[0].0, &before[0].1), Some(&rest)).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    let grown = Segment { path: "order/c.parquet".to_owned(), ..before[1].1.clone() };
    let grown = store.rewrite_segment("e1", (before[1].0, &before[1].1), Some(&grown)).await;
    assert!(matches!(grown, Err(StoreError::Conflict { .. })), "{grown:?}");
    store.rewrite_segment("e1", (before[1].0, &before[1].1), None).await.expect("gone");
    assert_eq!(store.segments().await.expect("one"), [(before[0].0, rest)]);
    let counts = ErasureCounts { events: 3, trait_changes: 2, segments: 2, ..ErasureCounts::default() };
    assert_eq!(one(store, "e1").await.counts, counts);
    let named = store.flush(&Flush { segments: vec![before[1].1.clone()], ..Flush::default() }).await;
    assert!(matches!(named, Err(StoreError::Conflict { .. })), "what was erased is never named again");
}

pub(super) async fn what_a_merge_took_in_may_be_left_again(store: &dyn Store) {
    let one = |path: &str| segment(path, events("Order"), "2025-03-01");
    store
        .flush(&Flush { segments: vec![one("order/ours.parquet"), one("order/theirs.parquet")], ..Flush::default() })
        .await
        .expect("flushed");
    let sources = store.segments().await.expect("two");
    let merged = Segment { path: "order/both.parquet".to_owned(), rows: sources.iter().map(|(_, source)| source.rows).sum(), ..one("") };
    let number = store.replace_segments(&[sources[0].0, sources[1].0], &merged).await.expect("merged");
    store.request_erasure(&request("e1", false, &[0], &[])).await.expect("asked for");
    let ours = sources[0].1.clone();
    store.rewrite_segment("e1", (number, &merged), Some(&ours)).await.expect("what it was before");
    assert_eq!(store.segments().await.expect("one"), [(number, ours.clone())]);
    for twice in [ours, merged, sources[1].1.clone()] {
        let named = store.flush(&Flush { segments: vec![twice], ..Flush::default() }).await;
        assert!(matches!(named, Err(StoreError::Conflict { .. })), "{named:?}");
    }
}
