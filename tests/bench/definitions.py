"""The benchmark's audiences as definitions: one YAML file each, written from `audiences.json` or a document like it."""

import json
import re
from pathlib import Path

from meaning import AUDIENCES, HERE

FOLDER = HERE / "definitions"
OWNER = "benchmark"
# Of two letters, `NO` is a boolean to older YAML readers: quote all such codes.
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_ ,;.'-]{2,}|[0-9]+ [a-z]+( ago)?|\d{4}-\d\d-\d\d")

SETTINGS = """\
# The workspace of the benchmark W50; what the audiences mean stands in ../audiences.json.
data: data
store: sqlite
timezone: UTC
schedule: "0 * * * *"
"""


def texts(document: dict, folder: Path) -> dict[Path, str]:
    """What each file of the definitions should hold."""
    files = {folder / "muster.yaml": SETTINGS}
    for entry in document["audiences"]:
        lines = [
            f"audience: {entry['audience']}",
            f"description: {scalar(entry['description'])}",
            f"owner: {OWNER}",
            "who:",
            *("  " + line for line in condition(entry["who"])),
        ]
        files[folder / "audiences" / f"{entry['audience']}.yaml"] = "\n".join(lines) + "\n"
    return files


def usual() -> dict:
    """`audiences.json`."""
    return json.loads(AUDIENCES.read_text())


def write(document: dict, folder: Path = FOLDER) -> Path:
    """Writes all files, and takes away audiences that are no more; answers the folder."""
    expected = texts(document, folder)
    for path in (folder / "audiences").glob("*.yaml"):
        if path not in expected:
            path.unlink()
    for path, text in expected.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def stale() -> list[str]:
    """The checked-in files that do not hold what they should."""
    expected = texts(usual(), FOLDER)
    found = set((FOLDER / "audiences").glob("*.yaml")) | {FOLDER / "muster.yaml"}
    wrong = [path for path, text in expected.items() if not path.exists() or path.read_text() != text]
    return sorted(path.name for path in {*wrong, *(found - expected.keys())})


def condition(who: dict) -> list[str]:
    """A condition as lines of YAML."""
    lines = []
    for key, value in who.items():
        if key in ("all", "any", "none"):
            lines.append(f"{key}:")
            for part in value:
                first, *others = condition(part)
                lines.append(f"  - {first}")
                lines.extend(f"    {line}" for line in others)
        elif key == "then":
            lines.append("then:")
            lines.extend(f"  {line}" for line in condition(value))
        elif key in ("where", "traits"):
            lines.append(f"{key}:")
            lines.extend(f"  {name}: {matcher(constant)}" for name, constant in value.items())
        else:
            lines.append(f"{key}: {matcher(value)}")
    return lines


def matcher(constant) -> str:
    """A matcher on one line."""
    if not isinstance(constant, dict):
        return scalar(constant)
    return "{ " + ", ".join(f"{operator}: {scalar(value)}" for operator, value in constant.items()) + " }"


def scalar(value) -> str:
    """A number, a list on one line, or text, quoted where it might be read as something else."""
    if isinstance(value, list):
        return "[" + ", ".join(quoted_in_list(item) for item in value) + "]"
    if isinstance(value, str) and not PLAIN.fullmatch(value):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def quoted_in_list(value) -> str:
    """An item of a list on one line, where a comma would part it."""
    return json.dumps(value) if isinstance(value, str) and "," in value else scalar(value)
