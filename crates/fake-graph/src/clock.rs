//! What time the fake believes it is: the system's or a given one, moved by what tests have asked for.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells Unix seconds.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Somebody's clock plus an offset.
pub(crate) struct Clock {
    source: Now,
    offset_s: i64,
}

impl Clock {
    pub(crate) fn of(source: Option<Now>) -> Self {
        Self { source: source.unwrap_or_else(|| Arc::new(system)), offset_s: 0 }
    }

    /// Unix seconds.
    pub(crate) fn now(&self) -> i64 {
        (self.source)().saturating_add(self.offset_s)
    }

    /// Makes it this time, in Unix seconds; it goes on from there.
    pub(crate) fn set(&mut self, now: i64) {
        self.offset_s = self.offset_s.saturating_add(now.saturating_sub(self.now()));
    }

    pub(crate) fn advance(&mut self, seconds: i64) {
        self.offset_s = self.offset_s.saturating_add(seconds);
    }
}

#[expect(clippy::disallowed_methods, reason = "the fake stands for another company's server, which has a clock of its own")]
fn system() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    i64::try_from(since).unwrap_or(i64::MAX)
}
