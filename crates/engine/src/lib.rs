//! One run, the schedule, the backfill; owns the clock and the door to the CPU.
//!
//! Everything here goes one way: facts from the lake and the store, through evaluation and diff, into the record; then,
//! and only then, to destinations. It knows no command line, no HTTP and no JSON shapes beyond its own reports.

mod backfill;
mod clock;
mod compact;
pub mod cpu;
mod delivery;
mod drain;
mod erase;
mod examples;
mod guard;
mod history;
mod known;
mod lease;
mod leaving;
mod ledger;
mod life;
mod mapping;
mod models;
mod observe;
mod parquet;
mod past;
mod profile;
mod readers;
mod reasons;
mod release;
mod resync;
mod run;
mod schedule;
mod serve;
mod start;
mod suppress;
mod tick;
mod today;
mod workspace;

pub use backfill::{Backfill, BackfillError, BackfillReport, BackfillTick};
pub use clock::{Clock, StandingClock, SystemClock};
pub use compact::{CompactError, CompactReport, CompactStep};
pub use delivery::{DeliveryError, DeliveryReport, Emptied};
pub use drain::{DrainError, DrainReport};
pub use erase::{EraseError, EraseOptions, ErasePreview, ErasureStatus, HereReceipt, LeftReceipt, Receipt};
pub use examples::{ExampleError, ExampleOutcome, ExamplePart, Joined, run_examples};
pub use lease::{Lease, LeaseError, LeaseName};
pub use leaving::ErasedAt;
pub use life::{LIFE_CODES, LifeProblem, LifeProblems, life_problems};
pub use models::ModelError;
pub use observe::observed;
pub use parquet::LakeParquet;
pub use profile::{Entered, Exited, FactPlace, FactQuery, HeldStay, Logs, ProfileError, SaidTrait, SortOrder, Stay};
pub use readers::Reading;
pub use release::{ReleaseError, Released};
pub use resync::{ExamineError, ResyncError};
pub use run::{AudienceOutcome, RunError, RunOutcome, RunReport};
pub use schedule::{Every, Schedule, ScheduleError};
pub use serve::Served;
pub use suppress::{SuppressError, SuppressReport};
pub use tick::BatchLimits;
pub use workspace::{Connections, OpenError, Workspace};
