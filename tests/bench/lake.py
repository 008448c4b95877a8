"""Where the lake keeps what: `events/event=<name>/day=<day>/*.parquet` and `traits/day=<day>/*.parquet`."""

from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from meaning import TRAITS_LOG


def folder(lake: Path, log: str) -> Path:
    """The folder of one log: an event's name, percent-encoded, or the log of traits."""
    if log == TRAITS_LOG:
        return lake / "traits"
    return lake / "events" / f"event={quote(log, safe='').replace('~', '%7E')}"


def files(lake: Path, log: str) -> str:
    """The pattern that finds all files of a log."""
    return str(folder(lake, log) / "day=*" / "*.parquet")


def day_folder(lake: Path, log: str, moment: datetime) -> Path:
    """The folder of the day a moment lies in."""
    return folder(lake, log) / f"day={moment:%Y-%m-%d}"
