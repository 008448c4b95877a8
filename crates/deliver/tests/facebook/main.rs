//! The Facebook sink against the fake Graph API.

#![expect(clippy::unwrap_used, reason = "in the stage as in the tests, a panic is the failure")]

mod audiences;
mod contract;
mod dying;
mod erasing;
mod examining;
mod exits;
mod failures;
mod keys;
mod replacing;
mod schedules;
mod settings;
mod stage;
mod uploads;
mod values;
