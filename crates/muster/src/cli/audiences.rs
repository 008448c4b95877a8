//! Arguments of the commands that evaluate, deliver, and show what became of it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{parse_every, parse_listen, parse_moment};

pub(super) const RUN_EXAMPLES: &str = "\
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

pub(super) const BACKFILL_EXAMPLES: &str = "\
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

pub(super) const SERVE_EXAMPLES: &str = "\
Examples:
  muster serve                                 the schedule; HTTP too where muster.yaml has `collect` or `api`
  muster serve --listen 127.0.0.1:8080

Keys for HTTP: `muster source add NAME`, `muster token add NAME`. There is no TLS: put a proxy in front of other addresses.";

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Take messages over HTTP at this address, whatever muster.yaml says.
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = parse_listen)]
    pub(crate) listen: Option<SocketAddr>,
}

pub(super) const MEMBERS_EXAMPLES: &str = "\
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

pub(super) const DELIVER_EXAMPLES: &str = "\
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

pub(super) const AUDIENCES_EXAMPLES: &str = "\
Examples:
  muster audiences                             all of them, a line each
  muster audiences big_spenders                one, with what its destinations say of it";

#[derive(Debug, Args)]
pub(crate) struct AudiencesArgs {
    /// One audience's key. Default: all.
    #[arg(value_name = "KEY")]
    pub(crate) audience: Option<String>,
}

pub(super) const RESYNC_EXAMPLES: &str = "\
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

pub(super) const COMPACT_EXAMPLES: &str = "\
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
