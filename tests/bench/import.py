#!/usr/bin/env python3
"""Bulk import, muster and DuckDB in turns on the same file.

    python3 tests/bench/import.py --data /tmp/import                           # two million lines
    python3 tests/bench/import.py --data /tmp/import --lines 200000 --turns 3  # a quick look
    python3 tests/bench/import.py --data /tmp/import --json import.json        # everything measured, too

muster reads, parses, checks, deduplicates and resolves who is who, and writes Parquet and SQLite durably
(crates/ingest/benches/import); DuckDB does `CREATE TABLE t AS SELECT * FROM read_json(FILE)`, into memory and into a
database file (import_peer.py). Every turn is a process of its own and begins with nothing; the file is in the operating
system's cache. Prints a Markdown table. The JSON:

    turns, threads, machine: {platform, cores}, file: {bytes, lines}
    muster: what the benchmark prints of its last turn, with `turns_s`, `seconds` (median) and `peak_resident_mib` (most)
        of all turns
    duckdb: {engine, python, into: {file, memory}}: as import_peer.py prints them
    ratio: muster's median divided by the better of DuckDB's two; below 1 muster is faster

Exit codes: 0 done; 2 could not be done.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
INTO = ["file", "memory"]


def main() -> int:
    """Does what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="where the file is generated, once, and imported to")
    parser.add_argument("--lines", type=int, default=2_000_000, help="how many lines it has")
    parser.add_argument("--profiles", type=int, help="how many people it tells of; default: one for 25 lines")
    parser.add_argument("--days", type=int, default=365, help="how many days it covers")
    parser.add_argument("--turns", type=int, default=5, help="timed turns of each")
    parser.add_argument("--threads", type=int, default=2, help="threads of each")
    parser.add_argument("--ours", type=Path, help="the benchmark's program, if it is built already; default: cargo builds it")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    arguments = parser.parse_args()
    if arguments.turns < 1:
        parser.error("at least one turn must be timed")

    ours = muster_command(arguments)
    file = Path(run([*ours, "--only-generate"])["file"])
    turns = {"muster": [], **{into: [] for into in INTO}}
    try:
        for turn in range(arguments.turns):
            print(f"turn {turn + 1} of {arguments.turns}", file=sys.stderr)
            # Kept until the end: for minutes after files were removed a file system looks for room beside them.
            turns["muster"].append(run([*ours, "--keep"]))
            for into in INTO:
                turns[into].append(run(duckdb_command(file, into, arguments)))
    finally:
        for kept in arguments.data.glob("imported-*"):
            shutil.rmtree(kept)
    report = summary(file, turns, arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    print(render(report))
    return 0


def muster_command(arguments: argparse.Namespace) -> list[str]:
    """One turn of the benchmark."""
    program = [str(arguments.ours)]
    if not arguments.ours:
        cargo = ["cargo", "bench", "--quiet", "--package", "ingest", "--bench", "import"]
        subprocess.run([*cargo, "--no-run"], check=True, cwd=HERE)
        program = [*cargo, "--"]
    command = [*program, "--data", str(arguments.data.resolve()), "--lines", str(arguments.lines)]
    command += ["--days", str(arguments.days), "--threads", str(arguments.threads)]
    return command + (["--profiles", str(arguments.profiles)] if arguments.profiles else [])


def duckdb_command(file: Path, into: str, arguments: argparse.Namespace) -> list[str]:
    """One turn of the peer."""
    peer = [sys.executable, str(HERE / "import_peer.py"), str(file), "--turns", "1", "--into", into]
    return [*peer, "--threads", str(arguments.threads)]


def run(command: list[str]) -> dict:
    """What a command prints, as JSON."""
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=HERE).stdout)


def summary(file: Path, turns: dict[str, list[dict]], arguments: argparse.Namespace) -> dict:
    """Everything measured."""
    muster = turns["muster"][-1] | of_all(turns["muster"])
    into = {name: turns[name][-1]["into"][name] | of_all([turn["into"][name] for turn in turns[name]]) for name in INTO}
    duckdb = {name: turns["file"][-1][name] for name in ("engine", "python")} | {"into": into}
    return {
        "turns": arguments.turns,
        "threads": arguments.threads,
        "machine": {"platform": f"{platform.system()} {platform.machine()}", "cores": os.cpu_count()},
        "file": {"bytes": file.stat().st_size, "lines": muster["lines"]},
        "muster": muster,
        "duckdb": duckdb,
        "ratio": round(muster["seconds"] / min(each["seconds"] for each in into.values()), 3),
    }


def of_all(turns: list[dict]) -> dict:
    """What all turns say together."""
    seconds = [turn["seconds"] for turn in turns]
    peaks = [turn["peak_resident_mib"] for turn in turns if turn["peak_resident_mib"] is not None]
    return {"seconds": statistics.median(seconds), "turns_s": seconds, "peak_resident_mib": max(peaks, default=None)}


def render(report: dict) -> str:
    """The report as a Markdown table."""
    muster, duckdb, file = report["muster"], report["duckdb"], report["file"]
    rows = [
        (f"{muster['engine']}: identity, dedup, Parquet and SQLite", muster, muster["lake_bytes"] + muster["store_bytes"]),
        (f"{duckdb['engine']}: a table in a file", duckdb["into"]["file"], duckdb["into"]["file"]["database_bytes"]),
        (f"{duckdb['engine']}: a table in memory", duckdb["into"]["memory"], 0),
    ]
    lines = [
        f"{file['lines']:,} lines, {file['bytes'] / 1e6:,.0f} MB; {report['threads']} threads of {report['machine']['cores']} cores,"
        f" {report['machine']['platform']}; median (least to most) of {report['turns']} turns",
        "",
        "| | seconds | lines/s | MB/s | peak MiB | MB on disk |",
        "|---|---|---|---|---|---|",
    ]
    for name, measured, on_disk in rows:
        seconds, all_s = measured["seconds"], measured["turns_s"]
        lines.append(
            f"| {name} | {seconds:.2f} ({min(all_s):.2f} to {max(all_s):.2f}) | {file['lines'] / seconds:,.0f}"
            f" | {file['bytes'] / 1e6 / seconds:,.0f} | {measured['peak_resident_mib']:,} | {on_disk / 1e6:,.0f} |"
        )
    better = min(duckdb["into"], key=lambda into: duckdb["into"][into]["seconds"])
    times = "faster" if report["ratio"] < 1 else "slower"
    factor = 1 / report["ratio"] if report["ratio"] < 1 else report["ratio"]
    lines += [
        "",
        f"muster is {factor:.2f} times {times} than DuckDB (into a table in {'a file' if better == 'file' else 'memory'});"
        f" {muster['accepted']:,} messages of {muster['profiles']:,} profiles accepted, {muster['duplicates']:,} duplicates,"
        f" {muster['merges']:,} merges, {muster['segments']:,} segments.",
        f"Python {duckdb['python']}.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"could not measure: {error}", file=sys.stderr)
        sys.exit(2)
