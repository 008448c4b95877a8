//! Identities, segment manifest, memberships, runs, syncs and ledger, behind one contract over SQL; and, apart from that,
//! the rows that other databases answer a query with ([`QueryRows`]), because all SQL is spoken here.
//!
//! One implementation speaks to SQLite and to PostgreSQL: the queries under `sql/queries` mean the same on both, and only
//! the tables (`sql/<backend>/migrations`) and how a transaction begins (`sql/<backend>/queries`) are written twice.
//! **Invariants:** every method is one transaction; nothing here asks what time it is; no personal data reaches a log or
//! an error; a URL's password is never shown.

pub mod conformance;
mod contract;
mod erasures;
mod error;
mod migrations;
mod news;
mod open;
mod profile;
mod queries;
mod record;
mod refused;
mod source;
mod sql_store;
mod url;
mod words;
mod work;

pub use contract::*;
pub use erasures::{Erasure, ErasureCounts, ErasureRequest, ErasureState, Holdings, KeptOut, LeftAt, LeftState, Suppression};
pub use error::StoreError;
pub use news::{News, PeopleMark, PeopleNews};
pub use open::{open, open_existing};
pub use profile::{LinkedProfile, MergedProfile, ObservedRow, ProfileName, ProfileRecord, SeenIdentifier};
pub use record::{AudienceRecord, FoundMembers, RunRecord, SyncStart};
pub use refused::{Attachments, Crowd, Crowded, IdentityCounts, PublicMerge, RecordedRefusals, Refusals};
pub use source::{QueryRows, SourceError};
pub use url::StoreUrl;
