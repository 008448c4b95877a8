//! Arguments of the commands by which messages and rows come in, and keys under which they may.

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(super) const INGEST_EXAMPLES: &str = "\
Examples:
  muster ingest events.ndjson people.ndjson.gz
  muster ingest events.parquet                    columns are the fields of messages
  muster ingest orders-2025.csv --csv orders      a mapping under `csv:` in muster.yaml
  muster ingest exports/ --warehouse              tables of a warehouse: identifies, tracks, users, ...
  muster ingest events.ndjson --dry-run           what would come of it; writes nothing

The same file again changes nothing; an interrupted one goes on where it stopped.
Bad lines are counted and shown, and do not stop the rest: then the exit code is 1.";

#[derive(Debug, Args)]
pub(crate) struct IngestArgs {
    /// Files of messages (Segment spec): newline-delimited JSON or CSV, plain, gzip or zstd, or Parquet.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Read the files as CSV (or their Parquet columns as such) by this mapping of `muster.yaml`.
    #[arg(long, value_name = "MAPPING")]
    pub(crate) csv: Option<String>,
    /// Read the files, or those in the folders named, as tables of a warehouse that Segment filled; the file's name says which.
    #[arg(long, conflicts_with = "csv")]
    pub(crate) warehouse: bool,
    /// The source the messages belong to, for telling repeated messages apart from new ones. Default: the file's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// Read everything and write nothing; report what would come of it.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    #[command(subcommand)]
    pub(crate) command: ModelCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Compare the rows with what they said last time, and take in what is new, changed or gone.
    #[command(after_help = MODEL_SYNC_EXAMPLES)]
    Sync(ModelSyncArgs),
    /// Forget what the rows of a model said: the next sync takes every row as new.
    Reset {
        /// The model.
        #[arg(value_name = "NAME")]
        model: String,
    },
    /// List the models: rows known, when they were synced, how often they are.
    List,
}

const MODEL_SYNC_EXAMPLES: &str = "\
Examples:
  muster model sync                            all of models/*.yaml
  muster model sync loyalty_members
  muster model sync loyalty_members --dry-run  count, write nothing

A person with a row has the trait `model_NAME: true`, and `false` once the row is gone.
Rows that cannot be taken are counted and shown, and do not stop the rest: then the exit code is 1.";

#[derive(Debug, Args)]
pub(crate) struct ModelSyncArgs {
    /// The model. Default: all of them.
    #[arg(value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Read everything and write nothing; report what would come of it.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Take it that all rows are gone when there are none; otherwise that is an error.
    #[arg(long)]
    pub(crate) allow_empty: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    #[command(subcommand)]
    pub(crate) command: SourceCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SourceCommand {
    /// Make the first key of a source and print it, once.
    #[command(after_help = SOURCE_EXAMPLES)]
    Add {
        /// The source, as `sources:` in muster.yaml names it.
        name: String,
    },
    /// Make another key of a source and print it, once; the ones before stay good until they are revoked.
    #[command(after_help = SOURCE_EXAMPLES)]
    Rotate {
        /// The source.
        name: String,
    },
    /// Revoke the keys of a source: requests with them are refused within seconds.
    #[command(after_help = SOURCE_EXAMPLES)]
    Revoke {
        /// The source.
        name: String,
        /// All but the newest, once every sender has that one.
        #[arg(long)]
        old: bool,
    },
    /// List the sources and how many keys each has.
    List,
}

const SOURCE_EXAMPLES: &str = "\
Examples:
  muster source add website                    prints the key: it is kept nowhere, only its hash
  muster source rotate website                 a second key; put it everywhere, then
  muster source revoke website --old";

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it, once.
    #[command(after_help = TOKEN_EXAMPLES)]
    Add {
        /// Who reads, such as `support_desk`.
        name: String,
    },
    /// Revoke a token: requests with it are refused within seconds.
    #[command(after_help = TOKEN_EXAMPLES)]
    Revoke {
        /// Who read.
        name: String,
    },
    /// List the tokens, revoked ones too.
    List,
}

const TOKEN_EXAMPLES: &str = "\
Examples:
  muster token add support_desk                prints the token: it is kept nowhere, only its hash
  curl -u TOKEN: http://127.0.0.1:8081/v1/spaces/shop/collections/users/profiles/email:ann@example.com/traits
  muster token revoke support_desk

Whoever has a token can read everything known of everybody: it belongs on servers, never in pages or apps.";
