"""A bad row is reported with file, line, id, column, value and remedy; all of them at once."""

from __future__ import annotations

import pytest

from sigm_bayes.errors import EvidenceError
from sigm_bayes.evidence import load_evidence


def problems(folder):
    with pytest.raises(EvidenceError) as caught:
        load_evidence(folder)
    return caught.value.problems


def test_the_copied_folder_is_good(folder, evidence):
    assert load_evidence(folder).sha256 == evidence.sha256


def test_hash_ignores_order_and_line_ends_and_sees_every_cell(folder, evidence, edit):
    for name in ("items.csv", "terms.csv", "studies.csv", "labelled_studies.csv"):
        head, *rest = (folder / name).read_text(encoding="utf-8").splitlines()
        (folder / name).write_bytes("\r\n".join([head, *reversed(rest)]).encode("utf-8-sig"))
    assert load_evidence(folder).sha256 == evidence.sha256
    edit("items.csv", "SURV21-low", k="96")
    changed = load_evidence(folder).sha256
    assert changed != evidence.sha256
    path = folder / "reading.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("quoted = 100", "quoted = 90"), encoding="utf-8")
    assert load_evidence(folder).sha256 not in (changed, evidence.sha256)


@pytest.mark.parametrize(
    ("name", "key", "cells", "column", "says"),
    [
        ("items.csv", "SURV21-low", {"k": "9.5"}, "k", "whole number"),
        ("items.csv", "SURV21-low", {"k": "1511"}, "k", "more than n"),
        ("items.csv", "SURV21-low", {"k": "-1"}, "k", "whole number"),
        ("items.csv", "SURV21-low", {"n": ""}, "n", "missing beside k"),
        ("items.csv", "SURV21-low", {"n": "0", "k": "0"}, "n", "1 or more"),
        ("items.csv", "AIH23-any", {"value": "nan"}, "value", "finite number"),
        ("items.csv", "AIH23-any", {"value": "inf"}, "value", "finite number"),
        ("items.csv", "AIH23-any", {"value": "10.2"}, "value", "from 0 to 1"),
        ("items.csv", "AIH23-any", {"value": "1_0"}, "value", "finite number"),
        ("items.csv", "OCRIG20-rr", {"low": "2.29", "high": "1.37"}, "low", "above high"),
        ("items.csv", "OCRIG20-rr", {"value": "3"}, "value", "outside"),
        ("items.csv", "SURV21-low", {"study_id": "SURV22"}, "study_id", "Did you mean SURV21"),
        ("items.csv", "SURV21-low", {"flag": "remembered"}, "flag", "not known"),
        ("items.csv", "KHAN21-sex", {"unit": "g/dl"}, "unit", "not known"),
        ("items.csv", "KHAN21-sex", {"spread": "ci"}, "spread", "not known"),
        ("items.csv", "SURV21-low", {"threshold_mg_dl": "0.4"}, "threshold_mg_dl", "Check the unit"),
        ("items.csv", "G06-urti", {"item_id": "G06-asthma"}, "item_id", "already on line"),
        ("items.csv", "G06-urti", {"item_id": "new"}, "item_id", "no reading in terms.csv"),
        ("terms.csv", "G06-urti", {"item_id": "G06-utri"}, "item_id", "Did you mean G06-urti"),
        ("terms.csv", "G06-urti", {"role": "used"}, "role", "not known"),
        ("terms.csv", "G06-urti", {"term": "finding_in_labeled"}, "term", "Did you mean finding_in_labelled"),
        ("terms.csv", "G06-urti", {"findings": "recurent_urti"}, "findings", "Did you mean recurrent_urti"),
        ("terms.csv", "G06-urti", {"findings": ""}, "findings", "needs it"),
        ("terms.csv", "G06-urti", {"cause": "clozapine"}, "cause", "does not use it"),
        ("terms.csv", "G06-urti", {"labelled_id": "CAK"}, "labelled_id", "belongs to CAK"),
        ("terms.csv", "G06-urti", {"bound": "upper"}, "bound", "only a row of role bound"),
        ("terms.csv", "G06-urti", {"age_years": "451"}, "age_years", "from 0 to 120"),
        ("terms.csv", "G06-urti", {"age_years": ""}, "age_years", "is empty"),
        ("terms.csv", "G06-urti", {"male_share": "50"}, "male_share", "from 0 to 1"),
        ("terms.csv", "G06-urti", {"setting": "clinic"}, "setting", "not known"),
        ("terms.csv", "ROB15-low", {"bound": ""}, "bound", "not known"),
        ("terms.csv", "ROB15-low", {"cause": "rituximab"}, "cause", "Did you mean b_cell_depletion"),
        ("terms.csv", "ROB15-low", {"cause": "b_cell_depletion;lymphoma"}, "cause", "takes one cause"),
        ("terms.csv", "ROB15-low", {"cause": ";"}, "cause", "needs it"),
        ("terms.csv", "AIH23-any", {"cause": "systemic_lupus; lupus"}, "cause", "is not a cause of the catalogue"),
        ("terms.csv", "AIH23-any", {"cause": "none;systemic_lupus"}, "cause", "is not a cause of the catalogue"),
        ("terms.csv", "AIH23-any", {"cause": "systemic_lupus;systemic_lupus"}, "cause", "names one of the union twice"),
        ("terms.csv", "G06-urti", {"findings": "asthma; asthma"}, "findings", "names one of the union twice"),
        ("terms.csv", "SURV21-low", {"stat": "isolated"}, "stat", "not known"),
        ("terms.csv", "ROB15-low", {"threshold_mg_dl": "40"}, "threshold_mg_dl", "the source prints 30"),
        ("terms.csv", "SURV21-low", {"stat": "under"}, "stat", "not known"),
        ("terms.csv", "VAR-cva", {"note": ""}, "note", "needs the reason"),
        ("terms.csv", "VAR-cva", {"term": "recovery"}, "term", "context row has no term"),
        ("studies.csv", "G06", {"setting": "ward"}, "setting", "not known"),
        ("studies.csv", "G06", {"n": "many"}, "n", "whole number"),
        ("labelled_studies.csv", "G06", {"cutoff_sd": "-2"}, "cutoff_high_mg_dl", "one of them"),
        ("labelled_studies.csv", "G06", {"cutoff_low_mg_dl": "60"}, "cutoff_low_mg_dl", "not below"),
        ("labelled_studies.csv", "G06", {"literature_cases": "no"}, "literature_cases", "not known"),
        ("labelled_studies.csv", "G06", {"study_id": "G60"}, "study_id", "Did you mean"),
    ],
)
def test_a_bad_cell_is_named(folder, edit, name, key, cells, column, says):
    edit(name, key, **cells)
    found = [p for p in problems(folder) if p.field.startswith(f"{name} line ") and p.field.endswith(f".{column}")]
    assert any(says in str(problem) for problem in found), found
    assert all(problem.remedy for problem in found)


def test_recalled_numbers_are_refused(folder, edit):
    edit("items.csv", "SURV21-low", flag="recalled")
    (problem,) = problems(folder)
    assert "(SURV21-low).role" in problem.field
    assert "never fitted" in problem.message


def test_an_alternative_beside_its_twin_is_refused(folder, edit):
    reading = {"role": "fitted", "term": "low_given_exposure", "cause": "b_cell_depletion"}
    where = {"age_years": "42", "male_share": "0.33", "setting": "hospital", "context": "well"}
    edit("terms.csv", "UBLAAN25-b20", threshold_mg_dl="20", **reading, **where)
    (problem,) = problems(folder)
    assert "UBLAAN25-b20" in problem.field
    assert "UBLAAN25-low" in problem.message
    edit("terms.csv", "UBLAAN25-low", role="context", term="", cause="", threshold_mg_dl="")
    assert load_evidence(folder).item("UBLAAN25-b20").used


@pytest.mark.parametrize(
    ("key", "cells", "says"),
    [
        ("AIH23-any", {"value": ""}, "needs k and n, a value, or low and high"),
        ("OCRIG20-rr", {"spread": ""}, "interval95"),
        ("OCRIG20-rr", {"value": "", "low": ""}, "needs"),
        ("MENI11-any", {"unit": "proportion", "value": "0.128"}, "needs a unit"),
        ("RTXAAV17-level", {"unit": ""}, "needs a unit"),
        ("RTXAAV17-level", {"value": ""}, "needs a value"),
        ("PNEU15A-all", {"value": "0"}, "above 0"),
        ("DIAR18-any", {"low": "0"}, "between 0 and 1"),
        ("RTXAAV17-level", {"value": "1e308", "high": "1.7e308", "unit": "g/L"}, "finite"),
    ],
)
def test_a_number_that_does_not_fit_its_term(folder, edit, key, cells, says):
    edit("items.csv", key, **cells)
    (problem,) = problems(folder)
    assert f"({key})" in problem.field
    assert says in problem.message
    assert "context" in problem.remedy


def test_all_problems_of_all_files_in_one_error(folder, edit):
    edit("items.csv", "SURV21-low", k="x")
    edit("terms.csv", "G06-urti", role="used")
    edit("studies.csv", "G06", setting="ward")
    edit("labelled_studies.csv", "CAK", age_years="600")
    path = folder / "reading.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("cap = 2000", "cap = -1"), encoding="utf-8")
    found = {problem.field.split(" ")[0] for problem in problems(folder)}
    assert found == {"items.csv", "terms.csv", "studies.csv", "labelled_studies.csv", "reading.toml"}


@pytest.mark.parametrize("name", ["items.csv", "terms.csv", "studies.csv", "labelled_studies.csv", "reading.toml"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'"open', b"a,b\n1", b"[effective_n"])
def test_a_spoilt_file(folder, name, content):
    (folder / name).write_bytes(content)
    assert any(name in problem.field for problem in problems(folder))


def test_a_missing_folder(tmp_path):
    with pytest.raises(EvidenceError, match="no such file"):
        load_evidence(tmp_path / "nowhere")


def test_columns_are_checked_by_name(folder):
    path = folder / "terms.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("window_years", "window_year", 1), encoding="utf-8")
    said = "\n".join(str(problem) for problem in problems(folder))
    assert "terms.csv.window_years: the column is missing" in said
    assert "Did you mean window_years?" in said


def test_a_row_of_another_length(folder):
    with (folder / "items.csv").open("a", encoding="utf-8") as lines:
        lines.write("X,SURV21\n")
    (problem,) = problems(folder)
    assert "items.csv line 262" in problem.field
    assert "2 cells where the header has 16" in problem.message
