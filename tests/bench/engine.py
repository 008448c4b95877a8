"""Our side: building the programs, generating the data, starting the engine, and what the machine is."""

import argparse
import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

import definitions
import many
from process import Process, peer, say

ROOT = Path(__file__).resolve().parent.parent.parent
AS_OF = "2026-01-01T00:00:00Z"


class Bench:
    """What every part needs."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.threads, self.turns = options.threads, options.turns
        self.data = options.data.resolve()
        self.work = options.work.resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.programs = {"w50": options.engine, "muster": options.muster, "import": options.importer}
        if not (self.data / "complete").exists():
            say(f"generating {options.workload} in {self.data}")
            subprocess.run([self.program("w50"), *self.arguments(self.data), "--only-generate"], check=True)

    def program(self, name: str) -> Path:
        """A program, built on first use; all in one build, so that nothing is compiled twice."""
        if self.programs[name] is None:
            say("building muster and the benchmarks")
            command = ["cargo", "build", "--release", "--quiet", "--locked", "--message-format", "json"]
            command += ["-p", "muster", "--bin", "muster", "-p", "engine", "--bench", "w50", "-p", "ingest", "--bench", "import"]
            built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
            for line in built.splitlines():
                message = json.loads(line)
                target = message.get("target", {}).get("name")
                if message.get("executable") and self.programs.get(target, target) is None:
                    self.programs[target] = Path(message["executable"])
        return self.programs[name]

    def arguments(self, data: Path) -> list:
        """What the benchmark program is told about the data."""
        return ["--data", str(data), "--workload", self.options.workload, "--threads", str(self.threads)]

    def engine(self, data: Path | None = None) -> Process:
        """muster, waiting for commands."""
        hot = ["--hot", self.fresh("hot") / "columns"]
        return Process("muster", [self.program("w50"), *self.arguments(data or self.data), *hot, "--take-turns"])

    def peer(self, name: str) -> Process:
        """A peer, waiting for commands."""
        return peer(name, self.data / "lake", self.threads, self.fresh(f"peer-{name}"))

    def wanted(self, names: list[str]) -> list[str]:
        """Those of the peers that `--peer` leaves."""
        return [name for name in names if not self.options.peer or name in self.options.peer]

    def audiences(self, count: int) -> tuple[Path, Path]:
        """So many audiences: as JSON for the peers, and as a folder of definitions."""
        document = many.document(count)
        file = self.work / f"audiences-{count}.json"
        file.write_text(json.dumps(document))
        folder = self.fresh(f"definitions-{count}")
        return file, definitions.write(document, folder)

    def fresh(self, name: str) -> Path:
        """An empty folder for something temporary."""
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def copy_of_data(self, folder: Path) -> Path:
        """The data in a folder that may be written to; the lake's files, which never change, are linked."""
        shutil.copytree(self.data / "lake", folder / "lake", copy_function=link)
        for file in self.data.glob("muster.db*"):
            shutil.copy(file, folder / file.name)
        (folder / "complete").touch()
        return folder


def link(source: str, target: str) -> None:
    """A second name for a file that never changes; a copy where the two lie on different disks."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def commit() -> str:
    """The commit measured, and whether the tree differs from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    return described.stdout.strip() or "unknown"


def machine() -> str:
    """The processor, how many cores, and the memory, as Linux tells them."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {gib:.0f} GiB, {platform.system()}"
