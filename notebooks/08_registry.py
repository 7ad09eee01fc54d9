# %% [markdown]
# # 8. Fitting a registry
#
# **Question.** What does a fit learn from a registry, what goes wrong if it is forgotten how people got into it, and what
# are the centres' labels worth?
#
# `sigm fit` fits about 700 parameters of the published evidence and the registry at once, which takes minutes. Here a few
# numbers are unknown and everything else is known, with the same likelihood of people: seconds instead of minutes, and
# intervals that are narrower than those of a whole fit. The truth is known because the registries are simulated.

# %%
import numpy as np

from sigm_bayes import load_model
from sigm_bayes.checks.shift_fit import fit_shifts, interval
from sigm_bayes.checks.shift_sbc import shifts
from sigm_bayes.checks.simulated_registries import CUT_OFF_MG_DL, Design, simulated
from sigm_bayes.fit.pipeline import encode_registry
from sigm_bayes.fit.spec import FitSpec
from sigm_bayes.likelihood.hypotheses import CLASSES
from sigm_bayes.model.registry_priors import load_registry_priors
from sigm_bayes.paths import models_dir
from sigm_bayes.plots.notebook import answer, basis, show, table
from sigm_bayes.plots.panels import SERIES, SERIES_MARKERS, legend_below, panels, points_with_interval
from sigm_bayes.release.sigm import load_inputs

SEED = 20261122
FOLDER = models_dir() / "sigm"
model = load_model()
inputs = load_inputs(FOLDER)
basis(model)

# %% [markdown]
# ## A registry of 200 people
#
# Four centres enrol whoever has a first IgM printed below 60 mg/dL. The parameters are one draw of the posterior, with five
# shifts on top that nobody knows. One unit of a shift is one SD of its prior; what a unit is, is in the last column.

# %%
PEOPLE = 200
LOW_IGM = Design(people=PEOPLE, centres=4, ascertainment="low_igm")
unknown = shifts()
rng = np.random.default_rng(SEED)
base = {name: values[0] for name, values in model.parameters.items()}
true = rng.standard_normal(len(unknown))


def enrol(by, seed):
    """Simulate a registry after the shifts; what is known of it all the same."""
    moved = dict(base)
    for shift, one in zip(unknown, by, strict=True):
        moved = shift.moved(moved, one)
    made = simulated(model, moved, LOW_IGM, folder=FOLDER, seed=seed)
    return made.registry, {**base, **made.centres}


def spec(**given):
    """Options of `sigm fit`."""
    return FitSpec(**{"ascertainment": "low_igm", "labels": "ignored", "cut_off_mg_dl": CUT_OFF_MG_DL, **given})


registry, known = enrol(true, SEED)
encoded = encode_registry(registry, spec(), inputs)[1]
table(
    [
        [shift.what, f"{one:+.2f}", f"{shift.size:g} on {' and '.join(shift.parameters)}"]
        for shift, one in zip(unknown, true, strict=True)
    ],
    head=["shift", "truth", "one unit adds"],
)

# %% [markdown]
# ## How people got in
#
# Everybody in this registry has a low IgM *because* a low IgM was the ticket. The likelihood must divide by the probability
# of getting in (`--ascertainment low_igm`). A fit that takes the registry for everybody who was tested (`all_tested`) has to
# explain why all of them are low.

# %%
believed = {"as it was": spec(), "forgotten": spec(ascertainment="all_tested")}
fitted = {name: fit_shifts(unknown, known, encoded, s.scheme(subsampled=False)) for name, s in believed.items()}
LEVEL = 1.645
covered = {name: np.abs(true - f.mean) < LEVEL * f.sd for name, f in fitted.items()}
away = {name: np.abs(true - f.mean) / f.sd for name, f in fitted.items()}
figure, axes = panels(
    height=3.6,
    title=f"Intervals hold {covered['as it was'].sum()} of {len(true)} truths; with the selection forgotten "
    f"{covered['forgotten'].sum()} of {len(true)}",
)
y = np.arange(len(unknown))
for n, (name, f) in enumerate(fitted.items()):
    values = np.array([f.mean, f.mean - LEVEL * f.sd, f.mean + LEVEL * f.sd])
    label = f"selection {name}"
    points_with_interval(axes, y + 0.16 * (2 * n - 1), values, label=label, colour=SERIES[n], marker=SERIES_MARKERS[n])
axes.plot(true, y, linestyle="none", marker="|", markersize=22, color="black", label="truth")
axes.axvspan(-LEVEL, LEVEL, color="black", alpha=0.06, label="prior, 90%")
axes.set_yticks(y, [shift.what for shift in unknown])
axes.invert_yaxis()
axes.set_xlabel("shift, in SDs of its prior (90% interval)")
legend_below(figure, axes)
show(
    figure,
    alt=f"Five shifts from {PEOPLE} people. "
    + " ".join(
        f"{shift.what}: truth {true[n]:+.2f}; selection as it was {fitted['as it was'].mean[n]:+.2f} "
        f"(SD {fitted['as it was'].sd[n]:.2f}), forgotten {fitted['forgotten'].mean[n]:+.2f} "
        f"(SD {fitted['forgotten'].sd[n]:.2f})."
        for n, shift in enumerate(unknown)
    ),
)

# %% [markdown]
# ## What labels are worth
#
# One label in ten is wrong (mostly a low normal variant or a secondary deficiency called primary), and 15% of people have
# none. The prevalence of primary and of other immunodeficiency is the only unknown. `trusted` takes the label for the class,
# `noisy` for a class that is right nine times in ten (here known; `sigm fit` learns the confusion too), `ignored` leaves it out.

# %%
AGAIN = 10
rare = next(shift for shift in unknown if "logit_primary" in shift.parameters)
at_rare = unknown.index(rare)
priors = load_registry_priors(FOLDER / "registry.toml")
confusion = np.eye(len(CLASSES)) * priors.label_right.mean
found = {name: [] for name in ("ignored", "noisy", "trusted")}
truths = rng.standard_normal(AGAIN)
for n, one in enumerate(truths):
    by = np.zeros(len(unknown))
    by[at_rare] = one
    people, given = enrol(by, SEED + 1 + n)
    for name, rows in found.items():
        as_labelled = spec(labels=name)
        encoded_n = encode_registry(people, as_labelled, inputs)[1]
        effects = {**given, "label_logit": confusion}
        rows.append(interval(rare, effects, encoded_n, as_labelled.scheme(subsampled=False)))
found = {name: np.array(rows) for name, rows in found.items()}
holds = {name: int(((rows[:, 1] <= truths) & (truths <= rows[:, 2])).sum()) for name, rows in found.items()}
width = {name: float(np.mean(rows[:, 2] - rows[:, 1])) for name, rows in found.items()}
bias = {name: float(np.mean(rows[:, 0] - truths)) for name, rows in found.items()}
figure, axes = panels(
    1, 3, height=3.2, sharey=True,
    title=f"Trusted labels hold the truth in {holds['trusted']} of {AGAIN} registries, noisy ones in {holds['noisy']}, "
    f"no labels in {holds['ignored']}",
)  # fmt: skip
for n, (name, rows) in enumerate(found.items()):
    points_with_interval(
        axes[n], truths, rows.T, label=name, colour=SERIES[n], marker=SERIES_MARKERS[n], across=False
    )  # fmt: skip
    ends = np.array([truths.min() - 0.3, truths.max() + 0.3])
    axes[n].plot(ends, ends, color="black", linewidth=0.9)
    axes[n].set_title(f"labels {name}")
    axes[n].set_xlabel("true shift, SDs")
axes[0].set_ylabel("inferred shift, SDs\n(90% interval)")
show(
    figure,
    alt=f"Inferred against true prevalence of rare classes in {AGAIN} registries of {PEOPLE} people. "
    + " ".join(
        f"{name}: inside {holds[name]} of {AGAIN}, mean error {bias[name]:+.2f}, mean width {width[name]:.2f} SDs."
        for name in found
    ),
)

# %%
table(
    [[name, f"{holds[name]} of {AGAIN}", f"{bias[name]:+.2f}", f"{width[name]:.2f}"] for name in found],
    head=["labels", "truth inside the 90% interval", "mean error, SDs", "mean width, SDs"],
)

# %% [markdown]
# ## The whole fit
#
# ```sh
# sigm registry map registry.csv --samples samples.csv --out mapping.toml
# sigm registry check registry.csv --samples samples.csv --mapping mapping.toml
# sigm fit registry.csv --samples samples.csv --mapping mapping.toml --model models/sigm --ascertainment low_igm --cut-off 60 --labels noisy --out mine
# ```
#
# It writes a model folder that `sigm query --model mine` takes, with a card that says what moved and what the registry
# cannot tell. How whole fits of simulated registries recover their truth is in the page on checks (`registry-sbc`).

# %% [markdown]
# ## Answer

# %%
names = [shift.what for shift in unknown]
worst = int(np.argmax(away["forgotten"]))
sd = fitted["as it was"].sd
best = int(np.argmin(sd))
least = int(np.argmax(sd))
answer(f"""
From {PEOPLE} people a fit learns most about the {names[best]} (the posterior SD is {sd[best]:.2f} of the prior's, all else known)
and least about the {names[least]} ({sd[least]:.2f}). If it is forgotten that a low IgM was the ticket, the intervals
hold {covered["forgotten"].sum()} of {len(true)} truths instead of {covered["as it was"].sum()}, and the {names[worst]} is then
{away["forgotten"][worst]:.0f} posterior SDs away from the truth: no size of registry mends that. Labels of which one in ten is wrong
must not be trusted: over {AGAIN} registries the interval of the prevalence of rare classes then holds the truth
{holds["trusted"]} times (mean error {bias["trusted"]:+.2f} prior SDs), against {holds["noisy"]} times when they count as noisy and
{holds["ignored"]} times without them; noisy labels still narrow the interval, from {width["ignored"]:.2f} to {width["noisy"]:.2f} prior SDs.
""")
