//! W50: audiences over fifty million events of a million profiles, evaluated and timed.
//!
//! ```text
//! cargo bench -p engine --bench w50 -- --data /tmp/w50 --workload w50 --turns 5
//! ```
//!
//! Generates the data once (kept in `--data`), then times full evaluations: the first with nothing in memory but what
//! the operating system caches, the others with columns decoded. Prints, for each audience, the number of members and
//! the SHA-256 of their sorted numbers, so that other engines' answers can be compared with ours. With `--take-turns`
//! it does instead what it is told on stdin, line by line (`turns`): so `tests/bench/bench.py` lets engines take turns.
//! Not a test: it asserts nothing about time.
#![expect(clippy::print_stdout, reason = "a benchmark reports on stdout")]

mod diffs;
mod generate;
mod session;
mod tell;
mod turns;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use lake::Lake;
use serde_json::json;
use store::{Store, StoreUrl};

use crate::generate::{AS_OF, Size, generate};
use crate::session::{Columns, Session, Timed};

#[derive(Parser)]
struct Options {
    /// Where the data is generated, once.
    #[arg(long)]
    data: PathBuf,
    /// How much.
    #[arg(long, value_enum, default_value_t = Workload::W50)]
    workload: Workload,
    /// The folder of the definitions; default: the twenty audiences of `tests/bench/definitions`.
    #[arg(long)]
    definitions: Option<PathBuf>,
    /// How many warm evaluations are timed.
    #[arg(long, default_value_t = 5)]
    turns: u32,
    /// How many threads evaluate.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Memory for decoded columns, in MiB.
    #[arg(long, default_value_t = 4096)]
    columns_mib: usize,
    /// Where decoded columns are saved and mapped from, a folder of this benchmark's own; default: a temporary one.
    #[arg(long)]
    hot: Option<PathBuf>,
    /// Generate the data and stop.
    #[arg(long)]
    only_generate: bool,
    /// Do what stdin says, one command a line, and answer each with one line.
    #[arg(long)]
    take_turns: bool,
    /// Cargo says so to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Workload {
    /// 500,000 events of 10,000 profiles.
    W05,
    /// 5 million events of 100,000 profiles.
    W5,
    /// 50 million events of 1 million profiles.
    W50,
}

impl Workload {
    fn size(self) -> Size {
        let (events, profiles) = match self {
            Self::W05 => (500_000, 10_000),
            Self::W5 => (5_000_000, 100_000),
            Self::W50 => (50_000_000, 1_000_000),
        };
        Size { events, profiles }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    rayon::ThreadPoolBuilder::new().num_threads(options.threads).build_global().context("set the threads")?;
    std::fs::create_dir_all(&options.data).with_context(|| format!("create `{}`", options.data.display()))?;
    let lake = Lake::open(&options.data.join("lake"))?;
    let store = store::open(&StoreUrl::SqliteFile(options.data.join("muster.db"))).await?;
    fill(&options, &lake, store.as_ref()).await?;
    if options.only_generate {
        return Ok(());
    }
    let temporary = tempfile::tempdir().context("make a temporary folder")?;
    let folder = options.hot.clone().unwrap_or_else(|| temporary.path().join("hot"));
    let columns = Columns { bytes: options.columns_mib << 20, folder };
    let mut session = Session::open(lake, store, options.workload.size(), columns).await?;
    if options.take_turns {
        return turns::take(&mut session).await;
    }
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/bench/definitions");
    session.load(&options.definitions.clone().unwrap_or_else(usual))?;
    report(&mut session, options.turns)
}

async fn fill(options: &Options, lake: &Lake, store: &dyn Store) -> anyhow::Result<()> {
    let done = options.data.join("complete");
    if done.exists() {
        return Ok(());
    }
    anyhow::ensure!(store.segments().await?.is_empty(), "`{}` holds an unfinished generation; remove it", options.data.display());
    let bar = indicatif::ProgressBar::new(365);
    generate(options.workload.size(), lake, store, |_| bar.inc(1)).await?;
    bar.finish_and_clear();
    std::fs::write(&done, "").context("mark the data complete")
}

/// One cold evaluation and some warm ones.
fn report(session: &mut Session, turns: u32) -> anyhow::Result<()> {
    session.restart_cold()?;
    let Timed { seconds: cold, evaluation } = session.evaluate(AS_OF)?;
    let saving = session.save()?;
    let mut warm = Vec::new();
    for _ in 0..turns {
        let again = session.evaluate(AS_OF)?;
        anyhow::ensure!(again.evaluation.memberships == evaluation.memberships, "two evaluations of the same moment differ");
        warm.push(again.seconds);
    }
    warm.sort_by(f64::total_cmp);
    let report = json!({
        "engine": format!("muster {}", env!("CARGO_PKG_VERSION")),
        "loading_s": session.loading_s,
        "cold_s": cold,
        "saving_s": saving,
        "warm_s": warm.get(warm.len() / 2),
        "warm_min_s": warm.first(),
        "warm_max_s": warm.last(),
        "memory_mib": tell::memory_mib(),
        "rows": evaluation.rows,
        "leaves": evaluation.leaves,
        "audiences": tell::answers(&evaluation.memberships),
    });
    println!("{report:#}");
    Ok(())
}
