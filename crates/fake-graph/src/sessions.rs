//! Upload sessions: one audience, one operation, one schema, batches in a row, ninety minutes.
//!
//! A repeat of a batch with the same rows is always taken, even after the last batch: a client whose answer was lost
//! cannot know that it arrived.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value, json};

use crate::errors::{GraphError, GraphResult};
use crate::keys::Key;
use crate::params::{Params, is_yes, scalar_text};
use crate::payload::Upload;
use crate::route::Context;
use crate::state::State;
use crate::{fields, limits, paging};

/// What an upload does to an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Remove,
    Replace,
}

/// One session of an ad account.
pub(crate) struct Session {
    /// Nothing for removals from every audience of the account.
    pub(crate) audience: Option<u64>,
    pub(crate) operation: Operation,
    pub(crate) schema: Vec<Key>,
    /// From `batch_seq` to a fingerprint of its rows.
    pub(crate) batches: BTreeMap<u64, u64>,
    pub(crate) opened_at: i64,
    pub(crate) closed_at: Option<i64>,
    pub(crate) num_received: u64,
    pub(crate) num_matched: u64,
    pub(crate) num_invalid: u64,
}

/// The place of one request within its session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    pub(crate) session: u64,
    pub(crate) seq: u64,
    pub(crate) last: bool,
}

/// What the session is about.
pub(crate) struct Subject<'a> {
    pub(crate) account: &'a str,
    pub(crate) audience: Option<u64>,
    pub(crate) operation: Operation,
}

/// How the rows of one request fared.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) received: u64,
    pub(crate) matched: u64,
    pub(crate) invalid: u64,
}

impl Session {
    pub(crate) fn is_over(&self, now: i64) -> bool {
        now - self.opened_at >= limits::SESSION_LIFE_S
    }

    /// Refuses a batch that belongs to another audience, operation or schema.
    pub(crate) fn check_same(&self, subject: &Subject, schema: &[Key]) -> GraphResult<()> {
        if self.audience != subject.audience {
            return Err(refused("session_id is used by another audience"));
        }
        if self.operation != subject.operation {
            return Err(refused("session_id is used by another operation"));
        }
        if self.schema != schema {
            return Err(refused("The schema must not change within a session"));
        }
        Ok(())
    }

    fn node(&self, id: u64, now: i64) -> Map<String, Value> {
        let over = self.closed_at.is_none() && self.is_over(now);
        let stage = match self.closed_at {
            Some(_) => "finished",
            None if over => "timed_out",
            None => "uploading",
        };
        let progress = if stage == "uploading" { 50 } else { 100 };
        let end = self.closed_at.or(over.then_some(self.opened_at + limits::SESSION_LIFE_S));
        let mut node = Map::new();
        let mut put = |name: &str, text: String| node.insert(name.to_owned(), Value::String(text));
        put("session_id", id.to_string());
        put("stage", stage.to_owned());
        put("progress", progress.to_string());
        put("num_received", self.num_received.to_string());
        put("num_matched", self.num_matched.to_string());
        put("num_invalid_entries", self.num_invalid.to_string());
        put("start_time", self.opened_at.to_string());
        if let Some(end) = end {
            put("end_time", end.to_string());
        }
        node
    }
}

/// Reads `session`, if the request has one.
pub(crate) fn parse(params: &Params) -> GraphResult<Option<Batch>> {
    let Some(session) = params.get("session") else { return Ok(None) };
    if !session.is_object() {
        return Err(refused("Param session must be an object"));
    }
    let number = |name: &str| scalar_text(&session[name]).and_then(|text| text.parse::<i64>().ok()).filter(|number| *number > 0);
    let id = number("session_id").ok_or_else(|| refused("session_id must be a positive 64-bit integer"))?;
    let seq = number("batch_seq").ok_or_else(|| refused("batch_seq must be an integer that starts at 1"))?;
    Ok(Some(Batch { session: id.unsigned_abs(), seq: seq.unsigned_abs(), last: is_yes(&session["last_batch_flag"]) }))
}

/// Lets a batch of `/users` into its session, or says why not. Nothing is recorded yet.
pub(crate) fn admit(state: &mut State, subject: &Subject, upload: &Upload, params: &Params) -> GraphResult<Batch> {
    let Some(batch) = parse(params)? else {
        return Ok(Batch { session: state.next_id(), seq: 1, last: true });
    };
    let now = state.clock.now();
    let Some(session) = state.sessions.get(&(subject.account.to_owned(), batch.session)) else {
        if batch.seq != 1 {
            return Err(refused("The first batch of a session must have batch_seq 1"));
        }
        return Ok(batch);
    };
    session.check_same(subject, &upload.schema)?;
    let is_repeat = session.batches.get(&batch.seq) == Some(&fingerprint(upload));
    if session.closed_at.is_some() && !is_repeat {
        return Err(refused("The session has received its last batch; this one was discarded"));
    }
    if session.is_over(now) && !is_repeat {
        return Err(refused("The session ended 90 minutes after its first batch; this one was discarded"));
    }
    Ok(batch)
}

/// Records a batch that was taken, and answers how many rows the session has received so far.
pub(crate) fn record(state: &mut State, subject: &Subject, batch: Batch, upload: &Upload, tally: &Tally) -> u64 {
    let now = state.clock.now();
    let session = state.sessions.entry((subject.account.to_owned(), batch.session)).or_insert_with(|| Session {
        audience: subject.audience,
        operation: subject.operation,
        schema: upload.schema.clone(),
        batches: BTreeMap::new(),
        opened_at: now,
        closed_at: None,
        num_received: 0,
        num_matched: 0,
        num_invalid: 0,
    });
    session.batches.insert(batch.seq, fingerprint(upload));
    session.num_received += tally.received;
    session.num_matched += tally.matched;
    session.num_invalid += tally.invalid;
    if batch.last && session.closed_at.is_none() {
        session.closed_at = Some(now);
    }
    session.num_received
}

/// The `sessions` edge of an audience.
pub(crate) fn list(state: &State, context: &Context, account: &str, audience: u64) -> GraphResult<Value> {
    let params = &context.call.params;
    let asked = fields::asked(params, fields::SESSION, "CustomAudienceSession")?;
    let wanted = params.text("session_id");
    let of_audience = state.sessions.iter().rev().filter(|((owner, _), session)| owner == account && session.audience == Some(audience));
    let ids: Vec<u64> =
        of_audience.map(|((_, id), _)| *id).filter(|id| wanted.as_ref().is_none_or(|wanted| *wanted == id.to_string())).collect();
    let page = paging::page(&ids, context.call, &state.base_url, context.twist.page_size)?;
    let now = state.clock.now();
    let mut data = Vec::new();
    for id in &page.ids {
        if let Some(session) = state.sessions.get(&(account.to_owned(), *id)) {
            data.push(fields::project(&session.node(*id, now), &asked, "session_id"));
        }
    }
    let mut answer = json!({ "data": data });
    if let Some(paging) = page.paging {
        answer["paging"] = paging;
    }
    Ok(answer)
}

pub(crate) fn refused(message: &str) -> GraphError {
    GraphError::invalid(message).blame("session")
}

fn fingerprint(upload: &Upload) -> u64 {
    let mut hasher = DefaultHasher::new();
    upload.rows.hash(&mut hasher);
    hasher.finish()
}
