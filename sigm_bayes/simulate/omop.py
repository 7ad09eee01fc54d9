"""A synthetic registry as OMOP CDM v5.4 tables; every one of them says that it is synthetic."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.codes import CodeTable, OmopTerms, load_codes, load_omop_terms
from sigm_bayes.registry.omop.columns import LOCAL
from sigm_bayes.registry.omop.first_low import first_low_days
from sigm_bayes.registry.omop.options import state_ids
from sigm_bayes.registry.recurrence import DAYS_PER_YEAR, EPISODE_GAP_DAYS
from sigm_bayes.simulate.omop_tables import CDM, CdmRows, as_parquet
from sigm_bayes.simulate.options import Options
from sigm_bayes.simulate.registry import Registry
from sigm_bayes.simulate.tables import Table, registry_table, samples_table
from sigm_bayes.simulate.writing import _csv_text, _refuse_to_replace

DRUG_DAYS = 180
"""How long before the first low IgM a synthetic exposure began, in those old enough."""
PROCEDURES = frozenset({"chemo_or_radiotherapy", "transplant"})
"""Causes whose first OMOP concept is a procedure."""
_BESIDE = frozenset({"synthetic", "person_id", "centre", "setting", "sex", "label", "label_date"})
_TICKED = {"1": "present", "0": "absent"}


def write_omop(
    registry: Registry, folder: Path, *, catalogue: Catalogue, options: Options, parquet: bool = False
) -> list[Path]:
    """Write a simulated registry as the tables person, measurement, condition_occurrence and so on.

    A finding or cause that is present is a dated record of a standard concept where the table of codes has one that
    means nothing else; everything that OMOP has no standard place for is an observation of the local vocabulary.

    Parameters
    ----------
    registry : Registry
    folder : Path
        Made if it is not there. Earlier synthetic files in it are replaced.
    catalogue : Catalogue
    options : Options
        Those of the simulation: in its boxes to tick, 0 is no answer and nothing is written.
    parquet : bool
        Parquet with the types of OMOP instead of CSV (needs pyarrow).

    Returns
    -------
    list of Path

    Raises
    ------
    InputError
        If a file of the same name is there that is not synthetic; then nothing is written.
    """
    tables = omop_tables(registry, catalogue=catalogue, options=options)
    folder.mkdir(parents=True, exist_ok=True)
    names = {name: f"{name}.{'parquet' if parquet else 'csv'}" for name in tables}
    _refuse_to_replace(folder, list(names.values()))
    for name, table in tables.items():
        if parquet:
            as_parquet(folder / names[name], table)
        else:
            (folder / names[name]).write_bytes(_csv_text(table).encode())
    return [folder / name for name in names.values()]


def omop_tables(registry: Registry, *, catalogue: Catalogue, options: Options) -> dict[str, Table]:
    """Return the tables as texts, by name; see `write_omop`."""
    people = registry_table(registry, catalogue=catalogue)
    samples = samples_table(registry, catalogue=catalogue)
    writer = _Writer(catalogue, frozenset(options.records["tick_boxes"]))
    writer.write(people, samples)
    return {name: writer.rows.table(name) for name in CDM}


class _Writer:
    """Turns the flat tables into rows of the OMOP tables."""

    def __init__(self, catalogue: Catalogue, boxes: frozenset[str]) -> None:
        self.catalogue, self.boxes = catalogue, boxes
        self.codes: CodeTable = load_codes()
        self.terms: OmopTerms = load_omop_terms()
        self.states = state_ids(catalogue)
        self.concepts = {id: self._concept(id) for id in self.states}
        self.drugs = {cause.id for cause in catalogue.causes if cause.group == "drug"}
        self.rows = CdmRows(self.terms.concept("type", "record"))

    def _concept(self, id: str) -> str | None:
        """Return the first OMOP concept that means this and nothing else; None where there is none."""
        for row in self.codes.codes_of(id, system="OMOP"):
            if [found.concept_id for found in self.codes.find(row.code, system="OMOP")] == [id]:
                return row.code
        return None

    def write(self, people: Table, samples: Table) -> None:
        """Write everything."""
        number = {id: str(i) for i, id in enumerate(people["person_id"], start=1)}
        days: dict[str, datetime.date] = {}
        for id, day in zip(samples["person_id"], samples["date"], strict=True):
            parsed = datetime.date.fromisoformat(day)
            days[id] = min(parsed, days.get(id, parsed))
        ages = {id: float(age) for id, age in zip(people["person_id"], people["age_years"], strict=True)}
        born = {id: day - datetime.timedelta(days=round(ages[id] * DAYS_PER_YEAR)) for id, day in days.items()}
        columns = [samples[name] for name in ("person_id", "date", "analyte", "value", "unit")]
        male = {id: float(sex == "male") for id, sex in zip(people["person_id"], people["sex"], strict=True)}
        first = first_low_days(zip(*columns, [None] * len(columns[0]), strict=True), born, male=male)
        sites = self._sites(people)
        for i, id in enumerate(people["person_id"]):
            row = {name: cells[i] for name, cells in people.items()}
            self._person(row, number[id], born[id], sites[row["centre"]])
            self._words(row, number[id], days[id])
            self._states(row, number[id], born[id], first[id])
        for cells in zip(*samples.values(), strict=True):
            said = dict(zip(samples, cells, strict=True))
            self._measurement(said, number[said["person_id"]])

    def _sites(self, people: Table) -> dict[str, str]:
        """Write the centres as care sites; return their ids."""
        sites: dict[str, str] = {}
        for centre, setting in zip(people["centre"], people["setting"], strict=True):
            if centre not in sites:
                sites[centre] = str(len(sites) + 1)
                self.rows.add(
                    "care_site",
                    care_site_id=sites[centre],
                    care_site_name=centre,
                    place_of_service_concept_id="0",
                    care_site_source_value=centre,
                    place_of_service_source_value=f"{LOCAL}{setting}",
                )
        return sites

    def _person(self, row: dict[str, str], number: str, born: datetime.date, site: str) -> None:
        self.rows.add(
            "person",
            person_id=number,
            gender_concept_id=self.terms.concept("gender", row["sex"]),
            year_of_birth=str(born.year),
            month_of_birth=str(born.month),
            day_of_birth=str(born.day),
            birth_datetime=f"{born.isoformat()} 00:00:00",
            race_concept_id="0",
            ethnicity_concept_id="0",
            care_site_id=site,
            person_source_value=row["person_id"],
            gender_source_value=row["sex"],
        )

    def _words(self, row: dict[str, str], number: str, day: datetime.date) -> None:
        """Write what OMOP has no standard place for: age to two decimals, label, tests, the invasive episode."""
        if row["label"]:
            self._say(number, "label", row["label"], row["label_date"])
        for name, cell in row.items():
            if cell and name not in _BESIDE and name not in self.states:
                self._say(number, name, cell, day.isoformat())

    def _say(self, number: str, what: str, value: str, day: str, **beside: str) -> None:
        self.rows.add(
            "observation",
            person_id=number,
            observation_concept_id="0",
            observation_date=day,
            value_as_string=value,
            observation_source_value=f"{LOCAL}{what}",
            value_source_value=value,
            **beside,
        )

    def _states(self, row: dict[str, str], number: str, born: datetime.date, first: datetime.date) -> None:
        for id in self.states:
            cell = row.get(id, "")
            if not cell or (cell == "0" and id in self.boxes):
                continue
            concept = self.concepts[id]
            if cell == "1" and concept is not None:
                self._event(id, concept, number, born, first)
            else:
                self._say(number, id, _TICKED[cell], first.isoformat())

    def _event(self, id: str, concept: str, number: str, born: datetime.date, first: datetime.date) -> None:
        """Write the records that make a finding or cause present on the day of the first low IgM."""
        young = (first - born).days - 1
        if id in self.drugs:
            start = first - datetime.timedelta(days=min(DRUG_DAYS, young))
            self.rows.add(
                "drug_exposure",
                person_id=number,
                drug_concept_id=concept,
                drug_exposure_start_date=start.isoformat(),
                drug_exposure_end_date=first.isoformat(),
                drug_source_value=id,
            )
            return
        if id in PROCEDURES:
            day = first - datetime.timedelta(days=min(DRUG_DAYS, young))
            self.rows.add(
                "procedure_occurrence",
                person_id=number,
                procedure_concept_id=concept,
                procedure_date=day.isoformat(),
                procedure_source_value=id,
            )
            return
        least = self.catalogue.findings[self.catalogue.finding_index(id)].min_count if self._is_finding(id) else 1
        for episode in range(least):
            day = first - datetime.timedelta(days=min(episode * EPISODE_GAP_DAYS + (0 if least > 1 else 1), young))
            self.rows.add(
                "condition_occurrence",
                person_id=number,
                condition_concept_id=concept,
                condition_start_date=day.isoformat(),
                condition_end_date=first.isoformat(),
                condition_source_value=id,
            )

    def _is_finding(self, id: str) -> bool:
        return self.catalogue.has("finding", id)

    def _measurement(self, said: dict[str, str], number: str) -> None:
        """Write a result with its printed text, and its context beside it."""
        text = said["value"]
        sign = "<" if text.startswith("<") else "="
        code = self.codes.codes_of(said["analyte"].lower(), system="OMOP")[0].code
        loinc = self.codes.codes_of(said["analyte"].lower(), system="LOINC")[0].code
        fields: dict[str, Any] = {
            "person_id": number,
            "measurement_concept_id": code,
            "measurement_date": said["date"],
            "operator_concept_id": self.terms.concept("operator", sign),
            "value_as_number": text.lstrip("<"),
            "unit_concept_id": self.terms.concept("unit", said["unit"]),
            "measurement_source_value": loinc,
            "unit_source_value": said["unit"],
            "value_source_value": text,
        }
        id = self.rows.add("measurement", **fields)
        if said["context"] not in ("", "unknown"):
            self._say(number, "context", said["context"], said["date"], observation_event_id=id)
