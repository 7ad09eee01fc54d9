"""The evidence as frozen rows: facts of a source, our reading of them, and the observation that follows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from sigm_bayes.errors import EvidenceError, Problem
from sigm_bayes.evidence.files import nearest
from sigm_bayes.evidence.vocabulary import NO_CAUSE, SEPARATOR, Role, Scale


@dataclass(frozen=True)
class Study:
    """A source: who was looked at, where, and what it called low (one row of ``studies.csv``)."""

    study_id: str
    citation: str
    doi: str
    pmid: str
    year: str
    country: str
    population: str
    age_group: str
    setting: str
    definition: str
    n: int | None
    overlap_group: str
    flag: str


@dataclass(frozen=True)
class LabelledStudy:
    """People whom a study labelled primary, and by which definition (one row of ``labelled_studies.csv``).

    Attributes
    ----------
    labelled_id : str
        Name of the group; a study may have several (CAK before and after reclassification).
    cutoff_low_mg_dl, cutoff_high_mg_dl : float or None
        IgM lies between them; None = open, or given by `cutoff_sd`.
    cutoff_sd : float or None
        Upper cut-off in SD of ln IgM for age (-2), where it is not a concentration.
    igg_iga_normal, secondary_excluded, other_excluded : bool
        Whether the definition asks for normal IgG and IgA, for no recorded cause, and whether people with
        another defined immunodeficiency were looked for and removed.
    literature_cases : bool
        Published because severe: the study effect on findings has a positive mean.
    """

    labelled_id: str
    study_id: str
    age_years: float
    male_share: float
    setting: str
    cutoff_low_mg_dl: float | None
    cutoff_high_mg_dl: float | None
    cutoff_sd: float | None
    igg_iga_normal: bool
    secondary_excluded: bool
    other_excluded: bool
    literature_cases: bool
    note: str


@dataclass(frozen=True)
class Observed:
    """The published number on the scale of its term.

    Attributes
    ----------
    scale : str
        proportion; mg_dl (levels and differences, mg/dL); fraction (of baseline); ln_ratio; ln_rate (ln of
        events per person-year).
    value : float
        On that scale. For `stat` complement the complement has been taken: it is the term's own quantity.
    se : float
        Standard error on that scale; of the logit for a proportion (with half a person added to both sides).
    n : float
        People behind a proportion or a moment, effective where they are not printed; nan for ratios and
        rates.
    precision_printed : bool
        False where `se` rests on a choice of ``reading.toml`` because the source prints too little.
    """

    scale: Scale
    value: float
    se: float
    n: float
    precision_printed: bool


@dataclass(frozen=True)
class EvidenceItem:
    """One published number: the facts, how they are read, and the study they come from.

    Facts (``items.csv``, as printed): `kind`, `target`, `k`, `n`, `value`, `low`, `high`, `unit`, `spread`,
    `k_source`, `flag`, `note_source`, `threshold_printed_mg_dl`. Reading (``terms.csv``): the other fields.
    `spread_read` corrects `spread` where the table mislabels it; `overlap_group` is never empty; `cause` may be a
    union of causes (see `causes`).
    """

    item_id: str
    study_id: str
    kind: str
    target: str
    k: int | None
    n: int | None
    value: float | None
    low: float | None
    high: float | None
    unit: str
    threshold_printed_mg_dl: float | None
    k_source: str
    flag: str
    note_source: str
    spread: str
    role: Role
    term: str
    cause: str
    findings: tuple[str, ...]
    test: str
    threshold_mg_dl: float | None
    age_years: float | None
    male_share: float | None
    setting: str
    context: str
    stat: str
    window_years: float | None
    bound: str
    labelled_id: str
    overlap_group: str
    spread_read: str
    low_text: str
    note: str
    study: Study
    observed: Observed | None = None

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes that `cause` names: several for a union, none for people exposed to nothing."""
        return () if self.cause in ("", NO_CAUSE) else tuple(self.cause.split(SEPARATOR))

    @property
    def used(self) -> bool:
        """Whether the item is a likelihood term (fitted or bound)."""
        return self.role != "context"

    def _seen(self, scale: Scale) -> Observed:
        if self.observed is None or self.observed.scale != scale:
            said = "is not used" if self.observed is None else f"is on the scale {self.observed.scale}"
            raise EvidenceError([Problem(self.item_id, None, f"asked for {scale}, but the item {said}", "")])
        return self.observed

    @property
    def proportion(self) -> float:
        """The share, of the quantity that the term names."""
        return self._seen("proportion").value

    @property
    def n_effective(self) -> float:
        """People behind the proportion: printed, or effective (``reading.toml``)."""
        return self._seen("proportion").n

    @property
    def k_effective(self) -> float:
        """`proportion` times `n_effective`; a whole number where k was printed."""
        seen = self._seen("proportion")
        return seen.value * seen.n

    @property
    def se_logit(self) -> float:
        """Standard error of the logit of the proportion."""
        return self._seen("proportion").se


@dataclass(frozen=True)
class Evidence:
    """All published items with their readings, and what identifies this state of the evidence.

    Attributes
    ----------
    items : tuple of EvidenceItem
        All of them, in the order of ``items.csv``, excluded ones too.
    excluded : frozenset of str
        Item ids left out on request.
    sha256 : str
        Over all tables and ``reading.toml``, whatever the order of rows and the line ends, and over
        `excluded`.
    """

    items: tuple[EvidenceItem, ...]
    studies: tuple[Study, ...]
    labelled_studies: tuple[LabelledStudy, ...]
    excluded: frozenset[str]
    sha256: str

    @cached_property
    def fitted(self) -> tuple[EvidenceItem, ...]:
        """Items that enter the likelihood: roles fitted and bound, not excluded."""
        return tuple(item for item in self.items if item.used and item.item_id not in self.excluded)

    @cached_property
    def _by_id(self) -> dict[str, EvidenceItem]:
        return {item.item_id: item for item in self.items}

    @cached_property
    def _labelled(self) -> dict[str, LabelledStudy]:
        return {row.labelled_id: row for row in self.labelled_studies}

    def item(self, item_id: str) -> EvidenceItem:
        """Return one item; an unknown id is an EvidenceError that names the nearest."""
        if item_id not in self._by_id:
            near = nearest(item_id, self._by_id)
            problem = Problem("item_id", item_id, "no such item", f"Did you mean {near}?" if near else "")
            raise EvidenceError([problem])
        return self._by_id[item_id]

    def of_term(self, term: str) -> tuple[EvidenceItem, ...]:
        """Items of one term that enter the likelihood."""
        return tuple(item for item in self.fitted if item.term == term)

    def labelled(self, item: EvidenceItem) -> LabelledStudy:
        """Return the labelled people whom the item describes; an EvidenceError where it describes none."""
        if item.labelled_id not in self._labelled:
            raise EvidenceError([Problem(item.item_id, item.term, "not a term of labelled people", "")])
        return self._labelled[item.labelled_id]

    def overlap_groups(self) -> dict[str, tuple[str, ...]]:
        """Return the item ids in the likelihood by group of studies that reuse patients."""
        groups: dict[str, list[str]] = {}
        for item in self.fitted:
            groups.setdefault(item.overlap_group, []).append(item.item_id)
        return {name: tuple(ids) for name, ids in groups.items()}

    def counts(self) -> dict[str, int]:
        """Count items by role; excluded ones apart."""
        counted = Counter("excluded" if i.item_id in self.excluded else i.role for i in self.items)
        return {role: counted[role] for role in ("fitted", "bound", "context", "excluded")}
