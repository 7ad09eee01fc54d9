# %% [markdown]
# # 7. Missing data
#
# **Question.** Most of what could be known of a patient is not recorded. What does the model make of "unknown", and what
# happens when records are missing for a reason?
#
# Unknown is summed out: the answer is the average over what it might be. That is right when missingness says nothing about the
# finding. It is not right when a box is ticked only if the finding is there.

# %%
import numpy as np

from sigm_bayes import Patient, load_model
from sigm_bayes.evaluation.calibration import fit_logistic, logit, ratio
from sigm_bayes.evaluation.resampling import Bootstrap, summarise
from sigm_bayes.evaluation.scores import log_scores
from sigm_bayes.likelihood.hypotheses import CLASSES, class_of_hypothesis
from sigm_bayes.plots.notebook import answer, basis, show, table, with_interval
from sigm_bayes.plots.panels import (
    SERIES,
    SERIES_LINES,
    SERIES_MARKERS,
    legend,
    legend_below,
    line_with_band,
    panels,
    percent_axis,
    points_with_interval,
)
from sigm_bayes.plots.prevalence_curve import share
from sigm_bayes.query.draws import split
from sigm_bayes.query.summary import band
from sigm_bayes.query.what_if import bands, class_draws
from sigm_bayes.simulate.dependence import ABSENT, PRESENT, UNKNOWN, finding_shares, log_findings, simulate_findings

SEED = 20261122
model = load_model()
basis(model)

# %%
woman = {
    "age_years": 40,
    "sex": "female",
    "setting": "allergy_immunology_clinic",
    "igg_status": "normal",
    "iga_status": "normal",
}
LEVEL = 25
infections = [f for f in model.catalogue.findings if f.infection]
at_infection = [n for n, f in enumerate(model.catalogue.findings) if f.infection]


def weigh(level=LEVEL, **more):
    """Weigh a woman of 40 years in a clinic by her IgM, mg/dL, sampled when well."""
    sample = {"value": level, "unit": "mg/dL", "resolution": 1, "context": "well"}
    return model.weigh(Patient(**woman, igm=[sample], **more), all_draws=True)


# %% [markdown]
# ## One finding: present, absent, unknown
#
# Each infection alone, everything else unknown. The black line is unknown. The answer with an unknown finding is exactly the
# average of the other two, weighted with how likely each is: in every draw of the parameters, and over all of them.

# %%
unknown = weigh()
nothing = class_draws(unknown)["primary"]
shares = finding_shares(unknown)
marginal = shares.marginal
members = np.array(class_of_hypothesis(len(model.catalogue.causes)))
to_class = np.eye(len(CLASSES))[members]
p_class = unknown.probabilities() @ to_class  # (draw, class4)
one, worst = {}, 0.0
for n, finding in zip(at_infection, infections, strict=True):
    asked = {s: weigh(findings={finding.id: s}) for s in ("absent", "present")}
    states = {s: class_draws(known)["primary"] for s, known in asked.items()}
    p_present = (p_class * marginal[:, :, n]).sum(axis=1)
    averaged = p_present * states["present"] + (1 - p_present) * states["absent"]
    likely = float(unknown.draw_weights @ p_present)
    told = likely * asked["present"].primary() + (1 - likely) * asked["absent"].primary()
    worst = max(worst, float(np.abs(averaged - nothing).max()), abs(told - unknown.primary()))
    one[finding.label] = {s: band(values, asked[s].draw_weights) for s, values in states.items()} | {"likely": likely}
SAME = 1e-9
assert worst < SAME, "unknown must be the average"
order = sorted(one, key=lambda label: -one[label]["present"]["mean"])
before = band(nothing, unknown.draw_weights)
figure, axes = panels(
    height=4.8,
    title=f"One infection present raises P(primary) from {share(before['mean'])} to at most "
    f"{share(max(one[label]['present']['mean'] for label in order))}; absent lowers it little",
)
for n, label in enumerate(order):
    ends = [one[label][state]["mean"] for state in ("absent", "present")]
    axes.plot(ends, [n, n], color=SERIES[2], linewidth=1.2, zorder=1)
for state, colour, marker, shift in (("present", SERIES[1], "D", -0.12), ("absent", SERIES[0], "s", 0.12)):
    values = np.array([[one[label][state][k] for label in order] for k in ("mean", "lower", "upper")])
    points_with_interval(axes, np.arange(len(order)) + shift, values, label=state, colour=colour, marker=marker)
axes.axvline(before["mean"], color="black", linewidth=0.9, label="unknown")
axes.set_yticks(range(len(order)), [f"{label} ({share(one[label]['likely'])} expected)" for label in order])
axes.invert_yaxis()
axes.set_xlim(0, None)
axes.set_xlabel(f"P(primary) at IgM {LEVEL} mg/dL, clinic (90% interval)")
percent_axis(axes.xaxis)
legend(axes, loc="lower right")
show(
    figure,
    alt=f"P(primary) with each infection present or absent; unknown {with_interval(before)}. "
    + " ".join(
        f"{label}: absent {share(one[label]['absent']['mean'])}, present {share(one[label]['present']['mean'])}."
        for label in order
    ),
)

# %% [markdown]
# ## Reading "unknown" as "absent"

# %%
cases = {
    "nothing asked": {},
    "every infection absent": {"findings": dict.fromkeys((f.id for f in infections), "absent")},
    "sinusitis present, others not asked": {"findings": {"sinusitis": "present"}},
    "sinusitis present, others absent": {
        "findings": {**dict.fromkeys((f.id for f in infections), "absent"), "sinusitis": "present"}
    },
    "no cause asked": {},
    "every cause absent": {"causes": {c.id: "absent" for c in model.catalogue.causes if c.recordable}},
}
case_bands = {label: bands(weigh(**more)) for label, more in cases.items()}
table(
    [
        [label, *(with_interval(b[name]) for name in ("primary", "normal", "secondary"))]
        for label, b in case_bands.items()
    ],
    head=[f"record at IgM {LEVEL} mg/dL", "P(primary)", "P(low normal variant)", "P(secondary)"],
)

# %% [markdown]
# ## A cohort whose records are missing for a reason
#
# Simulated women of 40 years, IgM below 40 mg/dL, parameters redrawn for every block. Their infections are recorded in five
# ways; the true parameters predict, with unknown summed out, with unknown read as absent, and with the way of recording
# known. (This is a consequence of the model, not of patients.)

# %%
BLOCKS, PEOPLE, CUT_OFF = 30, 400, 40
rng = np.random.default_rng(SEED)
levels = np.arange(1, CUT_OFF)


def class_mass(weighing):
    """Return log P(class, IgM, IgG, IgA) per draw; (draw, class4)."""
    joint = weighing.log_joint(weighing.everything)
    top = joint.max(axis=1, keepdims=True)
    return top + np.log(np.exp(joint - top) @ to_class)


def posterior(log_mass, log_p):
    """Return P(class) from log masses that add; (..., class4)."""
    total = log_mass + log_p
    p = np.exp(total - total.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


# How likely a finding is recorded where it is present and where it is absent; "suspected" asks more in some classes.
WAYS = {
    "half, at random": (0.5, 0.5),
    "more if present": (0.8, 0.3),
    "only if present": (0.8, 0.0),
    "rarely, only if present": (0.3, 0.0),
}
SUSPECTED, OTHERS = 0.8, 0.3
BY_CLASS = "more in deficiency"
METHODS = ("complete record", "unknown summed out", "unknown read as absent", "way of recording known")
mass = np.array([class_mass(weigh(int(level))) for level in levels])  # (level, draw, class4)
width = shares.loading.shape[1]
predicted = {(way, method): [] for way in (*WAYS, BY_CLASS) for method in METHODS}
true_class = []
for d in rng.choice(mass.shape[1], BLOCKS, replace=False):
    truth = shares.draw(d)
    cells = np.exp(mass[:, d] - mass[:, d].max())
    level, c = np.unravel_index(rng.choice(cells.size, PEOPLE, p=cells.ravel() / cells.sum()), cells.shape)
    true_class.append(c)
    full = np.full((PEOPLE, width), UNKNOWN)
    full[:, at_infection] = simulate_findings(truth, c, rng)[:, at_infection]
    complete = posterior(mass[level, d], log_findings(truth, full))
    asked = np.isin(c, [CLASSES.index("primary"), CLASSES.index("other_immunodeficiency")])
    luck = rng.random(full.shape)
    for way in (*WAYS, BY_CLASS):
        if way == BY_CLASS:
            keep = luck < np.where(asked, SUSPECTED, OTHERS)[:, None]
        else:
            yes, no = WAYS[way]
            keep = luck < np.where(full == PRESENT, yes, no)
        known = np.where(keep, full, UNKNOWN)
        as_absent = known.copy()
        as_absent[:, at_infection] = np.where(known[:, at_infection] == UNKNOWN, ABSENT, known[:, at_infection])
        if way == BY_CLASS:
            chance = np.where(np.isin(np.arange(len(CLASSES)), [0, 1]), SUSPECTED, OTHERS)
            number = keep[:, at_infection].sum(axis=1)[:, None]
            extra = number * np.log(chance) + (len(at_infection) - number) * np.log(1 - chance)
            aware = log_findings(truth, known) + extra
        else:
            everything_else = np.delete(np.arange(width), at_infection)
            only = type(truth)(
                np.delete(truth.logits, everything_else, axis=1), np.delete(truth.loading, everything_else)
            )
            aware = log_findings(only, known[:, at_infection], recorded=WAYS[way])
        for method, p in zip(
            METHODS,
            (
                complete,
                posterior(mass[level, d], log_findings(truth, known)),
                posterior(mass[level, d], log_findings(truth, as_absent)),
                posterior(mass[level, d], aware),
            ),
            strict=True,
        ):
            predicted[way, method].append(p)
true_class = np.concatenate(true_class)
predicted = {key: np.concatenate(parts) for key, parts in predicted.items()}
primary_class = CLASSES.index("primary")
bootstrap = Bootstrap(person=np.arange(len(true_class)), draws=60, seed=SEED)
is_primary = (true_class == primary_class).astype(float)


def calibration(p):
    """Return observed over expected, and the calibration slope, of P(primary)."""
    line = np.column_stack([np.ones(len(p)), logit(p)])
    value, drawn = bootstrap.apply(
        lambda w: np.column_stack([ratio(p, is_primary, w), fit_logistic(line, is_primary, w)[:, 1]])
    )
    return {name: summarise(float(value[n]), drawn[:, n]) for n, name in enumerate(("ratio", "slope"))}


quality = {key: calibration(p[:, primary_class]) for key, p in predicted.items() if key[1] in METHODS[1:]}
score = {key: float(log_scores(p, true_class).mean()) for key, p in predicted.items()}

# %%
ways = (*WAYS, BY_CLASS)
WORDS = {
    **{way: f"{way}\n({yes:.0%} / {no:.0%})" for way, (yes, no) in WAYS.items()},
    BY_CLASS: f"{BY_CLASS}\n({SUSPECTED:.0%}, others {OTHERS:.0%})",
}
figure, axes = panels(
    1,
    2,
    height=4.6,
    sharey=True,
    title="Summing out is right when recording is random and wrong when it is not; reading unknown as absent is wrong in another way",
)
for panel, name, word, right in zip(
    axes,
    ("ratio", "slope"),
    ("observed / expected", "calibration slope"),
    (1.0, 1.0),
    strict=True,
):
    for n, method in enumerate(METHODS[1:]):
        found = [quality[way, method][name] for way in ways]
        values = np.array([[getattr(f, k) for f in found] for k in ("value", "lower", "upper")])
        at = np.arange(len(ways)) + 0.2 * (n - 1)
        points_with_interval(panel, at, values, label=method, colour=SERIES[n], marker=SERIES_MARKERS[n])
    panel.axvline(right, color="black", linewidth=0.9)
    panel.set_xlabel(f"P(primary): {word} (90%)")
axes[0].set_yticks(range(len(ways)), [WORDS[way] for way in ways])
axes[0].invert_yaxis()
legend_below(figure, axes[0], columns=3)
show(
    figure,
    alt="Observed over expected and calibration slope of P(primary) by way of recording (share recorded if present / if "
    "absent) and method. "
    + " ".join(
        f"{way}, {method}: observed over expected {quality[way, method]['ratio'].value:.2f}, slope {quality[way, method]['slope'].value:.2f}."
        for way in ways
        for method in METHODS[1:]
    ),
)

# %%
table(
    [[way, *(f"{score[way, method] - score[way, METHODS[0]]:+.3f}" for method in METHODS[1:])] for way in ways],
    head=["way of recording", *(f"log score lost, {method}" for method in METHODS[1:])],
)

# %% [markdown]
# ## Between unknown and absent
#
# A tick-box list: a finding that is present is ticked with some probability, an absent one never. IgM 25 mg/dL and no box
# ticked. At 0% the empty list says nothing (unknown); at 100% it says that all are absent.

# %%
ticked = np.linspace(0, 1, 11)
every = slice(None, None, 4)
base = class_mass(unknown)[every]
empty = np.full((1, len(at_infection)), UNKNOWN)
only_infections = type(shares)(shares.logits[every][:, :, at_infection], shares.loading[every][:, at_infection])
lists = []
for r in ticked:
    log_p = np.array(
        [log_findings(only_infections.draw(d), empty, recorded=(float(r), 0.0))[0] for d in range(len(base))]
    )
    p, w = split(base + log_p)
    lists.append(band(p[:, primary_class], w))
lists = np.array([[b[k] for b in lists] for k in ("mean", "lower", "upper")])
figure, axes = panels(
    height=3.6,
    title=f"An empty list of boxes lies between unknown ({share(lists[0, 0])}) and absent ({share(lists[0, -1])})",
)
line_with_band(axes, ticked, lists, label="no box ticked", colour=SERIES[0], style=SERIES_LINES[0])
axes.set_ylim(0, None)
percent_axis(axes.xaxis)
percent_axis(axes.yaxis)
axes.set_xlabel("probability that a box is ticked if the infection is there")
axes.set_ylabel("P(primary), 90% interval")
show(
    figure,
    alt="P(primary) of a woman with IgM 25 mg/dL and an empty list of infections, by the probability that a present one is "
    "ticked: " + "; ".join(f"{r:.0%} {share(v)}" for r, v in zip(ticked, lists[0], strict=True)) + ".",
)

# %% [markdown]
# ## Answer

# %%
random_way, only_if, summed, absent_read, aware_method = ways[0], ways[2], METHODS[1], METHODS[2], METHODS[3]
asked_none, asked_all = case_bands["nothing asked"]["primary"], case_bands["every infection absent"]["primary"]


def oe(way, method):
    """Write observed over expected with its interval."""
    found = quality[way, method]["ratio"]
    return f"{found.value:.2f} ({found.lower:.2f} to {found.upper:.2f})"


cause_free = case_bands["every cause absent"]
answer(f"""
Unknown is the average over what it may be, exactly so in every draw and over all (to within {SAME:g}). At {LEVEL} mg/dL P(primary) is
{with_interval(asked_none)} when no infection was asked about and {with_interval(asked_all)} when every one is known to be absent;
excluding every recordable cause takes P(secondary) from {share(case_bands["no cause asked"]["secondary"]["mean"])} to
{share(cause_free["secondary"]["mean"])}, and what stays is the unrecorded cause, a prior. In simulated cohorts summing out is
calibrated where recording is random (observed over expected {oe(random_way, summed)}), while reading unknown as absent gives
{oe(random_way, absent_read)}. It is not where a finding is noted only if present: there summing out gives {oe(only_if, summed)}, too
many infections being seen for the few that were looked for, and reading as absent {oe(only_if, absent_read)}; with the way of
recording known it is {oe(only_if, aware_method)}. Where people with a deficiency are asked more, the asking itself is evidence that
summing out ignores (the log score could be {score[BY_CLASS, aware_method] - score[BY_CLASS, summed]:.2f} higher a person). So: enter "absent" only where it was asked, say in a registry's mapping which columns
were asked, and treat a list that is only ever ticked as neither.
""")
