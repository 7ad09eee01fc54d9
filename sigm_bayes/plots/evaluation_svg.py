"""A matplotlib figure as SVG text that can stand in a page, the same bytes each time (needs matplotlib)."""

from __future__ import annotations

import io
import re
from typing import Any
from xml.sax.saxutils import quoteattr


def svg_text(figure: Any, *, alt: str, prefix: str) -> str:
    """Return a figure as an SVG element.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the figure shows, for readers who do not see it.
    prefix : str
        Letters before every id, so that several figures can stand in one page.
    """
    import matplotlib

    stream = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": f"sigm_bayes {prefix}", "svg.fonttype": "path"}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>{prefix}-", text)
    return text.replace("<svg", f'<svg role="img" aria-label={quoteattr(alt)}', 1)
