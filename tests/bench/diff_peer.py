"""Two memberships of each of many audiences compared: by pyroaring, and by DuckDB's SQL.

Reads what the engine's benchmark writes: `before-17.roaring` and `after-17.roaring`, the portable format.
"""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from pyroaring import BitMap

from worker import answer

Change = tuple[np.ndarray, np.ndarray]


class Pyroaring:
    """Bitmaps in memory; each difference is one call into CRoaring."""

    forms = ("each", "threads")

    def __init__(self, folder: Path, threads: int) -> None:
        self.pairs = read(folder)
        self.pool = ThreadPoolExecutor(threads)

    def diff(self, form: str, hashes: bool) -> dict:
        """Who entered and who exited, for every audience."""
        began = time.perf_counter()
        if form == "threads":
            changes = list(self.pool.map(difference, self.pairs))
        else:
            changes = [difference(pair) for pair in self.pairs]
        seconds = time.perf_counter() - began
        return told(seconds, [tuple(np.array(half.to_array()) for half in change) for change in changes], hashes)


class DuckDbDiff:
    """Tables in memory of audience and profile, sorted by both."""

    forms = ("except", "anti", "each")

    def __init__(self, folder: Path, threads: int) -> None:
        self.connection = duckdb.connect(":memory:")
        self.connection.execute(f"SET threads = {threads}")
        self.connection.execute("SET enable_progress_bar = false")
        pairs = read(folder)
        self.audiences = len(pairs)
        for word, place in (("before", 0), ("after", 1)):
            file = folder / f"{word}.parquet"
            frames = [
                pl.DataFrame({"profile_id": np.array(pair[place].to_array(), dtype=np.uint32)}).select(
                    pl.lit(number, dtype=pl.UInt16).alias("audience"), "profile_id"
                )
                for number, pair in enumerate(pairs)
            ]
            pl.concat(frames).write_parquet(file)
            self.connection.execute(f"CREATE TABLE {word} AS SELECT * FROM read_parquet('{file}') ORDER BY audience, profile_id")

    def diff(self, form: str, hashes: bool) -> dict:
        """Who entered and who exited, for every audience."""
        halves = {"entered": ("after", "before"), "exited": ("before", "after")}
        began = time.perf_counter()
        for half, (one, other) in halves.items():
            if form == "except":
                sql = f"SELECT audience, profile_id FROM {one} EXCEPT SELECT audience, profile_id FROM {other}"
            elif form == "anti":
                sql = f"SELECT audience, profile_id FROM {one} ANTI JOIN {other} USING (audience, profile_id)"
            else:
                self.each(half, one, other)
                continue
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {half} AS {sql}")
        seconds = time.perf_counter() - began
        changes = []
        for number in range(self.audiences if hashes else 0):
            of = "SELECT profile_id FROM {} WHERE audience = " + str(number)
            changes.append(tuple(self.connection.execute(of.format(half)).fetchnumpy()["profile_id"] for half in halves))
        return told(seconds, changes, hashes)

    def each(self, half: str, one: str, other: str) -> None:
        """A statement for each audience."""
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {half} (audience USMALLINT, profile_id UINTEGER)")
        for number in range(self.audiences):
            self.connection.execute(
                f"INSERT INTO {half} SELECT {number}, profile_id FROM ("
                f"SELECT profile_id FROM {one} WHERE audience = {number}"
                f" EXCEPT SELECT profile_id FROM {other} WHERE audience = {number})"
            )


PEERS = {"pyroaring": Pyroaring, "duckdb": DuckDbDiff}


def difference(pair: tuple[BitMap, BitMap]) -> tuple[BitMap, BitMap]:
    """Entered and exited."""
    before, after = pair
    return after - before, before - after


def read(folder: Path) -> list[tuple[BitMap, BitMap]]:
    """Before and after, audience by audience."""
    count = len(list(folder.glob("before-*.roaring")))
    words = ("before", "after")
    return [tuple(BitMap.deserialize((folder / f"{word}-{number}.roaring").read_bytes()) for word in words) for number in range(count)]


def told(seconds: float, changes: list[Change], hashes: bool) -> dict:
    """The time, and what was found."""
    answers = {"answers": [[answer(half) for half in change] for change in changes]} if hashes else {}
    return {"seconds": round(seconds, 6)} | answers


def findings(folder: Path, threads: int) -> list[str]:
    """Whether all find what Python's own sets find."""
    chance = random.Random(7)
    folder.mkdir(parents=True)
    expected = []
    for number in range(5):
        before, after = (set(chance.sample(range(200_000), 100 * 10**number // 10)) for _ in range(2))
        for word, members in (("before", before), ("after", after)):
            (folder / f"{word}-{number}.roaring").write_bytes(BitMap(members).serialize())
        expected.append([answer(np.array(sorted(half), dtype=np.uint32)) for half in (after - before, before - after)])
    wrong = []
    for name, peer in PEERS.items():
        opened = peer(folder, threads)
        wrong += [f"{name}, {form}: other differences" for form in opened.forms if opened.diff(form, True)["answers"] != expected]
    return wrong
