//! Identities, segment manifest, memberships, runs, syncs and ledger, behind one contract over SQL.
pub mod contract;
pub use contract::Store;
/// placeholder while the store is written
#[derive(Debug, thiserror::Error)]
pub enum StoreError {}
