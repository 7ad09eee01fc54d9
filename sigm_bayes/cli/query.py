"""`sigm query`: one patient, from a file, standard input or flags."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sigm_bayes.cli import options
from sigm_bayes.cli.answering import write_answer
from sigm_bayes.errors import InputError, Problem

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue
    from sigm_bayes.cli.flags import Flags
    from sigm_bayes.patient import Patient


def query(
    file: options.PatientFile = None,
    age: options.Age = None,
    age_months: options.AgeMonths = None,
    sex: options.Sex = None,
    setting: options.Setting = None,
    igm: options.Igm = None,
    igg: options.Igg = None,
    iga: options.Iga = None,
    present: options.Present = None,
    absent: options.Absent = None,
    no_infection: options.NoInfection = False,
    invasive: options.Invasive = None,
    cause: options.Cause = None,
    no_other_cause: options.NoOtherCause = False,
    test: options.Test = None,
    gestational_weeks: options.GestationalWeeks = None,
    on_immunoglobulin: options.OnImmunoglobulin = False,
    known_inborn_error: options.KnownInbornError = False,
    json: options.AsJson = False,
    full: options.Full = False,
    next: options.Next = False,
    threshold: options.Threshold = None,
    repeat_months: options.RepeatMonths = None,
    report: options.Report = None,
    model: options.ModelDir = None,
    fhir: options.FhirIn = None,
    fhir_out: options.FhirOut = None,
) -> None:
    """Answer for one patient: probabilities with intervals, reasons, cautions, and what to do next.

    A FILE or flags describe the patient. An age and one IgM are required; whatever is not named is unknown.
    Example: sigm query --age 34 --sex female --igm "25 mg/dL" --present pneumonia
    """
    from sigm_bayes.cli.flags import Flags

    flags = Flags(
        age=age,
        age_months=age_months,
        sex=sex,
        setting=setting,
        gestational_weeks=gestational_weeks,
        igm=tuple(igm or ()),
        igg=tuple(igg or ()),
        iga=tuple(iga or ()),
        present=tuple(present or ()),
        absent=tuple(absent or ()),
        no_infection=no_infection,
        invasive=tuple(invasive or ()),
        cause=tuple(cause or ()),
        no_other_cause=no_other_cause,
        test=tuple(test or ()),
        on_immunoglobulin=on_immunoglobulin,
        known_inborn_error=known_inborn_error,
    )
    wanted = next or threshold is not None or repeat_months is not None
    more = _Explain(tuple(threshold or ()), repeat_months) if wanted else None
    _answer(file, flags, model=model, as_json=json, full=full, more=more, report=report, fhir=(fhir, fhir_out))


@dataclass(frozen=True)
class _Explain:
    """What `--next` and its two companions ask for, as written."""

    thresholds: tuple[str, ...]
    repeat_months: str | None

    def numbers(self) -> dict[str, Any]:
        """The arguments of `Answer.explain`; InputError lists all that are no numbers."""
        problems: list[Problem] = []
        thresholds = [_number("--threshold", text, "0.1 or 10%", problems) for text in self.thresholds]
        months = None
        if self.repeat_months is not None:
            months = _number("--repeat-months", self.repeat_months, "6", problems)
        if problems:
            raise InputError(problems)
        return {"thresholds": thresholds, "repeat_months": months}


def _number(flag: str, text: str, example: str, problems: list[Problem]) -> float:
    percent = text.strip().endswith("%")
    try:
        value = float(text.strip().removesuffix("%"))
    except ValueError:
        problems.append(Problem(flag, text, "is no number", f"Give for example {example}."))
        return 0.5
    return value / 100.0 if percent else value


def _answer(
    file: str | None,
    flags: Flags,
    *,
    model: Path | None,
    as_json: bool,
    full: bool,
    more: _Explain | None,
    report: Path | None,
    fhir: tuple[str | None, Path | None],
) -> None:
    """Load the model, read the patient, write the answer."""
    from sigm_bayes.query import load_model

    asked = None if more is None else more.numbers()
    if report is not None:
        from sigm_bayes.report.write_report import check_report_name

        check_report_name(report)
    loaded = load_model(model)
    record = None
    if fhir != (None, None):
        from sigm_bayes.cli.fhir import open_record

        record = open_record(*fhir, file=file, flags=flags, catalogue=loaded.catalogue)
    if record is None:
        patient = _patient(file, flags, catalogue=loaded.catalogue)
    else:
        patient = record.patient(catalogue=loaded.catalogue)
    answer = loaded.query(patient) if asked is None else loaded.query(patient, explain=True)
    document = answer.to_dict()
    if asked is not None:
        document |= answer.explain(**asked).to_dict()
        if as_json:
            document["sources"] = answer.sources()
    if record is not None:
        record.caution(document, as_json=as_json)
    write_answer(document, loaded.catalogue, as_json=as_json, full=full)
    if record is not None:
        record.finish(document, catalogue=loaded.catalogue, as_json=as_json)
    if report is not None:
        from sigm_bayes.report.write_report import write_report

        explained = document if asked is not None else document | answer.explain().to_dict()
        write_report(patient, explained, report, model=loaded)


def _patient(file: str | None, flags: Flags, *, catalogue: Catalogue) -> Patient:
    from sigm_bayes.patient import parse_patient, read_patient

    if file is not None and flags.given:
        raise InputError(
            [
                Problem(
                    "FILE",
                    file,
                    "a file and flags were both given",
                    "Put everything in the file, or only flags.",
                )
            ]
        )
    if file == "-":
        return parse_patient(_standard_input(), catalogue=catalogue)
    if file is not None:
        return read_patient(Path(file), catalogue=catalogue)
    if not flags.given:
        remedy = 'Name a patient file, or use flags: sigm query --age 34 --igm "25 mg/dL".'
        raise InputError([Problem("FILE", None, "no patient was given", remedy)])
    from sigm_bayes.cli.flags import patient_mapping

    return parse_patient(patient_mapping(flags, catalogue=catalogue), catalogue=catalogue)


def _standard_input() -> Any:
    import json

    text = sys.stdin.read()
    if not text.strip():
        raise InputError([Problem("standard input", None, "is empty", "Send a patient as JSON.")])
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        problem = Problem("standard input", None, f"is not valid JSON: {error.msg} ({place})", "Correct that line.")
        raise InputError([problem]) from None
