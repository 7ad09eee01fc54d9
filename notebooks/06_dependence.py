# %% [markdown]
# # 6. Dependence between infections
#
# **Question.** A patient has five kinds of infection. Do they count five times, as in naive Bayes, and what is lost by one
# assumption when the other is true?
#
# In the model people differ in a latent *proneness* to infections, whatever their class: somebody with sinusitis is likelier
# to have bronchitis for other reasons too. Naive Bayes here has the *same* share of every finding in every class, from the
# same posterior draws; only the dependence is taken out.

# %%
from dataclasses import replace

import numpy as np

from sigm_bayes import Patient, load_model
from sigm_bayes.evaluation.calibration import calibrate
from sigm_bayes.evaluation.resampling import Bootstrap
from sigm_bayes.evaluation.scores import log_scores
from sigm_bayes.likelihood.findings import proneness_rule
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
from sigm_bayes.release.contraction import NOT_IDENTIFIED_BELOW, contractions
from sigm_bayes.simulate.dependence import finding_shares, log_findings, simulate_findings

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
infections = [n for n, f in enumerate(model.catalogue.findings) if f.infection]
labels = [model.catalogue.findings[n].label for n in infections]


def weigh(level):
    """Weigh a woman of 40 years in a clinic by her IgM, mg/dL, sampled when well."""
    sample = {"value": level, "unit": "mg/dL", "resolution": 1, "context": "well"}
    return model.weigh(Patient(**woman, igm=[sample]), all_draws=True)


LEVEL = 25
weighing, patient_text = weigh(LEVEL), f"IgM {LEVEL} mg/dL"
latent = finding_shares(weighing)
naive = latent.with_loadings(0.0)
draws = len(latent.loading)
gap = np.abs(latent.marginal - naive.marginal).max()
assert gap < 1e-9, "both must have the same shares"

# %% [markdown]
# ## How strong is the dependence that the model assumes?
#
# Odds ratios between pairs of infections among clinic patients without any deficiency. Shares in published series do not
# tell how findings go together: no published number here is about a pair, and the loadings are prior judgement.

# %%
u, log_w = proneness_rule()
normal_class = CLASSES.index("normal")
at_nodes = 1 / (
    1 + np.exp(-(latent.logits[:, normal_class, infections, None] + latent.loading[:, infections, None] * u))
)
both = np.einsum("dju,dku,u->djk", at_nodes, at_nodes, np.exp(log_w))
one = at_nodes @ np.exp(log_w)
only = one[:, :, None] - both
neither = 1 - one[:, :, None] - one[:, None, :] + both
pairs = np.triu_indices(len(infections), 1)
odds_ratio = (both * neither / (only * np.swapaxes(only, 1, 2)))[:, *pairs]
typical = np.median(odds_ratio, axis=0)
only_loadings = replace(model.priors, parameters=(model.priors.parameter("log_loading"),))
taught = contractions(only_loadings, model.encoder.curves, model.parameters)
found = [c for c in taught if c.parameter == "log_loading"]
weak_loadings = sum(c.value < NOT_IDENTIFIED_BELOW for c in found)
strongest, weakest = int(typical.argmax()), int(typical.argmin())
table(
    [
        [
            word,
            f"{labels[pairs[0][n]]} and {labels[pairs[1][n]]}",
            *(f"{q:.1f}" for q in np.quantile(odds_ratio[:, n], [0.5, 0.05, 0.95])),
        ]
        for word, n in (("strongest", strongest), ("weakest", weakest))
    ]
    + [
        [
            "typical",
            f"median of {len(typical)} pairs",
            *(f"{q:.1f}" for q in np.quantile(np.median(odds_ratio, axis=1), [0.5, 0.05, 0.95])),
        ]
    ],
    head=["pair", "infections", "odds ratio", "5%", "95%"],
    left=2,
)

# %% [markdown]
# ## Weight of evidence of one more infection
#
# Infections are added from the commonest on; the others stay unknown. The weight is for primary against a low normal
# variant, log10 of the likelihood ratio.

# %%
order = [infections[n] for n in np.argsort(-one.mean(axis=0))]
primary_class = CLASSES.index("primary")


def weights(shares):
    """Return the weight of 0, 1, 2 ... infections; (draw, count)."""
    out = np.zeros((draws, len(order) + 1))
    for count in range(1, len(order) + 1):
        known = np.full((1, latent.loading.shape[1]), -1)
        known[0, order[:count]] = 1
        for d in range(draws):
            log_p = log_findings(shares.draw(d), known)[0]
            out[d, count] = (log_p[primary_class] - log_p[normal_class]) / np.log(10)
    return out


every = slice(None, None, 4)  # a quarter of the draws is enough here
draws = len(latent.loading[every])
thin = {"latent trait": type(latent)(latent.logits[every], latent.loading[every])}
thin["naive Bayes"] = thin["latent trait"].with_loadings(0.0)
weight = {label: weights(shares) for label, shares in thin.items()}
drawn = {label: np.stack([w.mean(axis=0), *np.quantile(w, [0.05, 0.95], axis=0)]) for label, w in weight.items()}
FIVE = 5
figure, axes = panels(
    height=4.2,
    title=f"{FIVE} infections multiply the odds of primary by {10 ** drawn['latent trait'][0, FIVE]:.0f} in the model, by "
    f"{10 ** drawn['naive Bayes'][0, FIVE]:.0f} in naive Bayes",
)
for n, (label, values) in enumerate(drawn.items()):
    line_with_band(axes, np.arange(len(order) + 1), values, label=label, colour=SERIES[n], style=SERIES_LINES[n])
axes.set_xlabel("kinds of infection present (commonest first), the others unknown")
axes.set_ylabel("log10 likelihood ratio, primary : normal (90%)")
legend(axes, loc="upper left")
show(
    figure,
    alt="Weight of evidence for primary against a low normal variant, log10, by number of infections present. "
    + " ".join(
        f"{label}: " + ", ".join(f"{k} {values[0, k]:.2f}" for k in (1, 2, 3, 5, 8, len(order))) + "."
        for label, values in drawn.items()
    ),
)

# %% [markdown]
# ## What it does to a patient
#
# IgM 25 mg/dL, clinic; so many infections present.

# %%
members = np.array(class_of_hypothesis(len(model.catalogue.causes)))
to_class = np.eye(len(CLASSES))[members]  # (hypothesis, class4)


def class_mass(level_weighing):
    """Return log P(class, IgM, IgG, IgA) per draw; (draw, class4)."""
    joint = level_weighing.log_joint(level_weighing.everything)
    top = joint.max(axis=1, keepdims=True)
    return top + np.log(np.exp(joint - top) @ to_class)


def posterior(log_mass, log_p):
    """Return P(class) from log masses that add; (..., class4)."""
    total = log_mass + log_p
    p = np.exp(total - total.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


base = class_mass(weighing)[every]
COUNTS = (0, 1, 2, 3, 5, 8)
rows, patient = [], {}
for count in COUNTS:
    known = np.full((1, latent.loading.shape[1]), -1)
    known[0, order[:count]] = 1
    cells = []
    for label, shares in thin.items():
        log_p = np.array([log_findings(shares.draw(d), known)[0] for d in range(draws)])
        p, w = split(base + log_p)
        patient[label, count] = band(p[:, primary_class], w), band(p[:, CLASSES.index("other_immunodeficiency")], w)
        cells += [with_interval(patient[label, count][0])]
        cells += [with_interval(patient[label, count][1])]
    rows.append([count, *cells])
table(
    rows,
    head=["infections", *(f"P({c}), {label}" for label in thin for c in ("primary", "another immunodeficiency"))],
)

# %% [markdown]
# ## What is lost when the assumption is wrong?
#
# Simulated women of 40 years with IgM below 40 mg/dL and a complete record of infections, parameters redrawn for every block
# of people. Their findings come from the latent trait, or are independent given the class; both methods then predict
# with the true parameters, so that the dependence is all that can be wrong. This measures a consequence of the model, not of
# patients.

# %%
BLOCKS, PEOPLE, CUT_OFF = 40, 500, 40
rng = np.random.default_rng(SEED)
levels = np.arange(1, CUT_OFF)
mass = np.array([class_mass(weigh(int(level))) for level in levels])  # (level, draw, class4)
chosen = rng.choice(mass.shape[1], BLOCKS, replace=False)
predicted = {(truth, method): [] for truth in thin for method in thin}
true_class = []
for d in chosen:
    shares = {"latent trait": latent.draw(d), "naive Bayes": naive.draw(d)}
    table_of = np.exp(mass[:, d] - mass[:, d].max())
    cell = rng.choice(table_of.size, PEOPLE, p=table_of.ravel() / table_of.sum())
    level, c = np.unravel_index(cell, table_of.shape)
    true_class.append(c)
    for truth, generator in shares.items():
        known = np.full((PEOPLE, latent.loading.shape[1]), -1)
        known[:, infections] = simulate_findings(generator, c, rng)[:, infections]
        for method, assumed in shares.items():
            predicted[truth, method].append(posterior(mass[level, d], log_findings(assumed, known)))
true_class = np.concatenate(true_class)
predicted = {key: np.concatenate(parts) for key, parts in predicted.items()}
is_primary = true_class == primary_class
bootstrap = Bootstrap(person=np.arange(len(true_class)), draws=60, seed=SEED)
quality = {key: calibrate(p[:, primary_class], is_primary, bootstrap) for key, p in predicted.items()}
score = {key: log_scores(p, true_class).mean() for key, p in predicted.items()}
TRUTHS = {"latent trait": "findings depend (as the model says)", "naive Bayes": "findings independent"}
table(
    [
        [
            TRUTHS[truth],
            method,
            f"{quality[truth, method].slope.value:.2f} ({quality[truth, method].slope.lower:.2f} to {quality[truth, method].slope.upper:.2f})",
            f"{quality[truth, method].ratio.value:.2f} ({quality[truth, method].ratio.lower:.2f} to {quality[truth, method].ratio.upper:.2f})",
            f"{score[truth, method]:.4f}",
        ]
        for truth, method in predicted
    ],
    head=["truth", "method", "calibration slope (90%)", "observed / expected (90%)", "log score"],
    left=2,
)

# %%
figure, axes = panels(
    1,
    2,
    height=4.2,
    sharey=True,
    title=f"Naive Bayes is too sure where findings depend (slope {quality['latent trait', 'naive Bayes'].slope.value:.2f}); the "
    f"latent trait is slightly too cautious where they do not ({quality['naive Bayes', 'latent trait'].slope.value:.2f})",
)
for panel, truth in zip(axes, TRUTHS, strict=True):
    for n, method in enumerate(thin):
        bins = quality[truth, method].bins
        at = [b.predicted for b in bins]
        seen = np.array([[getattr(b.observed, k) for b in bins] for k in ("value", "lower", "upper")])
        points_with_interval(panel, at, seen, label=method, colour=SERIES[n], marker=SERIES_MARKERS[n], across=False)
    panel.plot([0, 0.8], [0, 0.8], color="black", linewidth=0.8, linestyle=(0, (4, 4)))
    panel.set_title(TRUTHS[truth])
    panel.set_xlabel("predicted P(primary), tenths of the people")
    percent_axis(panel.xaxis)
    percent_axis(panel.yaxis)
axes[0].set_ylabel("share that was primary, 90%")
legend_below(figure, axes[0])
show(
    figure,
    alt="Calibration of P(primary) by tenths of the people. "
    + " ".join(
        f"Truth: {TRUTHS[truth]}; {method}: highest tenth predicted {share(quality[truth, method].bins[-1].predicted)}, "
        f"turned out {share(quality[truth, method].bins[-1].observed.value)}."
        for truth in TRUTHS
        for method in thin
    ),
)

# %% [markdown]
# ## How much does the size of the loadings matter?
#
# All loadings times a factor, shares kept: 0 is naive Bayes, 1 the model. Five infections, IgM 25 mg/dL.

# %%
known = np.full((1, latent.loading.shape[1]), -1)
known[0, order[:FIVE]] = 1
FACTORS = (0.0, 0.5, 1.0, 1.5, 2.0)
by_factor = {}
for factor in FACTORS:
    scaled = thin["latent trait"].with_loadings(factor)
    log_p = np.array([log_findings(scaled.draw(d), known)[0] for d in range(draws)])
    p, w = split(base + log_p)
    by_factor[factor] = {name: band(p[:, n], w) for n, name in enumerate(CLASSES)}
table(
    [[f"{f:g}", *(with_interval(by_factor[f][name]) for name in CLASSES)] for f in FACTORS],
    head=["loadings times", *(f"P({name.replace('_', ' ')})" for name in CLASSES)],
)

# %% [markdown]
# ## Answer

# %%
trait, bayes = thin
one_finding, five = drawn[trait][0, 1], {label: 10 ** values[0, FIVE] for label, values in drawn.items()}
lost = {truth: score[truth, truth] - score[truth, other] for truth, other in ((trait, bayes), (bayes, trait))}
steep = quality[trait, bayes].slope
flat = quality[bayes, trait].slope
double, weighing_text = FACTORS[-1], patient_text
answer(f"""
They count less and less. One infection multiplies the odds of primary against a low normal variant by {10**one_finding:.1f};
{FIVE} kinds multiply them by {five[trait]:.0f} in the model and by {five[bayes]:.0f} in naive Bayes with the same shares. Where
findings depend as the model says, naive Bayes is too sure: the calibration slope of P(primary) is {steep.value:.2f}
({steep.lower:.2f} to {steep.upper:.2f}) and the log score falls by {lost[trait]:.3f} a person; where they are independent the latent
trait is a little too cautious (slope {flat.value:.2f}, {flat.lower:.2f} to {flat.upper:.2f}; log score lower by {lost[bayes]:.3f}).
The strength is assumed, not learned: the odds ratio of a typical pair is {np.median(np.median(odds_ratio, axis=1)):.1f}, no published number is about a
pair, and {weak_loadings} of {len(found)} loadings have a contraction below {NOT_IDENTIFIED_BELOW:g}. For P(primary) itself the
choice matters less than it seems, because many infections point to another immunodeficiency too: with {FIVE} infections at
{weighing_text} primary is {with_interval(by_factor[1.0]["primary"])} in the model, {with_interval(by_factor[0.0]["primary"])} in naive Bayes
and {with_interval(by_factor[double]["primary"])} with loadings twice as large, while another immunodeficiency is
{share(by_factor[1.0]["other_immunodeficiency"]["mean"])}, {share(by_factor[0.0]["other_immunodeficiency"]["mean"])} and
{share(by_factor[double]["other_immunodeficiency"]["mean"])}.
""")
