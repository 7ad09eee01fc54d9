"""Checks of the equations of findings, tests, published numbers, registries and the answer."""

from __future__ import annotations

import itertools

import numpy as np
from equation_checks import check, draw_of, expit, f

from sigm_bayes.likelihood import findings, immunology
from sigm_bayes.likelihood import person as person_
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.query import draws, information, ledger
from sigm_bayes.query.weighing import Weighing


@check
def finding_logit(rng, **_):
    base, loading, exposure = rng.normal(-2, 1, 3), rng.uniform(0.3, 2.0, 3), abs(rng.normal())
    proneness, effect = rng.normal(0.5, 0.5, 3), rng.normal(0, 0.3, (3, 3))
    got = findings.finding_logits(
        NUMPY, base=base, loading=loading, proneness=proneness, effect=effect, is_infection=np.ones(3),
        exposure=np.array(exposure),
    )  # fmt: skip
    want = [
        [f("finding_logit", base[k], loading[k], d, n[k], exposure, 0.0) for k in range(3)]
        for d, n in ((proneness[0], effect[:, 0]), (proneness[1], effect[:, 1]), (0.0, np.zeros(3)),
                     (proneness[2], effect[:, 2]))
    ]  # fmt: skip
    return want, got


@check
def findings_together(rng, **_):
    eta, loading = rng.normal(-2, 1, 6), rng.uniform(0.3, 2.0, 6)
    order = rng.permutation(6)
    present, absent = order[:3], order[3:5]
    state = findings.FindingState(present, absent, 99, False, np.ones((1, 1)), -1, -1)
    logits = np.broadcast_to(eta, (4, 6))
    got = findings.log_findings(
        NUMPY, logits=logits, loading=loading, state=state, log_attributes=np.zeros(4)
    )  # fmt: skip
    return f("findings", eta, loading, present, absent), np.exp(got[0])


@check
def invasive_attributes(rng, **_):
    site, organism = rng.normal(size=3), rng.normal(size=(4, 2))
    allowed = rng.integers(0, 2, (3, 2))
    allowed[0, 0] = 1
    pairs = [(i, j) for i in range(3) for j in range(2) if allowed[i, j]]
    got = findings.log_where(
        NUMPY, np.exp(site) / np.exp(site).sum(), np.exp(organism) / np.exp(organism).sum(axis=1, keepdims=True),
        allowed.astype(float), n_sites=3,
    )  # fmt: skip
    p_site = np.exp(site) / np.exp(site).sum()
    want = [f("invasive_attributes", p_site, np.exp(o) / np.exp(o).sum(), pairs) for o in organism]
    return want, np.exp(got)


@check
def immunology_tests(rng, **_):
    logit = rng.normal(-1, 1, (4, 5))
    state = immunology.TestState(abnormal=np.array([1, 3]), normal=np.array([0]))
    want = [f("immunology_tests", row, [1, 3], [0]) for row in logit]
    return want, np.exp(immunology.log_tests(NUMPY, logit, state))


@check
def published_count(rng, **_):
    from sigm_bayes.model.graph import count_logp

    n = int(rng.integers(5, 60))
    theta, sd = rng.normal(-1, 1), rng.uniform(0.2, 0.6)
    k = int(rng.binomial(n, expit(theta)))
    got = count_logp(*(np.array([float(x)]) for x in (k, theta, 1.0, sd, n))).eval()
    return f("published_count", k, n, theta, sd), np.exp(got[0])


@check
def published_bound(rng, **_):
    from sigm_bayes.model.graph import bound_logp

    y, theta, se, effect = *rng.normal(-1, 0.5, 2), 0.2, 0.5
    got = bound_logp(*(np.array([float(x)]) for x in (y, theta, 1.0, np.hypot(se, effect), 1.0))).eval()
    return f("published_bound", y, theta, se**2 + effect**2), np.exp(got[0])


@check
def labelled_share(rng, **_):
    from sigm_bayes.model.labelled import Labelled

    weight, met, delta = rng.dirichlet(np.ones(5)), rng.uniform(0.01, 0.9, 5), rng.normal(0.7, 0.7)

    class Given:
        log_meets = np.log(weight * met)[None]

        class ctx:
            xp, p, depletion = NUMPY, {"label_selection": np.array([delta])}, np.zeros(2, dtype=bool)

        selected = Labelled.selected

    got = Labelled.share.func(Given())[0]
    favoured = [delta, delta, 0.0, 0.0, 0.0]
    want = [f("labelled_share", c, weight, met, favoured, range(5)) for c in range(5)]
    return [*want[:3], want[3] + want[4]], got


@check
def answer(rng, **_):
    joint = rng.uniform(0.01, 1.0, (7, 4))
    got = draws.joint(np.log(joint)).sum(axis=0)
    return [f("answer", c, joint, range(7), range(4)) for c in range(4)], got


@check
def draw_weight(rng, **_):
    joint = rng.uniform(0.01, 1.0, (7, 4))
    return [f("draw_weight", d, joint, range(7), range(4)) for d in range(7)], draws.split(np.log(joint))[1]


@check
def effective_number(rng, **_):
    weights = rng.dirichlet(np.ones(9))
    return f("effective_number", weights, range(9)), draws.effective_draws(weights)


@check
def answer_of_a_person(rng, prior_draws, random_person, encoder, **_):
    weighing = Weighing(prior_draws(5, seed=1), encoder.encode(random_person(rng)))
    p = draws.classes(np.exp(weighing.log_joint(weighing.everything)))
    joint = np.stack([p[c] for c in ("primary", "secondary", "normal", "other_immunodeficiency")], axis=1)
    got = draws.classes(weighing.joint())
    return [f("answer", c, joint, range(5), range(4)) for c in range(4)], [v.sum() for v in got.values()]


@check
def esid_criteria(rng, encoder, person, prior_draws, **_):
    from sigm_bayes.query import esid

    tests = [t.id for t in encoder.catalogue.tests]
    said = {t: str(rng.choice(["normal", "abnormal", "not_done"], p=[0.5, 0.1, 0.4])) for t in tests}
    patient = person(igm=[{"value": int(rng.integers(15, 45)), "unit": "mg/dL"}], tests=said)
    weighing = Weighing(prior_draws(6, seed=int(rng.integers(1000))), encoder.encode(patient))
    got = esid.esid(patient, weighing, encoder=encoder, igg_state="normal", iga_state="normal")["probability"]["mean"]
    below = esid._below_limit(patient, weighing, encoder=encoder)
    logits = person_.test_logits(NUMPY, weighing.p, weighing.case.setting)[:, 0]
    asked = [j for j, t in enumerate(encoder.catalogue.tests) if t.esid]
    unknown = [j for j in asked if said[tests[j]] == "not_done"]
    abnormal = sum(said[tests[j]] == "abnormal" for j in asked)
    p = weighing.probabilities()[:, 0]
    want = [f("esid_criteria", p[d], below[d], 1.0 - expit(logits[d]), unknown, abnormal) for d in range(6)]
    return np.average(want, weights=weighing.draw_weights), got


@check
def ledger_weight(rng, **_):
    players = tuple(range(4))
    every = [frozenset(s) for n in range(5) for s in itertools.combinations(players, n)]
    worth = {s: rng.normal() for s in every}
    got = ledger.shapley(players, worth.__getitem__)
    return [f("ledger_weight", i, worth.__getitem__, 4, [s for s in every if i not in s]) for i in players], [
        got[i] for i in players
    ]


@check
def log_odds(rng, prior_draws, random_person, encoder, **_):
    weighing = Weighing(prior_draws(20, seed=2), encoder.encode(random_person(rng)))
    p = weighing.joint()[:, 0].sum()
    return f("log_odds", p), weighing.log10_odds(weighing.everything)


@check
def information_gain(rng, **_):
    joint = rng.dirichlet(np.ones(12)).reshape(3, 4)
    want = f("information", joint, joint.sum(axis=1), joint.sum(axis=0), range(3), range(4))
    return want, information.gain_bits(joint)


@check
def registry_row(rng, prior_draws, random_person, encoder, **_):
    from sigm_bayes.fit.encode import encode_rows
    from sigm_bayes.fit.rows import Entry, encode_row
    from sigm_bayes.likelihood import people_igm, people_joint

    p = {name: value[0] for name, value in draw_of(rng, prior_draws).items()}
    boxes = np.array([], dtype=int)
    row = encode_row(Entry("P", random_person(rng), 0, threshold_mg_dl=40.0), encoder, boxes=boxes)
    people = encode_rows([row], encoder, boxes=boxes).people
    mean, sd = people_igm.moments(NUMPY, p, people)
    joint = np.exp(people_joint.log_joint(NUMPY, p, people, mean=mean, sd=sd)[0])
    start = people_joint._start(NUMPY, p, people, recorded=False)
    low = people_igm.log_first_below(NUMPY, p, people, mean, sd, people.threshold)
    entry = np.exp(start + low)[0]
    scheme = people_joint.Scheme(ascertainment="low_igm", labels="ignored")
    got = np.exp(people_joint.log_person(NUMPY, p, people, scheme)[0])
    return f("registry_row", joint, entry, range(len(joint))), got
