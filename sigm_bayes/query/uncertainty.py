"""How much of the open question is the model's parameters, and how much would stay with perfect ones.

With H the entropy of the class in bits and d the parameter draws,

    H(sum_d w_d P_d) = sum_d w_d H(P_d) + I(class; parameters),

w_d being how much a draw counts by the person (`query/draws.py`): what is open now, what would be open on average with
parameters known exactly, and the difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sigm_bayes.query import wording
from sigm_bayes.query.information import by_class, entropy_bits


@dataclass(frozen=True)
class Uncertainty:
    """What is open about the class, in bits.

    Attributes
    ----------
    total_bits, remaining_bits, parameter_bits
        Open now; with perfect parameters; the difference.
    parameter_share
        `parameter_bits / total_bits`.
    primary_share
        Share of the variance of "primary or not" that is variance of its probability over the draws: what the
        interval beside the number shows.
    message
        The same in words.
    """

    total_bits: float
    remaining_bits: float
    parameter_bits: float
    parameter_share: float
    primary_share: float
    message: str


def uncertainty(p_hypothesis: np.ndarray, weights: np.ndarray) -> Uncertainty:
    """Decompose the entropy of the class; p_hypothesis (draw, hypothesis), weights (draw,) that sum to 1."""
    p = by_class(p_hypothesis)
    total = float(entropy_bits(weights @ p))
    remaining = min(float(weights @ entropy_bits(p)), total)
    primary = p[:, 0]
    mean = float(weights @ primary)
    variance = mean * (1.0 - mean)
    share = (total - remaining) / total if total > 0.0 else 0.0
    return Uncertainty(
        total_bits=total,
        remaining_bits=remaining,
        parameter_bits=total - remaining,
        parameter_share=share,
        primary_share=min(1.0, float(weights @ (primary - mean) ** 2) / variance) if variance > 0.0 else 0.0,
        message=wording.uncertainty(total=total, share=share),
    )
