"""How much `muster serve` takes in over HTTP, durably: batches of 100, the load from a second process on the same machine.

    cargo build --release -p muster && cargo build --release -p collect --example load
    python3 tests/bench/collect.py target/release [--seconds 10]

Prints what the load generator saw: first as many as are answered, then at half of that, where latencies mean something.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from collect_service import Service


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries", type=pathlib.Path, help="the folder with `muster` and `examples/load`")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--goal", type=int, default=100_000, help="events a second; half of it is the second load")
    options = parser.parse_args()
    service = Service(options.binaries / "muster", requests_per_second=1_000_000)

    def load(*more):
        command = [options.binaries / "examples" / "load", f"127.0.0.1:{service.port}", service.key]
        command += ["--seconds", str(options.seconds), "--connections", str(options.connections), *more]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    try:
        service.start()
        for name, more in (("as many as are answered", ()), (f"at {options.goal // 2:,} a second", ("--rate", str(options.goal // 2)))):
            print(f"{name}: {json.dumps(load(*more))}", flush=True)
        service.kill()
        begun = time.monotonic()
        service.says("run")
        print(f"a run that takes all of it in first: {time.monotonic() - begun:.1f} s")
    finally:
        service.close()


main()
