"""From the codings of a resource to what they mean here, or why they mean nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sigm_bayes.codes import LAB_TESTS, Code, CodeTable, load_codes, system_of_uri
from sigm_bayes.fhir.elements import Coding, codings
from sigm_bayes.fhir.facts import Meaning, Meanings, Refused, Sort
from sigm_bayes.fhir.rules import LOCAL, Rules, load_rules, stands_in

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

SAID = (
    *("no_significant_infection", "known_inborn_error", "on_immunoglobulin"),
    *("age_at_first_igm", "gestational_weeks", "label", "setting", "igg_status", "iga_status"),
)
"""Codes of the local system beside the ids of the catalogue: statements about the person."""
ANALYTES = {"igm": "IgM", "igg": "IgG", "iga": "IgA"}
REPLACEMENT = "immunoglobulin_replacement"
TARGET = "selective_igm_deficiency"


class Codebook:
    """Knows what codings mean.

    Parameters
    ----------
    catalogue : Catalogue
    codes : CodeTable, optional
    rules : Rules, optional
        Default: those that ship.
    """

    def __init__(self, catalogue: Catalogue, *, codes: CodeTable | None = None, rules: Rules | None = None) -> None:
        self.catalogue = catalogue
        self.codes = codes or load_codes()
        self.rules = rules or load_rules()
        self._known: dict[tuple[Coding, ...], Meanings | Refused] = {}
        self._local = self._local_ids()

    def read(self, concept: Any) -> Meanings | Refused:
        """Return what a CodeableConcept means (one thing, or one finding and one cause), or why nothing.

        Several codings are translations of each other: the one that says most counts where the others say part of
        the same; codings that say different things are ambiguous.
        """
        found = codings(concept)
        if not found:
            return Refused("code_missing", "")
        key = tuple(Coding(c.system, c.code) for c in found)
        if key not in self._known:
            self._known[key] = self._read(key)
        return self._known[key]

    def _read(self, found: tuple[Coding, ...]) -> Meanings | Refused:
        read: list[Meanings] = []
        refused: list[Refused] = []
        for coding in found:
            meant = self._one(coding)
            if isinstance(meant, Refused):
                refused.append(meant)
            else:
                read.append(meant)
        if not read:
            order = ("code_is_question", "code_is_wider", "code_recalled", "phenotype", "not_input", "code_unknown")
            return min(refused, key=lambda why: order.index(why.kind) if why.kind in order else len(order))
        most = max(read, key=lambda meanings: (len(meanings), any(m.whole for m in meanings)))
        ids = {(m.sort, m.id) for m in most}
        if any(not {(m.sort, m.id) for m in meanings} <= ids for meanings in read):
            return Refused("code_ambiguous", " against ".join(sorted({m.id for meanings in read for m in meanings})))
        return most

    def _one(self, coding: Coding) -> Meanings | Refused:
        if coding.system == LOCAL:
            sort = self._local.get(coding.code)
            if sort is None:
                return Refused("code_unknown", f"{coding.code} is no id of the catalogue")
            return (Meaning(sort, coding.code, coding, "local", whole=True),)
        system = system_of_uri(coding.system)
        if system is None:
            return Refused("system_unknown", coding.system[:60])
        if stands_in(self.rules.inborn_error, system=system, code=coding.code):
            return (Meaning("inborn_error", "known_inborn_error", coding, system),)
        rows = self.codes.find(coding.code, system=system)
        if not rows:
            recalled = any(row.flag == "recalled" for row in self.codes.refused(coding.code, system=system))
            return Refused("code_recalled" if recalled else "code_unknown", "")
        usable = [row for row in rows if not _too_wide(row)]
        if not usable:
            return Refused("code_is_wider", "")
        return self._meanings(usable, coding, system)

    def _meanings(self, rows: list[Code], coding: Coding, system: str) -> Meanings | Refused:
        if all(row.concept_id == TARGET for row in rows):
            return Refused("code_is_question", "")
        if all(row.kind == "lab" for row in rows) and system == "HPO":
            return Refused("phenotype", "")
        found = []
        for row in rows:
            sort, id = self._sort(row)
            if sort is None:
                continue
            whole = stands_in(self.rules.recurrent.get(id, {}), system=system, code=coding.code)
            found.append(Meaning(sort, id, coding, system, whole, row.caution))
        if not found:
            return Refused("not_input", "")
        return self._once(found)

    def _once(self, found: list[Meaning]) -> Meanings | Refused:
        """Return one infection (or one finding) and at most one cause: one illness is one piece of evidence."""
        flags = tuple(m for m in found if m.sort == "flag")
        findings = [m for m in found if m.sort == "finding"]
        rest = tuple(m for m in found if m.sort not in ("flag", "finding"))
        if len({(m.sort, m.id) for m in rest}) > 1:
            return Refused("code_ambiguous", " against ".join(m.id for m in rest))
        for id in self.rules.counts_first:
            if id == "invasive_infection" and flags:
                return (*flags, *rest)
            named = tuple(m for m in findings if m.id == id)
            if named:
                return (*named, *rest)
        if len(findings) > 1:
            return Refused("code_ambiguous", " against ".join(m.id for m in findings))
        return (*findings, *rest)

    def _sort(self, row: Code) -> tuple[Sort | None, str]:
        """Return what a row of the table of codes is in this catalogue."""
        if row.kind == "lab":
            if row.concept_id in ANALYTES:
                return "analyte", ANALYTES[row.concept_id]
            return ("test", row.concept_id) if row.concept_id in LAB_TESTS else (None, "")
        if row.kind == "treatment":
            return ("treatment", row.concept_id) if row.concept_id == REPLACEMENT else (None, "")
        sort = self._local.get(row.concept_id)
        return (sort, row.concept_id) if sort in ("finding", "flag", "cause", "test") else (None, "")

    def _local_ids(self) -> Mapping[str, Sort]:
        catalogue = self.catalogue
        sorts: dict[str, Sort] = dict.fromkeys(SAID, "said")
        sorts |= dict.fromkeys(catalogue.ids("test"), "test")
        sorts |= {cause.id: "cause" for cause in catalogue.causes if cause.recordable}
        sorts |= dict.fromkeys((flag.id for flag in catalogue.invasive.flags), "flag")
        sorts |= dict.fromkeys(catalogue.ids("finding"), "finding")
        return sorts


def _too_wide(row: Code) -> bool:
    """Return whether a code is no evidence by itself: it may mean something else, or mostly does."""
    return row.caution == "weak" or (row.caution == "broad" and row.kind in ("finding", "infection"))
