"""The oracle: simulate people from the story of the model, keep those who look like the patient, count the causes.

The simulator below is written from the text of the model and shares no code with the likelihood: exposures act as
exponential waiting times, IgM is a level with a shift, a dip and an error, findings come from a latent proneness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from sigm_bayes.query.weighing import Weighing

SEED = 20261129
PEOPLE, BATCHES = 400_000, 15
ADULT, TODDLER = 40.0, 2.0
CLINIC = "allergy_immunology_clinic"


def expit(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


@dataclass
class People:
    """A batch of simulated people: the answer (hypothesis), and what is measured of them."""

    hypothesis: np.ndarray
    exposed: np.ndarray
    igm: list[np.ndarray]
    igg_z: np.ndarray
    findings: dict[str, np.ndarray]


class Story:
    """One set of parameters, told forwards."""

    def __init__(self, p: dict[str, np.ndarray], encoder: Any, *, age: float, recorded: tuple[str, ...] = ()) -> None:
        self.p = {name: value[0] for name, value in p.items()}
        self.catalogue, self.constants, self.age = encoder.catalogue, encoder.constants, age
        self.setting, self.band = self.catalogue.setting_index(CLINIC), self.catalogue.age_band_index(age)
        self.recorded = recorded
        self.causes = self.catalogue.causes
        curve = encoder.curves["IgM"].design_row(age, 0.0)
        self.median = float(curve[0] @ self.p["curve_igm"])
        self.spread = float(np.exp(curve[1] @ self.p["curve_igm"] + self.p["log_spread_factor"]))
        row = encoder.curves["IgG"].design_row(age, 0.0)
        self.igg_spread = float(np.exp(row[1] @ self.p["curve_igg"]))

    def sample(self, rng: np.random.Generator, n: int, *, contexts: tuple[str, ...], years: float) -> People:
        p = self.p
        z = self._class(rng, n)
        exposed = self._exposures(rng, z)
        hypothesis = self._cause(rng, z, exposed)
        levels = self._levels(rng, hypothesis, years, len(contexts))
        igm = [self._measure(rng, x, c) for x, c in zip(levels, contexts, strict=True)]
        names = ("pneumonia", "recurrent_urti", "asthma")
        acting = [self.catalogue.cause_index(c) for c in self.recorded]
        shift = max([0.0, *(float(np.exp(p["log_exposure_infection"][k])) for k in acting)])
        return People(
            hypothesis, exposed, igm, self._igg(rng, hypothesis), self._findings(rng, hypothesis, names, shift)
        )

    def _class(self, rng: np.random.Generator, n: int) -> np.ndarray:
        p = self.p
        primary = np.exp(p["logit_primary"][self.setting] + p["primary_age"][self.band])
        other = np.exp(p["logit_other"][self.setting] + p["other_age"][self.band])  # a girl or a grown-up
        return rng.choice(3, n, p=np.array([primary, other, 1.0]) / (1.0 + primary + other))

    def _exposures(self, rng: np.random.Generator, z: np.ndarray) -> np.ndarray:
        p, out = self.p, []
        recordable = [c for c in self.causes if c.recordable]
        for k, cause in enumerate(recordable):
            logit = p["logit_exposure"][k] + p["exposure_setting"][k, self.setting] + p["exposure_age"][k, self.band]
            if set(self.recorded) & set(cause.raised_with):
                logit = logit + p["co_exposure"]
            by_class = np.array([*p["exposure_complication"][k], 0.0])
            impossible = (cause.max_age_years is not None and self.age > cause.max_age_years) or (
                cause.min_age_years is not None and self.age < cause.min_age_years
            )
            out.append((rng.random(len(z)) < expit(logit + by_class[z])) & (not impossible))
        return np.array(out).T

    def _cause(self, rng: np.random.Generator, z: np.ndarray, exposed: np.ndarray) -> np.ndarray:
        p = self.p
        occult = np.exp(p["log_occult_hazard"][self.setting] + p["occult_age"][self.band])
        rates = np.concatenate([exposed * np.exp(p["log_hazard"]), np.full((len(z), 1), occult)], axis=1)
        with np.errstate(divide="ignore"):
            waiting = rng.exponential(size=rates.shape) / rates
        first = waiting.argmin(axis=1)
        return np.where(z < 2, z, np.where(waiting.min(axis=1) < 1.0, 3 + first, 2))

    def _levels(self, rng: np.random.Generator, hypothesis: np.ndarray, years: float, n: int) -> list[np.ndarray]:
        """True ln IgM at the first and, `years` later, at the second sample."""
        p, size = self.p, len(hypothesis)
        own = self.spread * rng.standard_normal(size)
        depletion = np.array([False] * 3 + [c.depletion for c in self.causes])[hypothesis]
        profound = rng.random(size) < np.where(
            depletion, expit(p["logit_profound_depletion"]), expit(p["logit_profound_primary"])
        )
        affected = (hypothesis != 1) | (rng.random(size) < expit(p["logit_other_affected"]))
        component = np.where(hypothesis >= 3, 3, 0)
        component = np.where(depletion, np.where(profound, 1, 2), component)
        component = np.where(hypothesis < 2, np.where(profound, 1, 0), component)
        drop = -np.exp(p["log_shift"][component]) + np.exp(p["log_tau"][component]) * rng.standard_normal(size)
        drop = np.where((hypothesis == 2) | ~affected, 0.0, drop)
        kinds = ("constitutional", "slow", "stopped", "fast", "maturation")
        course = ["constitutional"] * 3 + [
            "constitutional" if c.recovers == "never" else c.recovers for c in self.causes
        ]
        rate = np.exp(p["log_recovery_rate"])[[kinds.index(c) for c in course]][hypothesis]
        gone = rng.random(size) < -np.expm1(-rate * years)
        second = own + np.where(gone, 0.0, drop)
        if self.constants["delay_low_years"] <= self.age < self.constants["delay_high_years"]:
            second = self._matured(rng, hypothesis, own, second, years)
        return [self.median + x for x in (own + drop, second)[:n]]

    def _matured(
        self, rng: np.random.Generator, hypothesis: np.ndarray, own: np.ndarray, second: np.ndarray, years: float
    ) -> np.ndarray:
        """Late maturers are a part of the healthy of their age; once they have caught up they are like anybody."""
        c, size = self.constants, len(own)
        at = own / self.spread
        late = np.exp(-0.5 * ((at + c["delay_shift_spreads"]) / c["delay_spread_ratio"]) ** 2) / c["delay_spread_ratio"]
        is_late = (hypothesis == 2) & (rng.random(size) < c["delay_share"] * late / np.exp(-0.5 * at**2))
        caught_up = is_late & (rng.random(size) < -np.expm1(-np.exp(self.p["log_recovery_rate"][4]) * years))
        return np.where(caught_up, self.spread * rng.standard_normal(size), second)

    def _measure(self, rng: np.random.Generator, level: np.ndarray, context: str) -> np.ndarray:
        c, size = self.constants, len(level)
        chance = expit(self.p["logit_dip"][self.catalogue.context_index(context)])
        dip = (rng.random(size) < chance) * (c["dip_shift"] + c["dip_sd"] * rng.standard_normal(size))
        return np.exp(level - dip + c["igm_error_sd"] * rng.standard_normal(size))

    def _igg(self, rng: np.random.Generator, hypothesis: np.ndarray) -> np.ndarray:
        """Measured z of IgG: usual, lowered or raised; in primary truly above the lower limit."""
        p, size = self.p, len(hypothesis)
        ig_class = np.where(hypothesis == 1, 0, np.maximum(hypothesis - 2, 0))
        mixed = (hypothesis == 1) | (hypothesis >= 3)
        high = mixed & (rng.random(size) < expit(p["logit_ig_high"][ig_class]))
        logit_low = p["logit_ig_low"][ig_class] + np.where(hypothesis >= 3, p["ig_low_pooled"], 0.0)
        low = mixed & ~high & (rng.random(size) < expit(logit_low))
        z = rng.standard_normal(size)
        while (wrong := (hypothesis == 0) & (z < -1.959963984540054)).any():
            z[wrong] = rng.standard_normal(int(wrong.sum()))
        z = np.where(low, p["ig_low_z"][0] + np.exp(p["log_ig_low_sd"][0]) * z, z)
        z = np.where(high, p["ig_high_z"][0] + np.exp(p["log_ig_high_sd"][0]) * z, z)
        drug = max([0.0, *(-float(p["exposure_ig_shift"][self.catalogue.cause_index(c)]) for c in self.recorded)])
        return z - drug + self.constants["igg_error_sd"] / self.igg_spread * rng.standard_normal(size)

    def _findings(
        self, rng: np.random.Generator, hypothesis: np.ndarray, names: tuple[str, ...], shift: float
    ) -> dict[str, np.ndarray]:
        p, u, out = self.p, rng.standard_normal(len(hypothesis)), {}
        effect_class = np.where(hypothesis < 2, hypothesis, 2)
        effect = (hypothesis != 2) * 1.0
        for name in names:
            k = self.catalogue.finding_index(name)
            infection = self.catalogue.findings[k].infection
            group = p["setting_infection" if infection else "setting_other"][self.setting]
            loading = np.exp(p["log_loading"][k])
            logit = (
                p["finding_base"][k] + p["finding_age"][k, self.band] + group + p["finding_setting"][k, self.setting]
            )
            logit = logit + loading * (u + shift * infection + effect * p["proneness"][effect_class])
            logit = logit + effect * p["finding_effect"][k, effect_class]
            out[name] = rng.random(len(u)) < expit(logit)
        return out


def common_enough(p: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same story with everything rare made common, so that rejection keeps enough people."""
    p["logit_primary"] += 3.0
    p["logit_other"] += 3.0
    p["log_occult_hazard"] += 2.0
    p["logit_exposure"] = np.maximum(p["logit_exposure"] + 2.0, -5.0)
    p["logit_exposure"][:, 0] = 0.0  # B-cell depletion, recorded in one scenario
    p["finding_base"] += 1.5
    return p


Chosen = Callable[[People], np.ndarray]


def below_40_with_pneumonia_and_urti(people: People) -> np.ndarray:
    return (people.igm[0] < 40.0) & people.findings["pneumonia"] & people.findings["recurrent_urti"]


def rituximab_then_normal(people: People) -> np.ndarray:
    return people.exposed[:, 0] & (people.igm[0] < 40.0) & (people.igm[1] >= 40.0) & people.findings["pneumonia"]


def toddler_with_a_normal_repeat(people: People) -> np.ndarray:
    return (people.igm[0] < 30.0) & (people.igm[1] >= 40.0) & ~people.findings["asthma"]


def low_igm_and_low_igg(people: People) -> np.ndarray:
    return (people.igm[0] < 40.0) & (people.igg_z < -1.959963984540054)


BELOW_40 = {"value": 40, "unit": "mg/dL", "comparator": "<", "context": "unknown"}
FROM_40 = {"value": 40, "unit": "mg/dL", "comparator": ">", "context": "well"}
SCENARIOS: dict[str, tuple[float, tuple[str, ...], dict[str, Any], Chosen]] = {
    "two infections": (
        ADULT,
        (),
        {"igm": [BELOW_40], "findings": {"pneumonia": "present", "recurrent_urti": "present"}},
        below_40_with_pneumonia_and_urti,
    ),
    "rituximab, normal a year later": (
        ADULT,
        ("b_cell_depletion",),
        {
            "igm": [{**BELOW_40, "date": "2024"}, {**FROM_40, "date": "2025"}],
            "findings": {"pneumonia": "present"},
            "causes": {"b_cell_depletion": {"state": "present", "started": "before_low_igm"}},
        },
        rituximab_then_normal,
    ),
    "toddler, normal a year later": (
        TODDLER,
        (),
        {
            "igm": [{**BELOW_40, "value": 30, "date": "2024"}, {**FROM_40, "date": "2025"}],
            "findings": {"asthma": "absent"},
        },
        toddler_with_a_normal_repeat,
    ),
    "low IgG": (ADULT, (), {"igm": [BELOW_40], "igg_status": "low"}, low_igm_and_low_igg),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_simulated_people_agree_with_the_answer(
    name: str, prior_draws: Callable[..., Any], person: Callable[..., Any], encoder: Any
) -> None:
    age, recorded, file, chosen = SCENARIOS[name]
    p = common_enough(prior_draws(1, seed=SEED))
    patient = person(age_years=age, sex="female", setting=CLINIC, **file)
    want = Weighing(p, encoder.encode(patient)).probabilities()[0]
    story = Story(p, encoder, age=age, recorded=recorded)
    rng = np.random.default_rng([SEED, len(name)])
    contexts = tuple(s.context for s in patient.igm)
    counts = np.zeros(len(want))
    for _ in range(BATCHES):
        people = story.sample(rng, PEOPLE, contexts=contexts, years=1.0)
        counts += np.bincount(people.hypothesis[chosen(people)], minlength=len(want))
    n = counts.sum()
    assert n > 5_000
    got = counts / n
    # 32 hypotheses at once: 4.5 SE is exceeded by chance once in 4,000 tests; rare ones by a count of 15 at most.
    error = np.sqrt(want * (1.0 - want) / n)
    assert np.all(np.abs(got - want) < 4.5 * error + 15.0 / n * (want * n < 10.0))
    assert np.sum(want > 0.02) >= 3  # and there was something to tell apart
