"""Any number of audiences: the twenty of `audiences.json`, then more of their kind, always the same ones.

The more is drawn from the words of `audiences.json` by templates that marketers use: recent, frequent, lapsed, abandoned,
in a band of counts, by trait, by any of several signs, within or without an audience that stands before.
"""

import json
import random

from meaning import AUDIENCES

SEED = 20_260_201
HOURS = ["6 hours", "12 hours", "36 hours"]
SHORT = ["1 day", "2 days", "3 days", "5 days", "7 days", "10 days", "14 days"]
LONG = ["21 days", "28 days", "30 days", "45 days", "60 days", "90 days", "120 days", "180 days", "270 days", "365 days"]
PERIODS = [("60 days ago", "30 days ago"), ("90 days ago", "30 days ago"), ("120 days ago", "60 days ago"),
           ("180 days ago", "90 days ago"), ("365 days ago", "180 days ago"), ("2025-06-01", "2025-07-01"),
           ("2025-09-01", "2025-10-01"), ("2025-11-01", "2025-12-01"), ("2025-12-01", "2025-12-25")]
AMOUNTS = [25, 50, 75, 100, 120, 150, 180, 200, 250, 300, 400]
# The most that a threshold asks for within a month; longer windows ask for more.
BUSY = {"Page Viewed": 20, "Product Viewed": 12, "Product Added": 6, "Email Opened": 6, "Checkout Started": 4, "Order Completed": 3}
BUYING = ["Order Completed", "Checkout Started"]
LOOKING = ["Page Viewed", "Product Viewed", "Product Added", "Email Opened"]


class Draw:
    """A source of choices that is the same with every version of Python: only `random()` is used."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed).random

    def below(self, count: int) -> int:
        """A number from nought to below this."""
        return int(self.random() * count)

    def one(self, choices):
        """One of them."""
        return choices[self.below(len(choices))]

    def some(self, choices, least: int, most: int) -> list:
        """Some of them, in their order."""
        wanted = least + self.below(most - least + 1)
        left = list(range(len(choices)))
        chosen = [left.pop(self.below(len(left))) for _ in range(wanted)]
        return [choices[place] for place in sorted(chosen)]


def document(count: int) -> dict:
    """`audiences.json` with so many audiences."""
    usual = json.loads(AUDIENCES.read_text())
    audiences = usual["audiences"][:count]
    known = {json.dumps(entry["who"], sort_keys=True) for entry in audiences}
    draw = Draw(SEED)
    while len(audiences) < count:
        who = invent(draw, usual["vocabulary"], [entry["audience"] for entry in audiences])
        spelled = json.dumps(who, sort_keys=True)
        if spelled not in known:
            known.add(spelled)
            number = len(audiences) + 1
            audiences.append({"audience": f"more_{number:04}", "description": f"Invented, number {number}.", "who": who})
    return usual | {"audiences": audiences}


def invent(draw: Draw, words: dict, before: list[str]) -> dict:
    """One condition."""
    templates = [recent, frequent, filtered, filtered, lapsed, abandoned, band, by_trait, by_trait, signs, within, without, earlier]
    return draw.one(templates)(draw, words, before)


def recent(draw: Draw, words: dict, before: list[str]) -> dict:
    """Did something lately."""
    return {"did": draw.one(list(words["events"])), "within": draw.one(HOURS + SHORT + LONG)}


def frequent(draw: Draw, words: dict, before: list[str]) -> dict:
    """Did something often."""
    event = draw.one(list(words["events"]))
    return {"did": event, "within": draw.one(LONG), "at_least": 2 + draw.below(BUSY[event])}


def filtered(draw: Draw, words: dict, before: list[str]) -> dict:
    """Did something of a kind, once or more."""
    event = draw.one([event for event, properties in words["events"].items() if properties])
    who = {"did": event, "within": draw.one(SHORT + LONG)}
    if draw.below(2):
        who["at_least"] = 2 + draw.below(3)
    return who | {"where": where(draw, words, event)}


def where(draw: Draw, words: dict, event: str) -> dict:
    """A filter on one or two of an event's properties."""
    properties = words["events"][event]
    matchers = {}
    for name in draw.some(properties, 1, len(properties)):
        if name not in words:
            matchers[name] = {draw.one(["at_least", "below"]): draw.one(AMOUNTS)}
        elif draw.below(2):
            matchers[name] = draw.one(words[name])
        else:
            matchers[name] = {"one_of": draw.some(words[name], 2, 4)}
    return matchers


def lapsed(draw: Draw, words: dict, before: list[str]) -> dict:
    """Did something once, but nothing of the sort lately."""
    event = draw.one(list(words["events"]))
    start, end = draw.one(PERIODS[:5])
    return {"all": [{"did": event, "from": start, "until": end}, {"did_not": event, "within": end.removesuffix(" ago")}]}


def abandoned(draw: Draw, words: dict, before: list[str]) -> dict:
    """Showed interest and did not buy."""
    window = draw.one(HOURS + SHORT)
    interest = {"did": draw.one(LOOKING), "within": window}
    if draw.below(2):
        interest["at_least"] = 2 + draw.below(3)
    return {"all": [interest, {"did_not": draw.one(BUYING), "within": draw.one([window, *LONG[:4]])}]}


def band(draw: Draw, words: dict, before: list[str]) -> dict:
    """Did something a number of times, neither less nor more."""
    event = draw.one(list(words["events"]))
    least = draw.below(4)
    return {"did": event, "within": draw.one(LONG), "at_least": least, "at_most": least + 1 + draw.below(BUSY[event])}


def by_trait(draw: Draw, words: dict, before: list[str]) -> dict:
    """Is somebody, and did something."""
    if draw.below(3):
        trait = {"country": {"one_of": draw.some(words["country"], 2, 5)} if draw.below(2) else draw.one(words["country"])}
    else:
        trait = {"plan": draw.one(words["plan"])}
    action = draw.one([recent, frequent, filtered])(draw, words, before)
    return {"all": [{"traits": trait}, action]}


def signs(draw: Draw, words: dict, before: list[str]) -> dict:
    """Any of several signs, all in one window, and no order."""
    window = draw.one(SHORT)
    parts = [{"did": event, "within": window, "at_least": 1 + draw.below(BUSY[event])} for event in draw.some(LOOKING, 2, 3)]
    return {"all": [{"any": parts}, {"did_not": "Order Completed", "within": draw.one(LONG[:6])}]}


def within(draw: Draw, words: dict, before: list[str]) -> dict:
    """Part of an audience that stands before."""
    return {"all": [{"in_audience": draw.one(before)}, draw.one([recent, filtered])(draw, words, before)]}


def without(draw: Draw, words: dict, before: list[str]) -> dict:
    """Did something, and is in none of some audiences that stand before."""
    action = draw.one([frequent, filtered])(draw, words, before)
    return {"all": [action, *({"not_in_audience": key} for key in draw.some(before, 1, 2))]}


def earlier(draw: Draw, words: dict, before: list[str]) -> dict:
    """Did something in a period that is past, and something else since."""
    start, end = draw.one(PERIODS)
    return {"all": [{"did": draw.one(list(words["events"])), "from": start, "until": end}, recent(draw, words, before)]}
