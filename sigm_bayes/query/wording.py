"""Every sentence that an answer can hold, in one place. None says that somebody has or has not a disease.

Sentences of a refusal and doubts about the input stand with their rules in `sigm_bayes.patient`, those of the work-up
in `workup.toml`; `docs/sentences.md` lists them all.
"""

from __future__ import annotations

SINGLE_VALUE = "One unrepeated IgM value. Repeat when well before acting on this."
ACUTE_ILLNESS = "IgM was measured during acute illness, when it can fall for days. Repeat when well."
PREGNANCY = "IgM was measured in pregnancy, when immunoglobulins fall by dilution. Repeat after delivery."
AFTER_EXCHANGE = "IgM was measured after plasma exchange or transfusion and does not show the person's own level."
REPLACEMENT = (
    "On immunoglobulin replacement IgG, IgG subclasses and antibody titres are those of the donors and are not used; "
    "IgM and IgA are."
)
IGG_REPLACED = "IgG not used (immunoglobulin replacement)"
IGM_NOT_LOW = "IgM is not below the lower reference limit for age; the question may not arise."
SPIKE = (
    "An IgM result is more than twice those before and after it, which a person's level hardly does. Usually "
    "considered before weighing a recovery: another person's sample or another unit, plasma or whole blood given, an "
    "acute infection."
)
TOO_MANY_RESULTS = "{n} IgM results were given; the first and the last {kept} are used."
NOT_SELECTIVE = (
    "{which} {verb} low, so IgM deficiency is not selective. Usually considered: protein loss (albumin, urine), drugs, "
    "lymphoid malignancy, common variable immunodeficiency (vaccine responses, B-cell subsets)."
)
NOT_SELECTIVE_IGG_KEPT = (
    "{which} {verb} low, so IgM deficiency is not selective. Usually considered while IgG is not low: drugs "
    "(antiepileptics among them), lymphoid malignancy, IgA deficiency. Common variable immunodeficiency is one with "
    "low IgG, which can follow."
)
NOT_SELECTIVE_YOUNG = (
    "{which} {verb} low, so IgM deficiency is not selective. Usually considered at this age: agammaglobulinaemia "
    "(B cells), combined immunodeficiency (T cells), transient low immunoglobulins of infancy, drugs of the mother, "
    "protein loss."
)
PARAPROTEIN = (
    "{which} {verb} above the upper limit with a low IgM: possible paraprotein. Electrophoresis, immunofixation and "
    "free light chains."
)
CLASSES_UNKNOWN = "{which} not known: whether the deficiency is selective is open."
T_CELL_DEFECT = "Abnormal T cells point to a combined or syndromic immunodeficiency, not to selective IgM deficiency."
B_CELLS_LOW = "Low or absent B cells: agammaglobulinaemia, Good syndrome, lymphoid malignancy or B-cell depletion."
SYNDROMIC = "Syndromic features: 22q11 deletion, ataxia-telangiectasia and Bloom syndrome also lower IgM. Genetics."
WISKOTT_ALDRICH = "A boy with eczema, small platelets and low IgM: Wiskott-Aldrich syndrome is to be excluded soon."
SMALL_PLATELETS = "Thrombocytopenia with small platelets: Wiskott-Aldrich syndrome is to be excluded."
MONOCLONAL = "A monoclonal protein is recorded: the uninvolved immunoglobulins fall with it."
FAILURE_TO_THRIVE = "Failure to thrive in an infant: a combined immunodeficiency is to be excluded urgently."
SEVERE_INFECTION_INFANT = (
    "A severe infection in an infant whose IgG and IgM are low: agammaglobulinaemia and severe combined "
    "immunodeficiency are to be excluded urgently (B and T cells)."
)
SETTING_ASSUMED = "No setting was given: hospital is assumed. The answer in every setting is shown below."
EXTRAPOLATED = (
    "At this level no published series says how often each explanation occurs: the answer rests on priors and on the "
    "assumed tails."
)
FEW_DRAWS = (
    "This person is unusual under the model: only about {n} of its sets of parameters fit what is recorded, and the "
    "interval is rough."
)
LOW_NORMAL = "IgM is probably in the low normal range; this does not exclude other causes of infection."
NO_IMMUNOGLOBULIN = "A probable primary deficiency of IgM alone is no indication for immunoglobulin."
RECHECK_YEARLY = "Recheck IgG, IgA and IgM yearly: IgG can follow IgM down."

DECIDES_PRIMARY_OTHER = (
    "Published data hardly separate primary selective IgM deficiency from another immunodeficiency here: the split is "
    "driven by priors."
)
DECIDES_NORMAL_PRIMARY = "A repeat when well that is not low makes primary deficiency unlikely."
DECIDES_SECONDARY_PRIMARY = "Each exposure that is checked and absent moves weight from secondary to the others."

PRIMARY_OTHER_ITEMS = (
    "IgG and IgA over the next years",
    "B cells (CD19, surface IgM) and T cells",
    "vaccine responses",
    "genetic testing",
)
NORMAL_PRIMARY_ITEMS = ("repeat IgM when well", "an IgM from earlier years")
SECONDARY_PRIMARY_ITEMS = (
    "drug history",
    "blood count",
    "electrophoresis and free light chains",
    "albumin and urine protein",
)

DUE_REPEAT = "repeat IgM, IgG and IgA when well"
DUE_DRUGS = "drug history (B-cell depletion, clozapine, immunosuppressants, antiepileptics)"
DUE_MATERNAL = "drugs of the mother in pregnancy"
DUE_COUNT = "blood count with differential"
DUE_MONOCLONAL = "electrophoresis, immunofixation and free light chains"
DUE_LOSS = "albumin and urine protein"
DUE_HIV = "HIV test"
DUE_LYMPHOCYTES = "lymphocyte subsets"
DUE_VACCINES = "vaccine responses (protein and polysaccharide)"
DUE_PLATELETS = "platelet count and size"


def due(*, age_years: float, repeated: bool) -> list[str]:
    """The work-up that is due whatever the ranking, by age."""
    out = [] if repeated else [DUE_REPEAT]
    out += [DUE_DRUGS, DUE_COUNT]
    if age_years < 2:
        out.append(DUE_MATERNAL)
    if age_years < 18:
        out.append(DUE_PLATELETS)
    else:
        out.append(DUE_MONOCLONAL)
    return [*out, DUE_LOSS, DUE_HIV, DUE_LYMPHOCYTES, DUE_VACCINES]


ESID_IGM = "IgM low repeatedly"
ESID_IGM_NOT_LOW = "a result is not below the limit of age"
ESID_IGM_LOW = "{n} low results"
ESID_IGM_ONCE = "one low result; repeat when well"
ESID_CLASSES = "IgG and IgA normal"
ESID_NOT_KNOWN = "{which} not known"
ESID_VACCINES = "vaccine responses normal"
ESID_SUBCLASSES = "IgG subclasses normal"
ESID_T_CELLS = "no T-cell defect"
ESID_OPEN = "open: {tests}"
ESID_CAUSES = "other causes excluded"
ESID_ALL_ABSENT = "all listed causes recorded as absent"
ESID_SOME_ABSENT = "{n} of {of} listed causes recorded as absent"


# --- What comes next -------------------------------------------------------------------------------------

PRESENT_ABSENT = (("present", "present"), ("absent", "absent"))
ABNORMAL_NORMAL = (("abnormal", "abnormal"), ("normal", "as expected"))
LOW_NORMAL_HIGH = (("low", "below the limit"), ("normal", "within the limits"), ("high", "above the limit"))
REPEAT_RESULTS = (("still_low", "still low"), ("normal", "not low"))
LIMITS_HELP = "Against the reference interval of age, or the laboratory's own."
REPEAT_HELP = "Taken when well. Still low: below the lower limit of age, {limit}."


def repeat_label(months: float) -> str:
    """`IgM again in 3 months`, weeks where it is less than two months."""
    if months < 2.0:
        weeks = max(1, round(months * 52.18 / 12.0))
        return f"IgM again in {weeks} week{'' if weeks == 1 else 's'}"
    return f"IgM again in {months:.0f} months"


# --- What is uncertain -----------------------------------------------------------------------------------

PARAMETERS_MINOR = (
    "Better evidence about the model's numbers would settle {share} of what is open ({total:.1f} of 2 bits); the rest "
    "can only be settled by more about this patient."
)
PARAMETERS_MAJOR = (
    "Much of what is open ({total:.1f} of 2 bits) is the model's own numbers: {share} of it would be settled by better "
    "evidence, the rest only by more about this patient."
)
MUCH = 0.25
"""From this share on, the parameters are called much of what is open."""


def uncertainty(*, total: float, share: float) -> str:
    """One sentence on parameters against patient; the interval shows the parameters only."""
    text = f"{100.0 * share:.0f}%" if share >= 0.01 else "less than 1%"
    return (PARAMETERS_MAJOR if share >= MUCH else PARAMETERS_MINOR).format(total=total, share=text)


# --- What would change the answer ------------------------------------------------------------------------

MUST_NOT_MISS = "must not be missed"
ABOVE, BELOW = "above", "below"
OR_LOWER, OR_HIGHER = "or lower", "or higher"
DOWN_TO, UP_TO = "down to about {until}", "up to about {until}"
NO_PREVALENCE = "no prevalence would take primary to {level}"
PREVALENCE_TIP = (
    "primary reaches {level} at a prevalence of {value} among people tested in this setting (now taken as {now})"
)
IGM_TIP = "an IgM of {value} {direction}{several} would take primary {way} {level}, all else as it is"
IN_PROPORTION = ", the other values in proportion,"
NO_IGM = "no other IgM value would take primary {way} {level}, all else as it is"
SINGLES = "any one of these would take primary {way} {level}: {changes}"
NO_SINGLE = "no single finding, exposure or test would take primary {way} {level}"
NEAREST = "nearest: {change}"
ELSEWHERE = "primary, if asked elsewhere: {settings}"
BASELINE = "primary at the same age, sex and setting with nothing known: {value}"


SECTIONS: dict[str, tuple[str, ...]] = {
    "CAUTIONS": (
        "SINGLE_VALUE", "ACUTE_ILLNESS", "PREGNANCY", "AFTER_EXCHANGE", "REPLACEMENT", "IGG_REPLACED",
        "IGM_NOT_LOW", "SPIKE",
        "TOO_MANY_RESULTS", "NOT_SELECTIVE", "NOT_SELECTIVE_IGG_KEPT", "NOT_SELECTIVE_YOUNG", "PARAPROTEIN",
        "CLASSES_UNKNOWN", "T_CELL_DEFECT",
        "B_CELLS_LOW", "SYNDROMIC", "WISKOTT_ALDRICH", "SMALL_PLATELETS", "MONOCLONAL", "FAILURE_TO_THRIVE",
        "SEVERE_INFECTION_INFANT", "SETTING_ASSUMED", "EXTRAPOLATED",
        "FEW_DRAWS", "LOW_NORMAL", "NO_IMMUNOGLOBULIN", "RECHECK_YEARLY",
    ),
    "DECIDES": (
        "DECIDES_PRIMARY_OTHER", "PRIMARY_OTHER_ITEMS", "DECIDES_NORMAL_PRIMARY", "NORMAL_PRIMARY_ITEMS",
        "DECIDES_SECONDARY_PRIMARY", "SECONDARY_PRIMARY_ITEMS",
    ),
    "DUE": (
        "DUE_REPEAT", "DUE_DRUGS", "DUE_MATERNAL", "DUE_COUNT", "DUE_MONOCLONAL", "DUE_LOSS", "DUE_HIV",
        "DUE_LYMPHOCYTES", "DUE_VACCINES", "DUE_PLATELETS",
    ),
    "ESID": (
        "ESID_IGM", "ESID_IGM_NOT_LOW", "ESID_IGM_LOW", "ESID_IGM_ONCE", "ESID_CLASSES", "ESID_NOT_KNOWN",
        "ESID_VACCINES", "ESID_SUBCLASSES", "ESID_T_CELLS", "ESID_OPEN", "ESID_CAUSES", "ESID_ALL_ABSENT",
        "ESID_SOME_ABSENT",
    ),
    "NEXT": (
        "PRESENT_ABSENT", "ABNORMAL_NORMAL", "LOW_NORMAL_HIGH", "REPEAT_RESULTS", "LIMITS_HELP", "REPEAT_HELP",
        "MUST_NOT_MISS",
    ),
    "UNCERTAIN": ("PARAMETERS_MINOR", "PARAMETERS_MAJOR"),
    "CHANGE": (
        "ABOVE", "BELOW", "OR_LOWER", "OR_HIGHER", "DOWN_TO", "UP_TO", "NO_PREVALENCE", "PREVALENCE_TIP", "IGM_TIP",
        "IN_PROPORTION",
        "NO_IGM", "SINGLES", "NO_SINGLE", "NEAREST", "ELSEWHERE", "BASELINE",
    ),
}  # fmt: skip
"""The sentences by section, for `docs/sentences.md`; a test holds that none is left out."""
