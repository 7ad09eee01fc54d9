"""What the checks say of a model, as a section of its card, which a build cannot know yet."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from sigm_bayes.checks.result import CheckResult
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.release.card import CHECKS_HEADING, table

ON_THE_CARD = ("power-scaling", "leave-one-study-out")
CARD = "MODEL_CARD.md"
NOT_DISCUSSED = "not discussed yet"


def update_card(folder: Path, results: Sequence[CheckResult], *, meta: dict[str, Any]) -> bool:
    """Put what these checks found into the card of a model, in place of what an earlier run found.

    Parameters
    ----------
    folder : Path
        Of the model.
    results
        Those that are not in `ON_THE_CARD` are left out.
    meta : mapping
        Of the released draws that were checked.

    Returns
    -------
    bool
        Whether there was something to write.

    Raises
    ------
    InputError
        The model has no card.
    """
    shown = [r for r in results if r.name in ON_THE_CARD]
    if not shown:
        return False
    path = folder / CARD
    if not path.is_file():
        raise InputError([Problem("--card", str(path), "there is no such file", "Build the model first.")])
    text = path.read_text(encoding="utf-8")
    path.write_text(with_section(text, section(shown, meta=meta)), encoding="utf-8", newline="\n")
    return True


def section(results: Sequence[CheckResult], *, meta: dict[str, Any]) -> str:
    """Heading and text of the section."""
    about = f"Found by `sigm check` for the draws `{str(meta.get('draws_sha256', ''))[:12]}`."
    parts = [CHECKS_HEADING, about]
    for result in results:
        parts.append(result.text)
        if result.name == "leave-one-study-out":
            parts.append(_misses(result))
    return "\n\n".join(parts)


def with_section(card: str, new: str) -> str:
    """The card with this section in place of the old one, or at its end."""
    old = re.compile(rf"^{re.escape(CHECKS_HEADING)}$.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if old.search(card):
        return old.sub(lambda _: new + "\n\n", card, count=1).rstrip("\n") + "\n"
    return card.rstrip("\n") + "\n\n" + new + "\n"


def _misses(result: CheckResult) -> str:
    """Items outside their interval with the kind of miss, and what is to say of each kind."""
    kinds = _kinds()
    kind_of = {item: kind["what"] for kind in kinds for item in kind["items"]}
    outside = [item for item in result.details["items"] if not item["inside"]]
    if not outside:
        return "None lies outside."
    rows = [
        (
            f"`{i['item_id']}`", i["subject"], f"{i['published']:.3g} {i['unit']}",
            f"{i['median']:.3g} ({i['low']:.3g} to {i['high']:.3g})", kind_of.get(i["item_id"], NOT_DISCUSSED),
        )
        for i in sorted(outside, key=lambda i: kind_of.get(i["item_id"], NOT_DISCUSSED))
    ]  # fmt: skip
    seen = {row[-1] for row in rows}
    said = [f"*{kind['what'].capitalize()}.* {kind['why']}" for kind in kinds if kind["what"] in seen]
    head = ("item", "about", "published", "predicted by the other studies (90%)", "kind of miss")
    return "\n\n".join([table(head, rows), *said])


def _kinds() -> list[dict[str, Any]]:
    text = files("sigm_bayes.checks").joinpath("misses.toml").read_text(encoding="utf-8")
    kinds: list[dict[str, Any]] = tomllib.loads(text)["kind"]
    return kinds
