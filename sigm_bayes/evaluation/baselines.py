"""What the model is compared with: methods that learn from the same registry, never from the centre they predict.

Needs scikit-learn (extra ``evaluate``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.evaluation.cases import IntArray
from sigm_bayes.evaluation.features import Features, cut_off_rule
from sigm_bayes.evaluation.scores import log_scores

FloatArray = NDArray[np.float64]
Predict = Callable[[Features, IntArray, Features, IntArray, int], FloatArray]

RULE, BAYES, REGRESSION, IGM, SHARES = "cut-off rule", "naive Bayes", "logistic regression", "IgM alone", "class shares"
MEANING = {
    RULE: "IgM below the lower limit, IgG and IgA normal, some infection, no recorded cause (after the ESID "
    "definition); its probabilities are the shares of the classes among people who meet it and who do not",
    BAYES: "each recorded item independent given the class; unknown is a state of its own",
    REGRESSION: "multinomial, ridge penalty chosen inside the training centres",
    IGM: "multinomial regression on the first IgM for age and sex",
    SHARES: "the shares of the classes in the training centres, the same for everybody",
}
FOLDS = 5
"""Parts of a registry with one centre, which cannot be left out as a whole."""
PENALTIES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
"""Inverse ridge penalties that are tried (scikit-learn's C), inputs standardised."""
INNER_FOLDS = 3
BINS = 6
"""Parts of age, IgM, IgG and IgA for naive Bayes, by quantiles of the training people; unknown is one more."""
WEAK = 1e3
"""Inverse ridge penalty of the regression on IgM alone: next to none."""
ITERATIONS = 3000


def cross_validated(
    features: Features,
    truth: IntArray,
    centre: IntArray,
    *,
    classes: int,
    seed: int,
    progress: Callable[[str], None] | None = None,
) -> dict[str, FloatArray]:
    """Return the predictions of every baseline, each centre by what the other centres teach.

    Parameters
    ----------
    features : Features
    truth : ndarray of int, shape (person,)
    centre : ndarray of int, shape (person,)
        -1 where not known: they count as one more centre.
    classes : int
    seed : int
        Of the parts, where there is only one centre.
    progress : callable, optional
        Called with the name of each method before it starts.

    Returns
    -------
    dict of str to ndarray, shape (person, class)
    """
    from threadpoolctl import threadpool_limits

    out: dict[str, FloatArray] = {}
    parts = list(left_out(centre, seed=seed))
    for name, predict in METHODS.items():
        if progress is not None:
            progress(name)
        p = np.empty((truth.size, classes))
        with threadpool_limits(1):  # the fits are small: threads would only wait for each other
            for train, test, groups in parts:
                p[test] = predict(features.take(train), truth[train], features.take(test), groups, classes)
        out[name] = p
    return out


def left_out(centre: IntArray, *, seed: int) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
    """Yield people to learn from, people to predict, and groups among the first for choices within them."""
    groups = np.unique(centre, return_inverse=True)[1].astype(np.int64)
    if groups.max(initial=0) == 0:
        groups = np.random.default_rng(seed).permutation(centre.size).astype(np.int64) % FOLDS
    for group in np.unique(groups):
        train = np.flatnonzero(groups != group)
        yield train, np.flatnonzero(groups == group), groups[train]


def class_shares(truth: IntArray, classes: int) -> FloatArray:
    """Return the share of every class, one half added to each count so that none is 0; shape (class,)."""
    counts = np.bincount(truth, minlength=classes) + 0.5
    return counts / counts.sum()


def _shares(train: Features, truth: IntArray, test: Features, groups: IntArray, classes: int) -> FloatArray:
    return np.tile(class_shares(truth, classes), (test.limit.size, 1))


def _rule(train: Features, truth: IntArray, test: Features, groups: IntArray, classes: int) -> FloatArray:
    met = cut_off_rule(train)
    shares = np.stack([class_shares(truth[~met], classes), class_shares(truth[met], classes)])
    return shares[cut_off_rule(test).astype(int)]


def _naive_bayes(train: Features, truth: IntArray, test: Features, groups: IntArray, classes: int) -> FloatArray:
    from sklearn.naive_bayes import CategoricalNB

    measured = [np.column_stack([f.age_years, f.z]) for f in (train, test)]
    edges = [np.nanquantile(column, np.linspace(0, 1, BINS + 1)[1:-1]) for column in measured[0].T]
    coded = [_categories(f, m, edges) for f, m in zip((train, test), measured, strict=True)]
    most = [int(column.max()) + 1 for column in np.concatenate(coded).T]
    return _fitted(CategoricalNB(min_categories=most), coded[0], truth, coded[1], classes)


def _categories(features: Features, measured: FloatArray, edges: list[FloatArray]) -> NDArray[np.int64]:
    binned = [
        np.where(np.isnan(column), 0, 1 + np.searchsorted(cuts, column))
        for column, cuts in zip(measured.T, edges, strict=True)
    ]
    told = [features.sex + 1, features.setting + 1, features.limit, *(features.states + 1).T]
    return np.column_stack([*binned, *told]).astype(np.int64)


def _igm_alone(train: Features, truth: IntArray, test: Features, groups: IntArray, classes: int) -> FloatArray:
    inputs = [np.column_stack([f.z[:, 0], f.z[:, 0] ** 2, f.limit]) for f in (train, test)]
    return _fitted(_regression(WEAK), inputs[0], truth, inputs[1], classes)


def _penalised(train: Features, truth: IntArray, test: Features, groups: IntArray, classes: int) -> FloatArray:
    inputs = [_inputs(f) for f in (train, test)]
    best = _chosen_penalty(inputs[0], truth, groups, classes)
    return _fitted(_regression(best), inputs[0], truth, inputs[1], classes)


def _chosen_penalty(inputs: FloatArray, truth: IntArray, groups: IntArray, classes: int) -> float:
    """Return the penalty with the best log score on groups of the training people that were left out."""
    folds = np.unique(groups, return_inverse=True)[1] % INNER_FOLDS
    if np.unique(folds).size < 2:
        folds = np.arange(truth.size) % INNER_FOLDS
    scores = dict.fromkeys(PENALTIES, 0.0)
    for fold in np.unique(folds):
        use, leave = folds != fold, folds == fold
        for penalty in PENALTIES:
            p = _fitted(_regression(penalty), inputs[use], truth[use], inputs[leave], classes)
            scores[penalty] += float(log_scores(p, truth[leave]).sum())
    return max(scores, key=lambda penalty: scores[penalty])


def _inputs(features: Features) -> FloatArray:
    """Return the inputs of the regression, shape (person, input): unknown has an input of its own."""
    missing = np.isnan(features.z)
    z = np.where(missing, 0.0, features.z)
    age = np.log(features.age_years + 1.0)
    columns = [*z.T, z[:, 0] ** 2, *missing.T, features.limit, age, age**2, features.sex == 1, features.sex < 0]
    asked_in = [features.setting == k for k in range(features.settings)]
    states = [*(features.states == 1).T, *(features.states < 0).T]
    return np.column_stack([*columns, *asked_in, *states]).astype(float)


def _regression(penalty: float) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=ITERATIONS))


def _fitted(method: Any, inputs: NDArray, truth: IntArray, test: NDArray, classes: int) -> FloatArray:
    """Return the predictions of a scikit-learn classifier; classes that it never saw get their smoothed share."""
    seen = np.unique(truth)
    p = np.tile(class_shares(truth, classes), (test.shape[0], 1))
    unseen = np.setdiff1d(np.arange(classes), seen)
    if seen.size == 1:
        return p
    method.fit(inputs, truth)
    p[:, seen] = method.predict_proba(test) * (1.0 - p[:, unseen].sum(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


METHODS: dict[str, Predict] = {
    RULE: _rule,
    BAYES: _naive_bayes,
    REGRESSION: _penalised,
    IGM: _igm_alone,
    SHARES: _shares,
}
