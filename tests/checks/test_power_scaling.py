"""Power-scaling on a normal model whose scaled posteriors are known, and against another implementation."""

from __future__ import annotations

import numpy as np
import pytest

from sigm_bayes.checks.patients import by_draw, reference_patients
from sigm_bayes.checks.power_scaling import depends, in_words, prior_sensitivities, released_z, sensitivity


def alike(n):
    return np.full((n, 1), 1.0 / n)


@pytest.fixture(scope="module")
def drawn():
    """4,000 draws of three independent parameters; the quantity leans on the first, a little on the second."""
    z = np.random.default_rng(1).standard_normal((4000, 3))
    quantity = 1.0 / (1.0 + np.exp(-(z[:, 0] + 0.2 * z[:, 1])))
    return z, quantity


def test_agrees_with_arviz(drawn):
    from arviz_stats.base import array_stats

    z, quantity = drawn
    log_prior = -0.5 * z[:, 0] ** 2
    weights = []
    for alpha in (0.99, 1.01):
        w = np.exp(array_stats.power_scale_lw(log_prior, alpha=alpha, axis=-1))
        weights.append(w / w.sum())
    theirs = array_stats.power_scale_sense(quantity[None], weights[0][None], weights[1][None], 0.99, 1.01)
    assert sensitivity(log_prior, quantity[:, None], alike(4000))[0] == pytest.approx(float(theirs), rel=0.05)


def test_the_prior_that_matters_stands_out(drawn):
    z, quantity = drawn
    parts = {"strong": z[:, :1], "weak": z[:, 1:2], "unrelated": z[:, 2:]}
    used = {name: np.array([True]) for name in parts}
    found = {
        s.of: s
        for s in prior_sensitivities(
            parts, dict.fromkeys(parts, ("",)), quantity[:, None], weights=alike(4000), used=used, seed=1
        )
    }
    assert found["strong"].value[0] > 3 * found["strong"].noise[0]
    assert found["strong"].value[0] > 2 * found["weak"].value[0]
    assert found["unrelated"].value[0] < 1.5 * found["unrelated"].noise[0]
    assert found["unrelated"].shift[0] == 0.0


def test_the_move_of_a_prior_mean_is_that_of_the_closed_form():
    rng = np.random.default_rng(2)
    z = rng.standard_normal((200_000, 2))
    quantity = (3.0 * z[:, 0] - 1.0 * z[:, 1])[:, None]
    # exact: d E[3 z0] / d mean of z0 = 3
    centred = quantity - quantity.mean(axis=0)
    covariance = centred.T @ z / len(z)
    assert covariance[0] == pytest.approx([3.0, -1.0], abs=0.03)
    found = prior_sensitivities(
        {"p": z[:2000]}, {"p": ("a", "b")}, quantity[:2000], weights=alike(2000), used={"p": np.array([True])}, seed=1
    )
    assert found[0].moved == ("a",)
    assert found[0].shift[0] == pytest.approx(3.0, abs=0.3)


def test_draws_that_count_more_are_draws_that_are_there_more_often(drawn):
    z, quantity = drawn
    times = np.random.default_rng(3).integers(1, 5, len(z))
    log_prior = -0.5 * z[:, 0] ** 2
    weighted = sensitivity(log_prior, quantity[:, None], (times / times.sum())[:, None])
    again = np.repeat(np.arange(len(z)), times)
    assert weighted == pytest.approx(sensitivity(log_prior[again], quantity[again, None], alike(len(again))), rel=1e-6)


def test_the_answers_by_draw_are_those_of_a_query_with_all_draws(subject):
    patients = reference_patients(subject.model.catalogue)
    found = by_draw(subject.model.parameters, patients, subject.model.encoder)
    for p, answer in zip(patients, found.answer, strict=True):
        assert answer == pytest.approx(subject.model.weigh(p.patient, all_draws=True).primary(), abs=1e-12)


def test_what_an_answer_does_not_use_is_known(subject):
    patients = reference_patients(subject.model.catalogue)
    used = depends(subject.model.parameters, patients, subject.model.encoder, ["logit_primary", "test_base"])
    assert used["logit_primary"].all()
    assert not used["test_base"].any()  # no reference patient has a test


def test_released_draws_are_standardised_by_their_priors(subject):
    z = released_z(subject)
    setting = z["logit_primary"]
    prior = subject.inputs.priors.parameter("logit_primary")
    back = prior.mean + prior.sd * setting
    assert back == pytest.approx(subject.model.posterior.variables["logit_primary"], abs=1e-5)
    assert abs(z["curve_igg"].std() - 1.0) < 0.2  # hardly informed by the evidence


def test_every_prior_has_its_words(subject):
    names = {p.name for p in subject.inputs.priors.parameters if p.free.any()} | {"curve_igm", "curve_igg", "curve_iga"}
    assert names == set(in_words())


def test_ten_reference_patients_each_with_a_reason(subject):
    patients = reference_patients(subject.model.catalogue)
    assert len(patients) == len({p.id for p in patients}) == 10
    assert all(p.reason.endswith(".") for p in patients)
