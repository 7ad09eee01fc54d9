"""The released curves: integrity of the file, anchors, monotone quantiles, coverage of the tables."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigm_bayes.errors import EvidenceError, ModelError
from sigm_bayes.paths import data_dir
from sigm_bayes.reference import load_curves, read_curves
from sigm_bayes.reference.predict import check_tables
from sigm_bayes.reference.tables import load_tables

FOLDER = data_dir() / "reference"
ANALYTES = ("IgM", "IgG", "IgA")
CURVES = load_curves()


def test_file_holds_one_small_vector_an_analyte_fitted_to_these_tables():
    assert tuple(CURVES.analyte) == ANALYTES
    assert sum(curve.mean.size for curve in CURVES.analyte.values()) <= 50
    assert all(curve.mean.size <= 18 for curve in CURVES.analyte.values())
    assert CURVES.provenance["tables_sha256"] == load_tables(FOLDER).sha256, "tables changed: refit the curves"
    assert CURVES.provenance["recalled_rows_fitted"] is False
    assert (FOLDER / "curves.json").stat().st_size < 100_000


def test_released_fit_passed_its_diagnostics():
    for name in ANALYTES:
        found = CURVES.provenance["diagnostics"][name]
        assert found["r_hat_max"] <= 1.01
        assert min(found["ess_bulk_min"], found["ess_tail_min"]) >= 400
        assert found["divergences"] == 0
        assert found["bfmi_min"] > 0.3
        assert found["failures"] == []


@pytest.mark.parametrize(
    ("analyte", "age", "low", "high"),
    [
        # Ranges of the median (mg/dL) that any of the tables' midpoints support.
        ("IgM", 0.0, 6.0, 15.0),
        ("IgM", 1.0, 60.0, 95.0),
        ("IgM", 40.0, 88.0, 110.0),
        ("IgG", 0.0, 700.0, 1250.0),
        ("IgG", 0.3, 270.0, 450.0),
        ("IgG", 40.0, 950.0, 1150.0),
        ("IgA", 0.0, 1.0, 4.0),
        ("IgA", 1.0, 28.0, 50.0),
        ("IgA", 40.0, 130.0, 210.0),
    ],
)
def test_median_anchors(analyte, age, low, high):
    assert low < float(CURVES[analyte].median(age)) < high


def test_adult_igm_spread_and_share_below_forty():
    spread = float(CURVES["IgM"].sd(45.0))
    assert 0.40 < spread < 0.55
    # Laboratory limits of 40 mg/dL are meant as the 2.5th centile; the curve puts them between 1% and 5%.
    assert 0.01 < float(CURVES["IgM"].centile(40.0, 45.0)) < 0.05


def test_igg_falls_after_birth_and_rises_again():
    months = np.arange(13) / 12.0
    median = CURVES["IgG"].median(months)
    lowest = int(np.argmin(median))
    assert 2 <= lowest <= 5
    assert np.all(np.diff(median[: lowest + 1]) < 0)
    assert np.all(np.diff(median[lowest:]) > 0)


def test_men_have_less_igm_as_published():
    ages = np.linspace(18.0, 70.0, 27)
    curve = CURVES["IgM"]
    half = curve.sd(ages) ** 2 / 2.0
    means = [np.exp(curve.ln_median(ages, male) + half).mean() for male in (1.0, 0.0)]
    assert -32.0 < means[0] - means[1] < -10.0  # KHAN21: -21 mg/dL, 95% interval -32 to -10
    between = curve.ln_median(30.0, 0.5)
    assert between == pytest.approx((curve.ln_median(30.0, 0.0) + curve.ln_median(30.0, 1.0)) / 2.0, abs=1e-12)


@given(st.floats(0.0, 100.0), st.floats(0.0, 1.0), st.sampled_from(ANALYTES))
def test_quantiles_rise_with_z_and_centiles_with_the_level(age, male, analyte):
    curve = CURVES[analyte]
    limits = [float(curve.limit(age, male, z=z)) for z in (-3.0, -1.96, -1.0, 0.0, 1.0, 1.96, 3.0)]
    assert np.all(np.diff(limits) > 0)
    centiles = curve.centile(limits, age, male)
    assert np.all(np.diff(centiles) > 0)
    np.testing.assert_allclose(centiles[[1, 3, 5]], [0.025, 0.5, 0.975], atol=1e-4)


@given(st.floats(0.0, 100.0), st.floats(0.0, 1.0), st.sampled_from(ANALYTES))
def test_one_dot_product_gives_the_curve(age, male, analyte):
    curve = CURVES[analyte]
    row_median, row_spread = curve.design_row(age, male)
    assert row_median @ curve.mean == pytest.approx(float(curve.ln_median(age, male)), abs=1e-12)
    assert np.exp(row_spread @ curve.mean) == pytest.approx(float(curve.sd(age, male)), rel=1e-12)


def test_draws_keep_mean_and_covariance_and_vectorise():
    curve = CURVES["IgA"]
    draws = curve.draws(20_000, seed=4)
    np.testing.assert_allclose(draws.mean(axis=0), curve.mean, atol=5 * np.sqrt(curve.cov.diagonal() / 20_000).max())
    np.testing.assert_allclose(draws.std(axis=0), np.sqrt(curve.cov.diagonal()), rtol=0.05)
    ages = np.array([[0.5, 3.0, 40.0], [1.0, 9.0, 80.0]])
    assert curve.ln_median(ages, coef=draws[:7]).shape == (7, 2, 3)
    np.testing.assert_allclose(curve.ln_sd(ages, coef=draws[:7])[3], curve.ln_sd(ages, coef=draws[3]), atol=1e-12)


def test_level_zero_is_centile_zero_and_negative_levels_are_refused():
    curve = CURVES["IgM"]
    assert float(curve.centile(0.0, 30.0)) == 0.0
    with pytest.raises(ValueError, match="mg/dL"):
        curve.centile(-1.0, 30.0)


def test_predictive_covers_the_tables_with_source_offsets_redrawn():
    checks = check_tables(CURVES, load_tables(FOLDER), draws=300, seed=1)
    assert len(checks) > 600
    for name in ANALYTES:
        inside = np.mean([check.inside for check in checks if check.row.analyte == name])
        # Nominal 90%; rows of a source move together, so the share varies by several points.
        assert 0.85 <= inside <= 0.97, f"{name}: {inside:.3f}"


def test_evaluation_imports_neither_pymc_nor_scipy_nor_matplotlib():
    code = (
        "import sys; from sigm_bayes.reference import load_curves; load_curves()['IgM'].centile(25.0, 34.0);"
        "heavy = ('pymc', 'pytensor', 'scipy', 'matplotlib', 'arviz', 'xarray', 'pandas');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _document():
    return json.loads((FOLDER / "curves.json").read_text(encoding="utf-8"))


def _break_format(document):
    document["format"] = "other"


def _drop_a_mean(document):
    document["analytes"]["IgM"]["mean"].pop()


def _put_nan(document):
    document["analytes"]["IgG"]["mean"][0] = float("nan")


def _negative_variance(document):
    document["analytes"]["IgA"]["cov"][2][2] = -1.0


def _rename(document):
    document["analytes"]["IgM"]["names"][0] = "other"


@pytest.mark.parametrize("spoil", [_break_format, _drop_a_mean, _put_nan, _negative_variance, _rename])
def test_spoiled_files_are_refused_with_the_remedy(tmp_path, spoil):
    document = _document()
    spoil(document)
    path = tmp_path / "curves.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ModelError, match=r"python -m sigm_bayes\.reference\.fit"):
        read_curves(path)


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_files_that_are_not_curves_are_refused(tmp_path, text):
    path = tmp_path / "curves.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"curves\.json"):
        read_curves(path)


def test_every_printed_row_has_a_reading_and_no_recalled_row_is_fitted():
    tables = load_tables(FOLDER)
    assert len(tables.rows) == 403
    assert not [row for row in tables.rows if row.fitted and row.flag == "recalled"]
    assert all(row.reading for row in tables.rows if not row.fitted)
    with_recalled = load_tables(FOLDER, use_recalled=True)
    assert sum(row.fitted for row in with_recalled.rows) > sum(row.fitted for row in tables.rows)


def test_bad_table_rows_are_all_reported(tmp_path):
    for source in FOLDER.glob("*"):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    lines = (tmp_path / "intervals.csv").read_text(encoding="utf-8").splitlines()
    lines[2] = lines[2].replace(",15.2,68.5,", ",99,68.5,")
    lines[3] = lines[3].replace(",26.9,130,", ",-5,130,")
    (tmp_path / "intervals.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(EvidenceError) as caught:
        load_tables(tmp_path)
    assert "row 2" in str(caught.value)
    assert "row 3" in str(caught.value)
    (tmp_path / "sources.csv").unlink()
    with pytest.raises(EvidenceError, match=r"missing sources\.csv"):
        load_tables(tmp_path)
