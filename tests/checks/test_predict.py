"""Published numbers that were not fitted: reading them, predicting them, and saying all that is wrong at once."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from sigm_bayes.checks.predict import predict
from sigm_bayes.checks.read_items import read_new_items
from sigm_bayes.errors import InputError
from sigm_bayes.evidence.load import ITEM_COLUMNS, STUDY_COLUMNS
from sigm_bayes.paths import data_dir
from sigm_bayes.posterior.codes import single

STUDY = {
    "study_id": "NEW", "citation": "Somebody A, Journal 1:1", "year": "2026", "population": "made up",
    "age_group": "adult", "setting": "hospital", "definition": "IgM below 40", "n": "100", "flag": "seen",
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    """write(name, columns, *rows): a CSV file of rows given as mappings; what is not given is empty."""

    def make(name, columns, *rows):
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return path

    return make


@pytest.fixture
def new(write):
    """new(**facts): files of one new item, and of its study."""

    def make(**facts):
        item = {"item_id": "NEW-1", "study_id": "NEW", "flag": "seen", "k_source": "printed", **facts}
        return write("items.csv", ITEM_COLUMNS, item), write("studies.csv", STUDY_COLUMNS, STUDY)

    return make


@pytest.fixture(scope="module")
def thin(subject):
    """The released model with 60 of its draws: predictions in a second."""
    model = subject.model
    posterior = model.posterior
    some = {name: single(values[::16][:60]) for name, values in posterior.variables.items()}
    return replace(model, posterior=replace(posterior, coded=some, meta={**posterior.meta, "draws": 60}))


def read(subject, files, **more):
    return read_new_items(files[0], studies=files[1], catalogue=subject.model.catalogue, **more)


def test_a_number_is_predicted_in_the_unit_of_its_table(subject, thin, new):
    one = {"kind": "igm_level_given_cause", "target": "clozapine", "spread": "interval95"}
    in_g = read(subject, new(**one, n="50", value="0.9", low="0.8", high="1.0", unit="g/L"))
    in_mg = read(subject, new(**one, n="50", value="90", low="80", high="100", unit="mg/dL"))
    (a,), (b,) = predict(thin, in_g.evidence), predict(thin, in_mg.evidence)
    assert a.observed == pytest.approx(0.9)
    assert b.observed == pytest.approx(90.0)
    assert b.mean == pytest.approx(100 * a.mean)
    assert b.lower == pytest.approx(100 * a.lower)
    assert a.lower < a.mean < a.upper


def test_a_share_that_cannot_be_lies_outside(subject, thin, new):
    facts = {"kind": "low_given_cause", "target": "b_cell_depletion", "n": "500", "threshold_mg_dl": "40"}
    (far,) = predict(thin, read(subject, new(**facts, k="495")).evidence)
    (near,) = predict(thin, read(subject, new(**facts, k="150")).evidence)
    assert not far.inside
    assert near.inside
    assert (far.lower, far.upper) == (near.lower, near.upper)  # the published number does not move its prediction


def test_few_people_make_a_wide_interval(subject, thin, new):
    facts = {"kind": "low_in_tested", "target": "selective_igm_deficiency", "threshold_mg_dl": "40"}
    (small,) = predict(thin, read(subject, new(**facts, k="1", n="20")).evidence)
    (large,) = predict(thin, read(subject, new(**facts, k="100", n="2000")).evidence)
    assert small.upper - small.lower > large.upper - large.lower


def test_a_new_labelled_series_is_wider_than_its_sampling_error(subject, thin, new):
    new_series = read(
        subject, new(kind="finding_in_labelled_primary", target="recurrent_urti", k="400", n="1000")
    )  # fmt: skip
    (p,) = predict(thin, new_series.evidence)
    assert p.upper - p.lower > 0.1  # 0.05 by sampling alone
    assert "labelled primary" in new_series.proposed[0]


def test_published_items_get_the_interval_of_the_model_card(subject, thin):
    """The same 173 items as the card, read from the very files; the card has the same share inside."""
    folder = data_dir() / "evidence"
    catalogue = subject.model.catalogue
    used = {i.item_id for i in subject.inputs.evidence.fitted}
    with (folder / "items.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["item_id"] in used]
    path = subject.root / "published.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ITEM_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    new = read_new_items(path, terms=folder / "terms.csv", catalogue=catalogue)
    assert set(new.fitted) == used
    found = predict(thin, new.evidence)
    with (subject.folder / "evidence_fit.csv").open(encoding="utf-8") as file:
        card = {row["item_id"]: row["inside"] == "yes" for row in csv.DictReader(file)}
    differ = [p.item.item_id for p in found if p.inside != card[p.item.item_id]]
    assert len(differ) <= 4, differ  # 60 draws instead of 4,000
    assert [p.item.item_id for p in found] == [row["item_id"] for row in rows]


def test_all_that_is_wrong_is_told_at_once(subject, write):
    items = write(
        "items.csv", ITEM_COLUMNS,
        {"item_id": "A", "study_id": "NEWX", "kind": "low_in_tested", "k": "3", "n": "9", "flag": "seen"},
        {"item_id": "B", "study_id": "NEW", "kind": "low_given_cause", "target": "rituximob", "k": "9", "n": "3",
         "flag": "seen"},
        {"item_id": "B", "study_id": "NEW", "kind": "low_in_tested", "k": "x", "n": "3", "flag": "sen"},
        {"item_id": "C", "study_id": "NEW", "kind": "weather", "value": "1", "flag": "seen"},
    )  # fmt: skip
    studies = write("studies.csv", STUDY_COLUMNS, {**STUDY, "setting": "hospitl"})
    with pytest.raises(InputError) as caught:
        read_new_items(items, studies=studies, catalogue=subject.model.catalogue)
    text = str(caught.value)
    for part in ("line 2 (A).study_id", "Did you mean NEW?", "line 3 (B).k: is more than n", "is no cause",
                 "line 4 (B).k", "line 4 (B).flag", "already on line 3", "line 5 (C).kind"):  # fmt: skip
        assert part in text, part
    assert all(p.remedy for p in caught.value.problems)


def test_a_wrong_study_is_told_on_its_line(subject, new, write):
    items, _ = new(kind="low_in_tested", k="3", n="90", threshold_mg_dl="40")
    studies = write("studies.csv", STUDY_COLUMNS, STUDY, {**STUDY, "study_id": "OTHER", "age_group": "adlt"})
    with pytest.raises(InputError, match=r"studies\.csv line 3 \(OTHER\)\.age_group"):
        read_new_items(items, studies=studies, catalogue=subject.model.catalogue)


@pytest.mark.parametrize("content", ["", "item_id\n", "\x00", "a;b\n1;2\n"])
def test_files_that_are_no_items(subject, tmp_path, content):
    path = tmp_path / "items.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=r"items\.csv"):
        read_new_items(path, catalogue=subject.model.catalogue)


def test_a_header_without_rows_says_so(subject, write):
    with pytest.raises(InputError, match="no rows"):
        read_new_items(write("items.csv", ITEM_COLUMNS), catalogue=subject.model.catalogue)


def test_a_missing_file_is_no_traceback(subject, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_new_items(tmp_path / "none.csv", catalogue=subject.model.catalogue)


def test_a_number_from_memory_can_be_held_against_the_model(subject, thin, new):
    facts = {"kind": "low_in_tested", "k": "3", "n": "90", "threshold_mg_dl": "40", "flag": "recalled"}
    (p,) = predict(thin, read(subject, new(**facts)).evidence)
    assert np.isfinite([p.mean, p.lower, p.upper]).all()


def test_the_command_writes_the_columns(run, new, tmp_path, monkeypatch, thin):
    monkeypatch.setattr("sigm_bayes.query.model.load_model", lambda path: thin)
    items, studies = new(kind="low_in_tested", k="3", n="90", threshold_mg_dl="40")
    out = tmp_path / "predicted.csv"
    done = run("model", "predict", "models/sigm", "--items", items, "--studies", studies, "--out", out)
    assert done.code == 0, done.err
    lines = out.read_text().splitlines()
    assert lines[0] == "item_id,observed,predicted_mean,predicted_lower,predicted_upper,inside"
    assert lines[1].startswith("NEW-1,0.0333333,")
    assert lines[1].endswith((",yes", ",no"))
    assert "read NEW-1" in done.err


@pytest.mark.parametrize("name", ["out.txt", "nowhere/out.csv"])
def test_a_place_that_cannot_be_written_is_told_first(run, new, tmp_path, name):
    items, _ = new(kind="low_in_tested", k="3", n="90")
    done = run("model", "predict", "models/sigm", "--items", items, "--out", tmp_path / name)
    assert done.code == 2
    assert "--out" in done.err
