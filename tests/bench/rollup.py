"""The rollup that one would write by hand for hourly ticks: for each event and filter, how many by hour and profile.

A window that begins and ends on the hour is a sum over hours. An hour lacks its beginning and has its end, so that
`within`, which has both its ends, needs one thing more: how many happened at the very end of an hour (`on_hour`).
"""

from datetime import datetime, timedelta

from meaning import Event, Match, Workload, leaves
from sql import HOUR_MICROS, ClickHouseSql, Source, Sql, name

Group = tuple[str, tuple[Match, ...]]


def groups(workload: Workload) -> list[Group]:
    """Every event and filter that is counted, each once."""
    found: dict[Group, None] = {}
    for audience in workload.audiences:
        for leaf in leaves(audience.who):
            if isinstance(leaf, Event):
                found[leaf.event, leaf.where] = None
    return list(found)


def hour_number(moment: datetime) -> int:
    """The number of the hour that ends at a moment, which must be on the hour."""
    micros = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    if micros % HOUR_MICROS:
        raise ValueError(f"an hourly rollup cannot answer for {moment}: it is not on the hour")
    return micros // HOUR_MICROS


def bounds(condition: Event, as_of: datetime) -> tuple[int | None, int, bool]:
    """The hours of a span: its beginning (of that hour only what happened at its end), its end, and whether what
    happened at the end itself is left out."""
    start = None if condition.span.start is None else hour_number(condition.span.start)
    if condition.span.end > as_of:
        return start, hour_number(as_of), False
    return start, hour_number(condition.span.end), True


class OverRollup:
    """Counts hours of a rollup instead of rows of a log; to be mixed into a dialect."""

    def source(self, condition: Event) -> Source:
        """The rollup of the event and filter."""
        table = rollup_table(groups(self.workload).index((condition.event, condition.where)))
        start, end, end_left_out = bounds(condition, self.workload.as_of)
        cases = f" WHEN hour = {end} THEN CAST(events - on_hour AS INTEGER)" if end_left_out else ""
        where = f"hour <= {end}"
        if start is not None:
            cases = f" WHEN hour = {start} THEN on_hour" + cases
            where += f" AND hour >= {start}"
        return Source(table, where, f"sum(CASE{cases} ELSE events END)" if cases else "sum(events)")

    def hours(self, group: Group, after: datetime | None, until: datetime) -> str:
        """The rows of one rollup for a stretch of time, from the log."""
        event, where = group
        tests = [f"occurred_at <= {self.moment(until)}", *map(self.comparison, where)]
        if after is not None:
            tests.append(f"occurred_at > {self.moment(after)}")
        return (
            f"SELECT {self.hour_of('occurred_at')} AS hour, profile_id, CAST(count(*) AS INTEGER) AS events,"
            f" CAST(count(*) FILTER (WHERE {self.on_the_hour('occurred_at')}) AS INTEGER) AS on_hour"
            f" FROM {name(event)} WHERE {' AND '.join(tests)} GROUP BY hour, profile_id ORDER BY hour"
        )


class RollupSql(OverRollup, Sql):
    """DuckDB's dialect over rollups."""


class RollupClickHouseSql(OverRollup, ClickHouseSql):
    """ClickHouse's dialect over rollups."""


def rollup_table(place: int) -> str:
    """The table of one event and filter."""
    return f"rollup_{place}"
