"""`sigm query`: one patient, from a file, standard input or flags."""

from __future__ import annotations

import sys
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
    model: options.ModelDir = None,
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
    _answer(file, flags, model=model, as_json=json, full=full)


def _answer(file: str | None, flags: Flags, *, model: Path | None, as_json: bool, full: bool) -> None:
    """Load the model, read the patient, write the answer."""
    from sigm_bayes.query import load_model

    loaded = load_model(model)
    answer = loaded.query(_patient(file, flags, catalogue=loaded.catalogue)).to_dict()
    write_answer(answer, loaded.catalogue, as_json=as_json, full=full)


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
