"""`sigm list`: every id of the catalogue, with its meaning."""

import json

import pytest

from sigm_bayes.catalogue import default_catalogue


def expected(kind):
    catalogue = default_catalogue()
    return {
        "findings": [*catalogue.ids("finding"), *(flag.id for flag in catalogue.invasive.flags)],
        "causes": [cause.id for cause in catalogue.causes if cause.recordable],
        "tests": list(catalogue.ids("test")),
        "settings": list(catalogue.ids("setting")),
    }[kind]


@pytest.mark.parametrize("kind", ["findings", "causes", "tests", "settings"])
def test_every_id_is_listed(run, kind):
    rows = json.loads(run("list", kind, "--json").out)
    assert [row["id"] for row in rows] == expected(kind)
    assert all(row["label"] for row in rows)
    page = run("list", kind).out
    assert "\x1b" not in page
    words = page.split()
    assert all(identifier in words for identifier in expected(kind))


def test_an_unknown_model_folder_is_code_4(run, tmp_path):
    result = run("list", "findings", "--model", tmp_path)
    assert result.code == 4
    assert str(tmp_path) in result.err
