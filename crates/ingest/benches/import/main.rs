//! Bulk import: a file of messages into an empty folder with a real store, timed.
//!
//! ```text
//! cargo bench -p ingest --bench import -- --data /tmp/import --lines 2000000
//! ```
//!
//! Generates `DATA/messages-LINES-PROFILES-DAYS.ndjson` once; then each turn imports it into a folder of its own below
//! `DATA` (lake and SQLite, as `muster ingest` has them), which is removed afterwards unless `--keep` says otherwise.
//! `tests/bench/import.py` lets DuckDB read the same file in turns with this. Prints JSON. Not a test: it asserts nothing
//! about time.
#![expect(clippy::print_stdout, reason = "a benchmark reports on stdout")]

mod generate;

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use clap::Parser;
use ingest::{ImportOptions, ImportReport, import_file};
use lake::Lake;
use serde_json::json;
use store::StoreUrl;

use crate::generate::{Size, generate};

#[derive(Parser)]
struct Options {
    /// Where the file is generated, once, and imported to.
    #[arg(long)]
    data: PathBuf,
    /// How many lines the file has.
    #[arg(long, default_value_t = 2_000_000)]
    lines: u64,
    /// How many people it tells of. Default: one for 25 lines.
    #[arg(long)]
    profiles: Option<u64>,
    /// How many days it covers.
    #[arg(long, default_value_t = 365)]
    days: u64,
    /// How many imports are timed, each into an empty folder.
    #[arg(long, default_value_t = 1)]
    turns: u32,
    /// How many threads parse and write; the import's own thread and the store's wait for them or they for these.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Generate the file and stop.
    #[arg(long)]
    only_generate: bool,
    /// Keep what the last turn imported.
    #[arg(long)]
    keep: bool,
    /// Cargo says so to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    rayon::ThreadPoolBuilder::new().num_threads(options.threads).build_global().context("set the threads")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let size = Size { lines: options.lines, profiles: options.profiles.unwrap_or(options.lines / 25).max(2), days: options.days.max(1) };
    let file = messages(&options.data, size)?;
    if options.only_generate {
        println!("{:#}", json!({ "file": file }));
        return Ok(());
    }
    let target = options.data.join(format!("imported-{}", std::process::id()));
    let mut seconds = Vec::new();
    let mut last = ImportReport::default();
    for _ in 0..options.turns.max(1) {
        if target.exists() {
            fs::remove_dir_all(&target).context("remove what was imported before")?;
        }
        fs::create_dir_all(&target).with_context(|| format!("create `{}`", target.display()))?;
        let (took, report) = runtime.block_on(import(&file, &target, size))?;
        seconds.push(took);
        last = report;
    }
    let bytes = fs::metadata(&file)?.len();
    let kept = measure(&target)?;
    if !options.keep {
        fs::remove_dir_all(&target).context("remove what was imported")?;
    }
    println!("{:#}", told(&file, bytes, seconds, &last, &kept));
    Ok(())
}

/// The file, generated unless it is there already.
fn messages(data: &Path, size: Size) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(data).with_context(|| format!("create `{}`", data.display()))?;
    let Size { lines, profiles, days } = size;
    let file = data.join(format!("messages-{lines}-{profiles}-{days}.ndjson"));
    if !file.exists() {
        let half = file.with_extension("half");
        let mut out = BufWriter::with_capacity(1 << 20, File::create(&half)?);
        generate(size, &mut out)?;
        out.flush()?;
        // On the disk before the clock starts: the import makes its own files durable, not this one.
        out.get_ref().sync_all()?;
        fs::rename(&half, &file)?;
    }
    Ok(file)
}

/// What `muster ingest` does with one file, from an empty folder to the last transaction.
async fn import(file: &Path, target: &Path, size: Size) -> anyhow::Result<(f64, ImportReport)> {
    let lake = Lake::open(&target.join("lake"))?;
    let store = store::open(&StoreUrl::SqliteFile(target.join("muster.db"))).await?;
    let started = Instant::now();
    let report = import_file(file, &ImportOptions::default(), &lake, &store, size.ends(), &mut |_| {}).await?;
    Ok((started.elapsed().as_secs_f64(), report))
}

/// Files and bytes of what was imported.
struct Kept {
    segments: u64,
    lake_bytes: u64,
    store_bytes: u64,
}

fn measure(target: &Path) -> anyhow::Result<Kept> {
    let mut kept = Kept { segments: 0, lake_bytes: 0, store_bytes: 0 };
    let mut folders = vec![target.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = entry.metadata()?.len();
            if entry.path().extension().is_some_and(|extension| extension == "parquet") {
                kept.segments += 1;
                kept.lake_bytes += bytes;
            } else {
                kept.store_bytes += bytes;
            }
        }
    }
    Ok(kept)
}

fn told(file: &Path, bytes: u64, mut seconds: Vec<f64>, report: &ImportReport, kept: &Kept) -> serde_json::Value {
    let rounded = |number: f64, digits: f64| (number * digits).round() / digits;
    let turns: Vec<f64> = seconds.iter().map(|took| rounded(*took, 1000.0)).collect();
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    json!({
        "engine": format!("muster {}", env!("CARGO_PKG_VERSION")),
        "file": file,
        "file_bytes": bytes,
        "seconds": rounded(median, 1000.0),
        "turns_s": turns,
        "lines_per_s": rounded(report.lines as f64 / median, 1.0),
        "mb_per_s": rounded(bytes as f64 / 1e6 / median, 10.0),
        "peak_resident_mib": peak_resident_mib(),
        "lines": report.lines,
        "accepted": report.accepted,
        "duplicates": report.duplicates,
        "rejected": report.rejected,
        "profiles": report.new_profiles,
        "merges": report.merges,
        "segments": kept.segments,
        "lake_bytes": kept.lake_bytes,
        "store_bytes": kept.store_bytes,
    })
}

/// The most memory the process ever held, as Linux tells it; absent elsewhere.
fn peak_resident_mib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}
