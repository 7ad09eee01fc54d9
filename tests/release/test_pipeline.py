"""The steps before a release, with the sampler replaced."""

from types import SimpleNamespace

import pytest

from sigm_bayes.errors import ModelError
from sigm_bayes.release import build_model, pipeline
from sigm_bayes.release.pipeline import SamplerSettings, fit_and_release

SETTINGS = SamplerSettings(seed=1, chains=2, draws=10, tune=10, target_accept=0.9)


def test_draws_of_a_specification_that_was_edited_meanwhile_are_not_released(tmp_path, monkeypatch):
    specification = tmp_path / "model.toml"
    specification.write_text("a = 1\n", encoding="utf-8")

    def sample(**_):
        specification.write_text("a = 2\n", encoding="utf-8")
        return "tree"

    monkeypatch.setattr(pipeline, "compile_model", lambda *_, **__: SimpleNamespace(sample=sample))
    monkeypatch.setattr(pipeline, "gate", lambda *_, **__: None)
    monkeypatch.setattr(pipeline, "release", lambda report: report)
    with pytest.raises(ModelError, match=r"was edited while the model was fitted.*nothing was written"):
        fit_and_release(
            None, tmp_path, name="n", version="v", variables=["x"], settings=SETTINGS, released_draws=10, progress=False
        )
    assert [p.name for p in tmp_path.iterdir()] == ["model.toml"]


def test_a_model_without_published_items_has_none_to_leave_out(tmp_path):
    (tmp_path / "model.toml").write_text('kind = "latent_class"\n', encoding="utf-8")
    with pytest.raises(ModelError, match="no published items to leave out"):
        build_model(tmp_path, exclude=["SURV21"])
