"""An engine in a process of its own, told what to do line by line, its memory watched from outside."""

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
WATCH_S = 0.02


class Process:
    """Starts, answers, ends. What it says on stderr is shown only if it fails."""

    def __init__(self, name: str, command: list) -> None:
        self.name = name
        began = time.perf_counter()
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )
        self.own_peak_kib = 0
        self.peak_kib = 0
        threading.Thread(target=self.watch, daemon=True).start()
        self.ready = self.answer()
        self.opening_s = round(time.perf_counter() - began, 2)

    def ask(self, do: str, **arguments) -> dict:
        """One command, one answer; a failure ends the benchmark."""
        told = self.try_to(do, **arguments)
        if "failed" in told:
            raise SystemExit(f"{self.name} could not {do}: {told['failed']}")
        return told

    def try_to(self, do: str, **arguments) -> dict:
        """One command, one answer, which may be that it `failed`."""
        self.process.stdin.write(json.dumps({"do": do} | arguments) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> dict:
        """The next line."""
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.errors.seek(0)
            said = self.errors.read().decode(errors="replace").strip()
            raise SystemExit(f"{self.name} ended with {self.process.returncode}:\n{said[:1500]}\n...\n{said[-1500:]}")
        return json.loads(line)

    def watch(self) -> None:
        """Notes the most memory it held: all of it, and its own (what no file is behind)."""
        while self.process.poll() is None:
            own, peak = resident_kib(self.process.pid)
            self.own_peak_kib = max(self.own_peak_kib, own)
            self.peak_kib = max(self.peak_kib, peak)
            time.sleep(WATCH_S)

    def memory(self) -> dict:
        """In MiB; nought where the system does not tell."""
        return {"peak_mib": self.peak_kib // 1024, "own_peak_mib": self.own_peak_kib // 1024}

    def close(self) -> dict:
        """Ends it; answers its memory."""
        memory = self.memory()
        self.process.stdin.close()
        self.process.wait()
        self.errors.close()
        return memory


def resident_kib(pid: int) -> tuple[int, int]:
    """Own memory now, and the most of all memory so far, as Linux tells it."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0, 0
    found = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "VmHWM:"))}
    return found.get("RssAnon", 0), found.get("VmHWM", 0)


def peer(name: str, lake: Path, threads: int, work: Path) -> Process:
    """A peer over a lake."""
    say(f"opening {name}")
    return Process(name, [sys.executable, "-B", HERE / "worker.py", name, lake, threads, work])


def diff_peer(name: str, folder: Path, threads: int) -> Process:
    """A peer over written memberships."""
    return Process(f"diff {name}", [sys.executable, "-B", HERE / "worker.py", "diff", name, folder, threads])


def say(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)
