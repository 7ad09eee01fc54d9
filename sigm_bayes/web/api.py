"""The programming interface: one patient, or a list of patients, as JSON."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sigm_bayes.errors import InputError, Problem
from sigm_bayes.patient import Patient, parse_patient
from sigm_bayes.query import Model
from sigm_bayes.report.document import to_json
from sigm_bayes.web.json_body import json_body
from sigm_bayes.web.schema import openapi_of
from sigm_bayes.web.workers import in_worker

MAX_PATIENTS = 200
"""Patients in one request; a table of more is for `sigm score`."""


def api_routes(model: Model) -> APIRouter:
    """Return the routes of the programming interface."""
    router = APIRouter(prefix="/api", tags=["answers"])
    docs = openapi_of(model.catalogue)

    @router.post("/query", summary="Answer for one patient, with the sources of every weight", **docs["query"])
    async def query(request: Request) -> Response:
        given = await json_body(request)
        return await in_worker(request, _query, model, given)

    @router.post("/score", summary="Class probabilities for a list of patients", **docs["score"])
    async def score(request: Request) -> Response:
        given = await json_body(request, max_entries=MAX_PATIENTS)
        return await in_worker(request, _score, model, given)

    return router


def _query(model: Model, given: Any) -> Response:
    try:
        patient = parse_patient(given, catalogue=model.catalogue)
    except InputError as error:
        return JSONResponse({"problems": [problem_row(p) for p in error.problems]}, 422)
    answer = model.query(patient)
    document = answer.to_dict() | {"sources": answer.sources()}
    return Response(to_json(document, indent=None), media_type="application/json")


def _score(model: Model, given: Any) -> Response:
    if not isinstance(given, list):
        problem = {"field": "", "message": "expected a list of patients", "remedy": "Send [patient, patient, ...]."}
        return JSONResponse({"problems": [problem]}, 422)
    patients: list[Patient] = []
    places: list[int] = []
    problems: list[dict[str, Any]] = []
    for number, one in enumerate(given):
        try:
            patients.append(parse_patient(one, catalogue=model.catalogue))
            places.append(number)
        except InputError as error:
            problems += [{"patient": number, **problem_row(p)} for p in error.problems]
    scored = model.score(patients)
    rows: list[dict[str, Any] | None] = [None] * len(given)
    for number, row in zip(places, scored, strict=True):
        rows[number] = row
    return JSONResponse({"rows": rows, "problems": problems})


def problem_row(problem: Problem) -> dict[str, str]:
    """Return a problem as the interface tells it; never with the value, which the caller has."""
    return {"field": problem.field, "message": problem.message, "remedy": problem.remedy}
