//! Adding people to an audience and removing them, from one audience or from all of an account.

use serde_json::{Map, Value, json};

use crate::errors::{GraphError, GraphResult, flagged, no_permission, terms_not_accepted, too_small, update_in_progress};
use crate::faults::Twist;
use crate::options::Samples;
use crate::payload::{Upload, Valued, check_row};
use crate::route::Context;
use crate::rows::{Row, RowSet};
use crate::sessions::{self, Batch, Operation, Subject, Tally};
use crate::state::State;
use crate::{limits, pii};

/// The rows of one request, told apart.
pub(crate) struct Checked {
    pub(crate) rows: Vec<Row>,
    pub(crate) tally: Tally,
    samples: Vec<(String, String)>,
}

/// `POST` and `DELETE` on `/{audience}/users`.
pub(crate) fn change(state: &mut State, context: &Context, id: u64, operation: Operation) -> GraphResult<Value> {
    check_open(state, id)?;
    check_idle(state, id)?;
    let (account, valued) = about(state, id);
    let upload = Upload::parse(&context.call.params, valued)?;
    pii::inspect(state, context.call, &upload)?;
    let subject = Subject { account: &account, audience: Some(id), operation };
    let batch = sessions::admit(state, &subject, &upload, &context.call.params)?;
    let checked = check(state, &upload, context.twist);
    apply(state, id, operation, &checked.rows)?;
    let received = sessions::record(state, &subject, batch, &upload, &checked.tally);
    let mut answer = answer(state, context, batch, received, &checked);
    answer["audience_id"] = json!(id.to_string());
    Ok(answer)
}

/// `DELETE /act_{id}/usersofanyaudience`: the person opts out of every customer-file audience.
pub(crate) fn remove_everywhere(state: &mut State, context: &Context, account: &str) -> GraphResult<Value> {
    let upload = Upload::parse(&context.call.params, Valued::Unknown)?;
    pii::inspect(state, context.call, &upload)?;
    let subject = Subject { account, audience: None, operation: Operation::Remove };
    let batch = sessions::admit(state, &subject, &upload, &context.call.params)?;
    let checked = check(state, &upload, context.twist);
    let now = state.clock.now();
    for audience in state.audiences.values_mut().filter(|audience| audience.account == account) {
        let mut gone = 0;
        for row in &checked.rows {
            gone += audience.rows.remove(row, &state.people);
        }
        if gone > 0 {
            audience.time_content_updated = now;
        }
    }
    let received = sessions::record(state, &subject, batch, &upload, &checked.tally);
    Ok(answer(state, context, batch, received, &checked))
}

/// Refuses an upload to an audience that takes none.
pub(crate) fn check_open(state: &State, id: u64) -> GraphResult<()> {
    let Some(audience) = state.audiences.get(&id) else { return Ok(()) };
    if state.accounts.get(&audience.account).is_some_and(|account| !account.terms_accepted) {
        return Err(terms_not_accepted());
    }
    if !audience.can_edit {
        return Err(no_permission("Permissions error: this audience cannot be edited"));
    }
    if audience.subtype != "CUSTOM" {
        return Err(GraphError::invalid("People can only be uploaded to an audience of subtype CUSTOM"));
    }
    if audience.flagged.is_empty() { Ok(()) } else { Err(flagged()) }
}

/// The account of an audience, and whether its rows carry a value.
pub(crate) fn about(state: &State, id: u64) -> (String, Valued) {
    let audience = state.audiences.get(&id);
    let valued = if audience.is_some_and(|audience| audience.value_based) { Valued::Yes } else { Valued::No };
    (audience.map(|audience| audience.account.clone()).unwrap_or_default(), valued)
}

/// Tells good rows from invalid ones; a fault may spoil some of the good, or lose some.
pub(crate) fn check(state: &State, upload: &Upload, twist: &Twist) -> Checked {
    let mut checked = Checked { rows: Vec::new(), tally: Tally::default(), samples: Vec::new() };
    let (spoiled, reason) = twist.invalid_rows.as_ref().map_or((0, ""), |(count, reason)| (*count, reason.as_str()));
    let arrived = upload.rows.len().saturating_sub(twist.rows_lost);
    for (number, cells) in upload.rows[..arrived].iter().enumerate() {
        checked.tally.received += 1;
        let row = if number < spoiled { Err(reason) } else { check_row(&upload.schema, cells) };
        match row {
            Ok(row) => checked.rows.push(row),
            Err(reason) => {
                checked.tally.invalid += 1;
                if checked.samples.len() < limits::SAMPLES_MAX {
                    checked.samples.push((Value::Array(cells.clone()).to_string(), reason.to_owned()));
                }
            }
        }
    }
    let mut people = RowSet::default();
    for row in &checked.rows {
        people.add(row.clone(), &state.people);
    }
    checked.tally.matched = people.matched();
    checked
}

/// What is common to the answers of all uploads.
pub(crate) fn answer(state: &State, context: &Context, batch: Batch, received: u64, checked: &Checked) -> Value {
    let samples = match state.options.samples {
        Samples::Map => {
            let entries = checked.samples.iter().map(|(row, reason)| (row.clone(), json!(reason)));
            Value::Object(entries.collect::<Map<String, Value>>())
        }
        Samples::List => checked.samples.iter().map(|(row, _)| json!(row)).collect(),
    };
    json!({
        "session_id": batch.session.to_string(),
        "num_received": received.saturating_sub(context.twist.received_short),
        "num_invalid_entries": checked.tally.invalid,
        "invalid_entry_samples": samples,
    })
}

fn check_idle(state: &State, id: u64) -> GraphResult<()> {
    let is_replacing = state.audiences.get(&id).is_some_and(|audience| audience.replacing.is_some());
    if is_replacing { Err(update_in_progress()) } else { Ok(()) }
}

fn apply(state: &mut State, id: u64, operation: Operation, rows: &[Row]) -> GraphResult<()> {
    let now = state.clock.now();
    let Some(audience) = state.audiences.get_mut(&id) else { return Ok(()) };
    if operation == Operation::Add {
        for row in rows {
            audience.rows.add(row.clone(), &state.people);
        }
        audience.fill();
    } else {
        let guarded = state.options.removal_minimum.map(|minimum| (minimum, audience.rows.clone()));
        let before = audience.rows.matched();
        for row in rows {
            audience.rows.remove(row, &state.people);
        }
        let after = audience.rows.matched();
        if let Some((minimum, untouched)) = guarded
            && after < before
            && after < minimum
        {
            audience.rows = untouched;
            return Err(too_small());
        }
    }
    if !rows.is_empty() {
        audience.time_content_updated = now;
    }
    Ok(())
}
