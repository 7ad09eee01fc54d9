"""The report of one answer: a single HTML file that needs nothing else, and its PDF through a browser."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sigm_bayes.report import sentences
from sigm_bayes.report.answer_view import Block

FOLDER = Path(__file__).parent
TEMPLATES = FOLDER / "templates"
STYLE = FOLDER / "static" / "answer.css"


def environment(*folders: Path) -> Environment:
    """Return a template environment that escapes everything; the report's own templates come last."""
    made = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["say"] = sentences
    made.filters["capitalize_first"] = lambda words: words[:1].upper() + words[1:]
    return made


@cache
def _environment() -> Environment:
    return environment()


def render_report(view: Block) -> str:
    """Return the report as one HTML document without any reference to another file.

    Its content policy allows its own style sheet and nothing else.

    Parameters
    ----------
    view : dict
        From `AnswerPage.view` or `AnswerPage.blocks`.
    """
    style = STYLE.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    line = next(value for name, value in view["basis"] if name == "model")
    template = _environment().get_template("report.html.j2")
    return template.render(
        view=view | {"basis_line": line},
        style=Markup(style),
        style_hash=f"sha256-{digest}",
    )
