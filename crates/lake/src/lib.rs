//! The append-only log of events and traits, in Parquet, and fast columns over it.
//!
//! [`Lake`] writes facts as segments and reads them back whole; [`Reader`] keeps the columns that conditions look at
//! decoded in memory. A segment is `events/event=<name>/day=<day>/<hash>.parquet` or `traits/day=<day>/<hash>.parquet`,
//! with a column per property name and type, so that any tool that reads Parquet reads the lake as it is. Segments of days
//! that are over ([`SegmentDays`]) may hold several of one month: their folder is `day=<first>_<last>`.
//!
//! Nothing here knows what a condition is, who was merged with whom, or what time it is. **Invariants:** a file is never
//! changed after it got its name; its name is the hash of its bytes; its rows lie in the days its folder names, sorted by
//! `occurred_at`, `received_at`, `source_order` and `message_key`. Which files exist is for the store's manifest to say.

mod blocks;
mod buffer;
mod cache;
mod column;
mod compact;
mod compact_file;
mod compact_rows;
mod days;
mod decode;
mod disk;
mod encode;
mod erase;
mod error;
mod export;
mod foreign;
mod hot;
mod json;
mod lake;
mod layout;
mod mapped;
mod parquet;
mod person;
mod reader;
mod segment_days;
mod sweep;
mod texts;
mod told;

pub use blocks::{BLOCK_PROFILES, BlockFrame, Blocks, Times, place_in_block};
pub use buffer::Buffer;
pub use column::{Cell, Coded, Column, Flags, Gone, Numbers};
pub use error::LakeError;
pub use export::{ExportColumn, ExportError, parquet_bytes};
pub use foreign::{ForeignRows, RowForm};
pub use json::parse_json;
pub use lake::Lake;
pub use reader::{Frame, Reader, Ties};
pub use segment_days::{SegmentDays, open_from};
pub use texts::Texts;
pub use told::{Member, Told, ValueRef};

#[cfg(test)]
mod tests;
