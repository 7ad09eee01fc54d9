"""The directive {page}: Markdown made from the tables of the checkout when the documentation is built."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from sigm_docs import commands, evidence, formulas, model, notebooks, reporting

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PAGES: dict[str, Callable[[], str]] = {
    name: page
    for part in (commands, evidence, formulas, model, notebooks, reporting)
    for name, page in part.PAGES.items()
}

OUTSIDE = {
    "CONTRIBUTING.md": "howto/index",
    "README.md": "index",
    "data/evidence": "data/evidence",
    "data/reference": "data/reference",
    "data/codes": "data/codes",
    "data/fhir": "fhir",
    "data/registry": "data/registry",
    "examples": "start/clinician",
    "models/sigm/MODEL_CARD.md": "model/card",
    "models/sigm": "model/card",
    "docs/decisions": "decisions",
}
"""Where a link to a file of the checkout that is no page leads instead: the page that tells the same."""

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(((?:\.\./)+[^)\s]*)\)")


def mend_links(text: str, folder: str) -> str:
    """Lead links that leave `docs/` to the page that tells the same; without one the text stays, unlinked.

    Parameters
    ----------
    text : Markdown of a page
    folder : its folder below the checkout, such as ``docs`` or ``docs/decisions``
    """

    def mend(match: re.Match[str]) -> str:
        shown, target = match.groups()
        path = _resolve(folder, target.partition("#")[0])
        if path.startswith("docs/") and path != "docs/decisions/README.md" and not path.endswith("/decisions"):
            return match.group(0)
        while path:
            if path in OUTSIDE:
                return f"[{shown}](/{OUTSIDE[path]}.md)"
            path = "/".join(path.split("/")[:-1])
        return shown

    return _LINK.sub(mend, text)


def _resolve(folder: str, target: str) -> str:
    parts: list[str] = []
    for part in PurePosixPath(folder, target).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


class _Page(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        if name not in PAGES:
            raise self.error(f"no generated page {name!r}; known: {', '.join(sorted(PAGES))}")
        self.env.note_reread()  # its tables may have changed though the page has not
        return self.parse_text_to_nodes(PAGES[name](), allow_section_headings=True)


def _on_source(app: Sphinx, docname: str, content: list[str]) -> None:
    if str(app.env.doc2path(docname)).endswith(".md"):
        folder = "/".join(["docs", *docname.split("/")[:-1]])
        content[0] = mend_links(content[0], folder)


def setup(app: Sphinx) -> None:
    """Register the directive and the hook that mends links."""
    app.add_directive("page", _Page)
    app.connect("source-read", _on_source)
