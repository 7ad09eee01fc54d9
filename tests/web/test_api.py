"""The programming interface: the document of `sigm query --json` with its sources, and refusals in one shape."""

from __future__ import annotations

import json

import pytest

from sigm_bayes.patient import parse_patient

PATIENT = {"age_years": 34, "sex": "female", "igm": [{"value": 25, "unit": "mg/dL"}]}
JSON = {"content-type": "application/json"}


def test_the_answer_is_that_of_the_command_line(client, model, examples):
    for document in examples.values():
        answer = model.query(parse_patient(document, catalogue=model.catalogue))
        expected = answer.to_dict() | {"sources": answer.sources()}
        response = client.post("/api/query", json=document)
        assert response.status_code == 200
        assert response.json() == json.loads(json.dumps(expected))


def test_every_problem_is_told_without_the_value(client):
    given = {**PATIENT, "age_years": 340.125, "findings": {"sinusitus": "present"}, "igm": [{"value": 25}]}
    response = client.post("/api/query", json=given)
    assert response.status_code == 422
    fields = [problem["field"] for problem in response.json()["problems"]]
    assert fields == ["age_years", "igm[0].unit", "findings.sinusitus"]
    assert "340.125" not in response.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b'{"age_years": NaN}', 400),
        (b'{"age_years": 3, "age_years": 4}', 400),
        (b'{"a":' * 60 + b"1" + b"}" * 60, 413),
        (b"[" * 200_000, 400),
        (b'{"age_years": 1e400}', 422),
        (b'{"age_years": ' + b"9" * 5000 + b"}", 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b"{}", 422),
        (json.dumps({**PATIENT, "findings": {f"finding{n}": "present" for n in range(10_000)}}).encode(), 413),
        (json.dumps({**PATIENT, "igm": PATIENT["igm"] * 10_000}).encode(), 413),
        (json.dumps({**PATIENT, "sex": "f" * 100_000}).encode(), 413),
    ],
)
def test_what_is_no_patient_is_refused(client, body, status):
    response = client.post("/api/query", content=body, headers=JSON)
    assert response.status_code == status
    assert response.json()["problems"]


def test_a_list_is_scored_and_bad_rows_are_told_beside_the_good_ones(client, model):
    response = client.post("/api/score", json=[PATIENT, {"age_years": 34}, {**PATIENT, "age_years": 0.2}, 7])
    assert response.status_code == 200
    rows, problems = response.json()["rows"], response.json()["problems"]
    alone = model.score([parse_patient(PATIENT, catalogue=model.catalogue)])[0]
    assert rows[0] == json.loads(json.dumps(alone))
    assert rows[1] is None
    assert rows[2]["refused"] == "under_six_months"
    assert rows[3] is None
    assert {problem["patient"] for problem in problems} == {1, 3}


def test_an_empty_list_and_no_list(client):
    assert client.post("/api/score", json=[]).json() == {"rows": [], "problems": []}
    assert client.post("/api/score", json={"patients": []}).status_code == 422
    assert client.post("/api/score", json=[PATIENT] * 201).status_code == 413


def test_the_description_names_every_id_and_its_examples_are_accepted(client, model):
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {
        "/api/query", "/api/score", "/cds-services",
        "/cds-services/sigm-patient-view", "/cds-services/sigm-patient-view/feedback",
        "/cds-services/sigm-order-select", "/cds-services/sigm-order-select/feedback",
    }  # fmt: skip
    schema = document["paths"]["/api/query"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(model.catalogue.ids("finding")) <= set(schema["properties"]["findings"]["properties"])
    assert "occult" not in schema["properties"]["causes"]["properties"]
    assert schema["properties"]["setting"]["enum"] == list(model.catalogue.ids("setting"))
    assert "422" in document["paths"]["/api/query"]["post"]["responses"]


def fits(value, schema):
    """Whether plain data fit the part of JSON schema that our description uses."""
    if "anyOf" in schema:
        return any(fits(value, one) for one in schema["anyOf"])
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "number": (int, float)}
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, dict):
        known = schema["properties"]
        return set(schema.get("required", ())) <= set(value) <= set(known) and all(
            fits(inner, known[key]) for key, inner in value.items()
        )
    return not isinstance(value, list) or all(fits(inner, schema["items"]) for inner in value)


def test_the_description_accepts_what_the_service_accepts(client, examples):
    document = client.get("/openapi.json").json()
    schema = document["paths"]["/api/query"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    for name, example in examples.items():
        assert fits(json.loads(json.dumps(example)), schema), name
    assert not fits({"igm": [{"value": 25}]}, schema)
    assert not fits({**PATIENT, "findings": {"sinusitus": "present"}}, schema)
