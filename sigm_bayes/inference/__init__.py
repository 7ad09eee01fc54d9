"""Sampling and the diagnostics gate.

>>> from sigm_bayes.inference import compile_model, gate, release
>>> handle = compile_model(model)  # doctest: +SKIP
>>> tree = handle.sample(seed=1, chains=4, draws=1000, tune=1000)  # doctest: +SKIP
>>> release(gate(tree, expected_draws=1000, chains=4))  # doctest: +SKIP
"""

from sigm_bayes.inference.gate import Failure, GateReport, Thresholds, gate, release
from sigm_bayes.inference.pointwise import add_log_likelihood, add_log_prior
from sigm_bayes.inference.sampling import Backend, CompiledModel, compile_model, sample

__all__ = [
    "Backend",
    "CompiledModel",
    "Failure",
    "GateReport",
    "Thresholds",
    "add_log_likelihood",
    "add_log_prior",
    "compile_model",
    "gate",
    "release",
    "sample",
]
