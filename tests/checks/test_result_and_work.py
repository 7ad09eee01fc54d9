"""What a check returns, and the folder in which its finished parts are kept."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sigm_bayes.checks import CheckResult, CheckTable
from sigm_bayes.checks.work import Work
from sigm_bayes.errors import InputError


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="row 1"):
        CheckTable(("a", "b"), (("1", "2"), ("3",)))


@pytest.mark.parametrize(("passed", "word"), [(True, "passed"), (False, "NOT PASSED"), (None, "shown")])
def test_the_verdict_in_a_word(passed, word):
    result = CheckResult("x", passed, {"n": 1.0}, CheckTable(("a",), (("1",),)))
    assert result.verdict == word
    assert json.loads(json.dumps(result.to_dict()))["passed"] is passed


def test_finished_results_are_found_again_and_others_are_not_mixed(tmp_path):
    first = Work.open(tmp_path, "loo", {"seed": 1})
    first.write("group", {"inside": 3})
    first.write_arrays("draws", z=np.arange(3.0))
    again = Work.open(tmp_path, "loo", {"seed": 1})
    assert again.read("group") == {"inside": 3}
    assert again.names() == ["group"]
    assert again.read_arrays("draws")["z"].tolist() == [0.0, 1.0, 2.0]
    other = Work.open(tmp_path, "loo", {"seed": 2})
    assert other.folder != first.folder
    assert other.read("group") is None
    assert other.read_arrays("draws") is None


@pytest.mark.parametrize("content", ["", "{", "[1]", "\x00"])
def test_a_damaged_result_is_made_again(tmp_path, content):
    work = Work.open(tmp_path, "loo", {})
    (work.folder / "group.json").write_text(content)
    (work.folder / "draws.npz").write_text(content)
    assert work.read("group") is None
    assert work.read_arrays("draws") is None


def test_nothing_half_written_is_left(tmp_path):
    work = Work.open(tmp_path, "loo", {})
    with pytest.raises(TypeError):
        work.write("group", {"x": object()})
    assert work.names() == []
    assert not list(work.folder.glob(".part-*"))


def test_a_folder_that_cannot_be_made_is_an_input_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="--work"):
        Work.open(tmp_path / "file", "loo", {})
