"""Follow a how-to: apply its blocks to a copy of the tables, exactly as a reader would."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

BLOCK = re.compile(
    r"^```(toml|text)\n# ([\w./]+)(?:, (before|under) \"?(\w+)\"?)?\n(.*?)^```", re.MULTILINE | re.DOTALL
)


def blocks(page: Path) -> list[tuple[str, str, str, str]]:
    """File, how (before, under or nothing), what, and the lines of every block that names a file."""
    return [
        (file, how, what, text) for _, file, how, what, text in BLOCK.findall(page.read_text(encoding="utf-8"))
    ]  # fmt: skip


def follow(page: Path, copy: Path) -> None:
    """Apply the blocks of a page to a copy of the checkout's tables; new files are made."""
    for file, how, what, text in blocks(page):
        path = copy / file
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            continue
        before = path.read_text(encoding="utf-8")
        place = len(before)
        if how == "before":
            place = before.rindex("[[", 0, before.index(f'id = "{what}"'))
        elif how == "under":
            place = before.index("[parameter.at]\n", before.index(f'name = "{what}"')) + len("[parameter.at]\n")
        path.write_text(before[:place] + text + before[place:], encoding="utf-8")


def copy_tables(root: Path, copy: Path) -> Path:
    """Copy what a how-to edits."""
    for folder in ("models/sigm", "data/evidence", "data/reference"):
        shutil.copytree(root / folder, copy / folder, ignore=shutil.ignore_patterns("*.npz"))
    return copy
