//! From definition files to a checked catalog; the only crate that reads YAML.
//!
//! Loading never fails on user text: it returns what it understood and every mistake it found, each at its place with
//! a way out. It does not know which sinks exist, nor the clock, the store or the lake.

pub mod diagnostic;
pub mod format;
pub mod language;
pub mod meaning;
pub mod mention;
pub mod observed;
pub mod schedule;
pub mod schema;
pub mod tree;

mod accounts;
mod aggregate;
mod api;
mod audience;
mod choice;
mod codes;
mod collect;
mod compare;
mod computed;
mod condition;
mod contradictions;
mod counts;
mod csv;
mod destination;
mod event;
mod examples;
mod fields;
mod files;
mod filter;
mod fingerprint;
mod foreign;
mod guards;
mod heads;
mod hide;
mod identified;
mod identity;
mod limits;
mod load;
mod matcher;
mod matcher_checks;
mod membership;
mod named;
mod number;
mod operators;
mod order;
mod path;
mod phrase;
mod places;
mod quote;
mod reader;
mod reducer;
mod references;
mod row_model;
mod sample;
mod scalar;
mod scope;
mod sequence;
mod settings;
mod suggest;
mod sync;
mod ticks;
mod titles;
mod uses;
mod value;
mod when;
mod window;

pub use codes::CODES;
pub use diagnostic::{Diagnostic, Label, Place, Severity};
pub use fields::Fields;
pub use hide::showable;
pub use load::{Loaded, load};
pub use meaning::{
    Aggregate, AggregateMatch, ApiSettings, Audience, AudienceState, AudienceSync, AudienceTest, Catalog, CollectSettings, Comparison,
    ComputedTrait, Condition, CountRange, Destination, EventCondition, Filter, Guards, MOST_FREQUENT_AT_LEAST, Matcher, OnExit, Operator,
    PathMatch, Reducer, Reference, ReferenceOf, SamePath, Scalar, Settings, StartWith, Step, StoreSetting, TestEvent, TestPerson,
    UNIQUE_MAX, Which, Word,
};
pub use operators::{OPERATORS, OperatorSpec, Takes};
pub use phrase::phrase;
pub use reader::read_tree;
pub use suggest::suggest;
pub use tree::{Data, Key, Node};
