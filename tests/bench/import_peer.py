#!/usr/bin/env python3
"""Bulk import by other means: DuckDB reads a file of messages into a table, with neither identity nor deduplication.

    python3 tests/bench/import_peer.py FILE.ndjson                      # into memory and into a database file, in turns
    python3 tests/bench/import_peer.py FILE.ndjson --into memory        # one of them

Each turn is a process of its own, so that its memory is its own. Prints JSON:

    engine, python, file, file_bytes, threads
    into: for `file` and `memory` each
        turns_s            seconds of `CREATE TABLE t AS SELECT * FROM read_json(FILE)`, committed
        seconds            their median
        rows               of the table
        peak_resident_mib  the most memory the process ever held, of all turns
        database_bytes     of the database file; 0 in memory

Runs where DuckDB is installed, or in an environment that it sets up in ~/.cache/muster/import-venv.
"""

import argparse
import importlib.util
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
from pathlib import Path

sys.dont_write_bytecode = True  # leave no compiled files beside the tests

VENV = Path.home() / ".cache" / "muster" / "import-venv"
INTO = ["file", "memory"]


def main() -> int:
    """Does what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="newline-delimited JSON")
    parser.add_argument("--turns", type=int, default=3, help="timed turns of each")
    parser.add_argument("--threads", type=int, default=2, help="DuckDB's threads")
    parser.add_argument("--into", action="append", choices=INTO, help="only this one; may be given again")
    parser.add_argument("--work", type=Path, help="where the database file goes for the while; default: beside FILE")
    parser.add_argument("--one-turn", choices=INTO, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.turns < 1 or not arguments.file.is_file():
        parser.error("give a file of messages, and at least one turn")

    enter_venv()
    work = arguments.work or arguments.file.parent
    if arguments.one_turn:
        print(json.dumps(one_turn(arguments.file, arguments.one_turn, arguments.threads, work)))
        return 0
    chosen = [name for name in INTO if not arguments.into or name in arguments.into]
    turns = {name: [] for name in chosen}
    for _ in range(arguments.turns):
        for name in chosen:
            turns[name].append(in_own_process(arguments.file, name, arguments.threads, work))
    print(json.dumps(report(arguments.file, arguments.threads, turns), indent=2))
    return 0


def enter_venv() -> None:
    """Goes on where DuckDB is; installs it if it is nowhere."""
    if importlib.util.find_spec("duckdb"):
        return
    python, ready = VENV / "bin" / "python", VENV / "ready"
    if not ready.exists():
        print(f"setting up duckdb in {VENV}", file=sys.stderr)
        venv.create(VENV, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade", "duckdb"]
        subprocess.run(install, check=True)
        ready.touch()
    os.execv(python, [str(python), *sys.argv])


def one_turn(file: Path, into: str, threads: int, work: Path) -> dict:
    """Reads the file once, into an empty database."""
    import duckdb

    with tempfile.TemporaryDirectory(dir=work, prefix="muster-import-peer-") as folder:
        database = ":memory:" if into == "memory" else str(Path(folder) / "messages.duckdb")
        connection = duckdb.connect(database, config={"threads": threads})
        name = str(file).replace("'", "''")
        began = time.perf_counter()
        connection.execute(f"CREATE TABLE t AS SELECT * FROM read_json('{name}')")
        seconds = time.perf_counter() - began
        (rows,) = connection.execute("SELECT count(*) FROM t").fetchone()
        connection.close()
        size = 0 if into == "memory" else os.path.getsize(database)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mib = peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
    return {
        "engine": f"DuckDB {duckdb.__version__}",
        "seconds": seconds,
        "rows": rows,
        "peak_resident_mib": round(mib),
        "database_bytes": size,
    }


def in_own_process(file: Path, into: str, threads: int, work: Path) -> dict:
    """A turn, in a process that ends with it."""
    command = [sys.executable, __file__, file, "--one-turn", into, "--threads", str(threads), "--work", work]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def report(file: Path, threads: int, turns: dict[str, list[dict]]) -> dict:
    """Everything measured."""
    return {
        "engine": next(iter(turns.values()))[0]["engine"],
        "python": platform.python_version(),
        "file": str(file),
        "file_bytes": file.stat().st_size,
        "threads": threads,
        "into": {
            name: {
                "seconds": round(statistics.median(turn["seconds"] for turn in each), 3),
                "turns_s": [round(turn["seconds"], 3) for turn in each],
                "rows": each[0]["rows"],
                "peak_resident_mib": max(turn["peak_resident_mib"] for turn in each),
                "database_bytes": each[0]["database_bytes"],
            }
            for name, each in turns.items()
        },
    }


if __name__ == "__main__":
    sys.exit(main())
