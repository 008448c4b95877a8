#!/usr/bin/env python3
"""Counts the demo's audiences a second time, without muster.

    python3 tests/demo_counts.py                                   # the moments of ticks.json
    python3 tests/demo_counts.py 1998-03-01T00:00:00Z ...          # these moments
    python3 tests/demo_counts.py --write                           # renew fixtures/demo/expected.json
    python3 tests/demo_counts.py --check                           # is it current? exit code 1 if not

Each audience of `fixtures/demo/definitions/` is said again below, by hand, as a plain question about one person's
orders; the definitions are never read. So the two agree only if both mean the same. Prints JSON: for each moment and
audience the number of members, how many entered and exited since the moment before (all entered at the first), and
the SHA-256 of the members' user ids, sorted and joined by line ends.
"""

import argparse
import csv
import gzip
import hashlib
import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

DEMO = Path(__file__).resolve().parent.parent / "fixtures" / "demo"
EXPECTED = DEMO / "expected.json"


class Order(NamedTuple):
    """One purchase."""

    at: datetime
    cds: int
    dollars: float


class Person(NamedTuple):
    """All that is ever said of one person, the future included."""

    user_id: str
    identified_at: datetime
    traits: dict
    orders: list[Order]


class View:
    """One person as of one moment: what is later cannot be seen."""

    def __init__(self, person: Person, as_of: datetime) -> None:
        self.as_of = as_of
        self.known = person.identified_at <= as_of
        self.traits = person.traits if self.known else {}
        self.orders = [order for order in person.orders if order.at <= as_of]

    def within(self, **length: int) -> list[Order]:
        """`within: 30 days`: the start counts, and so does the as-of."""
        start = self.as_of - timedelta(**length)
        return [order for order in self.orders if start <= order.at]

    def between(self, start: timedelta, end: timedelta) -> list[Order]:
        """`from: 54 weeks ago` and `until: 50 weeks ago`: the start counts, the end does not."""
        return [order for order in self.orders if self.as_of - start <= order.at < self.as_of - end]


def suppress_recent_buyers(view: View) -> bool:
    """Bought within 30 days."""
    return bool(view.within(days=30))


def lapsed_big_spenders(view: View) -> bool:
    """An order of 75 dollars or five orders ever, none within 180 days."""
    spent_big = any(order.dollars >= 75 for order in view.orders)
    bought_often = len(view.orders) >= 5
    return (spent_big or bought_often) and not view.within(days=180)


def second_purchase_candidates(view: View) -> bool:
    """One order ever, 54 to 50 weeks ago."""
    return len(view.orders) == 1 and bool(view.between(timedelta(weeks=54), timedelta(weeks=50)))


def loyal_buyers(view: View) -> bool:
    """Six orders within 365 days."""
    return len(view.within(days=365)) >= 6


def bulk_buyers_this_month(view: View) -> bool:
    """Ten CDs in one order within 30 days."""
    return any(order.cds >= 10 for order in view.within(days=30))


def big_orders_this_month(view: View) -> bool:
    """100 dollars in one order within 30 days."""
    return any(order.dollars >= 100 for order in view.within(days=30))


def stocking_up(view: View) -> bool:
    """Five CDs in one order within ten days."""
    return any(order.cds >= 5 for order in view.within(days=10))


def west_coast_win_back(view: View) -> bool:
    """Lapsed big spenders of three states."""
    on_the_coast = view.traits.get("country") == "US" and view.traits.get("state") in ("CA", "OR", "WA")
    return lapsed_big_spenders(view) and on_the_coast


def loyal_due_again(view: View) -> bool:
    """Loyal, quiet for 30 days but not gone, in a state with free delivery, and reachable by e-mail or phone."""
    still_there = bool(view.within(days=90)) or any(order.dollars >= 50 for order in view.within(days=180))
    too_far = view.traits.get("state") in ("AK", "HI")
    out_of_reach = "email" not in view.traits and "phone" not in view.traits
    quiet = not suppress_recent_buyers(view)
    return loyal_buyers(view) and quiet and still_there and not too_far and not out_of_reach


AUDIENCES: list[Callable[[View], bool]] = [
    big_orders_this_month,
    bulk_buyers_this_month,
    lapsed_big_spenders,
    loyal_buyers,
    loyal_due_again,
    second_purchase_candidates,
    stocking_up,
    suppress_recent_buyers,
    west_coast_win_back,
]


def main() -> int:
    """Does what the command line asks; the exit code says whether `--check` found the expectations current."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("as_of", nargs="*", help="ISO moments in order; default: those of ticks.json")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--write", action="store_true", help="renew expected.json")
    action.add_argument("--check", action="store_true", help="compare with expected.json")
    arguments = parser.parse_args()
    if arguments.as_of and (arguments.write or arguments.check):
        parser.error("expected.json holds the moments of ticks.json: give no others with --write or --check")

    as_ofs = [parse_moment(text) for text in arguments.as_of] or moments_of_the_demo()
    text = render(count(read_people(), as_ofs))
    if arguments.write:
        EXPECTED.write_text(text)
        return 0
    if arguments.check:
        return check(text)
    sys.stdout.write(text)
    return 0


def check(text: str) -> int:
    """Says whether expected.json and the definitions' folder are what this script knows."""
    findings = []
    defined = sorted(path.stem for path in (DEMO / "definitions" / "audiences").glob("*.yaml"))
    known = sorted(audience.__name__ for audience in AUDIENCES)
    if defined != known:
        findings.append(f"definitions hold {defined}, this script counts {known}")
    if not EXPECTED.exists() or EXPECTED.read_text() != text:
        findings.append(f"{EXPECTED.name} is not current: run `python3 tests/demo_counts.py --write`")
    for finding in findings:
        print(finding, file=sys.stderr)
    return 1 if findings else 0


def moments_of_the_demo() -> list[datetime]:
    """The moments of ticks.json: the backfill's, both ends included, then the ticks."""
    plan = json.loads((DEMO / "ticks.json").read_text())
    backfill = plan["backfill"]
    step = timedelta(hours=int(backfill["every"].removesuffix("h")))
    moment, last = parse_moment(backfill["from"]), parse_moment(backfill["to"])
    moments = []
    while moment <= last:
        moments.append(moment)
        moment += step
    return moments + [parse_moment(text) for text in plan["ticks"]]


def read_people() -> list[Person]:
    """Everybody, in order of user id."""
    people = {}
    with gzip.open(DEMO / "people.ndjson.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            message = json.loads(line)
            moment = parse_moment(message["timestamp"])
            people[message["userId"]] = Person(message["userId"], moment, message["traits"], [])
    with gzip.open(DEMO / "purchases.csv.gz", "rt", encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            order = Order(parse_moment(row["ordered_at"]), int(row["cds"]), float(row["dollars"]))
            people[row["customer_id"]].orders.append(order)
    return sorted(people.values())


def count(people: list[Person], as_ofs: list[datetime]) -> list[dict]:
    """The members of every audience at every moment, and who came and went between."""
    before: dict[str, set[str]] = {audience.__name__: set() for audience in AUDIENCES}
    report = []
    for as_of in as_ofs:
        views = [(person.user_id, View(person, as_of)) for person in people]
        audiences = {}
        for audience in AUDIENCES:
            members = {user_id for user_id, view in views if view.known and audience(view)}
            audiences[audience.__name__] = {
                "members": len(members),
                "entered": len(members - before[audience.__name__]),
                "exited": len(before[audience.__name__] - members),
                "sha256": hashlib.sha256("\n".join(sorted(members)).encode()).hexdigest(),
            }
            before[audience.__name__] = members
        report.append({"as_of": as_of.strftime("%Y-%m-%dT%H:%M:%SZ"), "audiences": audiences})
    return report


def render(report: list[dict]) -> str:
    """The report as JSON, one audience a line."""
    moments = []
    for moment in report:
        lines = ",\n".join(f'      "{key}": {json.dumps(value)}' for key, value in moment["audiences"].items())
        moments.append(f'  {{\n    "as_of": "{moment["as_of"]}",\n    "audiences": {{\n{lines}\n    }}\n  }}')
    return "[\n" + ",\n".join(moments) + "\n]\n"


def parse_moment(text: str) -> datetime:
    """An ISO moment that ends in `Z`."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    sys.exit(main())
