"""Units and errors: the two leaves that every room stands on."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigm_bayes.errors import EvidenceError, InputError, ModelError, Problem, SigmError
from sigm_bayes.units import UNITS, canonical_unit, exact, from_mg_dl, to_mg_dl


@pytest.mark.parametrize(
    ("value", "unit", "mg_dl"),
    [
        (0.25, "g/L", "25"),
        (250, "mg/L", "25"),
        (0.25, "mg/mL", "25"),
        (0.025, "g/dL", "25"),
        (250, "ug/mL", "25"),
        (25000, "ug/dL", "25"),
        (25, "mg/dL", "25"),
        (0.1, "g/L", "10"),
    ],
)
def test_conversion_is_exact(value, unit, mg_dl):
    assert to_mg_dl(value, unit) == Decimal(mg_dl)


@given(value=st.decimals(min_value=0, max_value=10**6, places=4), unit=st.sampled_from(sorted(UNITS)))
def test_conversion_there_and_back_is_the_identity(value, unit):
    assert from_mg_dl(to_mg_dl(value, unit), unit) == value


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("g/l", "g/L"),
        (" G / L ", "g/L"),
        ("mg/100 ml", "mg/dL"),
        ("mg%", "mg/dL"),
        ("\u00b5g/ml", "ug/mL"),
        ("\u03bcg/mL", "ug/mL"),
        ("mcg/mL", "ug/mL"),
        ("MG/DL", "mg/dL"),
        ("IU/mL", None),
        ("g", None),
        ("", None),
    ],
)
def test_spellings_of_units(text, unit):
    assert canonical_unit(text) == unit


def test_a_number_means_the_decimal_that_was_written():
    assert exact(0.1) == Decimal("0.1")
    assert exact("0.30") == Decimal("0.30")
    with pytest.raises(InvalidOperation):
        exact("many")


def test_an_input_error_lists_every_problem_on_a_line():
    problems = [
        Problem("igm[0].unit", None, "missing", "Add it."),
        Problem("age_years", 200, "is no possible age", "Correct it."),
    ]
    error = InputError(problems, source="ann.toml")
    assert str(error).splitlines() == [
        "ann.toml: 2 problems",
        "igm[0].unit: missing. Add it.",
        "age_years: is no possible age (given: 200). Correct it.",
    ]
    assert error.problems == tuple(problems)
    assert str(InputError(problems[:1], source="ann.toml")).startswith("ann.toml: 1 problem\n")


@pytest.mark.parametrize("kind", [InputError, ModelError, EvidenceError])
def test_errors_have_one_base_and_take_a_plain_sentence(kind):
    assert issubclass(kind, SigmError)
    assert str(kind("no such folder")) == "no such folder"


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(("value", "shown"), [("x" * 1000, "..."), (Unprintable(), "<Unprintable>")])
def test_long_and_unprintable_values_do_not_spoil_the_message(value, shown):
    line = str(Problem("sex", value, "is no sex", "Correct it."))
    assert shown in line
    assert len(line) < 120
