# %% [markdown]
# # 2. The evidence
#
# **Question.** What has been published about a low IgM, how well does the model reproduce it, and how much of a series of
# patients *labelled* primary is primary?
#
# There is no open registry of selective IgM deficiency. The model rests on published numbers: each is a likelihood term
# with the study's own definition and a study effect. Labels are not taken at their word: a labelled series is a mixture.

# %%
import csv
from collections import Counter
from statistics import NormalDist

import numpy as np

from sigm_bayes import Patient, load_model
from sigm_bayes.catalogue.priors import load_priors
from sigm_bayes.evidence import load_evidence
from sigm_bayes.paths import models_dir
from sigm_bayes.plots.drawing import BLUE, CLASS_COLOURS, VERMILION
from sigm_bayes.plots.notebook import answer, basis, show, table, with_interval
from sigm_bayes.plots.panels import (
    CLASS_NAMES,
    CLASS_STYLES,
    legend,
    legend_below,
    panels,
    percent_axis,
    points_with_interval,
)
from sigm_bayes.plots.prevalence_curve import share
from sigm_bayes.query.draws import classes
from sigm_bayes.query.summary import band
from sigm_bayes.query.what_if import bands

model, evidence = load_model(), load_evidence()
basis(model)

# %% [markdown]
# ## What is known
#
# *Fitted* numbers are two-sided, *bounds* one-sided ("at any time", "at least"). The others are listed with the reason
# why they are not used.

# %%
used = Counter((item.term, item.role) for item in evidence.fitted)
terms = sorted({term for term, _ in used}, key=lambda t: (-used[t, "fitted"] - used[t, "bound"], t))
roles, flags = evidence.counts(), Counter(item.flag for item in evidence.fitted)
studies = {item.study_id for item in evidence.fitted}
labelled_terms = {t for t in terms if "labelled" in t}
about_labelled = sum(n for (t, _), n in used.items() if t in labelled_terms)
per_study = Counter(i.study_id for i in evidence.fitted if i.term in labelled_terms)
figure, axes = panels(
    height=5.6,
    title=f"{len(evidence.fitted)} numbers of {len(studies)} studies are used; {about_labelled} are about people labelled "
    f"primary, from {len(per_study)} studies",
)
left = np.zeros(len(terms))
for role, colour, hatch in (("fitted", BLUE, ""), ("bound", VERMILION, "//")):
    counts = np.array([used[term, role] for term in terms])
    axes.barh(range(len(terms)), counts, left=left, color=colour, hatch=hatch, alpha=0.85, label=role)
    left += counts
axes.set_yticks(range(len(terms)), [t.replace("_", " ") for t in terms])
axes.invert_yaxis()
axes.set_xlabel("published numbers")
legend(axes, loc="lower right")
show(
    figure,
    alt="Published numbers used, by the quantity they inform: "
    + "; ".join(f"{t.replace('_', ' ')} {used[t, 'fitted']} fitted and {used[t, 'bound']} bounds" for t in terms)
    + ".",
)

# %%
table(
    [[flag.replace("_", " "), count, share(count / len(evidence.fitted))] for flag, count in flags.most_common()],
    head=["where the number was read", "numbers used", "share"],
)

# %% [markdown]
# ## Does the model reproduce it?
#
# Each fitted proportion against its 90% predictive interval for a *new* study of the same size (the study effect is
# redrawn). This is a check of fit: the same numbers trained the model. A share inside well above 90% says that the assumed
# study effects are wide.

# %%
with (models_dir() / "sigm" / "evidence_fit.csv").open(encoding="utf-8", newline="") as file:
    fit = [row for row in csv.DictReader(file) if row["role"] == "fitted"]
misses = [row for row in fit if row["inside"] == "no"]
proportions = [row for row in fit if row["unit"] == "%"]


def logit(percentages):
    """Return the log odds of percentages, kept off 0 and 100%."""
    q = np.clip(np.asarray(percentages, dtype=float) / 100, 0.002, 0.998)
    return np.log(q / (1 - q))


TICKS = np.array([0.2, 1, 3, 10, 30, 50, 70, 90, 99])
figure, axes = panels(height=5.4, width=6.4, title=f"{len(fit) - len(misses)} of {len(fit)} fitted numbers lie inside")
for inside, colour, marker, label in (("yes", BLUE, "o", "inside"), ("no", VERMILION, "D", "outside: a miss")):
    chosen = [row for row in proportions if row["inside"] == inside]
    values = np.array([logit([r[f"predicted_{k}"] for r in chosen]) for k in ("median", "lower", "upper")])
    at = logit([r["published"] for r in chosen])
    points_with_interval(axes, at, values, label=label, colour=colour, marker=marker, across=False)
    if inside == "no":
        for number, (row, x, y) in enumerate(zip(chosen, at, values[0], strict=True)):
            axes.annotate(
                row["item_id"], (x, y), xytext=(6, -10 + 9 * (number % 3)), textcoords="offset points", fontsize=7.5
            )
ends = logit(TICKS)[[0, -1]]
axes.plot(ends, ends, color="black", linewidth=0.8, linestyle=(0, (4, 4)))
for axis in (axes.xaxis, axes.yaxis):
    axis.set_ticks(logit(TICKS), [f"{t:g}%" for t in TICKS])
axes.set_xlabel("published share (logit axis)")
axes.set_ylabel("predicted for a new study, median and 90%")
legend(axes, loc="upper left")
show(
    figure,
    alt=f"Published against predicted for {len(proportions)} fitted shares on logit axes, with the line of equality. "
    f"{sum(r['inside'] == 'no' for r in proportions)} lie outside their 90% predictive interval: "
    + "; ".join(
        f"{r['item_id']} published {float(r['published']):.3g}%, predicted {float(r['predicted_median']):.3g}%"
        for r in proportions
        if r["inside"] == "no"
    )
    + ".",
)

# %% [markdown]
# ## What is in a labelled series?
#
# Adults of a clinic with normal IgG and IgA and every recordable cause excluded: the definition by which series are
# labelled primary. The model says of which classes such people consist, by cut-off of IgM. Labelling is selective (far
# fewer are labelled than meet the definition): it favours primary and other immunodeficiency by a factor on the odds whose
# logarithm has a prior. That prior is judgement; the left panel is without it.

# %%
causes = [c.id for c in model.catalogue.causes if c.recordable]
definition = {
    "age_years": 45,
    "igg_status": "normal",
    "iga_status": "normal",
    "causes": dict.fromkeys(causes, "absent"),
}
LARGEST = 40
levels = np.arange(1, LARGEST)
joint = []
for level in levels:
    sample = [{"value": int(level), "unit": "mg/dL", "resolution": 1, "context": "well"}]
    weighing = model.weigh(Patient(**definition, setting="allergy_immunology_clinic", igm=sample))
    joint.append(np.exp(weighing.log_joint(weighing.everything)))
joint = np.array(joint)  # (level, draw, hypothesis)
per_class = classes(joint)  # (level, draw)

groups = tuple(g.labelled_id for g in evidence.labelled_studies)
with_labels = load_priors(models_dir() / "sigm", catalogue=model.catalogue, extra_coords={"labelled_study": groups})
selection = with_labels.parameter("label_selection")
delta = np.random.default_rng(20261122).normal(selection.mean.mean(), selection.sd.mean(), joint.shape[1])
FAVOURED = ("primary", "other_immunodeficiency")


def make_up(cut_off, selective):
    """Return P(class) per draw among people below a cut-off who meet the definition."""
    mass = {name: values[levels < cut_off].sum(axis=0) for name, values in per_class.items()}
    if selective:
        mass = {name: m * np.exp(delta) if name in FAVOURED else m for name, m in mass.items()}
    total = sum(mass.values())
    return {name: m / total for name, m in mass.items()}


CUT_OFFS = (40, 30, 20, 10)
composition = {
    selective: [{name: band(v) for name, v in make_up(c, selective).items()} for c in CUT_OFFS]
    for selective in (False, True)
}
figure, axes = panels(
    1,
    2,
    height=4.0,
    sharey=True,
    title=f"Below {CUT_OFFS[0]} mg/dL {share(composition[False][0]['primary']['mean'])} of those who meet the definition are primary; "
    f"{share(composition[True][0]['primary']['mean'])} of those labelled",
)
for panel, selective, words in zip(axes, (False, True), ("all who meet the definition", "those labelled"), strict=True):
    for offset, name in enumerate(CLASS_NAMES):
        values = np.array([[c[name][key] for c in composition[selective]] for key in ("mean", "lower", "upper")])
        at = np.arange(len(CUT_OFFS)) + 0.16 * (offset - 1.5)
        points_with_interval(
            panel, at, values, label=CLASS_NAMES[name], colour=CLASS_COLOURS[name], marker=CLASS_STYLES[name][1]
        )
    panel.set_title(words)
    panel.set_xlim(0, 1)
    panel.set_xlabel("share of the series (90% interval)")
    percent_axis(panel.xaxis)
axes[0].set_yticks(range(len(CUT_OFFS)), [f"IgM < {c} mg/dL" for c in CUT_OFFS])
axes[0].invert_yaxis()
legend_below(figure, axes[0])
show(
    figure,
    alt="Make-up of a clinic series of adults with low IgM, normal IgG and IgA and no recorded cause, by cut-off. "
    + " ".join(
        f"{'Labelled' if selective else 'All'}, below {c} mg/dL: "
        + ", ".join(f"{CLASS_NAMES[name]} {with_interval(b[name])}" for name in CLASS_NAMES)
        + "."
        for selective in (False, True)
        for c, b in zip(CUT_OFFS, composition[selective], strict=True)
    ),
)

# %% [markdown]
# **Can the level alone tell?** Mean and SD of IgM below 40 mg/dL by class, beside the published 36 adults (G06).

# %%
favoured = {name: values * np.exp(delta) if name in FAVOURED else values for name, values in per_class.items()}
series = {
    **{CLASS_NAMES[name]: per_class[name] for name in CLASS_NAMES},
    "all who meet the definition": sum(per_class.values()),
    "those labelled": sum(favoured.values()),
}
rows, moments = [], {}
for name, values in series.items():
    weights = values / values.sum(axis=0)
    mean = levels @ weights
    moments[name] = band(mean), band(np.sqrt((levels**2) @ weights - mean**2))
    rows.append([name, *(f"{b['mean']:.1f} ({b['lower']:.1f} to {b['upper']:.1f})" for b in moments[name])])
published = evidence.item("G06-igm-mean").value, evidence.item("G06-igm-sd").value
rows.append(["published, G06", *(f"{v:.1f}" for v in published)])
table(rows, head=["class", "mean IgM, mg/dL (90%)", "SD, mg/dL (90%)"])

# %% [markdown]
# ## The published cascade
#
# One hospital laboratory (JA18) followed every IgM below 0.40 g/L: how many had normal IgG and IgA, of these how many no
# known cause, of these how many proved low again, of these how many met the full definition. Beside each step stands what
# the model predicts for a new study, and below it what the model says of the people who are left.

# %%
items = {row["item_id"]: row for row in fit}
z = NormalDist().inv_cdf(0.95)


def wilson(k, n):
    """Return a share with its 90% Wilson interval."""
    centre, reach = (k / n + z**2 / (2 * n)) / (1 + z**2 / n), z * np.sqrt(k * (n - k) / n**3 + z**2 / (4 * n**2))
    return k / n, centre - reach / (1 + z**2 / n), centre + reach / (1 + z**2 / n)


steps = {}
for label, id in {
    "IgG and IgA normal": "JA18-solitary",
    "no known cause": "JA18-primary",
    "low again": "JA18-persistent",
    "full definition": "JA18-esid",
}.items():
    item = evidence.item(id)
    steps[label] = (item, wilson(item.k, item.n), items.get(id))
table(
    [
        [
            label,
            f"{item.k:,} of {item.n:,}",
            f"{share(seen[0])} ({share(seen[1])} to {share(seen[2])})",
            (
                f"{float(row['predicted_median']):.0f}% ({float(row['predicted_lower']):.0f}% to {float(row['predicted_upper']):.0f}%)"
                if row
                else "not two-sided: work-up incomplete"
            ),
        ]
        for label, (item, seen, row) in steps.items()
    ],
    head=["step, of those before", "published", "share (90%)", "model, new study (90%)"],
)

# %%
below = [{"value": "<40", "unit": "mg/dL", "context": "well", "date": "2026-01"}]
hospital = {"age_years": 55, "setting": "hospital"}
normal = {"igg_status": "normal", "iga_status": "normal"}
again = [*below, {"value": "<40", "unit": "mg/dL", "context": "well", "date": "2026-07"}]
stages = {
    "IgM < 40 mg/dL": {"igm": below},
    "IgG and IgA normal": {"igm": below, **normal},
    "no known cause": {"igm": below, **normal, "causes": dict.fromkeys(causes, "absent")},
    "low again in six months": {"igm": again, **normal, "causes": dict.fromkeys(causes, "absent")},
}
left_over = {label: bands(model.weigh(Patient(**hospital, **who))) for label, who in stages.items()}
last = list(left_over)[-1]
figure, axes = panels(
    height=4.0,
    title=f"Even at the end of the cascade primary is {share(left_over[last]['primary']['mean'])}: most are low normal variants"
    if left_over[last]["normal"]["mean"] > 0.5
    else f"At the end of the cascade primary is {share(left_over[last]['primary']['mean'])}",
)
for offset, name in enumerate(CLASS_NAMES):
    values = np.array([[b[name][key] for b in left_over.values()] for key in ("mean", "lower", "upper")])
    at = np.arange(len(left_over)) + 0.16 * (offset - 1.5)
    points_with_interval(
        axes, at, values, label=CLASS_NAMES[name], colour=CLASS_COLOURS[name], marker=CLASS_STYLES[name][1]
    )
axes.set_yticks(range(len(left_over)), left_over)
axes.invert_yaxis()
axes.set_xlim(0, 1)
axes.set_xlabel("share of those left, hospital, 55 years (90% interval)")
percent_axis(axes.xaxis)
legend_below(figure, axes)
show(
    figure,
    alt="Make-up of the people left after each step of the cascade under the model, hospital, 55 years. "
    + " ".join(
        f"{label}: " + ", ".join(f"{CLASS_NAMES[name]} {with_interval(b[name])}" for name in CLASS_NAMES) + "."
        for label, b in left_over.items()
    ),
)

# %% [markdown]
# ## Answer

# %%
plain, labelled = composition[False][0], composition[True][0]
solitary = steps["IgG and IgA normal"]
mixture = moments["those labelled"]
answer(f"""
{len(evidence.fitted)} published numbers of {len(studies)} studies are used ({roles["fitted"]} two-sided, {roles["bound"]}
one-sided), {share(flags["seen"] / len(evidence.fitted))} read in the source itself; only {about_labelled} are about people labelled
primary. {len(fit) - len(misses)} of {len(fit)} two-sided numbers ({share(1 - len(misses) / len(fit))}) lie in their predictive
interval, which is a check of fit with wide study effects and not a validation. Under the model a clinic series of adults
below {CUT_OFFS[0]} mg/dL with normal IgG and IgA and no recorded cause is {with_interval(plain["normal"])} low normal variants and
{with_interval(plain["primary"])} primary; labelling raises primary to {with_interval(labelled["primary"])}, by a selection whose
size is prior judgement. Levels do not settle it: the model's labelled mixture has a mean of {mixture[0]["mean"]:.1f} mg/dL
(SD {mixture[1]["mean"]:.1f}), published are {published[0]:.1f} (SD {published[1]:.1f}), and a series of low normal variants alone
would have {moments[CLASS_NAMES["normal"]][0]["mean"]:.1f}. In the one published cascade
{share(solitary[1][0])} of low values had normal IgG and IgA where the model predicts {float(solitary[2]["predicted_median"]):.0f}%
({float(solitary[2]["predicted_lower"]):.0f}% to {float(solitary[2]["predicted_upper"]):.0f}%): a miss that is not explained. At its
end, with causes excluded and IgM low again, primary is {with_interval(left_over[last]["primary"])} of those left.
""")
