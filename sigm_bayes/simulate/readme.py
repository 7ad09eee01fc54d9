"""The README of a synthetic registry."""

from __future__ import annotations

import textwrap

from sigm_bayes.simulate.registry import Registry

_HOW = {
    "all_tested": "Everyone whose IgM was measured is in it.",
    "low_igm": "Only people whose first IgM was printed below the cut-off of their centre are in it: a likelihood must "
    "be divided by the probability of that.",
    "labelled_primary": "Only people whose first IgM was printed below the cut-off of their centre, and whom it "
    "calls primary, are in it: a likelihood must condition on both.",
}

_RECORDED = {
    "csv": "| `registry.csv` | one row a person, as the centre recorded it: findings, causes, tests, label |\n"
    "| `samples.csv` | one row a result, as printed |",
    "parquet": "| `registry.parquet` | one row a person, as the centre recorded it: findings, causes, tests, label |\n"
    "| `samples.parquet` | one row a result, as printed |",
    "redcap": "| `redcap_export.csv` | what the centres recorded, as a REDCap export (raw codes) |\n"
    "| `redcap_dictionary.csv` | the data dictionary of that REDCap project |",
    "omop": "| OMOP tables | what the centres recorded: `person`, `measurement`, `condition_occurrence` and others |",
    "fhir": "| FHIR R4 NDJSON | what the centres recorded: one file a type of resource |",
}
README_TITLE = "# A synthetic registry"
_TEXT = """{title} of {people:,} people in {centres} centres

**Synthetic: simulated from a model. No row describes a real person.** Ages, drugs, infections and results look like a
registry; they are not evidence about anything, and must not be counted as if they were.

{how}

| file | what |
|---|---|
{recorded}
| `centres.csv` | what each centre would tell: setting, cut-off, usual unit, rounding, limit of quantification |
| `dictionary.csv` | every column: type, unit, values, meaning; `asked` says whether a 0 means absent |
| `truth.csv` | apart: true class, cause, levels and findings of every person |
| `parameters.json` | apart: the true parameters, and what is special about each centre |

## What is wrong with it, on purpose

- Laboratories differ: an assay offset, units ({units}; a few rows in the other one), rounding, `<` below a limit.
- Cells of findings and causes are blank where nobody wrote anything down. In boxes to tick (`asked` is no) a 0 is no
  answer: some people have the finding and no tick.
- Labels are missing or wrong, whatever the IgM.
- A centre's prevalence of primary and of other immunodeficiency, and the mean proneness of its people, are its own.

## What it leaves out

All exposures are current at the first sample and began before it: there are no dates of drugs, no immunoglobulin
replacement, no values from before an exposure. A person has one label, which never changes. Contexts, blank cells and
labels depend on nothing but what is said above: nothing is missing because of what it would have said, except the box
that was not ticked. Ages are exact to two decimals.

## Again

    sigm simulate --n {plain} --centres {centres} --seed {seed} --ascertainment {ascertainment} {format}\\
        --parameters parameters.json --out FOLDER

gives the same files; without `--parameters` the seed chooses the true parameters among the released draws. What the
options are is in `data/registry/simulation.toml`; `--options FILE` takes others.
"""


def readme_text(registry: Registry, *, format: str = "csv") -> str:
    """What the folder holds, what is wrong with it on purpose, and how to make it again.

    `format` is that of registry and samples.
    """
    units = sorted({c.unit for c in registry.centres})
    tested = f"The centres tested {sum(registry.tested):,} people to enrol these."
    return _TEXT.format(
        title=README_TITLE,
        recorded=_RECORDED[format],
        format="" if format == "csv" else f"--format {format} ",
        people=len(registry),
        plain=len(registry),
        centres=len(registry.centres),
        how=textwrap.fill(f"{_HOW[registry.ascertainment]} {tested}", width=118),
        units=" or ".join(units),
        seed=registry.seed,
        ascertainment=registry.ascertainment,
    )
