//! From definition files to a checked catalog; the only crate that reads YAML.
//!
//! Loading never fails on user text: it returns what it understood and every mistake it found, each at its place with
//! a way out. It does not know which sinks exist, nor the clock, the store or the lake.

pub mod diagnostic;
pub mod meaning;
pub mod tree;

pub use diagnostic::{Diagnostic, Label, Place, Severity};
pub use meaning::{
    Audience, AudienceSync, Catalog, Condition, CountRange, Destination, EventCondition, Filter, Matcher, Operator, PathMatch, Scalar,
    Settings, StoreSetting,
};
