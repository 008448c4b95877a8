"""Hourly ticks: muster advancing, against full evaluations and hand-written hourly rollups by the peers."""

from engine import AS_OF, Bench
from process import say
from turns import differing, hours_before, summary

TICKS = 24
COMPARED = (TICKS // 2, TICKS)
ARRIVALS = [0, 1_000, 10_000, 100_000, 1_000_000]
ROLLUP_PEERS = {"duckdb-tables": ["each", "all", "wide"], "chdb-tables": ["each", "wide"], "polars-frames": ["each", "all"]}


def measure(bench: Bench, kept: dict) -> dict:
    """Everything about ticks."""
    engine = bench.engine()
    file, folder = bench.audiences(20)
    engine.ask("load", definitions=str(folder))
    begin = hours_before(AS_OF, TICKS)
    engine.ask("evaluate", as_of=begin, hashes=False)
    engine.ask("save")
    opened = engine.ask("advance", as_of=begin, hashes=False)["seconds"]
    times, answers, wrong = [], {}, []
    for number in range(1, TICKS + 1):
        told = engine.ask("advance", as_of=at(number), hashes=number in COMPARED)
        times.append(told["seconds"])
        answers[number] = told.get("answers")
    recomputed = []
    for number in COMPARED:
        told = engine.ask("evaluate", as_of=at(number), hashes=True)
        recomputed.append(told["seconds"])
        wrong += differing(f"muster, full evaluation as of {at(number)}", told["answers"], answers[number])
    rollups, recomputes = {}, {}
    for name in bench.wanted(list(ROLLUP_PEERS)):
        rollups_of, recomputes_of, found = peer_ticks(bench, name, file, answers)
        rollups |= rollups_of
        recomputes |= recomputes_of
        wrong += found
    memory = engine.close()
    return {
        "ticks": TICKS,
        "muster": summary(times),
        "muster_first_s": opened,
        "muster_recompute": summary(recomputed),
        "rollups": rollups,
        "recomputes": recomputes,
        "arrivals": arrivals(bench, folder),
        "memory": memory,
        "disagreements": wrong,
    }


def advancing(engine) -> dict:
    """muster's ticks with whatever audiences it holds; the last one is held to a full evaluation."""
    engine.ask("advance", as_of=at(0), hashes=False)
    told = [engine.ask("advance", as_of=at(number), hashes=number == TICKS) for number in range(1, TICKS + 1)]
    full = engine.ask("evaluate", as_of=AS_OF, hashes=True)
    return summary([tick["seconds"] for tick in told]) | {
        "disagreements": differing("muster, full evaluation after a day of ticks", full["answers"], told[-1]["answers"]),
    }


def peer_ticks(bench: Bench, name: str, file, answers: dict) -> tuple[dict, dict, list[str]]:
    """One peer: each form over rollups for a few ticks, and a full evaluation at those that are compared."""
    process = bench.peer(name)
    process.ask("load", audiences=str(file))
    rollups, recomputes, wrong = {}, {}, []
    for form in ROLLUP_PEERS[name]:
        say(f"ticks: {name}, {form}")
        # From shortly before a tick that is compared; the first tick warms up.
        start = TICKS - 1 - bench.turns
        opened = process.ask("open_ticks", as_of=at(start))["seconds"]
        process.ask("tick", as_of=at(start + 1), form=form, hashes=False)
        times = []
        for number in range(start + 2, TICKS + 1):
            told = process.ask("tick", as_of=at(number), form=form, hashes=number == TICKS)
            times.append(told["seconds"])
        wrong += differing(f"{name}, rollup, {form}", told["answers"], answers[TICKS])
        rollups[f"{name}, {form}"] = summary(times) | {"filling_s": opened}
        times = []
        for number in COMPARED:
            told = process.ask("evaluate", as_of=at(number), form=form, hashes=True)
            times.append(told["seconds"])
            wrong += differing(f"{name}, {form}, as of {at(number)}", told["answers"], answers[number])
        recomputes[f"{name}, {form}"] = summary(times)
    process.close()
    return rollups, recomputes, wrong


def arrivals(bench: Bench, folder) -> dict:
    """muster's ticks when so many events have newly arrived, in a copy of the data; each held to a full evaluation."""
    engine = bench.engine(bench.copy_of_data(bench.fresh("arrivals")))
    engine.ask("load", definitions=str(folder))
    engine.ask("evaluate", as_of=AS_OF, hashes=False)
    engine.ask("save")
    engine.ask("advance", as_of=AS_OF, hashes=False)
    told = {}
    for place, events in enumerate(ARRIVALS, 1):
        say(f"tick with {events:,} new events")
        as_of = hours_before(AS_OF, -place)
        if events:
            engine.ask("arrive", events=events, as_of=as_of)
        advanced = engine.ask("advance", as_of=as_of, hashes=True)
        full = engine.ask("evaluate", as_of=as_of, hashes=True)
        told[str(events)] = {
            "seconds": advanced["seconds"],
            "disagreements": differing("muster, full evaluation", full["answers"], advanced["answers"]),
        }
    engine.close()
    return told


def at(number: int) -> str:
    """The moment of a tick."""
    return hours_before(AS_OF, TICKS - number)
