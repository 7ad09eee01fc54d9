"""The repeat IgM: its results add up, its gain falls with what is known, and simulated people agree."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sigm_bayes import Patient
from sigm_bayes.errors import InputError
from sigm_bayes.likelihood import person as person_
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.query import Model
from sigm_bayes.query.information import gain_bits, joint_of, result_given_class
from sigm_bayes.query.repeat_igm import FINE, grid_edges, repeat_cells, repeat_grid
from sigm_bayes.query.situation import situation
from sigm_bayes.query.weighing import Weighing

SEED = 20261205
CLINIC = {"setting": "allergy_immunology_clinic", "igg_status": "normal", "iga_status": "normal"}


def share(model: Model, values: list[int], context: str, **known: Any) -> float:
    igm = [{"value": value, "unit": "mg/dL", "context": context} for value in values]
    found = model.next(Patient(**{"age_years": 40, **CLINIC, **known}, igm=igm))
    return next(item.share for item in found.information if item.id == "repeat_igm")


@pytest.mark.parametrize("setting", ["hospital", "allergy_immunology_clinic"])
def test_a_repeat_tells_much_after_acute_illness_and_little_after_three_low_values(model: Model, setting: str) -> None:
    ill = share(model, [25], "acute_infection", setting=setting)
    well = share(model, [25], "well", setting=setting)
    persistent = share(model, [25, 24, 26], "well", setting=setting)
    assert ill > 0.12
    assert persistent < 0.06
    assert ill > well > persistent
    assert ill > 3.0 * persistent


def test_a_repeat_that_is_not_low_speaks_against_primary(model: Model) -> None:
    patient = Patient(age_years=40, igm=[{"value": 25, "unit": "mg/dL"}], **CLINIC)
    item = next(i for i in model.next(patient).information if i.id == "repeat_igm")
    low, normal = item.outcomes
    assert (low.result, normal.result) == ("still_low", "normal")
    assert normal.after["primary"] < 0.1 * low.after["primary"]
    assert item.months == 3.0
    assert item.grid[0].low_mg_dl == 0.0
    assert item.grid[-1].high_mg_dl is None
    assert sum(p.probability for p in item.grid if (p.high_mg_dl or math.inf) <= 36.0) < low.probability


def test_the_interval_matters(model: Model) -> None:
    """After an acute illness it is the time that lets IgM come back; half a week is not three months."""
    patient = Patient(
        age_years=40, igm=[{"value": 25, "unit": "mg/dL", "context": "well"}],
        causes={"critical_illness": "present"}, **CLINIC,
    )  # fmt: skip
    soon, late = (model.next(patient, repeat_months=m) for m in (0.1, 12))
    low = [next(i for i in found.information if i.id == "repeat_igm").outcomes[0].probability for found in (soon, late)]
    assert low[0] > low[1] + 0.05


@pytest.mark.parametrize("months", [0, -3, math.nan, math.inf, 1e9])
def test_an_interval_that_is_none_is_refused(model: Model, months: float) -> None:
    answer = model.query(Patient(age_years=40, igm=[{"value": 25, "unit": "mg/dL"}]))
    with pytest.raises(InputError, match="repeat_months"):
        answer.next(repeat_months=months)


@pytest.mark.parametrize("limits", [(38.7, 230.0), (40.0, 230.0), (1.2, 50.0), (0.4, 9.0), (17.5, 120.0)])
def test_edges_lie_between_printed_values_and_on_the_limit(limits: tuple[float, float]) -> None:
    edges = grid_edges(limits)
    assert edges[0] == 0.0
    assert math.isinf(edges[-1])
    inner = edges[1:-1]
    assert np.all(np.diff(edges[:-1]) > 0.0)
    np.testing.assert_allclose(inner % 1.0, 0.5)
    printed = np.arange(1.0, 300.0)
    low = printed[printed + 0.5 <= limits[0]]  # prints as low: its whole interval lies below the limit
    for value in printed:
        cell = int(np.searchsorted(edges, value)) - 1
        assert (edges[cell + 1] <= limits[0]) == (value in low)


HISTORIES: dict[str, dict[str, Any]] = {
    "one value": {"igm": [{"value": 25, "unit": "mg/dL", "context": "well"}]},
    "censored, ill": {
        "igm": [{"value": 20, "unit": "mg/dL", "comparator": "<", "resolution": 1, "context": "acute_infection"}]
    },
    "two values": {"igm": [{"value": 25, "unit": "mg/dL"}, {"value": 31, "unit": "mg/dL"}]},
    "a toddler": {"age_years": 3.0, "igm": [{"value": 25, "unit": "mg/dL"}]},
    "told of before": {
        "causes": {"b_cell_depletion": {"state": "present", "started": "before_low_igm", "igm_before": "normal"}}
    },
    "dated dose": {
        "igm": [{"value": 25, "unit": "mg/dL", "date": "2026-01"}],
        "causes": {"clozapine": {"state": "present", "started": "before_low_igm", "last_dose": "2025-11"}},
    },
    "as many as fit": {"igm": [{"value": v, "unit": "mg/dL"} for v in (25, 31, 28, 22)]},
}


@pytest.mark.parametrize("step", [FINE, 1.45])
@pytest.mark.parametrize("name", HISTORIES)
def test_the_cells_add_up_to_what_was_known(
    name: str, step: float, encoder: Any, prior_draws: Callable[..., Any], person: Callable[..., Patient]
) -> None:
    """Sum over results of P(earlier results, result) = P(earlier results): no probability is lost between cells."""
    p = prior_draws(5, seed=SEED)
    patient = person(**HISTORIES[name])
    w = Weighing(p, encoder.encode(patient))
    s = situation(patient, w, encoder=encoder)
    edges = grid_edges(encoder.igm_limits(patient), step=step)
    total = np.logaddexp.reduce(repeat_cells(s, edges=edges, years=0.25), axis=0)
    np.testing.assert_allclose(total, w.igm_term, atol=1e-3)


@pytest.mark.parametrize("name", HISTORIES)
def test_each_cell_is_the_likelihood_with_the_result_entered(
    name: str, encoder: Any, prior_draws: Callable[..., Any], person: Callable[..., Patient]
) -> None:
    p = prior_draws(3, seed=SEED)
    patient = person(**HISTORIES[name])
    s = situation(patient, Weighing(p, encoder.encode(patient)), encoder=encoder)
    edges = grid_edges(encoder.igm_limits(patient))
    cells = repeat_cells(s, edges=edges, years=0.25)
    last = patient.igm[-1]
    for number in (2, len(cells) // 2, len(cells) - 3):
        low, high = edges[number], edges[number + 1]
        date = None if last.date_years is None else last.date_years + 0.25
        new = type(last)(
            low_mg_dl=low, high_mg_dl=high, value_mg_dl=0.5 * (low + high), comparator="=", resolution_mg_dl=high - low,
            text="", date=None, date_years=date, context="well", reference_low_mg_dl=None, reference_high_mg_dl=None,
        )  # fmt: skip
        entered = encoder.encode(patient.replace(igm=(*patient.igm, new)))
        want = person_.log_igm_series(NUMPY, p, entered, first_known=True)[0]
        # The entered result and its neighbours are Gaussians for printed intervals: up to 1e-4 in the log each.
        np.testing.assert_allclose(cells[number], want, atol=1e-4 * (len(patient.igm) + 2))


# --- People simulated from the story of the model, in plain words -------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("context", ["well", "acute_infection"])
def test_gain_of_a_repeat_equals_that_of_simulated_people(
    context: str, encoder: Any, catalogue: Any, prior_draws: Callable[..., Any], person: Callable[..., Patient]
) -> None:
    """An adult below 40 mg/dL: draw explanations and levels, keep those below 40, tabulate class by second result."""
    p = dict(prior_draws(1, seed=SEED))
    p["logit_primary"], p["logit_other"] = p["logit_primary"] + 2.0, p["logit_other"] + 2.0
    first = {"value": 40, "unit": "mg/dL", "comparator": "<", "context": context}
    patient = person(igm=[first], sex="female", setting=CLINIC["setting"])
    w = Weighing(p, encoder.encode(patient))
    s = situation(patient, w, encoder=encoder)
    grid = repeat_grid(s, years=0.25)
    want = joint_of(s.answer, result_given_class(grid.joint, grid.likelihood))

    rng = np.random.default_rng([SEED, 3])
    counts = np.zeros(want.shape)
    for _ in range(8):
        counts += simulated(p, w, catalogue, encoder, context, grid.edges, rng)
    n = counts.sum()
    assert n > 100_000
    assert gain_bits(counts / n) == pytest.approx(gain_bits(want), abs=4.0 * np.sqrt(want.size) / n + 0.004)
    np.testing.assert_allclose(counts.sum(axis=0) / n, s.answer, atol=0.006)
    np.testing.assert_allclose(counts.sum(axis=1) / n, want.sum(axis=1), atol=0.006)


def simulated(
    p: dict[str, np.ndarray], w: Weighing, catalogue: Any, encoder: Any, context: str, edges: np.ndarray,
    rng: np.random.Generator, n: int = 2_000_000,
) -> np.ndarray:  # fmt: skip
    c = encoder.constants
    start = np.exp(w.weights(exposures=False)[0])
    h = rng.choice(len(start), n, p=start / start.sum())
    depletion = np.concatenate([[False] * 3, [x.depletion for x in catalogue.causes]])[h]
    profound_chance = np.where(depletion, p["logit_profound_depletion"][0], p["logit_profound_primary"][0])
    profound = rng.random(n) < 1.0 / (1.0 + np.exp(-profound_chance))
    unaffected = (h == 2) | ((h == 1) & (rng.random(n) > 1.0 / (1.0 + np.exp(-p["logit_other_affected"][0]))))
    component = np.where(h >= 3, 3, 0)
    component = np.where(depletion, np.where(profound, 1, 2), component)
    component = np.where(h < 2, np.where(profound, 1, 0), component)
    shift, tau = np.exp(p["log_shift"][0])[component], np.exp(p["log_tau"][0])[component]
    drop = np.where(unaffected, 0.0, -shift + tau * rng.standard_normal(n))
    row = w.case.curves[0]
    median = p["curve_igm"][0] @ row.median
    spread = np.exp(p["curve_igm"][0] @ row.spread + p["log_spread_factor"][0])
    own = median + spread * rng.standard_normal(n)
    kinds = ["constitutional", "slow", "stopped", "fast", "maturation"]
    course = ["constitutional"] * 3 + [
        "constitutional" if x.recovers == "never" else x.recovers for x in catalogue.causes
    ]
    rate = np.exp(p["log_recovery_rate"][0])[[kinds.index(k) for k in course]][h]
    gone = rng.random(n) < -np.expm1(-0.25 * rate)

    def measured(level: np.ndarray, where: str) -> np.ndarray:
        chance = 1.0 / (1.0 + np.exp(-p["logit_dip"][0, catalogue.context_index(where)]))
        dip = (rng.random(n) < chance) * (c["dip_shift"] + c["dip_sd"] * rng.standard_normal(n))
        return np.exp(level - dip + c["igm_error_sd"] * rng.standard_normal(n))

    low = measured(own + drop, context) < 40.0
    second = measured(own + np.where(gone, 0.0, drop), "well")
    cell = np.searchsorted(edges, second[low], side="right") - 1
    table = np.zeros((len(edges) - 1, 4))
    np.add.at(table, (cell, np.minimum(h[low], 3)), 1.0)
    return table
