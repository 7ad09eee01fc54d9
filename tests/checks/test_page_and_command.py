"""The report and the command."""

from __future__ import annotations

import re

import pytest

from sigm_bayes.checks import CheckResult, CheckTable
from sigm_bayes.checks.page import page, summary
from sigm_bayes.checks.run_checks import CHECKS, chosen, module_of, run_checks
from sigm_bayes.errors import InputError

ABOUT = dict.fromkeys(("name", "version", "created", "evidence_sha256", "draws_sha256"), "x")


def results():
    table = CheckTable(("item", "note"), tuple((f"row {n}", "<script>alert(1)</script>") for n in range(20)))
    return [
        CheckResult("accuracy", True, {"error": 1e-9}, None, "", "fine & well"),
        CheckResult("sbc", False, {"p": 0.001}, table, "<svg></svg>", "not uniform"),
        CheckResult("power-scaling", None, {}, None, "", "shown"),
    ]


def test_the_page_stands_alone_and_escapes():
    text = page(results(), about=ABOUT, quick=False)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "fine &amp; well" in text
    assert not re.search(r'(src|href)="(?!#)', text)
    assert text.count("NOT PASSED") == 2
    assert "<details><summary>Table, 20 rows" in text
    assert "<svg></svg>" in text


def test_a_quick_run_says_so():
    assert "Quick run" in page(results(), about=ABOUT, quick=True)
    assert "Quick run" not in page(results(), about=ABOUT, quick=False)


def test_the_summary_names_what_did_not_pass():
    said = summary(results())
    assert said.startswith("1 of 2 checks")
    assert "not passed: sbc" in said
    assert "power-scaling" in said


def test_every_check_has_name_title_and_run():
    for name in CHECKS:
        module = module_of(name)
        assert name == module.NAME
        assert module.TITLE
        assert callable(module.run)


def test_unknown_checks_are_all_told():
    with pytest.raises(InputError) as caught:
        chosen(["acuracy", "sbc", "nonsense"])
    assert "Did you mean accuracy?" in str(caught.value)
    assert len(caught.value.problems) == 2
    assert chosen(["sbc", "accuracy"]) == ["accuracy", "sbc"]
    assert chosen([]) == list(CHECKS)
    assert chosen(["sbc, accuracy", "predictive"]) == ["accuracy", "predictive", "sbc"]


def test_the_command_runs_one_check_and_writes_the_page(run, tmp_path):
    out = tmp_path / "checks.html"
    done = run("check", "models/sigm", "--only", "accuracy", "--quick", "--work", tmp_path, "--out", out)
    assert done.code == 0, done.err
    assert done.out.startswith("passed     accuracy")
    assert "Accuracy of an answer" in out.read_text(encoding="utf-8")


def test_a_check_that_does_not_pass_is_exit_code_4(run, tmp_path, monkeypatch):
    monkeypatch.setattr("sigm_bayes.checks.accuracy.WORST_POINT", 1e-9)
    done = run("check", "models/sigm", "--only", "accuracy", "--quick", "--work", tmp_path)
    assert done.code == 4
    assert "NOT PASSED" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("models/sigm", "--only", "acuracy"), "Did you mean accuracy?"),
        (("models/sigm", "--only", "accuracy", "--out", "x.pdf"), ".html"),
        (("models/sigm", "--only", "accuracy", "--out", "nowhere/x.html"), "is no folder"),
    ],
)
def test_wrong_arguments_are_told_before_any_work(run, arguments, said):
    done = run("check", *arguments)
    assert done.code == 2
    assert said in done.err


def test_a_folder_that_is_no_model_is_told(run, tmp_path):
    done = run("check", tmp_path, "--only", "accuracy")
    assert done.code == 4
    assert "model" in done.err


def test_a_model_fitted_to_a_registry_is_not_judged_by_the_evidence_alone(subject):
    from types import SimpleNamespace

    fitted = SimpleNamespace(model=SimpleNamespace(posterior=SimpleNamespace(meta={"registry": {}})))
    (result,) = run_checks(fitted, ["posterior"])
    assert result.passed is None
    assert "registry" in result.text


def test_the_list_of_checks(run):
    done = run("check", "models/sigm", "--list")
    assert done.code == 0
    assert all(name in done.out for name in CHECKS)
