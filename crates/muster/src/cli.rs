//! The command line: what can be typed.

mod audiences;
mod definitions;
mod messages;
mod people;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use audiences::{
    AUDIENCES_EXAMPLES, BACKFILL_EXAMPLES, COMPACT_EXAMPLES, DELIVER_EXAMPLES, MEMBERS_EXAMPLES, RESYNC_EXAMPLES, RUN_EXAMPLES,
    SERVE_EXAMPLES,
};
pub(crate) use audiences::{
    AudiencesArgs, BackfillArgs, CompactArgs, DeliverArgs, DemoArgs, DestinationArgs, DestinationCommand, ExamineArgs, MembersArgs,
    ResyncArgs, RunArgs, ServeArgs,
};
use definitions::{CATALOG_EXAMPLES, CHECK_EXAMPLES, EXPLAIN_EXAMPLES, FMT_EXAMPLES, SCHEMA_EXAMPLES, TEST_EXAMPLES};
pub(crate) use definitions::{CatalogArgs, CheckArgs, ExplainArgs, FmtArgs, InitArgs, SchemaArgs, TestArgs};
use messages::INGEST_EXAMPLES;
pub(crate) use messages::{IngestArgs, ModelArgs, ModelCommand, ModelSyncArgs, SourceArgs, SourceCommand, TokenArgs, TokenCommand};
use people::{DELETE_EXAMPLES, ERASURES_EXAMPLES, EXPORT_EXAMPLES, IDENTITIES_EXAMPLES, PROFILE_EXAMPLES, SUPPRESS_EXAMPLES};
pub(crate) use people::{DeleteArgs, ErasuresArgs, ExportArgs, IdentitiesArgs, ProfileArgs, SuppressArgs, SuppressionsArgs};

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

fn parse_moment(text: &str) -> Result<model::Moment, String> {
    model::Moment::parse(text).map_err(|error| error.to_string())
}

fn parse_every(text: &str) -> Result<engine::Every, String> {
    engine::Every::parse(text).map_err(|error| error.to_string())
}

fn parse_listen(text: &str) -> Result<std::net::SocketAddr, &'static str> {
    text.parse().map_err(|_| "no address to listen on; write an IP address and a port, such as `127.0.0.1:8080`")
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
