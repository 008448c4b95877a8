//! The engine over a real store, a real lake and a stand-in for Facebook.

mod backfill;
mod batches;
mod compact;
mod drain;
mod examples;
mod guards;
mod lives;
mod memory;
mod privacy;
mod profile;
mod run;
mod serve;
mod shop;
mod starts;
