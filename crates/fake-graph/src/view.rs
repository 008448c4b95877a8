//! A plain snapshot of the fake, for assertions.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::faults::FaultView;
use crate::log::RequestView;
use crate::pii::PiiFinding;
use crate::sessions::Operation;
use crate::state::State;
use crate::throttle::ThrottleViolation;

/// Everything the fake holds. The JSON of `GET /_fake/state`.
#[derive(Debug, Clone, Serialize)]
pub struct StateView {
    /// Unix seconds on the fake's clock.
    pub now: i64,
    /// Every audience that was not deleted, oldest first.
    pub audiences: Vec<AudienceView>,
    /// Every upload session.
    pub sessions: Vec<SessionView>,
    /// Every call that was made, oldest first; control calls are not among them.
    pub requests: Vec<RequestView>,
    /// Cells that should have been hashes. A test run with any has failed.
    pub raw_pii: Vec<PiiFinding>,
    /// Calls that were made while throttled.
    pub throttle_violations: Vec<ThrottleViolation>,
    /// The faults that are set.
    pub faults: Vec<FaultView>,
}

/// One audience.
#[derive(Debug, Clone, Serialize)]
pub struct AudienceView {
    /// Its id.
    pub id: String,
    /// The number of its ad account, without `act_`.
    pub account_id: String,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Such as `CUSTOM`.
    pub subtype: String,
    /// `operation_status.code`.
    pub operation_status: u32,
    /// `delivery_status.code`.
    pub delivery_status: u32,
    /// The rows it holds, in order of arrival, from schema key to cell. Empty cells are left out, and old single-key
    /// names read as the key they stand for.
    pub rows: Vec<BTreeMap<String, String>>,
    /// How many different people among them Facebook knows.
    pub matched: u64,
    /// When its membership last changed.
    pub time_content_updated: i64,
}

/// One upload session.
#[derive(Debug, Clone, Serialize)]
pub struct SessionView {
    /// Its id.
    pub id: String,
    /// The number of its ad account.
    pub account_id: String,
    /// Its audience; nothing for removals from every audience.
    pub audience_id: Option<String>,
    /// `add`, `remove` or `replace`.
    pub operation: String,
    /// Its keys.
    pub schema: Vec<String>,
    /// The `batch_seq` of every batch that came.
    pub batches: Vec<u64>,
    /// Whether its last batch came.
    pub closed: bool,
    /// Rows received, repeats included.
    pub num_received: u64,
    /// Rows found invalid.
    pub num_invalid_entries: u64,
}

pub(crate) fn view(state: &State) -> StateView {
    StateView {
        now: state.clock.now(),
        audiences: audiences(state),
        sessions: sessions(state),
        requests: state.log.view(),
        raw_pii: state.raw_pii.clone(),
        throttle_violations: state.violations.clone(),
        faults: state.faults.view(),
    }
}

fn audiences(state: &State) -> Vec<AudienceView> {
    let mut views = Vec::new();
    for (id, audience) in &state.audiences {
        let named = |row: &crate::rows::Row| row.iter().map(|(key, cell)| (key.name().to_owned(), cell.clone())).collect();
        views.push(AudienceView {
            id: id.to_string(),
            account_id: audience.account.clone(),
            name: audience.name.clone(),
            description: audience.description.clone(),
            subtype: audience.subtype.clone(),
            operation_status: audience.operation_status(),
            delivery_status: audience.delivery_status(),
            rows: audience.rows.iter().map(named).collect(),
            matched: audience.rows.matched(),
            time_content_updated: audience.time_content_updated,
        });
    }
    views
}

fn sessions(state: &State) -> Vec<SessionView> {
    let mut views = Vec::new();
    for ((account, id), session) in &state.sessions {
        let operation = match session.operation {
            Operation::Add => "add",
            Operation::Remove => "remove",
            Operation::Replace => "replace",
        };
        views.push(SessionView {
            id: id.to_string(),
            account_id: account.clone(),
            audience_id: session.audience.map(|audience| audience.to_string()),
            operation: operation.to_owned(),
            schema: session.schema.iter().map(|key| key.name().to_owned()).collect(),
            batches: session.batches.keys().copied().collect(),
            closed: session.closed_at.is_some(),
            num_received: session.num_received,
            num_invalid_entries: session.num_invalid,
        });
    }
    views
}
