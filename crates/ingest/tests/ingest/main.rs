//! Whole imports: a file on the disk, a lake and a store in a folder, and what is true afterwards.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod crash;
mod csv;
mod formats;
mod import;
mod lists;
mod models;
mod scene;
mod warehouse;
