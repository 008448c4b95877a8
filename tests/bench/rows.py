"""Building rows for Facebook beside the official SDK: normalize and hash ten keys a person, both from memory, in turns.

    cargo bench -p deliver --bench rows --no-run      # once
    PYTHON tests/bench/rows.py RUST_BINARY [--people 100000] [--turns 5]

PYTHON is one that has `facebook-business` (see `tests/fake_graph_sdk.py`). The people are made up so that both sides
agree on every cell, which is checked by a digest: accents, cities with spaces and phones without a country, where the
SDK departs from Meta's own guide, are left out. Prints a line of Markdown.
"""

import argparse
import hashlib
import json
import statistics
import subprocess
import tempfile
import time

from facebook_business.adobjects.customaudience import CustomAudience

KEYS = CustomAudience.Schema.MultiKeySchema
SCHEMA = [KEYS.email, KEYS.phone, KEYS.fn, KEYS.ln, KEYS.gen, KEYS.doby, KEYS.ct, KEYS.st, KEYS.zip, KEYS.country]
FIRST = ["Ann", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hal", "Ida", "Jo"]
LAST = ["Lee", "Smith", "Miller", "Brown", "Jones", "Davis", "Moore", "Clark", "Hall", "Young"]
CITIES = ["Chicago", "Boston", "Denver", "Austin", "Seattle", "Portland", "Houston", "Dallas", "Phoenix", "Atlanta"]
STATES = ["IL", "MA", "CO", "TX", "WA", "OR", "NY", "CA", "AZ", "GA"]


def person(number):
    pick = lambda names, step: names[number // step % len(names)]
    return [
        f" Person.{number}@Example.com",
        f"+1 (415) 555-{number % 10_000:04}",
        pick(FIRST, 1),
        pick(LAST, 10),
        "fm"[number % 2].upper(),
        str(1940 + number % 60),
        pick(CITIES, 3),
        pick(STATES, 7),
        f"{10_000 + number * 7 % 30_000}",
        "US",
    ]


def digest(rows):
    sha = hashlib.sha256()
    for row in rows:
        for cell in row:
            sha.update(cell.encode())
            sha.update(b"\n")
    return sha.hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="the benchmark `rows` that cargo built")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args()
    people = [person(number) for number in range(asked.people)]
    sdk, ours = [], []
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
        file.writelines(json.dumps(values) + "\n" for values in people)
        file.flush()
        for _ in range(asked.turns):
            started = time.perf_counter()
            payload = CustomAudience.format_params(SCHEMA, people, is_raw=True)["payload"]
            sdk.append(time.perf_counter() - started)
            # The first turn of each start warms up.
            answer = json.loads(subprocess.run([asked.binary, file.name, "2"], check=True, capture_output=True, text=True).stdout)
            ours.append(answer["seconds"][-1])
    if digest(payload["data"]) != answer["digest"]:
        raise SystemExit("the two do not agree on every cell")
    theirs, mine = statistics.median(sdk), statistics.median(ours)
    per_person = lambda seconds: f"{seconds / asked.people * 1e6:.2f} µs"
    spread = lambda times: f"{min(times):.3f} to {max(times):.3f}"
    print(f"| people | SDK, a person | muster, a person | ratio | SDK, s | muster, s |\n|---|---|---|---|---|---|")
    print(f"| {asked.people:,} | {per_person(theirs)} | {per_person(mine)} | {theirs / mine:.0f}x | {spread(sdk)} | {spread(ours)} |")


if __name__ == "__main__":
    main()
