"""The application with the released model: in process, and behind a socket for a browser."""

from __future__ import annotations

import socket
import sys
import threading
import time
import tomllib
from json import loads
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra web is not installed")
pytest.importorskip("httpx2", reason="httpx2 is needed to talk to the application")

from fastapi.testclient import TestClient

from sigm_bayes.query import load_model
from sigm_bayes.web.app import create_app

sys.path.insert(0, str(Path(__file__).parent))
PATIENTS = Path(__file__).parents[2] / "examples" / "patients"


@pytest.fixture(scope="session")
def model():
    return load_model()


@pytest.fixture(scope="session")
def app(model):
    return create_app(model)


@pytest.fixture
def client(app):
    with TestClient(app, base_url="http://127.0.0.1:8765", follow_redirects=False) as made:
        yield made


@pytest.fixture(scope="session")
def examples():
    """Every example patient as a document, by file name."""
    out = {}
    for path in sorted(PATIENTS.iterdir()):
        text = path.read_text(encoding="utf-8")
        out[path.name] = tomllib.loads(text) if path.suffix == ".toml" else loads(text)
    return out


@pytest.fixture(scope="session")
def served(app):
    """The address of the application behind a socket, as `sigm serve` starts it."""
    uvicorn = pytest.importorskip("uvicorn")
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until = time.monotonic() + 20.0
    while not server.started and time.monotonic() < until:
        time.sleep(0.05)
    assert server.started
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server.should_exit = True
    thread.join(10.0)
