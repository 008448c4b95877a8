"""What the benchmark's audiences mean: `audiences.json` read into conditions that every peer understands.

The file holds each `who` as a definition spells it. Only the part of the language that the twenty audiences use is
known; anything else is an error, never a guess.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
AUDIENCES = HERE / "audiences.json"

TRAITS_LOG = "traits"
UNITS = {"minute": "minutes", "hour": "hours", "day": "days", "week": "weeks"}
EVENT_KEYS = {"did", "did_not", "within", "from", "until", "where", "at_least", "at_most", "exactly"}
OPERATORS = {"equals", "one_of", "at_least", "below"}
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Span:
    """Two moments (UTC, without a zone): the start is inside, the end is not. No start: ever."""

    start: datetime | None
    end: datetime


@dataclass(frozen=True)
class Match:
    """One comparison of a property or trait; a missing value never passes."""

    name: str
    operator: str
    constant: str | float | tuple

    @property
    def column(self) -> str:
        """The lake's column that has the values this comparison can be true of."""
        sample = self.constant[0] if isinstance(self.constant, tuple) else self.constant
        return f"{self.name}:{'text' if isinstance(sample, str) else 'number'}"


@dataclass(frozen=True)
class Event:
    """The number of matching events in a span lies between two numbers, both included."""

    event: str
    span: Span
    where: tuple[Match, ...]
    at_least: int
    at_most: int | None

    def negated(self) -> "Event | None":
        """Who is *out*, when having none at all is *in*: those with more than the most. `None` if none is out."""
        if self.at_least > 0:
            return None
        if self.at_most is None:
            raise ValueError("a count of at least 0 without `at_most` says nothing")
        return Event(self.event, self.span, self.where, self.at_most + 1, None)


@dataclass(frozen=True)
class Traits:
    """Every comparison holds for the trait's last value."""

    matches: tuple[Match, ...]


@dataclass(frozen=True)
class InAudience:
    """A member of an audience that was evaluated before."""

    key: str


@dataclass(frozen=True)
class All:
    """Every condition holds."""

    conditions: tuple


@dataclass(frozen=True)
class AnyOf:
    """At least one condition holds."""

    conditions: tuple


@dataclass(frozen=True)
class NoneOf:
    """No condition holds."""

    conditions: tuple


Condition = Event | Traits | InAudience | All | AnyOf | NoneOf


@dataclass(frozen=True)
class Audience:
    """A named condition."""

    key: str
    who: Condition


@dataclass(frozen=True)
class Workload:
    """All audiences, whoever is referred to first, and the moment they are asked of."""

    as_of: datetime
    audiences: list[Audience]

    def columns(self) -> dict[str, list[str]]:
        """For each log (an event name, or the log of traits) the property columns that conditions read."""
        needed: dict[str, set[str]] = {TRAITS_LOG: set()}
        for audience in self.audiences:
            for condition in leaves(audience.who):
                if isinstance(condition, Event):
                    needed.setdefault(condition.event, set()).update(match.column for match in condition.where)
                elif isinstance(condition, Traits):
                    needed[TRAITS_LOG].update(match.column for match in condition.matches)
        return {log: sorted(columns) for log, columns in sorted(needed.items())}


def all_columns() -> dict[str, list[str]]:
    """For each log the columns that any condition of the vocabulary can read."""
    words = json.loads(AUDIENCES.read_text())["vocabulary"]

    def column(name: str) -> str:
        return f"{name}:{'text' if name in words else 'number'}"

    logs = {event: sorted(map(column, properties)) for event, properties in words["events"].items()}
    return logs | {TRAITS_LOG: [column("country"), column("plan")]}


def load(as_of: str | None = None, path: Path = AUDIENCES) -> Workload:
    """Reads the audiences; `as_of` takes the place of the file's own."""
    document = json.loads(path.read_text())
    moment = parse_moment(as_of or document["as_of"])
    audiences = [Audience(entry["audience"], parse(entry["who"], moment)) for entry in document["audiences"]]
    known: set[str] = set()
    for audience in audiences:
        for condition in leaves(audience.who):
            if isinstance(condition, InAudience) and condition.key not in known:
                raise ValueError(f"`{audience.key}` refers to `{condition.key}`, which does not stand before it")
        known.add(audience.key)
    return Workload(moment, audiences)


def leaves(condition: Condition) -> list:
    """The indivisible parts of a condition."""
    if isinstance(condition, All | AnyOf | NoneOf):
        return [leaf for part in condition.conditions for leaf in leaves(part)]
    return [condition]


def parse(who: dict, as_of: datetime) -> Condition:
    """A condition as it is spelled, as of a moment."""
    match who:
        case {"all": parts, **rest} if not rest:
            return All(tuple(parse(part, as_of) for part in parts))
        case {"any": parts, **rest} if not rest:
            return AnyOf(tuple(parse(part, as_of) for part in parts))
        case {"none": parts, **rest} if not rest:
            return NoneOf(tuple(parse(part, as_of) for part in parts))
        case {"traits": matchers, **rest} if not rest:
            return Traits(parse_matchers(matchers))
        case {"in_audience": key, **rest} if not rest:
            return InAudience(key)
        case {"not_in_audience": key, **rest} if not rest:
            return NoneOf((InAudience(key),))
        case {"did": _} | {"did_not": _} if who.keys() <= EVENT_KEYS:
            return parse_event(who, as_of)
    raise ValueError(f"not a condition the benchmark knows: {who}")


def parse_event(who: dict, as_of: datetime) -> Event:
    """`did` and `did_not`."""
    where = parse_matchers(who.get("where", {}))
    span = parse_span(who, as_of)
    if "did_not" in who:
        return Event(who["did_not"], span, where, 0, 0)
    if "exactly" in who:
        return Event(who["did"], span, where, who["exactly"], who["exactly"])
    return Event(who["did"], span, where, who.get("at_least", 1), who.get("at_most"))


def parse_matchers(matchers: dict) -> tuple[Match, ...]:
    """A bare value means equals; several operators of one name must all hold."""
    matches = []
    for name, matcher in matchers.items():
        operators = matcher if isinstance(matcher, dict) else {"equals": matcher}
        for operator, constant in operators.items():
            if operator not in OPERATORS:
                raise ValueError(f"not an operator the benchmark knows: `{operator}`")
            matches.append(Match(name, operator, tuple(constant) if isinstance(constant, list) else constant))
    return tuple(matches)


def parse_span(who: dict, as_of: datetime) -> Span:
    """`within` ends at the as-of, which counts; `until` does not count; nothing reaches beyond the as-of."""
    after_as_of = as_of + INSTANT
    if "within" in who:
        return Span(as_of - parse_length(who["within"]), after_as_of)
    start = parse_end(who["from"], as_of) if "from" in who else None
    end = parse_end(who["until"], as_of) if "until" in who else after_as_of
    return Span(start, min(end, after_as_of))


def parse_end(text: str, as_of: datetime) -> datetime:
    """`30 days ago` or a day, which means its start."""
    if text.endswith(" ago"):
        return as_of - parse_length(text.removesuffix(" ago"))
    return datetime.strptime(text, "%Y-%m-%d")


def parse_length(text: str) -> timedelta:
    """`7 days`; months are not used here."""
    parts = re.fullmatch(r"([1-9]\d*) (minute|hour|day|week)s?", text)
    if not parts:
        raise ValueError(f"not a length the benchmark knows: `{text}`")
    return timedelta(**{UNITS[parts[2]]: int(parts[1])})


def parse_moment(text: str) -> datetime:
    """An ISO moment that ends in `Z`, without its zone: the lake's moments are UTC and carry none."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
