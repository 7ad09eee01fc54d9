"""`sigm serve`: the local page, on this computer only."""

from __future__ import annotations

import os
import socket
from typing import Annotated

import typer

from sigm_bayes.cli.options import ModelDir
from sigm_bayes.errors import InputError, Problem

HOST = "127.0.0.1"
OF_WORKERS = {
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": "268435456",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
}
"""Environment of worker processes: each has one processor, and keeps the memory of one answer for the next instead of
giving it back and asking for it again (glibc), a fifth of the time of an answer."""


def serve(
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="Port; 0 takes any free one.")] = 8765,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, max=64, help="Processes that answer; more than one for many requests.")
    ] = 1,
    model: ModelDir = None,
) -> None:
    """Serve a page for clinicians on 127.0.0.1: a form, the answer, a report. Works offline; stores nothing.

    The same address answers programs: POST /api/query, POST /api/score, and CDS Hooks under /cds-services.
    """
    import uvicorn

    from sigm_bayes.web.app import MODEL_FOLDER, served_app

    if model is not None:
        os.environ[MODEL_FOLDER] = str(model)
    if workers > 1:
        from sigm_bayes.web.workers import PROCESSES

        os.environ[PROCESSES] = str(workers)
        for name, value in OF_WORKERS.items():
            os.environ.setdefault(name, value)
    listening = _listen(port)
    address = f"http://{HOST}:{listening.getsockname()[1]}/"
    app = served_app()  # a problem of the model is told here, not by a worker
    typer.echo(f"sigm: {address} (this computer only; nothing is stored; Ctrl-C stops)", err=True)
    if show:
        typer.launch(address)
    config = uvicorn.Config(
        app if workers == 1 else "sigm_bayes.web.app:served_app",
        factory=workers > 1,
        workers=workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    try:
        if workers == 1:
            server.run(sockets=[listening])
        else:
            from uvicorn.supervisors import Multiprocess

            Multiprocess(config, sockets=[listening]).run()
    except KeyboardInterrupt:
        typer.echo("sigm: stopped", err=True)


def _listen(port: int) -> socket.socket:
    """Bind before anything is loaded, so that a port in use is told at once."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()  # from the moment its address is shown, the page waits rather than refuses
    except OSError as error:
        listening.close()
        reason = error.strerror or type(error).__name__
        problem = Problem("--port", port, f"cannot be used ({reason})", "Name another one, or --port 0 for any.")
        raise InputError([problem]) from None
    return listening
