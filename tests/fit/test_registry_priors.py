"""Priors of a registry: the shipped file is valid, and a wrong one names every fault."""

from __future__ import annotations

import pytest

from sigm_bayes.errors import ModelError
from sigm_bayes.model.registry_priors import load_registry_priors
from sigm_bayes.paths import models_dir

SHIPPED = models_dir() / "sigm" / "registry.toml"


def test_the_shipped_file_is_valid():
    priors = load_registry_priors(SHIPPED)
    assert priors.centre_prevalence.sd > 0
    assert "judgement" in priors.ticked.source


def test_every_fault_is_named(tmp_path):
    path = tmp_path / "registry.toml"
    path.write_text(
        "[centre_prevalence]\nlog_sd = [0.1, -1]\nsource = 'x'\n"
        "[centre_background]\nlog_sd = [0.1, 1.0]\n"
        "[label_right]\nlogit = 'high'\nsource = 'x'\n[typo]\n",
        encoding="utf-8",
    )
    with pytest.raises(ModelError) as caught:
        load_registry_priors(path)
    text = str(caught.value)
    for name in ("centre_prevalence.log_sd", "centre_background.source", "label_right.logit", "typo", "ticked"):
        assert name in text


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"registry\.toml"):
        load_registry_priors(tmp_path / "registry.toml")
