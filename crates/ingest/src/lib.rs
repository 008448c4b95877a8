//! From messages to identified, deduplicated, durable facts.
//!
//! A line becomes a message (`parse`, `csv_rows`), waits for its batch (`block`, `rows`, `ahead`), is about nobody who is
//! kept out (`barred`, `verdicts`), is known to be new (`keys`, `known`), is about somebody (`identifiers`, `numbers`, `identity`,
//! `limits`), and is made true with its batch (`settle`, `flushing`). What comes over the network is judged by the same rules
//! (`check`) and kept until it is imported (`inbox`). Each accepted message is exactly one fact in the lake, one without traits
//! if it says nothing but who is who, so that its key is found there again.
//!
//! Nothing here knows conditions or sinks, or asks what time it is. **Invariants:** a message is taken once however often
//! it is sent; a batch is true wholly or not at all; nothing that was sent is repeated in a log, an error or a report.

mod ahead;
mod barred;
mod block;
mod check;
mod csv_plan;
mod csv_rows;
mod error;
mod flushing;
mod held;
mod identifiers;
mod identity;
mod import;
pub mod inbox;
mod keys;
mod kinds;
mod known;
mod known_people;
mod limits;
mod lines;
mod lists;
mod message;
mod models;
mod numbers;
mod parse;
mod rejection;
mod report;
mod rows;
mod settle;
mod shape;
mod table;
mod tally;
mod verdicts;
mod warehouse;
mod when;

pub use barred::{Barred, digest};
pub use check::Judge;
pub use error::{IngestError, Truncation};
pub use import::{Effect, Format, ImportOptions, import_file, import_next};
pub use known::KnownKeys;
pub use message::MessageKind;
pub use models::{IfEmpty, ModelOptions, ModelReport, ModelRows, sync_model};
pub use rejection::{Rejection, RejectionReason};
pub use report::{ImportReport, Progress, RefusalCount, RejectionSample, Rejections};
pub use warehouse::warehouse_files;
