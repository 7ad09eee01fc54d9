"""A reading for a published number that comes without one: which quantity of the model its kind and target name.

First the reading of a published item of the same kind and target; otherwise the rule of its kind. What cannot be read
so is a problem of the row, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.tables import Kind
from sigm_bayes.evidence import Evidence, EvidenceItem
from sigm_bayes.evidence.files import Row
from sigm_bayes.evidence.load import TERM_COLUMNS
from sigm_bayes.evidence.vocabulary import ALTERNATIVE, NO_CAUSE, SEPARATOR, TERMS

About = Literal["cause", "findings", "test", "", "any"]

RULES: Mapping[str, tuple[str, str, About]] = {
    "finding_in_labelled_primary": ("finding_in_labelled", "", "findings"),
    "asymptomatic_in_labelled_primary": ("asymptomatic_in_labelled", "", ""),
    "complication_in_labelled_primary": ("complication_in_labelled", "", "cause"),
    "lab_in_labelled_primary": ("test_in_labelled", "", "test"),
    "igm_level_labelled_primary": ("igm_moment_labelled", "mean", ""),
    "igm_level_labelled_primary_sd": ("igm_moment_labelled", "sd", ""),
    "labelled_prevalence": ("labelled_prevalence", "", ""),
    "low_given_cause": ("low_given_exposure", "", "cause"),
    "isolated_low_igm_given_cause": ("low_given_exposure", "isolated", "cause"),
    "low_given_no_cause": ("low_given_exposure", "", ""),
    "low_igg_given_cause": ("low_igg_given_exposure", "", "cause"),
    "odds_ratio_low_given_cause": ("odds_low_given_exposure", "", "cause"),
    "igm_level_given_cause": ("igm_moment_exposed", "mean", "cause"),
    "igm_change_given_cause": ("igm_change_exposed", "difference", "cause"),
    "low_in_population": ("tail_in_population", "below", ""),
    "high_in_population": ("tail_in_population", "above", ""),
    "prevalence_quoted": ("tail_in_population", "below", ""),
    "low_in_tested": ("low_in_tested", "", ""),
    "background": ("finding_background", "", "any"),
    "background_rate": ("finding_background", "rate_per_10000_per_year", "findings"),
    "background_in_tested": ("finding_in_tested", "", "any"),
}
"""Kind -> term, stat, and what the target names (any: a finding, a cause or a test)."""
TYPICAL_AGE = {"adult": "45", "child": "6", "all": "45"}
"""Years, by age group of the study, as in ``data/evidence/README.md``."""
ASSUMED_THRESHOLD = "40"
"""mg/dL, where the source says only "below the laboratory's limit" (``data/evidence/README.md``)."""


def propose(row: Row, study: Mapping[str, str], *, catalogue: Catalogue, evidence: Evidence) -> dict[str, str] | None:
    """Propose the cells of ``terms.csv`` for a published number; None where it cannot be read (the row says why)."""
    like = _alike(row, evidence)
    cells = dict.fromkeys(TERM_COLUMNS, "")
    cells |= {"item_id": row["item_id"], "role": "fitted", "context": "well"}
    if like is not None:
        cells |= {
            "term": like.term, "stat": like.stat, "cause": like.cause, "findings": SEPARATOR.join(like.findings),
            "test": like.test, "context": like.context,
            "window_years": "" if like.window_years is None else f"{like.window_years:g}",
        }  # fmt: skip
    elif not _by_rule(row, cells, catalogue):
        return None
    term = TERMS[cells["term"]]
    cells["age_years"] = TYPICAL_AGE.get(study.get("age_group", ""), "45")
    cells["male_share"] = "0.5"
    cells["setting"] = study.get("setting", "")
    if "threshold_mg_dl" in (*term.needs, *term.takes):
        cells["threshold_mg_dl"] = row["threshold_mg_dl"] or row["threshold_assumed_mg_dl"] or ASSUMED_THRESHOLD
    if cells["term"] == "igm_change_exposed":
        cells["stat"] = "fraction" if row["unit"] == "fraction_of_baseline" else "difference"
    if "labelled_id" in term.needs:
        cells["labelled_id"] = row["study_id"]
    return cells


def _alike(row: Row, evidence: Evidence) -> EvidenceItem | None:
    """The published item with the same kind and target that is read two-sided, if all such are read the same way."""
    kind = row["kind"].removesuffix(ALTERNATIVE)
    found = [
        i for i in evidence.items if i.used and i.kind == kind and i.target == row["target"] and i.role == "fitted"
    ]
    readings = {(i.term, i.stat, i.cause, i.findings, i.test) for i in found}
    return found[0] if len(readings) == 1 else None


def _by_rule(row: Row, cells: dict[str, str], catalogue: Catalogue) -> bool:
    kind = row["kind"].removesuffix(ALTERNATIVE)
    remedy = "Give its reading: the columns of terms.csv in this file, or --terms FILE."
    if kind not in RULES:
        row.problem("kind", "no quantity of the model is known for this kind", remedy)
        return False
    term, stat, about = RULES[kind]
    cells |= {"term": term, "stat": stat}
    if term == "low_given_exposure" and not about:
        cells["cause"] = NO_CAUSE
    if not about:
        return True
    target = row["target"]
    kinds: tuple[tuple[str, Kind], ...] = (("findings", "finding"), ("cause", "cause"), ("test", "test"))
    for column, of in kinds:
        if about in (column, "any") and catalogue.has(of, target):
            cells[column] = target
            if about == "any" and column != "findings":
                cells["term"] = {"cause": "exposure_background", "test": "test_background"}[column]
            return True
    wanted: tuple[Kind, ...] = tuple(of for column, of in kinds if about in (column, "any"))
    near = next((n for of in wanted if (n := catalogue.suggest(of, target))), None)
    hint = f"Did you mean {near}? " if near else ""
    row.problem("target", f"is no {' or '.join(wanted)} of the catalogue", f"{hint}{remedy}")
    return False
