"""Two classes, several imperfect tests, independent given the class (Hui, Walter 1980, doi:10.2307/2530508).

A pattern is one positive or negative result per test. Leading axes (draws) broadcast; the last axes are
those named.
"""

from __future__ import annotations

from sigm_bayes.likelihood.namespace import Array, Namespace, logsumexp


def log_joint(xp: Namespace, *, prevalence: Array, sensitivity: Array, specificity: Array, positive: Array) -> Array:
    """Log P(class, pattern | population).

    Parameters
    ----------
    xp
        Array namespace.
    prevalence
        P(condition), (..., population), in (0, 1).
    sensitivity, specificity
        P(positive | condition) and P(negative | no condition), (..., test), in (0, 1).
    positive
        1 where the test is positive in the pattern, 0 where negative, (pattern, test).

    Returns
    -------
    array
        (..., population, pattern, class), the classes being condition present, condition absent.
    """
    negative = 1.0 - positive
    se, sp = sensitivity[..., None, :], specificity[..., None, :]
    present = xp.sum(positive * xp.log(se) + negative * xp.log1p(-se), axis=-1)
    absent = xp.sum(positive * xp.log1p(-sp) + negative * xp.log(sp), axis=-1)
    share = prevalence[..., :, None]
    return xp.stack([xp.log(share) + present[..., None, :], xp.log1p(-share) + absent[..., None, :]])


def log_pattern(xp: Namespace, joint: Array) -> Array:
    """Log P(pattern | population), (..., population, pattern), from `log_joint`."""
    return logsumexp(xp, joint, axis=-1)


def condition_given_pattern(xp: Namespace, joint: Array) -> Array:
    """P(condition present | pattern, population), (..., population, pattern), from `log_joint`."""
    return xp.exp(joint[..., 0] - log_pattern(xp, joint))
