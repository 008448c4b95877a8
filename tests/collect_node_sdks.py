"""Segment's and RudderStack's Node libraries against `muster serve`, a kill -9 in the middle included.

    python3 tests/collect_node_sdks.py target/debug/muster

Needs `node` (20 or newer) and `npm`; the packages are kept outside the clone.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import time

from collect_service import Service, check, muster_from

HERE = pathlib.Path(__file__).resolve().parent / "node-sdks"
PEOPLE, EACH = 40, 25


def installed():
    """The scripts beside their packages, one folder for each content of package.json."""
    name = hashlib.sha256((HERE / "package.json").read_bytes()).hexdigest()[:16]
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "muster" / f"node-{name}"
    if not (cache / "complete").exists():
        cache.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", cache)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"], cwd=cache, check=True)
        (cache / "complete").touch()
    for script in HERE.glob("*.mjs"):
        shutil.copy(script, cache)
    return cache


def main():
    muster = muster_from(sys.argv)
    packages = installed()
    service = Service(muster)
    try:
        service.start()
        for library, event in (("segment", "Noded"), ("rudder", "Ruddered")):
            command = ["node", f"{library}.mjs", service.url, service.key, event, str(PEOPLE), str(EACH)]
            sender = subprocess.Popen(command, cwd=packages)
            if library == "segment":
                time.sleep(1)
                service.kill()
                time.sleep(0.5)
                service.start()
            check(f"{library}: no errors", sender.wait(timeout=120), 0)
        service.kill()
        for event in ("Noded", "Ruddered"):
            check(f"{event}: everything is there once", service.members(event, EACH), PEOPLE)
    finally:
        service.close()


main()
