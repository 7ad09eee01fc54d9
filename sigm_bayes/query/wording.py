"""Every sentence that an answer can hold. None says that somebody has or has not a disease."""

from __future__ import annotations

SINGLE_VALUE = "One unrepeated IgM value. Repeat when well before acting on this."
ACUTE_ILLNESS = "IgM was measured during acute illness, when it can fall for days. Repeat when well."
PREGNANCY = "IgM was measured in pregnancy, when immunoglobulins fall by dilution. Repeat after delivery."
AFTER_EXCHANGE = "IgM was measured after plasma exchange or transfusion and does not show the person's own level."
REPLACEMENT = (
    "On immunoglobulin replacement IgG, IgG subclasses and antibody titres are those of the donors and are not used; "
    "IgM and IgA are."
)
IGM_NOT_LOW = "IgM is not below the lower reference limit for age; the question may not arise."
TOO_MANY_RESULTS = "{n} IgM results were given; the first and the last {kept} are used."
NOT_SELECTIVE = (
    "{which} {verb} low, so IgM deficiency is not selective. Usually considered: protein loss (albumin, urine), drugs, "
    "lymphoid malignancy, common variable immunodeficiency (vaccine responses, B-cell subsets)."
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
SETTING_ASSUMED = "No setting was given: hospital is assumed. The answer in every setting is shown below."
EXTRAPOLATED = (
    "At this level no published series says how often each explanation occurs: the answer rests on priors and on the "
    "assumed tails."
)
LOW_NORMAL = "IgM is probably in the low normal range; this does not exclude other causes of infection."
NO_IMMUNOGLOBULIN = "A probable primary deficiency of IgM alone is no indication for immunoglobulin."
RECHECK_YEARLY = "Recheck IgG, IgA and IgM yearly: IgG can follow IgM down."

DECIDES_PRIMARY_OTHER = (
    "Published data hardly separate primary selective IgM deficiency from another immunodeficiency here: the split is "
    "driven by priors."
)
DECIDES_NORMAL_PRIMARY = "A repeat when well tells most: a normal value makes primary deficiency unlikely."
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
