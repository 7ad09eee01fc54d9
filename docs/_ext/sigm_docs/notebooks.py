"""Notebooks live in notebooks/ and are shown here: copied into the sources before they are read, outputs included."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

DOCS = Path(__file__).resolve().parents[2]


def copy_notebooks(source: Path, target: Path) -> list[str]:
    """Copy the notebooks of `source`, drop copies of those that are gone, and return their names.

    A copy is written only where it differs, so that Sphinx does not build again what has not changed.
    """
    names = sorted(path.name for path in source.glob("*.ipynb"))
    target.mkdir(exist_ok=True)
    for old in target.glob("*.ipynb"):
        if old.name not in names:
            old.unlink()
    for name in names:
        here, there = source / name, target / name
        if not there.exists() or there.read_bytes() != here.read_bytes():
            shutil.copyfile(here, there)
    return names


def toctree(names: Iterable[str], *, folder: str = "", hidden: bool = False, caption: str = "") -> str:
    """Return a toctree of the pages that there are (an empty one would be a warning that cannot be silenced)."""
    options = "".join([f":caption: {caption}\n" if caption else "", ":hidden:\n" if hidden else ":maxdepth: 1\n"])
    entries = "".join(f"/{folder}{name}\n" for name in names)
    return f"```{{toctree}}\n{options}\n{entries}```\n" if entries else ""


def notebooks() -> str:
    """The notebooks that there are, in their order."""
    names = [path.stem for path in sorted((DOCS / "notebooks").glob("*.ipynb"))]
    return toctree(names, folder="notebooks/") or "There is none yet.\n"


def trust() -> str:
    """The pages on what was checked; `checks.md` is written beside the checks themselves."""
    names = ["checks", "reporting/tripod-ai", "reporting/probast-ai", "notebooks"]
    return toctree([n for n in names if (DOCS / f"{n}.md").exists()], hidden=True, caption="Trust")


PAGES: dict[str, Callable[[], str]] = {"notebooks": notebooks, "trust": trust}


def _on_config(app: Sphinx, config: Config) -> None:
    docs = Path(app.srcdir)
    copy_notebooks(docs.parent / "notebooks", docs / "notebooks")


def setup(app: Sphinx) -> None:
    """Copy before anything is read."""
    app.connect("config-inited", _on_config)
