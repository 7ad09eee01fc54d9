"""Centres: how each differs from the model's settings, and the people it tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.simulate.options import ANALYTES, Options
from sigm_bayes.simulate.parameters import Truth

DAYS_PER_YEAR = 365.25
MOST_SAMPLES = 3
PREGNANT = "pregnant"
PREGNANT_FROM_YEARS, PREGNANT_TO_YEARS = 18.0, 45.0


@dataclass(frozen=True)
class Centre:
    """One centre.

    Attributes
    ----------
    id, setting : str
    size : float
        Share of the registry's people.
    prevalence_offset : float
        Added to the log-odds of primary and of other immunodeficiency.
    background_offset : float
        Mean proneness to findings of its people.
    assay_offset : dict
        ln of measured over true level, by analyte.
    cut_off_igm_mg_dl : float
        First IgM printed below it counts as low.
    unit : str
    other_unit_share : float
    resolution_mg_dl, quantified_from_mg_dl : dict
        By analyte.
    finding_recorded, cause_recorded, test_done : float
        Probability that a cell is filled.
    """

    id: str
    setting: str
    size: float
    prevalence_offset: float
    background_offset: float
    assay_offset: dict[str, float]
    cut_off_igm_mg_dl: float
    unit: str
    other_unit_share: float
    resolution_mg_dl: dict[str, float]
    quantified_from_mg_dl: dict[str, float]
    finding_recorded: float
    cause_recorded: float
    test_done: float

    def parameters(self, truth: Truth, *, catalogue: Catalogue) -> dict[str, np.ndarray]:
        """The truth as it holds at this centre."""
        at = catalogue.setting_index(self.setting)
        out = dict(truth)
        offsets = {
            "logit_primary": self.prevalence_offset,
            "logit_other": self.prevalence_offset,
        }
        for name, offset in offsets.items():
            out[name] = np.array(truth[name], dtype=float)
            out[name][at] += offset
        out["proneness_mean"] = np.array(self.background_offset)
        return out


def draw_centres(options: Options, *, count: int, rng: np.random.Generator) -> list[Centre]:
    """Draw centres; what the options list goes round in turn, the rest is random."""
    mix, lab, records = options.case_mix, options.laboratory, options.records
    sizes = np.exp(mix["size_sd"] * rng.standard_normal(count))
    out = []
    for i in range(count):
        offsets = lab["offset_sd"] * rng.standard_normal(len(ANALYTES))
        prevalence, background = rng.standard_normal(2) * (mix["prevalence_sd"], mix["background_sd"])
        recorded = {name: _rounded(rng.uniform(*records[name])) for name in _RECORDED}

        def turn(values: list, i: int = i) -> float:
            return values[i % len(values)]

        out.append(
            Centre(
                id=f"C{i + 1:02d}",
                setting=mix["settings"][i % len(mix["settings"])],
                size=_rounded(sizes[i] / sizes.sum()),
                prevalence_offset=_rounded(prevalence),
                background_offset=_rounded(background),
                assay_offset={a: _rounded(x) for a, x in zip(ANALYTES, offsets, strict=True)},
                cut_off_igm_mg_dl=float(turn(lab["cut_off_igm_mg_dl"])),
                unit=lab["unit"][i % len(lab["unit"])],
                other_unit_share=float(turn(lab["other_unit_share"])),
                resolution_mg_dl={a: float(turn(lab["resolution_mg_dl"][a])) for a in ANALYTES},
                quantified_from_mg_dl={a: float(turn(lab["quantified_from_mg_dl"][a])) for a in ANALYTES},
                **recorded,
            )
        )
    return out


def _rounded(value: float) -> float:
    """To six decimals, so that what is written is what was used, on every processor."""
    return round(float(value), 6)


_RECORDED = ("finding_recorded", "cause_recorded", "test_done")


@dataclass(frozen=True)
class Visits:
    """Who comes, and when blood is taken.

    Attributes
    ----------
    age_years, male : (person,)
        Age to two decimals, as it is recorded.
    day : (person, sample) datetime64[D]
        NaT where there is no sample.
    elapsed : (person, sample)
        Years since the first.
    context : (person, sample) int
    """

    age_years: np.ndarray
    male: np.ndarray
    day: np.ndarray
    elapsed: np.ndarray
    context: np.ndarray


def draw_visits(centre: Centre, options: Options, *, n: int, catalogue: Catalogue, rng: np.random.Generator) -> Visits:
    """Draw ages, dates and contexts of the people that a centre tests."""
    age = _ages(centre, options, n, catalogue, rng)
    male = rng.integers(0, 2, n).astype(float)
    plan = options.samples
    start = np.datetime64(f"{plan['first_year']}-01-01", "D")
    days = int((np.datetime64(f"{plan['last_year'] + 1}-01-01", "D") - start).astype(int))
    first = start + rng.integers(0, days, n).astype("timedelta64[D]")
    months = plan["interval_months"] * np.exp(plan["interval_ln_sd"] * rng.standard_normal((n, MOST_SAMPLES - 1)))
    gaps = np.maximum(np.rint(months * DAYS_PER_YEAR / 12.0), 1.0)
    again = rng.random((n, MOST_SAMPLES - 1)) < (plan["repeated"], plan["repeated_again"])
    since = np.concatenate([np.zeros((n, 1)), gaps.cumsum(axis=1)], axis=1)
    taken = np.concatenate([np.ones((n, 1), dtype=bool), np.logical_and.accumulate(again, axis=1)], axis=1)
    day = first[:, None] + since.astype("timedelta64[D]")
    taken &= day < np.datetime64(f"{plan['last_year'] + 2}-01-01", "D")  # when it is exported
    day = np.where(taken, day, np.datetime64("NaT", "D"))
    return Visits(
        age_years=age, male=male, day=day, elapsed=np.where(taken, since / DAYS_PER_YEAR, np.nan),
        context=_contexts(centre, options, age, male, catalogue, rng),
    )  # fmt: skip


def _ages(centre: Centre, options: Options, n: int, catalogue: Catalogue, rng: np.random.Generator) -> np.ndarray:
    shares = options.case_mix["age_bands"][centre.setting]
    p = np.array([shares.get(band.id, 0.0) for band in catalogue.age_bands])
    low = np.array([band.low_years for band in catalogue.age_bands])
    high = np.array([band.high_years for band in catalogue.age_bands])
    high[-1] = min(high[-1], options.case_mix["highest_age_years"])
    band = rng.choice(len(p), size=n, p=p / p.sum())
    # To two decimals, downwards: an age never rounds into the next band.
    return np.maximum(np.floor(100.0 * rng.uniform(low[band], high[band])) / 100.0, low[band])


def _contexts(
    centre: Centre, options: Options, age: np.ndarray, male: np.ndarray, catalogue: Catalogue, rng: np.random.Generator
) -> np.ndarray:
    shares = options.samples["contexts"][centre.setting]
    ids = catalogue.ids("context")
    p = np.array([shares.get(id, 0.0) for id in ids])
    context = rng.choice(len(ids), size=(len(age), MOST_SAMPLES), p=p / p.sum())
    may_be_pregnant = (male == 0.0) & (age >= PREGNANT_FROM_YEARS) & (age < PREGNANT_TO_YEARS)
    wrong = (context == ids.index(PREGNANT)) & ~may_be_pregnant[:, None] if PREGNANT in ids else False
    return np.where(wrong, ids.index("unknown"), context)
