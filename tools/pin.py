"""Pin the whole dependency tree exactly, without naming an index host.

Resolves every extra and dependency group of ``pyproject.toml`` to the newest versions its ranges allow and
writes them as ``[tool.uv] constraint-dependencies`` (and ``build-constraint-dependencies`` for the build back
end), between the two marker lines. Run it after changing a dependency, or to upgrade::

    python3 -m uv run --no-project python tools/pin.py

Why constraints and not a committed lock file: docs/decisions/0002-pins-without-a-lock-file.md.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "# >>> pins (written by tools/pin.py) >>>", "# <<< pins <<<"
EXPORT = [
    "export",
    "--all-extras",
    "--all-groups",
    "--no-emit-project",
    "--no-hashes",
    "--no-annotate",
    "--no-header",
]


def main() -> None:
    """Rewrite the pins of ``pyproject.toml`` in place."""
    path = ROOT / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    head, found, rest = text.partition(BEGIN)
    _, closed, tail = rest.partition(END)
    if not (found and closed):
        raise SystemExit(f"{path}: the lines {BEGIN!r} and {END!r} must both be there, in this order.")

    pins = _one_line_per_package(_resolve(head + tail))
    build = _one_line_per_package(_resolve_build(tomllib.loads(text)["build-system"]["requires"], head + tail))
    block = "\n".join(
        [
            BEGIN,
            *_array("constraint-dependencies", pins),
            *_array("build-constraint-dependencies", build),
            END,
        ]
    )
    path.write_text(head + block + tail, encoding="utf-8")
    print(f"{path.name}: {len(pins)} packages pinned, {len(build)} for the build")


def _resolve(pyproject: str) -> list[str]:
    """Resolve every extra and group of an unpinned copy of the project, for all platforms and Pythons."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        (copy / "pyproject.toml").write_text(pyproject, encoding="utf-8")
        shutil.copy(ROOT / ".python-version", copy)
        _uv("lock", "--upgrade", cwd=copy)
        return _uv(*EXPORT, "--frozen", cwd=copy).splitlines()


def _resolve_build(requires: list[str], pyproject: str) -> list[str]:
    """Resolve the build back end and what it needs."""
    lowest = tomllib.loads(pyproject)["project"]["requires-python"].removeprefix(">=")
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "build.in"
        wanted.write_text("\n".join(requires), encoding="utf-8")
        options = ["--universal", "--python-version", lowest, "--no-annotate", "--no-header"]
        return _uv("pip", "compile", wanted.name, *options, cwd=Path(folder)).splitlines()


def _uv(*arguments: str, cwd: Path) -> str:
    """Run uv (the one that started us, if any) outside any active environment and return what it prints."""
    executable = os.environ.get("UV") or shutil.which("uv")
    command = [executable] if executable else [sys.executable, "-m", "uv"]
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    done = subprocess.run([*command, *arguments], cwd=cwd, env=environment, check=False, text=True, capture_output=True)
    if done.returncode:
        raise SystemExit(f"uv {' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


def _one_line_per_package(lines: list[str]) -> list[str]:
    """Drop the environment markers, except where a package has several versions and needs them."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        if line.strip() and not line.startswith("#"):
            by_name[re.split(r"[=\[ ]", line, maxsplit=1)[0]].append(line.strip())
    pins = []
    for name in sorted(by_name):
        versions = by_name[name]
        pins += versions if len(versions) > 1 else [versions[0].partition(";")[0].strip()]
    return pins


def _array(key: str, pins: list[str]) -> list[str]:
    return [f"{key} = [", *(f'    "{pin.replace(chr(34), chr(39))}",' for pin in pins), "]"]


if __name__ == "__main__":
    main()
