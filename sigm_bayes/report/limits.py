"""What every page says of its own limits."""

from __future__ import annotations

_MODEL = (
    "The answer is a probability under a stated model, not a finding about this person. It supports research and "
    "decisions made by people who know the patient."
)
_INTERVAL = (
    "The interval is the uncertainty of the model's parameters. A patient who differs from the published series in a "
    "way that was not entered is not covered by it."
)
_EVIDENCE = (
    "The evidence is small and selective. The prevalence in a clinic and the share of unrecorded causes are hardly "
    "identified by it and rest on stated priors."
)
_LOWEST = "At a few mg/dL, what separates primary deficiency from another immunodeficiency is driven by priors."
_UNKNOWN = "What was not entered is unknown, never read as absent."
_UNTESTED = "No patient data were used to fit or to check the released model; it has not been evaluated prospectively."
LIMITS: tuple[str, ...] = (_MODEL, _INTERVAL, _EVIDENCE, _LOWEST, _UNKNOWN, _UNTESTED)

INTENDED_USE = "For research and decision support by health professionals. Not for use without a clinician."
