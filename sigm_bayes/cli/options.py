"""The flags of `sigm query` as typer options, one a line in the command's signature."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Many = list[str] | None

PatientFile = Annotated[
    str | None,
    typer.Argument(metavar="FILE", help="Patient file, TOML or JSON; - reads JSON from standard input."),
]
Age = Annotated[str | None, typer.Option(metavar="YEARS", help="Age in years at the first IgM.")]
AgeMonths = Annotated[str | None, typer.Option(metavar="MONTHS", help="Age in months instead.")]
Sex = Annotated[str | None, typer.Option(metavar="SEX", help="female, male or unknown.")]
Setting = Annotated[str | None, typer.Option(metavar="ID", help="Where IgM was measured; see: sigm list settings.")]
Igm = Annotated[
    Many,
    typer.Option(
        metavar="RESULT",
        help='A result with its unit: "25 mg/dL", "<20 mg/dL", or "0.25 g/L, date=2026-01, context=well, '
        'reference=0.4-2.3". Repeat the flag for later samples.',
    ),
]
Igg = Annotated[Many, typer.Option(metavar="RESULT", help="The same for IgG; or normal, low, high.")]
Iga = Annotated[Many, typer.Option(metavar="RESULT", help="The same for IgA; or normal, low, high.")]
Present = Annotated[
    Many, typer.Option(metavar="IDS", help="Findings or causes, comma-separated; see: sigm list findings.")
]
Absent = Annotated[Many, typer.Option(metavar="IDS", help="The same, absent. What is not named is unknown.")]
NoInfection = Annotated[
    bool, typer.Option("--no-infection", help="No significant infection: those not named are absent.")
]
Invasive = Annotated[
    Many,
    typer.Option(metavar="EPISODE", help='An invasive infection: "site=meningitis, organism=encapsulated".'),
]
Cause = Annotated[
    Many,
    typer.Option(
        metavar="CAUSE",
        help='clozapine=present, or "b_cell_depletion=present, started=before_low_igm, last_dose=2025-09"; '
        "see: sigm list causes.",
    ),
]
NoOtherCause = Annotated[
    bool, typer.Option("--no-other-cause", help="Causes not named were looked for and are absent.")
]
Test = Annotated[Many, typer.Option(metavar="TEST", help="pneumococcal_response=normal; see: sigm list tests.")]
GestationalWeeks = Annotated[str | None, typer.Option(metavar="WEEKS", help="Weeks at birth, for a child born early.")]
OnImmunoglobulin = Annotated[bool, typer.Option("--on-immunoglobulin", help="On immunoglobulin replacement.")]
KnownInbornError = Annotated[bool, typer.Option("--known-inborn-error", help="An inborn error of immunity is known.")]
AsJson = Annotated[bool, typer.Option("--json", help="The whole answer as JSON.")]
Full = Annotated[bool, typer.Option("--full", help="Also every cause, setting and criterion, and what is not known.")]
Next = Annotated[
    bool, typer.Option("--next", help="Also what each unknown would tell, and every tipping point (some 0.3 s more).")
]
Threshold = Annotated[
    Many,
    typer.Option(
        metavar="P", help="With --next: tipping points of P(primary) for this probability too: 0.1 or 10%. May repeat."
    ),
]
RepeatMonths = Annotated[
    str | None, typer.Option(metavar="MONTHS", help="With --next: when IgM would be repeated; default 3 months.")
]
Report = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Also write a report to print or keep: .html or .pdf.")
]
ModelDir = Annotated[
    Path | None, typer.Option("--model", metavar="DIR", help="Model folder; default: the released model.")
]
FhirIn = Annotated[
    str | None,
    typer.Option(
        "--fhir", metavar="BUNDLE", help="FHIR R4 Bundle of one person (JSON; - reads standard input) in place of FILE."
    ),
]
FhirOut = Annotated[
    Path | None, typer.Option("--fhir-out", metavar="FILE", help="Write the answer as a FHIR R4 RiskAssessment.")
]
