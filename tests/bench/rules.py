"""Rules that nobody has asked before, one audience each, from the whole language: for the preview somebody sees who writes one.

Their kind stands before their number: `count`, `sequence`, `aggregate`, `activity`.
"""

import definitions
import many
from many import AMOUNTS, BUSY, LONG, SHORT, Draw

KINDS = ["count"] * 9 + ["sequence"] * 5 + ["aggregate"] * 5 + ["activity"]
COUNTS = [many.recent, many.frequent, many.filtered, many.lapsed, many.abandoned, many.band, many.by_trait, many.signs, many.earlier]
CHAINS = [["Product Viewed", "Product Added", "Checkout Started"], ["Product Added", "Checkout Started", "Order Completed"],
          ["Email Opened", "Page Viewed", "Order Completed"], ["Page Viewed", "Product Viewed", "Order Completed"]]


def document(count: int, seed: int) -> dict:
    """So many rules; another seed makes other rules."""
    draw = Draw(seed)
    words = definitions.usual()["vocabulary"]
    audiences = []
    for number in range(count):
        kind = draw.one(KINDS)
        who = {"count": counted, "sequence": sequence, "aggregate": aggregate, "activity": activity}[kind](draw, words)
        audiences.append({"audience": f"{kind}_{number:03}", "description": f"Invented for a preview, number {number}.", "who": who})
    return {"audiences": audiences}


def counted(draw: Draw, words: dict) -> dict:
    """Counts, windows, filters and traits, as any audience of the benchmark."""
    return draw.one(COUNTS)(draw, words, [])


def sequence(draw: Draw, words: dict) -> dict:
    """Something, then something else (or not) within a time."""
    first, second, third = draw.one(CHAINS)
    who = {"did": first, "within": draw.one([*SHORT[2:], *LONG[:6]]), "which": draw.one(["any", "last"])}
    if draw.below(2) and words["events"][first]:
        who["where"] = many.where(draw, words, first)
    within = draw.one(["6 hours", "1 day", "3 days"])
    if draw.below(2):
        step = {"did_not": second, "within": within}
    else:
        step = {"did": second, "within": within}
        if draw.below(3) == 0:
            step["then"] = {"did": third, "within": within}
    return who | {"then": step}


def aggregate(draw: Draw, words: dict) -> dict:
    """A sum, a largest value, the last one, or how many different ones."""
    event = draw.one(["Order Completed", "Product Viewed", "Product Added"])
    amount = "revenue" if event == "Order Completed" else "price"
    who = {"did": event, "within": draw.one(SHORT[3:] + LONG)}
    choice = draw.below(5)
    if choice == 0:
        return who | {"sum": {"of": amount, "at_least": 2 * draw.one(AMOUNTS)}}
    if choice == 1:
        return who | {draw.one(["average", "max", "min"]): {"of": amount, "at_least": draw.one(AMOUNTS)}}
    if choice == 2:
        return who | {draw.one(["first", "last"]): {"of": amount, "below": draw.one(AMOUNTS)}}
    if choice == 3:
        return who | {"most_frequent": {"of": "category", "equals": draw.one(words["category"])}}
    return who | {"unique_count": {"of": "category", "at_least": 2 + draw.below(4)}}


def activity(draw: Draw, words: dict) -> dict:
    """Any event at all, or none, and a count beside it."""
    event = draw.one(list(BUSY))
    quiet = draw.one(LONG[:6])
    if draw.below(2):
        return {"all": [{"inactive_for": draw.one(SHORT)}, {"did": event, "from": "180 days ago", "until": "30 days ago"}]}
    return {"all": [{"active_within": quiet}, {"did": event, "within": "365 days", "at_least": 1 + draw.below(BUSY[event])}]}
