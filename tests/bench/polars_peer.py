"""polars from Python, one lazy query per audience, collected by its streaming engine over the lake's Parquet.

Conditions become joins: the first positive part, then semi and anti joins. POLARS_MAX_THREADS must be set before this
module is imported.
"""

from datetime import timedelta
from functools import reduce
from operator import and_
from pathlib import Path

import polars as pl

import lake
from meaning import TRAITS_LOG, All, AnyOf, Audience, Condition, Event, InAudience, Match, NoneOf, Span, Traits, Workload

MICROSECOND = timedelta(microseconds=1)


class Polars:
    """Scans of the logs, and the members found so far."""

    def __init__(self, workload: Workload, root: Path) -> None:
        self.as_of = workload.as_of
        self.scans = {log: scan(root, log, columns) for log, columns in workload.columns().items()}
        self.found: dict[str, pl.DataFrame] = {}

    def evaluate(self, audience: Audience) -> int:
        """Finds an audience's members; answers how many."""
        members = self.query(audience.who).collect(engine="streaming")
        self.found[audience.key] = members
        return members.height

    def members(self, key: str) -> list[int]:
        """The members found last, in order of their numbers."""
        return self.found[key]["profile_id"].sort().to_list()

    def universe(self) -> pl.LazyFrame:
        """Everybody known as of the moment: whoever something was said about."""
        return self.rows(TRAITS_LOG, self.so_far()).select("profile_id").unique()

    def query(self, condition: Condition) -> pl.LazyFrame:
        """The profiles of which a condition is true, each once."""
        match condition:
            case All(conditions):
                return self.joined(conditions)
            case AnyOf(conditions):
                return pl.concat([self.query(part) for part in conditions]).unique()
            case NoneOf():
                return self.joined((condition,))
            case Traits(matches):
                return self.with_traits(matches)
            case InAudience(key):
                return self.found[key].lazy()
            case Event():
                if condition.negated():
                    return self.joined((condition,))
                return self.counted(condition)
        raise TypeError(f"not a condition: {condition}")

    def joined(self, conditions: tuple) -> pl.LazyFrame:
        """The profiles of which all are true: those with what they must have, without those who have too much."""
        having, lacking = [], []
        for part in conditions:
            if isinstance(part, NoneOf):
                lacking.extend(self.query(unwanted) for unwanted in part.conditions)
            elif isinstance(part, Event) and (unwanted := part.negated()):
                lacking.append(self.query(unwanted))
            else:
                having.append(self.query(part))
        members, *others = having or [self.universe()]
        for other in others:
            members = members.join(other, on="profile_id", how="semi")
        for other in lacking:
            members = members.join(other, on="profile_id", how="anti")
        return members

    def counted(self, condition: Event) -> pl.LazyFrame:
        """The profiles with so many events."""
        rows = self.rows(condition.event, condition.span)
        if condition.where:
            rows = rows.filter(reduce(and_, map(comparison, condition.where)))
        rows = rows.select("profile_id")
        if condition.at_least == 1 and condition.at_most is None:
            return rows.unique()
        enough = pl.col("events") >= condition.at_least
        if condition.at_most is not None:
            enough &= pl.col("events") <= condition.at_most
        return rows.group_by("profile_id").agg(pl.len().alias("events")).filter(enough).select("profile_id")

    def with_traits(self, matches: tuple[Match, ...]) -> pl.LazyFrame:
        """The profiles whose last values match; rows without a value are passed over."""
        latest = [
            pl.col(column).filter(pl.col(column).is_not_null()).sort_by(
                pl.col("occurred_at").filter(pl.col(column).is_not_null())
            ).last()
            for column in sorted({match.column for match in matches})
        ]
        rows = self.rows(TRAITS_LOG, self.so_far()).group_by("profile_id").agg(latest)
        return rows.filter(reduce(and_, map(comparison, matches))).select("profile_id")

    def so_far(self) -> Span:
        """All history, the as-of included."""
        return Span(None, self.as_of + MICROSECOND)

    def rows(self, log: str, span: Span) -> pl.LazyFrame:
        """The rows of a span, and the days that can have some."""
        inside = (pl.col("occurred_at") < span.end) & (pl.col("day") <= (span.end - MICROSECOND).date())
        if span.start is not None:
            inside &= (pl.col("occurred_at") >= span.start) & (pl.col("day") >= span.start.date())
        return self.scans[log].filter(inside)


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
