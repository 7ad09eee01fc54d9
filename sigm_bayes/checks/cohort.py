"""Simulated people with a low IgM, and what the released model says of them.

In each block the parameters are one of the draws that score, every draw used equally often: the prior of the parameters
is then exactly the draws, and nothing of the result is Monte Carlo error of too few of them.

Two answers are kept for every person. The *answer of the tool* weighs each draw by how probable the person is under it,
P(class | person) = sum_d P(class, person | d) / sum_d P(person | d): the probability that comes true when parameters
are redrawn. The *plain mean* of P(class | person, draw) over the draws is kept to compare: it differs where the person
is itself evidence about the parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.likelihood.hypotheses import CLASSES, class_of_hypothesis
from sigm_bayes.patient import Patient, parse_patient
from sigm_bayes.simulate.people import People, simulate_people

if TYPE_CHECKING:
    from sigm_bayes.checks.subject import Subject
    from sigm_bayes.query.model import Model

SETTINGS: Mapping[str, float] = {
    "community": 0.1, "primary_care": 0.2, "hospital": 0.3, "allergy_immunology_clinic": 0.4,
}  # fmt: skip
"""Where the simulated people are tested: a choice, so that every setting and enough primary cases are there."""
AGES = (1.0, 85.0)
"""Years, uniform."""
RECORDED, MEASURED, TESTED = 0.7, 0.9, 0.3
"""Chance that a finding is recorded, IgG and IgA are measured, an immunology test is done; independent of all else."""
HIGHEST_PRINTED = 5000.0
"""mg/dL; above it the laboratory prints ">5000"."""
PART = 20
"""Blocks that are kept together."""
LABORATORY = {"resolution": 1, "unit": "mg/dL"}


@dataclass(frozen=True)
class Records:
    """What is recorded of simulated people; unknown is -1. Arrays have the person as first axis."""

    findings: np.ndarray
    measured: np.ndarray
    tests_done: np.ndarray
    igm_mg_dl: np.ndarray
    label: np.ndarray


@dataclass(frozen=True)
class Change:
    """How the world differs from the model; identity functions where it does not.

    Attributes
    ----------
    parameters : callable
        From the parameters of the block to those that people are simulated with.
    people, records : callable
        From what was simulated to what is. `people` is given the healthy ln-SD of IgM of each person, `records` a
        random generator.
    """

    parameters: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]] = lambda p: p
    people: Callable[[People, np.ndarray], People] = lambda people, spread: people
    records: Callable[[People, Records, np.random.Generator], Records] = lambda people, records, rng: records


@dataclass(frozen=True)
class Scored:
    """Low-IgM people of all blocks.

    Attributes
    ----------
    block : ndarray of int, shape (person,)
    truth : ndarray of int, shape (person,)
        Index into `likelihood.hypotheses.CLASSES`.
    answer, plain : ndarray, shape (person, class)
        Of the tool, and the plain mean over the draws.
    rule : ndarray of bool, shape (person,)
        Meets the cut-off rule after the ESID definition.
    tested : int
        People whose IgM was measured to find these.
    """

    block: np.ndarray
    truth: np.ndarray
    answer: np.ndarray
    plain: np.ndarray
    rule: np.ndarray
    tested: int


def scored_cohort(
    model: Model, *, blocks: range, tested: int, draws: int, seed: int, change: Change | None = None
) -> Scored:
    """Simulate blocks of tested people, keep those with a low IgM, and ask the model.

    Parameters
    ----------
    blocks : range
        Numbers of the blocks; of all of them together every draw should be used equally often.
    tested : int
        People tested in each block.
    draws : int
        Evenly spaced draws of the released posterior, used both to simulate and to score.
    """
    every = {name: v[:: max(1, len(v) // draws)][:draws] for name, v in model.parameters.items()}
    used = len(every["logit_primary"])
    change = Change() if change is None else change
    parts: list[tuple[np.ndarray, ...]] = []
    for b in blocks:
        truth = {name: np.array(v[b % used], dtype=float) for name, v in every.items()}
        people, records = low_people(model, truth, tested=tested, seed=[seed, b], change=change)
        answered = [_answer(model, every, patient) for patient in patients_of(model, people, records)]
        if answered:
            answer, plain = (np.array(column) for column in zip(*answered, strict=True))
            rule = cut_off_rule(model, people, records)
            parts.append((np.full(len(answered), b), records.label, answer, plain, rule))
    block, label, answer, plain, rule = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Scored(block, label, answer, plain, rule, len(blocks) * tested)


def kept_cohort(
    subject: Subject, name: str, *, blocks: int, tested: int, draws: int, change: Change | None = None
) -> Scored:
    """`scored_cohort` in parts that are kept in the folder of the check as they are finished."""
    kind = "answer: draws weighed by the person"
    work = subject.work(f"cohort-{name}", tested=tested, draws=draws, kind=kind)  # more blocks may follow
    parts = []
    for first in range(0, blocks, PART):
        kept = work.read_arrays(f"{first:05d}")
        if kept is None:
            subject.tell(f"{name}: simulated people", first, blocks)
            these = range(first, min(first + PART, blocks))
            found = scored_cohort(
                subject.model, blocks=these, tested=tested, draws=draws, seed=subject.seed, change=change
            )  # fmt: skip
            kept = {key: np.asarray(value) for key, value in vars(found).items()}
            work.write_arrays(f"{first:05d}", **kept)
        parts.append(kept)
    joined = {key: np.concatenate([p[key] for p in parts]) for key in ("block", "truth", "answer", "plain", "rule")}
    return Scored(**joined, tested=int(sum(p["tested"] for p in parts)))


def low_people(
    model: Model, truth: dict[str, np.ndarray], *, tested: int, seed: list[int], change: Change
) -> tuple[People, Records]:
    """Test people of mixed age, sex and setting, record them, and keep those whose printed IgM is below its limit."""
    rng = np.random.default_rng(seed)
    curves = model.encoder.curves
    settings = rng.choice(list(SETTINGS), tested, p=list(SETTINGS.values())).tolist()
    people = simulate_people(
        change.parameters(truth), catalogue=model.catalogue, priors=model.priors, curves=curves, n=tested,
        settings=settings, ages=rng.uniform(*AGES, tested),
        seed=np.random.SeedSequence([*seed, 1]), contexts="well",
    )  # fmt: skip
    rows = curves["IgM"].design_rows(people.age_years, people.male)[1]
    people = change.people(people, np.exp(rows @ truth["curve_igm"] + truth["log_spread_factor"]))
    records = change.records(people, record(people, rng), rng)
    limit = curves["IgM"].lower_limit(people.age_years, people.male)
    low = records.igm_mg_dl < limit
    return people.take(low), Records(**{name: value[low] for name, value in vars(records).items()})


def record(people: People, rng: np.random.Generator) -> Records:
    """Record people completely at random: every exposure, most findings, some tests."""
    n = len(people)
    asked = rng.random(people.findings.shape) < RECORDED
    return Records(
        findings=np.where(asked, people.findings.astype(int), -1),
        measured=rng.random((n, 2)) < MEASURED,
        tests_done=rng.random(people.tests_abnormal.shape) < TESTED,
        igm_mg_dl=np.maximum(np.round(people.igm[:, 0]), 1.0),
        label=people.class_index.copy(),
    )


def patients_of(model: Model, people: People, records: Records) -> list[Patient]:
    """The people as a patient file would state them."""
    catalogue = model.catalogue
    settings, findings, tests = (catalogue.ids(kind) for kind in ("setting", "finding", "test"))
    causes = [c.id for c in catalogue.causes if c.recordable]
    invasive = catalogue.finding_index("invasive_infection")
    out = []
    for i in range(len(people)):
        states = {findings[k]: _STATE[int(s)] for k, s in enumerate(records.findings[i]) if s >= 0}
        stated: dict[str, Any] = {
            "age_years": float(people.age_years[i]), "sex": "male" if people.male[i] else "female",
            "setting": settings[people.setting[i]],
            "igm": [{"value": float(records.igm_mg_dl[i]), "context": "well", **LABORATORY}],
            "findings": states,
            "causes": {id: _exposure(bool(on)) for id, on in zip(causes, people.exposures[i], strict=True)},
            "tests": {
                tests[k]: "abnormal" if people.tests_abnormal[i, k] else "normal"
                for k in np.flatnonzero(records.tests_done[i])
            },
        }  # fmt: skip
        for name, level, there in zip(("igg", "iga"), (people.igg[i], people.iga[i]), records.measured[i], strict=True):
            if there:
                stated[name] = [_printed(float(level))]
        if states.get("invasive_infection") == "present" and people.findings[i, invasive]:
            stated["invasive"] = [_episode(model, people, i)]
        out.append(parse_patient(stated, catalogue=catalogue))
    return out


_STATE = {1: "present", 0: "absent"}


def _exposure(on: bool) -> Any:
    return {"state": "present", "started": "before_low_igm"} if on else "absent"


def _printed(level: float) -> dict[str, Any]:
    """A result of IgG or IgA as the laboratory prints it."""
    if level > HIGHEST_PRINTED:
        return {"value": HIGHEST_PRINTED, "comparator": ">", **LABORATORY}
    return {"value": float(max(round(level), 1)), **LABORATORY}


def _episode(model: Model, people: People, i: int) -> dict[str, str]:
    invasive = model.catalogue.invasive
    parts = (
        ("site", invasive.sites, people.site), ("organism", invasive.organisms, people.organism),
        ("severity", invasive.severities, people.severity), ("number", invasive.numbers, people.number),
    )  # fmt: skip
    return {name: options[int(values[i])].id for name, options, values in parts}


def _answer(model: Model, parameters: Mapping[str, np.ndarray], patient: Patient) -> tuple[np.ndarray, np.ndarray]:
    """P(class) as the tool answers, and as a plain mean over the draws; each (class,)."""
    from sigm_bayes.query.weighing import Weighing

    weighing = Weighing(parameters, model.encoder.encode(patient))
    log_joint = weighing.log_joint(weighing.everything)
    return two_answers(log_joint, class_of_hypothesis(log_joint.shape[1] - 3))


def two_answers(log_joint: np.ndarray, class_index: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """P(class) with draws weighed by how probable the person is, and alike; log_joint (draw, hypothesis)."""
    member = np.eye(len(CLASSES))[np.asarray(class_index)]
    joint = np.exp(log_joint - log_joint.max()) @ member
    each = np.exp(log_joint - log_joint.max(axis=1, keepdims=True)) @ member
    return joint.sum(axis=0) / joint.sum(), (each / each.sum(axis=1, keepdims=True)).mean(axis=0)


def cut_off_rule(model: Model, people: People, records: Records) -> np.ndarray:
    """Low IgM (all here), IgG and IgA measured and normal, some infection recorded, no cause; bool (person,).

    The parts of the ESID working definition that are recorded, as in `sigm_bayes.evaluation.features.cut_off_rule`.
    """
    curves = model.encoder.curves
    normal = np.ones(len(people), dtype=bool)
    for n, (name, level) in enumerate((("IgG", people.igg), ("IgA", people.iga))):
        low = curves[name].lower_limit(people.age_years, people.male)
        high = curves[name].upper_limit(people.age_years, people.male)
        normal &= records.measured[:, n] & (level >= low) & (level <= high)
    infection = np.array([f.infection for f in model.catalogue.findings], dtype=bool)
    infected = (records.findings[:, infection] == 1).any(axis=1)
    return np.asarray(normal & infected & ~people.exposures.any(axis=1))


def with_igm(people: People, factor: np.ndarray) -> People:
    """People whose measured IgM is multiplied; factor (person,)."""
    return replace(people, igm=people.igm * factor[:, None])
