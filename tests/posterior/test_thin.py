"""Thinning: how many from each chain, how evenly, and which labels."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from sigm_bayes.errors import ModelError
from sigm_bayes.posterior import thin_draws


def tree_of(chains: int, draws: int) -> xr.DataTree:
    number = np.arange(chains * draws).reshape(chains, draws)
    dataset = xr.Dataset(
        {
            "number": (("chain", "draw"), number),
            # chain and draw are not first here on purpose
            "hazard": (("cause", "chain", "draw"), np.stack([number, -number])),
        },
        coords={"cause": ["hiv", "burns"], "chain": range(chains), "draw": range(draws)},
    )
    return xr.DataTree.from_dict({"posterior": dataset})


@settings(deadline=None)
@given(chains=st.integers(1, 5), draws=st.integers(1, 60), data=st.data())
def test_evenly_over_chains_and_within_them(chains, draws, data):
    n = data.draw(st.integers(1, chains * draws))
    numbers = thin_draws(tree_of(chains, draws), n).variables["number"]
    assert len(numbers) == len(set(numbers)) == n
    chain, draw = np.divmod(numbers.astype(int), draws)
    per_chain = np.bincount(chain, minlength=chains)
    assert per_chain.max() - per_chain.min() <= 1
    for one in range(chains):
        gaps = np.diff(np.sort(draw[chain == one]))
        assert gaps.size == 0 or gaps.max() - gaps.min() <= 1


@settings(deadline=None)
@given(chains=st.integers(1, 5), draws=st.integers(1, 60), data=st.data())
def test_the_first_half_is_thinned_evenly_too(chains, draws, data):
    each = 2 * data.draw(st.integers(0, draws // 2))  # from each chain
    n = each * chains
    if n:
        numbers = thin_draws(tree_of(chains, draws), n).variables["number"][: n // 2]
        chain, draw = np.divmod(numbers.astype(int), draws)
        assert np.bincount(chain, minlength=chains).tolist() == [each // 2] * chains
        for one in range(chains):
            gaps = np.diff(draw[chain == one])
            assert gaps.size == 0 or (gaps.min() > 0 and gaps.max() - gaps.min() <= 1)


def test_labels_and_order_of_axes():
    kept = thin_draws(tree_of(2, 10), 4, var_names=["hazard"])
    assert kept.dims == {"hazard": ("cause",)}
    assert kept.coords == {"cause": ["hiv", "burns"]}
    assert kept.variables["hazard"].tolist() == [[2, -2], [12, -12], [7, -7], [17, -17]]


def test_more_than_sampled_and_unknown_variables_are_refused():
    with pytest.raises(ModelError, match="21 draws wanted of 2 chains with 10 each"):
        thin_draws(tree_of(2, 10), 21)
    with pytest.raises(ModelError, match=r"not in the sampled posterior: delta\. It has number, hazard"):
        thin_draws(tree_of(2, 10), 5, var_names=["number", "delta"])
