"""People from the model: the generative story of the likelihood, told forwards with known truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.priors import Priors
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.likelihood.hypotheses import FIRST_CAUSE, class_of_hypothesis
from sigm_bayes.reference import Curves
from sigm_bayes.simulate.groups import Group, groups
from sigm_bayes.simulate.levels import curve_rows, simulate_igg_iga, simulate_igm
from sigm_bayes.simulate.origins import simulate_origins
from sigm_bayes.simulate.parameters import Truth
from sigm_bayes.simulate.signs import simulate_signs


@dataclass(frozen=True)
class People:
    """Simulated people; every array has the person as its first axis.

    Attributes
    ----------
    age_years, male : (person,)
        Age at the first sample; 1 male, 0 female.
    setting : (person,) int
    hypothesis, class_index : (person,) int
        The truth: indices as in `likelihood.hypotheses`.
    exposures : (person, exposure) bool
    proneness : (person,)
    findings : (person, finding) bool
    site, organism, severity, number : (person,) int
        Attributes of the invasive infection, -1 without one.
    tests_abnormal : (person, test) bool
    component : (person,) int
        Kind of shift of IgM.
    ln_median, own_level, shift : (person,)
        ln median (mg/dL) for age and sex; t0 and d of the model.
    delay : (person,) bool
        Maturational delay.
    elapsed : (person, sample)
        Years since the first sample; NaN without a sample.
    context : (person, sample) int
    gone, dip : (person, sample) bool
    igm : (person, sample)
        Measured IgM, mg/dL, not rounded; NaN without a sample.
    ig_state : (person,) int
        0 IgG and IgA both low, 1 as usual, 2 raised.
    ig_z : (person, 2)
        True IgG and IgA in spreads from the median, the effect of exposures left out.
    igg, iga : (person,)
        Measured, mg/dL, not rounded.
    """

    age_years: np.ndarray
    male: np.ndarray
    setting: np.ndarray
    hypothesis: np.ndarray
    class_index: np.ndarray
    exposures: np.ndarray
    proneness: np.ndarray
    findings: np.ndarray
    site: np.ndarray
    organism: np.ndarray
    severity: np.ndarray
    number: np.ndarray
    tests_abnormal: np.ndarray
    component: np.ndarray
    ln_median: np.ndarray
    own_level: np.ndarray
    shift: np.ndarray
    delay: np.ndarray
    elapsed: np.ndarray
    context: np.ndarray
    gone: np.ndarray
    dip: np.ndarray
    igm: np.ndarray
    ig_state: np.ndarray
    ig_z: np.ndarray
    igg: np.ndarray
    iga: np.ndarray

    def __len__(self) -> int:
        return len(self.age_years)

    def take(self, index: np.ndarray) -> People:
        """The people at these positions, or where a boolean array is true."""
        return People(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @staticmethod
    def join(parts: Sequence[People]) -> People:
        """All people of several tables, one after the other; every table has the same number of samples."""
        return People(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(People)})


def simulate_people(
    parameters: Truth, *, catalogue: Catalogue, priors: Priors, curves: Curves, n: int,
    settings: str | Sequence[str], ages: ArrayLike, seed: int | np.random.SeedSequence, male: ArrayLike | None = None,
    elapsed: ArrayLike | None = None, contexts: ArrayLike | str = "unknown",
) -> People:  # fmt: skip
    """Simulate people who had IgM measured.

    Every exposure is current at the first sample and began before it; effects of exposures act whether or not a
    registry records them. Whether the shift has gone is drawn anew at every later sample, as in the likelihood.

    Parameters
    ----------
    parameters : mapping
        The truth, see `draw_parameters`.
    n : int
        Number of people.
    settings : setting id, or one a person
    ages : (person,) or one number
        Years at the first sample, within the age bands of the catalogue.
    seed : int or SeedSequence
        The same seed gives the same people.
    male : (person,) of 0 and 1, optional
        Drawn evenly where not given.
    elapsed : (person, sample), optional
        Years since the first sample, 0 in the first column, NaN where there is no sample; one sample by default.
    contexts : (person, sample) int, or a context id
        Indices of the catalogue's contexts.

    Returns
    -------
    People

    Raises
    ------
    InputError
        With every argument that does not fit.
    """
    if n < 1:
        raise InputError([Problem("n", n, "expected at least one person", "Give a number of 1 or more.")])
    rngs = [np.random.default_rng(s) for s in _sequence(seed).spawn(5)]
    age = np.broadcast_to(np.asarray(ages, dtype=float), (n,)).copy()
    band = _bands(age, catalogue)
    setting = _settings(settings, n, catalogue)
    sex = rngs[0].integers(0, 2, n).astype(float) if male is None else np.broadcast_to(np.asarray(male, float), (n,))
    times = np.zeros((n, 1)) if elapsed is None else np.asarray(elapsed, dtype=float)
    context = _contexts(contexts, times, catalogue)
    parts: list[dict[str, np.ndarray]] = []
    order = []
    for group in groups(setting, band):
        who = group.people
        given = _Given(group, age[who], sex[who], times[who], context[who], catalogue, priors.constants, curves)
        parts.append(_simulate_group(parameters, given, rngs))
        order.append(who)
    back = np.argsort(np.concatenate(order), kind="stable")
    drawn = {name: np.concatenate([part[name] for part in parts])[back] for name in parts[0]}
    return People(age_years=age, male=np.array(sex), setting=setting, elapsed=times, context=context, **drawn)


@dataclass(frozen=True)
class _Given:
    """What is fixed before anything is drawn for one group."""

    group: Group
    age_years: np.ndarray
    male: np.ndarray
    elapsed: np.ndarray
    context: np.ndarray
    catalogue: Catalogue
    constants: Mapping[str, float]
    curves: Curves


def _simulate_group(truth: Truth, given: _Given, rngs: Sequence[np.random.Generator]) -> dict[str, np.ndarray]:
    """Everything that is drawn for the people of one group, by the name it has in `People`."""
    age, male, catalogue, constants = given.age_years, given.male, given.catalogue, given.constants
    igm_row, igg_row, iga_row = (curve_rows(given.curves, name, age, male) for name in ("IgM", "IgG", "IgA"))
    boy = np.where(age < constants["boy_below_years"], male, 0.0)
    origins = simulate_origins(truth, given.group, age_years=age, boy=boy, catalogue=catalogue, rng=rngs[1])
    class_index = np.array(class_of_hypothesis(len(catalogue.causes)))[origins.hypothesis]
    igm = simulate_igm(
        truth, hypothesis=origins.hypothesis, age_years=age, row=igm_row, elapsed=given.elapsed,
        context=given.context, catalogue=catalogue, constants=constants, rng=rngs[2],
    )  # fmt: skip
    other = simulate_igg_iga(
        truth, hypothesis=origins.hypothesis, exposures=origins.exposures, rows=(igg_row, iga_row),
        constants=constants, rng=rngs[3],
    )  # fmt: skip
    signs = simulate_signs(
        truth, given.group, class_index=class_index, age_years=age, exposures=origins.exposures,
        catalogue=catalogue, constants=constants, rng=rngs[4],
    )  # fmt: skip
    return {
        "hypothesis": origins.hypothesis, "class_index": class_index, "exposures": origins.exposures,
        "proneness": signs.proneness, "findings": signs.present, "site": signs.site, "organism": signs.organism,
        "severity": signs.severity, "number": signs.number, "tests_abnormal": signs.abnormal,
        "component": igm.component, "ln_median": igm.ln_median, "own_level": igm.own_level, "shift": igm.shift,
        "delay": igm.delay, "gone": igm.gone, "dip": igm.dip, "igm": igm.measured, "ig_state": other.state,
        "ig_z": other.z, "igg": other.measured[:, 0], "iga": other.measured[:, 1],
    }  # fmt: skip


def hypothesis_ids(catalogue: Catalogue) -> tuple[str, ...]:
    """Cause id of each hypothesis, blank for the three classes without a cause."""
    return ("",) * FIRST_CAUSE + catalogue.ids("cause")


def _sequence(seed: int | np.random.SeedSequence) -> np.random.SeedSequence:
    """A fresh sequence, so that the same argument gives the same children however often it was used."""
    if isinstance(seed, np.random.SeedSequence):
        return np.random.SeedSequence(entropy=seed.entropy, spawn_key=seed.spawn_key)
    return np.random.SeedSequence(seed)


def _bands(age: np.ndarray, catalogue: Catalogue) -> np.ndarray:
    low, high = catalogue.age_bands[0].low_years, catalogue.age_bands[-1].high_years
    outside = age[~((age >= low) & (age < high))]
    if len(outside):
        message = f"{len(outside)} ages are outside the model's {low:g} to {high:g} years"
        raise InputError([Problem("ages", float(outside[0]), message, "Simulate ages that the model covers.")])
    return np.searchsorted([b.high_years for b in catalogue.age_bands], age, side="right")


def _settings(settings: str | Sequence[str], n: int, catalogue: Catalogue) -> np.ndarray:
    ids = [settings] * n if isinstance(settings, str) else list(settings)
    if len(ids) != n:
        raise InputError([Problem("settings", len(ids), f"expected one, or one for each of {n}", "Give as many.")])
    unknown = [id for id in dict.fromkeys(ids) if not catalogue.has("setting", id)]
    if unknown:
        known = ", ".join(catalogue.ids("setting"))
        raise InputError([Problem("settings", id, "is not a setting", f"Use one of {known}.") for id in unknown])
    return np.array([catalogue.setting_index(id) for id in ids])


def _contexts(contexts: ArrayLike | str, times: np.ndarray, catalogue: Catalogue) -> np.ndarray:
    if isinstance(contexts, str):
        if not catalogue.has("context", contexts):
            known = ", ".join(catalogue.ids("context"))
            raise InputError([Problem("contexts", contexts, "is not a context", f"Use one of {known}.")])
        return np.full(times.shape, catalogue.context_index(contexts))
    context = np.asarray(contexts, dtype=int)
    if context.shape != times.shape:
        message = f"expected the shape of elapsed, {times.shape}, found {context.shape}"
        raise InputError([Problem("contexts", None, message, "Give one context for each sample.")])
    return context
