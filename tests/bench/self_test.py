"""Every peer, in every form, held to a row-by-row evaluator in plain Python, on a small lake."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np

import definitions
import diff_peer
import many
import meaning
import small_lake
from worker import PEERS, answer, answers, open_peer

AUDIENCES = 60
TICKS = 3


def run(work: Path, threads: int) -> int:
    """Prints findings; answers how many there are."""
    document = many.document(AUDIENCES)
    file = work / "audiences.json"
    file.write_text(json.dumps(document))
    workload = meaning.load(path=file)
    vocabulary = document["vocabulary"]
    logs = small_lake.invent(workload, vocabulary)
    small_lake.write(logs, work / "lake")
    expected = {}
    for back in range(TICKS, -1, -1):
        at = meaning.load(f"{workload.as_of - timedelta(hours=back):%Y-%m-%dT%H:%M:%SZ}", file)
        found = small_lake.evaluate(at, logs)
        expected[at.as_of] = at, {key: answer(np.array(members, dtype=np.uint32)) for key, members in found.items()}

    findings = [f"definitions are not what audiences.json says: {name}" for name in definitions.stale()]
    usual = {entry["audience"] for entry in definitions.usual()["audiences"]}
    last = expected[workload.as_of][1]
    for key in usual:
        if not 0 < last[key]["members"] < small_lake.PROFILES:
            findings.append(f"`{key}` has {last[key]['members']} members of {small_lake.PROFILES}: it proves nothing")
    held = 0
    for name in PEERS:
        peer = open_peer(name, work / "lake", threads, work)
        for form in peer.forms:
            peer.evaluate(workload, form)
            findings += differing(f"{name}, {form}", answers(peer, workload, form), last)
            held += 1
        # Rollups are made from tables or frames, and are the same whatever made them.
        for form in [] if name.endswith("-parquet") else peer.forms:
            first, *ticks = expected.values()
            peer.open_ticks(first[0])
            for at, then in ticks:
                peer.tick(at, form)
                findings += differing(f"{name}, {form}, tick {at.as_of}", answers(peer, at, form), then)
            held += 1
        peer.close()
    findings += diff_peer.findings(work / "diffs", threads)
    for finding in findings[:50]:
        print(finding)
    if not findings:
        rows = sum(map(len, logs.values()))
        print(f"{held} ways of {len(PEERS)} peers agree with plain Python on {AUDIENCES} audiences over {rows:,} rows")
    return len(findings)


def differing(who: str, found: dict, expected: dict) -> list[str]:
    """What a peer found otherwise."""
    return [
        f"{who}: `{key}` has {found[key]['members']} members, expected {expected[key]['members']}"
        for key in expected
        if found[key] != expected[key]
    ]
