"""An answer as a FHIR R4 RiskAssessment: the probability of each explanation, its interval, its basis, its limits."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sigm_bayes.fhir.rules import LOCAL

METHOD = "Bayesian model of a low serum IgM fitted to published evidence (sigm_bayes {name} {version})"
STATEMENT = (
    "For research and decision support. The probabilities compare explanations of a low serum IgM; they do not "
    "establish one. A clinician must review the basis."
)
_PLACES = Decimal("0.01")


def risk_assessment(
    answer: Mapping[str, Any],
    *,
    subject: str,
    basis: Sequence[str],
    labels: Mapping[str, str],
    when: datetime.datetime | None = None,
) -> dict[str, Any]:
    """Return a RiskAssessment.

    Parameters
    ----------
    answer : mapping
        The document of `Answer.to_dict`.
    subject : str
        Reference to the Patient.
    basis : sequence of str
        References to the resources that were used.
    labels : mapping of str to str
        Class to the words for it.
    when : datetime, optional
        When the assessment was made, with its time zone; default now.

    Notes
    -----
    FHIR R4 gives `probabilityDecimal` in per cent (invariant ras-2: at most 100).
    """
    moment = (when or datetime.datetime.now(datetime.UTC)).astimezone(datetime.UTC)
    model = answer["model"]
    document: dict[str, Any] = {
        "resourceType": "RiskAssessment",
        "identifier": [
            {"system": f"{LOCAL}:answer", "value": f"{model['name']}|{model['version']}|{answer['input_sha256']}"}
        ],
        "status": "final",
        "method": {
            "coding": [{"system": f"{LOCAL}:model", "version": str(model["version"]), "code": str(model["name"])}],
            "text": METHOD.format(name=model["name"], version=model["version"]),
        },
        "code": {"text": "Explanations of a low serum IgM"},
        "subject": {"reference": subject},
        "occurrenceDateTime": moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
    if basis:
        document["basis"] = [{"reference": one} for one in basis]
    if answer["probability"] is not None:
        document["prediction"] = [
            _prediction(name, band, labels, answer["interval"]) for name, band in answer["probability"].items()
        ]
    document["note"] = [{"text": text} for text in _notes(answer)]
    return document


def _prediction(
    name: str, band: Mapping[str, float], labels: Mapping[str, str], interval: Mapping[str, Any]
) -> dict[str, Any]:
    level = Decimal(str(interval["level"])) * 100
    return {
        "extension": [
            {
                "url": f"{LOCAL}:interval",
                "extension": [
                    {"url": "lower", "valueDecimal": _percent(band["lower"])},
                    {"url": "upper", "valueDecimal": _percent(band["upper"])},
                    {"url": "level", "valueDecimal": level.quantize(Decimal(1))},
                    {"url": "kind", "valueString": str(interval["kind"])},
                ],
            }
        ],
        "outcome": {
            "coding": [{"system": f"{LOCAL}:class", "code": name, "display": labels.get(name, name)}],
            "text": labels.get(name, name),
        },
        "probabilityDecimal": _percent(band["mean"]),
        "rationale": f"{_percent(band['mean'])}% ({_percent(band['lower'])} to {_percent(band['upper'])}; "
        f"{level:.0f}% interval, {interval['kind']})",
    }  # fmt: skip


def _percent(probability: float) -> Decimal:
    """Return per cent to two decimals, exactly as it will be printed; never 0 or 100 for what is not."""
    value = (Decimal(repr(float(probability))) * 100).quantize(_PLACES)
    if probability > 0 and value == 0:
        return _PLACES
    return Decimal(100) - _PLACES if probability < 1 and value == 100 else value


def _notes(answer: Mapping[str, Any]) -> Iterable[str]:
    yield STATEMENT
    refused = answer["refused"]
    if refused is not None:
        yield f"No probability: {refused['message']}"
        for line in refused["workup"]:
            yield f"Usually considered: {line}"
    for caution in answer["cautions"]:
        yield f"Caution: {caution['message']}"
    if answer["probability"] is not None:
        yield "Probabilities are per cent. The interval is parameter uncertainty, not the spread between people."
