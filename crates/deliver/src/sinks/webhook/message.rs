//! Messages: what a call says of one person, in the shape of Segment's audience calls.
//!
//! **Invariant:** a message is made of what the ledger recorded before it was sent and of the person's details; made again
//! after a lost answer it has the same id and the same timestamp.

use chrono::SecondsFormat;
use model::{IdentifierKind, LedgerRow, Moment, Person};
use serde_json::{Map, Value, json};

use super::options::Call;
use crate::roster::{Entry, Schema, fingerprint};
use crate::traits::trait_at;
use crate::{Context, SyncJob, Trial};

/// What the ledger keeps of a person: the ids a call names, as they were sent, and the details as a fingerprint. An exit is
/// told by the ids that the entry was told by, whatever the person is called by then.
pub(super) const SCHEMA: Schema = Schema { names: "PUBLIC_ID,USER_ID,ANONYMOUS_ID,GROUP_ID,SHA256", key };

/// By which of the ids the receiver knows somebody.
fn key(cells: &[String]) -> String {
    let kinds = [("user", &cells[1]), ("group", &cells[3]), ("anonymous", &cells[2]), ("public", &cells[0])];
    let known = kinds.into_iter().find(|(_, id)| !id.is_empty());
    known.map(|(kind, id)| format!("{kind} {id}")).unwrap_or_default()
}

/// What happened to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transition {
    Entered,
    /// In as before, with other details.
    Changed,
    Exited,
}

/// What is told of somebody who is in, beside the ids.
pub(super) struct Details {
    traits: Map<String, Value>,
}

impl Details {
    /// The e-mail address first seen, and the value the sync names.
    pub(super) fn of(person: &Person, job: &SyncJob) -> Self {
        let email = first(person, IdentifierKind::EMAIL).map(|email| ("email".to_owned(), Value::from(email)));
        let value = job.value.as_ref().and_then(|name| Some((name.clone(), serde_json::to_value(trait_at(&person.traits, name)?).ok()?)));
        Self { traits: email.into_iter().chain(value).collect() }
    }

    fn text(&self) -> String {
        Value::Object(self.traits.clone()).to_string()
    }
}

/// The person as the ledger will know them.
pub(super) fn entry(person: &Person, details: &Details) -> Entry {
    let id = |kind| first(person, kind).unwrap_or_default().to_owned();
    let user_id = id(IdentifierKind::USER_ID);
    let anonymous_id = if user_id.is_empty() { id(IdentifierKind::ANONYMOUS_ID) } else { String::new() };
    let mut cells = vec![person.public_id.0.clone(), user_id, anonymous_id, id(IdentifierKind::GROUP_ID)];
    let details = details.text();
    cells.push(fingerprint(cells.iter().map(String::as_str).chain([details.as_str()])));
    Entry { profile: person.profile, cells }
}

/// The identifier of a kind that was seen first: others may come, this one stays.
fn first<'p>(person: &'p Person, kind: &str) -> Option<&'p str> {
    person.identifiers.iter().find(|identifier| identifier.kind.as_str() == kind).map(|identifier| identifier.value.as_str())
}

/// The message of a transition that the ledger recorded in `row`, made of `cells`.
pub(super) fn message(
    (call, transition): (Call, Transition),
    (job, context): (&SyncJob, &Context<'_>),
    (row, cells): (&LedgerRow, &[String]),
    details: Option<&Details>,
) -> Value {
    let key = job.audience.as_str();
    let is_in = transition != Transition::Exited;
    let mut traits = details.map(|details| details.traits.clone()).unwrap_or_default();
    let personas = json!({
        "computation_class": "audience",
        "computation_id": key,
        "computation_key": key,
        "namespace": "muster",
        "space_id": "muster",
        "external_audience_id": key,
        "audience_settings": {},
    });
    let [public_id, user_id, anonymous_id, group_id] = [0, 1, 2, 3].map(|cell| cells[cell].as_str());
    let external_id = json!({ "id": public_id, "type": "muster_id", "collection": "users", "encoding": "none" });
    let mut around = json!({ "personas": personas, "externalIds": [external_id] });
    if !group_id.is_empty() {
        around["groupId"] = group_id.into();
    }
    let mut message = Map::new();
    // Someone already told of is told of again by what holds, not as if it happened a second time.
    if call == Call::Track && transition != Transition::Changed {
        let event = if is_in { "Audience Entered" } else { "Audience Exited" };
        around["traits"] = traits.into();
        let properties = Map::from_iter([("audience_key".to_owned(), key.into()), (key.to_owned(), is_in.into())]);
        message.extend([("type".to_owned(), "track".into()), ("event".to_owned(), event.into())]);
        message.insert("properties".to_owned(), properties.into());
    } else {
        traits.insert(key.to_owned(), is_in.into());
        message.extend([("type".to_owned(), "identify".into()), ("traits".to_owned(), traits.into())]);
    }
    match (user_id, anonymous_id) {
        ("", "") => message.insert("anonymousId".to_owned(), public_id.into()),
        ("", anonymous_id) => message.insert("anonymousId".to_owned(), anonymous_id.into()),
        (user_id, _) => message.insert("userId".to_owned(), user_id.into()),
    };
    message.insert("messageId".to_owned(), message_id(is_in, context, job, row).into());
    message.insert("timestamp".to_owned(), timestamp(row.updated_at).into());
    message.insert("context".to_owned(), around);
    message.into()
}

/// The same for the same transition for ever, and never again for another.
fn message_id(is_in: bool, context: &Context<'_>, job: &SyncJob, row: &LedgerRow) -> String {
    let way = if is_in { "in" } else { "out" };
    let (session, moment) = (row.session_id.unwrap_or_default().to_string(), row.updated_at.micros().to_string());
    let mut id = fingerprint([context.destination.as_str(), job.audience.as_str(), way, &row.cells, &session, &moment]);
    id.truncate(32);
    id
}

fn timestamp(moment: Moment) -> String {
    moment.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A call that tries the way to the receiver and is about nobody's membership.
pub(super) fn trial(trial: &Trial, context: &Context<'_>, now: Moment) -> Value {
    json!({
        "type": "track",
        "event": "Muster Check",
        "messageId": format!("muster-check-{}-{}", context.destination, now.micros()),
        "timestamp": now.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true),
        "anonymousId": "muster-check",
        "properties": {},
        "context": { "traits": { "email": trial.email } },
    })
}
