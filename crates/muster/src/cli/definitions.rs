//! Arguments of the commands that look at definitions, with no data needed.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The folder to make; it must be new or empty.
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
}

pub(super) const CHECK_EXAMPLES: &str = "\
Examples:
  muster check
  muster check --strict                        names that traffic never showed are mistakes too
  muster --json check                          for editors

Where messages have been ingested, names of events, properties and traits are compared with them.";

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Take what was never seen in traffic for a mistake.
    #[arg(long)]
    pub(crate) strict: bool,
}

pub(super) const FMT_EXAMPLES: &str = "\
Examples:
  muster fmt                                   every file of the folder
  muster fmt audiences/big_spenders.yaml
  muster fmt --check                           for CI: change nothing, exit code 1 if something would change

Nothing but the layout changes: a file says the same afterwards, or it is left alone.";

#[derive(Debug, Args)]
pub(crate) struct FmtArgs {
    /// The files. Default: all definitions of the folder.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Change nothing; list the files that would change.
    #[arg(long)]
    pub(crate) check: bool,
}

pub(super) const TEST_EXAMPLES: &str = "\
Examples:
  muster test                                  all of them: exit code 1 if one fails
  muster test big_spenders lapsed

A test is an example person under `tests:` in an audience's file, asked about with the real evaluator.";

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// The audiences whose tests to run. Default: all.
    #[arg(value_name = "KEY")]
    pub(crate) keys: Vec<String>,
}

pub(super) const SCHEMA_EXAMPLES: &str = "\
Examples:
  muster schema > schema.json
  muster schema --observed > schema.json       completes your own events, properties, traits and keys

Name it in the first line of a file: # yaml-language-server: $schema=../schema.json";

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Offer the names that definitions and ingested messages hold, with counts and dates.
    #[arg(long)]
    pub(crate) observed: bool,
}

pub(super) const CATALOG_EXAMPLES: &str = "\
Examples:
  muster catalog                               all events, and all traits
  muster catalog \"Order Completed\"             its properties, and where it comes from
  muster --json catalog > catalog.json

Counted is what was accepted, also of people who were deleted since. Mixed: values of several types, of
which an operator may read only one.";

#[derive(Debug, Args)]
pub(crate) struct CatalogArgs {
    /// One event's name. Default: all events and traits.
    #[arg(value_name = "EVENT")]
    pub(crate) event: Option<String>,
}

pub(super) const EXPLAIN_EXAMPLES: &str = "\
Examples:
  muster explain at-most-alone                 a code
  muster explain starts_with                   an operator
  muster explain --all
  muster explain --markdown > docs/reference.md";

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code, operator or key. Default: all of them.
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Explain everything there is.
    #[arg(long, conflicts_with = "name")]
    pub(crate) all: bool,
    /// Print the whole reference as a page of Markdown.
    #[arg(long, conflicts_with = "name")]
    pub(crate) markdown: bool,
}
