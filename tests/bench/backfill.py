"""A year, hour by hour, by the command itself: `muster backfill` in a workspace folder, with its store and everything."""

import json
import os
import subprocess
import time

import definitions
from engine import Bench
from process import resident_kib, say

HOURS = 8760
# The year's last days cost most: they have all of history behind them.
DAYS_TRIED = 1
# A day takes as long to start as a year does, so this looks far worse than it is.
LIMIT_S = 1800


def measure(bench: Bench) -> dict:
    """A day first; the year if that promises an end within bounds."""
    tried = run(bench, f"2025-12-{32 - DAYS_TRIED:02}T00:00:00Z", "2025-12-31T23:00:00Z")
    told = {"audiences": len(definitions.usual()["audiences"]), "day": tried, "projected_s": round(tried["seconds"] / tried["ticks"] * HOURS, 1)}
    if told["projected_s"] <= LIMIT_S:
        told["year"] = run(bench, "2025-01-01T01:00:00Z", "2026-01-01T00:00:00Z")
    else:
        say(f"backfill: the year would take about {told['projected_s']:,.0f} s; not done")
    return told


def run(bench: Bench, begin: str, end: str) -> dict:
    """One backfill in a new workspace."""
    workspace = bench.fresh("backfill")
    definitions.write(definitions.usual(), workspace)
    bench.copy_of_data(workspace / "data")
    say(f"backfill from {begin} to {end}")
    command = [bench.program("muster"), "backfill", "--from", begin, "--to", end, "--every", "1h", "--json"]
    began = time.perf_counter()
    threads = os.environ | {"RAYON_NUM_THREADS": str(bench.threads)}
    process = subprocess.Popen(command, cwd=workspace, env=threads, stdout=subprocess.PIPE, text=True)
    own_peak = peak = 0
    while process.poll() is None:
        own, most = resident_kib(process.pid)
        own_peak, peak = max(own_peak, own), max(peak, most)
        time.sleep(0.05)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"`muster backfill` ended with {process.returncode}")
    report = json.load(process.stdout)
    store = sum(file.stat().st_size for file in (workspace / "data").glob("muster.db*"))
    grown = store - sum(file.stat().st_size for file in bench.data.glob("muster.db*"))
    return {
        "seconds": round(seconds, 2),
        "ticks": report["recorded"],
        "entered": report["entered"],
        "exited": report["exited"],
        "store_grew_mib": grown // 2**20,
        "peak_mib": peak // 1024,
        "own_peak_mib": own_peak // 1024,
    }
