//! The inbox: messages that were accepted over the network and are no facts yet, in append-only files.
//!
//! `record` is how one request's messages lie in a file, `writer` appends and seals, `reader` tells whole records from a
//! torn tail, `expand` turns a sealed file into what an import reads. **Invariants:** what [`Inbox::append`] returned from
//! is on the disk; a sealed file never changes; nothing here looks into a message, and no message reaches a log.
//!
//! Files are numbered. Only the one with the highest number may still grow, and only while a process holds the
//! folder's lock.

mod error;
mod expand;
mod reader;
mod record;
#[cfg(test)]
mod tests;
mod writer;

pub use error::InboxError;
pub use expand::{Expanded, expand};
pub use reader::{Damage, damaged, is_taken, sealed, set_aside, waiting_bytes};
pub use record::{Accepted, RECORD_BYTES_MAX};
pub use writer::{Inbox, InboxLimits};
