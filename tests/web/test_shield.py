"""Only this computer, only this site, no data in addresses, nothing kept, nothing of a patient in a log."""

from __future__ import annotations

import json
import logging

import pytest
from fastapi.testclient import TestClient
from web_cases import ADULT

from sigm_bayes.query import Model
from sigm_bayes.web.app import create_app
from sigm_bayes.web.shield import MAX_BODY

PATIENT = {"age_years": 34, "igm": [{"value": 25, "unit": "mg/dL"}]}
PATHS = ("/", "/static/page.js", "/static/answer.css", "/openapi.json", "/cds-services", "/model-card", "/nothing-here")


@pytest.mark.parametrize("path", PATHS)
def test_every_response_forbids_storing_framing_and_foreign_content(client, path):
    headers = client.get(path).headers
    assert headers["cache-control"] == "no-store"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in headers
    assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/query", {"POST"}), ("PUT", "/", {"GET", "HEAD", "POST"}),
        ("DELETE", "/openapi.json", {"GET", "HEAD"}),
        ("PATCH", "/cds-services/sigm-patient-view", {"POST"}), ("POST", "/static/page.js", {"GET", "HEAD"}),
        ("OPTIONS", "/api/score", {"POST"}), ("TRACE", "/answer", {"POST"}),
    ],
)  # fmt: skip
def test_another_method_is_told_which_are_taken(client, method, path, allowed):
    response = client.request(method, path)
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("path", PATHS)
def test_the_headers_of_whatever_can_be_got_can_be_asked_for(client, path):
    whole, head = client.get(path), client.head(path)
    assert head.status_code == whole.status_code
    assert head.content == b""
    assert head.headers["content-length"] == whole.headers["content-length"]


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "192.168.1.5", "", "127.0.0.1:port", "[::1", "localhost.evil"]
)
def test_a_foreign_host_name_is_refused(client, host):
    assert client.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:9000", "LOCALHOST", "[::1]:8765", "127.0.0.1"])
def test_this_computer_is_answered(client, host):
    assert client.get("/static/page.js", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "https://127.0.0.1:8765"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/answer", "/api/query", "/load", "/cds-services/sigm-patient-view"])
def test_a_post_from_another_origin_is_refused(client, path, headers):
    assert client.post(path, data=ADULT, headers=headers).status_code == 403


def test_a_post_from_this_origin_is_answered(client):
    own = {"origin": "http://127.0.0.1:8765", "sec-fetch-site": "same-origin"}
    assert client.post("/answer", data=ADULT, headers=own).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/query", "/static/page.js"])
def test_data_in_the_address_are_refused_and_not_repeated(client, path):
    response = client.get(f"{path}?age=34&name=Secretname")
    assert response.status_code == 400
    assert "Secretname" not in response.text


def test_a_body_over_the_limit_is_refused_whether_stated_or_not(client):
    large = b"x" * (MAX_BODY + 1)
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/answer", content=large, headers=form).status_code == 413

    def pieces():
        for _ in range(12):
            yield b"y" * 100_000

    assert client.post("/answer", content=pieces(), headers=form).status_code == 413
    assert client.post("/api/query", content=b"{}", headers={"content-length": "-5"}).status_code in (400, 413)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/query", "text/plain"),
        ("/api/query", "application/x-www-form-urlencoded"),
        ("/api/score", "application/xml"),
        ("/", "application/json"),
        ("/answer", "text/plain"),
        ("/cds-services/sigm-patient-view", "text/html"),
    ],
)
def test_a_wrong_content_type_is_refused(client, path, kind):
    assert client.post(path, content=b"{}", headers={"content-type": kind}).status_code == 415


def test_an_unexpected_error_tells_its_place_and_nothing_of_the_patient(model, monkeypatch, caplog, capfd):
    def fail(self, patient):
        raise RuntimeError(f"cannot answer for {patient.age_years} with {patient.igm[0].text}")

    monkeypatch.setattr(Model, "query", fail)
    client = TestClient(create_app(model), base_url="http://127.0.0.1", raise_server_exceptions=False)
    given = {"age_years": 41.25, "igm": [{"value": 23.75, "unit": "mg/dL", "resolution": 0.01}]}
    with caplog.at_level(logging.DEBUG):
        response = client.post("/api/query", json=given)
    assert response.status_code == 500
    told = response.text + caplog.text + "".join(capfd.readouterr())
    assert "RuntimeError in " in caplog.text
    assert "41.25" not in told
    assert "23.75" not in told
    assert response.headers["cache-control"] == "no-store"
    assert json.loads(response.text)["problems"]


def test_no_log_line_holds_what_was_entered(client, caplog, capfd):
    odd = {**ADULT, "age": "61.734", "igm[0].value": "17.29"}
    with caplog.at_level(logging.DEBUG):
        assert client.post("/", data=odd).status_code == 200
        assert client.post("/answer", data={**odd, "igm[0].value": "notanumber99"}).status_code == 200
        assert client.post("/api/query", json={**PATIENT, "age_years": "sixty61734"}).status_code == 422
    told = caplog.text + "".join(capfd.readouterr())
    assert not [secret for secret in ("61.734", "17.29", "notanumber99", "sixty61734") if secret in told]


def test_only_get_and_post_have_a_meaning(client):
    for path in ("/", "/answer", "/api/query"):
        assert client.delete(path).status_code == 405
        assert client.options(path).status_code == 405
    assert client.get("/answer").status_code == 405
