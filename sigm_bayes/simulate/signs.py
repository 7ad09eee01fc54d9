"""Findings, the attributes of an invasive infection, and immunology tests; the story of `likelihood.findings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.likelihood import findings as findings_
from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.simulate.groups import Group
from sigm_bayes.simulate.levels import effect_of_exposures
from sigm_bayes.simulate.parameters import Truth

INVASIVE = "invasive_infection"
NO_EPISODE = -1


@dataclass(frozen=True)
class Signs:
    """Findings and tests of people.

    Attributes
    ----------
    proneness : (person,)
        u, the latent tendency to findings; normal with SD 1 in every class, its mean (0 for no centre) the centre's.
    present : (person, finding) bool
    site, organism, severity, number : (person,) int
        Attributes of the invasive infection; -1 in those without one.
    abnormal : (person, test) bool
    """

    proneness: np.ndarray
    present: np.ndarray
    site: np.ndarray
    organism: np.ndarray
    severity: np.ndarray
    number: np.ndarray
    abnormal: np.ndarray


def simulate_signs(
    truth: Truth, group: Group, *, class_index: np.ndarray, age_years: np.ndarray, exposures: np.ndarray,
    catalogue: Catalogue, constants: Mapping[str, float], rng: np.random.Generator,
) -> Signs:  # fmt: skip
    """Draw findings, attributes and tests of people of one setting and age band.

    Parameters
    ----------
    class_index : (person,) int
        In the order of `likelihood.hypotheses.CLASSES`.
    exposures : (person, exposure) bool
    constants : mapping
        Those of `priors.toml`.
    """
    n = len(class_index)
    people = np.arange(n)
    u = truth.get("proneness_mean", 0.0) + rng.standard_normal(n)
    loading = np.exp(truth["log_loading"])
    infant = age_years < constants["infant_below_years"]
    logits = _finding_logits(truth, group, infant, exposures, loading, catalogue)[people, class_index]
    present = rng.random(logits.shape) < NUMPY.expit(logits + u[:, None] * loading)
    attributes = person.attribute_logits(NUMPY, truth)
    p_site = _softmax(attributes["site"])
    site = _choose(np.broadcast_to(p_site, (n, len(p_site))), rng)
    organism = _choose(_softmax(attributes["organism"])[class_index], rng)
    severity = rng.random(n) < NUMPY.expit(attributes["severity"])[class_index]
    number = rng.random(n) < NUMPY.expit(attributes["number"])[class_index]
    had = present[:, catalogue.finding_index(INVASIVE)]
    p_abnormal = NUMPY.expit(person.test_logits(NUMPY, truth, group.setting))[class_index]
    abnormal = rng.random(p_abnormal.shape) < p_abnormal
    site, organism, severity, number = (
        np.where(had, value, NO_EPISODE).astype(int) for value in (site, organism, severity, number)
    )
    return Signs(u, present, site, organism, severity, number, abnormal)


def _finding_logits(
    truth: Truth, group: Group, infant: np.ndarray, exposures: np.ndarray, loading: np.ndarray,
    catalogue: Catalogue,
) -> np.ndarray:  # fmt: skip
    """Logits at u = 0 under every class; (person, class4, finding)."""
    is_infection = np.array([float(f.infection) for f in catalogue.findings])
    base = person.background_logits(
        NUMPY, truth, setting=group.setting, age_band=group.age_band, is_infection=is_infection
    )
    early = np.zeros((len(infant), len(is_infection), 1))
    early[:, catalogue.finding_index(INVASIVE), 0] = infant
    n = len(infant)
    return findings_.finding_logits(
        NUMPY,
        base=np.broadcast_to(base, (n, len(base))),
        loading=np.broadcast_to(loading, (n, len(loading))),
        proneness=np.broadcast_to(truth["proneness"], (n, len(truth["proneness"]))),
        effect=truth["finding_effect"] + early * truth["early_invasive"],
        is_infection=is_infection,
        exposure=effect_of_exposures(np.exp(truth["log_exposure_infection"]), exposures),
    )


def _softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def _choose(probability: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One index a row, with the row's probabilities; (person, option) -> (person,)."""
    edges = probability.cumsum(axis=1)
    u = rng.random(len(probability))[:, None] * edges[:, -1:]
    return np.asarray((u >= edges[:, :-1]).sum(axis=1))
