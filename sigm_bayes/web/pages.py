"""The page for people: form, answer, save, load, report. Every answer is a POST; nothing is kept between two."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment
from markupsafe import Markup
from starlette.datastructures import UploadFile

from sigm_bayes import units
from sigm_bayes.catalogue import Catalogue
from sigm_bayes.errors import InputError
from sigm_bayes.patient import parse_patient
from sigm_bayes.report.answer_view import AnswerPage
from sigm_bayes.report.html_report import environment, render_report
from sigm_bayes.report.numbers import thousands
from sigm_bayes.web import form_view
from sigm_bayes.web.fill import form_values
from sigm_bayes.web.form import Filled, Values, read_form
from sigm_bayes.web.names import FieldProblem, control_id, control_of
from sigm_bayes.web.shield import Refused
from sigm_bayes.web.workers import in_worker

TEMPLATES = Path(__file__).parent / "templates"
MAX_FIELDS = 1_000
HTMX = {
    "allowEval": False,
    "includeIndicatorStyles": False,
    "historyEnabled": False,
    "selfRequestsOnly": True,
    "responseHandling": [
        {"code": "[23]..", "swap": True},
        {"code": "422", "swap": True},
        {"code": "[45]..", "swap": False, "error": True},
    ],
}
"""Settings of htmx that the content policy asks for, and that a form with errors is shown."""


@dataclass(frozen=True)
class Pages:
    """Renders the page for one model."""

    page: AnswerPage

    @property
    def catalogue(self) -> Catalogue:
        """What the model knows by name."""
        return self.page.model.catalogue

    @cached_property
    def _templates(self) -> Environment:
        return environment(TEMPLATES)

    @cached_property
    def _model_line(self) -> str:
        meta = self.page.model.posterior.meta
        return f"Model {meta['name']} {meta['version']}, {thousands(meta.get('items_fitted') or 0)} published numbers"

    def render(self, filled: Filled, *, whole: bool, quiet: bool = False) -> str:
        """Return the page, or (not `whole`) the answer alone.

        Parameters
        ----------
        filled
            The form as sent.
        whole
            With the form around it, and with everything; the answer alone leaves what takes longer to `more`.
        quiet
            Do not complain of what is merely not entered yet.
        """
        shown = [p for p in filled.problems if not (quiet and p.message == "missing")]
        view = (
            None
            if filled.patient is None
            else self.page.view(filled.patient, explained=whole, thresholds=filled.thresholds)
        )
        errors: dict[str, list[FieldProblem]] = {}
        for problem in shown:
            errors.setdefault(problem.control, []).append(problem)
        context: dict[str, Any] = {
            "filled": filled,
            "shown": shown,
            "errors": errors,
            "view": view,
            "id": control_id,
            "name_of": lambda control: form_view.name_of(control, self.catalogue),
        }
        if whole:
            context |= form_view.context(filled.values, self.catalogue)
            context |= {
                "htmx_config": Markup(json.dumps(HTMX)),
                "model_line": self._model_line,
                "units": [(unit, unit) for unit in units.UNITS],
            }
        return self._templates.get_template("page.html.j2" if whole else "answer.html.j2").render(context)

    def report(self, filled: Filled) -> str:
        """Return the report file of a form without problems."""
        if filled.patient is None:
            raise ValueError("a form with problems has no report")
        return render_report(self.page.view(filled.patient, explained=True, thresholds=filled.thresholds))

    def more(self, filled: Filled) -> str:
        """Return what takes longer than the answer: what to do next and what would change it; empty with problems."""
        if filled.patient is None:
            return ""
        view = self.page.view(filled.patient, explained=True, thresholds=filled.thresholds)
        return self._templates.get_template("more.html.j2").render(view=view)

    def loaded(self, text: bytes, *, toml: bool) -> Filled:
        """Return the form of a saved patient."""
        try:
            document = tomllib.loads(text.decode("utf-8-sig")) if toml else json.loads(text.decode("utf-8-sig"))
        except (UnicodeDecodeError, ValueError, RecursionError):
            kind = "TOML" if toml else "JSON"
            return _unreadable(f"is not a patient file in {kind}", "Choose a file that was saved from this page.")
        if not isinstance(document, Mapping):
            return _unreadable("is not a patient file", "Choose a file that was saved from this page.")
        return self.of_document(document)

    def of_document(self, document: Mapping[str, Any]) -> Filled:
        """Return the form that a patient document fills; problems of the document are told in its words."""
        values = form_values(document, catalogue=self.catalogue)
        pairs = [(name, text) for name, texts in values.items() for text in texts]
        filled = read_form(pairs, catalogue=self.catalogue)
        try:
            filled.patient = parse_patient(document, catalogue=self.catalogue)
        except InputError as error:
            filled.patient = None
            filled.problems = [FieldProblem(control_of(p.field, {}), p.message, p.remedy) for p in error.problems]
        return filled


def _unreadable(message: str, remedy: str) -> Filled:
    return Filled({}, problems=[FieldProblem("file", message, remedy)])


def page_routes(pages: Pages) -> APIRouter:
    """Return the routes of the page; none is part of the programming interface."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.get("/")
    def empty() -> HTMLResponse:
        return HTMLResponse(pages.render(read_form([], catalogue=pages.catalogue), whole=True, quiet=True))

    @router.post("/")
    async def answer_whole(request: Request) -> HTMLResponse:
        filled = await _filled(request, pages)
        adding = "add" in filled.values
        status = 422 if filled.problems and not adding else 200
        return HTMLResponse(await in_worker(request, pages.render, filled, whole=True, quiet=adding), status)

    @router.post("/answer")
    async def answer_alone(request: Request) -> HTMLResponse:
        filled = await _filled(request, pages)
        return HTMLResponse(await in_worker(request, pages.render, filled, whole=False, quiet=True))

    @router.post("/more")
    async def more(request: Request) -> HTMLResponse:
        return HTMLResponse(await in_worker(request, pages.more, await _filled(request, pages)))

    @router.post("/patient.json")
    async def save(request: Request) -> Response:
        filled = await _filled(request, pages)
        if filled.problems:
            return HTMLResponse(await in_worker(request, pages.render, filled, whole=True), 422)
        text = json.dumps(filled.mapping, indent=2, ensure_ascii=False) + "\n"
        return Response(text, media_type="application/json", headers=_download("patient.json"))

    @router.post("/report.html")
    async def report(request: Request) -> Response:
        filled = await _filled(request, pages)
        if filled.problems:
            return HTMLResponse(await in_worker(request, pages.render, filled, whole=True), 422)
        return HTMLResponse(await in_worker(request, pages.report, filled), headers=_download("igm-report.html"))

    @router.post("/load")
    async def load(request: Request) -> HTMLResponse:
        async with request.form(max_files=1, max_fields=10) as sent:
            file = sent.get("file")
            if not isinstance(file, UploadFile) or not file.filename:
                filled = _unreadable("no file was chosen", "Choose a patient file first.")
            else:
                filled = pages.loaded(await file.read(), toml=file.filename.lower().endswith(".toml"))
        text = await in_worker(request, pages.render, filled, whole=True)
        return HTMLResponse(text, 422 if filled.problems else 200)

    return router


def _download(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}


async def _filled(request: Request, pages: Pages) -> Filled:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise Refused(415, "Send a form.")
    async with request.form(max_fields=MAX_FIELDS, max_files=0) as sent:
        pairs = [(name, value) for name, value in sent.multi_items() if isinstance(value, str)]
    return read_form(pairs, catalogue=pages.catalogue)


__all__ = ["Pages", "Values", "page_routes"]
