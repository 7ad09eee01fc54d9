# %% [markdown]
# # 4. The measurement: cut-off, assay, rounding, reference curve
#
# **Question.** How much does the answer hang on the number itself: on a cut-off, on the laboratory's calibration and
# rounding, and on what is taken as normal for age?

# %%
import numpy as np
from scipy import stats

from sigm_bayes import Patient, load_model
from sigm_bayes.plots.notebook import answer, basis, show, table, with_interval
from sigm_bayes.plots.panels import (
    CLASS_NAMES,
    SERIES,
    SERIES_LINES,
    class_line,
    legend,
    level_axis,
    line_with_band,
    panels,
    percent_axis,
)
from sigm_bayes.plots.prevalence_curve import share
from sigm_bayes.query.weighing import IGM
from sigm_bayes.query.what_if import bands, bands_of, over, what_if

model = load_model()
basis(model)


# %%
def woman(value, *, unit="mg/dL", context="well", **more):
    """Return a woman of 40 years with normal IgG and IgA, tested once when well in a clinic."""
    sample = {"value": value, "unit": unit, "context": context}
    if "resolution" in more:
        sample["resolution"] = more.pop("resolution")
    if "reference_interval" in more:
        sample["reference_interval"] = more.pop("reference_interval")
    fixed = {"age_years": 40, "sex": "female", "igg_status": "normal", "iga_status": "normal"}
    return Patient(**{**fixed, "setting": "allergy_immunology_clinic", "igm": [sample], **more})


def exact(value, **more):
    """Return her with a value that is not rounded to whole mg/dL."""
    return woman(round(float(value), 1), resolution=0.1, **more)


# %% [markdown]
# ## There is no cut-off in the model
#
# P(class) over the level, with the cut-offs that studies use. A rule with a cut-off calls 39 and 41 mg/dL different things;
# the model hardly distinguishes them.

# %%
grid = np.geomspace(3, 120, 36)
weighed = [model.weigh(exact(v)) for v in grid]
by_class = {name: over(weighed, name) for name in CLASS_NAMES}
limits = model.encoder.igm_limits(woman(25))
edge = {v: bands(model.weigh(woman(v)))["primary"]["mean"] for v in (39, 41)}
figure, axes = panels(
    height=4.5,
    title=f"Nothing happens at 40 mg/dL: primary is {share(edge[39])} at 39 and {share(edge[41])} at 41 mg/dL",
)
for name, values in by_class.items():
    class_line(axes, grid, values, name)
for cut_off in (20, 30, 40):
    axes.axvline(cut_off, color="black", linewidth=0.8, linestyle=(0, (4, 4)))
    axes.text(cut_off * 1.02, 1.02, f"{cut_off}", fontsize=8)
level_axis(axes.xaxis, (3, 5, 10, 15, 20, 30, 40, 60, 100))
percent_axis(axes.yaxis)
axes.set_ylim(0, 1.08)
axes.set_xlabel("IgM, mg/dL (log axis; 100 mg/dL = 1 g/L); dashed: cut-offs in use")
axes.set_ylabel("probability, 90% interval")
legend(axes, loc="center right")
show(
    figure,
    alt="Probability of the four explanations against IgM, woman of 40 years in a clinic. "
    + " ".join(
        f"At {grid[n]:.0f} mg/dL: "
        + ", ".join(f"{CLASS_NAMES[c]} {share(by_class[c][0, n])}" for c in CLASS_NAMES)
        + "."
        for n in (0, 12, 21, 26, 35)
    ),
)

# %% [markdown]
# "Below 40" is another piece of evidence than "39": it may be anything below.

# %%
rows = []
for cut_off in (40, 30, 20, 10):
    at, under = bands(model.weigh(woman(cut_off - 1))), bands(model.weigh(woman(f"<{cut_off}")))
    rows.append(
        [f"{cut_off}", with_interval(at["primary"]), with_interval(under["primary"]), with_interval(under["normal"])]
    )
table(
    rows,
    head=["cut-off, mg/dL", "P(primary), just below it", "P(primary), anywhere below", "P(normal), anywhere below"],
)

# %% [markdown]
# ## Calibration of the assay
#
# A laboratory that reads 10% too low prints 25 where the truth is 27.8. An error of calibration and an error of the
# reference median by the same factor are the same thing to the model. Laboratories differ by 10% and more.

# %%
offsets = np.linspace(-0.2, 0.2, 17)
by_offset = {v: over([model.weigh(exact(v / (1 + o))) for o in offsets], "primary") for v in (35, 25, 15)}
middle = len(offsets) // 2
tenth = int(np.argmin(np.abs(offsets - 0.1)))
figure, axes = panels(
    height=4.0,
    title=f"A laboratory that reads 10% too high turns {share(by_offset[25][0, tenth])} into "
    f"{share(by_offset[25][0, middle])} at 25 mg/dL",
)
for n, (value, values) in enumerate(by_offset.items()):
    line_with_band(axes, offsets, values, label=f"printed {value} mg/dL", colour=SERIES[n], style=SERIES_LINES[n])
axes.xaxis.set_major_formatter(lambda x, _: f"{100 * x:+.0f}%")
percent_axis(axes.yaxis)
axes.set_ylim(0, None)
axes.set_xlabel("error of the laboratory that is not known to the model (+: it reads too high)")
axes.set_ylabel("P(primary) if corrected, 90% interval")
legend(axes, loc="upper left")
show(
    figure,
    alt="P(primary) after correcting a calibration error. "
    + " ".join(
        f"Printed {v} mg/dL: {share(b[0, 0])} if it reads 20% too low, {share(b[0, middle])} without error, {share(b[0, -1])} "
        "if it reads 20% too high."
        for v, b in by_offset.items()
    ),
)

# %% [markdown]
# ## Rounding and limits
#
# What a laboratory prints is an interval of values. The model integrates over it; nothing is filled in.

# %%
printed = {
    "30 mg/dL": woman(30),
    "0.30 g/L": woman(0.30, unit="g/L", resolution=0.01),
    "0.3 g/L (rounded to 0.1)": woman(0.3, unit="g/L", resolution=0.1),
    "25 mg/dL": woman(25),
    "0.2 g/L (rounded to 0.1)": woman(0.2, unit="g/L", resolution=0.1),
    "20 mg/dL": woman(20),
    "<0.2 g/L": woman("<0.2", unit="g/L"),
    "10 mg/dL": woman(10),
}
reads = {label: bands(model.weigh(who)) for label, who in printed.items()}
table(
    [[label, *(with_interval(b[name]) for name in ("primary", "normal", "secondary"))] for label, b in reads.items()],
    head=["printed", "P(primary)", "P(low normal variant)", "P(secondary)"],
)

# %% [markdown]
# ## What is normal: spread and tail
#
# The healthy spread (ln-SD for age) has a factor that the evidence informs. A wider spread makes low values of healthy
# people commoner. The last line replaces the normal distribution of healthy levels by a Student-t with 10 degrees of freedom
# and the same 2.5th centile: heavier tails, and every class shifts its own level from there.

# %%
factor = np.quantile(model.parameters["log_spread_factor"], [0.05, 0.5, 0.95])
spreads = {
    f"spread factor {np.exp(f):.2f} ({q} of its posterior)": f
    for f, q in zip(factor, ("5%", "median", "95%"), strict=True)
}
DEGREES, NODES = 10, 60
precision = stats.gamma.ppf((np.arange(NODES) + 0.5) / NODES, DEGREES / 2, scale=2 / DEGREES)
same_limit = stats.norm.ppf(0.975) / stats.t.ppf(0.975, DEGREES)
heavier = np.log(same_limit) - 0.5 * np.log(precision)


def with_heavy_tail(who):
    """Return class bands with Student-t healthy levels: a scale mixture of normals, so the IgM term is a mean over scales."""
    plain = model.weigh(who, all_draws=True)
    shifts = [{"log_spread_factor": h} for h in heavier]
    terms = np.array([what_if(model, who, shift=shift, all_draws=True).igm_term for shift in shifts])
    top = terms.max(axis=0)
    igm = top + np.log(np.exp(terms - top).mean(axis=0))
    return bands_of(plain.log_joint(plain.everything - {IGM}) + igm)


VALUES = (35, 25, 10)
what = {"as released": {v: bands(model.weigh(woman(v), all_draws=True)) for v in VALUES}}
for label, f in spreads.items():
    fixed = {"log_spread_factor": f}
    what[label] = {v: bands(what_if(model, woman(v), instead=fixed, all_draws=True)) for v in VALUES}
what["Student-t(10) tail"] = {v: with_heavy_tail(woman(v)) for v in VALUES}
table(
    [
        [label, *(with_interval(b[v][name]) for name in ("primary", "normal") for v in VALUES)]
        for label, b in what.items()
    ],
    head=["healthy levels", *(f"{word}, {v} mg/dL" for word in ("P(primary)", "P(normal)") for v in VALUES)],
)

# %% [markdown]
# ## Age
#
# The same 30 mg/dL at every age, against the built-in curve and against an adult reference interval of 40 to 230 mg/dL that
# was printed (and entered) whatever the age. The steps are the model's age bands (rates of exposures and of deficiencies
# change there), not biology.

# %%
ages = np.geomspace(0.55, 90, 34)
LEVEL, ADULT = 30, [40, 230]
curve = [model.weigh(woman(LEVEL, age_years=float(a))) for a in ages]
wrong = [model.weigh(woman(LEVEL, age_years=float(a), reference_interval=ADULT)) for a in ages]
shown = {name: (over(curve, name), over(wrong, name)) for name in ("primary", "normal")}
figure, axes = panels(
    1,
    2,
    height=4.0,
    title=f"At one year {LEVEL} mg/dL means {share(np.interp(1, ages, shown['primary'][0][0]))} primary by the curve for age, "
    f"{share(np.interp(1, ages, shown['primary'][1][0]))} by an adult interval",
)
for panel, name in zip(axes, shown, strict=True):
    for n, (values, label) in enumerate(
        zip(shown[name], ("curve for age", "adult interval at every age"), strict=True)
    ):
        line_with_band(panel, ages, values, label=label, colour=SERIES[n], style=SERIES_LINES[n])
    level_axis(panel.xaxis, (0.6, 1, 2, 5, 10, 18, 40, 80))
    percent_axis(panel.yaxis)
    panel.set_ylim(0, None)
    panel.set_title(f"P({CLASS_NAMES[name]})")
    panel.set_xlabel("age, years (log axis)")
axes[0].set_ylabel(f"probability at IgM {LEVEL} mg/dL, 90% interval")
legend(axes[0], loc="upper left")
show(
    figure,
    alt=f"P(primary) and P(low normal variant) at IgM {LEVEL} mg/dL by age, by the curve for age and by an adult interval. "
    + " ".join(
        f"At {a} years: primary {share(np.interp(a, ages, shown['primary'][0][0]))} by the curve and "
        f"{share(np.interp(a, ages, shown['primary'][1][0]))} by the adult interval."
        for a in (1, 3, 10, 40, 80)
    ),
)

# %% [markdown]
# How much of the interval is the curve itself? The released draws carry its uncertainty; here it is fixed at its mean.

# %%
fixed_curve = {"curve_igm": model.parameters["curve_igm"].mean(axis=0)}
rows, narrower = [], []
for age in (1, 5, 40, 80):
    who = woman(25, age_years=age)
    free, fixed = bands(model.weigh(who))["primary"], bands(what_if(model, who, instead=fixed_curve))["primary"]
    narrower.append(1 - (fixed["upper"] - fixed["lower"]) / (free["upper"] - free["lower"]))
    rows.append([f"{age}", with_interval(free), with_interval(fixed)])
table(rows, head=["age, years", "P(primary) at 25 mg/dL", "the same, curve fixed"])

# %% [markdown]
# ## Side by side
#
# P(primary) at a printed 25 mg/dL as each choice moves, each alone (the vertical line is the released answer), and for scale a prevalence three times lower or higher.
# The circumstances of the sample belong here too: a transient dip is rare in somebody well and common in acute illness.

# %%
BASE = 25


def primary(weighing):
    """Return the mean P(primary) and P(normal)."""
    found = bands(weighing)
    return found["primary"]["mean"], found["normal"]["mean"]


corrected = {o: primary(model.weigh(exact(BASE / (1 + o)))) for o in (-0.1, 0.1)}
choices = {
    "prevalence three times lower / higher": [
        primary(what_if(model, woman(BASE), shift={"logit_primary": d * np.log(3)})) for d in (-1, 1)
    ],
    "laboratory reads 10% low / high": [corrected[-0.1], corrected[0.1]],
    "printed 0.3 / 0.2 g/L, rounded to 0.1": [
        primary(model.weigh(woman(v, unit="g/L", resolution=0.1))) for v in (0.3, 0.2)
    ],
    "healthy spread at 95% / 5% of its posterior": [
        primary(what_if(model, woman(BASE), instead={"log_spread_factor": f})) for f in (factor[2], factor[0])
    ],
    "Student-t(10) tail of healthy levels": [
        (with_heavy_tail(woman(BASE))[name]["mean"]) for name in ("primary", "normal")
    ],
    "laboratory's own interval, 40 to 230 mg/dL": primary(model.weigh(woman(BASE, reference_interval=ADULT))),
    "sample in acute infection, not when well": primary(model.weigh(woman(BASE, context="acute_infection"))),
    "circumstances of the sample not stated": primary(model.weigh(woman(BASE, context="unknown"))),
}
choices = {label: np.atleast_2d(np.array(ends)) for label, ends in choices.items()}  # (end, class)
now = primary(model.weigh(woman(BASE)))
reach = {label: np.abs(np.log(ends[:, 0] / now[0])).max() for label, ends in choices.items()}
order = sorted(choices, key=lambda label: -reach[label])
figure, panel = panels(
    1,
    2,
    height=4.2,
    sharey=True,
    title=f"At {BASE} mg/dL no choice about the measurement moves P(primary) as far as a factor of three in prevalence"
    if order[0].startswith("prevalence")
    else f"At {BASE} mg/dL what moves P(primary) most is: {order[0]}",
)
for axes, column, word, colour in zip(
    panel, (0, 1), ("primary", "low normal variant"), ("#c84e00", "#6b6b6b"), strict=True
):
    for n, label in enumerate(order):
        ends = choices[label][:, column]
        axes.plot(
            [min(*ends, now[column]), max(*ends, now[column])],
            [n, n],
            color=colour,
            linewidth=5,
            alpha=0.45,
            solid_capstyle="butt",
        )
        axes.plot(ends, [n] * len(ends), "o", color=colour, markersize=5)
    axes.axvline(now[column], color="black", linewidth=0.9)
    axes.set_xlabel(f"P({word})")
    axes.set_xlim(0, None)
    percent_axis(axes.xaxis)
panel[0].set_yticks(range(len(order)), order)
panel[0].invert_yaxis()
show(
    figure,
    alt=f"P(primary) and P(low normal variant) at {BASE} mg/dL under each choice; as released {share(now[0])} and "
    f"{share(now[1])}. "
    + " ".join(
        f"{label}: primary {' and '.join(share(v) for v in choices[label][:, 0])}, normal "
        f"{' and '.join(share(v) for v in choices[label][:, 1])}."
        for label in order
    ),
)

# %% [markdown]
# ## Answer

# %%
released, heavy = what["as released"], what["Student-t(10) tail"]
wide = what[list(spreads)[-1]]
about = [label for label in order if not label.startswith("prevalence")]
scale = choices["prevalence three times lower / higher"][:, 0]
first, ill = choices[about[0]], choices["sample in acute infection, not when well"][0]
coarse = choices["printed 0.3 / 0.2 g/L, rounded to 0.1"][:, 0]
lowest, at_one = VALUES[-1], 1
answer(f"""
There is no cut-off in the model: P(primary) is {share(edge[39])} just below and {share(edge[41])} just above the usual one, and
rises smoothly to {with_interval(released[lowest]["primary"])} at {lowest} mg/dL. At {BASE} mg/dL it is {share(now[0])}; the choice
about the measurement that moves it most is: {about[0]} ({" or ".join(share(v) for v in first[:, 0])}), against {share(scale[0])} or
{share(scale[1])} when the prevalence changes by a factor of three. A laboratory that reads a tenth too high changes it to
{share(corrected[0.1][0])} once corrected; printed to a tenth of g/L it reads {share(coarse[0])} or
{share(coarse[1])}, as it is rounded up or down. The same value in acute
infection instead of when well makes a low normal variant {share(ill[1])} instead of {share(now[1])} likely, so the circumstances
of the sample deserve to be entered. In the far tail the answer rests on an assumed shape: P(normal) at {lowest} mg/dL is
{share(released[lowest]["normal"]["mean"])} as released, {share(wide[lowest]["normal"]["mean"])} with a healthy spread at the upper
end of what the evidence allows, and {share(heavy[lowest]["normal"]["mean"])} with heavier tails. An adult interval entered for an
infant changes P(primary) at {LEVEL} mg/dL and {at_one} year from {share(np.interp(at_one, ages, shown["primary"][0][0]))} to
{share(np.interp(at_one, ages, shown["primary"][1][0]))}; the curve's own uncertainty makes up at most {share(max(*narrower, 0))} of the
width of the interval.
""")
