"""Reading a FHIR bulk export: NDJSON files in, the validated people and samples of a registry out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sigm_bayes.fhir.account import Account
from sigm_bayes.fhir.codebook import Codebook
from sigm_bayes.fhir.ledger import Entry
from sigm_bayes.registry.fhir.collect import Collector, Export
from sigm_bayes.registry.fhir.lines import READ, count_lines, find_files
from sigm_bayes.registry.fhir.rows import Row, line_of, person_rows, sample_rows
from sigm_bayes.registry.fhir.tallies import KindTally
from sigm_bayes.registry.omop.first_low import first_low_days
from sigm_bayes.registry.people import Registry
from sigm_bayes.registry.read import build_registry
from sigm_bayes.registry.standard import standard_mapping
from sigm_bayes.registry.tables import Table

if TYPE_CHECKING:
    import datetime

    from sigm_bayes.catalogue import Catalogue

PEOPLE, SAMPLES = "Patient.ndjson", "Observation.ndjson"
_SAMPLE_COLUMNS = ("person_id", "date", "analyte", "value", "unit", "context", "reference_low", "reference_high")


def read_fhir(folder: Path | str, *, catalogue: Catalogue | None = None) -> Registry:
    """Read a FHIR R4 bulk export: a folder of NDJSON files, one resource a line.

    Findings are counted in their window before the first low IgM, as in the other readers.  What no resource says is
    unknown; a refuted Condition is absent.

    Parameters
    ----------
    folder : Path or str
        With Patient.ndjson, Observation.ndjson and, if there, Condition, Procedure, MedicationStatement,
        MedicationRequest, MedicationAdministration, Medication, Encounter, Organization.
    catalogue : Catalogue, optional
        Default: that of the shipped model.

    Returns
    -------
    Registry
        Its `sources` account for every line of every file.

    Raises
    ------
    InputError
        No such folder, no NDJSON files, no patients, or a file that cannot be read.  Bad lines are no error: they
        are accounted for, with their numbers.
    """
    from sigm_bayes.catalogue import default_catalogue

    known = catalogue or default_catalogue()
    where = Path(folder)
    files = find_files(where)
    book = Codebook(known)
    collector = Collector(book)
    for kind in READ:
        if kind in files:
            collector.read(kind, files[kind])
    export = collector.export
    for kind in sorted(set(files) - set(READ)):
        tally = export.tallies[kind] = KindTally(kind)
        tally.rows = count_lines(files[kind])
        tally.ignored["this kind of resource is not read"] = tally.rows
    return _build(where, files, export, book, known)


def _build(where: Path, files: dict[str, list[Path]], export: Export, book: Codebook, catalogue: Catalogue) -> Registry:
    measured = [entry for person in export.people.values() for entry in sample_rows(person, book=book)]
    first = _first_low(export, [row for _, row in measured])
    rows: list[tuple[int, Row]] = []
    for person in export.people.values():
        account = Account()
        centre = export.organisations.get(person.organisation or "", person.organisation)
        day = first.get(person.id)
        rows += [
            (person.line, row) for row in person_rows(person, centre=centre, first_low=day, book=book, account=account)
        ]
        _settle(account, export)
    tallies = tuple(tally.tally() for tally in export.tallies.values())
    notes = [*_offsets(files), *(line for tally in tallies for line in tally.lines())]
    names = list(dict.fromkeys(name for _, row in rows for name in row))
    needed = [name for name in ("person_id", "birth_date") if name not in names]
    people = Table.from_columns(
        where / PEOPLE,
        {name: [row.get(name) for _, row in rows] for name in (*needed, *names)},
        records=[line for line, _ in rows],
        notes=notes,
        set_aside=_set_aside(export, "Patient"),
    )
    samples = Table.from_columns(
        where / SAMPLES,
        {name: [row.get(name) for _, row in measured] for name in _SAMPLE_COLUMNS},
        records=[line for line, _ in measured],
        set_aside=_set_aside(export, "Observation"),
    )
    mapping = standard_mapping(catalogue, header=people.header, samples_header=samples.header)
    registry = build_registry(people, mapping, samples=samples, catalogue=catalogue)
    return replace(registry, sources=tallies)


def _first_low(export: Export, measured: Sequence[Row]) -> dict[str, datetime.date]:
    """Return the day of the first low IgM by person."""
    names = ("person_id", "date", "analyte", "value", "unit", "reference_low")
    born = {id: person.birth.first for id, person in export.people.items() if person.birth is not None}
    male = {id: float(p.sex == "male") for id, p in export.people.items() if p.sex in ("male", "female")}
    return first_low_days(([_whole(name, row) for name in names] for row in measured), born, male=male)


def _whole(name: str, row: Row) -> str | None:
    """Return a cell; of a partial date its first day."""
    value = row.get(name)
    if name != "date" or value is None:
        return value
    return value + {4: "-01-01", 7: "-01"}.get(len(value), "")


def _settle(account: Account, export: Export) -> None:
    """Count what became of each line of one person once."""
    by_line: dict[str, list[Entry]] = {}
    for entry in account.entries():
        by_line.setdefault(entry.resource.partition(" ")[0], []).append(entry)
    for source, entries in by_line.items():
        kind = source.partition(":")[0]
        export.tallies[kind].settle(line_of(source), [*entries, *export.entries.get(source, ())])


def _set_aside(export: Export, kind: str) -> list[tuple[int, str]]:
    tally = export.tallies.get(kind)
    return sorted(tally.set_aside) if tally is not None else []


def _offsets(files: dict[str, list[Path]]) -> Iterable[str]:
    """Yield where the numbers of lines continue from file to file."""
    for kind, paths in files.items():
        if len(paths) > 1:
            yield f"{kind}: lines are numbered through {', '.join(path.name for path in paths)}"
