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


@dataclass(frozen=True, eq=False)
class ByDraw:
    """What every draw says of every patient.

    Attributes
    ----------
    primary : (draw, patient)
        P(primary | what is known, draw).
    log_evidence : (draw, patient)
        log P(everything known | draw).
    """

    primary: np.ndarray
    log_evidence: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """How much each draw counts by the patient; (draw, patient), sums to 1 over draws."""
        w = np.exp(self.log_evidence - self.log_evidence.max(axis=0))
        return np.asarray(w / w.sum(axis=0))

    @property
    def answer(self) -> np.ndarray:
        """P(primary) of the answer; (patient,)."""
        return np.asarray((self.weights * self.primary).sum(axis=0))

    def and_those_of(self, more: ByDraw) -> ByDraw:
        """The draws of both."""
        return ByDraw(
            np.vstack([self.primary, more.primary]), np.vstack([self.log_evidence, more.log_evidence])
        )  # fmt: skip


def by_draw(
    parameters: Mapping[str, np.ndarray], patients: Sequence[ReferencePatient], encoder: Encoder
) -> ByDraw:  # fmt: skip
    """Weigh every patient under every draw; parameters (draw, ...)."""
    from sigm_bayes.likelihood.hypotheses import PRIMARY
    from sigm_bayes.query.weighing import Weighing

    joints = [Weighing(parameters, encoder.encode(p.patient)).class_log_everything for p in patients]
    evidence = np.stack([np.logaddexp.reduce(joint, axis=1) for joint in joints], axis=-1)
    primary = np.stack([joint[:, PRIMARY] for joint in joints], axis=-1)
    return ByDraw(np.exp(primary - evidence), evidence)


def primary_by_draw(
    parameters: Mapping[str, np.ndarray], patients: Sequence[ReferencePatient], encoder: Encoder
) -> np.ndarray:
    """P(primary | what is known, draw) of every patient; parameters (draw, ...) -> (draw, patient)."""
    return by_draw(parameters, patients, encoder).primary
