//! Keeps a destination's copy of an audience in step; sending the same thing twice changes nothing.
//!
//! A sink is handed everybody who should be at a destination, compares that with the ledger of what was really sent,
//! and sends the difference: record, then act. It never sees conditions, SQL or Parquet, never asks what time it is,
//! and never drops anything because a destination was slow, full or down.

pub mod conformance;

mod codes;
mod dispatch;
mod examine;
mod hex;
mod ledger;
mod options;
mod parquet;
mod registry;
mod roster;
mod secret;
mod sink;
mod sinks;
mod traits;

pub use codes::CODES;
pub use dispatch::Pacing;
pub use examine::{Step, StepState, Trial};
pub use ledger::{Ledger, LedgerError};
pub use parquet::{Parquet, ParquetError, TextTable};
pub use registry::{Tools, check, configure, configure_paced, configure_with};
pub use secret::{Secret, Secrets};
pub use sink::{Context, Erasure, Sink, SyncJob, SyncOutcome};
#[doc(hidden)]
pub use sinks::facebook::rows_of as facebook_rows;
