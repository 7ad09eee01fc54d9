"""Requests made from our own OpenAPI description, and spoilt ones: never an error of the server, never half an answer.

`schemathesis run /openapi.json` does the same at greater length; see docs/web.md.
"""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.web.schema import patient_schema

SCHEMA = patient_schema(default_catalogue())
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def of_schema(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Plain data that fit the part of JSON schema that our description uses."""
    if "anyOf" in schema:
        return st.one_of([of_schema(one) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema["type"]
    if kind == "object":
        required = schema.get("required", ())
        parts = {key: of_schema(inner) for key, inner in schema["properties"].items()}
        few = st.lists(st.sampled_from(sorted(set(parts) - set(required)) or [""]), max_size=6, unique=True)
        chosen = few.map(lambda names: {n: parts[n] for n in (*required, *names) if n in parts})
        return chosen.flatmap(st.fixed_dictionaries)
    if kind == "array":
        return st.lists(of_schema(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
    if kind == "number":
        return st.floats(
            schema.get("minimum", 0.0), schema.get("maximum", 500.0), exclude_min="exclusiveMinimum" in schema
        )
    return {"boolean": st.booleans(), "string": st.sampled_from(["25", "<20", "0.30", "2026-01", "2025", "x"])}[kind]


PATIENTS = of_schema(SCHEMA)


def assert_sound(document: dict[str, Any]) -> None:
    """Probabilities in [0, 1] that sum to 1, intervals about them, and no NaN anywhere."""
    json.dumps(document, allow_nan=False)
    if document["refused"] is not None:
        assert document["probability"] is None
        return
    bands = document["probability"].values()
    assert math.isclose(sum(band["mean"] for band in bands), 1.0, abs_tol=1e-12)
    for band in (*bands, *document["causes"].values(), document["esid"]["probability"]):
        assert 0.0 <= band["lower"] <= band["mean"] <= band["upper"] <= 1.0


@QUICK
@given(PATIENTS)
def test_every_patient_of_the_description_is_answered_or_told_why_not(client, patient) -> None:
    response = client.post("/api/query", json=patient)
    assert response.status_code in (200, 422)
    if response.status_code == 200:
        assert_sound(response.json())
    else:
        assert all(p["message"] and p["remedy"] for p in response.json()["problems"])


@QUICK
@given(
    st.fixed_dictionaries(
        {
            "age_years": st.floats(0.5, 100.0), "sex": st.sampled_from(["male", "female", "unknown"]),
            "igm": st.lists(st.fixed_dictionaries({"value": st.integers(0, 3000), "unit": st.just("mg/dL")}),
                            min_size=1, max_size=2),
        },
        optional={key: of_schema(SCHEMA["properties"][key]) for key in ("findings", "tests", "setting", "igg_status")},
    )
)  # fmt: skip
def test_a_usable_patient_gets_probabilities(client, patient) -> None:
    response = client.post("/api/query", json=patient)
    if response.status_code == 200:
        assert_sound(response.json())
    else:
        assert response.status_code == 422


@QUICK
@given(PATIENTS, st.sampled_from(sorted(SCHEMA["properties"])), JUNK)
@example({"igm": [{"value": 25, "unit": "mg/dL"}]}, "findings", {"pneumonia": {"pneumonia": []}})
def test_a_spoilt_patient_is_refused_in_words(client, patient, key, junk) -> None:
    response = client.post("/api/query", json={**patient, key: junk})
    assert response.status_code in (200, 413, 422)


@QUICK
@given(JUNK, st.sampled_from(["/api/query", "/api/score", "/cds-services/sigm-order-select"]))
def test_any_json_is_met_with_an_answer_or_a_refusal(client, junk, path) -> None:
    assert client.post(path, json=junk).status_code < 500


@QUICK
@given(
    st.sampled_from(["sigm-patient-view", "sigm-order-select"]),
    st.fixed_dictionaries({"selections": st.just(["ServiceRequest/1"]) | JUNK, "draftOrders": JUNK}),
    st.fixed_dictionaries({"patient": JUNK, "results": JUNK}),
)
def test_any_request_of_a_hook_is_met_with_cards_or_a_refusal(client, service, context, prefetch) -> None:
    hook = service.removeprefix("sigm-")
    request = {"hook": hook, "hookInstance": "1", "context": context, "prefetch": prefetch}
    response = client.post(f"/cds-services/{service}", json=request)
    assert response.status_code in (200, 400, 412)


@pytest.mark.slow
@settings(QUICK, max_examples=2000)
@given(PATIENTS)
def test_many_patients_of_the_description(client, patient) -> None:
    response = client.post("/api/query", json=patient)
    assert response.status_code in (200, 422)
    if response.status_code == 200:
        assert_sound(response.json())
