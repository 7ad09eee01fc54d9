"""CDS Hooks: discovery, two services that answer with one card, and a feedback address that keeps nothing.

Specification: https://cds-hooks.hl7.org (version 2.0). The record system sends FHIR R4 resources as prefetch; nothing
is fetched from it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from sigm_bayes.codes import load_codes
from sigm_bayes.errors import InputError
from sigm_bayes.fhir import Reading, read_bundle
from sigm_bayes.paths import models_dir
from sigm_bayes.query import Model
from sigm_bayes.web.card import answer_card, problem_card
from sigm_bayes.web.cds_schema import feedback_of, service_of
from sigm_bayes.web.json_body import json_body
from sigm_bayes.web.orders import concern_immunoglobulins
from sigm_bayes.web.shield import Refused
from sigm_bayes.web.workers import in_worker

HOOKS = ("patient-view", "order-select")
SETTING = "org.sigm-bayes.setting"
"""Key of a request's `extension` that says where IgM was measured: an id of the catalogue."""
MAX_ENTRIES = 2_000
"""Entries of one prefetch list or one resource."""
MAX_FEEDBACK = 100
NOT_LOW = "igm_not_low"
DESCRIPTION = (
    "Where IgM is low: probabilities of primary, secondary and low normal IgM, with cautions and the work-up that is "
    "due. For research and decision support."
)
ORDERS = " Answers when an order of IgM, IgG, IgA, a panel of them, IgG subclasses, IgE or immunoglobulin is selected."
_PATIENT = "{{context.patientId}}"


def cds_routes(model: Model) -> APIRouter:
    """Return the routes of CDS Hooks."""
    router = APIRouter(tags=["CDS Hooks"])
    services = discovery(model.catalogue.ids("test"))

    @router.get("/cds-services", summary="The services on offer")
    def offer() -> dict[str, Any]:
        return {"services": services}

    for service in services:
        _add_service(router, service, model)

    @router.post("/cds-services/{service}", include_in_schema=False)
    @router.post("/cds-services/{service}/feedback", include_in_schema=False)
    async def nothing(service: str) -> Response:
        raise Refused(404, "There is no such service; see /cds-services.")

    @router.get("/model-card", include_in_schema=False)
    def model_card() -> PlainTextResponse:
        folder = models_dir() / "sigm" if model.folder is None else model.folder
        path = folder / "MODEL_CARD.md"
        if not path.is_file():
            raise Refused(404, "This model has no card.")
        return PlainTextResponse(path.read_text(encoding="utf-8"))

    return router


def _add_service(router: APIRouter, service: dict[str, Any], model: Model) -> None:
    """Add the address of a service, and that of its feedback."""
    hook, path = service["hook"], f"/cds-services/{service['id']}"
    told = service_of(service, settings=model.catalogue.ids("setting"), setting_key=SETTING)

    @router.post(path, summary="One card where IgM is low", name=service["id"], **told)
    async def call(request: Request) -> Response:
        given = await json_body(request, max_entries=MAX_ENTRIES)
        _check_request(given, hook)
        if hook == "order-select" and not concern_immunoglobulins(given["context"], catalogue=model.catalogue):
            return JSONResponse({"cards": []})
        card = await in_worker(request, _card, model, given, str(request.base_url))
        return JSONResponse({"cards": [] if card is None else [card]})

    @router.post(
        f"{path}/feedback",
        summary="Feedback on a card; kept nowhere",
        name=f"{service['id']}-feedback",
        **feedback_of(),
    )
    async def feedback(request: Request) -> Response:
        _check_feedback(await json_body(request, max_entries=MAX_FEEDBACK))
        return JSONResponse({})


def discovery(tests: Sequence[str]) -> list[dict[str, Any]]:
    """Return the services, each with the queries whose results it wants as prefetch; `tests` are ids."""
    codes = load_codes()
    ids = ("igm", "igg", "iga", *tests)
    wanted = [f"http://loinc.org|{row.code}" for id in ids for row in codes.codes_of(id, system="LOINC")]
    prefetch = {
        "patient": f"Patient/{_PATIENT}",
        "results": f"Observation?patient={_PATIENT}&code={','.join(wanted)}&_sort=date",
        "conditions": f"Condition?patient={_PATIENT}",
        "procedures": f"Procedure?patient={_PATIENT}",
        "medications": f"MedicationStatement?patient={_PATIENT}",
        "requests": f"MedicationRequest?patient={_PATIENT}",
        "encounters": f"Encounter?patient={_PATIENT}",
    }
    return [
        {
            "hook": hook,
            "id": f"sigm-{hook}",
            "title": "Low serum IgM: what may explain it",
            "description": DESCRIPTION + (ORDERS if hook == "order-select" else ""),
            "prefetch": prefetch,
        }
        for hook in HOOKS
    ]


def _card(model: Model, given: dict[str, Any], base: str) -> dict[str, Any] | None:
    """Return the card of a request, or None where there is no IgM result or it is not low.

    Raises
    ------
    Refused
        400 for a setting that is none, 412 where the patient is missing.
    """
    prefetch, setting = _checked(given, model)
    try:
        reading = read_bundle(_bundle(prefetch), catalogue=model.catalogue, setting=setting)
        patient = reading.patient(catalogue=model.catalogue)
    except InputError as error:
        if all(problem.field in ("Observation", "Observation.code") for problem in error.problems):
            return None  # no IgM result: nothing to say, and no alert about it
        return _finished(problem_card(error), base, model)
    answer = model.query(patient).to_dict()
    answer["cautions"] = [*answer["cautions"], *reading.cautions]
    if any(caution["code"] == NOT_LOW for caution in answer["cautions"]):
        return None
    return _finished(answer_card(answer, igm=patient.igm[0].text, used=_used(reading)), base, model)


def _check_request(given: Any, hook: str) -> None:
    if not isinstance(given, dict) or given.get("hook") != hook:
        raise Refused(400, f'Expected a request of CDS Hooks with hook "{hook}".')
    if not isinstance(given.get("hookInstance"), str) or not isinstance(given.get("context"), dict):
        raise Refused(400, "Expected hookInstance (a text) and context (an object).")


def _checked(given: Mapping[str, Any], model: Model) -> tuple[Mapping[str, Any], str | None]:
    prefetch = given.get("prefetch")
    if not isinstance(prefetch, dict) or not isinstance(prefetch.get("patient"), dict):
        raise Refused(412, "Send the prefetch named in /cds-services, with the patient at least.")
    extension = given.get("extension")
    setting = extension.get(SETTING) if isinstance(extension, dict) else None
    if setting is not None and (not isinstance(setting, str) or not model.catalogue.has("setting", setting)):
        raise Refused(400, f"extension.{SETTING} is no setting: {', '.join(model.catalogue.ids('setting'))}.")
    return prefetch, setting


def _bundle(prefetch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resources of the prefetch as one collection; searches are opened, nulls and failures left out."""
    entries: list[Any] = []
    links: list[Any] = []
    for one in prefetch.values():
        if not isinstance(one, dict):
            continue
        if one.get("resourceType") == "Bundle":
            found, link = one.get("entry"), one.get("link")
            entries += [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
            links += link if isinstance(link, list) else []
        else:
            entries.append({"resource": one})
    kept = [entry for entry in entries if not _is_outcome(entry.get("resource"))]
    return {"resourceType": "Bundle", "type": "collection", "entry": kept, "link": links}


def _is_outcome(resource: Any) -> bool:
    return isinstance(resource, dict) and resource.get("resourceType") == "OperationOutcome"


def _used(reading: Reading) -> tuple[int, int]:
    """Return how many resources were used, and how many could not be read with certainty."""
    return len(reading.basis), sum(1 for entry in reading.entries if entry.outcome == "problem")


def _finished(card: dict[str, Any], base: str, model: Model) -> dict[str, Any]:
    meta = model.posterior.meta
    source = {"label": f"sigm-bayes {meta['name']} {meta['version']}: model card", "url": f"{base}model-card"}
    return {"uuid": str(uuid.uuid4()), **card, "source": source}


def _check_feedback(given: Any) -> None:
    rows = given.get("feedback") if isinstance(given, dict) else None
    if not isinstance(rows, list) or not rows:
        raise Refused(400, 'Expected {"feedback": [{"card": ..., "outcome": ...}]}.')
    for row in rows:
        known = isinstance(row, dict) and isinstance(row.get("card"), str)
        if not known or row.get("outcome") not in ("accepted", "overridden"):
            raise Refused(400, "Each feedback needs card (a text) and outcome (accepted or overridden).")
