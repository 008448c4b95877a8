//! Limits: how much one request, one key and all of them together may ask for.

use std::num::NonZeroU32;
use std::time::Duration;

/// What a collector puts up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body, as sent and decompressed.
    pub body_bytes: usize,
    /// Bytes of one message; longer ones are rejected.
    pub event_bytes: usize,
    /// Messages in one batch.
    pub batch_events: usize,
    /// Bytes that the messages of one request may become, what its envelope adds to each included.
    pub request_bytes: usize,
    /// Requests a second for each key; twice as many at once.
    pub requests_per_second: NonZeroU32,
    /// Bytes of bodies in memory at a time.
    pub memory_bytes: usize,
    /// Requests that wait for the disk at a time.
    pub waiting: usize,
    /// Open connections.
    pub connections: usize,
    /// How long a client may take to send its headers, and its body.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 4 << 20,
            event_bytes: 256 << 10,
            batch_events: 10_000,
            request_bytes: 32 << 20,
            requests_per_second: NonZeroU32::new(2_000).expect("not zero"),
            memory_bytes: 256 << 20,
            waiting: 1_024,
            connections: 1_024,
            patience: Duration::from_secs(30),
        }
    }
}

/// Messages over this size are taken and counted in the log: Segment's own API would have refused them.
pub(crate) const LARGE_EVENT_BYTES: usize = 32 << 10;
