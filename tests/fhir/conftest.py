"""Reading Bundles of one made-up person."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from fhir_builders import IGM, bundle, observation, patient

from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.errors import InputError
from sigm_bayes.fhir import read_bundle
from sigm_bayes.fhir.json_text import loads


@pytest.fixture(scope="session")
def catalogue():
    return default_catalogue()


@pytest.fixture(scope="session")
def read(catalogue):
    """read(*resources): a Bundle of the usual patient, one IgM of 25 mg/dL unless there is one, and these."""

    def make(*resources, **more):
        listed = list(resources)
        if not any(r.get("resourceType") == "Patient" for r in listed):
            listed.insert(0, patient())
        if not any(IGM.split()[1] in json.dumps(r) for r in listed):
            listed.append(observation("igm", IGM, 25))
        text = json.dumps(bundle(*listed, **more))
        return read_bundle(loads(text), catalogue=catalogue)

    return make


@pytest.fixture
def refused(read):
    """refused(*resources): the text of the InputError."""

    def make(*resources, **more):
        with pytest.raises(InputError) as caught:
            read(*resources, **more)
        return str(caught.value)

    return make


@pytest.fixture(scope="session")
def kinds():
    """kinds(reading): resource to the kind of its entry."""
    return lambda reading: {entry.resource: entry.kind for entry in reading.entries}
