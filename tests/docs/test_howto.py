"""Every how-to is followed on a copy of the tables: its rows are accepted and do what the page says."""

from __future__ import annotations

import csv
import tomllib

import numpy as np
import pytest
from following import blocks, copy_tables, follow

from sigm_bayes.catalogue import load_catalogue
from sigm_bayes.catalogue.priors import load_priors
from sigm_bayes.errors import EvidenceError
from sigm_bayes.evidence import load_evidence
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.model.context import Context
from sigm_bayes.model.terms import expected_values
from sigm_bayes.patient import parse_patient, read_patient
from sigm_bayes.query.draws import classes
from sigm_bayes.query.encode import Encoder
from sigm_bayes.query.weighing import Weighing
from sigm_bayes.reference import load_curves

SEED = 20261123
CURVES = {"curve_igm": "IgM", "curve_igg": "IgG", "curve_iga": "IgA"}


class Changed:
    """A copy of the tables, changed as a page says, and the model that they make."""

    def __init__(self, page, root, folder):
        self.root = copy_tables(root, folder)
        follow(page, self.root)
        self.catalogue = load_catalogue(self.root / "models" / "sigm")
        self.evidence = load_evidence(self.root / "data" / "evidence", catalogue=self.catalogue)
        used = {i.labelled_id for i in self.evidence.items if i.labelled_id}
        labelled = tuple(g.labelled_id for g in self.evidence.labelled_studies if g.labelled_id in used)
        self.priors = load_priors(
            self.root / "models" / "sigm", catalogue=self.catalogue, extra_coords={"labelled_study": labelled}
        )
        self.encoder = Encoder(self.catalogue, self.priors, load_curves())

    def draws(self, n):
        rng = np.random.default_rng(SEED)
        out = {p.name: p.mean + p.sd * rng.standard_normal((n, *p.mean.shape)) for p in self.priors.parameters}
        return out | {name: self.encoder.curves[a].draws(n, seed=SEED) for name, a in CURVES.items()}

    def probability(self, **given):
        file = {"age_years": 40, "setting": "hospital", "igm": [{"value": 25, "unit": "mg/dL"}], **given}
        case = self.encoder.encode(parse_patient(file, catalogue=self.catalogue))
        weighing = Weighing(self.draws(200), case)
        return {name: float(p.sum()) for name, p in classes(weighing.joint()).items()}, weighing

    def expected(self, item_id):
        p = {k: v[0] for k, v in self.draws(1).items()}
        ctx = Context(NUMPY, p, self.catalogue, self.priors, self.evidence, self.encoder.curves)
        items, values = expected_values(ctx)
        return float(values[[i.item_id for i in items].index(item_id)])


@pytest.fixture(scope="module")
def changed(docs, tmp_path_factory):
    def make(name):
        return Changed(docs / "howto" / f"{name}.md", docs.parent, tmp_path_factory.mktemp(name))

    return make


def test_a_finding_is_accepted_and_weighed(changed):
    model = changed("finding")
    assert "recurrent_zoster" in {f.id for f in model.catalogue.findings}
    (item,) = (i for i in model.evidence.fitted if i.study_id == "ZOSTER99")
    assert item.findings == ("recurrent_zoster",)
    assert np.isfinite(model.expected("ZOSTER99-any"))
    at = {state: model.probability(findings={"recurrent_zoster": state})[0] for state in ("present", "absent")}
    unknown, _ = model.probability()
    assert at["present"]["primary"] > 1.2 * unknown["primary"]
    assert at["absent"]["primary"] < unknown["primary"]


def test_a_finding_follows_its_prior(changed):
    """The lines under `at` reach the parameters: the background of the page, not the default."""
    model = changed("finding")
    base = model.priors.parameter("finding_base")
    k = [f.id for f in model.catalogue.findings].index("recurrent_zoster")
    assert (base.mean[k], base.sd[k]) == (-4.6, 0.6)


def test_a_cause_is_accepted_named_and_dated(changed):
    model = changed("cause")
    ids = [c.id for c in model.catalogue.causes]
    assert ids[-1] == "occult"
    assert np.isfinite(model.expected("DRUG99-low"))
    unknown, _ = model.probability()
    known, weighing = model.probability(causes={"example_drug": {"state": "present", "started": "before_low_igm"}})
    late, _ = model.probability(causes={"example_drug": {"state": "present", "started": "after_low_igm"}})
    assert known["secondary"] > unknown["secondary"] + 0.2
    assert late["secondary"] == pytest.approx(unknown["secondary"], abs=0.02)
    by_hypothesis = weighing.joint().sum(axis=0)
    assert ids[int(np.argmax(by_hypothesis[3:]))] == "example_drug"


def test_a_study_is_accepted_and_predicted(changed, docs):
    model = changed("study")
    shipped = load_evidence()
    assert len(model.evidence.fitted) == len(shipped.fitted) + 1
    assert model.evidence.sha256 != shipped.sha256
    assert np.isfinite(model.expected("SURVEY99-low"))


def test_a_recalled_number_is_refused(docs, tmp_path):
    root = copy_tables(docs.parent, tmp_path)
    follow(docs / "howto" / "study.md", root)
    items = root / "data" / "evidence" / "items.csv"
    text = items.read_text(encoding="utf-8")
    items.write_text(text.replace("printed,seen,made up", "printed,recalled,made up"), encoding="utf-8")
    with pytest.raises(EvidenceError, match="SURVEY99-low"):
        load_evidence(root / "data" / "evidence")


def files_of(docs, tmp_path):
    """Write the files of the laboratory page that are not tables of the checkout."""
    for file, _, _, text in blocks(docs / "howto" / "laboratory.md"):
        if "/" not in file:
            (tmp_path / file).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_laboratory_of_one_patient_is_read(docs, tmp_path, catalogue):
    patient = read_patient(files_of(docs, tmp_path) / "patient.toml", catalogue=catalogue)
    (result,) = patient.igm
    assert (result.low_mg_dl, result.high_mg_dl) == pytest.approx((25.0, 35.0))
    assert (result.reference_low_mg_dl, result.reference_high_mg_dl) == (50.0, 200.0)


def test_a_registry_of_two_laboratories_is_read(docs, tmp_path):
    from sigm_bayes.cli.fit import _cut_offs
    from sigm_bayes.registry import read_registry

    folder = files_of(docs, tmp_path)
    registry = read_registry(str(folder / "people.csv"), folder / "mapping.toml")
    low = {id: patient.igm[0] for id, patient in registry.patients()}
    assert low["B1"].low_mg_dl == pytest.approx(25.0)
    assert low["A2"].high_mg_dl == pytest.approx(20.0)
    assert _cut_offs(folder / "centres.csv") == {"north": 40.0, "south": 50.0}


def test_limits_of_a_laboratory_are_read(docs, tmp_path):
    from sigm_bayes.reference.tables import load_tables

    root = copy_tables(docs.parent, tmp_path)
    before = load_tables(root / "data" / "reference")
    follow(docs / "howto" / "laboratory.md", root)
    after = load_tables(root / "data" / "reference")
    assert len(after.rows) == len(before.rows) + 1
    (new,) = [r for r in after.rows if r.source_id == "example_1999"]
    assert (new.low_mg_dl, new.high_mg_dl) == (42.0, 225.0)


@pytest.mark.parametrize("name", ["finding", "cause", "study", "laboratory"])
def test_the_blocks_are_the_tables_form(name, docs):
    """As many columns as the header, and TOML that parses."""
    found = blocks(docs / "howto" / f"{name}.md")
    assert found
    for file, _, _, text in found:
        path = docs.parent / file
        if file.endswith(".csv") and path.exists():
            with path.open(encoding="utf-8", newline="") as table:
                columns = len(next(csv.reader(table)))
            assert {len(row) for row in csv.reader(text.splitlines())} == {columns}, file
        elif file.endswith(".toml"):
            assert tomllib.loads(text)
