"""The same person under another prior, another constant or a fixed parameter: for sensitivity analyses.

tripled = what_if(model, patient, shift={"logit_primary": np.log(3)})
fixed = what_if(model, patient, instead={"log_spread_factor": 0.1})
clinic = what_if(model, patient, constants={"dip_shift": 0.7})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from sigm_bayes.errors import InputError, Problem
from sigm_bayes.patient import Patient, scope
from sigm_bayes.query.draws import classes, split
from sigm_bayes.query.enough import usual_draws, weighed
from sigm_bayes.query.model import Model
from sigm_bayes.query.summary import Band, class_bands
from sigm_bayes.query.weighing import Weighing

Changes = Mapping[str, ArrayLike]


def changed_parameters(
    model: Model, *, shift: Changes | None = None, instead: Changes | None = None
) -> dict[str, np.ndarray]:
    """Return the model's parameters, (draw, ...) each, with some of them moved or fixed.

    Parameters
    ----------
    model : Model
    shift : mapping of parameter name to number or array, optional
        Added to every draw; broadcast against (draw, ...). Parameters live on the scale of their name (log, logit).
    instead : mapping of parameter name to number or array, optional
        Replaces every draw; broadcast to (draw, ...).

    Raises
    ------
    InputError
        With every name that is not a parameter and every value that does not fit its shape or is not finite.
    """
    out = dict(model.parameters)
    problems: list[Problem] = []
    for change, added in ((instead or {}, False), (shift or {}, True)):
        for name, value in change.items():
            if name not in out:
                problems.append(Problem(name, None, "is not a parameter", "Use a name of `model.parameters`."))
                continue
            try:
                fitted = np.broadcast_to(np.asarray(value, dtype=float), out[name].shape)
            except ValueError:
                message = f"expected something that fits the shape {out[name].shape}"
                problems.append(Problem(name, np.shape(value), message, "Give a number, or one for each entry."))
                continue
            if not np.isfinite(fitted).all():
                problems.append(Problem(name, None, "is not finite", "Give numbers."))
            out[name] = out[name] + fitted if added else fitted
    if problems:
        raise InputError(problems)
    return out


def what_if(
    model: Model,
    patient: Patient,
    *,
    shift: Changes | None = None,
    instead: Changes | None = None,
    constants: Mapping[str, float] | None = None,
    all_draws: bool = False,
) -> Weighing:
    """Weigh a patient under changed parameters or constants.

    Parameters
    ----------
    model : Model
    patient : Patient
        In scope.
    shift, instead
        See `changed_parameters`.
    constants : mapping, optional
        Constants of `priors.toml` to change.
    all_draws : bool
        See `Model.weigh`.

    Returns
    -------
    Weighing
        `bands` says what the answer would be; `joint()` gives P(draw, hypothesis).

    Raises
    ------
    InputError
        If the patient is out of scope, or a name or a value does not fit.
    """
    refusal = scope(patient, catalogue=model.catalogue)
    if refusal is not None:
        raise InputError([Problem("patient", refusal.code, refusal.message, "Ask about a person in scope.")])
    encoder = model.encoder
    if constants:
        known = encoder.priors.constants
        wrong = [name for name in constants if name not in known]
        if wrong:
            remedy = "Use a name of [constants] in priors.toml."
            raise InputError([Problem(name, None, "is not a constant", remedy) for name in wrong])
        encoder = replace(encoder, priors=replace(encoder.priors, constants={**known, **constants}))
    changed, case = changed_parameters(model, shift=shift, instead=instead), encoder.encode(patient)
    if all_draws:
        return Weighing(changed, case)
    released = model.posterior.draws
    usual = {name: values[: usual_draws(released)] for name, values in changed.items()}
    return weighed(case, usual, lambda: changed, released=released)


def class_draws(weighing: Weighing) -> dict[str, np.ndarray]:
    """P(class | draw), by class; (draw,) each. On average they are the answer only with `weighing.draw_weights`."""
    return classes(weighing.probabilities())


def bands_of(log_joint: np.ndarray) -> dict[str, Band]:
    """Mean and 90 % interval of every class from log P(hypothesis, what is known | draw); (draw, hypothesis)."""
    p, weights = split(log_joint)
    return class_bands(classes(p), weights)


def bands(weighing: Weighing) -> dict[str, Band]:
    """Mean and 90 % interval of every class probability, as in an answer."""
    return class_bands(class_draws(weighing), weighing.draw_weights)


def over(weighings: Sequence[Weighing], name: str) -> np.ndarray:
    """Mean, lower and upper end of one class over a row of weighings; (3, weighing)."""
    found = [bands(weighing)[name] for weighing in weighings]
    return np.array([[band[key] for band in found] for key in ("mean", "lower", "upper")])
