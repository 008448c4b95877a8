//! The `muster` command: what a person or a program touches.
//!
//! Data goes to stdout, logs and progress to stderr. This crate knows terminals and JSON shapes; it never knows SQL or
//! Parquet, and it is the only one that reads the environment.

mod api;
mod cli;
mod commands;
mod exit;
mod opening;
mod output;
mod person;
mod render;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command};
use crate::exit::Ending;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = log_to_stderr(&cli.log) {
        output::complain(&error);
        return ExitCode::from(exit::COULD_NOT);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(cli)),
        Err(error) => Err(anyhow::Error::from(error).context("start the runtime")),
    };
    match ended {
        Ok(ending) => ending.into(),
        Err(error) if output::closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::from(exit::COULD_NOT)
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<Ending> {
    let asked = commands::Asked { folder: cli.folder, json: cli.json };
    match cli.command {
        Command::Init(args) => commands::init::run(&args),
        Command::Check(args) => commands::check::run(&asked, &args).await,
        Command::Fmt(args) => commands::fmt::run(&asked, &args),
        Command::Test(args) => commands::test::run(&asked, &args).await,
        Command::Schema(args) => commands::schema::run(&asked, &args).await,
        Command::Catalog(args) => commands::catalog::run(&asked, &args).await,
        Command::Explain(args) => commands::explain::run(&asked, &args),
        Command::Model(args) => commands::model::run(&asked, &args).await,
        Command::Ingest(args) => commands::ingest::run(&asked, &args).await,
        Command::Run(args) => commands::run::run(&asked, &args).await,
        Command::Backfill(args) => commands::backfill::run(&asked, &args).await,
        Command::Serve(args) => commands::serve::run(&asked, &args).await,
        Command::Source(args) => commands::source::run(&asked, &args).await,
        Command::Token(args) => commands::token::run(&asked, &args).await,
        Command::Audiences(args) => commands::audiences::run(&asked, &args).await,
        Command::Members(args) => commands::members::run(&asked, &args).await,
        Command::Profile(args) => commands::profile::run(&asked, &args).await,
        Command::Export(args) => commands::export::run(&asked, &args).await,
        Command::Deliver(args) => commands::deliver::run(&asked, &args).await,
        Command::Identities(args) => commands::identities::run(&asked, &args).await,
        Command::Resync(args) => commands::resync::run(&asked, &args).await,
        Command::Destination(args) => commands::destination::run(&asked, &args).await,
        Command::Suppress(args) => commands::suppress::suppress(&asked, &args).await,
        Command::Unsuppress(args) => commands::suppress::unsuppress(&asked, &args).await,
        Command::Suppressions(args) => commands::suppressions::run(&asked, &args).await,
        Command::Delete(args) => commands::delete::run(&asked, &args).await,
        Command::Erasures(args) => commands::erasures::run(&asked, &args).await,
        Command::Compact(args) => commands::compact::run(&asked, &args).await,
        Command::Demo(args) => commands::demo::run(&asked, &args).await,
        Command::Completions { shell } => commands::completions::run(shell),
    }
}

fn log_to_stderr(filter: &str) -> anyhow::Result<()> {
    use anyhow::Context as _;
    let filter = EnvFilter::try_new(filter).with_context(|| format!("understand the log filter `{filter}`"))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    Ok(())
}
