//! What came of an import: counts, and samples of what was not taken.

use std::collections::BTreeMap;

use model::{EventName, IdentifierKind, Refusal};
use serde::Serialize;

use crate::Truncation;
use crate::message::MessageKind;
use crate::rejection::{Rejection, RejectionReason};

const SAMPLES_MAX: usize = 5;

/// How far an import is, for those who wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Progress {
    /// Bytes of the file read (as it lies on the disk: compressed ones if it is).
    pub bytes_done: u64,
    /// Bytes of the file.
    pub bytes_total: u64,
    /// Lines read.
    pub lines: u64,
    /// Messages accepted.
    pub accepted: u64,
    /// Messages that were there already.
    pub duplicates: u64,
    /// Lines rejected.
    pub rejected: u64,
}

/// What one call did. Lines done by an earlier call, before it was interrupted, are not counted again.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ImportReport {
    /// What the store knows the file by.
    #[serde(skip)]
    pub content: String,
    /// The source that the messages belong to.
    pub source: String,
    /// The same content was imported to its end before; nothing was done.
    pub already: bool,
    /// Lines that an interrupted import had done before.
    pub resumed_after: u64,
    /// Lines read, empty ones and a CSV header included.
    pub lines: u64,
    /// Messages accepted; each became an event or a trait change.
    pub accepted: u64,
    /// Messages that were there already.
    pub duplicates: u64,
    /// Lines (of CSV: rows) that are no message.
    pub rejected: u64,
    /// Why, how often, and where for example.
    pub rejections: BTreeMap<RejectionReason, Rejections>,
    /// Values that identify nobody; their messages were taken if another value did.
    pub refusals: Vec<RefusalCount>,
    /// Identifiers that were not attached, because one profile may not have them too; their messages were taken.
    pub set_aside: Vec<RefusalCount>,
    /// Accepted messages with a timestamp that lacked an offset and was read as UTC.
    pub zone_missing: u64,
    /// Profiles that did not exist.
    pub new_profiles: u64,
    /// Profiles that did, and are spoken of here.
    pub known_profiles: u64,
    /// Pairs of profiles that turned out to be one.
    pub merges: u64,
    /// Events accepted.
    pub events: u64,
    /// Trait changes accepted, those without any trait included.
    pub traits: u64,
    /// Messages accepted, by their `type`.
    pub messages: BTreeMap<MessageKind, u64>,
    /// Events accepted, by name.
    pub event_names: BTreeMap<String, u64>,
    /// Nothing was written: this is what would have come of it.
    pub dry_run: bool,
    /// The file ends too early; its import stays unfinished.
    pub truncated: Option<Truncation>,
}

/// Lines rejected for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Rejections {
    /// How many.
    pub count: u64,
    /// The first ones.
    pub samples: Vec<RejectionSample>,
}

/// One rejected line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectionSample {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong with it; never what it says.
    pub message: String,
}

/// Values of one kind that identify nobody, or were left aside, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusalCount {
    /// The kind of identifier it would have been.
    pub kind: IdentifierKind,
    /// Why it is none.
    pub reason: String,
    /// How many.
    pub count: u64,
}

impl ImportReport {
    pub(crate) fn reject(&mut self, line: u64, rejection: &Rejection) {
        self.rejected += 1;
        let rejections = self.rejections.entry(rejection.reason).or_default();
        rejections.count += 1;
        if rejections.samples.len() < SAMPLES_MAX {
            rejections.samples.push(RejectionSample { line, message: rejection.message.clone() });
        }
    }

    /// Counts an accepted event.
    pub(crate) fn count_event(&mut self, name: &EventName) {
        // The name is copied once, not once a message.
        match self.event_names.get_mut(name.as_str()) {
            Some(count) => *count += 1,
            None => drop(self.event_names.insert(name.as_str().to_owned(), 1)),
        }
    }

    pub(crate) fn refuse(&mut self, kind: IdentifierKind, refusal: Refusal) {
        count_refusal(&mut self.refusals, kind, refusal.to_string(), 1);
    }

    /// Counts identifiers that were left aside, because one profile may not have them too.
    pub(crate) fn set_aside(&mut self, kind: IdentifierKind, reason: String, count: u64) {
        count_refusal(&mut self.set_aside, kind, reason, count);
    }
}

fn count_refusal(counts: &mut Vec<RefusalCount>, kind: IdentifierKind, reason: String, count: u64) {
    match counts.iter_mut().find(|known| known.kind == kind && known.reason == reason) {
        Some(known) => known.count += count,
        None => counts.push(RefusalCount { kind, reason, count }),
    }
}
