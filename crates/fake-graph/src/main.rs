//! The command `fake-graph`: the fake as a process of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Parser;
use fake_graph::{FakeGraph, Options, Proof, RawPii, Samples};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

const EXAMPLES: &str = "\
Examples:
  fake-graph
      listens on 127.0.0.1:8666 for the token `fake-token` and the account `act_1234567890`
  fake-graph --listen 127.0.0.1:0 --account 111 --account 222 --match-share 1
      any free port, two ad accounts, everybody is matched
  fake-graph --app-secret s3cret --require-proof --removal-minimum 100
      calls need a proof, and small audiences cannot be made smaller

Then, in another terminal:
  curl -H 'Authorization: Bearer fake-token' 'http://127.0.0.1:8666/v26.0/act_1234567890?fields=name,tos_accepted'
  curl -d '{\"action\":{\"kind\":\"throttle_until\",\"minutes\":5}}' http://127.0.0.1:8666/_fake/faults
  curl http://127.0.0.1:8666/_fake/state

The URL goes to stdout, logs go to stderr. Ctrl-C stops it. Nothing is kept.";

/// A local Facebook Graph API for tests and rehearsals: audiences, uploads, and faults on demand
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag of the command line")]
struct Arguments {
    /// Where to listen; port 0 takes any free port
    #[arg(long, default_value = "127.0.0.1:8666")]
    listen: SocketAddr,
    /// The access token that may do everything
    #[arg(long, default_value = "fake-token")]
    token: String,
    /// The secret of the app; proofs are then checked
    #[arg(long)]
    app_secret: Option<String>,
    /// Refuse calls without `appsecret_proof`
    #[arg(long, requires = "app_secret")]
    require_proof: bool,
    /// An ad account number, with or without `act_`; may be given again
    #[arg(long = "account", default_value = "1234567890")]
    accounts: Vec<String>,
    /// The share of people that Facebook knows, from 0 to 1
    #[arg(long, default_value_t = 0.6)]
    match_share: f64,
    /// A JSON file `{"<cell>":"<person>"}`: cells of one person
    #[arg(long)]
    people: Option<PathBuf>,
    /// Refuse removals that would leave fewer matched people (200/1870047)
    #[arg(long)]
    removal_minimum: Option<u64>,
    /// Seconds that a finished replace stays at status 414
    #[arg(long, default_value_t = 0)]
    replace_delay_s: i64,
    /// Let audiences be replaced that were never filled
    #[arg(long)]
    replace_unfilled: bool,
    /// Answer -1 for sizes
    #[arg(long)]
    hide_sizes: bool,
    /// Answer samples of invalid rows as a list
    #[arg(long)]
    samples_as_list: bool,
    /// Begin with the custom audience terms not accepted
    #[arg(long)]
    terms_open: bool,
    /// A version to refuse with code 2635, such as `v18.0`; may be given again
    #[arg(long = "refuse-version")]
    refused_versions: Vec<String>,
    /// Count rows with raw personal data as invalid instead of refusing the request
    #[arg(long)]
    count_raw_pii: bool,
}

/// The exit code of a command that could not do what it was asked.
const COULD_NOT: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_env_filter(EnvFilter::new("info")).with_writer(std::io::stderr).init();
    match serve(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(COULD_NOT)
        }
    }
}

async fn serve(arguments: Arguments) -> anyhow::Result<()> {
    let listen = arguments.listen;
    let fake = FakeGraph::start(options(arguments)?, listen).await?;
    announce(&fake.url());
    wait_for_the_end().await?;
    fake.stop().await;
    Ok(())
}

fn options(arguments: Arguments) -> anyhow::Result<Options> {
    ensure!((0.0..=1.0).contains(&arguments.match_share), "cannot use a match share outside 0 to 1");
    let people = arguments.people.as_deref().map(read_people).transpose()?.unwrap_or_default();
    Ok(Options {
        token: arguments.token,
        app_secret: arguments.app_secret,
        proof: if arguments.require_proof { Proof::Required } else { Proof::Optional },
        accounts: arguments.accounts,
        match_share: arguments.match_share,
        people,
        removal_minimum: arguments.removal_minimum,
        replace_delay_s: arguments.replace_delay_s,
        replace_unfilled: arguments.replace_unfilled,
        hide_sizes: arguments.hide_sizes,
        samples: if arguments.samples_as_list { Samples::List } else { Samples::Map },
        refused_versions: arguments.refused_versions,
        terms_accepted: !arguments.terms_open,
        raw_pii: if arguments.count_raw_pii { RawPii::CountInvalid } else { RawPii::Refuse },
        ..Options::default()
    })
}

fn read_people(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read `{}`", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("parse `{}`", path.display()))
}

/// Ctrl-C, or the signal with which containers are stopped.
async fn wait_for_the_end() -> anyhow::Result<()> {
    let mut terminated = signal(SignalKind::terminate()).context("listen for the signal to end")?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.context("listen for ctrl-c"),
        _ = terminated.recv() => Ok(()),
    }
}

#[expect(clippy::print_stdout, reason = "the URL is the command's output")]
fn announce(url: &str) {
    println!("{url}");
}

#[expect(clippy::print_stderr, reason = "the last word of a command that failed")]
fn complain(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}
