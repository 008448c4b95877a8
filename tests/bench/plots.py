"""The plots of the report, as SVG."""

from collections.abc import Callable
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "muster"  # the same results make the same file
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator  # noqa: E402

from goals import seconds  # noqa: E402
from turns import best_peer  # noqa: E402

Series = dict[str, tuple[list[float], list[float]]]


def write(kept: dict, folder: Path, named: Callable[[str], str]) -> list[tuple[str, str]]:
    """Draws what was measured, with the peers' names in words; answers titles and file names."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for part, unit in (("audiences", "audiences"), ("history", "days of history")):
        points = {int(key): told for key, told in kept.get(part, {}).items() if key.isdigit()}
        if points:
            title = f"Full evaluation by number of {unit}" if part == "audiences" else f"Full evaluation by {unit}, 20 audiences"
            draw(folder / f"{part}.svg", title, unit, evaluated(points, named), "log" if part == "audiences" else "linear")
            drawn.append((title, f"{part}.svg"))
    if arrivals := kept.get("tick", {}).get("arrivals"):
        title = "Hourly tick by number of events that newly arrived, 20 audiences"
        events = sorted(map(int, arrivals))
        series = {"muster, advancing": (events, [arrivals[str(count)]["seconds"] for count in events])}
        tick = kept["tick"]
        for label, peers in (("best rollup by hand", tick["rollups"]), ("best full recompute", tick["recomputes"])):
            if best := best_peer({"peers": peers}):
                series[f"{label}: {named(best[0])} (nothing new but the hour)"] = (events, [best[1]["median_s"]] * len(events))
        draw(folder / "tick.svg", title, "new events", series, "symlog")
        drawn.append((title, "tick.svg"))
    return drawn


def evaluated(points: dict[int, dict], named: Callable[[str], str]) -> Series:
    """muster warm and cold, and each peer's best form."""
    at = sorted(points)
    series = {
        "muster, columns warm": (at, [points[x]["warm"]["median_s"] for x in at]),
        "muster, cold": (at, [points[x]["cold"]["median_s"] for x in at]),
    }
    for way in dict.fromkeys(way for x in at for way in points[x]["peers"]):
        there = [x for x in at if way in points[x]["peers"]]
        series[named(way)] = (there, [points[x]["peers"][way]["median_s"] for x in there])
    return series


def draw(file: Path, title: str, unit: str, series: Series, scale: str) -> None:
    """Lines over a scale on which the measured points are named, the time on a logarithmic one."""
    figure, axes = plt.subplots(figsize=(7.5, 4.6))
    for label, (xs, ys) in series.items():
        axes.plot(xs, ys, marker="o", markersize=4, linewidth=2.2 if label.startswith("muster") else 1.2, label=label)
    axes.set_xscale(scale, **({"linthresh": 500} if scale == "symlog" else {}))
    axes.xaxis.set_major_locator(FixedLocator(sorted({x for xs, _ in series.values() for x in xs})))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: seconds(y)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(unit)
    axes.grid(True, which="major", alpha=0.3)
    axes.legend(fontsize=7, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.15))  # where no line can pass
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
