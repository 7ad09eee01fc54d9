"""The sampler on a posterior with reference draws: the mixture `low_dim_gauss_mix` of posteriordb.

The data of that database are not redistributed here. They are simulated from the posterior means of its
reference draws, so the posterior of each parameter must cover the value it was simulated from, and its width
must be that of the reference, which depends on the design (1,000 observations, this separation) and hardly on
the sample.
"""

import numpy as np
import pytest

from sigm_bayes.inference import compile_model, gate, release

SEED = 1000
# Reference posterior of posteriordb: mean and standard deviation.
REFERENCE = {
    "mu": ([-2.7335, 2.8698], [0.0420, 0.0546]),
    "sigma": ([1.0281, 1.0238], [0.0314, 0.0405]),
    "theta": (0.6215, 0.0155),
}


@pytest.mark.slow
def test_a_gaussian_mixture_is_recovered():
    import pymc as pm
    from pymc.distributions.transforms import ordered

    rng = np.random.default_rng(SEED)
    (mu, _), (sigma, _), (theta, _) = REFERENCE.values()
    second = rng.uniform(size=1000) > theta
    values = rng.normal(np.take(mu, second.astype(int)), np.take(sigma, second.astype(int)))
    with pm.Model(coords={"component": ["low", "high"], "observation": range(1000)}) as model:
        data = pm.Data("y", values, dims="observation")
        location = pm.Normal("mu", 0.0, 2.0, dims="component", transform=ordered, initval=[-1.0, 1.0])
        spread = pm.HalfNormal("sigma", 2.0, dims="component")
        share = pm.Beta("theta", 5.0, 5.0)
        weights = pm.math.stack([share, 1.0 - share])
        pm.NormalMixture("y_observed", weights, location, spread, observed=data, dims="observation")
    tree = compile_model(model).sample(seed=SEED, draws=1500, tune=1000, progress=False)
    release(gate(tree, expected_draws=1500, chains=4))
    for name, (true, sd) in REFERENCE.items():
        draws = tree["posterior"][name]
        found, width = draws.mean(["chain", "draw"]), draws.std(["chain", "draw"])
        # 4.5 posterior standard deviations: about one false alarm in 30,000 seeds over the five parameters
        assert np.all(np.abs(found - np.asarray(true)) < 4.5 * np.asarray(sd)), name
        np.testing.assert_allclose(width, sd, rtol=0.2, err_msg=name)
