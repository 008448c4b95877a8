//! `usersreplace`: a staging set that takes the place of everyone once its last batch is in.

use std::mem;

use serde_json::{Value, json};

use crate::audiences::{Audience, Content};
use crate::errors::{GraphError, GraphResult, replace_refused, update_in_progress};
use crate::payload::Upload;
use crate::route::Context;
use crate::rows::RowSet;
use crate::sessions::{self, Batch, Operation, Session, Subject};
use crate::state::State;
use crate::{limits, pii, users};

/// A replace that has begun.
pub(crate) struct Replacing {
    session: u64,
    staging: RowSet,
    started_at: i64,
    /// When the finished set takes effect; nothing while batches are missing.
    finish_at: Option<i64>,
}

/// `POST /{audience}/usersreplace`.
pub(crate) fn replace(state: &mut State, context: &Context, id: u64) -> GraphResult<Value> {
    users::check_open(state, id)?;
    let Some(batch) = sessions::parse(&context.call.params)? else {
        return Err(sessions::refused("The parameter session is required to replace users"));
    };
    let (account, valued) = users::about(state, id);
    let subject = Subject { account: &account, audience: Some(id), operation: Operation::Replace };
    let key = (account.clone(), batch.session);
    check_turn(state, id, state.sessions.get(&key), batch)?;
    let upload = Upload::parse(&context.call.params, valued)?;
    pii::inspect(state, context.call, &upload)?;
    if let Some(session) = state.sessions.get(&key) {
        session.check_same(&subject, &upload.schema)?;
        check_complete(session, batch)?;
    }
    let checked = users::check(state, &upload, context.twist);
    let now = state.clock.now();
    let delay_s = state.options.replace_delay_s;
    if let Some(audience) = state.audiences.get_mut(&id) {
        let replacing = audience.replacing.get_or_insert_with(|| Replacing {
            session: batch.session,
            staging: RowSet::default(),
            started_at: now,
            finish_at: None,
        });
        for row in &checked.rows {
            replacing.staging.add(row.clone(), &state.people);
        }
        if batch.last {
            replacing.finish_at = Some(now + delay_s);
        }
    }
    let received = sessions::record(state, &subject, batch, &upload, &checked.tally);
    let mut answer = users::answer(state, context, batch, received, &checked);
    answer["account_id"] = json!(account);
    Ok(answer)
}

/// Ends a replace whose time has come: whole, or cut off after ninety minutes.
pub(crate) fn settle(audience: &mut Audience, now: i64) {
    let Some(replacing) = &mut audience.replacing else { return };
    let (ends_at, content) = match replacing.finish_at {
        Some(at) => (at, Content::Uploaded),
        None => (replacing.started_at + limits::SESSION_LIFE_S, Content::CutOff),
    };
    if ends_at > now {
        return;
    }
    audience.rows = mem::take(&mut replacing.staging);
    audience.replacing = None;
    audience.content = content;
    // When it took effect, not when somebody looked.
    audience.time_content_updated = ends_at;
}

/// Whether this batch may come now, judged before its payload is read.
fn check_turn(state: &State, id: u64, session: Option<&Session>, batch: Batch) -> GraphResult<()> {
    let Some(audience) = state.audiences.get(&id) else { return Ok(()) };
    if let Some(session) = session.filter(|session| session.operation == Operation::Replace && session.audience == Some(id)) {
        if session.closed_at.is_some() {
            return Err(replace_refused(1_870_159, "Session Finished"));
        }
        if session.is_over(state.clock.now()) {
            return Err(replace_refused(1_870_158, "Session Timed Out"));
        }
    }
    if let Some(running) = &audience.replacing {
        return if running.session == batch.session { Ok(()) } else { Err(update_in_progress()) };
    }
    if session.is_none() && batch.seq != 1 {
        return Err(replace_refused(1_870_147, "First Batch Missing"));
    }
    let is_ready =
        matches!(audience.operation_status(), 200 | 415) || (audience.operation_status() == 410 && state.options.replace_unfilled);
    if is_ready {
        return Ok(());
    }
    let refused = GraphError::new(2650, "Failed to update the custom audience");
    Err(refused.shown("Not Ready", "Only an audience that is ready can be replaced; upload to it first."))
}

/// The last batch closes the session, so no earlier one may be missing.
fn check_complete(session: &Session, batch: Batch) -> GraphResult<()> {
    let is_complete = (1..batch.seq).all(|seq| session.batches.contains_key(&seq));
    if batch.last && !is_complete {
        return Err(replace_refused(1_870_148, "Not Fully Updated"));
    }
    Ok(())
}
