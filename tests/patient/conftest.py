"""Shared by the tests of the patient room."""

from __future__ import annotations

import pytest

from sigm_bayes.errors import InputError
from sigm_bayes.patient import parse_patient


@pytest.fixture
def person():
    """Make the content of a patient file: age 34, IgM 25 mg/dL, and what the test adds."""

    def make(**more):
        content = {"age_years": 34, "igm": [{"value": 25, "unit": "mg/dL"}], **more}
        return {key: value for key, value in content.items() if value is not ...}

    return make


@pytest.fixture
def problems_of():
    """Parse what is wrong and return the problems by field."""

    def parse(mapping):
        with pytest.raises(InputError) as caught:
            parse_patient(mapping)
        problems = caught.value.problems
        assert all(problem.message and problem.remedy for problem in problems)
        assert all(problem.field in str(caught.value) for problem in problems)
        return {problem.field: problem for problem in problems}

    return parse
