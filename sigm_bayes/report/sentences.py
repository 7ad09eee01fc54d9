"""Every sentence of the page and of the report that stands in no answer document, in one place.

Those of the answer itself are in `query.wording`, those of a refusal with its rule in `sigm_bayes.patient`, those of
the work-up in `workup.toml`; `docs/sentences.md` lists them all. Words in braces are filled in.
"""

from __future__ import annotations

from sigm_bayes.report.limits import INTENDED_USE, LIMITS

# --- The answer ---------------------------------------------------------------------------------------------

NO_PROBABILITY = "No probability is given."
USUALLY_CONSIDERED = "Usually considered"
URGENT = "Urgent."
STANDING = "Lower limit {limit} {whose}; lower than in {share} of {peers}."
ASKED = "Asked in: {setting}."
SETTING_ASSUMED = "(assumed: no setting was given)"
IN_BRACKETS = "In brackets: {level}% interval ({kind})."
NO_LIKELY_CAUSE = "No single cause reaches 1%."
ESID_STANDS = "Probability that they are met: {probability}. Documented: {documented}."

# --- Why ----------------------------------------------------------------------------------------------------

WEIGHTS = (
    "Weight for primary against the rest as log10: 1 is ten times the odds, minus is against. The weights of the "
    "groups and the starting point add up to the sum; a single finding's weight is the change when it alone becomes "
    "unknown, and need not add up."
)
SOURCES = (
    "Under each weight: the published studies whose numbers inform it, with the people of the study and what was "
    "printed, and the priors, which are all that speaks where there is no study."
)

STUDIES = "Studies:"
STUDIES_BEHIND = "The studies behind the weights"
PRIORS = "Priors:"
PRIORS_BEHIND = "The priors behind the weights"
PRIOR = "{name}: {source}."

# --- What next, and what would change it -----------------------------------------------------------------------

DUE = "Due whatever the probabilities say"
TELLS_MOST = "Would tell most"
TELLS_LESS = "Would tell less ({count})"
SETTLES = "settles {share} of what is open"
BETWEEN = "Between {which}"
DONE = "Done: {items}."
TIP_TITLE = "Would bring primary {way} {level} (now {now})"
TIP_PREVALENCE = "a prevalence of {value} among those tested in this setting"
TIP_IGM = "an IgM of {value} {side}{together} (primary {primary})"
TIP_TOGETHER = ", all results in proportion"
TIP_SINGLE = "{label}: {to_state} instead of {from_state} (primary {primary})"
TIP_NEAREST = "No single statement does it; nearest comes {change}."
TIP_MORE = "{count} more single statements"
EVERY_SETTING = "The answer in every setting"
BASELINE = "Primary at the same age, sex and setting with nothing known: {value}."

# --- The page around it -----------------------------------------------------------------------------------------

STILL_NEEDED = (
    "Still needed: {needed}. Everything else may stay as it is: what is not entered is unknown, never read as absent."
)
NOT_KNOWN = "What is not known (summed over, never read as absent)"
LOCAL = "Runs on this computer only; nothing is stored or sent."
FOR_WHOM = "For research and decision support by health professionals."
LIVE_ANSWER = "Answer:"
NOT_UPDATED = "The answer could not be updated."
LOST = (
    "The answer could not be updated: the local server does not respond. What you see belongs to earlier entries. "
    "Start sigm serve again, then press Answer."
)
PATIENT_DATA = "Holds patient data: treat it as such."
ABSENT_MEANS = "Leave as “not known” what was not asked. Absent means: asked, and not there."
HOSPITAL_ASSUMED = "hospital is then assumed, with a caution"
NO_PROBABILITY_THEN = "no probability is then given"
THRESHOLD = "Beside 50%: what would bring primary above or below this probability, in percent."

# --- The card of CDS Hooks ----------------------------------------------------------------------------------------

CARD_ANSWER = "IgM {igm}: {shares}"
CARD_REFUSED = "IgM {igm}: no probability is given; see the work-up usually considered"
CARD_PROBLEMS = "Low IgM: no answer, {things} in the record to correct"
CARD_BRACKETS = "In brackets: 90% interval (parameter uncertainty)."
CARD_BASIS = "Read from {resources} of the record"
CARD_ODD = "; {odd} could not be read with certainty and count as not known."

SECTIONS: dict[str, tuple[str, ...]] = {
    "The answer on the page": (
        "NO_PROBABILITY", "USUALLY_CONSIDERED", "URGENT", "STANDING", "ASKED", "SETTING_ASSUMED", "IN_BRACKETS",
        "NO_LIKELY_CAUSE", "ESID_STANDS",
    ),
    "Why, on the page": ("WEIGHTS", "SOURCES", "STUDIES", "STUDIES_BEHIND", "PRIORS", "PRIORS_BEHIND", "PRIOR"),
    "What next and what would change it, on the page": (
        "DUE", "TELLS_MOST", "TELLS_LESS", "SETTLES", "BETWEEN", "DONE", "TIP_TITLE", "TIP_PREVALENCE", "TIP_IGM",
        "TIP_TOGETHER", "TIP_SINGLE", "TIP_NEAREST", "TIP_MORE", "EVERY_SETTING", "BASELINE",
    ),
    "Around the answer": (
        "STILL_NEEDED", "NOT_KNOWN", "LOCAL", "FOR_WHOM", "LIVE_ANSWER", "NOT_UPDATED", "LOST", "PATIENT_DATA",
        "ABSENT_MEANS", "HOSPITAL_ASSUMED",
        "NO_PROBABILITY_THEN", "THRESHOLD",
    ),
    "The card in a record system": (
        "CARD_ANSWER", "CARD_REFUSED", "CARD_PROBLEMS", "CARD_BRACKETS", "CARD_BASIS", "CARD_ODD",
    ),
    "Limits": ("LIMITS", "INTENDED_USE"),
}  # fmt: skip
"""The sentences by section, for `docs/sentences.md`; a test holds that none is left out."""

__all__ = ["INTENDED_USE", "LIMITS", "SECTIONS"]
