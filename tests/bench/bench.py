#!/usr/bin/env python3
"""muster beside DuckDB, chDB, polars and pyroaring, on the same data, in turns.

    python3 tests/bench/bench.py --data /tmp/w50                        # everything; writes docs/performance.md
    python3 tests/bench/bench.py --data /tmp/w50 --part tick            # one part anew; the others are kept
    python3 tests/bench/bench.py --data /tmp/w5 --quick                 # W5, a few minutes; writes beside the data
    python3 tests/bench/bench.py --report                               # docs/performance.md from the kept results
    python3 tests/bench/bench.py --self-test                            # every peer held to plain Python

README.md beside this file says what is timed. Exit codes: 0 done; 1 engines disagree; 2 could not be done.
"""

import argparse
import datetime
import json
import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # leave no compiled files beside the tests

import definitions  # noqa: E402
import environment  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
PARTS = ["full", "audiences", "history", "tick", "backfill", "diff", "preview", "import"]


def main() -> int:
    """Does what the command line asks."""
    options = arguments()
    if options.write_definitions:
        definitions.write(definitions.usual())
        return 0
    environment.enter(options.upgrade)
    os.environ["POLARS_MAX_THREADS"] = str(options.threads)  # polars reads it when it is imported
    import report

    if options.self_test:
        return self_test(options)
    results = options.out / "performance" / "results.json"
    if not options.report:
        if options.data is None:
            raise SystemExit("give the folder of the data with --data, or --report, or --self-test")
        measure(options, results)
    kept = json.loads(results.read_text()) if results.exists() else {}
    report.write(kept, options.out)
    print((options.out / "performance.md").read_text())
    return 1 if report.disagreements(kept) else 0


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="where the data is generated, once; only read afterwards")
    parser.add_argument("--workload", choices=["w05", "w5", "w50"], default="w50")
    parser.add_argument("--quick", action="store_true", help="W5, fewer turns, the report beside the data")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this one; may be given again")
    parser.add_argument("--audiences", type=int, action="append", help="how many, in the parts `full` and `audiences`")
    parser.add_argument("--turns", type=int, default=5, help="timed turns of each engine")
    parser.add_argument("--threads", type=int, default=2, help="threads of each engine")
    parser.add_argument("--peer", action="append", help="only this peer; may be given again")
    parser.add_argument("--work", type=Path, default=Path("/tmp/muster-bench"), help="for everything temporary; some 10 GiB")
    parser.add_argument("--out", type=Path, help="where performance.md and performance/ go; default: docs")
    parser.add_argument("--engine", type=Path, help="the benchmark program, built already")
    parser.add_argument("--muster", type=Path, help="the program `muster`, built already")
    parser.add_argument("--importer", type=Path, help="the benchmark program of the import, built already")
    parser.add_argument("--note", default="", help="a remark that is kept with the measured parts")
    parser.add_argument("--report", action="store_true", help="measure nothing: write the report from the kept results")
    parser.add_argument("--self-test", action="store_true", help="hold all peers to plain Python on a small lake")
    parser.add_argument("--write-definitions", action="store_true", help="renew definitions/ from audiences.json")
    parser.add_argument("--upgrade", action="store_true", help="bring the peers to their newest versions first")
    options = parser.parse_args()
    if options.quick:
        options.workload, options.turns = "w5", min(options.turns, 3)
    if options.out is None:
        options.out = options.data if options.data and options.workload != "w50" else ROOT / "docs"
    return options


def measure(options: argparse.Namespace, results: Path) -> None:
    """Measures part by part; each is kept as soon as it is done."""
    import engine
    import parts

    bench = engine.Bench(options)
    for part in options.part or PARTS:
        kept = json.loads(results.read_text()) if results.exists() else {}
        measured = getattr(parts, part.replace("import", "bulk_import"))(bench, kept)
        if measured is None:
            continue
        kept[part] = measured | {"measured": circumstances(options)}
        results.parent.mkdir(parents=True, exist_ok=True)
        results.write_text(json.dumps(kept, indent=1) + "\n")


def circumstances(options: argparse.Namespace) -> dict:
    """When, on what, with which versions."""
    import engine

    return {
        "on": f"{datetime.date.today()}",
        "commit": engine.commit(),
        "workload": options.workload,
        "threads": options.threads,
        "machine": engine.machine(),
        "versions": environment.versions(),
        "note": options.note,
    }


def self_test(options: argparse.Namespace) -> int:
    """Holds the peers to plain Python."""
    import tempfile

    import self_test as small

    with tempfile.TemporaryDirectory(prefix="muster-bench-") as work:
        return 1 if small.run(Path(work), options.threads) else 0


if __name__ == "__main__":
    sys.exit(main())
