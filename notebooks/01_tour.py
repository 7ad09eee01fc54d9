# %% [markdown]
# # 1. A tour for a clinician
#
# **Question.** My patient has a low IgM. What does the tool say, where does the number come from, and how far can I
# trust it?
#
# The patient below is made up: a woman of 34 years, seen in an allergy / immunology clinic with recurrent sinusitis and
# one pneumonia, IgM 25 mg/dL, normal IgG and IgA, a normal response to pneumococcal vaccine. What is not named is
# *unknown*: it is summed out, never read as absent.

# %%
import numpy as np

from sigm_bayes import Patient, load_model
from sigm_bayes.plots.drawing import CLASS_COLOURS
from sigm_bayes.plots.ledger_bars import ledger_bars
from sigm_bayes.plots.notebook import answer, basis, show, show_svg, table, with_interval
from sigm_bayes.plots.panels import (
    CLASS_NAMES,
    CLASS_STYLES,
    legend,
    panels,
    percent_axis,
    points_with_interval,
)
from sigm_bayes.plots.prevalence_curve import share
from sigm_bayes.query.weighing import LABELS
from sigm_bayes.query.what_if import bands_of, class_draws

model = load_model()
basis(model)

# %%
given = {
    "age_years": 34,
    "sex": "female",
    "setting": "allergy_immunology_clinic",
    "igm": [{"value": 25, "unit": "mg/dL", "date": "2026-01", "context": "well"}],
    "igg": [{"value": 9.8, "unit": "g/L"}],
    "iga": [{"value": 160, "unit": "mg/dL"}],
    "findings": {"sinusitis": "present", "pneumonia": "present", "meningitis": "absent"},
    "causes": dict.fromkeys(("clozapine", "b_cell_depletion", "antiepileptic", "glucocorticoid"), "absent"),
    "tests": {"pneumococcal_response": "normal"},
}
patient = Patient(**given)
reply = model.query(patient)
table(
    [[CLASS_NAMES[name], with_interval(band)] for name, band in reply.probability.items()],
    head=["explanation", "probability (90% interval)"],
)

# %% [markdown]
# ## Where the number comes from
#
# Evidence is added group by group. The *start* is what is known before any result: who is tested in such a clinic, at
# this age. The interval is uncertainty about the model's parameters; it is not a range of patients.

# %%
weighing = model.weigh(patient)
seen, steps = [], [("start: clinic, age, sex", bands_of(weighing.log_joint(frozenset())))]
for group in weighing.known:
    seen.append(group)
    steps.append((f"+ {LABELS[group]}", bands_of(weighing.log_joint(frozenset(seen)))))

start, end = steps[0][1], steps[-1][1]
figure, axes = panels(
    height=4.6,
    title=f"IgM lifts primary from {share(start['primary']['mean'])}; with all evidence it is "
    f"{share(end['primary']['mean'])}, and a low normal variant {share(end['normal']['mean'])}",
)
for offset, name in enumerate(CLASS_NAMES):
    values = [[step[1][name][key] for step in steps] for key in ("mean", "lower", "upper")]
    at = [n + 0.16 * (offset - 1.5) for n in range(len(steps))]
    points_with_interval(
        axes, at, values, label=CLASS_NAMES[name], colour=CLASS_COLOURS[name], marker=CLASS_STYLES[name][1]
    )
axes.set_yticks(range(len(steps)), [label for label, _ in steps])
axes.invert_yaxis()
axes.set_xlim(0, 1)
axes.set_xlabel("probability given the evidence so far (90% interval)")
percent_axis(axes.xaxis)
legend(axes, loc="upper center", bbox_to_anchor=(0.4, -0.14), ncols=2)
show(
    figure,
    alt="Probability of the four explanations as groups of evidence are added. "
    + " ".join(
        f"{label}: primary {share(b['primary']['mean'])}, low normal variant {share(b['normal']['mean'])}, secondary "
        f"{share(b['secondary']['mean'])}."
        for label, b in steps
    ),
)

# %% [markdown]
# The *ledger* says the same for primary deficiency alone, and does not depend on the order: weights of evidence (log10
# likelihood ratios, averaged over all orders) from the starting point to the answer.

# %%
document = reply.to_dict()
book = document["ledger"]
show_svg(
    ledger_bars(book, name="tour-ledger"),
    alt=f"Ledger of weights of evidence for primary, log10: starting point {book['prior_log10_odds']:+.1f}; "
    + ", ".join(f"{item['label']} {item['log10_lr']:+.1f}" for item in book["items"])
    + f"; together {book['posterior_log10_odds']:+.1f}.",
)

# %% [markdown]
# ## Unknown is not absent
#
# The same woman, with the two infections present, absent, or not asked about.


# %%
def with_findings(state):
    """Return her with both infections in a state."""
    changed = {**given, "findings": {**given["findings"], "sinusitis": state, "pneumonia": state}}
    return model.query(Patient(**changed)).probability


by_state = {state: with_findings(state) for state in ("present", "unknown", "absent")}
table(
    [[state, *(with_interval(found[name]) for name in CLASS_NAMES)] for state, found in by_state.items()],
    head=["sinusitis and pneumonia", *CLASS_NAMES.values()],
)

# %% [markdown]
# ## What next
#
# Expected information: how many bits about the explanation one more fact would tell, averaged over its possible
# results. Some work-up is due whatever the probabilities say, and stays first on the list of the answer.

# %%
following = reply.next()
open_bits = following.entropy_bits
table(
    [
        [
            item.label,
            f"{item.bits:.2f}",
            "; ".join(f"{o.label}: {share(o.after['primary'])}" for o in item.outcomes),
        ]
        for item in following.information[:6]
    ],
    head=["not known yet", f"bits (of {open_bits:.2f})", "P(primary) after each result"],
)

# %% [markdown]
# ## Other people
#
# The same tool on other made-up people. Below 6 months (corrected) no probability is given.

# %%
adult = {"sex": "female", "igg_status": "normal", "iga_status": "normal"}
others = {
    "woman, 34 y, IgM 38, clinic, nothing else known": {
        "age_years": 34, "setting": "allergy_immunology_clinic", "igm": [{"value": 38, "unit": "mg/dL"}], **adult,
    },
    "the same with IgM 12": {
        "age_years": 34, "setting": "allergy_immunology_clinic", "igm": [{"value": 12, "unit": "mg/dL"}], **adult,
    },
    "IgM 25, but tested in community screening": {
        "age_years": 34, "setting": "community", "igm": [{"value": 25, "unit": "mg/dL"}], **adult,
    },
    "IgM 18 half a year after rituximab, IgM normal before": {
        "age_years": 58, "setting": "hospital", "igm": [{"value": 18, "unit": "mg/dL", "date": "2026-03"}], **adult,
        "causes": {"b_cell_depletion": {
            "state": "present", "started": "before_low_igm", "last_dose": "2025-09", "igm_before": "normal",
        }},
    },
    "girl, 3 y, IgM 40, primary care, no significant infection": {
        "age_years": 3, "setting": "primary_care", "igm": [{"value": 40, "unit": "mg/dL"}], **adult,
        "findings": {"no_significant_infection": "present"},
    },
    "girl, 4 months, IgM 12": {
        "age_years": 4 / 12, "setting": "hospital", "igm": [{"value": 12, "unit": "mg/dL"}], **adult,
    },
}  # fmt: skip
replies = {label: model.query(Patient(**person)) for label, person in others.items()}
table(
    [
        [
            label,
            *([with_interval(r.probability[name]) for name in CLASS_NAMES] if not r.refused else ["none given"] * 4),
        ]
        for label, r in replies.items()
    ],
    head=["person", *CLASS_NAMES.values()],
)

# %% [markdown]
# ## Answer

# %%
final, tip = document["probability"], document["tipping"]
settings = [document["by_setting"][s.id]["primary"]["mean"] for s in model.catalogue.settings]
primary = class_draws(weighing)["primary"]
prior = weighing.p["logit_primary"][:, model.catalogue.setting_index(given["setting"])]
spread = np.cov(np.log(primary / (1 - primary)), prior, aweights=weighing.draw_weights)
explained = spread[0, 1] ** 2 / (spread[0, 0] * spread[1, 1])
top = following.information[0]
likeliest = max(final, key=lambda name: final[name]["mean"])
most = max(book["items"], key=lambda item: abs(item["log10_lr"]))
p_by_state = {state: share(found["primary"]["mean"]) for state, found in by_state.items()}
answer(f"""
For this woman the likeliest explanation is: {CLASS_NAMES[likeliest]} ({with_interval(final[likeliest])}); primary selective
deficiency has {with_interval(final["primary"])}, starting from {share(start["primary"]["mean"])} before any result. What
weighs most is: {most["label"]} (a factor of {10 ** most["log10_lr"]:.0f} on the odds of primary). Both infections together
change P(primary) from {p_by_state["absent"]} (absent) to {p_by_state["present"]} (present), and leaving them unknown gives
{p_by_state["unknown"]}, not the value for absent. How far to trust it:
the interval spans a factor of {final["primary"]["upper"] / final["primary"]["lower"]:.0f}; {share(explained)} of the
variance of its log odds over the draws is the assumed prevalence of primary deficiency among those tested
({share(tip["prevalence_now"])} here), which published evidence hardly identifies. The same findings give between
{share(min(settings))} and {share(max(settings))} depending on the setting, and primary would reach one half only at a
prevalence of {share(tip["prevalence_for_half"])}. What would tell most next: {top.label}. No
probability here replaces the work-up that is due anyway.
""")
