//! A block that lasts until a moment. Every call made before that moment is a violation a test can read.

use serde::Serialize;

/// A running block.
pub(crate) struct Throttle {
    pub(crate) until: i64,
    pub(crate) code: i32,
    pub(crate) subcode: Option<i32>,
}

/// A call that was made although the fake had said to wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ThrottleViolation {
    /// Unix seconds on the fake's clock.
    pub at: i64,
    /// When calls are allowed again.
    pub until: i64,
    /// The method of the call.
    pub method: String,
    /// Its path, without version.
    pub path: String,
}

impl Throttle {
    /// Minutes that are left, rounded up, as the usage header says them.
    pub(crate) fn minutes_left(&self, now: i64) -> i64 {
        (self.until - now).max(0).saturating_add(59) / 60
    }
}
