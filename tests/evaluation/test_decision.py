"""Decision curves against dcurves and by hand."""

import dcurves
import numpy as np
import pandas as pd
import pytest

from sigm_bayes.evaluation.decision import decision_curves, net_benefit
from sigm_bayes.evaluation.resampling import Bootstrap


def test_net_benefit_by_hand():
    # threshold 0.2: one needless work-up costs a quarter of a found case
    event = np.array([True, True, False, False, False])
    acted = np.array([[True], [False], [True], [False], [False]])
    assert net_benefit(acted, event, np.array([0.2]), np.ones((1, 5)))[0] == pytest.approx([(1 - 0.25) / 5])


def test_curves_agree_with_dcurves(made):
    p, truth = made(600)
    thresholds = (0.05, 0.1, 0.25, 0.4)
    found = decision_curves({"m": p[:, 0]}, truth == 0, Bootstrap(np.arange(600), 20, 1), thresholds=thresholds)
    table = dcurves.dca(
        data=pd.DataFrame({"event": (truth == 0).astype(int), "m": p[:, 0]}),
        outcome="event",
        modelnames=["m"],
        thresholds=np.array(thresholds),
    )
    for name, line in (("m", found.methods["m"]), ("all", found.everybody)):
        theirs = table[table["model"] == name].sort_values("threshold")["net_benefit"].to_numpy()
        assert line.value == pytest.approx(theirs, abs=1e-9)
    assert (found.methods["m"].lower <= found.methods["m"].value).all()
    assert (found.methods["m"].value <= found.methods["m"].upper).all()


def test_a_perfect_method_finds_every_case_at_no_price():
    event = np.arange(100) < 12
    found = decision_curves({"m": event.astype(float)}, event, Bootstrap(np.arange(100), 30, 1))
    assert found.methods["m"].value == pytest.approx(np.full(50, 0.12))
    assert (found.gain["m"].value >= 0.0).all()


def test_an_uninformative_method_gains_nothing():
    event = np.arange(200) % 10 == 0
    found = decision_curves({"m": np.full(200, 0.1)}, event, Bootstrap(np.arange(200), 50, 1))
    assert (found.gain["m"].value <= 1e-12).all()


def test_a_rule_acts_whatever_the_threshold():
    event = np.array([True, True, False, False])
    rule = np.array([True, False, True, False])
    found = decision_curves(
        {"r": np.full(4, 0.01)}, event, Bootstrap(np.arange(4), 20, 1), acts={"r": rule}, thresholds=(0.1, 0.5)
    )
    assert found.methods["r"].value == pytest.approx([(1 - 1 / 9) / 4, 0.0])
