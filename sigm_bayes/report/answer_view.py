"""An answer as the blocks of a page: what the templates of the web page and of the report print.

Everything here is text or a figure that is ready to print; the templates add structure and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from sigm_bayes.patient import Patient
from sigm_bayes.plots.probability_bar import probability_bar
from sigm_bayes.query import Model
from sigm_bayes.query.sources import START
from sigm_bayes.query.weighing import GROUPS
from sigm_bayes.report import sentences as say
from sigm_bayes.report.answer_block import class_note
from sigm_bayes.report.basis_block import KINDS, fine_percent
from sigm_bayes.report.explained_view import explained_blocks
from sigm_bayes.report.figures import Figures
from sigm_bayes.report.inputs import Row, input_rows
from sigm_bayes.report.numbers import GLUE, interval, limit_of, percent, share_below, signed, thousands, with_interval
from sigm_bayes.report.sources_view import basis_block, told_once
from sigm_bayes.report.wording import (
    CLASS_LABELS,
    CRITERION_STATE,
    ESID_STATUS,
    LIMITS_FROM,
    SEVERITY_ORDER,
    SHORT_LABELS,
    other_immunoglobulins,
    peers,
    person,
    stated,
)

LIKELY_CAUSE = 0.01
"""Causes from this probability on are listed; the rest are in the table that opens."""
SEVERITY_WORDS = {"warning": "Warning", "caution": "Caution", "info": "Note"}
Block = dict[str, Any]


@dataclass(frozen=True)
class AnswerPage:
    """Turns answers of one model into blocks.

    Attributes
    ----------
    model : Model
    figures : Figures
        Holds the age curves, so keep one page for many answers.
    """

    model: Model
    figures: Figures

    @classmethod
    def of(cls, model: Model) -> AnswerPage:
        """Return the page of a model."""
        return cls(model, Figures(model))

    def warm(self) -> None:
        """Work out what all answers share: parameters, age curves, sources."""
        self.model.warm()
        _ = self.model.workup
        self.figures.warm()
        for group in (START, *GROUPS):
            self.model.sources.of(group)

    def view(self, patient: Patient, *, explained: bool, thresholds: Sequence[float] = ()) -> Block:
        """Answer for a patient and return the blocks.

        Parameters
        ----------
        explained
            Add what to do next and what would tip the answer.
        thresholds
            Probabilities of primary whose tipping points are wanted, beside one half.
        """
        answer = self.model.query(patient, explain=explained)
        document = answer.to_dict()
        if explained:
            document |= answer.explain(thresholds=thresholds).to_dict()
        return self.blocks(patient, document)

    def blocks(self, patient: Patient, answer: Mapping[str, Any]) -> Block:
        """Return the blocks of an answer document that was given for this patient."""
        labels = self._labels()
        view: Block = {
            "cautions": _cautions(answer),
            "who": f"{person(answer['summary'])}, {answer['summary']['age_text']}, IgM {patient.igm[0].text}",
            "refused": answer["refused"],
            "inputs": input_rows(patient, catalogue=self.model.catalogue),
            "not_known": {kind: [labels.get(id, id) for id in answer["not_known"][kind]] for kind in KINDS},
            "basis": self._basis(answer),
            "limits": say.LIMITS,
            "intended_use": say.INTENDED_USE,
            "due": answer["due"],
            "next": explained_blocks(answer),
        }
        if answer["refused"] is not None:
            return view
        drawn = self.figures.draw(patient, answer)
        return view | {
            "figures": {name: Markup(figure) for name, figure in drawn.items()},
            "standing": _standing(answer),
            "asked": say.ASKED.format(setting=_asked(answer)),
            "rows": _rows(answer),
            "in_brackets": say.IN_BRACKETS.format(
                level=round(100 * answer["interval"]["level"]), kind=answer["interval"]["kind"]
            ),
            "headline": _headline(answer),
            "ledger": self._ledger(answer),
            "decided_by": _decided_by(answer),
            "short_labels": [label.partition(" immuno")[0] for label in SHORT_LABELS.values()],
            "baseline": _glued(say.BASELINE.format(value=with_interval(answer["baseline"]["primary"]))),
            "causes": _causes(answer),
            "esid": _esid(answer, labels),
        }

    def _labels(self) -> dict[str, str]:
        c = self.model.catalogue
        return {row.id: row.label for table in (c.settings, c.findings, c.causes, c.tests) for row in table}

    def _definitions(self) -> dict[str, tuple[str, str]]:
        """Id to definition and source, for findings, causes and tests."""
        c = self.model.catalogue
        tables: tuple[tuple[Any, ...], ...] = (c.findings, c.causes, c.tests)
        return {row.id: (row.help, getattr(row, "source", "")) for table in tables for row in table}

    def _ledger(self, answer: Mapping[str, Any]) -> Block:
        definitions, sources = self._definitions(), self.model.sources
        rows = []
        for item in answer["ledger"]["items"]:
            single = sorted(item["details"], key=lambda detail: -abs(detail["log10_change"]))
            details = [
                {
                    "text": stated(detail["label"], detail["state"]),
                    "weight": _minus(signed(detail["log10_change"])),
                    "definition": definitions.get(detail["id"], ("", ""))[0],
                    "source": definitions.get(detail["id"], ("", ""))[1],
                    "basis": basis_block(sources.of(item["group"], detail["id"])),
                }
                for detail in single
            ]
            rows.append(
                {
                    "label": item["label"],
                    "weight": _minus(signed(item["log10_lr"])),
                    "basis": basis_block(sources.of(item["group"])),
                    "details": details,
                }
            )
        start = basis_block(sources.of(START))
        return {
            "start": _minus(signed(answer["ledger"]["prior_log10_odds"])),
            "start_basis": start,
            **told_once([start, *_bases(rows)]),
            "rows": rows,
            "end": _minus(signed(answer["ledger"]["posterior_log10_odds"])),
        }

    def _basis(self, answer: Mapping[str, Any]) -> list[Row]:
        model = answer["model"]
        rows = [
            ("model", f"{model['name']} {model['version']}, built {model['created']}"),
            ("published numbers behind it", thousands(model["items_fitted"] or 0)),
            ("hash of the evidence", model["evidence_sha256"] or "not recorded"),
            ("hash of the input", answer["input_sha256"]),
        ]
        if answer["tipping"] is not None:
            prior = self.model.priors.parameter("logit_primary")
            rows.insert(
                0, ("prior prevalence of primary, this setting", fine_percent(answer["tipping"]["prevalence_now"]))
            )
            rows.insert(1, ("its source", prior.source))
        return rows


def _bases(rows: Sequence[Block]) -> list[Block]:
    """Return what the groups rest on, and what their single findings do."""
    return [one["basis"] for row in rows for one in (row, *row["details"])]


def _glued(words: str) -> str:
    """Return a text in which a line breaks at no glued space."""
    return words.replace(GLUE, "\u00a0")


def _minus(weight: str) -> str:
    """Return a signed number with a true minus sign."""
    return weight.replace("-", "\u2212")


def _cautions(answer: Mapping[str, Any]) -> list[Block]:
    found = sorted(answer["cautions"], key=lambda caution: SEVERITY_ORDER.index(caution["severity"]))
    return [{"severity": c["severity"], "word": SEVERITY_WORDS[c["severity"]], "message": c["message"]} for c in found]


def _headline(answer: Mapping[str, Any]) -> str:
    """Return the answer in a sentence, likeliest first."""
    order = sorted(CLASS_LABELS, key=lambda name: -answer["probability"][name]["mean"])
    return ", ".join(f"{SHORT_LABELS[name]} {percent(answer['probability'][name]['mean'])}" for name in order)


def _standing(answer: Mapping[str, Any]) -> str:
    igm = answer["position"]["igm"]
    others = other_immunoglobulins(answer["summary"])
    standing = say.STANDING.format(
        limit=limit_of(igm), whose=LIMITS_FROM[igm["limits_from"]], share=share_below(igm),
        peers=peers(answer["summary"]),
    )  # fmt: skip
    return standing + (f" {others}." if others else "")


def _asked(answer: Mapping[str, Any]) -> str:
    summary = answer["summary"]
    return summary["setting_label"] + ("" if summary["setting_given"] else f" {say.SETTING_ASSUMED}")


def _rows(answer: Mapping[str, Any]) -> list[Block]:
    order = sorted(CLASS_LABELS, key=lambda name: -answer["probability"][name]["mean"])
    return [
        {
            "key": name,
            "label": CLASS_LABELS[name],
            "percent": percent(answer["probability"][name]["mean"]),
            "interval": interval(answer["probability"][name]).replace(" ", "\u00a0"),
            "bar": Markup(probability_bar(answer["probability"][name], key=name)),
            "note": _glued(class_note(answer, name)),
        }
        for name in order
    ]


def _decided_by(answer: Mapping[str, Any]) -> list[Block]:
    return [
        {
            "between": say.BETWEEN.format(which=" and ".join(SHORT_LABELS[name] for name in decision["between"])),
            "items": decision["items"],
            "message": decision["message"],
        }
        for decision in answer["decided_by"]
    ]


def _causes(answer: Mapping[str, Any]) -> Block:
    ranked = sorted(answer["causes"].values(), key=lambda cause: -cause["mean"])
    rows = [
        {
            "label": cause["label"],
            "percent": percent(cause["mean"]),
            "interval": interval(cause).replace(" ", "\u00a0"),
            "recorded": cause["recorded"] if cause["recorded"] != "unknown" else "not known",
            "likely": cause["mean"] >= LIKELY_CAUSE,
        }
        for cause in ranked
    ]
    return {"likely": [row for row in rows if row["likely"]], "others": [row for row in rows if not row["likely"]]}


def _esid(answer: Mapping[str, Any], labels: Mapping[str, str]) -> Block:
    esid = answer["esid"]
    documented = f"{esid['documented']} of {len(esid['criteria'])}"
    probability = with_interval(esid["probability"])
    return {
        "status": ESID_STATUS[esid["status"]],
        "stands": _glued(say.ESID_STANDS.format(probability=probability, documented=documented)),
        "criteria": [
            {
                "label": c["label"],
                "state": CRITERION_STATE[c["state"]],
                "key": c["state"],
                "detail": _in_words(c["detail"], labels),
            }
            for c in esid["criteria"]
        ],
    }


def _in_words(detail: str, labels: Mapping[str, str]) -> str:
    """Return a detail with every id replaced by its label."""
    lead, colon, rest = detail.rpartition(": ")
    return lead + colon + ", ".join(labels.get(part, part) for part in rest.split(", "))
