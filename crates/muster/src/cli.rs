//! The command line: what can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  muster demo                              see the whole thing work, in a temporary folder
  muster init shop && cd shop              begin a folder of your own
  muster check                             every mistake, at its place
  muster ingest events.ndjson.gz           bring messages in
  muster run                               who is in now, who entered, who exited

Exit codes: 0 done; 1 done, with findings; 2 could not be done.";

/// Audiences from events and traits: defined in YAML, evaluated every hour, kept in step with destinations.
#[derive(Debug, Parser)]
#[command(name = "muster", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    /// The folder of definitions: `muster.yaml`, `audiences/`, `destinations/`, `models/`.
    #[arg(short = 'C', long = "dir", global = true, default_value = ".", value_name = "FOLDER")]
    pub(crate) folder: PathBuf,

    /// Print JSON for programs instead of text for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// What to log on stderr: error, warn, info, debug, or a filter such as `engine=debug`.
    #[arg(long, global = true, env = "MUSTER_LOG", default_value = "warn", value_name = "FILTER")]
    pub(crate) log: String,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a folder with commented examples to begin from.
    Init(InitArgs),
    /// Check the definitions: every mistake at once, each at its line and column.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Give the definitions their one canonical layout; comments stay.
    #[command(after_help = FMT_EXAMPLES)]
    Fmt(FmtArgs),
    /// Run the tests beside the definitions; needs neither store nor data.
    #[command(after_help = TEST_EXAMPLES)]
    Test(TestArgs),
    /// Print the JSON Schema of definition files, for completion and hover texts in editors.
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema(SchemaArgs),
    /// List the events, properties and traits that have come in, with types, counts and days.
    #[command(after_help = CATALOG_EXAMPLES)]
    Catalog(CatalogArgs),
    /// Explain a code of a finding, an operator or a key.
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Bring messages in from files.
    #[command(after_help = INGEST_EXAMPLES)]
    Ingest(IngestArgs),
    /// Sync models: rows of files and databases that say who people are.
    Model(ModelArgs),
    /// Evaluate all audiences, record who entered and exited, and send what changed.
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Record history tick by tick, then send the end state once.
    #[command(after_help = BACKFILL_EXAMPLES)]
    Backfill(BackfillArgs),
    /// Run on the schedule until stopped; take messages and answer for profiles over HTTP where settings say so.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServeArgs),
    /// Make, list and revoke the keys under which messages come in over HTTP.
    Source(SourceArgs),
    /// Make, list and revoke the tokens under which profiles are asked for over HTTP.
    Token(TokenArgs),
    /// List the audiences: members, latest changes, how each destination stands.
    #[command(after_help = AUDIENCES_EXAMPLES)]
    Audiences(AudiencesArgs),
    /// List, count or export the members of one audience.
    #[command(after_help = MEMBERS_EXAMPLES)]
    Members(MembersArgs),
    /// Count people, merges and refusals, and show who is near a limit of identity.
    #[command(after_help = IDENTITIES_EXAMPLES)]
    Identities(IdentitiesArgs),
    /// Show everything that is known of one person or account.
    #[command(after_help = PROFILE_EXAMPLES)]
    Profile(ProfileArgs),
    /// Write all that is held of one person or account as one JSON document, for them.
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(ExportArgs),
    /// Send what is pending, without a new run.
    #[command(after_help = DELIVER_EXAMPLES)]
    Deliver(DeliverArgs),
    /// Send everybody of an audience anew, when what is at a destination may not be what was sent.
    #[command(after_help = RESYNC_EXAMPLES)]
    Resync(ResyncArgs),
    /// Look into a destination before anything is sent there.
    Destination(DestinationArgs),
    /// Take somebody out of every destination and audience, and refuse what is said of them.
    #[command(after_help = SUPPRESS_EXAMPLES)]
    Suppress(SuppressArgs),
    /// Let somebody who was suppressed in again.
    Unsuppress(SuppressArgs),
    /// List what is suppressed: hashes, and since when.
    Suppressions(SuppressionsArgs),
    /// Erase somebody: out of every destination first, then everything that is known of them here.
    #[command(after_help = DELETE_EXAMPLES)]
    Delete(DeleteArgs),
    /// List erasures, or show the receipt of one.
    #[command(after_help = ERASURES_EXAMPLES)]
    Erasures(ErasuresArgs),
    /// Merge small files of the lake into larger ones; nothing they say changes.
    #[command(after_help = COMPACT_EXAMPLES)]
    Compact(CompactArgs),
    /// Show the main job on real purchases, with a local stand-in for Facebook.
    Demo(DemoArgs),
    /// Print a completion script for your shell.
    #[command(after_help = "Example:\n  muster completions bash > ~/.local/share/bash-completion/completions/muster")]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The folder to make; it must be new or empty.
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
}

const CHECK_EXAMPLES: &str = "\
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

const FMT_EXAMPLES: &str = "\
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

const TEST_EXAMPLES: &str = "\
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

const SCHEMA_EXAMPLES: &str = "\
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

const CATALOG_EXAMPLES: &str = "\
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

const EXPLAIN_EXAMPLES: &str = "\
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

const INGEST_EXAMPLES: &str = "\
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

const RUN_EXAMPLES: &str = "\
Examples:
  muster run                                   as of now
  muster run --as-of 2025-03-01T12:00:00Z      as of another moment
  muster run --as-of 2025-03-01 --dry-run      look, record nothing";

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The moment to ask about: an ISO 8601 date or timestamp. Default: now.
    #[arg(long, value_name = "MOMENT", value_parser = parse_moment)]
    pub(crate) as_of: Option<model::Moment>,
    /// Record nothing and send nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

const BACKFILL_EXAMPLES: &str = "\
Examples:
  muster backfill --from 2025-01-01 --to 2025-03-01 --every 1h
  muster backfill --from 2025-01-01 --every 1d --dry-run

Interrupted, the same command goes on where it stopped. Nothing is sent before the end.";

#[derive(Debug, Args)]
pub(crate) struct BackfillArgs {
    /// The first tick: an ISO 8601 date or timestamp.
    #[arg(long, value_name = "MOMENT", value_parser = parse_moment)]
    pub(crate) from: model::Moment,
    /// No tick is later than this. Default: now.
    #[arg(long, value_name = "MOMENT", value_parser = parse_moment)]
    pub(crate) to: Option<model::Moment>,
    /// The step between ticks: minutes, hours or days, such as `15m`, `1h`, `1d`.
    #[arg(long, value_name = "STEP", default_value = "1h", value_parser = parse_every)]
    pub(crate) every: engine::Every,
    /// Record nothing and send nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Forget the history recorded from the first tick on, and record it anew.
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) replace: bool,
}

const SERVE_EXAMPLES: &str = "\
Examples:
  muster serve                                 the schedule; HTTP too where muster.yaml has `collect` or `api`
  muster serve --listen 127.0.0.1:8080

Keys for HTTP: `muster source add NAME`, `muster token add NAME`. There is no TLS: put a proxy in front of other addresses.";

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Take messages over HTTP at this address, whatever muster.yaml says.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<std::net::SocketAddr>,
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

const MEMBERS_EXAMPLES: &str = "\
Examples:
  muster members big_spenders                          the first 20
  muster members big_spenders --count
  muster members big_spenders --output members.csv     all of them
  muster members big_spenders --output members.parquet";

#[derive(Debug, Args)]
pub(crate) struct MembersArgs {
    /// The audience's key.
    pub(crate) audience: String,
    /// Print how many there are.
    #[arg(long, conflicts_with = "output")]
    pub(crate) count: bool,
    /// How many to list.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) limit: usize,
    /// Write all members to this file; its ending, `.csv` or `.parquet`, says how.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

const PROFILE_EXAMPLES: &str = "\
Examples:
  muster profile email:ann@example.com
  muster profile id:0b7f2c9e-6a51-4a39-9d3e-0d7c3f1f2a10    a public id, also of a merged profile
  muster profile user_id:42 --events 50 --since 2025-03-01
  echo email:ann@example.com | muster profile -             what is typed stays in no history

Known is what became facts: `muster run` takes in what waits in the inbox.";

#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    /// A kind and a value, such as `email:ann@example.com`, or `id:` and a public id; `-` reads them from stdin.
    #[arg(value_name = "KIND:VALUE")]
    pub(crate) profile: String,
    /// How many of the latest events to show.
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) events: usize,
    /// No event before this: an ISO 8601 date or timestamp.
    #[arg(long, value_name = "MOMENT", value_parser = parse_moment)]
    pub(crate) since: Option<model::Moment>,
}

const EXPORT_EXAMPLES: &str = "\
Examples:
  muster export email:ann@example.com --output ann.json
  echo email:ann@example.com | muster export - --output ann.json

The document holds identifiers, traits as they changed, all events, memberships, what was sent where,
and rows of models. Only its owner may read the file. Its shape: docs/profiles.md.";

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// A kind and a value, such as `email:ann@example.com`, or `id:` and a public id; `-` reads them from stdin.
    #[arg(value_name = "KIND:VALUE")]
    pub(crate) profile: String,
    /// The file to write. Default: stdout.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

const DELIVER_EXAMPLES: &str = "\
Examples:
  muster deliver                               what waits, once more
  muster deliver --release cart_abandoners     a change that its guards hold: look at it first";

#[derive(Debug, Args)]
pub(crate) struct DeliverArgs {
    /// Compare every audience with its destinations, changed or not.
    #[arg(long)]
    pub(crate) all: bool,
    /// Let a change be sent that the guards of this audience hold, then send what is pending.
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) release: Option<String>,
}

const AUDIENCES_EXAMPLES: &str = "\
Examples:
  muster audiences                             all of them, a line each
  muster audiences big_spenders                one, with what its destinations say of it";

#[derive(Debug, Args)]
pub(crate) struct AudiencesArgs {
    /// One audience's key. Default: all.
    #[arg(value_name = "KEY")]
    pub(crate) audience: Option<String>,
}

const RESYNC_EXAMPLES: &str = "\
Examples:
  muster resync big_spenders                   wherever it was sent
  muster resync big_spenders --to facebook_main

Where the destination can replace an audience as a whole, whoever else was put there goes.";

#[derive(Debug, Args)]
pub(crate) struct ResyncArgs {
    /// The audience's key.
    pub(crate) audience: String,
    /// Only at this destination. Default: at all it was sent to.
    #[arg(long, value_name = "DESTINATION")]
    pub(crate) to: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DestinationArgs {
    #[command(subcommand)]
    pub(crate) command: DestinationCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DestinationCommand {
    /// Walk through what syncs need: access, account, terms, and a test row that is taken back.
    #[command(after_help = EXAMINE_EXAMPLES)]
    Check(ExamineArgs),
}

const EXAMINE_EXAMPLES: &str = "\
Examples:
  muster destination check facebook_main
  muster destination check facebook_main --read-only
  muster destination check facebook_main --email you@example.com --keep   see it in Ads Manager

Each step says what was found and what to do; exit code 1 when one of them fails.";

#[derive(Debug, Args)]
pub(crate) struct ExamineArgs {
    /// The destination's key.
    pub(crate) destination: String,
    /// Write nothing there: no test row.
    #[arg(long, conflicts_with_all = ["email", "keep"])]
    pub(crate) read_only: bool,
    /// The address in the test row. Default: one that belongs to nobody.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// Leave the test row there, to look at it.
    #[arg(long, requires = "email")]
    pub(crate) keep: bool,
}

const SUPPRESS_EXAMPLES: &str = "\
Examples:
  muster suppress user_id:42
  echo email:ann@example.com | muster suppress -      what is typed stays in no history

Every identifier known of the person is kept out, as a keyed hash: messages with it are refused, and
no audience holds the person from the next run on. Where they were sent, they are removed by what
was sent. Exit code 1 when a destination could not do it yet: do it again.";

#[derive(Debug, Args)]
pub(crate) struct SuppressArgs {
    /// A kind and a value, such as `email:ann@example.com`; `-` reads them from stdin.
    #[arg(value_name = "KIND:VALUE")]
    pub(crate) identifier: String,
}

const IDENTITIES_EXAMPLES: &str = "\
Examples:
  muster identities                            shared mailboxes and devices stand out here
  muster identities --limit 50 --json | jq '.refusals'

Profiles are named by their public ids: `muster profile id:...` shows one.";

#[derive(Debug, Args)]
pub(crate) struct IdentitiesArgs {
    /// Merges, and profiles near each limit, that are listed.
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    pub(crate) limit: u32,
}

#[derive(Debug, Args)]
pub(crate) struct SuppressionsArgs {
    /// How many to list, the newest ones.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) limit: usize,
}

const DELETE_EXAMPLES: &str = "\
Examples:
  muster delete user_id:42 --dry-run           what would go; changes nothing
  muster delete email:ann@example.com --by \"privacy desk, ticket 7\"
  echo user_id:42 | muster delete - --yes      what is typed stays in no history
  muster delete user_id:42 --suppress          and refuse what is said of them later
  muster delete --resume                       go on with what was interrupted or waits

The request is recorded first; nothing here is erased before every destination let the person go.
Exit code 1 while one has not: runs and `muster serve` try again. What happened until now and is sent
or imported again stays refused for ever; what happens later begins a new profile.";

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag of the command line")]
pub(crate) struct DeleteArgs {
    /// A kind and a value, such as `email:ann@example.com`; `-` reads them from stdin.
    #[arg(value_name = "KIND:VALUE", conflicts_with = "resume")]
    pub(crate) identifier: Option<String>,
    /// Change nothing; say what is held of the person.
    #[arg(long, conflicts_with = "resume")]
    pub(crate) dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Refuse also what is said of the person later.
    #[arg(long, conflicts_with = "resume")]
    pub(crate) suppress: bool,
    /// Who asks, for the receipt. Default: the name of the user at the keyboard.
    #[arg(long, value_name = "TEXT", conflicts_with = "resume")]
    pub(crate) by: Option<String>,
    /// Go on with all erasures that are not finished.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Wait no longer for a destination that nobody can reach any more: what is there stays there.
    #[arg(long, value_name = "DESTINATION", requires = "resume")]
    pub(crate) give_up: Option<String>,
}

const ERASURES_EXAMPLES: &str = "\
Examples:
  muster erasures                              the latest ones
  muster erasures 3f0c7a2b91de                 its receipt: what was done where
  muster --json erasures 3f0c7a2b91de > receipt.json
  muster erasures --verify receipt.json        whether this workspace said so";

#[derive(Debug, Args)]
pub(crate) struct ErasuresArgs {
    /// One erasure. Default: the latest ones.
    #[arg(value_name = "ERASURE")]
    pub(crate) erasure: Option<String>,
    /// How many to list.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) limit: u32,
    /// Check the signature of a receipt, as `--json` printed it.
    #[arg(long, value_name = "FILE", conflicts_with = "erasure")]
    pub(crate) verify: Option<PathBuf>,
}

const COMPACT_EXAMPLES: &str = "\
Examples:
  muster compact --dry-run                     how much there is to merge
  muster compact                               after a large import; interrupted, nothing is lost

`muster serve` does the same by itself, a little after each run.";

#[derive(Debug, Args)]
pub(crate) struct CompactArgs {
    /// Change nothing; say what would be merged.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Work in this new or empty folder and keep it, instead of a temporary one.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keep: Option<PathBuf>,
}

fn parse_moment(text: &str) -> Result<model::Moment, String> {
    model::Moment::parse(text).map_err(|error| error.to_string())
}

fn parse_every(text: &str) -> Result<engine::Every, String> {
    engine::Every::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
