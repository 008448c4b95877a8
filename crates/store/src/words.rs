//! The words under which the store keeps the members of closed sets.

use model::{Collection, LedgerState, SyncState, ValueType};

use crate::{ErasureState, KeyPurpose, LeftState, RunKind, StoreError};

pub(crate) fn of_collection(collection: Collection) -> &'static str {
    match collection {
        Collection::Users => "users",
        Collection::Accounts => "accounts",
    }
}

pub(crate) fn collection(word: &str) -> Result<Collection, StoreError> {
    let all = [Collection::Users, Collection::Accounts];
    all.into_iter().find(|collection| of_collection(*collection) == word).ok_or(StoreError::damaged("the collection of a profile"))
}

pub(crate) fn of_key_purpose(purpose: KeyPurpose) -> &'static str {
    match purpose {
        KeyPurpose::Write => "write",
        KeyPurpose::Read => "read",
    }
}

pub(crate) fn of_value_type(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::Number => "number",
        ValueType::Text => "text",
        ValueType::Flag => "flag",
        ValueType::Json => "json",
        ValueType::Gone => "gone",
    }
}

pub(crate) fn value_type(word: &str) -> Result<ValueType, StoreError> {
    let all = [ValueType::Number, ValueType::Text, ValueType::Flag, ValueType::Json, ValueType::Gone];
    all.into_iter().find(|value_type| of_value_type(*value_type) == word).ok_or(StoreError::damaged("the type of a value"))
}

pub(crate) fn of_run_kind(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Schedule => "schedule",
        RunKind::Manual => "manual",
        RunKind::Backfill => "backfill",
    }
}

pub(crate) fn run_kind(word: &str) -> Result<RunKind, StoreError> {
    let all = [RunKind::Schedule, RunKind::Manual, RunKind::Backfill];
    all.into_iter().find(|kind| of_run_kind(*kind) == word).ok_or(StoreError::damaged("the kind of a run"))
}

pub(crate) fn of_sync_state(state: SyncState) -> &'static str {
    match state {
        SyncState::Pending => "pending",
        SyncState::Sent => "sent",
        SyncState::SentBelowMinimum => "sent_below_minimum",
        SyncState::BelowMinimum => "below_minimum",
        SyncState::Held => "held",
        SyncState::Paused => "paused",
        SyncState::Failed => "failed",
    }
}

pub(crate) fn sync_state(word: &str) -> Result<SyncState, StoreError> {
    let all = [
        SyncState::Pending,
        SyncState::Sent,
        SyncState::SentBelowMinimum,
        SyncState::BelowMinimum,
        SyncState::Held,
        SyncState::Paused,
        SyncState::Failed,
    ];
    all.into_iter().find(|state| of_sync_state(*state) == word).ok_or(StoreError::damaged("the state of a sync"))
}

pub(crate) fn of_ledger_state(state: LedgerState) -> &'static str {
    match state {
        LedgerState::PendingAdd => "pending_add",
        LedgerState::Added => "added",
        LedgerState::PendingRemove => "pending_remove",
        LedgerState::Rejected => "rejected",
    }
}

pub(crate) fn ledger_state(word: &str) -> Result<LedgerState, StoreError> {
    let all = [LedgerState::PendingAdd, LedgerState::Added, LedgerState::PendingRemove, LedgerState::Rejected];
    all.into_iter().find(|state| of_ledger_state(*state) == word).ok_or(StoreError::damaged("the state of a ledger row"))
}

pub(crate) fn of_erasure_state(state: ErasureState) -> &'static str {
    match state {
        ErasureState::Requested => "requested",
        ErasureState::Left => "left",
        ErasureState::Erased => "erased",
        ErasureState::Finished => "finished",
    }
}

pub(crate) fn erasure_state(word: &str) -> Result<ErasureState, StoreError> {
    let all = [ErasureState::Requested, ErasureState::Left, ErasureState::Erased, ErasureState::Finished];
    all.into_iter().find(|state| of_erasure_state(*state) == word).ok_or(StoreError::damaged("the state of an erasure"))
}

pub(crate) fn of_left_state(state: LeftState) -> &'static str {
    match state {
        LeftState::Removed => "removed",
        LeftState::GivenUp => "given_up",
        LeftState::Waiting => "waiting",
    }
}

pub(crate) fn left_state(word: &str) -> Result<LeftState, StoreError> {
    let all = [LeftState::Removed, LeftState::GivenUp, LeftState::Waiting];
    all.into_iter().find(|state| of_left_state(*state) == word).ok_or(StoreError::damaged("the state of an erasure at a destination"))
}
