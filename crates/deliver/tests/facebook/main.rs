//! The Facebook sink against the fake Graph API.

#![expect(clippy::needless_pass_by_value, reason = "faults are written as JSON on the spot")]

mod audiences;
mod contract;
mod failures;
mod schedules;
mod settings;
mod stage;
mod uploads;
