"""The OpenAPI description of the CDS Hooks addresses: requests, cards and feedback as they are read and written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sigm_bayes.web.schema import Schema, list_of, object_of, problem_of, words_of

TEXT: Schema = {"type": "string"}
REFUSALS = {
    400: "no request of this hook", 403: "from another site", 412: "the patient is missing from the prefetch",
    413: "too large or too deep", 415: "not JSON by its content type", 421: "under another host name",
}  # fmt: skip


def service_of(service: dict[str, Any], *, settings: Sequence[str], setting_key: str) -> dict[str, Any]:
    """Return what the address of a service adds to its description.

    Parameters
    ----------
    service : dict
        As in the discovery: `hook`, `prefetch`.
    settings : sequence of str
        Ids that `extension[setting_key]` may hold.
    """
    context: dict[str, Any] = {"userId": TEXT, "patientId": TEXT, "encounterId": TEXT}
    needed: tuple[str, ...] = ()
    if service["hook"] == "order-select":
        context |= {"selections": list_of(TEXT), "draftOrders": _resource("Bundle")}
        needed = ("selections", "draftOrders")
    prefetch = {key: _nullable(_resource()) for key in service["prefetch"]} | {"patient": _resource("Patient")}
    body = _open(
        {
            "hook": words_of((service["hook"],)),
            "hookInstance": TEXT,
            "fhirServer": TEXT,
            "fhirAuthorization": {"type": "object"},
            "context": _open(context, required=needed),
            "prefetch": _open(prefetch, required=("patient",)),
            "extension": _open({setting_key: words_of(settings)}),
        },
        required=("hook", "hookInstance", "context", "prefetch"),
    )
    return _route(body, object_of({"cards": {**list_of(_card()), "maxItems": 1}}, required=("cards",)), "the card")


def feedback_of() -> dict[str, Any]:
    """Return what a feedback address adds to its description."""
    row = _open(
        {"card": TEXT, "outcome": words_of(("accepted", "overridden")), "outcomeTimestamp": TEXT},
        required=("card", "outcome"),
    )
    body = _open({"feedback": {**list_of(row), "minItems": 1}}, required=("feedback",))
    return _route(body, object_of({}), "it is checked and dropped", without=412)


def _card() -> Schema:
    source = object_of({"label": TEXT, "url": TEXT}, required=("label", "url"))
    return object_of(
        {
            "uuid": TEXT,
            "summary": {**TEXT, "maxLength": 139},
            "indicator": words_of(("info", "warning", "critical")),
            "detail": {**TEXT, "description": "Markdown."},
            "source": source,
        },
        required=("uuid", "summary", "indicator", "detail", "source"),
    )


def _route(body: Schema, answer: Schema, words: str, *, without: int | None = None) -> dict[str, Any]:
    told: dict[int | str, dict[str, Any]] = {200: _of_json(words, answer)}
    problems = object_of({"problems": list_of(problem_of())}, required=("problems",))
    told |= {status: _of_json(reason, problems) for status, reason in REFUSALS.items() if status != without}
    body_of = {"required": True, "content": {"application/json": {"schema": body}}}
    return {"openapi_extra": {"requestBody": body_of}, "responses": told}


def _of_json(words: str, schema: Schema) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _resource(kind: str | None = None) -> Schema:
    """Return the schema of a FHIR R4 resource; what it may hold is said in docs/fhir.md."""
    return _open({"resourceType": TEXT if kind is None else words_of((kind,))}, required=("resourceType",))


def _open(properties: dict[str, Any], *, required: tuple[str, ...] = ()) -> Schema:
    """Return the schema of an object that may hold more than is named: it is not looked at."""
    out: Schema = {"type": "object", "properties": properties}
    return out | ({"required": list(required)} if required else {})


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}
