"""The report: docs/performance.md and its plots, from what is kept of the measurements."""

from pathlib import Path

import goals
import plots
from goals import seconds

NAMES = {
    "duckdb-parquet": "DuckDB over the same Parquet",
    "duckdb-tables": "DuckDB over its own tables, sorted by time",
    "chdb-parquet": "chDB over the same Parquet",
    "chdb-tables": "chDB over its own MergeTree tables, sorted by time",
    "polars-parquet": "polars over the same Parquet",
    "polars-frames": "polars over frames in memory, sorted by time",
    "duckdb": "DuckDB over tables in memory",
    "pyroaring": "pyroaring",
}
FORMS = {
    "each": "one query per audience",
    "all": "all in one",
    "wide": "one wide pass",
    "except": "one statement, `EXCEPT`",
    "anti": "one statement, `ANTI JOIN`",
    "threads": "in two threads",
}
ORDER = {"duckdb, each": "`EXCEPT`, one query per audience", "pyroaring, each": "one call per audience"}


def write(kept: dict, out: Path) -> None:
    """Writes all of it."""
    drawn = plots.write(kept, out / "performance", named)
    sections = [head(kept), summary(kept)]
    sections += [f"![{title}](performance/{file})" for title, file in drawn]
    sections += [full(kept, count) for count in sorted((key for key in kept.get("full", {}) if key.isdigit()), key=int)]
    sections += [table_of(kept, "audiences"), table_of(kept, "history")]
    sections += [tick(kept), backfill(kept), diff(kept), preview(kept), bulk_import(kept), circumstances(kept)]
    (out / "performance.md").write_text("\n\n".join(section for section in sections if section) + "\n")


def head(kept: dict) -> str:
    """What this is, and how to have it again."""
    return """\
# Performance

Written by `tests/bench/bench.py`; what is timed and how far to trust it stands in
[tests/bench/README.md](../tests/bench/README.md).

```
python3 tests/bench/bench.py --data /tmp/w50                # everything
python3 tests/bench/bench.py --data /tmp/w50 --part tick    # one part anew; the others are kept
python3 tests/bench/bench.py --data /tmp/w5 --quick         # W5, some minutes, written beside the data
```

W50 is 50 million events over 365 days by a million profiles, few of them busy and most not (Zipf), of six event names. Every
engine has two threads, the same Parquet files or its own copy of them, and takes its turns with the others. A peer is named
with its form: *one query per audience*, *all in one* statement (polars: one `collect_all`), or *one wide pass* that counts
every condition of a log at once. `x` is how many times as long the peer takes as muster; below 1, muster loses."""


def summary(kept: dict) -> str:
    """The goals."""
    marks = {True: "yes", False: "**no**", None: "-"}
    rows = [f"| {goal.what} | {goal.asked} | {goal.found} | {marks[goal.met]} |" for goal in goals.all_goals(kept)]
    said = disagreements(kept)
    if not kept:
        return "Nothing has been measured yet: run the first of these commands."
    found = "\n".join(f"- DISAGREEMENT: {line}" for line in said) if said else (
        "All engines found the same members (and the same changes) in everything below, compared by SHA-256 of the sorted numbers."
    )
    return "\n".join(["## Goals", "", "| what | goal | measured, against the best peer in its best form | met |", "|---|---|---|---|", *rows, "", found, "", ONLY_MEASURED])


ONLY_MEASURED = (
    "The best peer is the best of those that stand in the tables below; one that is missing there was left out of the run with "
    "`--peer` and may be faster."
)


def full(kept: dict, count: str) -> str:
    """One full evaluation by everybody."""
    told = kept["full"][count]
    title = f"## {count} audiences, full evaluation"
    rows = [
        ours("muster, columns warm", told["warm"], told),
        ours("muster, just started, columns mapped", told["mapped"], told),
        ours("muster, cold: no column decoded yet", told["cold"], told),
    ]
    rows += [line(way, peer, told["warm"]["median_s"]) for way, peer in sorted(told["peers"].items(), key=lambda item: item[1]["median_s"])]
    rows += [f"| {named(way)} | failed: {reason} | | | |" for way, reason in told["failed"].items()]
    memory = ", ".join(f"{name} {most['peak_mib']:,} ({most['own_peak_mib']:,})" for name, most in told["memory"].items())
    opening = ", ".join(f"{name} {value:g}" for name, value in kept["full"]["opening_s"].items())
    return "\n".join([
        title, "", *HEADING, *rows, "",
        f"{told['leaves']} different conditions over {told['rows']:,} rows; {told['members']:,} members in all. "
        f"Most memory of each process in MiB, and of that its own, with no file behind it: {memory}. "
        f"Not in the times: muster saves decoded columns in {seconds(told['saving']['median_s'])}; seconds to open (muster: to read identities and the manifest; the others: to start, and fill tables or frames): {opening}.",
    ])


HEADING = ["| way | median | least to most | turns | x |", "|---|---:|---:|---:|---:|"]


def ours(words: str, told: dict, of: dict) -> str:
    """A row about muster."""
    times = told["median_s"] / of["warm"]["median_s"]
    return f"| **{words}** | {seconds(told['median_s'])} | {seconds(told['min_s'])} to {seconds(told['max_s'])} | {told['turns']} | {times:.3g} |"


def line(way: str, told: dict, warm: float) -> str:
    """A row about a peer."""
    spread = f"{seconds(told['min_s'])} to {seconds(told['max_s'])}" if told["turns"] > 1 else ""
    return f"| {named(way)} | {seconds(told['median_s'])} | {spread} | {told['turns']} | {told['median_s'] / warm:.3g} |"


def named(way: str) -> str:
    """A peer and its form in words."""
    name, form = way.split(", ")
    return f"{NAMES[name]}, {ORDER.get(way, FORMS[form])}"


def table_of(kept: dict, part: str) -> str:
    """A table under a plot."""
    points = {int(key): told for key, told in kept.get(part, {}).items() if key.isdigit()}
    if not points:
        return ""
    ways = list(dict.fromkeys(way for told in points.values() for way in told["peers"]))
    title, unit = ("## By number of audiences", "audiences") if part == "audiences" else ("## By length of history, 20 audiences", "days")
    has_ticks = all("tick" in told for told in points.values())
    columns = [unit, "different conditions", "muster warm", "muster cold", *["muster, an hourly tick"] * has_ticks, *map(named, ways)]
    lines = [title, "", f"| {' | '.join(columns)} |", "|" + "---:|" * len(columns)]
    for at, told in sorted(points.items()):
        ours = [told["warm"], told["cold"], *[told.get("tick")] * has_ticks]
        theirs = [told["peers"].get(way) for way in ways]
        cells = [seconds(found["median_s"]) if found else "" for found in [*ours, *theirs]]
        lines.append(f"| {at:,} | {told['leaves']} | {' | '.join(cells)} |")
    if alone := kept[part].get("alone"):
        lines += ["", f"Of the {alone['of']:,}, each of the {alone['count']:,} that refer to no other, alone, columns warm: p50 {seconds(alone['p50_s'])}, "
                  f"p95 {seconds(alone['p95_s'])}, most {seconds(alone['max_s'])}; {seconds(alone['sum_s'])} one after the other."]
    return "\n".join(lines)


def tick(kept: dict) -> str:
    """Ticks."""
    told = kept.get("tick")
    if not told:
        return ""
    tick_s = told["muster"]["median_s"]
    rows = [ours_tick("muster, advancing", told["muster"], tick_s), ours_tick("muster, evaluating in full, warm", told["muster_recompute"], tick_s)]
    for words, peers in (("hourly rollup by hand, ", told["rollups"]), ("full recompute, ", told["recomputes"])):
        rows += [line(way, peer, tick_s).replace("| ", f"| {words}", 1) for way, peer in sorted(peers.items(), key=lambda item: item[1]["median_s"])]
    arrived = "; ".join(f"{int(events):,}: {seconds(tick['seconds'])}" for events, tick in told["arrivals"].items())
    return "\n".join([
        "## Hourly ticks, 20 audiences", "",
        f"The last {told['ticks']} hours of the year, exact windows, the process running; the first evaluation of muster ({seconds(told['muster_first_s'])}) "
        "and filling the rollups are not in the times. About 5,700 events come due in an hour. A rollup's tick adds the new hour and "
        "answers all audiences from it.", "", *HEADING, *rows, "",
        f"muster's tick when so many events of its hour have newly arrived in files of their own: {arrived}.",
    ])


def ours_tick(words: str, told: dict, tick_s: float) -> str:
    """A row about muster."""
    return f"| **{words}** | {seconds(told['median_s'])} | {seconds(told['min_s'])} to {seconds(told['max_s'])} | {told['turns']} | {told['median_s'] / tick_s:.3g} |"


def backfill(kept: dict) -> str:
    """The command."""
    told = kept.get("backfill")
    if not told:
        return ""
    rows = []
    for words, run in (("the last day of the year", told["day"]), ("the year", told.get("year"))):
        if run:
            rows.append(
                f"| {words} | {run['ticks']:,} | {run['seconds']:,.1f} s | {1000 * run['seconds'] / run['ticks']:.3g} ms | {run['entered']:,} | {run['exited']:,}"
                f" | {run['store_grew_mib']:,} MiB | {run['peak_mib']:,} ({run['own_peak_mib']:,}) MiB |"
            )
    end = "" if "year" in told else f"\n\nThe whole year was not done: at that pace it would take about {told['projected_s']:,.0f} s."
    return "\n".join([
        "## Backfill, 20 audiences", "",
        "`muster backfill --from ... --to ... --every 1h` in a workspace folder with the store on SQLite, the whole command.", "",
        "| range | ticks | took | per tick | entered | exited | the store grew | most memory (its own) |", "|---|---:|---:|---:|---:|---:|---:|---:|", *rows,
    ]) + end


def diff(kept: dict) -> str:
    """Differences."""
    told = kept.get("diff")
    if not told:
        return ""
    made, ours_s = told["made"], told["muster"]["median_s"]
    rows = [ours_tick("muster, one after the other", told["muster"], ours_s), ours_tick("muster, on all threads", told["muster_threads"], ours_s)]
    rows += [line(way, peer, ours_s) for way, peer in sorted(told["peers"].items(), key=lambda item: item[1]["median_s"])]
    return "\n".join([
        "## Diff", "",
        f"{made['audiences']} audiences of {made['profiles']:,} profiles, {made['members']:,} members before and after together, "
        f"{made['entered']:,} entered and {made['exited']:,} exited.", "", *HEADING, *rows,
    ])


def preview(kept: dict) -> str:
    """Rules never seen before."""
    told = kept.get("preview")
    if not told:
        return ""
    rows = [f"| {kind} | {rules['count']} | {seconds(rules['p50_s'])} | {seconds(rules['p95_s'])} | {seconds(rules['max_s'])} |" for kind, rules in told["rules"].items()]
    return "\n".join([
        "## Preview", "", "Rules that nobody asked before, each alone, exact, columns warm.", "",
        "| kind of rule | rules | p50 | p95 | most |", "|---|---:|---:|---:|---:|", *rows, "",
        f"Most memory: {told['memory']['peak_mib']:,} MiB, its own {told['memory']['own_peak_mib']:,} MiB.",
    ])


def bulk_import(kept: dict) -> str:
    """The import's own table."""
    told = kept.get("import")
    return f"## Import\n\n{told['markdown']}" if told else ""


def circumstances(kept: dict) -> str:
    """Of each part, when and on what it was measured."""
    if not kept:
        return ""
    rows = []
    for part, told in kept.items():
        measured = told["measured"]
        note = f" {measured['note']}" if measured["note"] else ""
        rows.append(f"| {part} | {measured['on']} | `{measured['commit']}`{note} | {measured['workload'].upper()} | {measured['threads']} |")
    last = list(kept.values())[-1]["measured"]
    versions = ", ".join(f"{name} {number}" for name, number in last["versions"].items() if name != "matplotlib")
    return "\n".join(["## Circumstances", "", f"{last['machine']}. {versions}.", "", "| part | on | commit | workload | threads each |", "|---|---|---|---|---:|", *rows])


def disagreements(kept: dict) -> list[str]:
    """Whatever any part found that engines do not agree about."""
    found = []
    for part, told in kept.items():
        for point in [told, *(value for value in [*told.values(), *told.get("arrivals", {}).values()] if isinstance(value, dict))]:
            found += [f"{part}: {text}" for text in point.get("disagreements", [])]
    return found
