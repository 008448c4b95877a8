//! W50: twenty audiences over fifty million events of a million profiles, evaluated and timed.
//!
//! ```text
//! cargo bench -p engine --bench w50 -- --data /tmp/w50 --workload w50 --turns 5
//! ```
//!
//! Generates the data once (kept in `--data`), then times full evaluations: the first with nothing in memory but what
//! the operating system caches, the others with columns decoded. Prints, for each audience, the number of members and
//! the SHA-256 of their sorted numbers, so that other engines' answers can be compared with ours
//! (`tests/bench/peers.py`). Not a test: it asserts nothing about time.
#![expect(clippy::print_stdout, reason = "a benchmark reports on stdout")]

mod generate;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use evaluate::{Evaluation, Evaluator, Recorded, Snapshot};
use lake::{Lake, Reader};
use model::{AsOf, Membership};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::{Store, StoreUrl};

use crate::generate::{AS_OF, Size, generate};

#[derive(Parser)]
struct Options {
    /// Where the data is generated, once.
    #[arg(long)]
    data: PathBuf,
    /// How much.
    #[arg(long, value_enum, default_value_t = Workload::W50)]
    workload: Workload,
    /// How many warm evaluations are timed.
    #[arg(long, default_value_t = 5)]
    turns: u32,
    /// How many threads evaluate.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Memory for decoded columns, in MiB.
    #[arg(long, default_value_t = 4096)]
    columns_mib: usize,
    /// Generate the data and stop.
    #[arg(long)]
    only_generate: bool,
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
    let definitions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/bench/definitions");
    let loaded = definitions::load(&definitions);
    let catalog = loaded.catalog.with_context(|| format!("load the benchmark's definitions: {:?}", loaded.diagnostics))?;

    let loading = Instant::now();
    let snapshot = Snapshot { segments: store.segments().await?, people: store.people().await?.into() };
    let loading = loading.elapsed();

    let evaluator = Evaluator::new(Reader::new(lake, options.columns_mib << 20));
    let (cold, evaluation) = timed(|| evaluator.evaluate(&catalog, &snapshot, &Recorded::default(), AsOf(AS_OF)))?;
    let mut warm = Vec::new();
    for _ in 0..options.turns {
        let (took, again) = timed(|| evaluator.evaluate(&catalog, &snapshot, &Recorded::default(), AsOf(AS_OF)))?;
        anyhow::ensure!(again.memberships == evaluation.memberships, "two evaluations of the same moment differ");
        warm.push(took);
    }
    report(loading, cold, &mut warm, &evaluation);
    Ok(())
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

fn timed<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(Duration, T), E> {
    let started = Instant::now();
    let value = work()?;
    Ok((started.elapsed(), value))
}

fn report(loading: Duration, cold: Duration, warm: &mut [Duration], evaluation: &Evaluation) {
    warm.sort();
    let seconds = |took: Duration| (took.as_secs_f64() * 10_000.0).round() / 10_000.0;
    let audiences: serde_json::Map<_, _> = evaluation
        .memberships
        .iter()
        .map(|(key, members)| (key.to_string(), json!({ "members": members.len(), "sha256": digest(members) })))
        .collect();
    let report = json!({
        "engine": format!("muster {}", env!("CARGO_PKG_VERSION")),
        "loading_s": seconds(loading),
        "cold_s": seconds(cold),
        "warm_s": warm.get(warm.len() / 2).copied().map(seconds),
        "warm_min_s": warm.first().copied().map(seconds),
        "warm_max_s": warm.last().copied().map(seconds),
        "peak_resident_mib": peak_resident_mib(),
        "rows": evaluation.rows,
        "leaves": evaluation.leaves,
        "audiences": audiences,
    });
    println!("{report:#}");
}

/// The sorted profile numbers in decimal, joined by line ends.
fn digest(members: &Membership) -> String {
    let mut hasher = Sha256::new();
    for (at, profile) in members.iter().enumerate() {
        let line = if at == 0 { profile.to_string() } else { format!("\n{profile}") };
        hasher.update(line.as_bytes());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The most memory the process ever held, as Linux tells it; absent elsewhere.
fn peak_resident_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}
