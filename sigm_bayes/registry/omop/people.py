"""The tables person, care_site and location -> identity, birth, sex, centre and setting of every row of person."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from sigm_bayes.codes import OmopTerms
from sigm_bayes.registry.omop.columns import LOCAL
from sigm_bayes.registry.omop.options import OmopOptions
from sigm_bayes.registry.omop.source import Source

_QUERY = """
SELECT p.person_id, p.person_source_value, p.gender_concept_id, p.gender_source_value, p.year_of_birth,
       p.month_of_birth, p.day_of_birth, p.birth_datetime, s.centre, s.place, l.place AS location, p.care_site_id
FROM person p
LEFT JOIN (
    SELECT care_site_id, coalesce(min(care_site_name), min(care_site_source_value), care_site_id) AS centre,
           min(place_of_service_source_value) AS place
    FROM care_site WHERE care_site_id IS NOT NULL GROUP BY care_site_id
) s ON s.care_site_id = p.care_site_id
LEFT JOIN (
    SELECT location_id, coalesce(min(location_source_value), location_id) AS place
    FROM location WHERE location_id IS NOT NULL GROUP BY location_id
) l ON l.location_id = p.location_id
"""


@dataclass(frozen=True)
class People:
    """Rows of the table person.

    Attributes
    ----------
    person : list of str or None
        ``person_id`` of each row.
    columns : dict of str to list of str or None
        Columns of the table of people.
    born : dict of str to date
        Earliest day on which a person can have been born; those without year of birth are not in it.
    """

    person: list[str | None]
    columns: dict[str, list[str | None]]
    born: dict[str, datetime.date]

    @property
    def male(self) -> dict[str, float]:
        """1 for men, 0 for women, by id; others are not in it."""
        places = {"male": 1.0, "female": 0.0}
        said = zip(self.person, self.columns["sex"], strict=True)
        return {id: places[sex] for id, sex in said if id is not None and sex in places}

    @property
    def known(self) -> set[str]:
        """Ids of the people."""
        return {person for person in self.person if person is not None}


def read_people(source: Source, terms: OmopTerms, options: OmopOptions) -> People:
    """Read who the people are, in the order of the table person.

    A concept of sex that means nothing leaves the source's own word; without a care site the location is the centre.
    """
    sexes = terms.meanings("gender", recalled=options.recalled)
    rows = source.rows(_QUERY)
    names = ("person_id", "sex", "birth_date", "centre", "setting")
    columns: dict[str, list[str | None]] = {name: [] for name in names}
    born: dict[str, datetime.date] = {}
    for id, own, gender, word, year, month, day, moment, centre, place, location, site in rows:
        birth = _birth(year, month, day, moment)
        columns["person_id"].append(own if options.person_ids == "person_source_value" else id)
        columns["sex"].append(sexes.get(gender or "") or (word if gender in (None, "0") else None))
        columns["birth_date"].append(birth)
        columns["centre"].append(centre or site or location)
        columns["setting"].append(_setting(place, options))
        first = _first_day(birth)
        if id is not None and first is not None:
            born.setdefault(id, first)
    return People([row[0] for row in rows], columns, born)


def _setting(place: str | None, options: OmopOptions) -> str | None:
    if place is not None and place.startswith(LOCAL):
        return place.removeprefix(LOCAL)
    return options.settings.get((place or "").lower(), options.setting)


def _birth(year: str | None, month: str | None, day: str | None, moment: str | None) -> str | None:
    """Return the date of birth as far as it is told: a day, a month or a year; None where it is not."""
    if moment is not None and _first_day(moment[:10]) is not None and len(moment) >= 10:
        return moment[:10]
    if year is None:
        return None
    parts = [year.removesuffix(".0")]
    for part in (month, day):
        number = (part or "").removesuffix(".0")
        if not number.isascii() or not number.isdigit():
            break
        parts.append(f"{int(number):02d}")
    return "-".join(parts)


def _first_day(birth: str | None) -> datetime.date | None:
    parts = (birth or "").split("-")
    if not all(part.isascii() and part.isdigit() for part in parts) or len(parts) > 3:
        return None
    try:
        return datetime.date(*[int(part) for part in (*parts, "1", "1")[:3]])
    except (ValueError, OverflowError):
        return None
