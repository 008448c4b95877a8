"""A small lake in the layout of the real one, and a row-by-row evaluator to hold the peers to."""

import random
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import polars as pl

import lake
from meaning import TRAITS_LOG, All, AnyOf, Condition, Event, InAudience, Match, NoneOf, Traits, Workload

PROFILES = 600
EVENTS = 24_000
LATELY_DAYS = 30
SEED = 20_260_101
MOMENTS_AT_EDGES_DAYS = (0, 1, 3, 7, 14, 30, 60, 90, 120, 180, 365)


class Row(NamedTuple):
    """One event, or one thing said about a profile."""

    profile_id: int
    occurred_at: datetime
    values: dict


Logs = dict[str, list[Row]]


def invent(workload: Workload, vocabulary: dict) -> Logs:
    """Events and traits that meet every window's edges, lack values now and then, and reach beyond the as-of."""
    chance = random.Random(SEED)
    logs: Logs = defaultdict(list)
    for profile_id in range(PROFILES):
        first = workload.as_of - timedelta(days=400)
        logs[TRAITS_LOG].append(Row(profile_id, first, invent_traits(chance, vocabulary, 0.1)))
        if chance.random() < 0.3:
            later = workload.as_of + timedelta(hours=chance.uniform(-2000, 100))
            logs[TRAITS_LOG].append(Row(profile_id, later, invent_traits(chance, vocabulary, 0.5)))
    names = list(vocabulary["events"])
    for _ in range(EVENTS):
        event = chance.choice(names)
        # The cube makes low numbers busy and leaves high ones with an event or two.
        profile_id = int(PROFILES * chance.random() ** 3)
        values = {}
        for prop in vocabulary["events"][event]:
            if chance.random() < 0.9:
                values |= invent_property(chance, vocabulary, prop)
        moment = invent_moment(chance, workload.as_of)
        if not against_habit(profile_id, event, workload.as_of - moment):
            logs[event].append(Row(profile_id, moment, values))
    return {log: sorted(rows, key=lambda row: row.occurred_at) for log, rows in logs.items()}


def against_habit(profile_id: int, event: str, age: timedelta) -> bool:
    """One in four never buys, one in four has bought nothing lately, one in four has done hardly anything lately:
    the audiences that ask for what is missing need such people."""
    buying = event in ("Checkout Started", "Order Completed")
    lately = age <= timedelta(days=LATELY_DAYS)
    never_buys, bought_nothing_lately, went_quiet = (profile_id % 4 == habit for habit in (1, 2, 3))
    return (never_buys and buying) or (bought_nothing_lately and buying and lately) or (went_quiet and lately)


def invent_traits(chance: random.Random, vocabulary: dict, missing: float) -> dict:
    """Some of the traits."""
    chosen = {name: chance.choice(vocabulary[name]) for name in ("country", "plan") if chance.random() >= missing}
    return {f"{name}:text": value for name, value in chosen.items()}


def invent_property(chance: random.Random, vocabulary: dict, name: str) -> dict:
    """A text of the vocabulary, or an amount, sometimes exactly at a threshold."""
    if name in vocabulary:
        return {f"{name}:text": chance.choice(vocabulary[name])}
    amount = chance.choice([100.0, 150.0, 200.0]) if chance.random() < 0.05 else round(chance.lognormvariate(4, 1), 2)
    return {f"{name}:number": amount}


def invent_moment(chance: random.Random, as_of: datetime) -> datetime:
    """Mostly anywhere in 400 days, the last ones more often; now and then right at the edge of a window."""
    draw = chance.random()
    if draw < 0.05:
        edge = as_of - timedelta(days=chance.choice(MOMENTS_AT_EDGES_DAYS))
        return edge + timedelta(microseconds=chance.choice([-1, 0, 1]))
    days = chance.choice([4, 40, 400])
    return as_of - timedelta(seconds=int(chance.uniform(-0.02, 1) * days * 86_400))


def write(logs: Logs, root: Path) -> None:
    """Writes each day of each log as one file; a column stands in a file only if some row has a value."""
    for log, rows in logs.items():
        days: dict[Path, list[Row]] = defaultdict(list)
        for row in rows:
            days[lake.day_folder(root, log, row.occurred_at)].append(row)
        for folder, day in days.items():
            folder.mkdir(parents=True)
            columns = {
                "profile_id": pl.Series([row.profile_id for row in day], dtype=pl.UInt32),
                "occurred_at": pl.Series([row.occurred_at for row in day], dtype=pl.Datetime("us")),
            }
            for column in sorted({column for row in day for column in row.values}):
                columns[column] = pl.Series([row.values.get(column) for row in day])
            pl.DataFrame(columns).write_parquet(folder / "part.parquet")


def evaluate(workload: Workload, logs: Logs) -> dict[str, list[int]]:
    """Who is in each audience, asked of each profile and each row in turn."""
    found: dict[str, set[int]] = {}
    by_profile: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for log, rows in logs.items():
        for row in rows:
            if row.occurred_at <= workload.as_of:
                by_profile[log, row.profile_id].append(row)
    for audience in workload.audiences:
        found[audience.key] = {
            profile_id for profile_id in range(PROFILES) if holds(audience.who, profile_id, by_profile, found)
        }
    return {key: sorted(members) for key, members in found.items()}


def holds(condition: Condition, profile_id: int, rows: dict, found: dict[str, set[int]]) -> bool:
    """Whether a condition is true of one profile."""
    match condition:
        case All(conditions):
            return all(holds(part, profile_id, rows, found) for part in conditions)
        case AnyOf(conditions):
            return any(holds(part, profile_id, rows, found) for part in conditions)
        case NoneOf(conditions):
            return not any(holds(part, profile_id, rows, found) for part in conditions)
        case InAudience(key):
            return profile_id in found[key]
        case Traits(matches):
            last: dict = {}
            for row in rows[TRAITS_LOG, profile_id]:
                last |= row.values
            return all(matches_value(match, last) for match in matches)
        case Event():
            start, end = condition.span.start or datetime.min, condition.span.end
            count = 0
            for row in rows[condition.event, profile_id]:
                inside = start <= row.occurred_at < end
                count += inside and all(matches_value(match, row.values) for match in condition.where)
            return condition.at_least <= count and (condition.at_most is None or count <= condition.at_most)
    raise TypeError(f"not a condition: {condition}")


def matches_value(match: Match, values: dict) -> bool:
    """Whether a comparison is true; it never is of a missing value."""
    if match.column not in values:
        return False
    value = values[match.column]
    match match.operator:
        case "equals":
            return value == match.constant
        case "one_of":
            return value in match.constant
        case "at_least":
            return value >= match.constant
        case "below":
            return value < match.constant
    raise TypeError(f"not an operator: {match.operator}")
