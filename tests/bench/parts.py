"""The parts of the benchmark; each answers what is kept of it. `kept` is what was measured before."""

import json
import subprocess
import sys
from pathlib import Path

import backfill as whole_backfill
import definitions
import many
import rules
import ticks
from engine import AS_OF, Bench
from process import diff_peer, say
from turns import compare, hours_before, summary
from worker import PEERS

COUNTS = [1, 3, 10, 20, 30, 100, 300, 1000]
PEERS_UP_TO = 100
HISTORY_DAYS = [30, 91, 182, 274, 365]
RULES = 300

FORMS = {"duckdb-parquet": ["each", "all"], "duckdb-tables": ["each", "all", "wide"], "chdb-parquet": ["each"],
              "chdb-tables": ["each", "wide"], "polars-parquet": ["each", "all"], "polars-frames": ["each", "all"]}


def full(bench: Bench, kept: dict) -> dict:
    """All audiences as of one moment, by everybody: twenty, and a hundred."""
    told = dict(kept.get("full", {}))
    engine = bench.engine()
    peers = {name: bench.peer(name) for name in bench.wanted(list(PEERS))}
    opening = {name: process.opening_s for name, process in peers.items()} | {"muster": engine.ready["loading_s"]}
    told["opening_s"] = told.get("opening_s", {}) | opening
    for count in bench.options.audiences or [20, 100]:
        say(f"full evaluation of {count} audiences")
        load(bench, engine, peers, count)
        ways = [(name, form) for name in peers for form in FORMS[name]]
        before = told.get(str(count), {}) if bench.options.peer else {}
        told[str(count)] = compared = compare(engine, peers, AS_OF, bench.turns, ways)
        compared["memory"] = {name: process.memory() for name, process in {"muster": engine, **peers}.items()}
        # Peers that `--peer` leaves out keep what was found of them.
        for what in ("peers", "memory", "failed"):
            compared[what] = before.get(what, {}) | compared[what]
    close(engine, peers)
    return told


def audiences(bench: Bench, kept: dict) -> dict:
    """The cost by number of audiences; of the peers the best way of each that the part `full` found."""
    told = dict(kept.get("audiences", {}))
    ways = fastest(bench, kept, 2)
    engine, peers = bench.engine(), {name: bench.peer(name) for name, _ in ways}
    for count in bench.options.audiences or COUNTS:
        say(f"{count} audiences")
        load(bench, engine, peers, count)
        told[str(count)] = compared = compare(engine, peers, AS_OF, min(bench.turns, 3), ways if count <= PEERS_UP_TO else [])
        compared["tick"] = ticks.advancing(engine)
        compared["disagreements"] += compared["tick"].pop("disagreements")
    told["memory"] = engine.memory()
    told["alone"] = alone(bench, engine, max(bench.options.audiences or COUNTS))
    close(engine, peers)
    return told


def alone(bench: Bench, engine, count: int) -> dict:
    """Each of so many audiences by itself, columns warm: those that refer to no other."""
    document = many.document(count)
    document["audiences"] = [entry for entry in document["audiences"] if "in_audience" not in json.dumps(entry)]
    found = engine.ask("preview", definitions=str(definitions.write(document, bench.fresh("alone"))), as_of=AS_OF)
    seconds = [told["seconds"] for told in found.values()]
    return centiles(seconds) | {"of": count, "sum_s": sum(seconds)}


def history(bench: Bench, kept: dict) -> dict:
    """The cost by length of history: the same twenty audiences, asked of moments within the year."""
    ways = fastest(bench, kept, 2)
    engine, peers = bench.engine(), {name: bench.peer(name) for name, _ in ways}
    load(bench, engine, peers, 20)
    told = {}
    for days in HISTORY_DAYS:
        say(f"{days} days of history")
        told[str(days)] = compare(engine, peers, hours_before(AS_OF, 24 * (365 - days)), min(bench.turns, 3), ways)
    close(engine, peers)
    return told


def tick(bench: Bench, kept: dict) -> dict:
    """Hour by hour through the last days."""
    return ticks.measure(bench, kept)


def backfill(bench: Bench, kept: dict) -> dict:
    """A year, hour by hour, through the command."""
    return whole_backfill.measure(bench)


def diff(bench: Bench, kept: dict) -> dict:
    """A hundred audiences of two million profiles, before and after."""
    folder = bench.fresh("diffs")
    engine = bench.engine()
    made = engine.ask("make_diffs", folder=str(folder))
    expected = engine.ask("diff", threads=False, hashes=True)
    peers = {name: diff_peer(name, folder, bench.threads) for name in bench.wanted(["pyroaring", "duckdb"])}
    ways = [(name, form) for name, forms in (("pyroaring", ["each", "threads"]), ("duckdb", ["except", "anti", "each"]))
            if name in peers for form in forms]
    wrong = []
    for name, form in ways:
        if peers[name].ask("diff", form=form, hashes=True)["answers"] != expected["answers"]:
            wrong.append(f"{name}, {form}: other differences than muster")
    times: dict[tuple[str, str], list[float]] = {way: [] for way in ways}
    ours: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(bench.turns):
        say(f"diff, turn {turn + 1} of {bench.turns}")
        for name, form in ways:
            times[name, form].append(peers[name].ask("diff", form=form, hashes=False)["seconds"])
            for threads, seconds in ours.items():
                seconds.append(engine.ask("diff", threads=threads, hashes=False)["seconds"])
    memory = {name: process.close() for name, process in {"muster": engine, **peers}.items()}
    peers_told = {f"{name}, {form}": summary(seconds) for (name, form), seconds in times.items()}
    changed = {half: expected[half] for half in ("entered", "exited")}
    told = {"muster": summary(ours[False]), "muster_threads": summary(ours[True])}
    return {"made": made | changed} | told | {"peers": peers_told, "memory": memory, "disagreements": wrong}


def preview(bench: Bench, kept: dict) -> dict:
    """Rules that nobody has asked before, each alone, with warm columns. Those that peers understand are compared."""
    engine = bench.engine()
    _, usual = bench.audiences(20)
    engine.ask("load", definitions=str(usual))
    engine.ask("evaluate", as_of=AS_OF, hashes=False)
    write = rules.definitions.write
    # Other rules first: what is asked for the first time is the rule, not the column it looks at.
    engine.ask("preview", definitions=str(write(rules.document(RULES // 5, seed=1), bench.fresh("rules-before"))), as_of=AS_OF)
    engine.ask("save")
    document = rules.document(RULES if bench.options.workload == "w50" else RULES // 3, seed=2)
    found = engine.ask("preview", definitions=str(write(document, bench.fresh("rules"))), as_of=AS_OF)
    memory = engine.close()
    by_kind: dict[str, list[float]] = {}
    for key, told in found.items():
        by_kind.setdefault(key.split("_")[0], []).append(told["seconds"])
        by_kind.setdefault("all", []).append(told["seconds"])
    return {"rules": {kind: centiles(seconds) for kind, seconds in sorted(by_kind.items())}, "memory": memory}


def bulk_import(bench: Bench, kept: dict) -> dict | None:
    """What `import.py` beside this file measures, where it is there."""
    script = Path(__file__).with_name("import.py")
    if not script.exists():
        say("import: there is no import.py")
        return None
    told = bench.work / "import.json"
    lines = 2_000_000 if bench.options.workload == "w50" else 200_000
    command = [sys.executable, "-B", script, "--data", bench.work / "import", "--json", told]
    command += ["--lines", lines, "--turns", bench.turns, "--threads", bench.threads, "--ours", bench.program("import")]
    markdown = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(told.read_text()) | {"markdown": markdown.strip()}


def centiles(seconds: list[float]) -> dict:
    """Of many: half of them, nineteen of twenty, and the slowest."""
    ordered = sorted(seconds)
    at = {"p50_s": 0.5, "p95_s": 0.95, "max_s": 1.0}
    return {"count": len(ordered)} | {word: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for word, share in at.items()}


def fastest(bench: Bench, kept: dict, count: int) -> list[tuple[str, str]]:
    """The fastest ways of the part `full`, one of each peer; without it a guess."""
    known = kept.get("full", {}).get("20", {}).get("peers", {})
    if not known:
        return [(name, form) for name, form in [("duckdb-tables", "each"), ("polars-frames", "all")] if name in bench.wanted([name])]
    best: dict[str, tuple[float, str]] = {}
    for way, told in known.items():
        name, form = way.split(", ")
        if name in bench.wanted([name]):
            best[name] = min(best.get(name, (float("inf"), "")), (told["median_s"], form))
    return [(name, form) for name, (_, form) in sorted(best.items(), key=lambda item: item[1])][:count]


def load(bench: Bench, engine, peers: dict, count: int) -> None:
    """Gives everybody the same audiences."""
    file, folder = bench.audiences(count)
    engine.ask("load", definitions=str(folder))
    for process in peers.values():
        process.ask("load", audiences=str(file))


def close(engine, peers: dict) -> None:
    """Ends all."""
    for process in [engine, *peers.values()]:
        process.close()
