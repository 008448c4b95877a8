#!/usr/bin/env python3
"""Measures muster beside its peers on one lake, and prints a Markdown table.

    python3 tests/bench/compare.py --data /tmp/w50                    # W50, five turns
    python3 tests/bench/compare.py --data /tmp/w5 --workload w5       # a quick look

Generates the data the first time. Then muster, the peers and muster again take their turns on the same files with the
same number of threads; muster's figures are those of the slower of its two rounds. Exit code 1 if any two engines
disagree on a member. Needs cargo and what `peers.py` needs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

PEERS = {
    "duckdb-parquet": "DuckDB {duckdb} over the same Parquet, a query per audience",
    "duckdb-tables": "DuckDB {duckdb} over its own tables sorted by time, a query per audience",
    "polars": "polars {polars} from Python over the same Parquet, a query per audience",
}


def muster(options: argparse.Namespace) -> dict:
    """One round of muster: the first evaluation and `turns` warm ones."""
    command = ["cargo", "bench", "--quiet", "-p", "engine", "--bench", "w50", "--"]
    command += ["--data", options.data, "--workload", options.workload]
    command += ["--turns", str(options.turns), "--threads", str(options.threads)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def peers(options: argparse.Namespace) -> dict:
    """One round of the peers, which take turns among themselves."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "peers.json"
        command = [sys.executable, "tests/bench/peers.py", str(Path(options.data) / "lake"), "--json", str(report)]
        command += ["--turns", str(options.turns), "--threads", str(options.threads)]
        subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=True)
        return json.loads(report.read_text(encoding="utf-8"))


def same_members(ours: dict, theirs: dict) -> bool:
    """Whether every audience has the same members everywhere; tells on stderr where not."""
    agree = True
    for audience, found in theirs["answers"].items():
        if ours["audiences"][audience]["sha256"] != found["sha256"]:
            print(f"{audience}: muster and the peers disagree", file=sys.stderr)
            agree = False
    return agree and set(theirs["answers"]) == set(ours["audiences"])


def table(ours: dict, theirs: dict) -> str:
    """The figures as Markdown; ratios are against muster with columns in memory."""
    warm = ours["warm_s"]
    rows = [
        ("muster, columns in memory", warm, ours["warm_min_s"], ours["warm_max_s"]),
        ("muster, from Parquet (first evaluation of a process)", ours["cold_s"], None, None),
    ]
    for name, words in PEERS.items():
        total = theirs["peers"][name]["total"]
        rows.append((words.format(**theirs["versions"]), total["median_s"], total["min_s"], total["max_s"]))
    lines = ["| all 20 audiences, exact | median s | least to most | times muster |", "|---|---:|---:|---:|"]
    for words, median, least, most in rows:
        spread = "" if least is None else f"{least:.2f} to {most:.2f}"
        lines.append(f"| {words} | {median:.2f} | {spread} | {median / warm:.1f} |")
    lines.append("")
    lines.append(
        f"Peak memory: muster {ours['peak_resident_mib']:,} MiB, the peers' process {theirs['memory_peak_mb']:,.0f} MB. "
        f"Not in the times: muster loads identities from its store in {ours['loading_s']:.2f} s each run; "
        f"DuckDB fills its own tables in {theirs['duckdb_tables_load_s']:.1f} s once."
    )
    return "\n".join(lines)


def main() -> int:
    """Runs everything and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="where the data is generated, once")
    parser.add_argument("--workload", default="w50", choices=["w05", "w5", "w50"])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.data = str(Path(options.data).resolve())
    first, theirs, second = muster(options), peers(options), muster(options)
    slower = max(first, second, key=lambda round_: round_["warm_s"])
    if not same_members(first, theirs):
        return 1
    print(table(slower, theirs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
