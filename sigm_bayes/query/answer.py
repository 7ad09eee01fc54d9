"""The answer for one person: everything a reader needs to disagree with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.likelihood.hypotheses import FIRST_CAUSE
from sigm_bayes.patient import Patient, Refusal, Sample, doubts
from sigm_bayes.query import wording
from sigm_bayes.query.cautions import Facts, cautions
from sigm_bayes.query.details import details
from sigm_bayes.query.draws import classes, effective_draws, normalise
from sigm_bayes.query.encode import Encoder
from sigm_bayes.query.esid import esid
from sigm_bayes.query.ledger import ledger
from sigm_bayes.query.position import positions, state_of
from sigm_bayes.query.summary import INTERVAL_KIND, INTERVAL_LEVEL, band, bands, class_bands, natural_frequencies
from sigm_bayes.query.tipping import by_setting, tipping
from sigm_bayes.query.weighing import Weighing

if TYPE_CHECKING:
    from sigm_bayes.query.explain import Explainer, Explanation, RefusedExplainer, SettingAnswer
    from sigm_bayes.query.next_steps import Next
    from sigm_bayes.query.sources import Sources
    from sigm_bayes.query.tipping_points import Tipping
    from sigm_bayes.query.uncertainty import Uncertainty


@dataclass(frozen=True)
class Answer:
    """An answer; `to_dict` is the document that `sigm query --json` prints."""

    document: Mapping[str, Any]
    later: Callable[[], Explainer | RefusedExplainer] | None = field(default=None, repr=False, compare=False)
    based_on: Callable[[], Sources] | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The whole answer as plain data."""
        return dict(self.document)

    @property
    def refused(self) -> Mapping[str, Any] | None:
        """Why no probability is given, or None."""
        value: Mapping[str, Any] | None = self.document["refused"]
        return value

    @property
    def probability(self) -> Mapping[str, Mapping[str, float]] | None:
        """Class -> mean, lower, upper; None when refused."""
        value: Mapping[str, Mapping[str, float]] | None = self.document["probability"]
        return value

    @property
    def cautions(self) -> list[Mapping[str, str]]:
        """Cautions with code, severity, message."""
        value: list[Mapping[str, str]] = self.document["cautions"]
        return value

    def _explainer(self) -> Explainer | RefusedExplainer:
        if self.later is None:
            raise TypeError("this answer was made without its model; ask `model.query` for one that can be explained")
        return self.later()

    def sources(self) -> list[dict[str, Any]]:
        """The studies (name, people, numbers) and priors behind the start and every weight of the ledger."""
        if self.based_on is None:
            raise TypeError("this answer was made without its model; ask `model.query` for one that knows its sources")
        return [basis.to_dict() for basis in self.based_on().of_answer(self.document)]

    def explain(self, *, thresholds: Sequence[float] = (), repeat_months: float | None = None) -> Explanation:
        """What to do next, what would change the answer and what is uncertain; computed now, some 0.05 s.

        Parameters
        ----------
        thresholds
            Probabilities of primary whose tipping points are wanted, beside one half.
        repeat_months
            From the last IgM to a repeat; by default `default_interval_years` of `priors.toml`.

        Raises
        ------
        InputError
            If a threshold or the interval cannot be used.
        """
        return self._explainer().explain(thresholds=thresholds, months=repeat_months)

    def next(self, *, repeat_months: float | None = None) -> Next:
        """Work-up that is due and what each unknown would tell; see `explain`."""
        return self._explainer().next(months=repeat_months)

    def tipping(self, *, thresholds: Sequence[float] = ()) -> Tipping | None:
        """What would bring P(primary) across one half or another threshold; None when refused."""
        return self._explainer().tipping(thresholds=thresholds)

    def settings(self) -> tuple[SettingAnswer, ...] | None:
        """The answer in every setting; None when refused."""
        return self._explainer().settings()

    def uncertainty(self) -> Uncertainty | None:
        """How much is the model's parameters, how much the patient; None when refused."""
        return self._explainer().uncertainty()


def full(patient: Patient, weighing: Weighing, *, model: Mapping[str, Any], encoder: Encoder) -> Answer:
    """The answer for a patient in scope."""
    p, weights = weighing.probabilities(), weighing.draw_weights
    per_class = classes(p)
    bands = class_bands(per_class, weights)
    means = {name: value["mean"] for name, value in bands.items()}
    igg, iga = _class_states(patient, weighing, encoder)
    facts = _facts(patient, weighing, means, encoder=encoder, igg=igg, iga=iga)
    book = ledger(weighing)
    single = details(patient, weighing, encoder=encoder)
    for item in book["items"]:  # type: ignore[attr-defined]
        item["details"] = single.get(item["group"], [])
    baseline = classes(normalise(weighing.start(exposures=False)))  # of somebody of whom nothing is known: draws alike
    document = {
        "probability": bands,
        "interval": {
            "level": INTERVAL_LEVEL,
            "kind": INTERVAL_KIND,
            "draws": weighing.draws,
            "effective_draws": effective_draws(weights),
        },
        "natural_frequencies": natural_frequencies(means),
        "parts": {"maturational_delay": band(per_class["normal"] * weighing.delay_share(), weights)},
        "causes": _causes(patient, weighing, encoder),
        "esid": esid(patient, weighing, encoder=encoder, igg_state=igg, iga_state=iga),
        "ledger": book,
        "position": positions(patient, weighing),
        "summary": summary(patient, encoder=encoder, igg=igg, iga=iga),
        "by_setting": by_setting(weighing, catalogue=encoder.catalogue),
        "baseline": class_bands(baseline),
        "tipping": tipping(weighing),
        "decided_by": _decided_by(means, encoder.constants["separate_from_probability"]),
        "due": wording.due(age_years=patient.age_years, repeated=len(patient.igm) > 1),
        "not_known": not_known(patient, encoder=encoder),
        "cautions": [vars(c) for c in cautions(patient, facts, catalogue=encoder.catalogue)],
        "refused": None,
        "model": dict(model),
        "input_sha256": patient.sha256(),
    }
    return Answer(document)


def refused(patient: Patient, refusal: Refusal, *, model: Mapping[str, Any], encoder: Encoder) -> Answer:
    """The answer for a patient out of scope: the reason and the work-up usually considered."""
    empty = (
        "probability", "interval", "natural_frequencies", "parts", "causes", "esid", "ledger", "position", "by_setting",
        "baseline", "tipping",
    )  # fmt: skip
    document: dict[str, Any] = dict.fromkeys(empty)
    document |= {
        "summary": summary(patient, encoder=encoder, igg="unknown", iga="unknown"),
        "decided_by": [],
        "due": [],
        "not_known": not_known(patient, encoder=encoder),
        "cautions": [
            {"code": d.code, "severity": d.severity, "message": d.message}
            for d in doubts(patient, catalogue=encoder.catalogue)
        ],
        "refused": {
            "code": refusal.code,
            "message": refusal.message,
            "workup": list(refusal.workup),
            "urgent": refusal.urgent,
        },
        "model": dict(model),
        "input_sha256": patient.sha256(),
    }
    return Answer(document)


def row(patient: Patient, weighing: Weighing, *, encoder: Encoder) -> dict[str, Any]:
    """One row of a scored table."""
    bands = class_bands(classes(weighing.probabilities()), weighing.draw_weights)
    means = {name: value["mean"] for name, value in bands.items()}
    igg, iga = _class_states(patient, weighing, encoder)
    facts = _facts(patient, weighing, means, encoder=encoder, igg=igg, iga=iga)
    found = cautions(patient, facts, catalogue=encoder.catalogue)
    top = int(np.argmax(weighing.joint().sum(axis=0)[FIRST_CAUSE:]))
    return {
        **_columns(bands),
        "top_cause": encoder.catalogue.causes[top].id,
        "cautions": ";".join(c.code for c in found),
        "refused": "",
    }


def refused_row(refusal: Refusal) -> dict[str, Any]:
    """A scored row without probabilities."""
    return {**_columns(None), "top_cause": "", "cautions": "", "refused": refusal.code}


def _columns(bands: Mapping[str, Mapping[str, float]] | None) -> dict[str, float | None]:
    out: dict[str, float | None] = {}
    for name in ("primary", "secondary", "normal", "other_immunodeficiency"):
        for suffix, key in (("", "mean"), ("_lower", "lower"), ("_upper", "upper")):
            out[f"p_{name}{suffix}"] = None if bands is None else bands[name][key]
    return out


def _class_states(patient: Patient, weighing: Weighing, encoder: Encoder) -> tuple[str, str]:
    """low, normal, high or unknown: the patient's own IgG and IgA; infused IgG says nothing of theirs."""
    igg = "unknown" if encoder.igg_replaced(patient) else state_of(patient, weighing, "igg")
    return igg, state_of(patient, weighing, "iga")


def _facts(
    patient: Patient, weighing: Weighing, means: Mapping[str, float], *, encoder: Encoder, igg: str, iga: str
) -> Facts:
    low_limit, _ = encoder.igm_limits(patient)
    first = patient.igm[0]
    return Facts(
        igg=igg,
        iga=iga,
        igm_low=any(sample.low_mg_dl < low_limit for sample in patient.igm),
        igg_replaced=encoder.igg_replaced(patient),
        extrapolated=first.low_mg_dl < encoder.constants["extrapolated_below_mg_dl"],
        low_normal=means["normal"] >= encoder.constants["low_normal_from_probability"],
        primary_advice=means["primary"] >= encoder.constants["primary_advice_from_probability"],
        effective_draws=effective_draws(weighing.draw_weights),
    )


def _causes(patient: Patient, weighing: Weighing, encoder: Encoder) -> dict[str, Any]:
    out = {}
    found_of = bands(weighing.probabilities()[:, FIRST_CAUSE:].T, weighing.draw_weights)
    for cause, found in zip(encoder.catalogue.causes, found_of, strict=True):
        exposure = patient.causes.get(cause.id)
        out[cause.id] = {
            **found,
            "label": cause.label,
            "recorded": "unknown" if exposure is None else exposure.state,
        }
    return out


def _decided_by(means: Mapping[str, float], least: float) -> list[dict[str, Any]]:
    """What separates primary from each explanation, where both have at least this probability."""
    out = []
    if min(means["primary"], means["other_immunodeficiency"]) >= least:
        out.append(
            _decision("other_immunodeficiency", wording.PRIMARY_OTHER_ITEMS, wording.DECIDES_PRIMARY_OTHER, driven=True)
        )
    if min(means["primary"], means["normal"]) >= least:
        out.append(_decision("normal", wording.NORMAL_PRIMARY_ITEMS, wording.DECIDES_NORMAL_PRIMARY, driven=False))
    if min(means["primary"], means["secondary"]) >= least:
        out.append(
            _decision("secondary", wording.SECONDARY_PRIMARY_ITEMS, wording.DECIDES_SECONDARY_PRIMARY, driven=False)
        )
    return out


def _decision(against: str, items: tuple[str, ...], message: str, *, driven: bool) -> dict[str, Any]:
    return {"between": ["primary", against], "items": list(items), "prior_driven": driven, "message": message}


def summary(patient: Patient, *, encoder: Encoder, igg: str, iga: str) -> dict[str, Any]:
    """Who was asked about, in words."""
    setting = encoder.setting(patient)
    settings = encoder.catalogue.settings
    replaced = bool(patient.igg) and encoder.igg_replaced(patient)
    return {
        "age_years": patient.age_years,
        "age_text": _age_text(patient.age_years),
        "sex": patient.sex,
        "setting": setting,
        "setting_label": settings[encoder.catalogue.setting_index(setting)].label,
        "setting_given": patient.setting is not None,
        "igg_text": wording.IGG_REPLACED if replaced else _class_text("IgG", _first_text(patient.igg), igg),
        "iga_text": _class_text("IgA", _first_text(patient.iga), iga),
    }


def _age_text(years: float) -> str:
    if years < 2:
        return f"{round(12 * years)} months"
    return f"{years:g} years" if abs(years - round(years)) < 1e-9 else f"{years:.1f} years"


def _first_text(samples: tuple[Sample, ...]) -> str:
    return samples[0].text if samples else ""


def _class_text(name: str, value: str, state: str) -> str:
    if state == "unknown":
        return f"{name} not known"
    return f"{name} {state}" + (f" ({value})" if value else "")


def not_known(patient: Patient, *, encoder: Encoder) -> dict[str, list[str]]:
    """What was summed over because nothing is known of it."""
    catalogue = encoder.catalogue
    stated = {id for id, e in patient.causes.items() if e.state != "unknown"}
    return {
        "findings": [f.id for f in catalogue.findings if patient.findings.get(f.id, "unknown") == "unknown"],
        "causes": [c.id for c in catalogue.causes if c.recordable and c.id not in stated],
        "tests": [t.id for t in catalogue.tests if patient.tests.get(t.id, "not_done") not in ("normal", "abnormal")],
    }
