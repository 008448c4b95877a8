//! Every noun of the field, each impossible to build wrong.
//!
//! Nothing here knows YAML, SQL, Parquet, HTTP or what time it is: a type is parsed once at the rim and carried as
//! proof from there on. Words follow the glossary in `ARCHITECTURE.md`.

mod csv;
mod fact;
mod identifier;
mod identity;
mod key;
mod lookback;
mod membership;
mod moment;
mod news;
mod people;
mod row_model;
mod segment;
mod sync;
mod value;
mod window;

pub use csv::{CsvMapping, CsvMessage, CsvTimestamp};
pub use fact::{Fact, FactKind, MessageKey, SourceOrder};
pub use identifier::{Identifier, IdentifierKind, Refusal};
pub use identity::{BlockedValue, IdentityRules, KindRule, Limit, Period};
pub use key::{AudienceKey, DestinationKey, EventName, Fingerprint, InvalidKey, ListKey, ModelKey, ProfileId, PublicId, RunId, TraitKey};
pub use lookback::{Lookback, Unit, WorkspaceZone};
pub use membership::{Membership, MembershipDiff, Reason, UnreadableMembership};
pub use moment::{AsOf, Moment, UnreadableTime};
pub use news::PeopleChanges;
pub use people::{AccountLink, Collection, People, Person, Sighting};
pub use row_model::{RowModel, RowSource, RowTraits, SecretPlace};
pub use segment::{LogName, Segment, SegmentColumn, SegmentId, ValueType};
pub use sync::{LedgerChange, LedgerRow, LedgerState, RemoteAudience, SyncState, SyncStatus};
pub use value::{NUMBER_EXACT_MAX, Value};
pub use window::{MomentSpec, Span, Window};
