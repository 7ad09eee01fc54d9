"""The whole evaluation: its ends, what must not change it, and what has no number."""

import json

import numpy as np
import pytest

from sigm_bayes.evaluation import evaluate
from sigm_bayes.evaluation.calibration import Calibration
from sigm_bayes.evaluation.resampling import Bootstrap, proportion, summarise

CLASSES = ("primary", "secondary", "normal", "other_immunodeficiency")
QUICK = {"draws": 40, "seed": 5}


def numbers(found):
    """Every number of an evaluation by its path, for comparing two."""

    def walk(path, node):
        if isinstance(node, dict):
            for key, value in node.items():
                yield from walk(f"{path}/{key}", value)
        elif isinstance(node, list):
            for n, value in enumerate(node):
                yield from walk(f"{path}/{n}", value)
        elif isinstance(node, int | float) and not isinstance(node, bool):
            yield path, float(node)

    return dict(walk("", found))


def test_a_perfect_method():
    truth = np.repeat(np.arange(4), [20, 30, 100, 15])
    found = evaluate({"m": np.eye(4)[truth]}, truth, **QUICK).methods["m"]
    assert found.log_score.value == 0.0
    assert found.brier.value == 0.0
    assert found.polytomous.value == pytest.approx(1.0)
    assert all(c.value == pytest.approx(1.0) for c in (*found.c.values(), *found.pairwise.values()))
    assert found.calibration["primary"].slope.value is None
    assert found.calibration["primary"].ratio.value == pytest.approx(1.0)


def test_an_uninformative_method():
    truth = np.repeat(np.arange(4), [20, 30, 100, 15])
    found = evaluate({"m": np.full((165, 4), 0.25)}, truth, **QUICK).methods["m"]
    assert found.log_score.value == pytest.approx(np.log(0.25))
    assert found.polytomous.value == pytest.approx(0.25)
    assert all(c.value == pytest.approx(0.5) for c in (*found.c.values(), *found.pairwise.values()))


def test_the_better_method_is_ahead(made):
    p, truth = made(800)
    blurred = 0.5 * p + 0.5 * p.mean(axis=0)
    found = evaluate({"m": p, "other": blurred}, truth, **QUICK)
    assert found.methods["m"].log_score_lead is None
    lead = found.methods["other"].log_score_lead
    scores = [found.methods[name].log_score.value for name in ("m", "other")]
    assert lead.value == pytest.approx(scores[0] - scores[1])
    assert lead.lower > 0.0
    assert found.methods["other"].brier_lead.upper < 0.0
    back = evaluate({"other": blurred, "m": p}, truth, **QUICK).methods["m"].log_score_lead
    assert back.value == pytest.approx(-lead.value)
    assert back.upper == pytest.approx(-lead.lower)


def test_the_order_of_rows_changes_nothing(made):
    p, truth = made(400)
    who = np.array([f"P{n:04d}" for n in range(400)])
    centre = np.where(np.arange(400) % 3 == 0, "A", "B")
    order = np.random.default_rng(8).permutation(400)
    one = evaluate({"m": p}, truth, person=who, centre=centre, **QUICK)
    other = evaluate({"m": p[order]}, truth[order], person=who[order], centre=centre[order], **QUICK)
    assert numbers(one.to_dict()) == pytest.approx(numbers(other.to_dict()), abs=1e-9)


def test_classes_in_another_order_change_nothing(made):
    p, truth = made(400)
    order = [2, 0, 3, 1]
    names = [CLASSES[k] for k in truth]
    one = evaluate({"m": p}, names, **QUICK).methods["m"]
    other = evaluate({"m": p[:, order]}, names, classes=[CLASSES[k] for k in order], **QUICK).methods["m"]
    for measure in ("log_score", "brier", "polytomous"):
        assert getattr(one, measure).value == pytest.approx(getattr(other, measure).value)
    for name in CLASSES:
        assert one.c[name].value == pytest.approx(other.c[name].value)
        assert one.calibration[name].slope.value == pytest.approx(other.calibration[name].slope.value)


def test_classes_that_are_mixed_up_change_much(made):
    p, truth = made(400)
    right, wrong = (evaluate({"m": q}, truth, **QUICK).methods["m"] for q in (p, p[:, [1, 2, 3, 0]]))
    assert wrong.log_score.upper < right.log_score.lower
    assert wrong.polytomous.upper < right.polytomous.lower


def test_a_class_that_nobody_has_gets_a_reason(made):
    p, truth = made(300)
    found = evaluate({"m": p}, np.where(truth == 0, 2, truth), **QUICK)
    m = found.methods["m"]
    assert m.c["primary"].value is None
    assert m.c["primary"].reason == "nobody has this class"
    assert m.calibration["primary"] == "nobody has this class"
    assert isinstance(m.calibration["normal"], Calibration)
    assert "primary" in m.polytomous.reason
    assert found.decision == "primary: nobody has this class"
    assert m.log_score.value is not None
    json.dumps(found.to_dict(), allow_nan=False)


def test_everybody_of_one_class():
    found = evaluate({"m": np.full((30, 4), 0.25)}, ["normal"] * 30, **QUICK)
    assert found.methods["m"].c["normal"].reason == "everybody has this class"
    json.dumps(found.to_dict(), allow_nan=False)


def test_one_person_is_no_crash():
    found = evaluate({"m": [[0.4, 0.3, 0.2, 0.1]]}, ["primary"], centre=["A"], **QUICK)
    assert found.methods["m"].log_score.value == pytest.approx(np.log(0.4))
    json.dumps(found.to_dict(), allow_nan=False)


def test_small_groups_have_counts_and_no_numbers():
    truth = np.array([0] * 9 + [2] * 40 + [0] * 12 + [2] * 40)
    p = np.tile([0.2, 0.1, 0.6, 0.1], (truth.size, 1)) + 0.05 * np.eye(4)[truth]
    p /= p.sum(axis=1, keepdims=True)
    small, large = evaluate({"m": p}, truth, centre=["small"] * 49 + ["zlarge"] * 52, **QUICK).groups
    assert small.counts["primary"] == 9
    assert small.c["m"].value is None
    assert "only 9" in small.c["m"].reason
    assert small.ratio["m"].value is None
    assert small.log_score["m"].value is None
    assert small.share.value == pytest.approx(9 / 49)
    assert large.c["m"].value == 1.0
    assert large.log_score["m"].value is not None


def test_rows_of_one_person_are_drawn_together(made):
    p, truth = made(150)
    alone = evaluate({"m": p}, truth, draws=300).methods["m"].log_score
    four = np.repeat(np.arange(150), 4)
    together = evaluate({"m": p[four]}, truth[four], person=four, draws=300).methods["m"].log_score
    apart = evaluate({"m": p[four]}, truth[four], draws=300).methods["m"].log_score
    width = [e.upper - e.lower for e in (alone, together, apart)]
    assert together.value == pytest.approx(alone.value)
    assert width[1] == pytest.approx(width[0], rel=0.15)
    assert width[2] == pytest.approx(width[0] / 2, rel=0.2)


def test_the_interval_of_a_mean_is_that_of_theory():
    values = np.random.default_rng(6).standard_normal(400)
    found = Bootstrap(np.arange(400), 2000, 1).estimate(lambda w: (w @ values) / w.sum(axis=1))
    half = 1.645 * values.std() / 20.0
    assert found.lower == pytest.approx(values.mean() - half, abs=0.012)
    assert found.upper == pytest.approx(values.mean() + half, abs=0.012)


def test_the_same_seed_gives_the_same_numbers(made):
    p, truth = made(200)
    one, two, other = (evaluate({"m": p}, truth, draws=30, seed=s).methods["m"].log_score for s in (1, 1, 2))
    assert one == two
    assert (one.lower, one.upper) != (other.lower, other.upper)


def test_a_number_that_rarely_exists_has_no_interval():
    drawn = np.where(np.arange(100) < 20, np.nan, 1.0)
    assert summarise(1.0, drawn).lower is None
    assert summarise(1.0, drawn[15:]).lower == 1.0
    assert summarise(float("nan"), drawn, undefined="why").reason == "why"


def test_a_share_of_none_has_an_upper_end():
    found = proportion(0, 20)
    assert (found.value, found.lower) == (0.0, 0.0)
    assert found.upper == pytest.approx(1.6449**2 / (20 + 1.6449**2), abs=1e-4)  # Wilson, level 0.9
    assert proportion(0, 0).value is None
