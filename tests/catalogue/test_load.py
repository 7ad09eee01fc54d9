"""A bad model.toml: every problem in one error that names table, row, value and remedy."""

from __future__ import annotations

import pytest

from sigm_bayes.catalogue import default_catalogue, load_catalogue
from sigm_bayes.errors import ModelError
from sigm_bayes.paths import models_dir

SHIPPED = (models_dir() / "sigm" / "model.toml").read_text(encoding="utf-8")


def problems_of(folder, text):
    """Write a model.toml, load it, return what is wrong by field."""
    (folder / "model.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        load_catalogue(folder)
    assert str(folder / "model.toml") in str(caught.value)
    return {problem.field: problem for problem in caught.value.problems}


def changed(old, new, *, after=""):
    start = SHIPPED.index(after)
    at = SHIPPED.index(old, start)
    return SHIPPED[:at] + new + SHIPPED[at + len(old) :]


def test_a_copy_of_the_shipped_file_loads_the_same(tmp_path):
    (tmp_path / "model.toml").write_text(SHIPPED, encoding="utf-8")
    assert load_catalogue(tmp_path) == default_catalogue()


@pytest.mark.parametrize(
    ("old", "new", "after", "field", "said"),
    [
        ('version = "2026.11"', "version = 2026", "", "version", "expected a text"),
        (
            "min_count = 4",
            "min_count = 4.5",
            "",
            "findings[recurrent_urti].min_count",
            "expected a whole number",
        ),
        ("min_count = 4", "min_count = 0", "", "findings[recurrent_urti].min_count", "must be 1 or more"),
        ("min_count = 4", "min_cont = 4", "", "findings[recurrent_urti].min_cont", "unknown key"),
        (
            "window_years = 1",
            "window_years = 0",
            "",
            "findings[recurrent_urti].window_years",
            "must be above 0",
        ),
        ('group = "respiratory"', 'group = "lungs"', "", "findings[recurrent_urti].group", "not there"),
        ("infection = true", 'infection = "yes"', "", "findings[recurrent_urti].infection", "true or false"),
        (
            "half_life_months = 12",
            "half_life_months = 0",
            "",
            "causes[b_cell_depletion].half_life_months",
            "above 0",
        ),
        ("hold_months = 12", "hold_months = -1", "", "causes[b_cell_depletion].hold_months", "not negative"),
        (
            "hold_months = 12",
            "hold_months = nan",
            "",
            "causes[b_cell_depletion].hold_months",
            "expected a number",
        ),
        ('recovers = "slow"', 'recovers = "later"', "", "causes[b_cell_depletion].recovers", "not there"),
        (
            '"lymphoma", ',
            '"lymphona", ',
            "raised_with = [",
            "causes[b_cell_depletion].raised_with",
            "not there",
        ),
        ("recordable = true", "recordable = false", "", "causes", "exactly the last cause"),
        (
            "high_years = 18",
            "high_years = 17",
            "",
            "age_bands[adult].low_years",
            "must equal the end of child",
        ),
        ("high_years = 121", "high_years = 100", "", "limits.highest_age_years", "must lie below"),
        ("lowest_mg_dl = 1.0", "lowest_mg_dl = 0.0", "", "analytes[IgM].lowest_mg_dl", "expected 0 <"),
        ('site = "meningitis"', 'site = "brain"', "", "invasive.flags[meningitis].site", "not there"),
        ('id = "asthma"', 'id = "pneumonia"', "", "findings[pneumonia].id", "twice"),
        ("[limits]", "[limit]", "", "limits", "expected a table"),
        ("[limits]", "[limit]", "", "limit", "unknown table"),
        ('"pneumonia", "severe_viral"', '"pneumona"', "", "limits.urgent_in_infants", "not there"),
    ],
)
def test_each_mistake_is_named(tmp_path, old, new, after, field, said):
    problems = problems_of(tmp_path, changed(old, new, after=after))
    assert field in problems
    assert said in problems[field].message
    assert problems[field].remedy


def test_all_mistakes_are_reported_together(tmp_path):
    text = SHIPPED.replace("min_count = 4", "min_count = -4").replace('recovers = "never"', 'recovers = "no"')
    problems = problems_of(tmp_path, text)
    assert {"findings[recurrent_urti].min_count", "causes[mgus].recovers", "causes[hiv].recovers"} <= set(problems)


def test_a_mistyped_reference_names_the_nearest(tmp_path):
    problems = problems_of(tmp_path, changed('"lymphoma", ', '"lymphona", ', after="raised_with = ["))
    assert problems["causes[b_cell_depletion].raised_with"].remedy == "Did you mean lymphoma?"


def test_a_missing_table_is_named(tmp_path):
    problems = problems_of(tmp_path, SHIPPED.replace("[[tests]]", "[[tets]]"))
    assert problems["tests"].remedy == "Add [[tests]] tables."
    assert problems["tets"].remedy == "Did you mean tests?"


def test_another_kind_of_model_is_refused(tmp_path):
    problems = problems_of(tmp_path, changed('kind = "sigm"', 'kind = "latent_class"'))
    assert list(problems) == ["kind"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "has no model.toml"), (b"kind = ", "is not valid TOML"), (b"\xff\xfe", "cannot be read")],
)
def test_an_unreadable_file_is_named(tmp_path, content, said):
    if content is not None:
        (tmp_path / "model.toml").write_bytes(content)
    with pytest.raises(ModelError, match=said) as caught:
        load_catalogue(tmp_path)
    assert str(tmp_path) in str(caught.value)
