"""The OpenAPI description of requests and answers, made from the catalogue."""

from __future__ import annotations

from typing import Any, get_args

from sigm_bayes import units
from sigm_bayes.catalogue import Catalogue
from sigm_bayes.patient import records

Schema = dict[str, Any]
_REFUSALS = {400: "not JSON, or data in the address", 403: "from another site", 413: "too large or too deep",
             415: "not JSON by its content type", 421: "under another host name"}  # fmt: skip


def openapi_of(catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Return what each route adds to its OpenAPI description."""
    patient = patient_schema(catalogue)
    problems = _object({"problems": _list(_problem())}, required=("problems",))
    return {
        "query": _route(patient, answer_schema(), {422: ("the patient cannot be used; every problem", problems)}),
        "score": _route(
            {"type": "array", "items": patient},
            _object(
                {
                    "rows": _list({"anyOf": [{"type": "object"}, {"type": "null"}]}),
                    "problems": _list(_problem(patient={"type": "integer"})),
                },
                required=("rows", "problems"),
            ),
            {422: ("not a list", problems)},
        ),
    }


def _route(body: Schema, answer: Schema, errors: dict[int, tuple[str, Schema]]) -> dict[str, Any]:
    told: dict[int | str, dict[str, Any]] = {
        200: {"description": "the answer", "content": {"application/json": {"schema": answer}}}
    }
    for status, words in _REFUSALS.items():
        told[status] = {"description": words}
    for status, (words, schema) in errors.items():
        told[status] = {"description": words, "content": {"application/json": {"schema": schema}}}
    body_of = {"required": True, "content": {"application/json": {"schema": body}}}
    return {"openapi_extra": {"requestBody": body_of}, "responses": told}


def patient_schema(catalogue: Catalogue) -> Schema:
    """Return the JSON schema of a patient file."""
    states = _words(get_args(records.State))
    findings = (*catalogue.ids("finding"), *(flag.id for flag in catalogue.invasive.flags), "no_significant_infection")
    exposure = _object(
        {
            "state": states,
            "started": _words(get_args(records.Started)),
            "last_dose": _date(),
            "igm_before": _words(get_args(records.Before)),
            "igm_recovered_after_stop": _words(get_args(records.YesNo)),
        },
        required=("state",),
    )
    causes = {c.id: {"anyOf": [states, exposure], "description": c.label} for c in catalogue.causes if c.recordable}
    invasive = catalogue.invasive
    sites = _words(o.id for o in invasive.sites)
    episode = _object(
        {
            "site": {"anyOf": [sites, {**_list(sites), "minItems": 1}]},
            "organism": _words(o.id for o in invasive.organisms),
            "severity": _words(o.id for o in invasive.severities),
            "number": _words(o.id for o in invasive.numbers),
        }
    )
    limits = catalogue.limits
    years = {"type": "number", "minimum": limits.lowest_age_years, "maximum": limits.highest_age_years}
    status = _words(get_args(records.Status))
    return _object(
        {
            "age_years": {**years, "description": "Age at the first IgM; or age_months."},
            "age_months": {"type": "number", "minimum": 0},
            "sex": _words(get_args(records.Sex)),
            "setting": _words(catalogue.ids("setting")),
            "gestational_weeks": {"type": "number"},
            "igm": {**_list(_sample(catalogue)), "minItems": 1},
            "igg": _list(_sample(catalogue)),
            "igg_status": status,
            "iga": _list(_sample(catalogue)),
            "iga_status": status,
            "findings": _object(dict.fromkeys(findings, states)),
            "invasive": _list(episode),
            "causes": _object(causes),
            "tests": _object(dict.fromkeys(catalogue.ids("test"), _words(get_args(records.TestResult)))),
            "known_inborn_error": {"type": "boolean"},
            "on_immunoglobulin": {"type": "boolean"},
        },
        required=("igm",),
    )


def _sample(catalogue: Catalogue) -> Schema:
    return _object(
        {
            "value": {
                "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "maxLength": 40}],
                "description": 'The printed result; a text keeps its digits and may hold the sign: "<0.20".',
            },
            "unit": _words(units.UNITS),
            "comparator": _words(get_args(records.Comparator)),
            "resolution": {"type": "number", "exclusiveMinimum": 0},
            "date": _date(),
            "context": _words(catalogue.ids("context")),
            "reference_interval": {**_list({"type": "number"}), "minItems": 2, "maxItems": 2},
        },
        required=("value", "unit"),
    )


def _source_schema() -> Schema:
    """Return the schema of what one weight rests on."""
    text, whole = {"type": "string"}, {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    number = {"anyOf": [{"type": "number"}, {"type": "null"}]}
    printed = _object({"item": text, "k": whole, "n": whole, "value": number, "unit": text}, required=("item",))
    study = _object(
        {"study": text, "citation": text, "year": text, "doi": text, "pmid": text, "n": whole,
         "numbers": _list(printed)},
        required=("study", "citation", "n", "numbers"),
    )  # fmt: skip
    prior = _object({"parameter": text, "source": text}, required=("parameter", "source"))
    return _object(
        {"group": text, "id": text, "studies": _list(study), "priors": _list(prior)},
        required=("group", "id", "studies", "priors"),
    )


def answer_schema() -> Schema:
    """Return the JSON schema of an answer, down to its blocks."""
    band = _object({"mean": {"type": "number"}, "lower": {"type": "number"}, "upper": {"type": "number"}},
                   required=("mean", "lower", "upper"))  # fmt: skip
    nullable_bands = {"anyOf": [{"type": "object", "additionalProperties": band}, {"type": "null"}]}
    caution = _object({"code": {"type": "string"}, "severity": _words(("info", "caution", "warning")),
                       "message": {"type": "string"}}, required=("code", "severity", "message"))  # fmt: skip
    return {
        "type": "object",
        "required": ["probability", "cautions", "refused", "model", "input_sha256"],
        "properties": {
            "probability": {**nullable_bands, "description": "Class to mean and 90% interval; null when refused."},
            "cautions": _list(caution),
            "refused": {"anyOf": [{"type": "object"}, {"type": "null"}]},
            "sources": {
                **_list(_source_schema()),
                "description": "The studies and priors behind the start and every weight.",
            },
            "model": {"type": "object"},
            "input_sha256": {"type": "string"},
        },
    }


def _problem(**more: Schema) -> Schema:
    texts = {key: {"type": "string"} for key in ("field", "message", "remedy")}
    return _object({**more, **texts}, required=tuple(texts))


def _object(properties: dict[str, Any], *, required: tuple[str, ...] = ()) -> Schema:
    out: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return out | ({"required": list(required)} if required else {})


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _words(options: Any) -> Schema:
    return {"type": "string", "enum": list(options)}


def _date() -> Schema:
    return {"type": "string", "pattern": r"^\d{4}(-\d{2}(-\d{2})?)?$"}
