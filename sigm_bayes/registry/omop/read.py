"""Reading an OMOP database: its tables in, the validated people and samples of a registry out."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sigm_bayes.codes import load_codes, load_omop_terms
from sigm_bayes.registry.omop.concepts import Concepts
from sigm_bayes.registry.omop.events import EventTable, read_events, read_local
from sigm_bayes.registry.omop.first_low import first_low_days
from sigm_bayes.registry.omop.options import OmopOptions, load_omop_options, state_ids
from sigm_bayes.registry.omop.people import People, read_people
from sigm_bayes.registry.omop.results import Results, read_results
from sigm_bayes.registry.omop.source import Source, opened
from sigm_bayes.registry.omop.states import Cells, states
from sigm_bayes.registry.people import Registry
from sigm_bayes.registry.read import build_registry
from sigm_bayes.registry.sources import SourceTally
from sigm_bayes.registry.standard import INVASIVE, MOST_LABELS, standard_mapping
from sigm_bayes.registry.tables import Table

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

STATE_WORDS = {"present": "1", "absent": "0"}
UNKNOWN_TERM = "no term of the local vocabulary"


def read_omop(
    where: str | Path, *, catalogue: Catalogue | None = None, options: OmopOptions | Path | None = None
) -> Registry:
    """Read an OMOP CDM v5.4 database.

    Parameters
    ----------
    where : str or Path
        Folder of CSV or Parquet files named as the tables, a DuckDB file, ``duckdb:///file`` or
        ``postgresql://host/database``.
    catalogue : Catalogue, optional
        Default: that of the shipped model.
    options : OmopOptions or Path, optional
        Or the TOML file that holds them.

    Returns
    -------
    Registry
        Its tallies account for every row of person and for every IgM, IgG and IgA; its `sources` for every row of
        every table.

    Raises
    ------
    InputError
        Tables or columns are missing, a file cannot be read, or an option does not fit.
    """
    from sigm_bayes.catalogue import default_catalogue

    known = catalogue or default_catalogue()
    chosen = load_omop_options(options) if isinstance(options, Path) else options or OmopOptions()
    chosen.check(known)
    with opened(where, chosen) as source:
        return _read(source, known, chosen)


def _read(source: Source, catalogue: Catalogue, options: OmopOptions) -> Registry:
    terms = load_omop_terms()
    concepts = Concepts(source, load_codes(), recalled=options.recalled)
    people = read_people(source, terms, options)
    results = read_results(source, concepts, terms, recalled=options.recalled)
    events = read_events(source, concepts, born=people.born, known=people.known, source_codes=options.source_codes)
    names = ("person_id", "date", "analyte", "value", "unit", "reference_low")
    listed = zip(*(results.samples.column(name).to_pylist() for name in names), strict=True)
    first = first_low_days(listed, people.born, male=people.male)
    cells = states(events, first, known=people.known, catalogue=catalogue, options=options)
    local, rejected, said = _local(source, people, cells, catalogue)
    for (person, test), verdict in results.tests.items():
        cells[test].setdefault(person, verdict)
    tallies = _tallies(source, people, results, events, local, rejected, said)
    registry = _build(source, people, results, cells, catalogue, options, tallies)
    return replace(registry, sources=tallies)


def _local(source: Source, people: People, cells: Cells, catalogue: Catalogue) -> tuple[int, Counter[str], int]:
    """Add the observations of the local vocabulary to the cells; return rows used, rejected, and all."""
    rows, rejected, said = read_local(source, known=people.known, born=people.born)
    ids = set(state_ids(catalogue))
    plain = {"age_years", "setting", "on_immunoglobulin", "known_inborn_error", "no_significant_infection"}
    plain |= {f"invasive_{name}" for name in INVASIVE} | set(catalogue.ids("test"))
    labels: dict[str, list[tuple[str, str]]] = defaultdict(list)
    used = 0
    for person, what, value, date in rows:
        if what == "label":
            labels[person].append((date or "", value))
        elif what in ids:
            state = STATE_WORDS.get(value, value)
            if cells[what].get(person) != "1":  # a dated record counts before a word
                cells[what][person] = state
        elif what in plain:
            cells[what][person] = STATE_WORDS.get(value, value)
        else:
            rejected[UNKNOWN_TERM] += 1
            continue
        used += 1
    for person, listed in labels.items():
        if person in cells["label"]:
            listed.append((cells["label_date"][person], cells["label"][person]))
        for i, (date, value) in enumerate(sorted(set(listed))[-MOST_LABELS:], start=1):
            name = "label" if i == 1 else f"label_{i}"
            cells[name][person] = value
            cells[f"{name}_date"][person] = date
    return used, rejected, said


def _tallies(
    source: Source,
    people: People,
    results: Results,
    events: list[EventTable],
    local: int,
    rejected: Counter[str],
    said: int,
) -> tuple[SourceTally, ...]:
    """Return the account of every table."""
    contexts = int(
        source.rows("SELECT count(*) FROM observation WHERE observation_source_value = 'SIGM:context'")[0][0]
    )
    joined = int(
        source.rows(
            "SELECT count(*) FROM observation WHERE observation_source_value = 'SIGM:context' AND observation_event_id "
            "IN (SELECT measurement_id FROM _measured WHERE analyte IS NOT NULL)"
        )[0][0]
    )
    found = [
        SourceTally("person", len(people.person), used=len(people.person)),
        SourceTally(
            "measurement",
            source.count("measurement"),
            used=results.used,
            ignored=results.ignored,
            unmapped=results.senses.unmapped(),
            cautions=results.senses.cautions(),
        ),
    ]
    for table in events:
        bad, ignored = Counter(table.rejected), Counter(table.ignored)
        used, rows = len(table.used), table.rows
        if table.name == "observation":
            bad.update(rejected)
            used, rows = used + local + joined, rows + said + contexts
            ignored["the context of a result that is not read"] += contexts - joined
        cautions, unmapped = table.senses.cautions(), table.senses.unmapped()
        found.append(SourceTally(table.name, rows, used, ignored, bad, unmapped, cautions))
    return tuple(_with_unreadable(tally, source.unreadable.get(tally.name, 0)) for tally in found)


def _with_unreadable(tally: SourceTally, rows: int) -> SourceTally:
    bad = Counter(tally.rejected)
    if rows:
        bad["another number of cells than the header"] += rows
    return replace(tally, rows=tally.rows + rows, ignored=+Counter(tally.ignored), rejected=+bad)


def _build(
    source: Source,
    people: People,
    results: Results,
    cells: Cells,
    catalogue: Catalogue,
    options: OmopOptions,
    tallies: tuple[SourceTally, ...],
) -> Registry:
    """Return the registry of the two flat tables."""
    columns = dict(people.columns)
    for name, by_person in sorted(cells.items()):
        said = [None if person is None else by_person.get(person) for person in people.person]
        if name == "setting":
            said = [own or place for own, place in zip(said, columns["setting"], strict=True)]
        if any(cell is not None for cell in said):
            columns[name] = said
    notes = [*source.notes, *(line for tally in tallies for line in tally.lines())]
    table = Table.from_columns(Path(source.path) / "person", columns, notes=notes)
    listed = {name: results.samples.column(name) for name in results.samples.column_names if name != "record"}
    if options.person_ids != "person_id":
        names = dict(zip(people.person, people.columns["person_id"], strict=True))
        listed["person_id"] = [names.get(id) for id in listed["person_id"].to_pylist()]
    records = results.samples.column("record").to_numpy()
    samples = Table.from_columns(Path(source.path) / "measurement", listed, records=records)
    mapping = standard_mapping(catalogue, header=table.header, samples_header=samples.header)
    if options.data_until is not None:
        mapping = replace(mapping, file=replace(mapping.file, data_until=options.data_until))
    return build_registry(table, mapping, samples=samples, catalogue=catalogue)
