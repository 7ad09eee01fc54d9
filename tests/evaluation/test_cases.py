"""What is no evaluation is refused, and everything that is wrong is told at once."""

import numpy as np
import pytest

from sigm_bayes.errors import InputError
from sigm_bayes.evaluation import evaluate
from sigm_bayes.evaluation.cases import check_predictions, make_cases

GOOD = np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25]])
TRUTH = ["primary", "secondary", "normal"]


def problems(predictions, truth=TRUTH):
    with pytest.raises(InputError) as caught:
        check_predictions(predictions, make_cases(truth))
    return caught.value.problems


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1, 1.5])
def test_what_is_no_probability_is_refused(bad):
    p = GOOD.copy()
    p[1, 0] = bad
    (found,) = problems({"m": p})
    assert found.field == "m[1]"
    assert "no probability" in found.message


def test_rows_that_do_not_sum_to_one_are_refused():
    (found,) = problems({"m": GOOD * np.array([[1.0], [0.9], [1.0]])})
    assert found.field == "m[1]"
    assert "sum to 1" in found.message


def test_printed_decimals_are_no_reason_to_refuse():
    cases = make_cases(TRUTH)
    printed = np.round(np.full((3, 4), 1 / 3) * np.array([1, 1, 0.5, 0.5]), 6)
    assert check_predictions({"m": printed}, cases)["m"].sum(axis=1) == pytest.approx(np.ones(3), abs=1e-15)


def test_all_problems_are_in_one_report():
    found = problems({"nan": GOOD * np.nan, "short": GOOD[:2], "sum": GOOD / 2})
    assert {problem.field.partition("[")[0] for problem in found} == {"nan", "short", "sum"}


@pytest.mark.parametrize("truth", [["primary", "healthy", "normal"], [0, 1, 4], [0, -1, 2], [], [["normal"]]])
def test_a_truth_that_is_no_class_is_refused(truth):
    with pytest.raises(InputError, match=r"truth"):
        make_cases(truth)


@pytest.mark.parametrize("field", ["centre", "age_band", "person"])
def test_groups_must_have_an_entry_a_row(field):
    with pytest.raises(InputError, match=f"{field}.*expected 3"):
        make_cases(TRUTH, **{field: ["a", "b"]})


def test_groups_are_in_natural_order_and_blank_is_not_known():
    cases = make_cases(["normal"] * 5, age_band=["18 to 65 years", "", "2 to 18 years", "0.5 to 2 years", "é <x>"])
    assert cases.age_bands == ("0.5 to 2 years", "2 to 18 years", "18 to 65 years", "é <x>")
    assert cases.age_band.tolist() == [2, -1, 1, 0, 3]


def test_an_unknown_event_or_a_rule_without_probabilities_is_refused():
    with pytest.raises(InputError, match="event"):
        evaluate({"m": GOOD}, TRUTH, event="sick")
    with pytest.raises(InputError, match="not among the predictions"):
        evaluate({"m": GOOD}, TRUTH, acts={"rule": np.array([True, False, True])})
    with pytest.raises(InputError, match="truth values"):
        evaluate({"m": GOOD}, TRUTH, acts={"m": [0.5, 1.0, 0.0]})
    with pytest.raises(InputError, match="there are none"):
        evaluate({}, TRUTH)
