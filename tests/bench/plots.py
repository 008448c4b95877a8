"""The plots of the report, as SVG."""

from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "muster"  # the same results make the same file
import matplotlib.pyplot as plt  # noqa: E402

from turns import best_peer  # noqa: E402

Series = dict[str, tuple[list[float], list[float]]]


def write(kept: dict, folder: Path) -> list[tuple[str, str]]:
    """Draws what was measured; answers titles and file names."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for part, unit in (("audiences", "audiences"), ("history", "days of history")):
        points = {int(key): told for key, told in kept.get(part, {}).items() if key.isdigit()}
        if points:
            title = f"Full evaluation by number of {unit}" if part == "audiences" else f"Full evaluation by {unit}, 20 audiences"
            draw(folder / f"{part}.svg", title, unit, evaluated(points), part == "audiences")
            drawn.append((title, f"{part}.svg"))
    if arrivals := kept.get("tick", {}).get("arrivals"):
        title = "Hourly tick by number of events that newly arrived, 20 audiences"
        events = sorted(map(int, arrivals))
        series = {"muster, advancing": (events, [arrivals[str(count)]["seconds"] for count in events])}
        tick = kept["tick"]
        for label, peers in (("best rollup by hand", tick["rollups"]), ("best full recompute", tick["recomputes"])):
            if best := best_peer({"peers": peers}):
                series[f"{label}: {best[0]} (nothing new but the hour)"] = (events, [best[1]["median_s"]] * len(events))
        draw(folder / "tick.svg", title, "new events", series, "symlog")
        drawn.append((title, "tick.svg"))
    return drawn


def evaluated(points: dict[int, dict]) -> Series:
    """muster warm and cold, and each peer's best form."""
    at = sorted(points)
    series = {
        "muster, columns warm": (at, [points[x]["warm"]["median_s"] for x in at]),
        "muster, cold": (at, [points[x]["cold"]["median_s"] for x in at]),
    }
    for way in dict.fromkeys(way for x in at for way in points[x]["peers"]):
        there = [x for x in at if way in points[x]["peers"]]
        series[way] = (there, [points[x]["peers"][way]["median_s"] for x in there])
    return series


def draw(file: Path, title: str, unit: str, series: Series, scale: bool | str) -> None:
    """Lines over a scale, seconds on a logarithmic one."""
    figure, axes = plt.subplots(figsize=(7.5, 4.2))
    for label, (xs, ys) in series.items():
        axes.plot(xs, ys, marker="o", markersize=4, linewidth=2.2 if label.startswith("muster") else 1.2, label=label)
    if scale == "symlog":
        axes.set_xscale("symlog", linthresh=500)
    elif scale:
        axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(unit)
    axes.set_ylabel("seconds")
    axes.grid(True, which="major", alpha=0.3)
    axes.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
