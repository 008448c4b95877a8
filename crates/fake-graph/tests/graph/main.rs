//! The fake from outside, over real sockets: what a client sees, and what the state says afterwards.

#![expect(clippy::unwrap_used, reason = "a test may panic, and so may what it stands on")]

mod auth;
mod client;
mod faults;
mod lists;
mod nodes;
mod replace;
mod sessions;
mod transport;
mod uploads;
