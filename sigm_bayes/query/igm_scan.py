"""The IgM value that brings P(primary) across a threshold, everything else as it is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.case import Series
from sigm_bayes.likelihood.igm import log_result
from sigm_bayes.likelihood.igm_series import Tabulated
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.patient import Patient
from sigm_bayes.query.changes import step_of, with_igm
from sigm_bayes.query.draws import primary
from sigm_bayes.query.encode_samples import first_samples, later_results, series_of
from sigm_bayes.query.situation import Situation
from sigm_bayes.query.weighing import Weighing
from sigm_bayes.units import in_unit_of

SCAN_POINTS, SCAN_DRAWS = 11, 100
"""IgM values at which P(primary) is looked at before the crossing is sought, and draws for the search; the printed
values on both sides of the crossing are put in with all draws."""
HIGHEST_LIMITS = 1.5
"""IgM values are tried up to this many times the upper reference limit."""
AT_ONCE = 8
"""Values between two that are looked at together where there is one result; of several each is weighed by itself."""
_MOST_STEPS = 12


@dataclass(frozen=True)
class IgmTip:
    """The IgM that flips the answer.

    Attributes
    ----------
    value_mg_dl, text
        The printed first value nearest to the patient's with P(primary) on the other side of the threshold.
    direction
        `at_or_below` or `at_or_above`, seen from the patient's value.
    primary
        P(primary) with it.
    values_mg_dl
        All results: repeats change in proportion.
    until_mg_dl
        None where every value farther on flips it too; else the last of those tried that does (where an exposure
        competes, P(primary) need not be monotone).
    """

    value_mg_dl: float
    text: str
    direction: str
    primary: float
    values_mg_dl: tuple[float, ...]
    until_mg_dl: float | None = None


class IgmScan:
    """P(primary) over the IgM, everything else as it is."""

    def __init__(self, s: Situation, weighing: Weighing) -> None:
        self.patient = s.patient
        self.thin = _Elsewhere(s, s.thinned(SCAN_DRAWS).weighing)
        self.full = _Elsewhere(s, weighing)
        first = s.patient.igm[0]
        self.step = step_of(first)
        self.now = max(first.value_mg_dl, self.step)
        lowest = max(s.encoder.catalogue.analyte("IgM").lowest_mg_dl, self.step)
        highest = max(HIGHEST_LIMITS * s.limits[1], 2.0 * self.now)
        grid = {self._printed(v) for v in np.geomspace(lowest, highest, SCAN_POINTS)}
        self.values = sorted({v for v in grid if v >= lowest} | {self._printed(self.now)})

    def _printed(self, value: float) -> float:
        return round(max(1.0, round(value / self.step)) * self.step, 6)

    def crossing(self, level: float, primary: float) -> IgmTip | None:
        """The nearest printed value on the other side of the threshold, in either direction."""
        above = primary >= level
        if self.thin.single:
            self.thin.look_at(self.values)  # together; several results are weighed one value after the other
        here = self.values.index(self._printed(self.now))
        found: list[IgmTip] = []
        for walk in (self.values[here::-1], self.values[here:]):
            for near, far in itertools.pairwise(walk):
                if found and self._away(near) >= self._away(found[0].value_mg_dl):
                    break  # what is found farther on would not be the nearest
                if (self.thin.primary(far) >= level) != above:
                    tip = self._between(near, far, level, above)
                    if tip is not None:
                        beyond = walk[walk.index(far) :]
                        found.append(replace(tip, until_mg_dl=self._until(beyond, level, above)))
                    break
        return min(found, key=lambda tip: self._away(tip.value_mg_dl), default=None)

    def _away(self, value: float) -> float:
        """How far a value is from the patient's, as a ratio."""
        return abs(math.log(value / self.now))

    def _until(self, values: Sequence[float], level: float, above: bool) -> float | None:
        """The last of the values on the other side before one that is back on this; None if all are."""
        back = [n for n, value in enumerate(values) if (self.thin.primary(value) >= level) == above]
        return values[back[0] - 1] if back else None

    def _between(self, near: float, far: float, level: float, above: bool) -> IgmTip | None:
        """Narrow on the thinned draws, widen with all of them until they differ at the ends, and narrow again."""
        way = math.copysign(self.step, far - near)
        near, far = self._narrowed(self.thin, near, far, level, above)
        self.full.look_at([near, far])

        def here(value: float) -> bool:
            return (self.full.primary(value) >= level) == above

        for n in range(_MOST_STEPS):
            if not here(far):
                break
            near, far = far, self._printed(far + way * 2**n)
        else:
            return None
        for n in range(_MOST_STEPS):
            if here(near):
                break
            near, far = self._printed(near - way * 2**n), near
        else:
            return None
        _, far = self._narrowed(self.full, near, far, level, above)
        return self._tip(far, self.full.primary(far))

    def _narrowed(self, who: _Elsewhere, near: float, far: float, level: float, above: bool) -> tuple[float, float]:
        """Neighbouring printed values on both sides of the threshold, between two that are."""
        while abs(far - near) > 1.5 * self.step:
            count = AT_ONCE if who.single else 1
            between = [self._printed(v) for v in np.linspace(near, far, count + 2)[1:-1]]
            inner = sorted(set(between) - {near, far}, reverse=far < near)
            who.look_at(inner)
            steps = [near, *inner, far]
            beyond = next(
                n for n in range(1, len(steps)) if steps[n] == far or (who.primary(steps[n]) >= level) != above
            )
            near, far = steps[beyond - 1], steps[beyond]
        return near, far

    def _tip(self, value: float, primary: float) -> IgmTip:
        patient = with_igm(self.patient, value)
        direction = "at_or_below" if value < self.now else "at_or_above"
        values = tuple(float(sample.value_mg_dl) for sample in patient.igm)
        return IgmTip(value, in_unit_of(self.patient.igm[0].text, value), direction, primary, values)


class _Elsewhere:
    """The same patient with another IgM, under some draws; what does not depend on IgM is weighed once."""

    def __init__(self, s: Situation, weighing: Weighing) -> None:
        self.patient, self.encoder, self.weighing, self.limits = s.patient, s.encoder, weighing, s.limits
        self.single = weighing.case.series is None
        self.rest = weighing.log_joint(weighing.everything) - weighing.igm_term
        self.tabulated: Tabulated = {}
        self.known: dict[float, float] = {}

    def primary(self, value: float) -> float:
        """P(primary) with that first IgM."""
        if value not in self.known:
            self.look_at([value])
        return self.known[value]

    def look_at(self, values: Sequence[float]) -> None:
        """Weigh what has not been weighed; together where there is one result."""
        new = [value for value in values if value not in self.known]
        if new and self.single:
            self.known |= zip(new, self._single(new), strict=True)
        for value in new if not self.single else ():
            self.known[value] = self._several(value)

    def _single(self, values: Sequence[float]) -> list[float]:
        """P(primary) with each value; hypotheses with the same likelihood of IgM count together."""
        weighing, p = self.weighing, self.weighing.p
        samples = [first_samples(with_igm(self.patient, v), catalogue=self.encoder.catalogue) for v in values]
        low = np.array([s.log_low[0] for s in samples])[:, None, None]
        high = np.array([s.log_high[0] for s in samples])[:, None, None]
        mean, sd = person.igm_components(NUMPY, p, weighing.case.curves[0])
        dip = p["logit_dip"][:, int(samples[0].context[0]), None]
        seen = log_result(
            NUMPY, low=low, high=high, mean=mean, sd=sd, logit_dip=dip, noise=weighing.case.noise
        )  # fmt: skip
        by_kind = person.mix_components(NUMPY, p, seen)  # (value, draw, kind)
        kinds = person.kind_index(weighing.case.depletion)
        member = (kinds[:, None] == np.arange(by_kind.shape[-1])).astype(float)
        together = np.exp(self.rest - self.rest.max()) @ member
        return [float(x) for x in primary(by_kind + np.log(np.maximum(together, 1e-300)))]

    def _several(self, value: float) -> float:
        patient, weighing = with_igm(self.patient, value), self.weighing
        first = first_samples(patient, catalogue=self.encoder.catalogue)
        moved = Weighing(weighing.p, replace(weighing.case, samples=first, series=self._series(patient)))
        return float(primary(self.rest + moved.igm_term))

    def _series(self, patient: Patient) -> Series:
        catalogue, priors = self.encoder.catalogue, self.encoder.priors
        later = later_results(patient, priors=priors, limits=self.limits)
        return series_of(
            patient.igm[0], later, self.weighing.case, catalogue=catalogue, priors=priors, without_first=False,
            tabulated=self.tabulated,
        )  # fmt: skip
