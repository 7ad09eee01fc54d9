"""The gate on synthetic posteriors: it passes a sound one and fails for each way a run can be unsound."""

import numpy as np
import pytest
import xarray as xr

from sigm_bayes.errors import GateError
from sigm_bayes.inference import Thresholds, gate, release

CHAINS, DRAWS = 4, 500
SEED = 20261122


def sound(*, chains: int = CHAINS, draws: int = DRAWS) -> dict[str, dict[str, np.ndarray]]:
    """Independent draws of a scalar and a vector, with healthy sampler statistics."""
    rng = np.random.default_rng(SEED)
    return {
        "posterior": {"pi": rng.normal(size=(chains, draws)), "hazard": rng.normal(size=(chains, draws, 3))},
        "sample_stats": {
            "diverging": np.zeros((chains, draws), dtype=bool),
            "energy": rng.normal(size=(chains, draws)),
        },
    }


def tree_of(groups: dict[str, dict[str, np.ndarray]]) -> xr.DataTree:
    dims = {"pi": ("chain", "draw"), "hazard": ("chain", "draw", "cause")}
    coords = {"cause": ["lymphoma", "clozapine", "hiv"]}
    datasets = {}
    for group, variables in groups.items():
        data = {name: (dims.get(name, ("chain", "draw")), values) for name, values in variables.items()}
        first = next(iter(variables.values()))
        own = {"chain": np.arange(first.shape[0]), "draw": np.arange(first.shape[1])}
        datasets[group] = xr.Dataset(data, coords=own | (coords if group == "posterior" else {}))
    return xr.DataTree.from_dict(datasets)


def failed(groups, **options) -> dict[str, object]:
    report = gate(tree_of(groups), **({"expected_draws": DRAWS, "chains": CHAINS} | options))
    return {failure.check: failure for failure in report.failures}


def random_walk(length: int) -> np.ndarray:
    rng = np.random.default_rng(SEED)
    return np.cumsum(rng.normal(size=(CHAINS, length)), axis=1)


def test_a_sound_posterior_passes_and_is_summarised():
    report = gate(tree_of(sound()), expected_draws=DRAWS, chains=CHAINS)
    assert report.passed, report.failures
    assert release(report) is report
    assert list(report.table.index) == ["pi", "hazard[lymphoma]", "hazard[clozapine]", "hazard[hiv]"]
    summary = report.summary()
    assert summary["r_hat"]["value"] == pytest.approx(report.table["r_hat"].max(), abs=1e-4)
    assert summary["ess_bulk"]["variable"] == report.table["ess_bulk"].idxmin()
    assert (summary["divergences"], summary["chains"], summary["draws"]) == (0, CHAINS, DRAWS)


def test_an_interrupted_chain_padded_with_nan_fails():
    groups = sound()
    for values in groups["posterior"].values():
        values[2, 300:] = np.nan
    groups["sample_stats"]["energy"][2, 300:] = np.nan
    found = failed(groups)
    assert (found["draws"].variable, found["draws"].value) == ("chain 2", 300)
    assert found["bfmi"].variable == "chain 2"


def test_too_few_draws_fail():
    found = failed(sound(draws=450))
    assert found["draws"].value == 450
    assert str(DRAWS) in found["draws"].threshold


@pytest.mark.parametrize("draws", [0, 3, 8])
def test_a_run_that_hardly_began_fails_without_a_crash(draws):
    found = failed(sound(draws=draws))
    assert found["draws"].value == draws


def test_a_missing_chain_fails():
    assert failed(sound(chains=3))["chains"].value == 3


def test_one_value_that_is_not_finite_fails_and_is_named():
    groups = sound()
    groups["posterior"]["hazard"][1, 7, 2] = np.inf
    found = failed(groups)
    assert (found["finite"].variable, found["finite"].value) == ("hazard[hiv]", 1)
    assert "draws" not in found


def test_chains_that_disagree_fail_r_hat():
    groups = sound()
    groups["posterior"]["hazard"][0, :, 0] += 3.0
    assert failed(groups)["r_hat"].variable == "hazard[lymphoma]"


def test_the_worst_variable_is_named_and_the_others_counted():
    groups = sound()
    groups["posterior"]["hazard"][0, :, :] += np.array([2.0, 5.0, 2.0])
    assert (failed(groups)["r_hat"].variable, failed(groups)["r_hat"].others) == ("hazard[clozapine]", 2)


def test_autocorrelated_draws_fail_ess():
    groups = sound()
    groups["posterior"]["pi"] = random_walk(DRAWS)
    found = failed(groups, thresholds=Thresholds(r_hat=10.0))
    assert found["ess_bulk"].variable == "pi"
    assert found["ess_bulk"].value < 400


def test_a_sticky_tail_fails_tail_ess_though_the_bulk_is_sound():
    groups = sound()
    ordered = np.sort(groups["posterior"]["pi"], axis=1)
    tail, bulk = ordered[:, :25], ordered[:, 25:]
    np.random.default_rng(SEED).shuffle(bulk, axis=1)
    groups["posterior"]["pi"] = np.concatenate([bulk, tail], axis=1)  # the lowest twentieth comes in one visit
    found = failed(groups, thresholds=Thresholds(r_hat=10.0, ess=150.0))
    assert set(found) == {"ess_tail"}


def test_one_divergence_fails():
    groups = sound()
    groups["sample_stats"]["diverging"][3, 11] = True
    found = failed(groups)
    assert (found["divergences"].variable, found["divergences"].value) == ("chain 3", 1)


def test_energy_that_hardly_moves_fails_bfmi():
    groups = sound()
    groups["sample_stats"]["energy"][1] = random_walk(DRAWS)[1]
    assert failed(groups)["bfmi"].variable == "chain 1"


@pytest.mark.parametrize("name", ["diverging", "energy"])
def test_missing_sampler_statistics_fail(name):
    groups = sound()
    del groups["sample_stats"][name]
    assert failed(groups)["sample_stats"].variable == f"sample_stats.{name}"


def test_no_sampler_statistics_at_all_fail():
    groups = sound()
    del groups["sample_stats"]
    assert failed(groups)["sample_stats"].others == 1


def test_a_constant_fails_unless_it_is_named():
    groups = sound()
    groups["posterior"]["hazard"][..., 1] = 0.25
    assert failed(groups)["constant"].variable == "hazard[clozapine]"
    assert failed(groups, may_be_constant=("hazard",)) == {}


def test_chains_stuck_at_different_values_fail_though_constants_are_allowed():
    groups = sound()
    groups["posterior"]["hazard"][..., 1] = np.arange(CHAINS)[:, None]
    assert "r_hat" in failed(groups, may_be_constant=("hazard",))


def test_only_named_variables_are_checked():
    groups = sound()
    groups["posterior"]["hazard"][0] += 3.0
    assert failed(groups, var_names=["pi"]) == {}


def test_release_names_variable_value_threshold_and_remedy():
    groups = sound()
    groups["posterior"]["pi"][0] += 3.0
    report = gate(tree_of(groups), expected_draws=DRAWS, chains=CHAINS)
    with pytest.raises(GateError) as error:
        release(report)
    text = str(error.value)
    assert f"r_hat: pi is {report.table.loc['pi', 'r_hat']:.4g}" in text
    assert "at most 1.01" in text
    assert "reparameterise" in text


def test_the_diagnostics_are_those_of_the_reference_whatever_a_user_set_in_arviz():
    import arviz as az

    tree = tree_of(sound())
    with az.rc_context({"stats.ci_prob": 0.5}):
        table = gate(tree, expected_draws=DRAWS, chains=CHAINS).table
    draws = tree["posterior"]["pi"].to_numpy()
    assert table.loc["pi", "r_hat"] == az.rhat(draws)
    assert table.loc["pi", "ess_tail"] == az.ess(draws, method="tail", prob=(0.05, 0.95))
