"""What the shipped model must say of plain cases, whatever its numbers are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sigm_bayes import Patient
from sigm_bayes.query import Answer, Model

NORMAL_CLASSES = {"igg_status": "normal", "iga_status": "normal"}


def igm(*values: float, context: str = "well", unit: str = "mg/dL") -> list[dict[str, Any]]:
    return [{"value": value, "unit": unit, "context": context} for value in values]


def ask(model: Model, **known: Any) -> Answer:
    known = {"age_years": 40, "igm": igm(25)} | known
    return model.query(Patient(**known))


def means(model: Model, **known: Any) -> Mapping[str, float]:
    table = ask(model, **known).probability
    assert table is not None
    return {name: band["mean"] for name, band in table.items()}


def codes(answer: Answer) -> set[str]:
    return {caution["code"] for caution in answer.cautions}


def every_cause_absent(model: Model, age: float = 40) -> dict[str, str]:
    return {
        c.id: "absent"
        for c in model.catalogue.causes
        if c.recordable and (c.max_age_years is None or age <= c.max_age_years)
    }


@pytest.mark.parametrize("setting", ["community", "primary_care", "hospital", "allergy_immunology_clinic"])
def test_more_infections_more_primary(model: Model, setting: str) -> None:
    absent = means(model, setting=setting, findings={"no_significant_infection": "present"})["primary"]
    unknown = means(model, setting=setting)["primary"]
    several = {"pneumonia": "present", "sinusitis": "present", "bronchitis": "present"}
    bacterial = [{"site": "bloodstream", "organism": "encapsulated"}]
    present = means(model, setting=setting, findings=several, invasive=bacterial)["primary"]
    assert absent < unknown < present


@pytest.mark.parametrize("setting", ["community", "hospital"])
@pytest.mark.parametrize("value", [10, 20, 30])
def test_secondary_leads_primary_while_causes_are_unknown(model: Model, setting: str, value: float) -> None:
    p = means(model, setting=setting, igm=igm(value))
    assert p["secondary"] > p["primary"]


def test_rituximab_before_moves_the_mass_and_is_named(model: Model) -> None:
    answer = ask(model, causes={"b_cell_depletion": "present"})
    document = answer.to_dict()
    assert document["probability"]["secondary"]["mean"] > 0.8
    assert max(document["causes"], key=lambda id: document["causes"][id]["mean"]) == "b_cell_depletion"


def test_rituximab_after_the_low_value_is_no_cause(model: Model) -> None:
    after = {"b_cell_depletion": {"state": "present", "started": "after_low_igm"}}
    with_it, without = ask(model, causes=after).to_dict(), ask(model).to_dict()
    assert with_it["causes"]["b_cell_depletion"]["mean"] < 1e-6
    assert with_it["probability"]["secondary"]["mean"] < without["probability"]["secondary"]["mean"]


def near_absent(model: Model, context: str) -> Answer:
    return ask(
        model,
        igm=igm(3, context=context),
        causes=every_cause_absent(model),
        invasive=[{"site": "bloodstream", "organism": "encapsulated", "number": "one"}],
        **NORMAL_CLASSES,
    )


def test_near_absent_igm_when_well(model: Model) -> None:
    answer = near_absent(model, "well")
    p = answer.probability
    assert p is not None
    assert p["normal"]["mean"] < 0.01
    assert p["primary"]["mean"] + p["other_immunodeficiency"]["mean"] > 0.9
    deciding = [d for d in answer.to_dict()["decided_by"] if d["between"] == ["primary", "other_immunodeficiency"]]
    assert len(deciding) == 1
    assert deciding[0]["prior_driven"]
    named = " ".join(deciding[0]["items"]).lower()
    for word in ("igg", "b cells", "t cells", "genetic"):
        assert word in named


def test_near_absent_igm_during_sepsis_says_repeat(model: Model) -> None:
    well, ill = near_absent(model, "well"), near_absent(model, "intensive_care")
    assert well.probability is not None
    assert ill.probability is not None
    assert ill.probability["primary"]["mean"] < well.probability["primary"]["mean"]
    assert "acute_illness" in codes(ill)
    assert any("repeat when well" in c["message"].lower() for c in ill.cautions)


@pytest.mark.parametrize("setting", [None, "community", "primary_care"])
def test_healthy_toddler_is_low_normal(model: Model, setting: str | None) -> None:
    healthy = {"no_significant_infection": "present"}
    known = {"setting": setting} if setting else {}
    assert means(model, age_years=3, igm=igm(0.4, unit="g/L"), findings=healthy, **known)["normal"] > 0.9


def test_four_months_gets_a_reason_and_no_probability(model: Model) -> None:
    answer = model.query(Patient(age_months=4, igm=igm(5)))
    assert answer.probability is None
    assert answer.refused is not None
    assert "6 months" in answer.refused["message"]
    assert answer.refused["workup"]


@pytest.mark.parametrize("setting", ["community", "hospital", "allergy_immunology_clinic"])
def test_low_igg_is_not_selective(model: Model, setting: str) -> None:
    answer = ask(model, setting=setting, igg=[{"value": 3, "unit": "g/L"}])
    assert answer.probability is not None
    assert answer.probability["primary"]["mean"] < 0.005
    said = [c["message"] for c in answer.cautions if c["code"] == "not_selective"]
    assert said
    assert "IgG" in said[0]
    assert "not selective" in said[0]


def test_high_igg_with_near_absent_igm_warns_of_a_paraprotein(model: Model) -> None:
    answer = ask(model, igm=igm(5), igg=[{"value": 40, "unit": "g/L"}])
    assert "possible_paraprotein" in codes(answer)
    assert answer.probability is not None
    assert answer.probability["primary"]["mean"] < 0.05


def test_syndromic_child_keeps_weight_on_another_immunodeficiency(model: Model) -> None:
    p = means(
        model, age_years=6, igm=igm(18), findings={"otitis_media": "present", "chromosomal_or_syndromic": "present"},
        tests={"pneumococcal_response": "normal", "protein_vaccine_response": "normal"}, **NORMAL_CLASSES,
    )  # fmt: skip
    assert p["other_immunodeficiency"] > 0.05


@pytest.mark.parametrize("setting", [None, "community", "primary_care", "hospital", "allergy_immunology_clinic"])
@pytest.mark.parametrize("first", ["well", "unknown"])
def test_normal_repeat_when_well(model: Model, setting: str | None, first: str) -> None:
    results = [{"value": 25, "unit": "mg/dL", "context": first}, {"value": 95, "unit": "mg/dL", "context": "well"}]
    p = means(model, igm=results, **({"setting": setting} if setting else {}), **NORMAL_CLASSES)
    assert p["primary"] < 0.01
    assert p["normal"] > 0.5


def test_three_low_values_say_more_than_one(model: Model) -> None:
    where = {"setting": "allergy_immunology_clinic", **NORMAL_CLASSES}
    assert means(model, igm=igm(25, 24, 26), **where)["primary"] > means(model, igm=igm(25), **where)["primary"]


def test_units_agree_to_the_last_digit(model: Model) -> None:
    assert means(model, igm=igm(0.25, unit="g/L")) == means(model, igm=igm(25))


def test_lab_interval_replaces_the_curve(model: Model) -> None:
    wide = [{"value": 25, "unit": "mg/dL", "reference_interval": [20, 230]}]
    narrow = [{"value": 25, "unit": "mg/dL", "reference_interval": [50, 200]}]
    assert means(model, igm=wide)["normal"] > means(model, igm=narrow)["normal"]


def test_recovery_after_stop_is_evidence_for_the_cause(model: Model) -> None:
    exposure = {"state": "present", "started": "before_low_igm"}
    plain = means(model, causes={"clozapine": exposure})
    told = exposure | {"igm_before": "normal", "igm_recovered_after_stop": "yes"}
    history = means(model, causes={"clozapine": told})
    assert history["primary"] < plain["primary"]
    assert history["secondary"] > plain["secondary"]


def test_a_normal_value_before_the_exposure_moves_away_from_primary(model: Model) -> None:
    exposure = {"state": "present", "started": "before_low_igm"}
    before = means(model, causes={"b_cell_depletion": exposure | {"igm_before": "normal"}})
    low = means(model, causes={"b_cell_depletion": exposure | {"igm_before": "low"}})
    assert before["primary"] < low["primary"]
    assert before["secondary"] > low["secondary"]
