"""Conditions as SQL, in the dialects of DuckDB and ClickHouse, over the log or over an hourly rollup of it.

Three forms: a query per audience (`members`), all audiences in one statement (`together`), and one wide pass that counts
every leaf of a log at once (`wide`). They are what a practised author would write; none is made slow on purpose.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from meaning import TRAITS_LOG, All, AnyOf, Audience, Condition, Event, InAudience, Match, NoneOf, Span, Traits, Workload, leaves

MICROSECOND = timedelta(microseconds=1)


class Source(NamedTuple):
    """Where the rows of an event condition are, which of them count, and how they are counted."""

    table: str
    where: str
    count: str


class Sql:
    """DuckDB's dialect, over the log."""

    latest = "arg_max"
    distinct_union = "UNION"
    materialized = "AS MATERIALIZED"

    def __init__(self, workload: Workload, has_days: bool) -> None:
        self.workload = workload
        self.has_days = has_days
        self.so_far = Span(None, workload.as_of + MICROSECOND)

    def members(self, condition: Condition) -> str:
        """The profiles of which a condition is true, each once; of other audiences it reads the members found."""
        match condition:
            case All(conditions):
                return self.parted(conditions)
            case AnyOf(conditions):
                return f" {self.distinct_union} ".join(f"({self.members(part)})" for part in conditions)
            case NoneOf():
                return self.parted((condition,))
            case Traits(matches):
                latest = self.profiles(sorted({match.column for match in matches}))
                return f"SELECT profile_id FROM ({latest}) WHERE {' AND '.join(map(self.comparison, matches))}"
            case InAudience(key):
                return f"SELECT profile_id FROM {members_table(key)}"
            case Event():
                return self.parted((condition,)) if condition.negated() else self.counted(condition)
        raise TypeError(f"not a condition: {condition}")

    def together(self) -> str:
        """All members of all audiences, as pairs of an audience's place and a profile."""
        parts = [f"{members_table(audience.key)} {self.materialized} ({self.members(audience.who)})" for audience in self.workload.audiences]
        pairs = [f"SELECT {place} AS audience, profile_id FROM {members_table(audience.key)}"
                 for place, audience in enumerate(self.workload.audiences)]
        return f"WITH {', '.join(parts)} {' UNION ALL '.join(pairs)}"

    def wide(self) -> str:
        """A row for each profile and a flag for each audience (`a0`, `a1`, ...): every log is read once."""
        counters: dict[Event, str] = {}
        tables: dict[str, list[tuple[Source, str]]] = {}
        traits: set[str] = set()
        for audience in self.workload.audiences:
            for leaf in leaves(audience.who):
                if isinstance(leaf, Traits):
                    traits.update(match.column for match in leaf.matches)
                elif isinstance(leaf, Event) and leaf_of(leaf) not in counters:
                    counters[leaf_of(leaf)] = f"l{len(counters)}"
                    source = self.source(leaf)
                    tables.setdefault(source.table, []).append((source, counters[leaf_of(leaf)]))
        joins = []
        for table, sources in tables.items():
            counts = ", ".join(f"{source.count} FILTER (WHERE {source.where}) AS {counter}" for source, counter in sources)
            joins.append(f"LEFT JOIN (SELECT profile_id, {counts} FROM {table} GROUP BY profile_id) AS t{len(joins)} USING (profile_id)")
        known = {audience.key: audience for audience in self.workload.audiences}
        flags = ", ".join(f"{self.flag(audience.who, counters, known)} AS a{place}" for place, audience in enumerate(self.workload.audiences))
        return f"SELECT profile_id, {flags} FROM ({self.profiles(sorted(traits))}) AS people {' '.join(joins)}"

    def flag(self, condition: Condition, counters: dict, known: dict[str, Audience]) -> str:
        """A condition as an expression over one wide row."""
        match condition:
            case All(conditions):
                return f"({' AND '.join(self.flag(part, counters, known) for part in conditions)})"
            case AnyOf(conditions):
                return f"({' OR '.join(self.flag(part, counters, known) for part in conditions)})"
            case NoneOf(conditions):
                return f"NOT ({' OR '.join(self.flag(part, counters, known) for part in conditions)})"
            case Traits(matches):
                return f"coalesce({' AND '.join(map(self.comparison, matches))}, false)"
            case InAudience(key):
                return self.flag(known[key].who, counters, known)
            case Event():
                return f"({self.limits(condition, f'coalesce({counters[leaf_of(condition)]}, 0)')})"
        raise TypeError(f"not a condition: {condition}")

    def parted(self, conditions: tuple) -> str:
        """The profiles of which all are true: those with what they must have, without those who have too much."""
        having, lacking = [], []
        for part in conditions:
            if isinstance(part, NoneOf):
                lacking.extend(self.members(unwanted) for unwanted in part.conditions)
            elif isinstance(part, Event) and (unwanted := part.negated()):
                lacking.append(self.members(unwanted))
            else:
                having.append(self.members(part))
        first, *others = having or [self.profiles([])]
        return self.joined(first, others, lacking)

    def joined(self, first: str, others: list[str], lacking: list[str]) -> str:
        """Who is in the first and all others, and in none of the lacking."""
        sql = f"SELECT profile_id FROM ({first})"
        sql += "".join(f" SEMI JOIN ({other}) USING (profile_id)" for other in others)
        return sql + "".join(f" ANTI JOIN ({other}) USING (profile_id)" for other in lacking)

    def counted(self, condition: Event) -> str:
        """The profiles with so many events."""
        source = self.source(condition)
        if condition.at_least == 1 and condition.at_most is None and source.count == "count(*)":
            return f"SELECT DISTINCT profile_id FROM {source.table} WHERE {source.where}"
        limits = self.limits(condition, source.count)
        return f"SELECT profile_id FROM {source.table} WHERE {source.where} GROUP BY profile_id HAVING {limits}"

    def source(self, condition: Event) -> Source:
        """The log of the event."""
        where = " AND ".join([self.inside(condition.span), *map(self.comparison, condition.where)])
        return Source(name(condition.event), where, "count(*)")

    def limits(self, condition: Event, count: str) -> str:
        """A count between its limits."""
        least = f"{count} >= {condition.at_least}"
        return least if condition.at_most is None else f"{least} AND {count} <= {condition.at_most}"

    def profiles(self, columns: list[str]) -> str:
        """Everybody known as of the moment, with the last values of some traits; rows without a value are passed over."""
        last = "".join(f", {self.latest}({name(column)}, occurred_at) AS {name(column)}" for column in columns)
        return f"SELECT profile_id{last} FROM {name(TRAITS_LOG)} WHERE {self.inside(self.so_far)} GROUP BY profile_id"

    def inside(self, span: Span) -> str:
        """The rows of a span, and over Parquet the days that can have some."""
        parts = [f"occurred_at < {self.moment(span.end)}"]
        days = [f"day <= '{span.end - MICROSECOND:%Y-%m-%d}'"]
        if span.start is not None:
            parts.append(f"occurred_at >= {self.moment(span.start)}")
            days.append(f"day >= '{span.start:%Y-%m-%d}'")
        return " AND ".join(parts + days if self.has_days else parts)

    def comparison(self, match: Match) -> str:
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

    def moment(self, value: datetime) -> str:
        """A moment."""
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"

    def hour_of(self, column: str) -> str:
        """The number of the hour that a moment lies in; an hour lacks its beginning and has its end."""
        return f"((epoch_us({column}) + {HOUR_MICROS - 1}) // {HOUR_MICROS})"

    def on_the_hour(self, column: str) -> str:
        """Whether a moment is the very end of its hour."""
        return f"epoch_us({column}) % {HOUR_MICROS} = 0"


class ClickHouseSql(Sql):
    """ClickHouse's dialect: sets instead of semi and anti joins, as its authors advise."""

    latest = "argMax"
    distinct_union = "UNION DISTINCT"
    materialized = "AS"

    def joined(self, first: str, others: list[str], lacking: list[str]) -> str:
        tests = [f"profile_id IN ({other})" for other in others] + [f"profile_id NOT IN ({other})" for other in lacking]
        return f"SELECT profile_id FROM ({first})" + (f" WHERE {' AND '.join(tests)}" if tests else "")

    def moment(self, value: datetime) -> str:
        return f"toDateTime64('{value.isoformat(sep=' ', timespec='microseconds')}', 6, 'UTC')"

    def hour_of(self, column: str) -> str:
        return f"intDiv(toUnixTimestamp64Micro({column}) + {HOUR_MICROS - 1}, {HOUR_MICROS})"

    def on_the_hour(self, column: str) -> str:
        return f"toUnixTimestamp64Micro({column}) % {HOUR_MICROS} = 0"


HOUR_MICROS = 3_600_000_000


def leaf_of(condition: Event) -> Event:
    """The same condition without its limits: what has to be counted."""
    return Event(condition.event, condition.span, condition.where, 0, None)


def literal(constant: str | float) -> str:
    """A constant."""
    return text(constant) if isinstance(constant, str) else repr(constant)


def text(value: str) -> str:
    """A text."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """A name."""
    return '"' + value.replace('"', '""') + '"'


def members_table(key: str) -> str:
    """The table of an audience's members."""
    return name(f"members of {key}")
