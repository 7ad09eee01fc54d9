"""A scorer whose numbers are invented, and small tables."""

import csv

import pytest

from sigm_bayes.catalogue import default_catalogue

CLASSES = {"primary": 0.1, "secondary": 0.2, "normal": 0.65, "other_immunodeficiency": 0.05}


class Scorer:
    """Answers every person alike, refuses the youngest, and keeps the patients and the sizes of the calls."""

    def __init__(self):
        self.catalogue = default_catalogue()
        self.patients = []
        self.calls = []

    def score(self, patients):
        self.patients += patients
        self.calls.append(len(patients))
        return [self._row(patient) for patient in patients]

    def _row(self, patient):
        young = patient.corrected_age_years < 0.5
        row = {"top_cause": "occult", "cautions": "single_value;acute_illness", "refused": ""}
        if young:
            row |= {"top_cause": "", "refused": "under_6_months"}
        for name, share in CLASSES.items():
            for end, factor in (("", 1.0), ("_lower", 0.5), ("_upper", 1.5)):
                row[f"p_{name}{end}"] = None if young else share * factor
        return row


@pytest.fixture
def scorer():
    return Scorer()


@pytest.fixture
def people(tmp_path):
    """Write a table of people; rows are mappings, a column that a row lacks is blank."""

    def write(rows, *, columns=None, name="people.csv", delimiter=","):
        header = columns or list(dict.fromkeys(key for row in rows for key in row))
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, header, delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


@pytest.fixture
def read():
    """Read a CSV file as a list of mappings."""

    def rows(path):
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    return rows
