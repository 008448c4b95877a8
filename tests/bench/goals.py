"""The goals, and what was measured of each: ratios against the best peer in its best form."""

from typing import NamedTuple

from turns import best_peer


class Goal(NamedTuple):
    """What was asked for, what was found, and whether that is enough; `None` where it was not measured."""

    what: str
    asked: str
    found: str
    met: bool | None


def all_goals(kept: dict) -> list[Goal]:
    """Every goal, in the order they were set."""
    return [
        warm(kept, "20", 10, "full evaluation, 20 audiences, columns warm"),
        warm(kept, "100", 30, "the same with 100 audiences"),
        cold(kept, "20", 1, "full evaluation, 20 audiences, from a cold cache"),
        cold(kept, "100", 5, "the same with 100 audiences"),
        growth(kept),
        tick(kept, "recomputes", 200, "hourly tick, against the best full recompute"),
        tick(kept, "rollups", 20, "hourly tick, against the best hand-written rollup"),
        backfill(kept),
        diff(kept, "duckdb", 50, "diff of 100 audiences of 2 M profiles, against SQL"),
        diff(kept, "pyroaring", 1, "the same, against pyroaring"),
        preview(kept),
        bulk_import(kept),
        memory(kept),
        import_memory(kept),
    ]


def ratio(what: str, wanted: float, peer: tuple[str, dict] | None, ours: float) -> Goal:
    """So many times as fast as the best peer."""
    asked = f"{wanted:g}x"
    if peer is None or not ours:
        return Goal(what, asked, "not measured", None)
    way, told = peer
    times = told["median_s"] / ours
    return Goal(what, asked, f"{times:.3g}x ({way}: {seconds(told['median_s'])}, muster {seconds(ours)})", times >= wanted)


def warm(kept: dict, count: str, wanted: float, what: str) -> Goal:
    """Against everybody, whatever they had prepared."""
    compared = kept.get("full", {}).get(count)
    return ratio(what, wanted, compared and best_peer(compared), compared["warm"]["median_s"] if compared else 0)


def cold(kept: dict, count: str, wanted: float, what: str) -> Goal:
    """The same, though the peers' tables are filled before the clock starts; the best over Parquet stands beside it."""
    compared = kept.get("full", {}).get(count)
    if not compared:
        return Goal(what, f"{wanted:g}x", "not measured", None)
    ours = compared["cold"]["median_s"]
    goal = ratio(what, wanted, best_peer(compared), ours)
    files = best_peer(compared, "-parquet")
    if files is None or goal.met is None:
        return goal
    return goal._replace(found=f"{goal.found}; over Parquet {files[1]['median_s'] / ours:.3g}x ({files[0]}: {seconds(files[1]['median_s'])})")


def growth(kept: dict) -> Goal:
    """A thousand against one."""
    what, asked = "1 to 1,000 audiences", "at most 6x the cost of one"
    told = kept.get("audiences", {})
    if "1" not in told or "1000" not in told:
        return Goal(what, asked, "not measured", None)
    one, many = told["1"]["warm"]["median_s"], told["1000"]["warm"]["median_s"]
    found = f"{many / one:.3g}x ({seconds(one)} and {seconds(many)})"
    if alone := told.get("alone"):
        found += f"; {many / alone['max_s']:.3g}x the dearest of them alone ({seconds(alone['max_s'])})"
    return Goal(what, asked, found, many <= 6 * one)


def tick(kept: dict, of: str, wanted: float, what: str) -> Goal:
    """One tick."""
    told = kept.get("tick")
    peer = told and best_peer({"peers": told[of]})
    return ratio(what, wanted, peer, told["muster"]["median_s"] if told else 0)


def backfill(kept: dict) -> Goal:
    """The year, or what its last day promises."""
    what, asked = "a year of hourly backfill, 20 audiences", "under 2 minutes"
    told = kept.get("backfill")
    if not told:
        return Goal(what, asked, "not measured", None)
    if "year" not in told:
        return Goal(what, asked, f"about {told['projected_s']:,.0f} s, projected from {told['day']['ticks']} ticks", False)
    return Goal(what, asked, f"{told['year']['seconds']:,.0f} s for {told['year']['ticks']:,} ticks", told["year"]["seconds"] < 120)


def diff(kept: dict, peer: str, wanted: float, what: str) -> Goal:
    """All differences of a hundred audiences."""
    told = kept.get("diff")
    return ratio(what, wanted, told and best_peer(told, peer), told["muster"]["median_s"] if told else 0)


def preview(kept: dict) -> Goal:
    """A rule never seen before."""
    what, asked = "preview of a rule never seen before, exact", "p95 under 250 ms"
    told = kept.get("preview")
    if not told:
        return Goal(what, asked, "not measured", None)
    rules = told["rules"]["all"]
    found = f"p50 {seconds(rules['p50_s'])}, p95 {seconds(rules['p95_s'])}, most {seconds(rules['max_s'])} of {rules['count']} rules"
    return Goal(what, asked, found, rules["p95_s"] < 0.25)


def bulk_import(kept: dict) -> Goal:
    """Against the better of DuckDB's tables, in memory or in a file."""
    what = "bulk import of NDJSON, identity and dedup included, against `read_json`"
    told = kept.get("import")
    if not told:
        return Goal(what, "1x", "not measured", None)
    better = min(told["duckdb"]["into"].items(), key=lambda item: item[1]["seconds"])
    ours = told["muster"]["seconds"]
    found = f"{better[1]['seconds'] / ours:.3g}x (DuckDB into a table in {better[0]}: {seconds(better[1]['seconds'])}, muster {seconds(ours)})"
    return Goal(what, "1x", found, told["ratio"] <= 1)


def import_memory(kept: dict) -> Goal:
    """All of it, files it has mapped included."""
    what, asked = "memory of the import", "2 GiB"
    peak = kept.get("import", {}).get("muster", {}).get("peak_resident_mib")
    return Goal(what, asked, f"{peak:,} MiB", peak <= 2048) if peak else Goal(what, asked, "not measured", None)


def memory(kept: dict) -> Goal:
    """Memory that no file is behind, of the process that evaluated twenty audiences, cold and warm, turn after turn."""
    what, asked = "memory of a full evaluation, 20 audiences", "1 GiB beyond mapped files"
    told = kept.get("full", {}).get("20")
    if not told:
        return Goal(what, asked, "not measured", None)
    own = told["memory"]["muster"]["own_peak_mib"]
    return Goal(what, asked, f"{own:,} MiB", own <= 1024)


def seconds(value: float) -> str:
    """Three digits, in the unit that reads best."""
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-6:.2g} µs"
