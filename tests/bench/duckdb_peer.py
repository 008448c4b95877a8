"""DuckDB, one query per audience: over the lake's Parquet, or over tables of its own in order of time.

Conditions become joins a practised author would write: the first positive part, then SEMI JOIN and ANTI JOIN.
Members land in a temporary table, so that an audience that refers to another reads its result.
"""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb

import lake
from meaning import TRAITS_LOG, All, AnyOf, Audience, Condition, Event, InAudience, Match, NoneOf, Span, Traits, Workload

MICROSECOND = timedelta(microseconds=1)


class DuckDb:
    """One connection, and views or tables named after the logs."""

    def __init__(self, workload: Workload, database: str, threads: int) -> None:
        self.as_of = workload.as_of
        self.has_days = False
        self.connection = duckdb.connect(database)
        self.connection.execute(f"SET threads = {threads}")

    @classmethod
    def over_parquet(cls, workload: Workload, root: Path, threads: int) -> "DuckDb":
        """Reads the lake as it is; filters on the folder's day spare it the files of other days."""
        peer = cls(workload, ":memory:", threads)
        peer.has_days = True
        for log, columns in workload.columns().items():
            peer.connection.execute(f"CREATE VIEW {name(log)} AS {peer.parquet(root, log, columns)}")
        return peer

    @classmethod
    def over_tables(cls, workload: Workload, root: Path, threads: int, database: Path) -> "DuckDb":
        """Copies the columns that conditions read into a database file, sorted by time."""
        peer = cls(workload, str(database), threads)
        for log, columns in workload.columns().items():
            chosen = ", ".join(["profile_id", "occurred_at", *map(name, columns)])
            source = peer.parquet(root, log, columns)
            peer.connection.execute(f"CREATE TABLE {name(log)} AS SELECT {chosen} FROM ({source}) ORDER BY occurred_at")
        peer.connection.execute("CHECKPOINT")
        return peer

    def parquet(self, root: Path, log: str, columns: list[str]) -> str:
        """A query over all files of a log. A file has a column only if some row has a value; matching columns by
        name costs a look into every file, so it is asked for only where a file lacks one."""
        files = text(lake.files(root, log))
        wanted = ", ".join(text(column) for column in columns) or "NULL"
        lacking = self.connection.execute(
            f"SELECT count(*) FROM (SELECT count(*) FILTER (name IN ({wanted})) AS found"
            f" FROM parquet_schema({files}) GROUP BY file_name) WHERE found < {len(columns)}"
        ).fetchone()[0]
        by_name = "true" if lacking else "false"
        return (
            f"SELECT * FROM read_parquet({files}, union_by_name = {by_name}, hive_partitioning = true,"
            " hive_types = {'day': DATE})"
        )

    def check(self, workload: Workload) -> None:
        """Refuses a lake of which the queries would not be true."""
        as_of = moment(self.as_of)
        for log in workload.columns():
            if log == TRAITS_LOG:
                continue
            strangers = self.number(
                f"SELECT count(*) FROM (SELECT DISTINCT profile_id FROM {name(log)} WHERE occurred_at <= {as_of})"
                f" ANTI JOIN ({self.universe()}) USING (profile_id)"
            )
            if strangers:
                raise SystemExit(f"{strangers} profiles of `{log}` have no traits: the universe is read from the traits")
        ties = self.number(
            f"SELECT count(*) FROM (SELECT 1 FROM {name(TRAITS_LOG)} GROUP BY profile_id, occurred_at HAVING count(*) > 1)"
        )
        if ties:
            raise SystemExit(f"{ties} profiles have two sets of traits at one moment: the last value would be a guess")
        described = self.connection.execute(f"DESCRIBE {name(TRAITS_LOG)}").fetchall()
        if gone := [row[0] for row in described if row[0].endswith(":gone")]:
            raise SystemExit(f"traits were taken away ({', '.join(gone)}): the queries do not look for that")

    def evaluate(self, audience: Audience) -> int:
        """Finds an audience's members; answers how many."""
        table = members_table(audience.key)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {self.query(audience.who)}")
        return self.number(f"SELECT count(*) FROM {table}")

    def members(self, key: str) -> list[int]:
        """The members found last, in order of their numbers."""
        rows = self.connection.execute(f"SELECT profile_id FROM {members_table(key)} ORDER BY profile_id").fetchall()
        return [row[0] for row in rows]

    def number(self, sql: str) -> int:
        """The one number that a query answers."""
        return self.connection.execute(sql).fetchone()[0]

    def universe(self) -> str:
        """Everybody known as of the moment: whoever something was said about."""
        return f"SELECT DISTINCT profile_id FROM {name(TRAITS_LOG)} WHERE {self.inside(Span(None, self.as_of + MICROSECOND))}"

    def query(self, condition: Condition) -> str:
        """The profiles of which a condition is true, each once."""
        match condition:
            case All(conditions):
                return self.joined(conditions)
            case AnyOf(conditions):
                return " UNION ".join(f"({self.query(part)})" for part in conditions)
            case NoneOf():
                return self.joined((condition,))
            case Traits(matches):
                return self.with_traits(matches)
            case InAudience(key):
                return f"SELECT profile_id FROM {members_table(key)}"
            case Event():
                if condition.negated():
                    return self.joined((condition,))
                return self.counted(condition)
        raise TypeError(f"not a condition: {condition}")

    def joined(self, conditions: tuple) -> str:
        """The profiles of which all are true: those with what they must have, without those who have too much."""
        having, lacking = [], []
        for part in conditions:
            if isinstance(part, NoneOf):
                lacking.extend(self.query(unwanted) for unwanted in part.conditions)
            elif isinstance(part, Event) and (unwanted := part.negated()):
                lacking.append(self.query(unwanted))
            else:
                having.append(self.query(part))
        first, *others = having or [self.universe()]
        sql = f"SELECT profile_id FROM ({first})"
        sql += "".join(f" SEMI JOIN ({other}) USING (profile_id)" for other in others)
        return sql + "".join(f" ANTI JOIN ({other}) USING (profile_id)" for other in lacking)

    def counted(self, condition: Event) -> str:
        """The profiles with so many events."""
        where = " AND ".join([self.inside(condition.span), *map(comparison, condition.where)])
        log = name(condition.event)
        if condition.at_least == 1 and condition.at_most is None:
            return f"SELECT DISTINCT profile_id FROM {log} WHERE {where}"
        limits = f"count(*) >= {condition.at_least}"
        if condition.at_most is not None:
            limits += f" AND count(*) <= {condition.at_most}"
        return f"SELECT profile_id FROM {log} WHERE {where} GROUP BY profile_id HAVING {limits}"

    def with_traits(self, matches: tuple[Match, ...]) -> str:
        """The profiles whose last values match; `arg_max` passes over rows without a value."""
        columns = sorted({match.column for match in matches})
        last = ", ".join(f"arg_max({name(column)}, occurred_at) AS {name(column)}" for column in columns)
        inside = self.inside(Span(None, self.as_of + MICROSECOND))
        latest = f"SELECT profile_id, {last} FROM {name(TRAITS_LOG)} WHERE {inside} GROUP BY profile_id"
        return f"SELECT profile_id FROM ({latest}) WHERE {' AND '.join(map(comparison, matches))}"

    def inside(self, span: Span) -> str:
        """The rows of a span, and over Parquet the days that can have some."""
        parts = [f"occurred_at < {moment(span.end)}"]
        days = [f"day <= DATE '{span.end - MICROSECOND:%Y-%m-%d}'"]
        if span.start is not None:
            parts.append(f"occurred_at >= {moment(span.start)}")
            days.append(f"day >= DATE '{span.start:%Y-%m-%d}'")
        return " AND ".join(parts + days if self.has_days else parts)


def comparison(match: Match) -> str:
    """One comparison; SQL's unknown for a missing value counts as false in a WHERE."""
    column = name(match.column)
    match match.operator:
        case "equals":
            return f"{column} = {literal(match.constant)}"
        case "one_of":
            return f"{column} IN ({', '.join(map(literal, match.constant))})"
        case "at_least":
            return f"{column} >= {literal(match.constant)}"
        case "below":
            return f"{column} < {literal(match.constant)}"
    raise TypeError(f"not an operator: {match.operator}")


def literal(constant: str | float) -> str:
    """A constant in SQL."""
    return text(constant) if isinstance(constant, str) else repr(constant)


def text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """A name in SQL."""
    return '"' + value.replace('"', '""') + '"'


def moment(value: datetime) -> str:
    """A moment in SQL."""
    return f"TIMESTAMP '{value.isoformat(sep=' ')}'"


def members_table(key: str) -> str:
    """The temporary table of an audience's members."""
    return name(f"members of {key}")
