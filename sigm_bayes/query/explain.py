"""What an answer leaves open: what to do next, what would change it, and what is uncertain; computed when asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.patient import Patient, Refusal
from sigm_bayes.query import unknowns
from sigm_bayes.query.encode import Encoder
from sigm_bayes.query.next_steps import Next, next_steps
from sigm_bayes.query.situation import Situation, situation
from sigm_bayes.query.summary import Band
from sigm_bayes.query.tipping import by_setting, prevalence_by_draw
from sigm_bayes.query.tipping_points import Tipping, tipping_points
from sigm_bayes.query.uncertainty import Uncertainty, uncertainty
from sigm_bayes.query.unknown_exposures import ExposureOdds, exposure_odds
from sigm_bayes.query.weighing import Weighing
from sigm_bayes.query.workup import Workup, asked, refusal_items


@dataclass(frozen=True)
class SettingAnswer:
    """The answer had the same person been tested elsewhere.

    Attributes
    ----------
    prevalence
        Prevalence of primary among people of this age tested there.
    probability
        Class -> mean, lower, upper.
    """

    id: str
    label: str
    current: bool
    prevalence: float
    probability: Mapping[str, Band]


@dataclass(frozen=True)
class Explanation:
    """All that an answer leaves open; the last three are None where no probability is given."""

    next: Next
    tipping: Tipping | None
    settings: tuple[SettingAnswer, ...] | None
    uncertainty: Uncertainty | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data; added to the document of an answer it is what `sigm query --json --next` prints."""
        plain: dict[str, Any] = asdict(self, dict_factory=_plain)
        return plain


def _plain(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in items}


class Explainer:
    """Explains the answer for one patient in scope; each part is computed when it is first asked for."""

    def __init__(self, patient: Patient, weighing: Weighing, *, encoder: Encoder, workup: Workup) -> None:
        self.patient, self.weighing, self.encoder, self.workup = patient, weighing, encoder, workup

    @cached_property
    def _situation(self) -> Situation:
        return situation(self.patient, self.weighing, encoder=self.encoder)

    @cached_property
    def _odds(self) -> ExposureOdds:
        return exposure_odds(self._situation)

    def next(self, *, months: float | None = None) -> Next:
        """Work-up and expected information."""
        return next_steps(self._situation, self.workup, odds=self._odds, months=months)

    def tipping(self, *, thresholds: Sequence[float] = ()) -> Tipping:
        """Tipping points."""
        s = self._situation
        open_ = [*unknowns.unknown_findings(s), *self._odds.ids, *unknowns.unknown_tests(s)]
        readable = set(asked(self.workup, self.patient, open_))
        return tipping_points(s, self.weighing, odds=self._odds, asked=readable, thresholds=thresholds)

    def settings(self) -> tuple[SettingAnswer, ...]:
        """The answer in every setting."""
        catalogue: Catalogue = self.encoder.catalogue
        answers = by_setting(self.weighing, catalogue=catalogue)
        return tuple(
            SettingAnswer(
                setting.id, setting.label, n == self.weighing.case.setting,
                float(prevalence_by_draw(self.weighing, setting=n).mean()), answers[setting.id],
            )
            for n, setting in enumerate(catalogue.settings)
        )  # fmt: skip

    def uncertainty(self) -> Uncertainty:
        """How much is parameters, how much the patient."""
        return uncertainty(self.weighing.probabilities(), self.weighing.draw_weights)

    def explain(self, *, thresholds: Sequence[float] = (), months: float | None = None) -> Explanation:
        """All of it."""
        return Explanation(
            self.next(months=months), self.tipping(thresholds=thresholds), self.settings(), self.uncertainty()
        )


class RefusedExplainer:
    """Where no probability is given: the work-up usually considered, and nothing else."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal

    def next(self, *, months: float | None = None) -> Next:
        """The work-up of the refusal; there is nothing to inform."""
        return Next(refusal_items(self.refusal), (), None, 0)

    def tipping(self, *, thresholds: Sequence[float] = ()) -> None:
        """Nothing to tip."""

    def settings(self) -> None:
        """No setting gives a probability."""

    def uncertainty(self) -> None:
        """Nothing to decompose."""

    def explain(self, *, thresholds: Sequence[float] = (), months: float | None = None) -> Explanation:
        """The work-up."""
        return Explanation(self.next(), None, None, None)
