"""The Python environment of the benchmark: made on first use, outside the clone."""

import hashlib
import os
import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

VENV = Path.home() / ".cache" / "muster" / "bench-venv"
PACKAGES = ["duckdb", "polars", "chdb", "pyroaring", "matplotlib"]


def enter(upgrade: bool) -> None:
    """Goes on in an environment that has the peers; makes it if there is none."""
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    python = VENV / "bin" / "python"
    ready = VENV / f"ready-{hashlib.sha256(' '.join(PACKAGES).encode()).hexdigest()[:12]}"
    if not ready.exists() or (upgrade and not inside):
        print(f"setting up {', '.join(PACKAGES)} in {VENV}", file=sys.stderr)
        if not python.exists():
            venv.create(VENV, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
        subprocess.run([*pip, *PACKAGES], check=True)
        ready.touch()
    if not inside:
        os.execv(python, [str(python), *sys.argv])


def versions() -> dict[str, str]:
    """The versions of what is compared."""
    return {package: version(package) for package in PACKAGES}
