"""One peer in a process of its own: one command a line on stdin, one answer a line on stdout, both JSON.

So peers and muster take their turns, and each has memory that can be told apart. Started by `bench.py`.
"""

import hashlib
import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path

import numpy as np

import meaning

PEERS = {
    "duckdb-parquet": ("duckdb_peer", "DuckDb", "over_parquet"),
    "duckdb-tables": ("duckdb_peer", "DuckDb", "over_tables"),
    "chdb-parquet": ("chdb_peer", "ChDb", "over_parquet"),
    "chdb-tables": ("chdb_peer", "ChDb", "over_tables"),
    "polars-parquet": ("polars_peer", "Polars", "over_parquet"),
    "polars-frames": ("polars_peer", "Polars", "over_frames"),
}


def open_peer(name: str, lake: Path, threads: int, work: Path):
    """A peer over a lake; it reads (or copies) every column that any audience of the benchmark may ask for."""
    os.environ["POLARS_MAX_THREADS"] = str(threads)  # polars reads it when it is imported
    module, peer, way = PEERS[name]
    return getattr(getattr(import_module(module), peer), way)(meaning.all_columns(), lake, threads, work)


def answers(peer, workload: meaning.Workload, form: str) -> dict[str, dict]:
    """For each audience how many are in, and the hash of who they are."""
    return {key: answer(members) for key, members in peer.members(workload, form).items()}


def answer(members: np.ndarray) -> dict:
    """How many, and the SHA-256 of the numbers in decimal, ascending, joined by line ends."""
    members = np.sort(members)
    if len(members) > 1 and not np.all(members[1:] > members[:-1]):
        raise SystemExit("somebody was found twice")
    import polars as pl  # not above: the number of its threads must be known before

    text = pl.Series(members).cast(pl.String).str.join("\n").item() if len(members) else ""
    return {"members": len(members), "sha256": hashlib.sha256(text.encode()).hexdigest()}


class Worker:
    """A peer and the audiences it is asked for."""

    def __init__(self, peer) -> None:
        self.peer = peer
        self.audiences: Path = meaning.AUDIENCES

    def load(self, audiences: str) -> dict:
        """Takes up other audiences."""
        self.audiences = Path(audiences)
        return {"forms": self.peer.forms}

    def evaluate(self, as_of: str, form: str, hashes: bool) -> dict:
        """All audiences as of a moment."""
        return self.timed(self.peer.evaluate, as_of, form, hashes)

    def open_ticks(self, as_of: str) -> dict:
        """Fills the rollups until a moment."""
        return self.timed(lambda workload, _: self.peer.open_ticks(workload), as_of, "", False)

    def tick(self, as_of: str, form: str, hashes: bool) -> dict:
        """The next tick."""
        return self.timed(self.peer.tick, as_of, form, hashes)

    def timed(self, work, as_of: str, form: str, hashes: bool) -> dict:
        """Does something against the clock."""
        workload = meaning.load(as_of, self.audiences)
        began = time.perf_counter()
        work(workload, form)
        told = {"seconds": round(time.perf_counter() - began, 6)}
        return told | ({"answers": answers(self.peer, workload, form)} if hashes else {})


def serve(worker) -> None:
    """Answers until stdin ends. What libraries print goes to stderr."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    print(json.dumps({"ready": True}), file=out)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            told = getattr(worker, command.pop("do"))(**command)
        except Exception as failure:  # a form that a peer cannot do is a result, and told as one
            told = {"failed": f"{failure}"[:300]}
        print(json.dumps(told), file=out)


def main() -> None:
    """`worker.py PEER LAKE THREADS WORK`, or `worker.py diff KIND FOLDER THREADS`."""
    kind, *arguments = sys.argv[1:]
    if kind == "diff":
        import diff_peer

        name, folder, threads = arguments
        serve(diff_peer.PEERS[name](Path(folder), int(threads)))
    else:
        lake, threads, work = arguments
        serve(Worker(open_peer(kind, Path(lake), int(threads), Path(work))))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
