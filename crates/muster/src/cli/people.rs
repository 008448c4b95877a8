//! Arguments of the commands about people: who they are, what is held of them, and how they go.

use std::path::PathBuf;

use clap::Args;

use super::parse_moment;

pub(super) const PROFILE_EXAMPLES: &str = "\
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

pub(super) const EXPORT_EXAMPLES: &str = "\
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

pub(super) const SUPPRESS_EXAMPLES: &str = "\
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

pub(super) const IDENTITIES_EXAMPLES: &str = "\
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

pub(super) const DELETE_EXAMPLES: &str = "\
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

pub(super) const ERASURES_EXAMPLES: &str = "\
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
