"""Evaluation of predicted class probabilities against what turned out: scores, discrimination, calibration, decisions.

`evaluate` takes predictions as arrays, whatever made them; `assess` scores a registry with a released model first.
"""

from sigm_bayes.evaluation.evaluate import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]
