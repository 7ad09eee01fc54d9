"""A synthetic registry as FHIR R4 bulk NDJSON; every resource says that it is synthetic."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.codes import uri_of_system
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.fhir.codebook import Codebook
from sigm_bayes.fhir.facts import Refused
from sigm_bayes.fhir.json_text import dumps
from sigm_bayes.fhir.rules import CONTEXT, LOCAL
from sigm_bayes.simulate.options import Options
from sigm_bayes.simulate.registry import Registry
from sigm_bayes.simulate.tables import Table, registry_table, samples_table

SYNTHETIC = {"tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]}
"""`meta` of every resource: test health data."""
KINDS = ("Organization", "Patient", "Encounter", "Observation", "Condition", "MedicationStatement")
"""Kinds of resource, a file each."""
UCUM = "http://unitsofmeasure.org"
_HL7 = "http://terminology.hl7.org/CodeSystem"
_SYSTEMS = ("ICD10", "SNOMED", "ATC")
"""Systems of which a code is written beside the package's own, where one means just that."""
_CLASS = {"system": f"{_HL7}/v3-ActCode", "code": "AMB", "display": "ambulatory"}
Resource = dict[str, Any]


def write_fhir(registry: Registry, folder: Path, *, catalogue: Catalogue, options: Options) -> list[Path]:
    """Write a simulated registry as NDJSON files, one resource a line.

    Present findings and causes are confirmed Conditions (drugs: MedicationStatements), absent ones refuted (not
    taken), unknown ones are not written; so is a box that was not ticked.  What FHIR has no code for has one of the
    local system ``urn:sigm-bayes``.

    Parameters
    ----------
    registry : Registry
    folder : Path
        Made if it is not there. Earlier synthetic files in it are replaced.
    catalogue : Catalogue
    options : Options
        Those of the simulation: in its boxes to tick, 0 is no answer.

    Returns
    -------
    list of Path

    Raises
    ------
    InputError
        If a file of the same name is there that is not synthetic; then nothing is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {kind: folder / f"{kind}.ndjson" for kind in KINDS}
    _refuse_to_replace(list(paths.values()))
    people = registry_table(registry, catalogue=catalogue)
    samples = samples_table(registry, catalogue=catalogue)
    writer = _Writer(Codebook(catalogue), frozenset(options.records["tick_boxes"]))
    for kind, path in paths.items():
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            for resource in writer.resources(kind, people, samples):
                stream.write(dumps({"resourceType": kind, "meta": SYNTHETIC, **resource}) + "\n")
    return list(paths.values())


def _refuse_to_replace(paths: list[Path]) -> None:
    problems = []
    for path in paths:
        if not path.exists() or not path.stat().st_size:
            continue
        with path.open("rb") as stream:
            if b'"code":"HTEST"' not in stream.readline(400):
                message = "is there already and does not say that it is synthetic"
                problems.append(Problem(str(path), None, message, "Choose another folder."))
    if problems:
        raise InputError(problems)


def local(code: str) -> dict[str, str]:
    """Return a coding of the package's own system."""
    return {"system": LOCAL, "code": code}


class _Writer:
    """Turns the flat tables into resources."""

    def __init__(self, book: Codebook, boxes: frozenset[str]) -> None:
        self.book, self.boxes = book, boxes
        catalogue = book.catalogue
        self.findings = (*catalogue.ids("finding"), *(flag.id for flag in catalogue.invasive.flags))
        self.drugs = tuple(cause.id for cause in catalogue.causes if cause.recordable and cause.group == "drug")
        self.diseases = tuple(cause.id for cause in catalogue.causes if cause.recordable and cause.group != "drug")
        self.tests = catalogue.ids("test")
        loinc = {name: book.codes.codes_of(name.lower(), system="LOINC")[0].code for name in ("IgM", "IgG", "IgA")}
        self._analytes = {name: {"system": uri_of_system("LOINC") or "", "code": code} for name, code in loinc.items()}
        self._codings = {id: self._coded(id) for id in (*self.findings, *self.drugs, *self.diseases)}

    def resources(self, kind: str, people: Table, samples: Table) -> Iterator[Resource]:
        """Yield the resources of one kind, without their kind."""
        names = list(people)
        if kind == "Organization":
            for centre in dict.fromkeys(people["centre"]):
                yield {"id": centre, "name": centre}
            return
        if kind == "Observation":
            yield from self._samples(samples)
        makers = {
            "Patient": self._patient,
            "Encounter": self._encounter,
            "Observation": self._observations,
            "Condition": self._conditions,
            "MedicationStatement": self._drugs,
        }
        for cells in zip(*people.values(), strict=True):
            yield from makers[kind](dict(zip(names, cells, strict=True)))

    def _patient(self, row: dict[str, str]) -> Iterator[Resource]:
        organisation = {"reference": f"Organization/{row['centre']}"}
        yield {"id": row["person_id"], "gender": row["sex"] or "unknown", "managingOrganization": organisation}

    def _encounter(self, row: dict[str, str]) -> Iterator[Resource]:
        yield {
            "id": f"{row['person_id']}-visit",
            "status": "finished",
            "class": _CLASS,
            "type": [{"coding": [local(row["setting"])]}],
            "subject": _subject(row),
            "serviceProvider": {"reference": f"Organization/{row['centre']}"},
        }

    def _samples(self, samples: Table) -> Iterator[Resource]:
        names = list(samples)
        for number, cells in enumerate(zip(*samples.values(), strict=True), start=1):
            row = dict(zip(names, cells, strict=True))
            value = row["value"]
            quantity: Resource = {"value": Decimal(value.removeprefix("<")), "unit": row["unit"], "system": UCUM}
            if value.startswith("<"):
                quantity["comparator"] = "<"
            yield {
                "id": f"sample-{number}",
                "extension": [{"url": CONTEXT, "valueCode": row["context"]}],
                "status": "final",
                "code": {"coding": [self._analytes[row["analyte"]]]},
                "subject": _subject(row),
                "effectiveDateTime": row["date"],
                "valueQuantity": quantity | {"code": row["unit"]},
            }

    def _observations(self, row: dict[str, str]) -> Iterator[Resource]:
        """Yield age, label and tests."""
        age = {"value": Decimal(row["age_years"]), "unit": "years", "system": UCUM, "code": "a"}
        yield self._observation(row, "age_at_first_igm", {"valueQuantity": age})
        if row["label"]:
            value: Resource = {"valueCodeableConcept": {"coding": [local(row["label"])]}}
            if row["label_date"]:
                value["effectiveDateTime"] = row["label_date"]
            yield self._observation(row, "label", value)
        codes = {"normal": "N", "abnormal": "A", "not_interpretable": "IND"}
        for test in self.tests:
            if row[test] == "not_done":
                reason = {"coding": [{"system": f"{_HL7}/data-absent-reason", "code": "not-performed"}]}
                yield self._observation(row, test, {"dataAbsentReason": reason})
            elif row[test]:
                coding = {"system": f"{_HL7}/v3-ObservationInterpretation", "code": codes[row[test]]}
                yield self._observation(row, test, {"interpretation": [{"coding": [coding]}]})

    def _observation(self, row: dict[str, str], code: str, value: Resource) -> Resource:
        return {
            "id": _id(row, code),
            "status": "final",
            "code": {"coding": [local(code)]},
            "subject": _subject(row),
            **value,
        }

    def _conditions(self, row: dict[str, str]) -> Iterator[Resource]:
        for id in (*self.findings, *self.diseases):
            state = row[id]
            if state == "" or (state == "0" and id in self.boxes):
                continue
            status = {"system": f"{_HL7}/condition-ver-status", "code": "confirmed" if state == "1" else "refuted"}
            coding = self._codings[id] if state == "1" else [local(id)]
            resource: Resource = {
                "id": _id(row, id),
                "verificationStatus": {"coding": [status]},
                "code": {"coding": coding},
                "subject": _subject(row),
            }
            if id == "invasive_infection" and state == "1":
                resource |= _described(row)
            yield resource

    def _drugs(self, row: dict[str, str]) -> Iterator[Resource]:
        for id in self.drugs:
            state = row[id]
            if state == "" or (state == "0" and id in self.boxes):
                continue
            yield {
                "id": _id(row, id),
                "status": "active" if state == "1" else "not-taken",
                "medicationCodeableConcept": {"coding": self._codings[id] if state == "1" else [local(id)]},
                "subject": _subject(row),
            }

    def _coded(self, id: str) -> list[dict[str, str]]:
        """Return the local coding, and one of a public system that means just this, where there is one."""
        for system in _SYSTEMS:
            uri = uri_of_system(system)
            for row in self.book.codes.codes_of(id, system=system):
                coding = {"system": uri or "", "code": row.code}
                meant = self.book.read({"coding": [coding]})
                if not isinstance(meant, Refused) and [m.id for m in meant] == [id] and row.match == "exact":
                    return [coding, local(id)]
        return [local(id)]


def _subject(row: dict[str, str]) -> dict[str, str]:
    return {"reference": f"Patient/{row['person_id']}"}


def _id(row: dict[str, str], code: str) -> str:
    """Return an id of at most 64 characters without underscores, as FHIR wants it."""
    return f"{row['person_id']}-{code.replace('_', '-')}"[:64]


def _described(row: dict[str, str]) -> Resource:
    """Return what is recorded of an invasive infection, in the local system."""
    out: Resource = {}
    if row["invasive_site"]:
        out["bodySite"] = [{"coding": [local(site)]} for site in row["invasive_site"].split(";")]
    if row["invasive_severity"]:
        out["severity"] = {"coding": [local(row["invasive_severity"])]}
    names = [name for name in ("organism", "number") if row[f"invasive_{name}"]]
    if names:
        out["extension"] = [{"url": f"{LOCAL}:{name}", "valueCode": row[f"invasive_{name}"]} for name in names]
    return out
