//! From a body to messages as the inbox keeps them: one JSON object a line, judged as the import will judge it.
//!
//! What the envelope says is written into each message where the message itself is silent; `receivedAt` is ours; a
//! message without an id gets one, so that reading it twice never makes two of it. Write keys are left out.

use ingest::{Barred, Judge};
use model::Moment;
use serde_json::value::{RawValue, to_raw_value};

use crate::answer::{Refusal, Rejected, Taken};
use crate::limits::{LARGE_EVENT_BYTES, Limits};
use crate::outline::{Envelope, Members, says_nothing};

/// Rejections that are listed in an answer.
const LISTED_MAX: usize = 100;

/// What a path takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// One message of this type.
    One(&'static str),
    /// An envelope of many.
    Batch,
}

/// A body that could be read.
#[derive(Debug)]
pub(crate) struct Sent<'b> {
    envelope: Envelope<'b>,
    items: Vec<&'b RawValue>,
    kind: Option<&'static str>,
}

/// Messages that will be taken, and the answer when they are on the disk.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// As the inbox keeps them, a line each.
    pub(crate) lines: Vec<u8>,
    pub(crate) taken: Taken,
    /// How many are larger than Segment itself would take.
    pub(crate) large: usize,
    /// How many were not taken.
    pub(crate) rejected: usize,
}

impl<'b> Sent<'b> {
    /// Reads a body.
    ///
    /// # Errors
    /// When nothing of it can be understood, or it holds too many messages.
    pub(crate) fn read(body: &'b [u8], call: Call, limits: &Limits) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(body).map_err(|_| unreadable("invalid-utf8", "the body is not UTF-8"))?;
        let whole: &RawValue = serde_json::from_str(text).map_err(|error| not_json(&error))?;
        let envelope: Envelope<'_> =
            serde_json::from_str(whole.get()).map_err(|_| unreadable("not-an-object", "the body is no JSON object"))?;
        let (items, kind) = match call {
            Call::One(kind) => (vec![whole], Some(kind)),
            Call::Batch => {
                let batch = envelope.batch.ok_or_else(|| unreadable("no-batch", "no `batch`: send `{\"batch\": [...]}`"))?;
                let items = serde_json::from_str(batch.get()).map_err(|_| unreadable("no-batch", "`batch` is no list"))?;
                (items, None)
            }
        };
        if items.len() > limits.batch_events {
            return Err(Refusal::TooLarge(format!("a batch has at most {} messages: send smaller ones", limits.batch_events)));
        }
        Ok(Self { envelope, items, kind })
    }

    /// The key that stands in it.
    pub(crate) fn write_key(&self) -> Option<String> {
        serde_json::from_str(self.envelope.write_key?.get()).ok()
    }

    /// How much longer than the body its lines get, because each message takes over the envelope's context; no more than is taken
    /// of one request.
    pub(crate) fn copied_bytes(&self, limits: &Limits) -> usize {
        let context = self.envelope.context.filter(|_| self.kind.is_none()).map_or(0, |context| context.get().len());
        context.saturating_mul(self.items.len().saturating_sub(1)).min(limits.request_bytes)
    }

    /// Writes the messages down as they will be kept, received `now` and judged; those about somebody who is kept out are not.
    /// `rejected` hears why one is not taken.
    ///
    /// # Errors
    /// When they come to more than one request may.
    pub(crate) fn lines(
        &self,
        now: Moment,
        (judge, barred): (&Judge, &Barred),
        limits: &Limits,
        rejected: &mut dyn FnMut(&'static str, &str),
    ) -> Result<Found, Refusal> {
        let received_at = raw(&now.to_utc().to_rfc3339());
        let kind = self.kind.map(raw);
        let context = self.envelope.context.filter(|_| self.kind.is_none()).and_then(members);
        let mut found = Found { lines: Vec::new(), taken: Taken::default(), large: 0, rejected: 0 };
        for (index, item) in self.items.iter().enumerate() {
            let start = found.lines.len();
            let written = self.write(item, kind.as_deref(), context.as_ref(), &received_at, &mut found.lines);
            let length = found.lines.len() - start;
            let judged = match written {
                Ok(()) if length > limits.event_bytes => {
                    let message = format!("{length} bytes, and at most {} are taken", limits.event_bytes);
                    Err(("too-long", message))
                }
                Ok(()) => {
                    judge.check(&found.lines[start..], now, barred).map_err(|rejection| (rejection.reason.as_str(), rejection.message))
                }
                Err(()) => Err(("not-an-object", "a message is a JSON object: `{\"type\": ...}`".to_owned())),
            };
            match judged {
                Ok(()) => {
                    found.lines.push(b'\n');
                    found.taken.accepted += 1;
                    found.large += usize::from(length > LARGE_EVENT_BYTES);
                }
                Err((code, message)) => {
                    rejected(code, &message);
                    found.lines.truncate(start);
                    found.rejected += 1;
                    if found.taken.rejected.len() < LISTED_MAX {
                        found.taken.rejected.push(Rejected { index, code, message });
                    }
                }
            }
            if found.lines.len() > limits.request_bytes {
                return Err(Refusal::TooLarge("the envelope's `context` makes the messages too large: send smaller batches".to_owned()));
            }
        }
        Ok(found)
    }

    /// Writes one message. An error: it is no object.
    fn write(
        &self,
        item: &RawValue,
        kind: Option<&RawValue>,
        context: Option<&Members<'_>>,
        received_at: &RawValue,
        into: &mut Vec<u8>,
    ) -> Result<(), ()> {
        let mut message = members(item).ok_or(())?;
        let id;
        if message.get("messageId").is_none_or(|id| says_nothing(id)) {
            id = raw(&uuid::Uuid::new_v4().to_string());
            message.insert("messageId".to_owned(), &id);
        }
        if let Some(sent_at) = self.envelope.sent_at.filter(|_| message.get("sentAt").is_none_or(|sent_at| says_nothing(sent_at))) {
            message.insert("sentAt".to_owned(), sent_at);
        }
        let merged;
        if let Some(context) = context.and_then(|under| merge(under, message.get("context").copied())) {
            merged = context;
            message.insert("context".to_owned(), &merged);
        }
        if let Some(kind) = kind {
            message.insert("type".to_owned(), kind);
        }
        message.insert("receivedAt".to_owned(), received_at);
        message.remove("writeKey");
        let start = into.len();
        serde_json::to_writer(&mut *into, &message).expect("JSON as it was read is JSON");
        // Between values a line may end; within texts it is always escaped.
        for byte in &mut into[start..] {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        Ok(())
    }
}

/// The envelope's context under a message's own: name by name, the message's wins.
fn merge(under: &Members<'_>, own: Option<&RawValue>) -> Option<Box<RawValue>> {
    let own = own.filter(|own| !says_nothing(own));
    let mut merged = under.clone();
    if let Some(own) = own {
        // A context that is no object is the message's own mistake, and is named as such when it is judged.
        merged.extend(members(own)?);
    }
    Some(to_raw_value(&merged).expect("JSON as it was read is JSON"))
}

fn members(value: &RawValue) -> Option<Members<'_>> {
    serde_json::from_str(value.get()).ok()
}

fn raw(text: &str) -> Box<RawValue> {
    to_raw_value(text).expect("a text always becomes JSON")
}

fn unreadable(code: &'static str, message: &str) -> Refusal {
    Refusal::Unreadable(code, message.to_owned())
}

/// Where it stops being JSON, without a word of what is there.
fn not_json(error: &serde_json::Error) -> Refusal {
    Refusal::Unreadable("invalid-json", format!("the body is not JSON: see line {}, column {}", error.line(), error.column()))
}

#[cfg(test)]
mod tests;
