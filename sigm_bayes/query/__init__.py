"""Questions to a released model: NumPy only."""

from sigm_bayes.query.answer import Answer
from sigm_bayes.query.model import Model, load_model

__all__ = ["Answer", "Model", "load_model"]
