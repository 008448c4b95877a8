"""Engines in turns: every way once, to warm up and to compare members; then the ways that matter, against the clock.

A way is a peer in one form. Every way is timed once; the fastest of each peer takes part in the turns, unless it took
more than three times as long as the fastest of all: its one turn is told then.
"""

import statistics
from datetime import datetime, timedelta

from process import Process, say

HOPELESS = 3.0


def summary(seconds: list[float]) -> dict:
    """Median, least and most, and how many turns."""
    return {
        "median_s": round(statistics.median(seconds), 6),
        "min_s": round(min(seconds), 6),
        "max_s": round(max(seconds), 6),
        "turns": len(seconds),
    }


def differing(who: str, found: dict, expected: dict) -> list[str]:
    """What an engine found otherwise than muster, in words."""
    return [
        f"{who}: `{key}` has {found[key]['members']} members, muster {expected[key]['members']}"
        for key in expected
        if found.get(key) != expected[key]
    ]


def compare(engine: Process, peers: dict[str, Process], as_of: str, turns: int, ways: list[tuple[str, str]]) -> dict:
    """One comparison. Peers and muster have their audiences already."""
    engine.ask("restart", cold=True)
    first = engine.ask("evaluate", as_of=as_of, hashes=True)
    expected, wrong, once, failed = first["answers"], [], {}, {}
    for name, form in ways:
        told = peers[name].try_to("evaluate", as_of=as_of, form=form, hashes=True)
        if "failed" in told:
            failed[f"{name}, {form}"] = told["failed"]
            continue
        once[name, form] = told["seconds"]
        say(f"  {name}, {form}: {told['seconds']:.2f} s once")
        wrong += differing(f"{name}, {form}", told["answers"], expected)
    contenders = best_of_each(once)
    cold, saving, mapped, warm = [], [], [], []

    def evaluate(into: list[float]) -> None:
        into.append(engine.ask("evaluate", as_of=as_of, hashes=False)["seconds"])

    times: dict[tuple[str, str], list[float]] = {way: [] for way in contenders}
    for turn in range(turns):
        say(f"  turn {turn + 1} of {turns}")
        engine.ask("restart", cold=True)
        evaluate(cold)
        saving.append(engine.ask("save")["seconds"])
        engine.ask("restart", cold=False)
        evaluate(mapped)
        for name, form in contenders:
            times[name, form].append(peers[name].ask("evaluate", as_of=as_of, form=form, hashes=False)["seconds"])
            evaluate(warm)
        if not contenders:
            evaluate(warm)
    return {
        "cold": summary(cold),
        "saving": summary(saving),
        "mapped": summary(mapped),
        "warm": summary(warm),
        "rows": first["rows"],
        "leaves": first["leaves"],
        "peers": {f"{name}, {form}": summary(times.get((name, form)) or [seconds]) for (name, form), seconds in once.items()},
        "members": sum(found["members"] for found in expected.values()),
        "answers": expected if len(expected) <= 20 else {},
        "failed": failed,
        "disagreements": wrong,
    }


def best_of_each(once: dict[tuple[str, str], float]) -> list[tuple[str, str]]:
    """The ways that take part in the turns."""
    best: dict[str, tuple[str, str]] = {}
    for way, seconds in once.items():
        if way[0] not in best or seconds < once[best[way[0]]]:
            best[way[0]] = way
    limit = HOPELESS * min(once.values(), default=0)
    return [way for way in best.values() if once[way] <= limit]


def best_peer(compared: dict, only: str = "") -> tuple[str, dict] | None:
    """The fastest way of all, or of those whose name has a word in it."""
    found = [(way, told) for way, told in compared["peers"].items() if only in way]
    return min(found, key=lambda item: item[1]["median_s"]) if found else None


def hours_before(as_of: str, hours: int) -> str:
    """An earlier moment."""
    return f"{datetime.strptime(as_of, '%Y-%m-%dT%H:%M:%SZ') - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
