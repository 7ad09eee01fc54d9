"""From a model folder to its released posterior: graph, sampling, gate, thinning, artefact, model card.

Imports nothing heavy until a model is built.
"""

from sigm_bayes.release.build import build_model
from sigm_bayes.release.pipeline import BuildResult, SamplerSettings, fit_and_release

__all__ = ["BuildResult", "SamplerSettings", "build_model", "fit_and_release"]
