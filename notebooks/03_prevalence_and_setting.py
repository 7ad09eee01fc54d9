# %% [markdown]
# # 3. Prevalence and setting
#
# **Question.** How much does the answer depend on where the patient was tested, and on a prevalence of primary deficiency
# that nobody has measured?
#
# A setting enters the model in several places: how common primary and other immunodeficiency are among the people tested
# there, how often a cause is recorded or missed, and how common infections are anyway. Each is varied alone below.

# %%
from dataclasses import replace
from statistics import NormalDist

import numpy as np

from sigm_bayes import Patient, load_model
from sigm_bayes.plots.drawing import CLASS_COLOURS
from sigm_bayes.plots.notebook import answer, basis, show, table, with_interval
from sigm_bayes.plots.panels import (
    CLASS_NAMES,
    CLASS_STYLES,
    SERIES,
    SERIES_LINES,
    legend,
    legend_below,
    line_with_band,
    panels,
    percent_axis,
    points_with_interval,
)
from sigm_bayes.plots.prevalence_curve import share
from sigm_bayes.query.what_if import bands, class_draws, over, what_if
from sigm_bayes.release.contraction import NOT_IDENTIFIED_BELOW, contractions

model = load_model()
p, settings = model.parameters, model.catalogue.settings
basis(model)


# %%
def expit(x):
    """Return the probability of log odds."""
    return 1 / (1 + np.exp(-np.asarray(x)))


def woman(igm, **more):
    """Return a woman of 40 years with normal IgG and IgA, IgM in mg/dL, tested when well in a clinic."""
    fixed = {"age_years": 40, "sex": "female", "igg_status": "normal", "iga_status": "normal"}
    fixed["setting"] = "allergy_immunology_clinic"
    return Patient(**{**fixed, "igm": [{"value": igm, "unit": "mg/dL", "context": "well"}], **more})


INFECTED = {"findings": {"sinusitis": "present", "pneumonia": "present"}}
people = {
    "IgM 40 mg/dL": woman(40),
    "IgM 25 mg/dL": woman(25),
    "IgM 10 mg/dL": woman(10),
    "IgM 25 mg/dL, two infections": woman(25, **INFECTED),
}

# %% [markdown]
# ## Is the prevalence known?
#
# Prior and posterior of the prevalence of primary deficiency among adults whose IgM is measured. The contraction is the
# share of the prior's standard deviation (on the logit scale) that the published numbers remove.

# %%
prior = model.priors.parameter("logit_primary")
released = tuple(q for q in model.priors.parameters if not q.evidence_only)
taught = {c.label: c for c in contractions(replace(model.priors, parameters=released), model.encoder.curves, p)}
z90 = NormalDist().inv_cdf(0.95)
rows, contraction = [], {}
for n, setting in enumerate(settings):
    low, high = prior.mean[n] - z90 * prior.sd[n], prior.mean[n] + z90 * prior.sd[n]
    now = np.quantile(p["logit_primary"][:, n], [0.05, 0.5, 0.95])
    contraction[setting.id] = taught[f"logit_primary[{setting.id}]"].value
    rows.append(
        [
            setting.label,
            f"{share(expit(prior.mean[n]))} ({share(expit(low))} to {share(expit(high))})",
            f"{share(expit(now[1]))} ({share(expit(now[0]))} to {share(expit(now[2]))})",
            f"{contraction[setting.id]:+.2f}",
        ]
    )
weak = sum(c.value < NOT_IDENTIFIED_BELOW for c in taught.values())
table(rows, head=["setting", "prior median (90%)", "posterior median (90%)", "contraction"])

# %% [markdown]
# ## The answer over the prevalence
#
# The prevalence is set to a known value here; the bands are what stays uncertain then. The bars above the curves are the
# 90% intervals that the model assumes in each setting: they are prior judgement.

# %%
grid = np.geomspace(1e-4, 0.3, 25)
curves = {
    label: over([what_if(model, who, instead={"logit_primary": np.log(q / (1 - q))}) for q in grid], "primary")
    for label, who in people.items()
}


def half_at(values):
    """Return the prevalence at which the mean crosses one half."""
    return float(np.exp(np.interp(0.5, values[0], np.log(grid))))


halves = {label: half_at(values) for label, values in curves.items()}
figure, axes = panels(
    height=4.8,
    title="At IgM 25 mg/dL primary reaches one half at a prevalence of "
    f"{share(halves['IgM 25 mg/dL'])}; with two infections at {share(halves['IgM 25 mg/dL, two infections'])}",
)
for n, (label, values) in enumerate(curves.items()):
    line_with_band(axes, grid, values, label=label, colour=SERIES[n], style=SERIES_LINES[n])
assumed = expit(np.quantile(p["logit_primary"], [0.05, 0.95], axis=0)).T
for n, (setting, ends) in enumerate(zip(settings, assumed, strict=True)):
    axes.plot(ends, [1.04 + 0.05 * n] * 2, color="black", linewidth=3)
    axes.text(ends[1] * 1.15, 1.04 + 0.05 * n, setting.label, fontsize=8, va="center")
axes.axhline(0.5, color="black", linewidth=0.8, linestyle=(0, (4, 4)))
axes.set_xscale("log")
percent_axis(axes.xaxis, ticks=(1e-4, 1e-3, 1e-2, 1e-1, 0.3))
axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
axes.set_ylim(0, 1.25)
axes.set_xlabel("prevalence of primary among adults tested (log axis); bars: assumed in each setting, 90%")
axes.set_ylabel("P(primary), 90% interval")
legend(axes, loc="upper left", bbox_to_anchor=(0.0, 0.8))
show(
    figure,
    alt="P(primary) against the prevalence of primary deficiency among those tested, woman of 40 years. "
    + " ".join(f"{label} reaches one half at a prevalence of {share(at)}." for label, at in halves.items())
    + " Prevalence assumed, 90% interval: "
    + "; ".join(f"{s.label} {share(e[0])} to {share(e[1])}" for s, e in zip(settings, assumed, strict=True))
    + ".",
)

# %% [markdown]
# ## The answer by setting

# %%
by_setting = {label: [bands(model.weigh(who.replace(setting=s.id))) for s in settings] for label, who in people.items()}
shown = ("IgM 25 mg/dL", "IgM 25 mg/dL, two infections")
spread = [by_setting[shown[1]][n]["primary"]["mean"] for n in range(len(settings))]
figure, axes = panels(
    1,
    2,
    height=4.4,
    sharey=True,
    title=f"The same woman, IgM 25 mg/dL with two infections: primary {share(min(spread))} to {share(max(spread))} by setting",
)
for panel, label in zip(axes, shown, strict=True):
    for offset, name in enumerate(CLASS_NAMES):
        values = np.array([[b[name][key] for b in by_setting[label]] for key in ("mean", "lower", "upper")])
        at = np.arange(len(settings)) + 0.16 * (offset - 1.5)
        points_with_interval(
            panel, at, values, label=CLASS_NAMES[name], colour=CLASS_COLOURS[name], marker=CLASS_STYLES[name][1]
        )
    panel.set_title(label)
    panel.set_xlim(0, 1)
    panel.set_xlabel("probability (90% interval)")
    percent_axis(panel.xaxis)
axes[0].set_yticks(range(len(settings)), [s.label.replace(" / ", " /\n") for s in settings])
axes[0].invert_yaxis()
legend_below(figure, axes[0])
show(
    figure,
    alt="Probability of the four explanations by setting for IgM 25 mg/dL. "
    + " ".join(
        f"{label}, {s.label}: "
        + ", ".join(f"{CLASS_NAMES[c]} {share(by_setting[label][n][c]['mean'])}" for c in CLASS_NAMES)
        + "."
        for label in shown
        for n, s in enumerate(settings)
    ),
)

# %% [markdown]
# ## What in the setting does it?
#
# The woman with two infections stays in the clinic; one part of the clinic at a time is replaced by that of another
# setting. The parts do not add up, because probabilities are not additive.

# %%
PARTS = {
    "prevalence of primary": ("logit_primary",),
    "prevalence of another immunodeficiency": ("logit_other",),
    "unrecorded causes": ("log_occult_hazard",),
    "exposure rates": ("exposure_setting",),
    "background of infections and findings": ("setting_infection", "setting_other", "finding_setting"),
}
clinic = model.catalogue.setting_index("allergy_immunology_clinic")
patient = people["IgM 25 mg/dL, two infections"]


def moved(names, target):
    """Return the parameters with the clinic's entries replaced by those of another setting."""
    out = {}
    for name in names:
        values = np.array(p[name])
        values[..., clinic] = values[..., target]
        out[name] = values
    return out


everything = tuple(name for names in PARTS.values() for name in names)
targets = [n for n in range(len(settings)) if n != clinic]
rows = [["as it is", *[with_interval(bands(model.weigh(patient))["primary"])] * len(targets)]]
alone = {}
for part, names in [*PARTS.items(), ("all of these", everything)]:
    found = [bands(what_if(model, patient, instead=moved(names, t)))["primary"] for t in targets]
    alone[part] = [band["mean"] for band in found]
    rows.append([part, *(with_interval(band) for band in found)])
table(rows, head=["replaced in the clinic by that of", *(settings[t].label for t in targets)])

# %% [markdown]
# ## What the interval is made of
#
# Each group of parameters is fixed at its posterior mean in turn: by how much does the variance of the log odds of
# primary fall? What falls most is what the interval mostly consists of. (Groups interact, so the shares need not add up
# to 100%.)

# %%
GROUPS = {
    "prevalence of primary": ("logit_primary",),
    "prevalence of another immunodeficiency": ("logit_other",),
    "causes: rates, hazards, unrecorded": ("log_occult_hazard", "log_hazard", "logit_exposure", "exposure_setting"),
    "healthy curve and spread": ("curve_igm", "log_spread_factor"),
    "size of abnormal shifts": ("log_shift", "log_tau", "logit_profound_primary", "logit_profound_depletion"),
    "transient dips": ("logit_dip",),
    "infections: background": ("finding_base", "setting_infection", "finding_setting", "log_loading"),
    "infections: effect of class": ("proneness", "finding_effect"),
}


def log_odds_variance(who, fixed=()):
    """Return the variance over draws of the log odds of primary, some parameters at their mean."""
    means = {name: p[name].mean(axis=0) for name in fixed}
    weighing = what_if(model, who, instead=means)
    primary = class_draws(weighing)["primary"]
    return float(np.cov(np.log(primary / (1 - primary)), aweights=weighing.draw_weights))


made_of = {}
for label in ("IgM 25 mg/dL", "IgM 10 mg/dL", "IgM 25 mg/dL, two infections"):
    full = log_odds_variance(people[label])
    made_of[label] = [1 - log_odds_variance(people[label], names) / full for names in GROUPS.values()]

first = made_of["IgM 25 mg/dL"]
largest = list(GROUPS)[int(np.argmax(first))]
figure, axes = panels(
    height=4.4,
    title=f"At IgM 25 mg/dL {share(max(first))} of the uncertainty of the log odds is: {largest}",
)
for n, (label, values) in enumerate(made_of.items()):
    at = np.arange(len(GROUPS)) + 0.26 * (n - 1)
    axes.barh(at, values, height=0.24, color=SERIES[n], label=label, hatch=("", "//", "..")[n], alpha=0.85)
axes.set_yticks(range(len(GROUPS)), list(GROUPS))
axes.invert_yaxis()
axes.set_xlabel("share of the variance of the log odds of primary")
percent_axis(axes.xaxis)
legend_below(figure, axes, columns=3)
show(
    figure,
    alt="Share of the variance of the log odds of primary that each group of parameters accounts for. "
    + " ".join(
        f"{label}: " + ", ".join(f"{g} {v:.0%}" for g, v in zip(GROUPS, values, strict=True)) + "."
        for label, values in made_of.items()
    ),
)

# %% [markdown]
# ## Answer

# %%
plain = bands(model.weigh(people["IgM 25 mg/dL"]))["primary"]
factor = 3
up, down = (
    bands(what_if(model, people["IgM 25 mg/dL"], shift={"logit_primary": s * np.log(factor)}))["primary"]["mean"]
    for s in (1, -1)
)
one = [by_setting["IgM 25 mg/dL"][n]["primary"]["mean"] for n in range(len(settings))]
community = [s.id for s in settings].index("community")
from_community = targets.index(community)
answer(f"""
Much, and the evidence does not help: the contraction of the prevalence of primary is between
{min(contraction.values()):+.2f} and {max(contraction.values()):+.2f} in the settings, so it repeats the prior, as do {weak} of
{len(taught)} released free parameters (contraction below {NOT_IDENTIFIED_BELOW:g}). For a woman with IgM
{people["IgM 25 mg/dL"].igm[0].text} and nothing else known P(primary) is {with_interval(plain)} in the clinic; a prevalence
{factor} times lower or higher gives {share(down)} or {share(up)}; and between the settings it runs from {share(min(one))} to
{share(max(one))}. With two infections the settings lie between {share(min(spread))} and {share(max(spread))}. Putting only the prevalence of community
screening into the clinic gives {share(alone["prevalence of primary"][from_community])}, only its background of infections
{share(alone["background of infections and findings"][from_community])}. The largest part of the interval is: {largest}
({share(max(first))} of the variance of the log odds). A clinic that knows its own prevalence should use it: primary reaches
one half at {share(halves["IgM 25 mg/dL"])}, or at {share(halves["IgM 25 mg/dL, two infections"])} with both infections.
""")
