"""The table measurement -> the table of samples (IgM, IgG, IgA), and tests judged by their own reference interval."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sigm_bayes.codes import LAB_TESTS, OmopTerms
from sigm_bayes.registry.omop.concepts import NO_MEANING, Concepts, Senses
from sigm_bayes.registry.omop.printed import Raw, as_printed
from sigm_bayes.registry.omop.source import Source

ANALYTES = {"igm": "IgM", "igg": "IgG", "iga": "IgA"}
NO_RANGE = "a test without reference interval or verdict: neither normal nor abnormal"
LOW_IS_ABNORMAL = frozenset({"b_cells_cd19", "t_cells_cd4", "igg_subclasses", "isohaemagglutinins"})
HIGH_IS_ABNORMAL = frozenset({"ige"})
SUBCLASSES = ("igg1", "igg2", "igg3")
_KEPT = (*("person_id", "measurement_id", "measurement_date", "range_low", "range_high", "value_as_concept_id"),)
_SENSE = (
    "JOIN _sense_measurement s ON m.measurement_concept_id IS NOT DISTINCT FROM s.concept "
    "AND m.measurement_source_concept_id IS NOT DISTINCT FROM s.source_concept "
    "AND m.measurement_source_value IS NOT DISTINCT FROM s.source_value"
)


@dataclass
class Results:
    """What the measurements say.

    Attributes
    ----------
    samples : pyarrow.Table
        Columns of the table of samples, and `record`: the row in the source.
    tests : dict of (str, str) to str
        (Person, test) -> normal or abnormal.
    senses : Senses
        Of the table.
    used, ignored : int, Counter of str
    """

    samples: Any
    tests: dict[tuple[str, str], str]
    senses: Senses
    used: int
    ignored: Counter[str]


def read_results(source: Source, concepts: Concepts, terms: OmopTerms, *, recalled: bool) -> Results:
    """Read the table measurement.

    Parameters
    ----------
    source : Source
        The context of a sample is in the observations of the local vocabulary.
    concepts : Concepts
    terms : OmopTerms
        Units, comparators, verdicts.
    recalled : bool
        Use concepts that nobody has checked in a source.
    """
    senses = concepts.senses(
        "measurement",
        "measurement_concept_id",
        "measurement_source_concept_id",
        "measurement_source_value",
        system=None,
    )
    kinds: dict[str, list[Any]] = {"sense": [], "analyte": [], "quantity": []}
    for number, sense in enumerate(senses.by_number):
        meant = [code.concept_id for code in sense.codes if code.kind == "lab"]
        for id in meant[:1]:
            kinds["sense"].append(number)
            kinds["analyte"].append(ANALYTES.get(id))
            kinds["quantity"].append(id if id in LAB_TESTS else None)
    source.put("_quantity", kinds)
    _interpret(source, terms, recalled=recalled)
    samples = source.arrow(
        """
        SELECT m.person_id, m.measurement_date AS date, m.analyte, p.value, p.unit, c.context,
               m.range_low AS reference_low, m.range_high AS reference_high, m.record
        FROM _measured m JOIN _printed p ON m.printed = p.printed
        LEFT JOIN (
            SELECT observation_event_id AS event, min(coalesce(value_as_string, '')) AS context FROM observation
            WHERE observation_source_value = 'SIGM:context' AND observation_event_id IS NOT NULL GROUP BY ALL
        ) c ON c.event = m.measurement_id
        WHERE m.analyte IS NOT NULL ORDER BY m.record
        """
    )
    tests, judged, unclear = _tests(source, terms, recalled=recalled)
    ignored = senses.ignored()
    ignored[NO_RANGE] += unclear
    other = source.rows(
        f"SELECT count(*) FROM measurement m {_SENSE} LEFT JOIN _quantity q ON q.sense = s.sense "
        "WHERE q.analyte IS NULL AND q.quantity IS NULL"
    )[0][0]
    ignored[NO_MEANING] += other - sum(senses.ignored().values())
    return Results(samples, tests, senses, samples.num_rows + judged, ignored)


def _interpret(source: Source, terms: OmopTerms, *, recalled: bool) -> None:
    """Read every distinct result once: `_measured` are the rows with their number, `_printed` what it says."""
    five = ("value_as_number", "value_source_value", "operator_concept_id", "unit_concept_id", "unit_source_value")
    kept = ", ".join(f"m.{name}" for name in (*_KEPT, *five))
    run = source.connection.execute
    run(
        f"CREATE OR REPLACE TEMP TABLE _found AS SELECT {kept}, q.analyte, q.quantity, m.record "
        f"FROM (SELECT *, row_number() OVER () AS record FROM measurement) m {_SENSE} "
        "JOIN _quantity q ON q.sense = s.sense"
    )
    listed = ", ".join(five)
    run(
        "CREATE OR REPLACE TEMP TABLE _distinct AS SELECT row_number() OVER () AS printed, * "
        f"FROM (SELECT DISTINCT {listed} FROM _found)"
    )
    same = " AND ".join(f"f.{name} IS NOT DISTINCT FROM d.{name}" for name in five)
    run(f"CREATE OR REPLACE TEMP TABLE _measured AS SELECT f.*, d.printed FROM _found f JOIN _distinct d ON {same}")
    found = source.rows(f"SELECT printed, {listed} FROM _distinct")
    units, operators = terms.meanings("unit", recalled=recalled), terms.meanings("operator", recalled=recalled)
    cells = [as_printed(Raw(*row[1:]), units=units, operators=operators) for row in found]
    source.put(
        "_printed",
        {
            "printed": [row[0] for row in found],
            "value": [value for value, _ in cells],
            "unit": [unit for _, unit in cells],
        },
    )


def _tests(source: Source, terms: OmopTerms, *, recalled: bool) -> tuple[dict[tuple[str, str], str], int, int]:
    """Return the latest verdict of every person's tests, the rows with a verdict, and those without."""
    verdicts = terms.meanings("value", recalled=recalled)
    latest: dict[tuple[str, str], str] = {}
    judged = unclear = 0
    for person, quantity, number, low, high, concept in source.rows(
        "SELECT person_id, quantity, TRY_CAST(value_as_number AS DOUBLE), TRY_CAST(range_low AS DOUBLE), "
        "TRY_CAST(range_high AS DOUBLE), value_as_concept_id FROM _measured WHERE quantity IS NOT NULL "
        "ORDER BY measurement_date, record"
    ):
        verdict = verdicts.get(concept or "") or _judge(LAB_TESTS[quantity], number, low, high)
        if verdict not in ("normal", "abnormal"):
            unclear += 1
            continue
        judged += 1
        if person is not None:
            latest[person, quantity] = verdict
    return _together(latest), judged, unclear


def _judge(test: str, number: float | None, low: float | None, high: float | None) -> str | None:
    """Return normal or abnormal by the row's own reference interval, None where it cannot be said."""
    if number is None:
        return None
    if test in LOW_IS_ABNORMAL and low is not None:
        return "abnormal" if number < low else "normal"
    if test in HIGH_IS_ABNORMAL and high is not None:
        return "abnormal" if number > high else "normal"
    return None


def _together(latest: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """Return the verdict of each test: subclasses are normal where IgG1, IgG2 and IgG3 all are."""
    out: dict[tuple[str, str], str] = {}
    subclasses: dict[str, dict[str, str]] = {}
    for (person, quantity), verdict in latest.items():
        if quantity in SUBCLASSES:
            subclasses.setdefault(person, {})[quantity] = verdict
        else:
            out[person, LAB_TESTS[quantity]] = verdict
    for person, found in subclasses.items():
        if "abnormal" in found.values():
            out[person, "igg_subclasses"] = "abnormal"
        elif len(found) == len(SUBCLASSES):
            out.setdefault((person, "igg_subclasses"), "normal")
    return out
