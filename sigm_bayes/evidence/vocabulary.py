"""The words of the evidence tables: roles, terms, and what a row must say for its term."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["fitted", "bound", "context"]
Scale = Literal["proportion", "mg_dl", "fraction", "ln_ratio", "ln_rate"]

ROLES = ("fitted", "bound", "context")
BOUNDS = ("upper", "lower")
FLAGS = ("seen", "seen_second_hand", "derived", "recalled")
K_SOURCES = ("", "printed", "from_percent", "denominator_derived")
SPREADS = ("", "interval95", "sd", "quartiles", "range", "extremes")
AGE_GROUPS = ("adult", "child", "all")
ALTERNATIVE = "_alternative"
NO_CAUSE = "none"
SEPARATOR = ";"
"""Between the parts of a union, of findings or of causes."""

UNITS_MG_DL = {"mg/dL": 1.0, "g/L": 100.0, "g/L_per_year": 100.0}
"""Factor to mg/dL of the units in which the tables print IgM."""

UNITS_PER_PERSON_YEAR = {"per_100_patient_years": 1e-2, "per_10000_per_year": 1e-4}
UNITS_RATIO = ("rate_ratio", "hazard_ratio", "odds_ratio")
UNITS_OTHER = (
    "",
    "proportion",
    "fraction_of_baseline",
    "ratio_to_normal",
    "cv",
    "months",
    "days",
    "correlation",
)
UNITS = (*UNITS_OTHER, *UNITS_RATIO, *UNITS_MG_DL, *UNITS_PER_PERSON_YEAR)


@dataclass(frozen=True)
class Term:
    """A likelihood term: one quantity of the model that published numbers speak about.

    Attributes
    ----------
    name
        As written in ``terms.csv``.
    quantity
        The quantity in words.
    scales
        Scale of the observation for each value that `stat` may take ("" = `stat` left empty).
    needs
        Columns of ``terms.csv`` that must be filled for this term.
    takes
        Further columns that may be filled.
    union
        Whether `cause` may name several causes, separated by semicolons: any of them.
    """

    name: str
    quantity: str
    scales: dict[str, Scale]
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    union: bool = False

    def scale(self, stat: str) -> Scale:
        """Scale of the observation; `stat` has been checked to be one of `scales`."""
        return self.scales[stat]


_SHARE: dict[str, Scale] = {"": "proportion"}
_BESIDE = "isolated: and neither IgG nor IgA low; any_class: IgM, IgG or IgA low; igm_or_iga: IgM or IgA low"

_TERMS = (
    Term(
        "low_given_exposure",
        "share with IgM below the threshold among people exposed to the cause (none: to nothing), "
        f"window_years after it ended ({_BESIDE})",
        {"": "proportion", "isolated": "proportion", "any_class": "proportion", "igm_or_iga": "proportion"},
        needs=("cause", "threshold_mg_dl"),
        takes=("window_years",),
    ),
    Term(
        "odds_low_given_exposure",
        "odds ratio of IgM below the threshold (any_class: of IgM, IgG or IgA low), exposed against not exposed",
        {"": "ln_ratio", "any_class": "ln_ratio"},
        needs=("cause", "threshold_mg_dl"),
    ),
    Term(
        "igm_moment_exposed",
        "mean, SD or median of IgM among people exposed to the cause",
        {"mean": "mg_dl", "sd": "mg_dl", "median": "mg_dl"},
        needs=("cause", "stat"),
    ),
    Term(
        "igm_change_exposed",
        "change of IgM by the exposure, in mg/dL or as a fraction of the level before",
        {"difference": "mg_dl", "fraction": "fraction"},
        needs=("cause", "stat"),
        takes=("window_years",),
    ),
    Term(
        "low_igg_given_exposure",
        "share with IgG below its limit among people exposed to the cause",
        _SHARE,
        needs=("cause",),
        takes=("window_years",),
    ),
    Term(
        "tail_in_population",
        "share of a general population with IgM below or above the threshold",
        {"below": "proportion", "above": "proportion"},
        needs=("stat", "threshold_mg_dl"),
    ),
    Term(
        "low_in_tested",
        "share with IgM below the threshold (any_class: with IgM, IgG or IgA low) among people tested in the setting",
        {"": "proportion", "any_class": "proportion"},
        needs=("threshold_mg_dl",),
    ),
    Term(
        "finding_in_labelled",
        "share with any of the findings among people labelled primary",
        {"": "proportion", "site_meningitis": "proportion"},
        needs=("findings", "labelled_id"),
    ),
    Term(
        "asymptomatic_in_labelled",
        "share without any infection among people labelled primary",
        _SHARE,
        needs=("labelled_id",),
    ),
    Term(
        "complication_in_labelled",
        "share exposed to any of the causes, here complications, among people labelled primary",
        _SHARE,
        needs=("cause", "labelled_id"),
        union=True,
    ),
    Term(
        "test_in_labelled",
        "share with an abnormal result of the test among people labelled primary",
        _SHARE,
        needs=("test", "labelled_id"),
    ),
    Term(
        "igm_moment_labelled",
        "mean or SD of IgM among people labelled primary: a truncated mixture",
        {"mean": "mg_dl", "sd": "mg_dl"},
        needs=("stat", "labelled_id"),
    ),
    Term(
        "other_share_in_labelled",
        "share with another defined immunodeficiency among people labelled primary",
        _SHARE,
        needs=("labelled_id",),
    ),
    Term(
        "labelled_prevalence",
        "share of the tested people of the setting who meet the definition of the study",
        _SHARE,
        needs=("labelled_id",),
    ),
    Term(
        "solitary_given_low",
        "share with IgG and IgA normal among people with IgM below the threshold",
        _SHARE,
        needs=("threshold_mg_dl",),
    ),
    Term(
        "no_cause_given_solitary",
        "share without a recorded cause among people with IgM alone below the threshold",
        _SHARE,
        needs=("threshold_mg_dl",),
    ),
    Term(
        "esid_tests_normal",
        "share with every test of the ESID criteria normal among people labelled primary",
        {"": "proportion", "complement": "proportion"},
        needs=("labelled_id",),
    ),
    Term(
        "finding_background",
        "share of a general population with any of the findings, or their rate (site_meningitis_rate: at that site)",
        {"": "proportion", "rate_per_10000_per_year": "ln_rate", "site_meningitis_rate": "ln_rate"},
        needs=("findings",),
        takes=("window_years",),
    ),
    Term(
        "finding_in_tested",
        "share with any of the findings among people tested in the setting",
        _SHARE,
        needs=("findings",),
    ),
    Term(
        "exposure_background",
        "share of people of the setting who are exposed to any of the causes",
        _SHARE,
        needs=("cause",),
        union=True,
    ),
    Term(
        "test_background",
        "share with an abnormal result of the test among people of the setting",
        _SHARE,
        needs=("test",),
    ),
    Term(
        "infection_ratio_low_igm",
        "ratio of infection with low against normal IgM among people exposed to the cause",
        {"rate": "ln_ratio", "hazard": "ln_ratio", "odds": "ln_ratio"},
        needs=("cause", "findings", "stat", "threshold_mg_dl"),
    ),
    Term(
        "infection_given_exposure",
        "share with any of the findings over the window, or their rate, among people exposed to the cause",
        {"share": "proportion", "rate_per_100py": "ln_rate"},
        needs=("cause", "findings", "stat", "window_years"),
    ),
    Term("sex_difference", "IgM of men less that of women", {"": "mg_dl"}),
    Term(
        "recovery",
        "share with a normal IgM at the repeat after window_years, among people whose first was low",
        {"": "proportion", "any_class": "proportion"},
        needs=("cause", "window_years"),
        takes=("threshold_mg_dl",),
    ),
)
TERMS: dict[str, Term] = {term.name: term for term in _TERMS}
"""All terms by name, in the order in which the documentation lists them."""

SPECIFIC = ("cause", "findings", "test", "threshold_mg_dl", "stat", "window_years", "labelled_id")
"""Columns that belong to some terms only; filled elsewhere they would be ignored, which is an error."""
