//! Upload sessions: one audience, one operation, one schema, batches in a row.

use model::Moment;
use serde_json::{Value, json};

/// Facebook forgets a session 90 minutes after its first batch; ours end well before.
const AGE_MAX_MICROS: i64 = 50 * 60 * 1_000_000;

/// A session under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) id: i64,
    next_seq: u32,
    /// Rows that Facebook counted in the batches it took, at most those sent: a repeat may count twice.
    counted: u64,
    opened_at: Moment,
}

impl Session {
    /// A new one. Ids are unique in the ad account for ever: random, positive, and exact in JavaScript.
    pub(super) fn open(now: Moment) -> Self {
        Self { id: rand::random_range(1..1_i64 << 53), next_seq: 1, counted: 0, opened_at: now }
    }

    /// Whether this batch must be the last for its age's sake.
    pub(super) fn is_old(self, now: Moment) -> bool {
        now.micros().saturating_sub(self.opened_at.micros()) >= AGE_MAX_MICROS
    }

    /// What a request says about its session.
    pub(super) fn describe(self, last: bool, rows: usize) -> Value {
        json!({ "session_id": self.id, "batch_seq": self.next_seq, "last_batch_flag": last, "estimated_num_total": rows })
    }

    /// The least that Facebook should have counted once it has taken so many more rows: its count is the session's.
    pub(super) fn expected(self, rows: usize) -> u64 {
        self.counted + rows as u64
    }

    /// After a batch was taken: the session goes on, or is over.
    pub(super) fn after(self, last: bool, counted: u64) -> Option<Self> {
        (!last).then_some(Self { next_seq: self.next_seq + 1, counted, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_count_from_one_and_end() {
        let session = Session::open(Moment::from_micros(0));
        assert_eq!(session.describe(false, 5)["batch_seq"], 1);
        let next = session.after(false, session.expected(3)).expect("it goes on");
        assert_eq!((next.id, next.describe(true, 5)["batch_seq"].clone()), (session.id, json!(2)));
        assert_eq!(next.expected(2), 5);
        assert_eq!(next.after(true, 5), None);
    }

    #[test]
    fn ids_are_positive_and_exact_as_floats() {
        for _ in 0..1_000 {
            let id = Session::open(Moment::from_micros(0)).id;
            assert!(id > 0 && id < 1 << 53);
        }
    }

    #[test]
    fn sessions_end_before_facebook_forgets_them() {
        let session = Session::open(Moment::from_micros(0));
        assert!(!session.is_old(Moment::from_micros(AGE_MAX_MICROS - 1)));
        assert!(session.is_old(Moment::from_micros(AGE_MAX_MICROS)));
    }
}
