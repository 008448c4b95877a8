#!/usr/bin/env python3
"""W50 by other means: the benchmark's twenty audiences evaluated by DuckDB and polars on the lake's own files.

    python3 tests/bench/peers.py LAKE                      # all peers, in turns
    python3 tests/bench/peers.py LAKE --peer polars        # one of them, for its memory
    python3 tests/bench/peers.py --self-test               # a small lake, and a row-by-row evaluator to compare with
    python3 tests/bench/peers.py --write-definitions       # renew definitions/ from audiences.json

Prints a table, and with `--json FILE` everything measured. README.md beside this file says what is timed.
Exit codes: 0 done; 1 the peers disagree; 2 could not be done.
"""

import argparse
import hashlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from importlib.metadata import version
from pathlib import Path

sys.dont_write_bytecode = True  # leave no compiled files beside the tests

import definitions  # noqa: E402
import meaning  # noqa: E402
from meaning import Workload  # noqa: E402

VENV = Path.home() / ".cache" / "muster" / "bench-venv"
PACKAGES = ["duckdb", "polars"]
PEERS = ["duckdb-parquet", "duckdb-tables", "polars"]


def main() -> int:
    """Does what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lake", nargs="?", type=Path, help="the folder that holds `events` and `traits`")
    parser.add_argument("--as-of", help="the moment asked of, such as 2026-01-01T00:00:00Z; default: audiences.json's")
    parser.add_argument("--turns", type=int, default=5, help="timed turns of each peer, after one to warm up")
    parser.add_argument("--threads", type=int, default=2, help="threads of each peer")
    parser.add_argument("--peer", action="append", choices=PEERS, help="only this one; may be given again")
    parser.add_argument("--work", type=Path, help="where DuckDB's own tables go for the while; default: a temporary folder")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--self-test", action="store_true", help="make a small lake and hold all peers to plain Python")
    parser.add_argument("--write-definitions", action="store_true", help="renew definitions/ from audiences.json")
    parser.add_argument("--upgrade", action="store_true", help="bring the peers to their newest versions first")
    arguments = parser.parse_args()

    if arguments.write_definitions:
        definitions.write()
        return 0
    if not arguments.self_test and (arguments.lake is None or not (arguments.lake / "events").is_dir()):
        parser.error("give the folder of a lake (it holds `events` and `traits`), or --self-test")
    if arguments.turns < 1:
        parser.error("at least one turn must be timed")

    enter_venv(arguments.upgrade)
    os.environ["POLARS_MAX_THREADS"] = str(arguments.threads)  # polars reads it when it is imported
    workload = meaning.load(arguments.as_of)
    chosen = [name for name in PEERS if not arguments.peer or name in arguments.peer]
    with tempfile.TemporaryDirectory(dir=arguments.work, prefix="muster-bench-") as work:
        if arguments.self_test:
            return self_test(workload, Path(work), arguments.threads)
        report = measure(workload, arguments.lake, chosen, arguments.turns, arguments.threads, Path(work))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    print(render(report))
    return 1 if report["disagreements"] else 0


def enter_venv(upgrade: bool) -> None:
    """Goes on in an environment that has the peers; makes it if there is none."""
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    python = VENV / "bin" / "python"
    ready = VENV / "ready"
    if not ready.exists() or (upgrade and not inside):
        print(f"setting up {', '.join(PACKAGES)} in {VENV}", file=sys.stderr)
        venv.create(VENV, with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade", *PACKAGES],
            check=True,
        )
        ready.touch()
    if not inside:
        os.execv(python, [str(python), *sys.argv])


def open_peers(workload: Workload, lake: Path, chosen: list[str], threads: int, work: Path) -> tuple[dict, float]:
    """The peers by name, and how long DuckDB took to fill tables of its own."""
    from duckdb_peer import DuckDb
    from polars_peer import Polars

    peers, load_s = {}, 0.0
    over_parquet = DuckDb.over_parquet(workload, lake, threads)
    over_parquet.check(workload)
    for name in chosen:
        if name == "duckdb-parquet":
            peers[name] = over_parquet
        elif name == "duckdb-tables":
            began = time.perf_counter()
            peers[name] = DuckDb.over_tables(workload, lake, threads, work / "tables.duckdb")
            load_s = time.perf_counter() - began
        else:
            peers[name] = Polars(workload, lake)
    return peers, load_s


def measure(workload: Workload, lake: Path, chosen: list[str], turns: int, threads: int, work: Path) -> dict:
    """Lets the peers evaluate everything in turns: once to warm up and to compare members, then against the clock."""
    peers, load_s = open_peers(workload, lake, chosen, threads, work)
    answers = {name: answer(peer, workload) for name, peer in peers.items()}
    times: dict[str, list[list[float]]] = {name: [] for name in peers}
    for turn in range(turns):
        for name, peer in peers.items():
            print(f"turn {turn + 1} of {turns}: {name}", file=sys.stderr)
            times[name].append(timed_turn(peer, workload, answers[name]))
    first = next(iter(answers.values()))
    return {
        "as_of": f"{workload.as_of.isoformat()}Z",
        "machine": {"platform": f"{platform.system()} {platform.machine()}", "cores": os.cpu_count(), "threads": threads},
        "versions": {package: version(package) for package in PACKAGES} | {"python": platform.python_version()},
        "turns": turns,
        "duckdb_tables_load_s": round(load_s, 3),
        "memory_peak_mb": memory_peak_mb(),
        "peers": {
            name: {
                "total": summary([sum(turn) for turn in times[name]]),
                "audiences": {
                    audience.key: summary([turn[place] for turn in times[name]])
                    for place, audience in enumerate(workload.audiences)
                },
            }
            for name in peers
        },
        "answers": first,
        "disagreements": disagreements(answers),
    }


def answer(peer, workload: Workload) -> dict[str, dict]:
    """Each audience's count, and the SHA-256 of its members' numbers: decimal, ascending, joined by line ends."""
    answers = {}
    for audience in workload.audiences:
        count = peer.evaluate(audience)
        members = peer.members(audience.key)
        if len(members) != count or len(set(members)) != count:
            raise SystemExit(f"the members of `{audience.key}` are not what was counted")
        answers[audience.key] = {"members": count, "sha256": digest(members)}
    return answers


def digest(members: list[int]) -> str:
    """The SHA-256 of members' numbers in ascending order."""
    return hashlib.sha256("\n".join(map(str, members)).encode()).hexdigest()


def timed_turn(peer, workload: Workload, expected: dict[str, dict]) -> list[float]:
    """Seconds per audience; a count that is not the warm-up's stops everything."""
    seconds = []
    for audience in workload.audiences:
        began = time.perf_counter()
        count = peer.evaluate(audience)
        seconds.append(time.perf_counter() - began)
        if count != expected[audience.key]["members"]:
            raise SystemExit(f"`{audience.key}` had {expected[audience.key]['members']} members, now {count}")
    return seconds


def summary(seconds: list[float]) -> dict[str, float]:
    """Median, least and most."""
    numbers = {"median_s": statistics.median(seconds), "min_s": min(seconds), "max_s": max(seconds)}
    return {name: round(value, 4) for name, value in numbers.items()}


def memory_peak_mb() -> float:
    """The most memory this process ever held; of one peer only if it ran alone."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)


def disagreements(answers: dict[str, dict]) -> list[str]:
    """What the peers do not agree about, in words."""
    (first_name, first), *others = answers.items()
    return [
        f"{key}: {first_name} has {first[key]['members']} members, {name} {theirs[key]['members']}"
        for name, theirs in others
        for key in first
        if theirs[key] != first[key]
    ]


def render(report: dict) -> str:
    """The report as a table: members, and each peer's median in seconds."""
    peers = list(report["peers"])
    width = max(len(key) for key in report["answers"])
    lines = [
        f"as of {report['as_of']}, {report['machine']['threads']} threads, median seconds of {report['turns']} turns",
        "",
        f"{'audience':<{width}}  {'members':>9}" + "".join(f"  {name:>14}" for name in peers) + "  sha256",
    ]
    for key, found in report["answers"].items():
        medians = "".join(f"  {report['peers'][name]['audiences'][key]['median_s']:>14.3f}" for name in peers)
        lines.append(f"{key:<{width}}  {found['members']:>9,}{medians}  {found['sha256'][:12]}")
    for label, number in (("all: median", "median_s"), ("all: least", "min_s"), ("all: most", "max_s")):
        totals = "".join(f"  {report['peers'][name]['total'][number]:>14.3f}" for name in peers)
        lines.append(f"{label:<{width}}  {'':>9}{totals}")
    versions = ", ".join(f"{package} {number}" for package, number in report["versions"].items())
    lines += ["", versions, f"peak memory of the process: {report['memory_peak_mb']:,} MB"]
    if "duckdb-tables" in peers:
        lines.append(f"not timed above: DuckDB filled its own tables in {report['duckdb_tables_load_s']} s")
    if len(peers) > 1:
        lines += [f"DISAGREEMENT: {text}" for text in report["disagreements"]] or ["all peers agree on every member"]
    return "\n".join(lines)


def self_test(workload: Workload, work: Path, threads: int) -> int:
    """Makes a small lake; every peer must find exactly the members that a row-by-row evaluator finds."""
    import self_test as small

    vocabulary = json.loads(meaning.AUDIENCES.read_text())["vocabulary"]
    logs = small.invent(workload, vocabulary)
    small.write(logs, work / "lake")
    expected = small.evaluate(workload, logs)
    peers, _ = open_peers(workload, work / "lake", PEERS, threads, work)

    findings = [f"definitions are not what audiences.json says: {name}" for name in definitions.stale()]
    for key, members in expected.items():
        if not 0 < len(members) < small.PROFILES:
            findings.append(f"`{key}` has {len(members)} members of {small.PROFILES}: it proves nothing")
    for name, peer in peers.items():
        found = answer(peer, workload)
        for key, members in expected.items():
            if found[key]["sha256"] != digest(members):
                findings.append(f"{name}: `{key}` has {found[key]['members']} members, expected {len(members)}")
    for finding in findings:
        print(finding, file=sys.stderr)
    if not findings:
        rows = sum(map(len, logs.values()))
        print(f"{len(peers)} peers agree with plain Python on {len(expected)} audiences over {rows:,} rows")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
