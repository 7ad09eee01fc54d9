"""Specification and cell probabilities of the two-class latent model, without sampling."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigm_bayes.errors import ModelError
from sigm_bayes.likelihood.latent_class import condition_given_pattern, log_joint, log_pattern
from sigm_bayes.likelihood.namespace import NUMPY, pytensor_namespace
from sigm_bayes.model.latent_class import build_latent_class, load_latent_class
from sigm_bayes.paths import models_dir

STRONGYLOIDES = models_dir() / "strongyloides"
TUBERCULOSIS = models_dir() / "tuberculosis"
POSITIVE = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])  # (pattern, test)

probability = st.floats(0.01, 0.99)
pairs = st.tuples(probability, probability)


def test_cells_go_to_their_named_place_whatever_the_order_in_the_file(tmp_path):
    spec = load_latent_class(STRONGYLOIDES)
    assert spec.pattern_ids == (
        "stool+ serology+",
        "stool+ serology-",
        "stool- serology+",
        "stool- serology-",
    )
    assert spec.counts().tolist() == [[38, 2, 87, 35]]
    np.testing.assert_array_equal(spec.positive(), POSITIVE)
    lines = (STRONGYLOIDES / "model.toml").read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if line.lstrip().startswith("{ stool"))
    lines[first : first + 4] = lines[first : first + 4][::-1]
    (tmp_path / "model.toml").write_text("\n".join(lines))
    assert load_latent_class(tmp_path).counts().tolist() == [[38, 2, 87, 35]]


def test_two_populations():
    spec = load_latent_class(TUBERCULOSIS)
    assert spec.counts().tolist() == [[14, 4, 9, 528], [887, 31, 37, 367]]
    assert spec.counts().sum() == 555 + 1322


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("count = 38", "count = -38", "count -38, expected a whole number from 0"),
        ("count = 38", 'count = "38"', "count '38', expected a whole number"),
        ("count = 38", "count = true", "count True, expected a whole number"),
        ('stool = "positive", serology = "negative"', 'stool = "pos", serology = "negative"', "result"),
        (
            'stool = "positive", serology = "negative"',
            'stool = "positive", serology = "positive"',
            "occurs twice",
        ),
        (
            'stool = "positive", serology = "negative"',
            'stol = "positive", serology = "negative"',
            "expected stool",
        ),
        (
            '    { stool = "negative", serology = "negative", count = 35 },\n',
            "",
            "write count = 0 if nobody had it",
        ),
        ("alpha = 4.44", "alpha = 0", "tests.0.sensitivity.alpha"),
        ("alpha = 4.44", "alpha = nan", "tests.0.sensitivity.alpha"),
        ("alpha = 4.44", 'alpha = "4.44"', "tests.0.sensitivity.alpha"),
        ('id = "serology"', 'id = "stool"', "an id occurs twice among stool, stool"),
        ("target_accept = 0.95", "target_accept = 1.5", "sampling.target_accept"),
        ("informative_tests = false\n", "", "informative_tests"),
        ('doi = "', 'dois = "', "dois"),
        ('kind = "latent_class"', 'kind = "latent_class', "not valid TOML"),
    ],
)
def test_a_wrong_specification_names_the_place(tmp_path, old, new, message):
    text = (STRONGYLOIDES / "model.toml").read_text()
    assert old in text
    (tmp_path / "model.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(ModelError) as error:
        load_latent_class(tmp_path)
    assert message in str(error.value)
    assert str(tmp_path / "model.toml") in str(error.value)


def test_all_problems_of_a_file_are_reported_together(tmp_path):
    text = (STRONGYLOIDES / "model.toml").read_text()
    (tmp_path / "model.toml").write_text(
        text.replace("alpha = 4.44", "alpha = 0").replace("draws = 10_000", "draws = 0")
    )
    with pytest.raises(ModelError) as error:
        load_latent_class(tmp_path)
    assert len(error.value.problems) == 2


def test_a_folder_without_a_specification(tmp_path):
    with pytest.raises(ModelError, match="Give the folder of a model"):
        load_latent_class(tmp_path)


@given(prevalence=probability, sensitivity=pairs, specificity=pairs)
def test_cell_probabilities_are_those_written_out(prevalence, sensitivity, specificity):
    joint = log_joint(
        NUMPY,
        prevalence=np.array([prevalence]),
        sensitivity=np.array(sensitivity),
        specificity=np.array(specificity),
        positive=POSITIVE,
    )
    (s1, s2), (c1, c2), p = sensitivity, specificity, prevalence
    present = np.array([s1 * s2, s1 * (1 - s2), (1 - s1) * s2, (1 - s1) * (1 - s2)]) * p
    absent = np.array([(1 - c1) * (1 - c2), (1 - c1) * c2, c1 * (1 - c2), c1 * c2]) * (1 - p)
    np.testing.assert_allclose(np.exp(log_pattern(NUMPY, joint))[0], present + absent, rtol=1e-12)
    np.testing.assert_allclose(condition_given_pattern(NUMPY, joint)[0], present / (present + absent), rtol=1e-11)
    assert np.exp(log_pattern(NUMPY, joint)).sum() == pytest.approx(1.0, abs=1e-12)


def test_numpy_and_pytensor_agree_over_draws():
    rng = np.random.default_rng(7)
    parts = {
        "prevalence": rng.uniform(0.001, 0.999, size=(50, 3)),
        "sensitivity": rng.uniform(0.001, 0.999, size=(50, 2)),
        "specificity": rng.uniform(0.001, 0.999, size=(50, 2)),
    }
    xp = pytensor_namespace()
    constants = {name: xp.asarray(values) for name, values in parts.items()}
    in_pytensor = log_joint(xp, positive=xp.asarray(POSITIVE), **constants)
    in_numpy = log_joint(NUMPY, positive=POSITIVE, **parts)
    assert in_numpy.shape == (50, 3, 4, 2)
    np.testing.assert_allclose(in_pytensor.eval(mode="FAST_COMPILE"), in_numpy, atol=1e-10)
    np.testing.assert_allclose(
        condition_given_pattern(xp, in_pytensor).eval(mode="FAST_COMPILE"),
        condition_given_pattern(NUMPY, in_numpy),
        atol=1e-10,
    )


@pytest.mark.parametrize("folder", [STRONGYLOIDES, TUBERCULOSIS], ids=lambda folder: folder.name)
def test_the_graph_has_the_multinomial_likelihood_of_its_cells(folder: Path):
    from scipy import stats

    spec = load_latent_class(folder)
    model = build_latent_class(spec)
    values = {"prevalence": 0.3, "sensitivity": 0.8, "specificity": 0.9}
    shapes = {"prevalence": len(spec.populations), "sensitivity": 2, "specificity": 2}
    arrays = {name: np.full(shapes[name], value) for name, value in values.items()}
    joint = log_joint(NUMPY, positive=spec.positive(), **arrays)
    counts = spec.counts()
    expected = stats.multinomial.logpmf(counts, counts.sum(axis=1), np.exp(log_pattern(NUMPY, joint)))
    (logp,) = model.logp(vars=[model["cells"]], sum=False)
    point = {}
    for rv in model.free_RVs:
        value_var, transform = model.rvs_to_values[rv], model.rvs_to_transforms[rv]
        low = 1.0 - arrays["specificity"] if rv.name == "sensitivity" and spec.informative_tests else 0.0
        ratio = (arrays[rv.name] - low) / (1.0 - arrays[rv.name])
        assert transform is not None
        point[value_var] = np.log(ratio)
    np.testing.assert_allclose(logp.eval(point, mode="FAST_COMPILE"), expected, rtol=1e-7)


def test_informative_tests_have_no_density_in_the_mirror_mode():
    import pymc as pm

    model = build_latent_class(load_latent_class(TUBERCULOSIS))
    sensitivity = pm.logp(model["sensitivity"], np.array([0.05, 0.3]))
    mirrored = sensitivity.eval({model["specificity"]: np.array([0.9, 0.8])}, mode="FAST_COMPILE")
    assert mirrored.tolist() == [-np.inf, 0.0]  # uniform above the line, nothing below it
