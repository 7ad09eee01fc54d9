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
    problems = object_of({"problems": list_of(problem_of())}, required=("problems",))
    return {
        "query": _route(patient, answer_schema(), {422: ("the patient cannot be used; every problem", problems)}),
        "score": _route(
            {"type": "array", "items": patient},
            object_of(
                {
                    "rows": list_of({"anyOf": [{"type": "object"}, {"type": "null"}]}),
                    "problems": list_of(problem_of(patient={"type": "integer"})),
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
    problems = object_of({"problems": list_of(problem_of())}, required=("problems",))
    refusals = {status: (words, problems) for status, words in _REFUSALS.items()}
    for status, (words, schema) in (refusals | errors).items():
        told[status] = {"description": words, "content": {"application/json": {"schema": schema}}}
    body_of = {"required": True, "content": {"application/json": {"schema": body}}}
    return {"openapi_extra": {"requestBody": body_of}, "responses": told}


def patient_schema(catalogue: Catalogue) -> Schema:
    """Return the JSON schema of a patient file."""
    states = words_of(get_args(records.State))
    findings = (*catalogue.ids("finding"), *(flag.id for flag in catalogue.invasive.flags), "no_significant_infection")
    exposure = object_of(
        {
            "state": states,
            "started": words_of(get_args(records.Started)),
            "last_dose": _date(),
            "igm_before": words_of(get_args(records.Before)),
            "igm_recovered_after_stop": words_of(get_args(records.YesNo)),
        },
        required=("state",),
    )
    causes = {c.id: {"anyOf": [states, exposure], "description": c.label} for c in catalogue.causes if c.recordable}
    invasive = catalogue.invasive
    sites = words_of(o.id for o in invasive.sites)
    episode = object_of(
        {
            "site": {"anyOf": [sites, {**list_of(sites), "minItems": 1}]},
            "organism": words_of(o.id for o in invasive.organisms),
            "severity": words_of(o.id for o in invasive.severities),
            "number": words_of(o.id for o in invasive.numbers),
        }
    )
    limits = catalogue.limits
    years = {"type": "number", "minimum": limits.lowest_age_years, "maximum": limits.highest_age_years}
    status = words_of(get_args(records.Status))
    return object_of(
        {
            "age_years": {**years, "description": "Age at the first IgM; or age_months."},
            "age_months": {"type": "number", "minimum": 0},
            "sex": words_of(get_args(records.Sex)),
            "setting": words_of(catalogue.ids("setting")),
            "gestational_weeks": {"type": "number"},
            "igm": {**list_of(_sample(catalogue)), "minItems": 1},
            "igg": list_of(_sample(catalogue)),
            "igg_status": status,
            "iga": list_of(_sample(catalogue)),
            "iga_status": status,
            "findings": object_of(dict.fromkeys(findings, states)),
            "invasive": list_of(episode),
            "causes": object_of(causes),
            "tests": object_of(dict.fromkeys(catalogue.ids("test"), words_of(get_args(records.TestResult)))),
            "known_inborn_error": {"type": "boolean"},
            "on_immunoglobulin": {"type": "boolean"},
        },
        required=("igm",),
    )


def _sample(catalogue: Catalogue) -> Schema:
    return object_of(
        {
            "value": {
                "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "maxLength": 40}],
                "description": 'The printed result; a text keeps its digits and may hold the sign: "<0.20".',
            },
            "unit": words_of(units.UNITS),
            "comparator": words_of(get_args(records.Comparator)),
            "resolution": {"type": "number", "exclusiveMinimum": 0},
            "date": _date(),
            "context": words_of(catalogue.ids("context")),
            "reference_interval": {**list_of({"type": "number"}), "minItems": 2, "maxItems": 2},
        },
        required=("value", "unit"),
    )


def _source_schema() -> Schema:
    """Return the schema of what one weight rests on."""
    text, whole = {"type": "string"}, {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    number = {"anyOf": [{"type": "number"}, {"type": "null"}]}
    printed = object_of({"item": text, "k": whole, "n": whole, "value": number, "unit": text}, required=("item",))
    study = object_of(
        {"study": text, "citation": text, "year": text, "doi": text, "pmid": text, "n": whole,
         "numbers": list_of(printed)},
        required=("study", "citation", "n", "numbers"),
    )  # fmt: skip
    prior = object_of({"parameter": text, "source": text}, required=("parameter", "source"))
    return object_of(
        {"group": text, "id": text, "studies": list_of(study), "priors": list_of(prior)},
        required=("group", "id", "studies", "priors"),
    )


def answer_schema() -> Schema:
    """Return the JSON schema of an answer, down to its blocks."""
    band = object_of({"mean": {"type": "number"}, "lower": {"type": "number"}, "upper": {"type": "number"}},
                   required=("mean", "lower", "upper"))  # fmt: skip
    nullable_bands = {"anyOf": [{"type": "object", "additionalProperties": band}, {"type": "null"}]}
    caution = object_of({"code": {"type": "string"}, "severity": words_of(("info", "caution", "warning")),
                       "message": {"type": "string"}}, required=("code", "severity", "message"))  # fmt: skip
    return {
        "type": "object",
        "required": ["probability", "cautions", "refused", "model", "input_sha256"],
        "properties": {
            "probability": {**nullable_bands, "description": "Class to mean and 90% interval; null when refused."},
            "cautions": list_of(caution),
            "refused": {"anyOf": [{"type": "object"}, {"type": "null"}]},
            "sources": {
                **list_of(_source_schema()),
                "description": "The studies and priors behind the start and every weight.",
            },
            "model": {"type": "object"},
            "input_sha256": {"type": "string"},
        },
    }


def problem_of(**more: Schema) -> Schema:
    """Return the schema of one problem, with what else a row of it may hold."""
    texts = {key: {"type": "string"} for key in ("field", "message", "remedy")}
    return object_of({**more, **texts}, required=tuple(texts))


def object_of(properties: dict[str, Any], *, required: tuple[str, ...] = ()) -> Schema:
    """Return the schema of an object that holds nothing else."""
    out: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return out | ({"required": list(required)} if required else {})


def list_of(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def words_of(options: Any) -> Schema:
    """Return the schema of one of several words."""
    return {"type": "string", "enum": list(options)}


def _date() -> Schema:
    return {"type": "string", "pattern": r"^\d{4}(-\d{2}(-\d{2})?)?$"}
