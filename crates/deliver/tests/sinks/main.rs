//! The sinks that take people whole: files in a real folder, webhooks to a real receiver.

#![expect(clippy::unwrap_used, reason = "in the stage as in the tests, a panic is the failure")]

mod stage;

mod file;
mod file_crashes;
mod file_settings;
mod shelf;

mod receiver;
mod webhook;
mod webhook_failures;
mod webhook_settings;
