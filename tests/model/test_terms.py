"""All published items at once: each has a term, a finite expected value, and the same one in NumPy and PyTensor."""

from dataclasses import replace

import numpy as np
import pytest

from sigm_bayes.errors import EvidenceError
from sigm_bayes.evidence import TERMS
from sigm_bayes.likelihood.namespace import NUMPY, pytensor_namespace
from sigm_bayes.model.context import Context
from sigm_bayes.model.terms import LABELLED, PLAIN, expected_values, family_of


@pytest.fixture
def at(inputs, point):
    """at(seed): the context of the shipped evidence at the prior mean (None) or a draw."""

    def make(seed=None):
        return Context(NUMPY, point(seed), inputs.catalogue, inputs.priors, inputs.evidence, inputs.curves)

    return make


def test_every_term_of_the_vocabulary_has_a_function_and_a_family_of_effects(inputs):
    assert set(PLAIN) | set(LABELLED) == set(TERMS)
    assert not set(PLAIN) & set(LABELLED)
    assert {family_of(term) for term in TERMS} <= set(inputs.priors.study_effects)


def test_every_used_item_is_in_the_model_once(at, inputs):
    items, values = expected_values(at())
    assert values.shape == (len(items),)
    assert sorted(i.item_id for i in items) == sorted(i.item_id for i in inputs.evidence.fitted)
    assert sum(i.role == "fitted" for i in items) >= 120


@pytest.mark.parametrize("seed", [None, 0, 1, 2, 3])
def test_expected_values_are_finite_wherever_the_prior_goes(at, seed):
    items, values = expected_values(at(seed))
    bad = [i.item_id for i, v in zip(items, values, strict=True) if not np.isfinite(v)]
    assert not bad


def test_expected_values_are_in_the_range_of_their_scale(at):
    """At the prior mean no expected share is absurd, no mean IgM outside 3 to 300 mg/dL."""
    items, values = expected_values(at())
    for item, value in zip(items, values, strict=True):
        scale = item.observed.scale
        if scale == "proportion":
            assert -9.0 < value < 7.0, item.item_id
        elif scale == "mg_dl" and item.stat in ("mean", "median", "sd"):
            assert np.log(3.0) < value < np.log(300.0), item.item_id
        elif scale == "mg_dl":
            assert -150.0 < value < 50.0, item.item_id
        elif scale == "fraction":
            assert -1.0 < value < 1.0, item.item_id


def test_an_item_alone_has_the_value_that_it_has_among_all(at, inputs):
    """Shared tables must not mix items up."""
    ctx = at(4)
    items, values = expected_values(ctx)
    chosen = [(i, v) for i, v in zip(items, values, strict=True) if not i.labelled_id]
    for item, value in chosen[::5]:
        alone = replace(inputs.evidence, items=(item,))
        own = Context(NUMPY, ctx.p, inputs.catalogue, inputs.priors, alone, inputs.curves)
        assert expected_values(own)[1] == pytest.approx(value, rel=1e-10), item.item_id


def test_an_unknown_term_is_named(at, inputs):
    some = inputs.evidence.fitted[0]
    odd = replace(inputs.evidence, items=(replace(some, term="no_such_term"),))
    ctx = Context(NUMPY, at().p, inputs.catalogue, inputs.priors, odd, inputs.curves)
    with pytest.raises(EvidenceError, match=rf"{some.item_id}: no such term"):
        expected_values(ctx)


def test_numpy_and_pytensor_agree_to_1e_10(at, inputs, point):
    import pytensor
    import pytensor.tensor as pt
    from pytensor.compile.mode import Mode

    variables = {name: pt.tensor(name, shape=np.shape(value)) for name, value in point().items()}
    xp = pytensor_namespace()
    graph = Context(xp, variables, inputs.catalogue, inputs.priors, inputs.evidence, inputs.curves)
    # Not optimised: compiles in a second, and it is the mathematics that is compared.
    inputs_ = list(variables.values())
    function = pytensor.function(inputs_, expected_values(graph)[1], mode=Mode("py", None), on_unused_input="ignore")
    for seed in (None, 0, 1, 2):
        ctx = at(seed)
        numpy_values = expected_values(ctx)[1]
        np.testing.assert_allclose(function(*(ctx.p[n] for n in variables)), numpy_values, rtol=0, atol=1e-10)
