"""What the documentation needs beside Sphinx: equations as MathML, cited statements, pages made from tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the parts."""
    from sigm_docs import mathml, notebooks, pages, sources

    for part in (mathml, notebooks, pages, sources):
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
