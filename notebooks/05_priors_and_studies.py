# %% [markdown]
# # 5. Priors and studies
#
# **Question.** Which priors drive P(primary), and which published study would change it if it had not been there?
#
# Two tools. *Power-scaling* raises one prior (or the whole likelihood) to a power near 1 by importance weights and asks how far
# the distribution of P(primary) over the draws moves (Kallioinen et al. 2024, doi:10.1007/s11222-023-10366-5).
# *Leave-one-study-out* removes a whole overlap group of studies by Pareto-smoothed importance sampling (Vehtari et al. 2024,
# http://jmlr.org/papers/v25/19-556.html). Ten made-up reference patients are asked about.

# %%
from dataclasses import replace
from statistics import NormalDist

import numpy as np
from arviz_stats.base import array_stats

from sigm_bayes import load_model
from sigm_bayes.checks.density import STUDY_EFFECT
from sigm_bayes.checks.leave_study_out import UNRELIABLE, resample
from sigm_bayes.checks.patients import by_draw, reference_patients
from sigm_bayes.checks.power_scaling import (
    SENSITIVE,
    depends,
    entry_names,
    in_words,
    noise_floor,
    released_z,
    sensitivity,
)
from sigm_bayes.checks.subject import Subject
from sigm_bayes.model.graph import CURVES
from sigm_bayes.paths import models_dir
from sigm_bayes.plots.notebook import answer, basis, show, table, with_interval
from sigm_bayes.plots.panels import SERIES, SERIES_MARKERS, legend_below, panels, percent_axis, points_with_interval
from sigm_bayes.plots.prevalence_curve import share
from sigm_bayes.query.summary import band
from sigm_bayes.query.what_if import changed_parameters
from sigm_bayes.release.contraction import NOT_IDENTIFIED_BELOW, contractions
from sigm_bayes.release.evidence_fit import evidence_fit

SEED = 20261122
model = load_model()
subject = Subject(models_dir() / "sigm", seed=SEED)
patients = reference_patients(model.catalogue)
drawn = by_draw(model.parameters, patients, model.encoder)
primary, weights = drawn.primary, drawn.weights  # (draw, patient)
basis(model)

# %%
table(
    [[p.id, p.reason, with_interval(band(primary[:, n], weights[:, n]))] for n, p in enumerate(patients)],
    head=["patient", "why this one", "P(primary)"],
    left=2,
)

# %% [markdown]
# ## Which priors, by power-scaling
#
# Sensitivity of P(primary) per doubling of the precision of a prior. From 0.05 on an answer is called sensitive. With 2,000
# draws the measure is noisy, the more the more entries a prior has: shown is what exceeds the largest value found in random
# pairings of prior and answer. A prior that a patient's likelihood does not use at all (tests of somebody not tested) is left out.

# %%
WORDS = in_words()
z_released, names = released_z(subject), entry_names(subject)
found = {name: sensitivity(-0.5 * (values**2).sum(axis=1), primary, weights) for name, values in z_released.items()}
enters = depends(model.parameters, patients, model.encoder, list(z_released))
priors = {q.name: q for q in subject.inputs.priors.parameters if q.name in z_released}
curves = {name: subject.inputs.curves[analyte] for name, analyte in CURVES.items()}


def moved_entry(name, entries, amount):
    """Return the change of a parameter when entries of it move by so many prior SDs each."""
    if name in curves:
        return np.linalg.cholesky(curves[name].cov)[:, entries].sum(axis=1) * amount
    prior = priors[name]
    change = np.zeros(prior.mean.size)
    at = np.flatnonzero(prior.free)[entries]
    change[at] = amount * prior.sd.ravel()[at]
    return change.reshape(prior.mean.shape)


# From a hazard of e^3.4 = 30 on, an exposure lowers IgM in everybody: more changes nothing.
CERTAIN = 3.4


def answers(name, entries, amount):
    """Return mean P(primary) of every patient with entries of a parameter moved in every draw."""
    parameters = changed_parameters(model, shift={name: moved_entry(name, entries, amount)})
    parameters["log_hazard"] = np.minimum(parameters["log_hazard"], CERTAIN)
    return by_draw(parameters, patients, model.encoder).answer


now = drawn.answer
shuffler = np.random.default_rng(SEED)
floor = {
    name: noise_floor(-0.5 * (values**2).sum(axis=1), primary, weights, shuffler) if enters[name].any() else np.inf
    for name, values in z_released.items()
}
told = {name: enters[name] & (found[name] > floor[name]) for name in found}
above = {name: np.where(told[name], found[name] - floor[name], 0.0) for name in found}
ranked = sorted(found, key=lambda name: -above[name].mean())
SHOWN = 6
matrix = np.array([found[name] for name in ranked[:SHOWN]])
seen = np.array([told[name] for name in ranked[:SHOWN]])
figure, axes = panels(
    height=4.0, width=8.2, title=f"What drives P(primary) most by power-scaling: {WORDS.get(ranked[0], ranked[0])}"
)
axes.grid(visible=False)
axes.imshow(np.where(seen, matrix, 0), cmap="Blues", vmin=0, vmax=matrix.max(), aspect="auto")
for row, column in np.ndindex(matrix.shape):
    value = matrix[row, column]
    words = f"{value:.2f}" if seen[row, column] else "n" if enters[ranked[row]][column] else "–"
    shade = "white" if seen[row, column] and value > 0.6 * matrix.max() else "black"
    axes.text(column, row, words, ha="center", va="center", fontsize=8, color=shade)
axes.set_xticks(range(len(patients)), [p.id.replace("-", " ") for p in patients], rotation=35, ha="right")
axes.set_yticks(range(SHOWN), ranked[:SHOWN])
axes.set_xlabel(
    "sensitivity of P(primary) per doubling of the prior's precision; n: within noise; –: prior does not enter"
)
show(
    figure,
    alt=f"Power-scaling sensitivity of P(primary) for the {SHOWN} most influential priors and ten patients. "
    + " ".join(
        f"{name}: above noise in {int(told[name].sum())} patients"
        + (f", largest {found[name][told[name]].max():.2f}." if told[name].any() else ".")
        for name in ranked[:SHOWN]
    ),
)

# %% [markdown]
# ## The same without noise: move a prior and ask again
#
# The prior mean of one entry moves by one prior SD; the draws move with it by the part that the evidence does not hold (posterior
# over prior variance). Candidates are the entries that covary most with P(primary) over the draws; each is then recomputed.

# %%
CANDIDATES, LISTED = 5, 5
centred = primary - now
labels = [(name, k) for name, values in z_released.items() for k in range(values.shape[1])]
stacked = np.concatenate(list(z_released.values()), axis=1)
covariance = (weights * centred).T @ stacked  # (patient, entry)
free_share = stacked.var(axis=0)  # posterior over prior variance
wanted = sorted({int(e) for row in covariance for e in np.argsort(-np.abs(row))[:CANDIDATES]})
direct = {}
for e in wanted:
    name, k = labels[e]
    direct[e] = [answers(name, np.array([k]), side * free_share[e]) - now for side in (-1, 1)]


def entry_label(e):
    """Name an entry, shortly."""
    name, k = labels[e]
    words = names[name][k].replace("allergy_immunology_clinic", "clinic").replace("other_immunodeficiency", "other")
    return f"{name}[{words}]" if words else name


PICKED = ("sinopulmonary-20", "igm-below-3", "infant")
columns = [next(n for n, p in enumerate(patients) if p.id == id) for id in PICKED]
strongest = {c: sorted(wanted, key=lambda e: -max(abs(d[c]) for d in direct[e]))[:LISTED] for c in columns}
top_entry = strongest[columns[0]][0]
figure, axes = panels(
    3,
    1,
    height=6.6,
    sharex=True,
    title=f"One prior SD of {entry_label(top_entry)}, either way, moves P(primary) of {PICKED[0]} from "
    f"{share(now[columns[0]] + direct[top_entry][0][columns[0]])} to {share(now[columns[0]] + direct[top_entry][1][columns[0]])}",
)
for panel, c in zip(axes, columns, strict=True):
    for n, e in enumerate(strongest[c]):
        low, high = (now[c] + d[c] for d in direct[e])
        panel.plot([low, high], [n, n], color=SERIES[0], linewidth=5, alpha=0.4, solid_capstyle="butt")
        panel.plot(low, n, "v", color=SERIES[0], markersize=6, label="prior one SD lower" if n == 0 else None)
        panel.plot(high, n, "^", color=SERIES[1], markersize=6, label="one SD higher" if n == 0 else None)
    panel.axvline(now[c], color="black", linewidth=0.9)
    panel.set_yticks(range(LISTED), [entry_label(e) for e in strongest[c]])
    panel.invert_yaxis()
    panel.set_title(f"{patients[c].id.replace('-', ' ')}: {share(now[c])} as released", loc="left")
    percent_axis(panel.xaxis)
axes[-1].set_xlabel("mean P(primary)")
legend_below(figure, axes[0], columns=2)
show(
    figure,
    alt="Mean P(primary) when the prior mean of one entry is one SD lower or higher. "
    + " ".join(
        f"{patients[c].id}, as released {share(now[c])}: "
        + "; ".join(
            f"{entry_label(e)} {share(now[c] + direct[e][0][c])} or {share(now[c] + direct[e][1][c])}"
            for e in strongest[c]
        )
        + "."
        for c in columns
    ),
)

# %%
released = tuple(q for q in model.priors.parameters if not q.evidence_only)
taught = contractions(replace(model.priors, parameters=released), model.encoder.curves, model.parameters)
by_reach = sorted(wanted, key=lambda e: -np.mean([np.abs(d) for d in direct[e]]))
rows = []
for e in by_reach[:8]:
    n = int(np.max(np.abs(direct[e]), axis=0).argmax())
    rows.append(
        [
            entry_label(e),
            WORDS.get(labels[e][0], ""),
            patients[n].id,
            f"{share(now[n])}: {share(now[n] + direct[e][0][n])} or {share(now[n] + direct[e][1][n])}",
            f"{1 - np.sqrt(free_share[e]):+.2f}",
        ]
    )
table(
    rows,
    head=[
        "prior, entry",
        "in words (of the whole parameter)",
        "patient moved most",
        "P(primary): one SD lower or higher",
        "contraction",
    ],
    left=3,
)

# %% [markdown]
# ## Which studies?
#
# The likelihood of each overlap group is computed for the released draws, its study effects integrated out. The draws do not
# hold the selection and severity of labelled series: these are drawn from their priors, several times a draw, and averaged.

# %%
density = subject.density
rng = np.random.default_rng(SEED)
DRAWS, TIMES = 500, 4
picked = np.linspace(0, len(primary) - 1, DRAWS).astype(int)
here, groups = primary[picked], list(density.groups)
own = weights[picked] / weights[picked].sum(axis=0)
parts = []
for time in range(TIMES):
    z = rng.standard_normal((DRAWS, density.n_dim))
    for name, values in z_released.items():
        z[:, density.places[name]] = values[picked]
    expected = density.pointwise(z)[0]
    parts.append(density.by_study(expected))
    if time == 0:
        new_selection = expected  # of items, the selection by labelling redrawn
parts = np.array(parts)  # (time, draw, overlap group)
top = parts.max(axis=0)
by_group = top + np.log(np.exp(parts - top).mean(axis=0))
not_released = [name for name in density.places if name not in z_released and name != STUDY_EFFECT]
whole = by_group.sum(axis=1)
likelihood = sensitivity(whole, here, own)
evidence_driven = int((likelihood > np.maximum(noise_floor(whole, here, own, rng), SENSITIVE)).sum())
table(
    [[name.replace("_", " "), f"{density.places[name].stop - density.places[name].start}"] for name in not_released],
    head=["drawn from its prior", "entries"],
)

# %%
without, k_hat, kept, error = {}, {}, {}, {}
for g, group in enumerate(groups):
    log_w, k = array_stats.psislw(by_group[:, g])  # takes the log-likelihood of what is left out
    w = np.exp(log_w - np.max(log_w))
    w /= w.sum()
    both = w[:, None] * own  # by the person too
    both /= both.sum(axis=0)
    without[group], k_hat[group] = (both * here).sum(axis=0), float(k)
    kept[group] = resample(w, rng)
    error[group] = np.sqrt((((both - own) * (here - without[group])) ** 2).sum(axis=0))  # of the draws
reliable = [g for g in groups if k_hat[g] <= UNRELIABLE]
effect = {g: without[g] - (own * here).sum(axis=0) for g in groups}
reached = [band(here[:, n], own[:, n]) for n in range(len(patients))]
width = np.array([b["upper"] - b["lower"] for b in reached])
moved = sorted(groups, key=lambda g: -np.abs(effect[g] / width).max())
TOP = 10
of_interest = ("sinopulmonary-20", "clinic-nothing-known", "healthy-low-tail")
columns = [next(n for n, p in enumerate(patients) if p.id == id) for id in of_interest]
Z90 = NormalDist().inv_cdf(0.95)
FAMILY = NormalDist().inv_cdf(1 - 0.05 / (2 * len(groups) * len(patients)))  # one false alarm in twenty such tables
beyond = sum(bool((np.abs(effect[g]) > FAMILY * error[g]).any()) for g in reliable)
reach = max(np.abs(effect[g] / width).max() for g in reliable)
figure, axes = panels(
    height=4.6,
    title=f"No study with reliable weights moves P(primary) by more than {share(reach)} of the width of its interval",
)
for n, column in enumerate(columns):
    at = np.arange(TOP) + 0.2 * (n - 1)
    values = np.array([effect[g][column] for g in moved[:TOP]]) / width[column]
    noise = Z90 * np.array([error[g][column] for g in moved[:TOP]]) / width[column]
    label = patients[column].id.replace("-", " ")
    points_with_interval(
        axes, at, [values, values - noise, values + noise], label=label, colour=SERIES[n], marker=SERIES_MARKERS[n]
    )
axes.axvline(0, color="black", linewidth=0.9)
mark = {g: "" if k_hat[g] <= UNRELIABLE else " *" for g in groups}
axes.set_yticks(range(TOP), [f"{g} ({len(density.groups[g])}){mark[g]}" for g in moved[:TOP]])
axes.invert_yaxis()
percent_axis(axes.xaxis)
axes.set_xlabel("change of mean P(primary) without it, in widths of its interval (bars: 90%, noise of the draws)")
axes.set_ylabel("overlap group (numbers in it)")
legend_below(figure, axes, columns=3)
show(
    figure,
    alt="Change of mean P(primary) when a study is left out, in widths of its 90% interval; * marks unreliable weights. "
    + " ".join(
        f"{g}{mark[g]}: " + ", ".join(f"{patients[c].id} {effect[g][c] / width[c]:+.0%}" for c in columns) + "."
        for g in moved[:TOP]
    ),
)

# %% [markdown]
# **Are the studies predicted by the others?** Each study's numbers beside the 90% interval that the other studies give, study
# effect and selection by labelling redrawn. Groups with unreliable weights (Pareto k-hat above 0.7; * above) are left to
# `sigm check`, which samples again without them.

# %%
two_sided, inside, outside = 0, 0, []
for group in reliable:
    fitted = evidence_fit(density.items, density.seen, new_selection[kept[group]], seed=SEED)
    for row in fitted:
        if row.item.item_id in density.groups[group] and row.two_sided:
            two_sided, inside = two_sided + 1, inside + row.inside
            if not row.inside:
                outside.append(row)
table(
    [
        [r.item.item_id, r.subject, f"{r.published:.3g} {r.unit}", f"{r.median:.3g} ({r.low:.3g} to {r.high:.3g})"]
        for r in outside
    ],
    head=["outside", "about", "published", "predicted without the study (90%)"],
    left=2,
)

# %% [markdown]
# ## Answer

# %%
in_order = list(dict.fromkeys(labels[e][0] for e in by_reach))[:3]
weak = sum(c.value < NOT_IDENTIFIED_BELOW for c in taught)
judged = sum(int(enters[name].sum()) for name in found)
sensitive = sum(int((told[name] & (found[name] > SENSITIVE)).sum()) for name in found)
by_scaling = [name for name in ranked if told[name].any()]
big = next(g for g in moved if k_hat[g] <= UNRELIABLE)
wild = [g for g in moved if k_hat[g] > UNRELIABLE]
n = columns[0]
best = by_reach[0]
hit = int(np.abs(effect[big] / width).argmax())
most = int(np.max(np.abs(direct[best]), axis=0).argmax())
answer(f"""
The priors that move P(primary) most over {len(patients)} reference patients are: {"; ".join(WORDS.get(w, w) for w in in_order)}.
One prior SD of {entry_label(best)} takes {patients[most].id} from {share(now[most])} to {share(now[most] + direct[best][0][most])} or
{share(now[most] + direct[best][1][most])}; its contraction is {1 - np.sqrt(free_share[best]):+.2f}, and {weak} of {len(taught)} released
free parameters have one below {NOT_IDENTIFIED_BELOW:g}: for them the answer is the prior. Power-scaling, which is noisy with
{len(primary):,} draws, tells {sensitive} of {judged} pairs of prior and patient from noise; first comes:
{WORDS.get(by_scaling[0], by_scaling[0])}. Sensitivity to the likelihood as a
whole is told from noise in {evidence_driven} of {len(patients)} patients. Among the {len(reliable)} of {len(groups)} overlap groups whose
weights are reliable the most influential one ({big}) changes a mean P(primary) by {share(np.abs(effect[big] / width).max())} of the
width of its interval ({patients[hit].id}), and the effect of {beyond} is told from noise with {DRAWS} draws; the other {len(wild)},
first {wild[0]}, may matter more and have to be left out by sampling again. Of {two_sided} two-sided numbers in the reliable groups {inside} ({share(inside / two_sided)}) lie in the interval that the other studies predict, which wide study effects
make easy.
""")
