"""The fields of the published REDCap project: one field a column of the standard tables, in six instruments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sigm_bayes.catalogue.tables import Option
from sigm_bayes.registry.mapping import LABELS, SEXES, STATUSES
from sigm_bayes.registry.people import TEST_STATES
from sigm_bayes.registry.standard import COURSE, standard_unions
from sigm_bayes.units import UNITS

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

RECORD = "person_id"
REPEATED = ("diagnosis", "invasive_episode", "sample")
"""Instruments that are to be repeated."""
STATES = (("1", "present"), ("0", "absent"), ("9", "not known"))
YES_NO = (("1", "Yes"), ("0", "No"))
TICKED = {"findings": "ticked_findings", "causes": "ticked_causes"}
"""Checkbox fields for what is only ticked where it is there: a box that is not ticked is unknown."""
PARTIAL = "2026-01-15, or only 2026-01 or 2026"
DAY = "date_ymd"


@dataclass(frozen=True)
class Choice:
    """One answer: how REDCap codes it, how it shows it, and the word of the standard tables."""

    code: str
    label: str
    word: str


@dataclass(frozen=True)
class Field:
    """One field of the project.

    Attributes
    ----------
    name : str
        Variable in REDCap.
    form : str
        Instrument.
    kind : str
        Field type: text, radio, dropdown, yesno or checkbox.
    label : str
        As shown, and the column of an export with labels: no two fields share it.
    column : str
        Column of the standard table that it fills; empty for the boxes of `TICKED`.
    choices : tuple of Choice
    section, note, validation, lowest, highest, shown_if, matrix : str
        Entries of the data dictionary.
    identifier, required : bool
    """

    name: str
    form: str
    kind: str
    label: str
    column: str
    choices: tuple[Choice, ...] = ()
    section: str = ""
    note: str = ""
    validation: str = ""
    lowest: str = ""
    highest: str = ""
    shown_if: str = ""
    matrix: str = ""
    identifier: bool = False
    required: bool = False


@cache
def redcap_fields(catalogue: Catalogue) -> tuple[Field, ...]:
    """Return every field in the order of the data dictionary."""
    parts = (_person, _diagnosis, _findings, _invasive, _causes, _tests, _samples)
    return tuple(field for part in parts for field in part(catalogue))


def _pairs(choices: Sequence[tuple[str, str]]) -> tuple[Choice, ...]:
    """Codes that the usual words of a mapping hold."""
    return tuple(Choice(code, label, "" if code == "9" else code) for code, label in choices)


def _options(options: Sequence[Option | tuple[str, str]]) -> tuple[Choice, ...]:
    pairs = [option if isinstance(option, tuple) else (option.id, option.label) for option in options]
    return tuple(Choice(id, label, id) for id, label in pairs)


def _named(ids: Sequence[str]) -> tuple[Choice, ...]:
    return tuple(Choice(id, id.replace("_", " "), id) for id in ids)


def _person(catalogue: Catalogue) -> Iterator[Field]:
    limits, form = catalogue.limits, "person"
    settings = tuple(Choice(row.id, row.label, row.id) for row in catalogue.settings)
    yield Field(RECORD, form, "text", "Person id", RECORD, identifier=True, required=True,
                note="A pseudonym: no name, no hospital number.")  # fmt: skip
    yield Field("centre", form, "text", "Centre", "centre")
    yield Field("setting", form, "dropdown", "Setting in which IgM was measured", "setting", settings)
    yield Field("birth_date", form, "text", "Date of birth", "birth_date", note=PARTIAL, identifier=True)
    yield Field("age_years", form, "text", "Age at the first IgM, years", "age_years", validation="number",
                lowest=f"{limits.lowest_age_years:g}", highest=f"{limits.highest_age_years:g}",
                note="Only where the date of birth is not given. Decimals for small children: 1.5")  # fmt: skip
    yield Field("sex", form, "radio", "Sex", "sex", _named(SEXES))
    yield Field("gestational_weeks", form, "text", "Length of pregnancy at birth, weeks", "gestational_weeks",
                validation="number", lowest=f"{limits.lowest_gestational_weeks:g}",
                highest=f"{limits.highest_gestational_weeks:g}", note="For children under 2 years")  # fmt: skip
    yield Field("known_inborn_error", form, "yesno", "An inborn error of immunity is known", "known_inborn_error",
                _pairs(YES_NO))  # fmt: skip
    yield Field("on_immunoglobulin", form, "yesno", "Immunoglobulin replacement, now or before", "on_immunoglobulin",
                _pairs(YES_NO))  # fmt: skip
    shown = "[on_immunoglobulin] = '1'"
    for end in ("started", "stopped"):
        name = f"immunoglobulin_{end}"
        yield Field(name, form, "text", f"Immunoglobulin replacement {end} on", name, note=PARTIAL, shown_if=shown)
    for analyte in ("IgG", "IgA"):
        name = f"{analyte.lower()}_status"
        note = "Only where there is no result"
        yield Field(name, form, "radio", f"{analyte} is said to be", name, _named(STATUSES), note=note)


def _diagnosis(catalogue: Catalogue) -> Iterator[Field]:
    classes = {option.id: option.label for option in catalogue.classes}
    choices = tuple(Choice(id, classes.get(id, id.replace("_", " ")), id) for id in LABELS)
    note = "Repeat this instrument when the diagnosis changes: the latest one counts."
    yield Field("label", "diagnosis", "dropdown", "Diagnosis of the centre", "label", choices, note=note)
    yield Field("label_date", "diagnosis", "text", "Date of this diagnosis", "label_date", validation=DAY)


def _findings(catalogue: Catalogue) -> Iterator[Field]:
    form, states = "findings", _pairs(STATES)
    yield Field("no_significant_infection", form, "radio", "No significant infection", "no_significant_infection",
                states, section="Infections and other findings",
                note="Present: there was none, and every infection below is absent.")  # fmt: skip
    groups = {group.id: group.label for group in catalogue.finding_groups}
    for id in standard_unions(catalogue):
        group = groups.get(id.removeprefix("any_"), "infections of any kind")
        note = "Only where it is not known which"
        yield Field(id, form, "radio", f"One or more of: {group}", id, states, note=note)
    for group_id, group_label in groups.items():
        members = [finding for finding in catalogue.findings if finding.group == group_id]
        for i, finding in enumerate(members):
            section = group_label[:1].upper() + group_label[1:] if i == 0 else ""
            yield Field(finding.id, form, "radio", _upper(finding.label), finding.id, states, section=section,
                        note=_plain(finding.help), matrix=f"findings_{group_id}")  # fmt: skip
    for i, flag in enumerate(catalogue.invasive.flags):
        section = "Kind of invasive infection" if i == 0 else ""
        yield Field(flag.id, form, "radio", f"Kind: {flag.label}", flag.id, states, section=section,
                    shown_if="[invasive_infection] = '1'")  # fmt: skip
    boxes = [(f.id, f.label) for f in catalogue.findings]
    boxes += [(f.id, f"kind: {f.label}") for f in catalogue.invasive.flags]
    yield Field(TICKED["findings"], form, "checkbox", "Findings of a list that was only ticked", "", _options(boxes),
                section="Lists of boxes", note="A box that is not ticked is not known.")  # fmt: skip


def _invasive(catalogue: Catalogue) -> Iterator[Field]:
    form, invasive = "invasive_episode", catalogue.invasive
    yield Field("invasive_site", form, "checkbox", "Sites of the episode", "invasive_site", _options(invasive.sites))
    parts = (
        ("organism", "Organism of the episode", invasive.organisms),
        ("severity", "Severity of the episode", invasive.severities),
        ("number", "How many such episodes", invasive.numbers),
    )
    for end, label, options in parts:
        yield Field(f"invasive_{end}", form, "dropdown", label, f"invasive_{end}", _options(options))


def _causes(catalogue: Catalogue) -> Iterator[Field]:
    form, states = "causes", _pairs(STATES)
    causes = [cause for cause in catalogue.causes if cause.recordable]
    groups = {group.id: group.label for group in catalogue.cause_groups}
    section = ""
    for cause in causes:
        changed, section = groups[cause.group] != section, groups[cause.group]
        yield Field(cause.id, form, "radio", _upper(cause.label), cause.id, states, note=_plain(cause.help),
                    section=_upper(section) if changed else "")  # fmt: skip
        yield from _course(cause.id, _upper(cause.label), form)
    boxes = [(cause.id, cause.label) for cause in causes]
    yield Field(TICKED["causes"], form, "checkbox", "Causes of a list that was only ticked", "", _options(boxes),
                section="Lists of boxes", note="A box that is not ticked is not known.")  # fmt: skip


def _course(id: str, label: str, form: str) -> Iterator[Field]:
    shown = f"[{id}] = '1'"
    words = {
        "started": ("began", (("before_low_igm", "before the first low IgM"), ("after_low_igm", "after it"))),
        "igm_before": ("IgM before it", (("normal", "normal"), ("low", "low"))),
        "igm_recovered_after_stop": ("IgM became normal after its end", (("yes", "yes"), ("no", "no"))),
    }
    for end in COURSE:
        name = f"{id}_{end}"
        if end in words:
            said, options = words[end]
            choices = (*_options(options), Choice("unknown", "not known", "unknown"))
            yield Field(name, form, "dropdown", f"{label}: {said}", name, choices, shown_if=shown)
        else:
            said = "first dose or diagnosis" if end == "started_on" else "last dose, end or remission"
            yield Field(name, form, "text", f"{label}: date of {said}", name, note=PARTIAL, shown_if=shown)


def _tests(catalogue: Catalogue) -> Iterator[Field]:
    for i, test in enumerate(catalogue.tests):
        section = "Immunology tests" if i == 0 else ""
        yield Field(test.id, "tests", "radio", test.label, test.id, _named(TEST_STATES), section=section,
                    note=_plain(test.help), matrix="tests_results")  # fmt: skip


def _samples(catalogue: Catalogue) -> Iterator[Field]:
    form = "sample"
    contexts = tuple(Choice(row.id, row.label, row.id) for row in catalogue.contexts)
    units = tuple(Choice(name.lower().replace("/", "_"), name, name) for name in UNITS)
    analytes = tuple(Choice(row.id.lower(), row.id, row.id) for row in catalogue.analytes)
    yield Field("sample_date", form, "text", "Date of the sample", "date", validation=DAY)
    yield Field("sample_analyte", form, "dropdown", "Analyte", "analyte", analytes)
    yield Field("sample_value", form, "text", "Result as printed", "value",
                note="With its last zero and with < or >: 0.30 or <0.20")  # fmt: skip
    yield Field("sample_unit", form, "dropdown", "Unit of the result", "unit", units)
    yield Field("sample_context", form, "dropdown", "Circumstances of the sample", "context", contexts)
    for end, said in (("low", "lower"), ("high", "upper")):
        yield Field(f"sample_reference_{end}", form, "text", f"Reference interval of the laboratory, {said} end",
                    f"reference_{end}", note="In the unit of the result")  # fmt: skip


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _plain(text: str) -> str:
    """Return a text that a data dictionary may hold as a note: REDCap reads | and line ends as separators."""
    return " ".join(text.replace("|", "/").split())
