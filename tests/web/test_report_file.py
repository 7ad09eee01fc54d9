"""`sigm query FILE --report`: one file that needs nothing else, and the same as PDF."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from typer.testing import CliRunner
from web_cases import PATIENTS

from sigm_bayes.cli.main import app
from sigm_bayes.errors import InputError
from sigm_bayes.patient import parse_patient
from sigm_bayes.report import pdf
from sigm_bayes.report.answer_view import AnswerPage
from sigm_bayes.report.html_report import render_report
from sigm_bayes.report.write_report import check_report_name


def run(*arguments):
    return CliRunner().invoke(app, ["query", *map(str, arguments)])


def test_the_report_holds_inputs_weights_prior_limits_versions_and_hash(tmp_path, model, examples):
    out = tmp_path / "report.html"
    name = "adult-sinopulmonary.toml"
    assert run(PATIENTS / name, "--report", out).exit_code == 0
    text = out.read_text(encoding="utf-8")
    patient = parse_patient(examples[name], catalogue=model.catalogue)
    assert patient.sha256() in text
    document = model.query(patient).to_dict()
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
    for item in document["ledger"]["items"]:
        for detail in item["details"]:
            assert detail["label"] in plain
    for expected in (
        "25 mg/dL, 2026-01, when well", "the laboratory&#39;s interval 40 to 230 mg/dL",
        "Not for use without a clinician",
        model.priors.parameter("logit_primary").source[:40], model.posterior.meta["version"], "never read as absent",
    ):  # fmt: skip
        assert expected in plain
    for finding in document["not_known"]["findings"]:
        assert model.catalogue.findings[model.catalogue.finding_index(finding)].label in plain


def test_the_report_is_one_file_whose_policy_allows_its_own_style_alone(model, examples):
    page = AnswerPage.of(model)
    text = render_report(
        page.view(parse_patient(examples["healthy-toddler.json"], catalogue=model.catalogue), explained=True)
    )
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in text
    assert not re.search(r"<(script|link|img|iframe|object)\b", text)
    assert not re.search(r"""\b(src|href|style|on\w+)=["']""", text)
    assert "url(" not in style
    assert "@import" not in style


def test_a_refusal_has_a_report_too(tmp_path):
    out = tmp_path / "infant.html"
    assert run(PATIENTS / "infant-4-months.toml", "--report", out).exit_code == 0
    text = out.read_text(encoding="utf-8")
    assert "No probability is given" in text
    assert "people-title" not in text


@pytest.mark.parametrize("name", ["report.txt", "report", "report.htm"])
def test_another_ending_is_refused_before_any_work(tmp_path, name):
    result = run(PATIENTS / "adult-sinopulmonary.toml", "--report", tmp_path / name)
    assert result.exit_code == 2
    assert "neither .html nor .pdf" in result.output
    assert "primary" not in result.output


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        check_report_name(tmp_path / "missing" / "report.html")


def test_without_a_browser_the_error_names_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    monkeypatch.setattr(pdf, "find_browser", lambda: None)
    with pytest.raises(InputError, match=r"none is on PATH.*print that page from any browser"):
        pdf.print_pdf("<p>x</p>", tmp_path / "report.pdf")


def test_a_browser_that_fails_is_told(tmp_path):
    broken = tmp_path / "browser"
    broken.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    with pytest.raises(InputError, match="it wrote no PDF"):
        pdf.print_pdf("<p>x</p>", tmp_path / "report.pdf", browser=str(broken))
    assert not (tmp_path / "report.pdf").exists()


def test_the_first_browser_on_the_path_is_taken():
    here = {"google-chrome": "/opt/google-chrome", "msedge": "/opt/msedge"}
    assert pdf.find_browser(here.get) == "/opt/google-chrome"
    assert pdf.find_browser({}.get) is None


@pytest.mark.slow
@pytest.mark.skipif(pdf.find_browser() is None, reason="no Chromium or Chrome on PATH")
def test_the_pdf_is_a_pdf(tmp_path):
    out = tmp_path / "report.pdf"
    assert run(PATIENTS / "adult-sinopulmonary.toml", "--report", out).exit_code == 0
    made = out.read_bytes()
    assert made.startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b", made))
    assert 2 <= pages <= 9  # three of them hold the studies and priors behind the weights
