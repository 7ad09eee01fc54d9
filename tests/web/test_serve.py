"""`sigm serve`: on this computer only, silent about requests, plain about a port that is taken."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from typer.testing import CliRunner

from sigm_bayes.cli.main import app


def test_a_port_in_use_is_told_with_the_remedy():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(app, ["serve", "--port", str(port)])
    assert result.exit_code == 2
    assert "--port 0 for any" in result.output


@pytest.mark.skipif(os.name == "nt", reason="the signal of Ctrl-C is sent")
@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_the_command_serves_logs_nothing_and_stops_on_ctrl_c(workers):
    command = [sys.executable, "-m", "sigm_bayes.cli.main", "serve", "--port", "0", "--workers", workers]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            address = re.search(r"http://127\.0\.0\.1:\d+/", server.stderr.readline())[0]
            with urllib.request.urlopen(address, timeout=30) as response:
                assert b"Why was IgM measured?" in response.read()
            data = b"age=61.734&igm[0].value=17.29&igm[0].unit=mg/dL"
            with urllib.request.urlopen(f"{address}answer", data=data, timeout=30) as response:
                assert b"17.29" in response.read()
            server.send_signal(signal.SIGINT)
            out, told = server.communicate(timeout=30)
        finally:
            server.kill()
    assert server.returncode == 0
    assert out == ""
    assert "17.29" not in told
    assert "POST" not in told
