"""polars from Python: lazy queries, collected by its streaming engine, over the lake's Parquet or over frames in memory.

Conditions become joins: the first positive part, then semi and anti joins. POLARS_MAX_THREADS must be set before this
module is imported.
"""

from datetime import datetime, timedelta
from functools import reduce
from operator import and_
from pathlib import Path

import numpy as np
import polars as pl

import lake
import rollup
from meaning import TRAITS_LOG, All, AnyOf, Condition, Event, InAudience, Match, NoneOf, Span, Traits, Workload

MICROSECOND = timedelta(microseconds=1)


class Polars:
    """The logs as lazy frames, and the members found last."""

    forms = ("each", "all")

    def __init__(self, logs: dict[str, pl.LazyFrame], has_days: bool) -> None:
        self.logs = logs
        self.has_days = has_days
        self.rollups: dict[rollup.Group, pl.DataFrame] = {}
        self.found: dict[str, pl.DataFrame] = {}

    @classmethod
    def over_parquet(cls, logs: dict[str, list[str]], root: Path, threads: int, work: Path) -> "Polars":
        """Reads the lake as it is; filters on the folder's day spare it the files of other days."""
        return cls({log: scan(root, log, columns) for log, columns in logs.items()}, True)

    @classmethod
    def over_frames(cls, logs: dict[str, list[str]], root: Path, threads: int, work: Path) -> "Polars":
        """Keeps the columns that conditions read in memory, sorted by time; texts of few values become codes."""
        frames = {}
        for log, columns in logs.items():
            rows = scan(root, log, columns).select("profile_id", "occurred_at", *columns).sort("occurred_at")
            coded = [pl.col(column).cast(pl.Categorical) for column in columns if column.endswith(":text")]
            frames[log] = rows.with_columns(coded).collect(engine="streaming").rechunk().lazy()
        return cls(frames, False)

    def close(self) -> None:
        """Lets go of everything."""
        self.logs, self.rollups, self.found = {}, {}, {}

    def evaluate(self, workload: Workload, form: str) -> None:
        """Finds all members of all audiences."""
        self.answer(workload, form, self.of_log)

    def answer(self, workload: Workload, form: str, counts) -> None:
        """Runs one form; `counts` says where the numbers of events come from."""
        self.found = {}
        asked = Asked(self, workload, counts)
        if form == "each":
            for audience in workload.audiences:
                self.found[audience.key] = asked.members(audience.who).collect(engine="streaming")
            return
        for audience in workload.audiences:
            asked.planned[audience.key] = asked.members(audience.who)
        frames = pl.collect_all(list(asked.planned.values()), engine="streaming")
        self.found = dict(zip(asked.planned, frames, strict=True))

    def members(self, workload: Workload, form: str) -> dict[str, np.ndarray]:
        """Who was found last."""
        return {key: frame["profile_id"].to_numpy() for key, frame in self.found.items()}

    def of_log(self, condition: Event) -> tuple[pl.LazyFrame, pl.Expr | None]:
        """The rows that count, and their sum where it is more than their number."""
        rows = self.rows(condition.event, condition.span)
        if condition.where:
            rows = rows.filter(reduce(and_, map(comparison, condition.where)))
        return rows.select("profile_id"), None

    def rows(self, log: str, span: Span) -> pl.LazyFrame:
        """The rows of a span, and over Parquet the days that can have some."""
        inside = pl.col("occurred_at") < span.end
        days = pl.lit(True)
        if self.has_days:
            days = pl.col("day") <= (span.end - MICROSECOND).date()
        if span.start is not None:
            inside &= pl.col("occurred_at") >= span.start
            if self.has_days:
                days &= pl.col("day") >= span.start.date()
        return self.logs[log].filter(inside & days if self.has_days else inside)

    def open_ticks(self, workload: Workload) -> None:
        """Fills the rollups with everything until the moment."""
        self.ticked = workload.as_of
        everything = Span(None, workload.as_of + MICROSECOND)
        self.rollups = {group: self.hours(group, everything) for group in rollup.groups(workload)}

    def tick(self, workload: Workload, form: str) -> None:
        """Adds what happened since the tick before, and finds all members."""
        news = Span(self.ticked + MICROSECOND, workload.as_of + MICROSECOND)
        for group, hours in self.rollups.items():
            hours.extend(self.hours(group, news))
        self.ticked: datetime = workload.as_of

        def counts(condition: Event) -> tuple[pl.LazyFrame, pl.Expr]:
            return of_rollup(self.rollups[condition.event, condition.where].lazy(), condition, workload.as_of)

        self.answer(workload, form, counts)

    def hours(self, group: rollup.Group, span: Span) -> pl.DataFrame:
        """The rows of one rollup for a stretch of time, from the log."""
        event, where = group
        rows = self.rows(event, span)
        if where:
            rows = rows.filter(reduce(and_, map(comparison, where)))
        micros = pl.col("occurred_at").dt.epoch("us")
        hour = (micros + rollup.HOUR_MICROS - 1) // rollup.HOUR_MICROS
        on_hour = (micros % rollup.HOUR_MICROS == 0).sum().cast(pl.UInt32)
        counted = rows.group_by(hour.alias("hour"), "profile_id").agg(pl.len().alias("events"), on_hour.alias("on_hour"))
        return counted.sort("hour").collect(engine="streaming")


class Asked:
    """A workload asked of a moment: conditions as lazy queries."""

    def __init__(self, peer: Polars, workload: Workload, counts) -> None:
        self.peer = peer
        self.counts = counts
        self.so_far = Span(None, workload.as_of + MICROSECOND)
        # Queries of audiences that are not collected yet, where all are collected together.
        self.planned: dict[str, pl.LazyFrame] = {}

    def members(self, condition: Condition) -> pl.LazyFrame:
        """The profiles of which a condition is true, each once."""
        match condition:
            case All(conditions):
                return self.parted(conditions)
            case AnyOf(conditions):
                return pl.concat([self.members(part) for part in conditions]).unique()
            case NoneOf():
                return self.parted((condition,))
            case Traits(matches):
                return self.with_traits(matches)
            case InAudience(key):
                return self.planned[key] if key in self.planned else self.peer.found[key].lazy()
            case Event():
                return self.parted((condition,)) if condition.negated() else self.counted(condition)
        raise TypeError(f"not a condition: {condition}")

    def parted(self, conditions: tuple) -> pl.LazyFrame:
        """The profiles of which all are true: those with what they must have, without those who have too much."""
        having, lacking = [], []
        for part in conditions:
            if isinstance(part, NoneOf):
                lacking.extend(self.members(unwanted) for unwanted in part.conditions)
            elif isinstance(part, Event) and (unwanted := part.negated()):
                lacking.append(self.members(unwanted))
            else:
                having.append(self.members(part))
        members, *others = having or [self.peer.rows(TRAITS_LOG, self.so_far).select("profile_id").unique()]
        for other in others:
            members = members.join(other, on="profile_id", how="semi")
        for other in lacking:
            members = members.join(other, on="profile_id", how="anti")
        return members

    def counted(self, condition: Event) -> pl.LazyFrame:
        """The profiles with so many events."""
        rows, count = self.counts(condition)
        if condition.at_least == 1 and condition.at_most is None and count is None:
            return rows.unique()
        enough = pl.col("counted") >= condition.at_least
        if condition.at_most is not None:
            enough &= pl.col("counted") <= condition.at_most
        return rows.group_by("profile_id").agg((pl.len() if count is None else count).alias("counted")).filter(enough).select("profile_id")

    def with_traits(self, matches: tuple[Match, ...]) -> pl.LazyFrame:
        """The profiles whose last values match; rows without a value are passed over."""
        latest = [
            pl.col(column).filter(pl.col(column).is_not_null()).sort_by(
                pl.col("occurred_at").filter(pl.col(column).is_not_null())
            ).last()
            for column in sorted({match.column for match in matches})
        ]
        rows = self.peer.rows(TRAITS_LOG, self.so_far).group_by("profile_id").agg(latest)
        return rows.filter(reduce(and_, map(comparison, matches))).select("profile_id")


def of_rollup(hours: pl.LazyFrame, condition: Event, as_of: datetime) -> tuple[pl.LazyFrame, pl.Expr]:
    """The hours that count, and their sum; of the first hour only what happened at its end."""
    start, end, end_left_out = rollup.bounds(condition, as_of)
    hour, events = pl.col("hour"), pl.col("events").cast(pl.Int64)
    inside = hour <= end
    if end_left_out:
        events = pl.when(hour == end).then(events - pl.col("on_hour")).otherwise(events)
    if start is not None:
        inside &= hour >= start
        events = pl.when(hour == start).then(pl.col("on_hour").cast(pl.Int64)).otherwise(events)
    return hours.filter(inside), events.sum()


def scan(root: Path, log: str, columns: list[str]) -> pl.LazyFrame:
    """All files of a log; a file has a column only if some row has a value."""
    schema = {"profile_id": pl.UInt32, "occurred_at": pl.Datetime("us")}
    for column in columns:
        schema[column] = pl.String if column.endswith(":text") else pl.Float64
    folders = {"day": pl.Date} if log == TRAITS_LOG else {"event": pl.String, "day": pl.Date}
    return pl.scan_parquet(
        lake.files(root, log),
        schema=schema,
        hive_partitioning=True,
        hive_schema=folders,
        missing_columns="insert",
        extra_columns="ignore",
    )


def comparison(match: Match) -> pl.Expr:
    """One comparison; null for a missing value, which a filter takes as false."""
    column = pl.col(match.column)
    match match.operator:
        case "equals":
            return column == match.constant
        case "one_of":
            return column.is_in(list(match.constant))
        case "at_least":
            return column >= match.constant
        case "below":
            return column < match.constant
    raise TypeError(f"not an operator: {match.operator}")
