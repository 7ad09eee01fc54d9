"""A registry from the model: centres test people, select some, print, label and record them, not always rightly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.priors import Priors
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.likelihood.hypotheses import CLASSES
from sigm_bayes.reference import Curves
from sigm_bayes.simulate.centres import Centre, draw_centres, draw_visits
from sigm_bayes.simulate.options import ANALYTES, ASCERTAINMENTS, Options
from sigm_bayes.simulate.parameters import Truth
from sigm_bayes.simulate.people import People, simulate_people
from sigm_bayes.simulate.printing import Printed, below, round_and_print

NO_LABEL = len(CLASSES)
BATCH = (2_000, 100_000)
"""Fewest and most people that are simulated at a time while looking for those who are selected."""
MOST_TESTED = 5_000_000
"""People that one centre may test before the selection is called impossible."""


@dataclass(frozen=True)
class Records:
    """What a registry holds of its people, and the people as they truly are.

    Attributes
    ----------
    people : People
        The truth.
    day : (person, sample) datetime64[D]
    label : (person,) int
        Index into `likelihood.hypotheses.CLASSES`; `NO_LABEL` where there is none.
    label_day : (person,) datetime64[D]
    igm : tuple of Printed, one a sample
    igg, iga : Printed
    findings : (person, finding) int
        1, 0, or -1 where the cell is blank. Of a box to tick, 0 means only that it was not ticked.
    causes : (person, exposure) int
    tests_done : (person, test) bool
    """

    people: People
    day: np.ndarray
    label: np.ndarray
    label_day: np.ndarray
    igm: tuple[Printed, ...]
    igg: Printed
    iga: Printed
    findings: np.ndarray
    causes: np.ndarray
    tests_done: np.ndarray


@dataclass(frozen=True)
class Registry:
    """A synthetic registry.

    Attributes
    ----------
    centres : list of Centre
    records : list of Records
        One a centre, in the same order.
    tested : list of int
        People that each centre had to test to enrol its own.
    ascertainment : str
    seed : int
    """

    centres: list[Centre]
    records: list[Records]
    tested: list[int]
    ascertainment: str
    seed: int

    def __len__(self) -> int:
        return sum(len(part.people) for part in self.records)


@dataclass(frozen=True)
class World:
    """What does not differ between centres."""

    truth: Truth
    catalogue: Catalogue
    priors: Priors
    curves: Curves
    options: Options
    ascertainment: str


def simulate_registry(
    parameters: Truth, *, catalogue: Catalogue, priors: Priors, curves: Curves, options: Options, n: int,
    centres: int, seed: int, ascertainment: str = "low_igm",
) -> Registry:  # fmt: skip
    """Simulate a registry.

    Parameters
    ----------
    parameters : mapping
        The truth, see `draw_parameters`.
    options : Options
        See `load_options`.
    n, centres : int
        People in the registry, and centres that share them; every centre enrols at least one.
    seed : int
    ascertainment : str
        ``all_tested``: everyone whose IgM was measured. ``low_igm``: first IgM printed below the centre's cut-off.
        ``labelled_primary``: of those, the ones that the centre calls primary.

    Raises
    ------
    InputError
        If an argument does not fit, or the selection hardly ever happens.
    """
    if ascertainment not in ASCERTAINMENTS:
        remedy = f"Use one of {', '.join(ASCERTAINMENTS)}."
        raise InputError([Problem("ascertainment", ascertainment, "is not a way to select people", remedy)])
    if not 1 <= centres <= n:
        message = f"expected 1 to {n} centres, so that each has a person"
        raise InputError([Problem("centres", centres, message, "Give fewer centres or more people.")])
    world = World(parameters, catalogue, priors, curves, options, ascertainment)
    seeds = np.random.SeedSequence(seed).spawn(centres + 1)
    drawn = draw_centres(options, count=centres, rng=np.random.default_rng(seeds[-1]))
    enrolled = [_enrol(world, c, k, s) for c, k, s in zip(drawn, _sizes(drawn, n), seeds[:-1], strict=True)]
    return Registry(drawn, [e[0] for e in enrolled], [e[1] for e in enrolled], ascertainment, seed)


def _sizes(centres: list[Centre], n: int) -> list[int]:
    """People of each centre: by size, at least one, n in all (largest remainders)."""
    free = n - len(centres)
    shares = np.array([c.size for c in centres]) * free
    whole = np.floor(shares).astype(int)
    largest = np.argsort(-(shares - whole), kind="stable")[: free - int(whole.sum())]
    whole[largest] += 1
    return [int(k) + 1 for k in whole]


def _enrol(world: World, centre: Centre, n: int, seed: np.random.SeedSequence) -> tuple[Records, int]:
    """Test people in batches until n are selected."""
    kept: list[Records] = []
    have, tested, size = 0, 0, max(BATCH[0], 2 * n)
    while have < n:
        if tested >= MOST_TESTED:
            message = f"at centre {centre.id} only {have} of {tested:,} tested people are selected"
            remedy = "Ask for fewer people, another ascertainment, or a higher cut-off in the options."
            raise InputError([Problem("ascertainment", world.ascertainment, message, remedy)])
        batch, selected = _batch(world, centre, min(size, BATCH[1]), seed.spawn(1)[0])
        where = np.flatnonzero(selected)[: n - have]
        # The last batch counts up to the last one enrolled.
        tested += len(selected) if have + len(where) < n else int(where[-1]) + 1
        have += len(where)
        kept.append(_take(batch, where))
        size = int(1.2 * tested * (n - have) / max(have, 1)) + BATCH[0]
    return _join(kept), tested


def _batch(
    world: World, centre: Centre, n: int, seed: np.random.SeedSequence
) -> tuple[Records, np.ndarray]:  # fmt: skip
    """Everything about n tested people, and who of them is selected."""
    for_people, for_visits, for_records = seed.spawn(3)
    visits = draw_visits(centre, world.options, n=n, catalogue=world.catalogue, rng=np.random.default_rng(for_visits))
    people = simulate_people(
        centre.parameters(world.truth, catalogue=world.catalogue), catalogue=world.catalogue, priors=world.priors,
        curves=world.curves, n=n, settings=centre.setting, ages=visits.age_years, seed=for_people, male=visits.male,
        elapsed=visits.elapsed, contexts=visits.context,
    )  # fmt: skip
    rng = np.random.default_rng(for_records)
    igm, igg, iga = _print_all(world, centre, people, rng)
    label, label_day = _labels(world, people, visits.day[:, 0], rng)
    records = Records(
        people=people, day=visits.day, label=label, label_day=label_day, igm=igm, igg=igg, iga=iga,
        findings=_recorded_findings(world, centre, people, rng),
        causes=_recorded(people.exposures, centre.cause_recorded, rng),
        tests_done=rng.random(people.tests_abnormal.shape) < centre.test_done,
    )  # fmt: skip
    selected = np.ones(n, dtype=bool)
    if world.ascertainment != "all_tested":
        selected &= below(igm[0], centre.cut_off_igm_mg_dl)
    if world.ascertainment == "labelled_primary":
        selected &= label == CLASSES.index("primary")
    return records, selected


def _print_all(
    world: World, centre: Centre, people: People, rng: np.random.Generator
) -> tuple[tuple[Printed, ...], Printed, Printed]:
    """What the laboratory prints; all results of one day have one unit."""
    other = {"mg/dL": "g/L", "g/L": "mg/dL"}[centre.unit]
    unit = np.where(rng.random(people.igm.shape) < centre.other_unit_share, other, centre.unit)
    measured = rng.random(len(people)) < world.options.samples["igg_iga_measured"]

    def results(analyte: str, level: np.ndarray, sample: int) -> Printed:
        return round_and_print(
            level * np.exp(centre.assay_offset[analyte]), unit=unit[:, sample].tolist(),
            resolution_mg_dl=centre.resolution_mg_dl[analyte],
            quantified_from_mg_dl=centre.quantified_from_mg_dl[analyte],
        )  # fmt: skip

    igm = tuple(results("IgM", people.igm[:, j], j) for j in range(people.igm.shape[1]))
    igg, iga = (
        results(analyte, np.where(measured, level, np.nan), 0)
        for analyte, level in zip(ANALYTES[1:], (people.igg, people.iga), strict=True)
    )
    return igm, igg, iga


def _labels(
    world: World, people: People, first_day: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The centre's label and its date, one month to one year after the first sample."""
    options = world.options.labels
    confusion = confusion_matrix(options)
    u = rng.random(len(people))[:, None]
    label = (u >= confusion.cumsum(axis=1)[people.class_index][:, :-1]).sum(axis=1)
    label = np.where(rng.random(len(people)) < options["blank"], NO_LABEL, label)
    day = first_day + rng.integers(30, 365, len(people)).astype("timedelta64[D]")
    return label, np.where(label == NO_LABEL, np.datetime64("NaT", "D"), day)


def confusion_matrix(labels: Mapping[str, Any]) -> np.ndarray:
    """P(label | true class, labelled); (class, label), rows sum to 1."""
    out = np.zeros((len(CLASSES), len(CLASSES)))
    for i, true in enumerate(CLASSES):
        out[i, i] = 1.0 - labels["wrong"]
        for id, share in labels["wrong_as"][true].items():
            out[i, CLASSES.index(id)] += labels["wrong"] * share
    return out


def _recorded(state: np.ndarray, completeness: float, rng: np.random.Generator) -> np.ndarray:
    """1, 0, or -1 where the cell was left blank."""
    return np.where(rng.random(state.shape) < completeness, state.astype(int), -1)


def _recorded_findings(world: World, centre: Centre, people: People, rng: np.random.Generator) -> np.ndarray:
    out = _recorded(people.findings, centre.finding_recorded, rng)
    boxes = [world.catalogue.finding_index(id) for id in world.options.records["tick_boxes"]]
    ticked = rng.random((len(people), len(boxes))) < world.options.records["ticked"]
    out[:, boxes] = people.findings[:, boxes] & ticked
    return out


def _take(records: Records, where: np.ndarray) -> Records:
    return Records(
        people=records.people.take(where), day=records.day[where], label=records.label[where],
        label_day=records.label_day[where], igm=tuple(_take_printed(p, where) for p in records.igm),
        igg=_take_printed(records.igg, where), iga=_take_printed(records.iga, where),
        findings=records.findings[where], causes=records.causes[where], tests_done=records.tests_done[where],
    )  # fmt: skip


def _take_printed(printed: Printed, where: np.ndarray) -> Printed:
    return Printed(
        printed.value_mg_dl[where], printed.censored[where], [printed.text[i] for i in where],
        [printed.unit[i] for i in where],
    )  # fmt: skip


def _join(parts: list[Records]) -> Records:
    def arrays(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts])

    return Records(
        people=People.join([part.people for part in parts]), day=arrays("day"), label=arrays("label"),
        label_day=arrays("label_day"),
        igm=tuple(_join_printed(list(same)) for same in zip(*(part.igm for part in parts), strict=True)),
        igg=_join_printed([part.igg for part in parts]), iga=_join_printed([part.iga for part in parts]),
        findings=arrays("findings"), causes=arrays("causes"), tests_done=arrays("tests_done"),
    )  # fmt: skip


def _join_printed(parts: list[Printed]) -> Printed:
    return Printed(
        np.concatenate([p.value_mg_dl for p in parts]), np.concatenate([p.censored for p in parts]),
        [text for p in parts for text in p.text], [unit for p in parts for unit in p.unit],
    )  # fmt: skip
