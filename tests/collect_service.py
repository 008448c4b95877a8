"""What the checks of real SDKs share: a folder of definitions, `muster serve` over it, and counting what came in."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

SETTINGS = """data: data
sources:
  sdk: The library under test
collect:
  listen: 127.0.0.1:{port}
  requests_per_second: {requests_per_second}
"""

AUDIENCE = """audience: {key}
description: Counts what a library sent.
who:
  did: {event}
  exactly: {count}
"""


class Service:
    """`muster serve` in a temporary folder; may be stopped, killed and started again at the same address."""

    def __init__(self, muster, requests_per_second=2000):
        self.muster = str(pathlib.Path(muster).resolve())
        self._place = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self._place.name)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        (self.folder / "muster.yaml").write_text(SETTINGS.format(port=self.port, requests_per_second=requests_per_second))
        self.key = self.says("source", "add", "sdk")["write_key"]
        self.process = None

    def says(self, *arguments):
        """What a command prints as JSON."""
        done = subprocess.run([self.muster, "--json", *arguments], cwd=self.folder, capture_output=True, text=True, check=False)
        if not done.stdout:
            raise SystemExit(f"muster {' '.join(arguments)}: {done.stderr}")
        return json.loads(done.stdout)

    def start(self):
        self.process = subprocess.Popen([self.muster, "serve"], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                with urllib.request.urlopen(self.url + "/health", timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("muster serve does not listen")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def members(self, event, count):
        """How many people did an event exactly so many times, as `muster run` finds once everything is in."""
        key = f"{event.lower()}_{count}"
        audiences = self.folder / "audiences"
        audiences.mkdir(exist_ok=True)
        (audiences / f"{key}.yaml").write_text(AUDIENCE.format(key=key, event=event, count=count))
        time.sleep(1)  # a run is known by definitions and second
        report = self.says("run")
        return next(found["members"] for found in report["audiences"] if found["audience"] == key)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        self._place.cleanup()


def check(what, found, expected):
    if found != expected:
        raise SystemExit(f"{what}: expected {expected}, found {found}")
    print(f"ok  {what}")


def muster_from(arguments):
    if len(arguments) < 2 or not os.access(arguments[1], os.X_OK):
        raise SystemExit("usage: give the path of the `muster` binary")
    return arguments[1]
