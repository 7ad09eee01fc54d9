"""CDS Hooks: discovery, one card, feedback that is kept nowhere; from the synthetic example bundles."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import jsonschema
import pytest

BUNDLES = sorted((Path(__file__).parents[2] / "examples" / "fhir").glob("*.json"))


def order(id="1", *, system="http://loinc.org", code="2472-9", kind="ServiceRequest"):
    coded = {"coding": [{"system": system, "code": code}]}
    name = "code" if kind == "ServiceRequest" else "medicationCodeableConcept"
    return {"resourceType": kind, "id": id, "status": "draft", "intent": "order", name: coded}


def orders(*resources, selections=("ServiceRequest/1",)):
    entries = [{"resource": resource} for resource in resources]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return {"selections": list(selections), "draftOrders": bundle}


def request_of(path, *, hook="patient-view", **more):
    entries = json.loads(path.read_text(encoding="utf-8"))["entry"]
    patient = next(e["resource"] for e in entries if e["resource"]["resourceType"] == "Patient")
    results = [e for e in entries if e["resource"]["resourceType"] == "Observation"]
    others = [e for e in entries if e["resource"]["resourceType"] not in ("Patient", "Observation")]
    prefetch = {
        "patient": patient,
        "results": {"resourceType": "Bundle", "type": "searchset", "entry": results},
        "conditions": {"resourceType": "Bundle", "type": "searchset", "entry": others},
        "procedures": None,
        "requests": {"resourceType": "OperationOutcome", "issue": []},
    }
    context = {"userId": "Practitioner/1", "patientId": "example"}
    if hook == "order-select":
        context |= orders(order())
    return {"hook": hook, "hookInstance": str(uuid.uuid4()), "context": context, "prefetch": prefetch, **more}


def test_discovery_names_the_two_services_and_what_they_read(client):
    services = client.get("/cds-services").json()["services"]
    assert [service["hook"] for service in services] == ["patient-view", "order-select"]
    for service in services:
        assert "2472-9" in service["prefetch"]["results"]
        assert all("{{context.patientId}}" in query for query in service["prefetch"].values())


@pytest.mark.parametrize("path", BUNDLES, ids=lambda p: p.stem)
@pytest.mark.parametrize("hook", ["patient-view", "order-select"])
def test_each_example_bundle_gets_one_card(client, path, hook):
    response = client.post(f"/cds-services/sigm-{hook}", json=request_of(path, hook=hook))
    assert response.status_code == 200
    (card,) = response.json()["cards"]
    assert 0 < len(card["summary"]) < 140
    assert card["indicator"] in ("info", "warning")
    assert uuid.UUID(card["uuid"])
    assert card["source"]["label"]
    assert client.get(card["source"]["url"].replace("http://127.0.0.1:8765", "")).status_code == 200
    assert "diagnos" not in json.dumps(card).lower()


@pytest.mark.parametrize("path", BUNDLES, ids=lambda p: p.stem)
@pytest.mark.parametrize("hook", ["patient-view", "order-select"])
def test_requests_and_cards_are_as_described(client, path, hook):
    described = client.get("/openapi.json").json()["paths"][f"/cds-services/sigm-{hook}"]["post"]
    asked = request_of(path, hook=hook, extension={"org.sigm-bayes.setting": "hospital"})
    jsonschema.validate(asked, described["requestBody"]["content"]["application/json"]["schema"])
    response = client.post(f"/cds-services/sigm-{hook}", json=asked)
    jsonschema.validate(response.json(), described["responses"]["200"]["content"]["application/json"]["schema"])


def test_what_the_description_forbids_is_refused(client):
    paths = client.get("/openapi.json").json()["paths"]
    schema = paths["/cds-services/sigm-order-select"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    whole = request_of(BUNDLES[0], hook="order-select")
    spoilt = [{key: value for key, value in whole.items() if key != left_out} for left_out in schema["required"]]
    spoilt += [whole | {"hook": "patient-view"}, whole | {"extension": {"org.sigm-bayes.setting": "moon"}}]
    for given in spoilt:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(given, schema)
        response = client.post("/cds-services/sigm-order-select", json=given)
        assert response.status_code in (400, 412)
        described = paths["/cds-services/sigm-order-select"]["post"]["responses"][str(response.status_code)]
        jsonschema.validate(response.json(), described["content"]["application/json"]["schema"])


def test_feedback_is_described(client):
    described = client.get("/openapi.json").json()["paths"]["/cds-services/sigm-order-select/feedback"]["post"]
    given = {"feedback": [{"card": "x", "outcome": "accepted", "outcomeTimestamp": "2026-11-23T10:00:00Z"}]}
    jsonschema.validate(given, described["requestBody"]["content"]["application/json"]["schema"])
    response = client.post("/cds-services/sigm-order-select/feedback", json=given)
    assert response.status_code == 200
    jsonschema.validate(response.json(), described["responses"]["200"]["content"]["application/json"]["schema"])


GLUCOSE = order("2", code="2345-7")
IVIG = order("3", system="http://www.whocc.no/atc", code="J06BA02", kind="MedicationRequest")
AMOXICILLIN = order("4", system="http://www.whocc.no/atc", code="J01CA04", kind="MedicationRequest")


@pytest.mark.parametrize(
    ("resources", "selections", "cards"),
    [
        ([order()], ["ServiceRequest/1"], 1),
        ([order(code="2465-3"), GLUCOSE], ["ServiceRequest/1", "ServiceRequest/2"], 1),
        ([order(code="34550-4")], ["ServiceRequest/1"], 1),  # a panel: immunoglobulins
        ([order(code="47289-4")], ["ServiceRequest/1"], 1),  # a panel: IgG and its subclasses
        ([order(code="2469-5")], ["ServiceRequest/1"], 1),  # one subclass
        ([order(code="24363-4")], ["ServiceRequest/1"], 0),  # another panel
        ([IVIG], ["MedicationRequest/3"], 1),
        ([order(), GLUCOSE], ["ServiceRequest/2"], 0),  # IgM was drafted earlier, not selected now
        ([GLUCOSE, AMOXICILLIN], ["ServiceRequest/2", "MedicationRequest/4"], 0),
        ([order()], [], 0),
        ([order()], ["ServiceRequest/9"], 0),
        ([order()], ["MedicationRequest/1"], 0),  # the same id of another type
        ([order(system="http://snomed.info/sct")], ["ServiceRequest/1"], 0),  # a code of another system
    ],
)
def test_an_order_gets_a_card_where_it_is_of_immunoglobulins_and_selected_now(client, resources, selections, cards):
    given = request_of(BUNDLES[0], hook="order-select")
    given["context"] |= orders(*resources, selections=selections)
    response = client.post("/cds-services/sigm-order-select", json=given)
    assert response.status_code == 200
    assert len(response.json()["cards"]) == cards


def test_a_drug_contained_in_its_order_is_read(client):
    given = request_of(BUNDLES[0], hook="order-select")
    drug = {"resourceType": "Medication", "id": "m", "code": IVIG["medicationCodeableConcept"]}
    inside = {"resourceType": "MedicationRequest", "id": "5", "medicationReference": {"reference": "#m"}}
    given["context"] |= orders(inside | {"contained": [drug]}, selections=["MedicationRequest/5"])
    assert len(client.post("/cds-services/sigm-order-select", json=given).json()["cards"]) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"selections": None}, {"selections": "ServiceRequest/1"}, {"selections": [7]}, {"draftOrders": None},
        {"draftOrders": {"resourceType": "Patient"}}, {"draftOrders": []},
    ],
)  # fmt: skip
def test_a_context_that_is_not_of_the_hook_is_refused(client, wrong):
    given = request_of(BUNDLES[0], hook="order-select")
    given["context"] |= wrong
    assert client.post("/cds-services/sigm-order-select", json=given).status_code == 400


@pytest.mark.parametrize(
    "junk",
    [
        {"entry": 7}, {"entry": [7, None, {"resource": 7}]}, {"entry": [{"resource": {"resourceType": 7, "id": []}}]},
        {"entry": [{"resource": {"resourceType": "ServiceRequest", "id": "1", "code": 7, "contained": 7}}]},
        {"entry": [{"resource": {"resourceType": "ServiceRequest", "id": "1", "contained": [7, {"code": 1}]}}]},
    ],
)  # fmt: skip
def test_junk_among_the_orders_gets_no_card(client, junk):
    given = request_of(BUNDLES[0], hook="order-select")
    given["context"]["draftOrders"] = {"resourceType": "Bundle", **junk}
    response = client.post("/cds-services/sigm-order-select", json=given)
    assert (response.status_code, response.json()) == (200, {"cards": []})


def test_the_setting_of_the_request_counts(client):
    path = BUNDLES[0]
    cards = [
        client.post("/cds-services/sigm-patient-view", json=request_of(path, extension={"org.sigm-bayes.setting": id}))
        for id in ("community", "allergy_immunology_clinic")
    ]
    details = [response.json()["cards"][0]["detail"] for response in cards]
    assert details[0] != details[1]
    bad = request_of(path, extension={"org.sigm-bayes.setting": "moon"})
    assert client.post("/cds-services/sigm-patient-view", json=bad).status_code == 400


def test_no_igm_or_an_igm_that_is_not_low_gives_no_card(client):
    given = request_of(BUNDLES[0])
    given["prefetch"]["results"]["entry"] = []
    assert client.post("/cds-services/sigm-patient-view", json=given).json() == {"cards": []}
    high = request_of(BUNDLES[0])
    for entry in high["prefetch"]["results"]["entry"]:
        if entry["resource"]["code"]["coding"][0]["code"] == "2472-9":
            entry["resource"]["valueQuantity"] = {
                "value": 150, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL",
            }  # fmt: skip
            entry["resource"].pop("referenceRange", None)
    assert client.post("/cds-services/sigm-patient-view", json=high).json() == {"cards": []}


def test_a_record_that_cannot_be_read_gives_a_card_that_says_so_without_its_values(client):
    given = request_of(BUNDLES[0])
    given["prefetch"]["patient"].pop("birthDate")
    given["prefetch"]["patient"]["name"] = [{"family": "Secretname"}]
    (card,) = client.post("/cds-services/sigm-patient-view", json=given).json()["cards"]
    assert "no answer" in card["summary"]
    assert "birthDate" in card["detail"]
    assert "Secretname" not in json.dumps(card)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"hook": "order-sign"}, 400),
        ({"hookInstance": 7}, 400),
        ({"context": None}, 400),
        ({"prefetch": None}, 412),
        ({"prefetch": {"patient": None}}, 412),
        ({"prefetch": []}, 412),
    ],
)
def test_what_is_no_request_of_the_hook_is_refused(client, change, status):
    given = {**request_of(BUNDLES[0]), **change}
    assert client.post("/cds-services/sigm-patient-view", json=given).status_code == status


def test_an_unknown_service_is_not_found(client):
    assert client.post("/cds-services/other", json=request_of(BUNDLES[0])).status_code == 404
    assert client.post("/cds-services/other/feedback", json={"feedback": []}).status_code == 404


def test_feedback_is_taken_and_its_shape_is_checked(client):
    address = "/cds-services/sigm-patient-view/feedback"
    good = {
        "feedback": [{"card": str(uuid.uuid4()), "outcome": "accepted", "outcomeTimestamp": "2026-11-22T00:00:00Z"}]
    }
    assert client.post(address, json=good).status_code == 200
    for bad in ({}, {"feedback": []}, {"feedback": [{"card": 3, "outcome": "accepted"}]}, {"feedback": [7]}, []):
        assert client.post(address, json=bad).status_code == 400


@pytest.mark.parametrize(
    "junk", [{"entry": 7}, {"entry": [7]}, {"entry": [{"resource": 7}]}, {"resourceType": 7}, 7, [1]]
)
def test_junk_in_the_prefetch_never_fails(client, junk):
    given = request_of(BUNDLES[0])
    given["prefetch"]["conditions"] = {"resourceType": "Bundle", **junk} if isinstance(junk, dict) else junk
    assert client.post("/cds-services/sigm-patient-view", json=given).status_code in (200, 400)
