//! The sinks: one folder each.

pub(crate) mod facebook;
pub(crate) mod file;
pub(crate) mod webhook;
