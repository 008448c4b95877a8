//! One person or account as JSON: what `muster profile`, `muster export` and the profile API have in common.
//!
//! Moments are RFC 3339 in UTC, names are those of the domain.

use std::collections::BTreeMap;

use engine::{HeldStay, SaidTrait, Stay};
use model::{AudienceKey, Collection, DestinationKey, Fact, FactKind, LedgerRow, LedgerState, Moment, Value};
use serde_json::{Value as Json, json};
use store::{LinkedProfile, MergedProfile, ProfileRecord, SeenIdentifier};

/// Who it is.
pub(crate) fn identity(record: &ProfileRecord) -> Json {
    json!({
        "id": record.public_id.0,
        "collection": record.collection,
        "created_at": record.created_at.rfc3339(),
        "merged": record.merged.iter().map(merged).collect::<Vec<_>>(),
    })
}

fn merged(merged: &MergedProfile) -> Json {
    json!({ "id": merged.public_id.0, "merged_at": merged.merged_at.rfc3339() })
}

/// One of its identifiers.
pub(crate) fn identifier(seen: &SeenIdentifier) -> Json {
    let identifier = &seen.identifier;
    json!({ "kind": identifier.kind.as_str(), "value": identifier.value, "first_seen_at": seen.first_seen_at.rfc3339() })
}

/// A trait as it was said last.
pub(crate) fn said(name: &str, said: &SaidTrait) -> Json {
    json!({ "name": name, "value": said.value, "said_at": said.said_at.rfc3339(), "received_at": said.received_at.rfc3339() })
}

/// What one message said of traits: a line for each.
pub(crate) fn changes(fact: &Fact) -> Vec<Json> {
    let FactKind::Traits(traits) = &fact.kind else { return Vec::new() };
    let (said_at, received_at) = (fact.occurred_at.rfc3339(), fact.received_at.rfc3339());
    let change =
        |(name, value): &(String, Option<Value>)| json!({ "name": name, "value": value, "said_at": said_at, "received_at": received_at });
    traits.iter().map(change).collect()
}

/// An event.
pub(crate) fn event(fact: &Fact) -> Option<Json> {
    let FactKind::Event { name, properties } = &fact.kind else { return None };
    let properties: BTreeMap<&str, &Value> = properties.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let (occurred_at, received_at) = (fact.occurred_at.rfc3339(), fact.received_at.rfc3339());
    Some(json!({ "event": name.as_str(), "occurred_at": occurred_at, "received_at": received_at, "properties": properties }))
}

/// An audience it is in.
pub(crate) fn stay(stay: &Stay) -> Json {
    json!({
        "audience": stay.audience,
        "entered_at": stay.entered.at.moment().rfc3339(),
        "reason": stay.entered.reason,
        "as_of": stay.as_of.moment().rfc3339(),
    })
}

/// A stay in an audience, over or not.
pub(crate) fn held_stay(stay: &HeldStay) -> Json {
    json!({
        "audience": stay.audience,
        "entered_at": stay.entered.at.moment().rfc3339(),
        "entered_reason": stay.entered.reason,
        "exited_at": stay.exited.map(|exited| exited.at.moment().rfc3339()),
        "exited_reason": stay.exited.and_then(|exited| exited.reason),
    })
}

/// The other end of a link.
pub(crate) fn link(of: Collection, linked: &LinkedProfile) -> Json {
    json!({ "collection": other(of), "id": linked.public_id.0, "since": linked.since.rfc3339() })
}

/// What the other end of a profile's links is.
pub(crate) fn other(of: Collection) -> Collection {
    match of {
        Collection::Users => Collection::Accounts,
        Collection::Accounts => Collection::Users,
    }
}

/// A row as it was sent.
pub(crate) fn sent((audience, destination, row): &(AudienceKey, DestinationKey, LedgerRow)) -> Json {
    json!({
        "audience": audience,
        "destination": destination,
        "state": state(row.state),
        "keys": row.schema,
        // The ledger keeps what was sent as JSON text.
        "cells": serde_json::from_str::<Json>(&row.cells).unwrap_or_else(|_| json!(row.cells)),
        "reason": row.reason,
        "updated_at": row.updated_at.rfc3339(),
    })
}

/// Where a sent row stands, as a word.
pub(crate) fn state(state: LedgerState) -> &'static str {
    match state {
        LedgerState::PendingAdd => "pending_add",
        LedgerState::Added => "added",
        LedgerState::PendingRemove => "pending_remove",
        LedgerState::Rejected => "rejected",
    }
}

/// Rows at one destination for one audience, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SentRows {
    /// Rows that are there, or may be.
    pub(crate) there: u64,
    /// Rows that were refused.
    pub(crate) rejected: u64,
    /// When one of them changed last.
    pub(crate) updated_at: Option<Moment>,
}

/// Rows by audience and destination.
pub(crate) fn counted(rows: &[(AudienceKey, DestinationKey, LedgerRow)]) -> BTreeMap<(&AudienceKey, &DestinationKey), SentRows> {
    let mut counts: BTreeMap<(&AudienceKey, &DestinationKey), SentRows> = BTreeMap::new();
    for (audience, destination, row) in rows {
        let count = counts.entry((audience, destination)).or_default();
        match row.state {
            LedgerState::PendingAdd | LedgerState::Added | LedgerState::PendingRemove => count.there += 1,
            LedgerState::Rejected => count.rejected += 1,
        }
        count.updated_at = count.updated_at.max(Some(row.updated_at));
    }
    counts
}
