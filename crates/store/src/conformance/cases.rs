//! The values that the tests are made of.

use model::{
    AsOf, AudienceKey, Collection, DestinationKey, EventName, Fingerprint, Identifier, IdentifierKind, LogName, Membership, Moment,
    ProfileId, Segment, SegmentColumn, ValueType,
};

use crate::{AttachedIdentifier, Flush, Merge, NewProfile, Store};

/// So many hours after 2025-03-01 00:00 UTC.
pub(super) fn hour(hours: i64) -> Moment {
    Moment::parse("2025-03-01").expect("a date").plus_micros(hours * 3_600_000_000)
}

pub(super) fn as_of(hours: i64) -> AsOf {
    AsOf(hour(hours))
}

pub(super) fn audience(key: &str) -> AudienceKey {
    AudienceKey::parse(key).expect("a key")
}

pub(super) fn destination(key: &str) -> DestinationKey {
    DestinationKey::parse(key).expect("a key")
}

pub(super) fn fingerprint(text: &str) -> Fingerprint {
    Fingerprint(text.to_owned())
}

pub(super) fn identifier(kind: &str, value: &str) -> Identifier {
    Identifier { kind: IdentifierKind::new(kind), value: value.to_owned() }
}

pub(super) fn members(profiles: &[u32]) -> Membership {
    profiles.iter().copied().map(ProfileId).collect()
}

pub(super) fn attached(identifier: Identifier, profile: u32, first_seen_at: Moment) -> AttachedIdentifier {
    AttachedIdentifier { identifier, profile: ProfileId(profile), first_seen_at, attached_at: first_seen_at }
}

pub(super) fn merge(winner: u32, loser: u32) -> Merge {
    Merge { winner: ProfileId(winner), loser: ProfileId(loser), merged_at: hour(0) }
}

pub(super) fn users(first: u32, count: u32) -> Vec<NewProfile> {
    let user = |number| NewProfile { profile: ProfileId(number), collection: Collection::Users, created_at: hour(0) };
    (first..first + count).map(user).collect()
}

/// One new user per identifier, from profile 0 on.
pub(super) async fn users_with(store: &dyn Store, identifiers: &[Identifier]) {
    let count = u32::try_from(identifiers.len()).expect("a few");
    let attach = |(number, identifier): (u32, &Identifier)| attached(identifier.clone(), number, hour(i64::from(number)));
    let identifiers = (0..).zip(identifiers).map(attach).collect();
    store.flush(&Flush { profiles: users(0, count), identifiers, ..Flush::default() }).await.expect("a first flush");
}

pub(super) fn events(name: &str) -> LogName {
    LogName::Events(EventName::parse(name).expect("an event name"))
}

/// Of which it is not told when it was first seen.
pub(super) fn column(name: &str, value_type: ValueType, rows: u64) -> SegmentColumn {
    SegmentColumn { name: name.to_owned(), value_type, rows, first_at: None, last_at: None }
}

pub(super) fn segment(path: &str, log: LogName, day: &str) -> Segment {
    let at = Moment::parse(day).expect("a date");
    let columns = vec![column("größe", ValueType::Number, 2)];
    Segment { path: path.to_owned(), log, day: at.day(), rows: 3, first_at: at, last_at: at.plus_micros(7), bytes: 1_234, columns }
}
