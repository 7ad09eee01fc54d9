"""What each weight of an answer rests on: the studies behind it and the priors, so that a reader can check them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.priors import Priors
from sigm_bayes.query.weighing import EXPOSURES, IGM, IMMUNOGLOBULINS, INFECTIONS, OTHER_FINDINGS, REPEATS, TESTS

if TYPE_CHECKING:
    from sigm_bayes.evidence import Evidence, EvidenceItem

START = "start"
TERMS: Mapping[str, tuple[str, ...]] = {
    START: ("labelled_prevalence", "low_in_tested", "other_share_in_labelled", "no_cause_given_solitary"),
    IGM: ("igm_moment_labelled", "igm_moment_exposed", "igm_change_exposed", "tail_in_population"),
    REPEATS: ("recovery",),
    IMMUNOGLOBULINS: ("low_igg_given_exposure", "solitary_given_low"),
    INFECTIONS: ("infection_ratio_low_igm", "asymptomatic_in_labelled"),
    OTHER_FINDINGS: ("asymptomatic_in_labelled",),
    EXPOSURES: ("no_cause_given_solitary",),
    TESTS: ("esid_tests_normal",),
}
"""Kinds of likelihood term that speak about a group as a whole; those about one thing of it stand beside that thing."""
PRIORS: Mapping[str, tuple[str, ...]] = {
    START: ("logit_primary", "primary_age", "logit_other", "log_occult_hazard"),
    IGM: ("log_spread_factor", "log_shift", "log_tau", "logit_profound_primary", "logit_dip"),
    REPEATS: ("log_recovery_rate",),
    IMMUNOGLOBULINS: ("logit_ig_low", "ig_low_pooled", "logit_ig_high", "ig_low_z"),
    INFECTIONS: ("log_loading", "proneness"),
    OTHER_FINDINGS: ("log_loading", "proneness"),
    EXPOSURES: ("exposure_complication", "co_exposure"),
    TESTS: ("test_setting",),
}
"""Parameters of `priors.toml` that a group rests on as a whole."""
PRIORS_OF_ONE: Mapping[str, tuple[str, ...]] = {
    INFECTIONS: ("finding_base", "finding_age", "finding_effect"),
    OTHER_FINDINGS: ("finding_base", "finding_age", "finding_effect"),
    EXPOSURES: ("log_hazard", "logit_exposure", "exposure_ig_shift", "log_exposure_infection"),
    TESTS: ("test_base", "test_effect"),
}
"""Parameters that one finding, exposure or test rests on."""


CURVES: Mapping[str, tuple[str, ...]] = {IGM: ("IgM",), IMMUNOGLOBULINS: ("IgG", "IgA")}
"""Reference curves that a group rests on."""


@dataclass(frozen=True)
class Number:
    """One published number: its id in the tables of evidence, and what was printed."""

    item: str
    k: int | None
    n: int | None
    value: float | None
    unit: str


@dataclass(frozen=True)
class StudySource:
    """A study behind a weight.

    Attributes
    ----------
    n : int or None
        People in the study; of each number its own `n`.
    """

    study: str
    citation: str
    year: str
    doi: str
    pmid: str
    n: int | None
    numbers: tuple[Number, ...]


@dataclass(frozen=True)
class PriorSource:
    """A prior behind a weight, and where it comes from."""

    parameter: str
    source: str


@dataclass(frozen=True)
class Basis:
    """What one weight rests on.

    Attributes
    ----------
    group : str
        A group of the ledger, or `start`.
    id : str
        The finding, exposure or test; empty for the group as a whole.
    """

    group: str
    id: str
    studies: tuple[StudySource, ...]
    priors: tuple[PriorSource, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self, dict_factory=_plain)


def _plain(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in items}


class Sources:
    """The basis of every weight that an answer of one model can have.

    Parameters
    ----------
    evidence : Evidence or None
        None where the tables at hand are not those of the model: then only the priors are told.
    reference : mapping of str to tuple of StudySource
        Studies behind the reference curve of each analyte.
    """

    def __init__(
        self, priors: Priors, evidence: Evidence | None, reference: Mapping[str, tuple[StudySource, ...]]
    ) -> None:
        self.priors, self.reference = priors, reference
        self.items: tuple[EvidenceItem, ...] = () if evidence is None else tuple(i for i in evidence.items if i.used)
        self._made: dict[tuple[str, str], Basis] = {}

    def of(self, group: str, id: str = "") -> Basis:
        """The basis of a group, or of one thing of it."""
        if (group, id) not in self._made:
            names = PRIORS_OF_ONE[group] if id else PRIORS[group]
            known = {p.name: p for p in self.priors.parameters}
            told = tuple(PriorSource(name, known[name].source) for name in names if name in known)
            studies = _studies(filter(self._about(group, id), self.items))
            if not id:
                studies += tuple(dict.fromkeys(s for a in CURVES.get(group, ()) for s in self.reference.get(a, ())))
            self._made[group, id] = Basis(group, id, studies, told)
        return self._made[group, id]

    def _about(self, group: str, id: str) -> Callable[[EvidenceItem], bool]:
        if not id:
            return lambda item: item.term in TERMS[group]
        if group == EXPOSURES:
            return lambda item: id in item.causes
        if group == TESTS:
            return lambda item: item.test == id
        return lambda item: id in item.findings

    def of_answer(self, answer: Mapping[str, Any]) -> list[Basis]:
        """The basis of the start, of every group of the ledger of an answer, and of each single weight in it."""
        if answer.get("ledger") is None:
            return []
        out = [self.of(START)]
        for item in answer["ledger"]["items"]:
            out.append(self.of(item["group"]))
            out += [self.of(item["group"], detail["id"]) for detail in item["details"]]
        return out


def _studies(items: Iterable[EvidenceItem]) -> tuple[StudySource, ...]:
    found: dict[str, list[EvidenceItem]] = {}
    for item in items:
        found.setdefault(item.study_id, []).append(item)
    return tuple(_study(rows) for rows in found.values())


def _study(rows: list[EvidenceItem]) -> StudySource:
    s = rows[0].study
    numbers = tuple(Number(i.item_id, i.k, i.n, i.value, i.unit) for i in rows)
    return StudySource(s.study_id, s.citation, s.year, s.doi, s.pmid, s.n, numbers)


def load_sources(catalogue: Catalogue, priors: Priors, *, evidence_sha256: str | None) -> Sources:
    """Sources of a model from the tables that ship; without studies where the model was fitted to others."""
    from sigm_bayes.errors import EvidenceError
    from sigm_bayes.evidence import load_evidence

    reference = reference_studies()
    try:
        evidence = load_evidence(catalogue=catalogue)
    except EvidenceError:  # a model with other findings, exposures or tests than the shipped tables speak of
        return Sources(priors, None, reference)
    return Sources(priors, evidence if evidence.sha256 == evidence_sha256 else None, reference)


def reference_studies() -> dict[str, tuple[StudySource, ...]]:
    """Studies behind the released reference curves, by analyte."""
    import csv

    from sigm_bayes.paths import data_dir
    from sigm_bayes.reference.tables import load_tables

    folder = data_dir() / "reference"
    with (folder / "sources.csv").open(encoding="utf-8", newline="") as file:
        told = {row["source_id"]: row for row in csv.DictReader(file)}
    out: dict[str, dict[str, StudySource]] = {}
    for row in load_tables(folder).rows:
        if row.fitted:
            out.setdefault(row.analyte, {})[row.source_id] = _reference_study(row.source_id, told[row.source_id])
    return {analyte: tuple(studies.values()) for analyte, studies in out.items()}


def _reference_study(id: str, row: Mapping[str, str]) -> StudySource:
    n = row["n"].partition(" ")[0]
    people = int(n) if n.isdigit() else None
    citation = ", ".join(part for part in (row["authors"] or row["title"], row["journal"]) if part)
    return StudySource(id, citation, row["year"], row["doi"], row["pmid"], people, ())
