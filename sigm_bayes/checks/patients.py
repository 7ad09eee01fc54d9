"""The ten reference patients of the checks, from ``reference_patients.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.patient import Patient, parse_patient

if TYPE_CHECKING:
    from sigm_bayes.query.encode import Encoder


@dataclass(frozen=True)
class ReferencePatient:
    """A made-up person for whom a check asks what drives the answer; `reason` says why this one."""

    id: str
    reason: str
    patient: Patient


def reference_patients(catalogue: Catalogue) -> tuple[ReferencePatient, ...]:
    """Read the table.

    Raises
    ------
    InputError
        A patient that the model cannot read.
    """
    text = files("sigm_bayes.checks").joinpath("reference_patients.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["patient"]
    return tuple(
        ReferencePatient(row["id"], row["reason"], parse_patient(row["person"], catalogue=catalogue)) for row in rows
    )


def primary_by_draw(
    parameters: Mapping[str, np.ndarray], patients: Sequence[ReferencePatient], encoder: Encoder
) -> np.ndarray:
    """P(primary) of every patient under every draw; parameters (draw, ...) -> (draw, patient)."""
    from sigm_bayes.likelihood.hypotheses import PRIMARY
    from sigm_bayes.query.weighing import Weighing

    given = [Weighing(parameters, encoder.encode(p.patient)).probabilities()[:, PRIMARY] for p in patients]
    return np.stack(given, axis=-1)
