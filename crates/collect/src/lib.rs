//! The tracking API: messages over HTTP, in the shape that Segment's libraries send, durable before they are answered.
//!
//! A request is read within limits (`body`), belongs to a write key (`auth`, `keys`), is split into messages
//! (`outline`, `messages`), is written to the inbox together with whatever else waits (`commit`), and is answered
//! (`answer`). It knows bytes, HTTP and the inbox; never SQL, Parquet or conditions, and it never asks what time it is.
//! **Invariants:** nothing is answered with success that is not on the disk; one bad message never costs another; no key
//! and nothing that was sent reaches a log.

mod answer;
mod auth;
mod body;
mod calls;
mod commit;
mod keys;
mod limits;
mod listener;
mod messages;
mod outline;
mod rejections;
mod server;

pub use auth::header_key;
pub use keys::{KeyHash, KeyUse, WriteKeys, new_key, new_token};
pub use limits::Limits;
pub use listener::Listener;
pub use rejections::{Rejection, Rejections};
pub use server::{CollectError, Collector, Setup};
