//! What a batch refuses, added up for the store: kept with what became true, so that nothing is refused in silence.
//!
//! **Invariant:** no value is named, only where it stood or whom the message was about.

use std::collections::BTreeMap;

use model::{IdentifierKind, Moment, ProfileId, Refusal};
use store::Refusals;

use crate::identity::Aside;
use crate::rejection::Rejection;

/// The subject of rejected messages.
const MESSAGE: &str = "message";

/// How often, and what is known of the last one.
struct Refused {
    count: u64,
    /// When it was received, where that is not the batch's own moment.
    at: Option<Moment>,
    sample: Option<String>,
    profile: Option<ProfileId>,
}

/// Refusals by subject and reason.
#[derive(Default)]
pub(crate) struct Tally {
    counts: BTreeMap<(String, String), Refused>,
}

impl Tally {
    /// A line that is no message.
    pub(crate) fn rejected(&mut self, line: u64, rejection: &Rejection) {
        let sample = format!("line {line}: {}", rejection.message);
        self.add(MESSAGE, rejection.reason.as_str().to_owned(), Refused { count: 1, at: None, sample: Some(sample), profile: None });
    }

    /// A value that identifies nobody.
    pub(crate) fn refused(&mut self, kind: &IdentifierKind, refusal: Refusal) {
        self.add(kind.as_str(), refusal.to_string(), Refused { count: 1, at: None, sample: None, profile: None });
    }

    /// Identifiers that one profile may not have too.
    pub(crate) fn set_aside(&mut self, kind: &IdentifierKind, reason: String, aside: Aside) {
        self.add(kind.as_str(), reason, Refused { count: aside.count, at: Some(aside.at), sample: None, profile: Some(aside.profile) });
    }

    /// What came together, in a batch of this source that is taken `now`.
    pub(crate) fn done(self, source: &str, now: Moment) -> Vec<Refusals> {
        let refusals = |((subject, reason), Refused { count, at, sample, profile }): ((String, String), Refused)| Refusals {
            source: source.to_owned(),
            subject,
            reason,
            count,
            at: at.unwrap_or(now),
            sample,
            profile,
        };
        self.counts.into_iter().map(refusals).collect()
    }

    fn add(&mut self, subject: &str, reason: String, new: Refused) {
        let before = self.counts.remove(&(subject.to_owned(), reason.clone()));
        let count = new.count + before.map_or(0, |before| before.count);
        self.counts.insert((subject.to_owned(), reason), Refused { count, ..new });
    }
}
