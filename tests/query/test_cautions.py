"""Cautions that depend on age and on all results: an infant with low IgG, a value that is not low, several values."""

from __future__ import annotations

from typing import Any

import pytest

from sigm_bayes import Patient
from sigm_bayes.query import Model
from sigm_bayes.units import in_unit_of


def cautions(model: Model, *values: float, **known: Any) -> dict[str, str]:
    igm = [{"value": value, "unit": "mg/dL"} for value in values]
    answer = model.query(Patient(**known, igm=igm))
    return {caution["code"]: caution["message"] for caution in answer.to_dict()["cautions"]}


def test_no_common_variable_immunodeficiency_is_named_before_four_years(model: Model) -> None:
    young = cautions(model, 12, age_years=3.9, igg_status="low")["not_selective"]
    older = cautions(model, 12, age_years=4, igg_status="low")["not_selective"]
    assert "variable" not in young
    assert "agammaglobulinaemia" in young
    assert "variable" in older


@pytest.mark.parametrize(
    ("known", "named"),
    [({"igg_status": "low"}, True), ({}, True), ({"igg_status": "normal"}, False), ({"igg_status": "high"}, False)],
)
def test_common_variable_immunodeficiency_has_a_low_igg(model: Model, known: Any, named: bool) -> None:
    found = cautions(model, 12, age_years=30, iga_status="low", **known)["not_selective"]
    assert ("Usually considered while IgG is not low" not in found) == named
    assert "variable" in found


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"age_months": 7, "igg_status": "low", "invasive": [{"site": "meningitis"}]}, True),
        ({"age_months": 7, "igg_status": "normal", "invasive": [{"site": "meningitis"}]}, False),
        ({"age_months": 7, "igg_status": "low"}, False),
        ({"age_years": 30, "igg_status": "low", "invasive": [{"site": "meningitis"}]}, False),
    ],
)
def test_an_infant_with_low_igg_and_a_severe_infection_is_urgent(model: Model, known: Any, said: bool) -> None:
    found = cautions(model, 12, **known)
    assert ("severe_infection_infant" in found) == said


def test_a_value_that_is_not_low_is_not_called_low_normal(model: Model) -> None:
    found = cautions(model, 120, age_years=30)
    assert "igm_not_low" in found
    assert not {"low_normal", "igg_iga_unknown"} & set(found)
    assert "low_normal" in cautions(model, 40, age_years=30, setting="community")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((22, 95, 24), True), ((22, 95, 24, 20), True), ((30, 22, 95, 24), True),
        ((22, 95), False), ((95, 22, 95), False), ((22, 95, 90), False), ((22, 44, 24), False), ((90, 95, 24), False),
    ],
)  # fmt: skip
def test_a_value_far_above_its_neighbours_is_doubted(model: Model, values: tuple[float, ...], said: bool) -> None:
    assert ("igm_spike" in cautions(model, *values, age_years=30)) == said


def test_a_later_low_value_counts(model: Model) -> None:
    assert "igm_not_low" not in cautions(model, 120, 20, age_years=30)
    assert "igm_not_low" in cautions(model, 120, 110, age_years=30)


@pytest.mark.parametrize(
    ("printed", "value", "text"),
    [
        ("<0.20 g/L", "43", "0.43 g/L"), ("25 mg/dL", 43.0, "43 mg/dL"), ("180 mg/L", "4.5", "45 mg/L"),
        ("0.3 G/l", 100, "1 g/L"), ("25", 7, "7 mg/dL"),
    ],
)  # fmt: skip
def test_a_level_is_told_in_the_unit_of_the_result(printed: str, value: float | str, text: str) -> None:
    assert in_unit_of(printed, value) == text


def test_infused_igg_is_nobodys_own(model: Model) -> None:
    igg = [{"value": 900, "unit": "mg/dL"}]
    known: dict[str, Any] = {
        "age_years": 40,
        "igm": [{"value": 8, "unit": "mg/dL"}],
        "igg": igg,
        "iga_status": "normal",
    }
    replaced = model.query(Patient(**known, on_immunoglobulin=True)).to_dict()
    assert "900" not in replaced["summary"]["igg_text"]
    assert "igg_iga_unknown" in {caution["code"] for caution in replaced["cautions"]}
    criterion = next(c for c in replaced["esid"]["criteria"] if "IgG and IgA" in c["label"])
    assert criterion["state"] == "not_documented"
    own = model.query(Patient(**known, on_immunoglobulin=False)).to_dict()
    assert next(c for c in own["esid"]["criteria"] if "IgG and IgA" in c["label"])["state"] == "met"
