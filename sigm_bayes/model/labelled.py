"""Expected values in series of people *labelled* primary: a mixture that the model already implies.

    share[hypothesis] proportional to P(hypothesis | setting, age) P(the study's definition met | hypothesis)

times exp(selection) for primary and other immunodeficiency, because labelling is selective.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from sigm_bayes.evidence import EvidenceItem, LabelledStudy
from sigm_bayes.likelihood.namespace import Array, logsumexp
from sigm_bayes.likelihood.person import kind_index
from sigm_bayes.model import levels
from sigm_bayes.model.context import Context, logit
from sigm_bayes.model.exposures import log_nothing, unions
from sigm_bayes.model.immunoglobulins import log_both_normal
from sigm_bayes.model.infections import any_finding, site_factor

LOWEST_LOG_LEVEL = float(np.log(0.5))


class Labelled:
    """The labelled groups of the evidence and their make-up."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        used = {i.labelled_id for i in ctx.evidence.items if i.labelled_id}
        self.groups: tuple[LabelledStudy, ...] = tuple(
            g for g in ctx.evidence.labelled_studies if g.labelled_id in used
        )
        self.index = {g.labelled_id: n for n, g in enumerate(self.groups)}

    @cached_property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Design rows of the groups; each (group, coefficient)."""
        rows = [self.ctx.igm_rows(g.age_years, g.male_share) for g in self.groups]
        return np.array([r[0] for r in rows]), np.array([r[1] for r in rows])

    @cached_property
    def log_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """ln of the lower and the upper IgM cut-off of each group (mg/dL)."""
        curve = self.ctx.curves["IgM"]
        low, high = [], []
        for g in self.groups:
            low.append(LOWEST_LOG_LEVEL if g.cutoff_low_mg_dl is None else np.log(g.cutoff_low_mg_dl))
            if g.cutoff_high_mg_dl is not None:
                high.append(np.log(g.cutoff_high_mg_dl))
            else:
                z = -2.0 if g.cutoff_sd is None else g.cutoff_sd
                high.append(float(np.log(curve.limit(g.age_years, g.male_share, z=z))))
        return np.array(low), np.array(high)

    @cached_property
    def log_weights(self) -> Array:
        """log P(hypothesis, exclusions of the study, IgG and IgA as it asks); (group, hypothesis)."""
        ctx = self.ctx
        records = [
            ctx.record(g.setting, g.age_years, g.male_share, "excluded" if g.secondary_excluded else "unknown")
            for g in self.groups
        ]
        asked = np.array([[float(g.igg_iga_normal)] for g in self.groups])
        removed = np.zeros((len(self.groups), 3 + len(ctx.depletion)))
        left = float(np.log(ctx.priors.constants["other_left_after_exclusion"]))
        removed[:, 1] = [left if g.other_excluded else 0.0 for g in self.groups]
        return ctx.weights(records) + asked * log_both_normal(ctx) + removed

    @cached_property
    def log_meets(self) -> Array:
        """log P(hypothesis, the study's definition met); (group, hypothesis)."""
        ctx, xp = self.ctx, self.ctx.xp
        mean, sd = levels.moments_at(ctx, *self.rows)
        low, high = self.log_bounds
        well = np.zeros(len(self.groups), dtype=int)
        upper = levels.kinds_below(ctx, high, well, mean, sd)
        lower = levels.kinds_below(ctx, low, well, mean, sd)
        within = upper + xp.log1mexp(lower - upper)
        return self.log_weights + within[:, kind_index(ctx.depletion)]

    def selected(self, log_weight: Array) -> Array:
        """Add the selection by labelling to primary and other; (group, hypothesis)."""
        favoured = np.zeros(3 + len(self.ctx.depletion))
        favoured[:2] = 1.0
        return log_weight + self.ctx.p["label_selection"][:, None] * favoured

    @cached_property
    def share(self) -> Array:
        """Make-up of each labelled group by class; (group, class4)."""
        xp = self.ctx.xp
        total = self.selected(self.log_meets)
        p = xp.exp(total - logsumexp(xp, total)[:, None])
        return xp.stack([p[:, 0], p[:, 1], p[:, 2], xp.sum(p[:, 3:], axis=-1)])

    def of(self, items: Sequence[EvidenceItem]) -> np.ndarray:
        """Group index of each item."""
        return np.array([self.index[i.labelled_id] for i in items])

    # ------------------------------------------------------------------ terms

    def finding_in_labelled(self, items: Sequence[EvidenceItem]) -> Array:
        """Logit of P(any of the findings | labelled)."""
        per_class = any_finding(self.ctx, items)
        share = self.ctx.xp.sum(self.share[self.of(items)] * per_class, axis=-1)
        return logit(self.ctx.xp, share * site_factor(self.ctx, items))

    def asymptomatic_in_labelled(self, items: Sequence[EvidenceItem]) -> Array:
        """Logit of P(no infection | labelled)."""
        share = self.share[self.of(items)]
        return -logit(self.ctx.xp, self.ctx.xp.sum(share * any_finding(self.ctx, items), axis=-1))

    def complication_in_labelled(self, items: Sequence[EvidenceItem]) -> Array:
        """Logit of P(any exposure | labelled): autoimmune disease and malignancy also follow primary deficiency."""
        ctx, xp = self.ctx, self.ctx.xp
        group = self.of(items)
        of = unions(ctx, items, [self.groups[g].setting for g in group])
        shift = ctx.p["exposure_complication"]
        nothing = [log_nothing(ctx, of, shift[of.cause, 0]), log_nothing(ctx, of, shift[of.cause, 1])]
        rest = log_nothing(ctx, of)
        return logit(xp, 1.0 - xp.sum(self.share[group] * xp.exp(xp.stack([*nothing, rest, rest])), axis=-1))

    def test_in_labelled(self, items: Sequence[EvidenceItem]) -> Array:
        """Logit of P(test abnormal | labelled)."""
        ctx, xp = self.ctx, self.ctx.xp
        group = self.of(items)
        test = np.array([ctx.catalogue.test_index(i.test) for i in items])
        abnormal = xp.expit(self._test_logits(group)[np.arange(len(items)), :, test])
        return logit(xp, xp.sum(self.share[group] * abnormal, axis=-1))

    def _test_logits(self, group: np.ndarray) -> Array:
        """Logit of an abnormal test in the setting of each group; (item, class4, test)."""
        ctx, p = self.ctx, self.ctx.p
        setting = np.array([ctx.catalogue.setting_index(self.groups[g].setting) for g in group])
        base = p["test_base"] + p["test_setting"][setting][:, None]
        effect = p["test_effect"]
        none = 0.0 * effect[:, 0]
        by_class = ctx.xp.stack([effect[:, 0], effect[:, 1], none, effect[:, 2]]).T
        return base[:, None, :] + by_class

    def esid_tests_normal(self, items: Sequence[EvidenceItem]) -> Array:
        """Logit of P(every ESID test normal | labelled)."""
        xp = self.ctx.xp
        group = self.of(items)
        esid = np.array([n for n, t in enumerate(self.ctx.catalogue.tests) if t.esid])
        normal = xp.exp(-xp.sum(xp.softplus(xp.take(self._test_logits(group), esid)), axis=-1))
        return logit(xp, xp.sum(self.share[group] * normal, axis=-1))

    def igm_moment_labelled(self, items: Sequence[EvidenceItem]) -> Array:
        """ln of the mean or SD of IgM (mg/dL) among the labelled: a mixture cut at the study's limits."""
        ctx, xp = self.ctx, self.ctx.xp
        mean, sd = levels.moments_at(ctx, *self.rows)
        low, high = self.log_bounds
        x, w = np.polynomial.legendre.leggauss(40)
        group = self.of(items)
        half, middle = 0.5 * (high - low)[group][:, None], 0.5 * (high + low)[group][:, None]
        level = middle + half * x
        density = levels.truncated_density(ctx, mean[group], sd[group], level)[:, :, kind_index(ctx.depletion)]
        weights = xp.exp(self.selected(self.log_weights))[group]
        mass = xp.sum(density * weights[:, None, :], axis=-1) * (w * half)
        total = xp.sum(mass, axis=-1)
        first = xp.sum(mass * np.exp(level), axis=-1) / total
        second = xp.sum(mass * np.exp(2.0 * level), axis=-1) / total
        is_mean = np.array([float(i.stat == "mean") for i in items])
        return is_mean * xp.log(first) + (1.0 - is_mean) * 0.5 * xp.log(second - first * first)

    def other_share_in_labelled(self, items: Sequence[EvidenceItem]) -> Array:
        """Logit of the share with another defined immunodeficiency among the first labelled."""
        return logit(self.ctx.xp, self.share[self.of(items), 1])

    def labelled_prevalence(self, items: Sequence[EvidenceItem]) -> Array:
        """Logit of P(a tested person meets the study's definition)."""
        xp = self.ctx.xp
        share = xp.exp(logsumexp(xp, self.log_meets))[self.of(items)]
        return logit(xp, share)

    def solitary_given_low(self, items: Sequence[EvidenceItem]) -> Array:
        """Logit of P(IgG and IgA normal | IgM below the threshold, tested in the setting)."""
        xp = self.ctx.xp
        low = self._low(items) + self._hospital(items, "unknown")
        return logit(xp, xp.exp(logsumexp(xp, low + log_both_normal(self.ctx)) - logsumexp(xp, low)))

    def no_cause_given_solitary(self, items: Sequence[EvidenceItem]) -> Array:
        """Logit of P(no exposure recorded | IgM low, IgG and IgA normal)."""
        xp = self.ctx.xp
        low = self._low(items) + log_both_normal(self.ctx)
        none = logsumexp(xp, low + self._hospital(items, "absent"))
        return logit(xp, xp.exp(none - logsumexp(xp, low + self._hospital(items, "unknown"))))

    def _hospital(self, items: Sequence[EvidenceItem], known: str) -> Array:
        """log P(hypothesis, record) where the items' people were tested; (item, hypothesis)."""
        return self.ctx.weights([self.ctx.record(i.setting, i.age_years, i.male_share, known) for i in items])

    def _low(self, items: Sequence[EvidenceItem]) -> Array:
        """log P(IgM below the threshold | hypothesis); (item, hypothesis)."""
        return levels.items_below(self.ctx, items)[:, kind_index(self.ctx.depletion)]
