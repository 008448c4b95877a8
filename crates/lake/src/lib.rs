//! The append-only log of events and traits, in Parquet, and fast columns over it.
//!
//! [`Lake`] writes facts as segments and reads them back whole; [`Reader`] keeps the columns that conditions look at
//! decoded in memory. A segment is `events/event=<name>/day=<day>/<hash>.parquet` or `traits/day=<day>/<hash>.parquet`,
//! with a column per property name and type, so that any tool that reads Parquet reads the lake as it is.
//!
//! Nothing here knows what a condition is, who was merged with whom, or what time it is. **Invariants:** a file is never
//! changed after it got its name; its name is the hash of its bytes; its rows lie in one UTC day, sorted by
//! `occurred_at`, `received_at`, `source_order` and `message_key`. Which files exist is for the store's manifest to say.

mod cache;
mod column;
mod decode;
mod disk;
mod encode;
mod error;
mod export;
mod json;
mod lake;
mod layout;
mod parquet;
mod reader;
mod sweep;
mod told;

pub use column::{Cell, Coded, Column, Flags, Gone, Numbers};
pub use error::LakeError;
pub use export::{ExportColumn, export_parquet};
pub use json::parse_json;
pub use lake::Lake;
pub use reader::{Frame, Reader, Ties};
pub use told::{Member, Told, ValueRef};

#[cfg(test)]
mod tests;
