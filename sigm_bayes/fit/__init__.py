"""Evidence and a registry in one model: select, encode, sample, release."""

from sigm_bayes.fit.pipeline import FitResult, fit
from sigm_bayes.fit.spec import FitSpec

__all__ = ["FitResult", "FitSpec", "fit"]
